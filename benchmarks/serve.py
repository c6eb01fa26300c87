"""The other end of `sides.Side`: answer calls from standard input. Standard library only: both sides import it."""

from __future__ import annotations

import json
import os
import resource
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypedDict, TypeVar

T = TypeVar("T")


class Times(TypedDict):
    """What some work took: seconds by the clock, and seconds of all cores, which a busy machine distorts less."""

    seconds: float
    cpu: float


def timed(work: Callable[[], T]) -> tuple[Times, T]:
    """Return what some work took, and its result."""
    start, cpu = time.perf_counter(), time.process_time()
    result = work()
    return Times(seconds=time.perf_counter() - start, cpu=time.process_time() - cpu), result


def peak_mb() -> float:
    """Return the peak resident memory of this process in MB (10^6 bytes)."""
    status = Path("/proc/self/status")
    # `ru_maxrss` would include the peak of the parent at the fork.
    if status.exists():
        kilobytes = next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return kilobytes * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def serve(*functions: Callable[..., dict[str, Any]]) -> None:
    """Answer calls of these functions by name until standard input ends."""
    answers = os.fdopen(os.dup(1), "w")
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)  # what a library prints is no answer
    os.dup2(silence, 2)  # nor are progress bars
    known = {function.__name__: function for function in functions}
    for line in sys.stdin:
        name, arguments = json.loads(line)
        try:
            answer = known[name](**arguments) | {"peak_mb": peak_mb()}
        except Exception:
            answer = {"error": traceback.format_exc()}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()
