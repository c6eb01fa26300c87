"""Both sides of a comparison as processes of their own: Nacre here, its peers in the environments below `.bench/`.

A side answers calls until it is closed, so that repetitions of both can be interleaved and neither pays for imports.
Data goes through files, arguments and results through JSON.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from serve import Times

HERE = Path(__file__).parent
BENCH = HERE.parent / ".bench"
PEER_PYTHON = BENCH / "bin" / "python"
EVALUATION_PYTHON = BENCH / "evaluation" / "bin" / "python"
PROMPTFOO = BENCH / "promptfoo" / "node_modules" / "promptfoo"
INTERPRETERS = {"ours.py": Path(sys.executable), "evaluation_peers.py": EVALUATION_PYTHON}


class Side:
    """A process that measures what it is asked to.

    Args:
        script: `ours.py`, `peers.py`, or another script here that ends in `serve`.
    """

    def __init__(self, script: str) -> None:
        interpreter = str(INTERPRETERS.get(script, PEER_PYTHON))
        self._process = subprocess.Popen(
            [interpreter, str(HERE / script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def call(self, name: str, **arguments: Any) -> dict[str, Any]:
        """Return what a function of the script returns; `peak_mb` is the peak of the process so far."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([name, arguments]) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        answer: dict[str, Any] = json.loads(line) if line else {"error": "the process ended"}
        if "error" in answer:
            raise RuntimeError(f"{name}: {answer['error']}")
        return answer

    def __enter__(self) -> Side:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def alone(script: str, name: str, **arguments: Any) -> dict[str, Any]:
    """Make one call in a fresh process, so that the peak memory is that of this work."""
    with Side(script) as side:
        return side.call(name, **arguments)


def medians(*calls: Callable[[], Any], repeats: int = 3, warm_up: bool = True) -> list[Times]:
    """Return the median times of each call, repetitions interleaved, after one of each to warm up."""
    if warm_up:
        for call in calls:
            call()
    rounds = [[call() for call in calls] for _ in range(repeats)]
    return [median(list(runs)) for runs in zip(*rounds, strict=True)]


def median(runs: list[Any]) -> Times:
    """Return the median times of repeated runs."""
    return Times(**{name: statistics.median(run[name] for run in runs) for name in ("seconds", "cpu")})


def shown(times: Any) -> str:
    """Return times as text."""
    return f"{times['seconds']:.3g} s (CPU {times['cpu']:.3g} s)"


def machine() -> str:
    """Return processor, cores and memory in words."""
    names = [line.split(":", 1)[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    kilobytes = [int(line.split()[1]) for line in _lines("/proc/meminfo") if line.startswith("MemTotal")]
    memory = f", {kilobytes[0] / 2**20:.0f} GiB" if kilobytes else ""
    return f"{names[0] if names else platform.machine()}, {os.cpu_count()} cores{memory}, {platform.system()}"


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []
