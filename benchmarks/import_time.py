"""How long a user waits before anything happens: imports and the first line of help."""

from __future__ import annotations

import importlib
import importlib.util
import os
import resource
import subprocess
import sys
from pathlib import Path

from figures import Figure, Options, main
from serve import Times, timed
from sides import PEER_PYTHON, medians

FIRST_USE = "import nacre; nacre.apply, nacre.TextLinear"  # packages are imported when they are first used


def benchmark(_: Options) -> list[Figure]:
    """Measure new processes, interpreter start included."""
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "import polars": [sys.executable, "-c", "import polars"],
        "import nacre": [sys.executable, "-c", "import nacre"],
        "import nacre, then nacre.apply and nacre.TextLinear": [sys.executable, "-c", FIRST_USE],
        "import snorkel.labeling.model": [str(PEER_PYTHON), "-c", "import snorkel.labeling.model"],
        "import crowdkit.aggregation": [str(PEER_PYTHON), "-c", "import crowdkit.aggregation"],
    }
    if importlib.util.find_spec("nacre.cli") and hasattr(importlib.import_module("nacre.cli"), "main"):
        commands["nacre --help"] = [str(Path(sys.executable).with_name("nacre")), "--help"]
    waits = medians(*(lambda command=command: _run(command) for command in commands.values()), repeats=5)
    targets = {"import nacre": "<= 0.6", "nacre --help": "<= 0.6"}
    return [
        Figure(name, times["seconds"], "s", targets.get(name), note=f"CPU {times['cpu']:.3g} s")
        for name, times in zip(commands, waits, strict=True)
    ]


def _run(command: list[str]) -> Times:
    # Where Python may not keep compiled modules it would compile every module anew, which no user waits for.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    times, _ = timed(lambda: subprocess.run(command, check=True, env=environment, **quiet))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Times(seconds=times["seconds"], cpu=after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)


if __name__ == "__main__":
    main(benchmark)
