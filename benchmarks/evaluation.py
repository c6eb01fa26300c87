"""Evaluating responses with plain Python functions: beside other tools, memory, growth, and going on after a kill."""

from __future__ import annotations

import json
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import inputs
import numpy as np
import polars as pl
from figures import Figure, Options, main, record, recorded
from sides import HERE, PROMPTFOO, Side, alone, machine, median, medians, shown

from nacre.workspace import DirectoryStore

NAMES = ("polite", "complete", "brief")
FUNCTIONS = f"{len(NAMES)} Python evaluators"
PEERS: dict[str, tuple[str, dict[str, str]]] = {
    "inspect_ai": ("run_inspect", {}),
    "deepeval": ("run_deepeval", {}),
    "promptfoo": ("run_promptfoo", {"promptfoo": str(PROMPTFOO), "language": "javascript"}),
    "promptfoo, Python": ("run_promptfoo", {"promptfoo": str(PROMPTFOO), "language": "python"}),
}
NOTES = {
    "inspect_ai": "mock model; the log is written as it goes, without its live view",
    "deepeval": "responses in the test cases; the run is written once, at the end",
    "promptfoo": "functions in JavaScript, without the start of Node; results in its database",
    "promptfoo, Python": "a process for each call",
}
LARGE = {"inspect_ai": 10_000, "deepeval": 10_000, "promptfoo": 10_000, "promptfoo, Python": 100}


def benchmark(options: Options) -> list[Figure]:
    """Measure what it takes to evaluate responses."""
    with tempfile.TemporaryDirectory() as folder:
        return [
            *_alone(Path(folder), options),
            *_beside_peers(Path(folder), options),
            *_beside_recorded(Path(folder), options),
            *_killed(Path(folder), options),
        ]


def _alone(folder: Path, options: Options) -> list[Figure]:
    n = options.rows(100_000)
    runs = {rows: [_fresh(folder, rows) for _ in range(3)] for rows in (n // 10, n // 2, n)}
    times = {rows: median(of_one) for rows, of_one in runs.items()}
    rates = [
        Figure(
            f"{rows:,} responses x {FUNCTIONS}, every score stored",
            rows / times[rows]["cpu"],
            "responses per CPU-second",
            ">= 5000",
            ours=shown(times[rows]),
            note=f"{runs[rows][0]['scored']:,} scores",
        )
        for rows in (n // 10, n)
    ]
    return [
        *rates,
        Figure(
            f"{n:,} responses x {FUNCTIONS}: peak memory of the process",
            max(run["peak_mb"] for run in runs[n]),
            "MB",
            "<= 200",
            note=f"the texts take {pl.read_parquet(_responses(folder, n)).estimated_size() / 1e6:.0f} MB",
        ),
        Figure(
            "CPU time for twice the responses",
            times[n]["cpu"] / times[n // 2]["cpu"],
            target="<= 2.3",
            ours=f"{shown(times[n // 2])}, then {shown(times[n])}",
            note=f"from {n // 2:,} responses",
        ),
    ]


def _beside_peers(folder: Path, options: Options) -> list[Figure]:
    n = options.rows(1_000)
    few, some = _responses(folder, 100), _responses(folder, n)
    names = [name for name, rows in LARGE.items() if rows > n]
    versions = _versions()
    outs = {name: folder / f"{name}.json" for name in names}
    with Side("ours.py") as ours, Side("evaluation_peers.py") as peers:

        def mine(responses: Path, **out: str) -> dict[str, Any]:
            return _ours(ours, folder, responses, **out)

        def theirs(name: str, responses: Path) -> dict[str, Any]:
            return _peer(peers, name, responses, outs[name])

        mine(few)
        for name in names:
            theirs(name, few)
        times, *others = medians(
            lambda: mine(some, out=str(folder / "ours.parquet")),
            *(lambda name=name: theirs(name, some) for name in names),
            warm_up=False,
        )
    figures = []
    for name, other in zip(names, others, strict=True):
        label = f"{name} {versions[name]}"
        peer = f"{label} {shown(other)}, {n / other['cpu']:,.0f} per CPU-second"
        different = _different(folder / "ours.parquet", outs[name])
        figures += [
            Figure(
                f"{n:,} responses: CPU beside {name}",
                other["cpu"] / times["cpu"],
                "x",
                None,
                shown(times),
                peer,
                NOTES[name],
            ),
            Figure(
                f"scores that differ from those of {name}", different, "cells", "= 0", note=f"of {n * len(NAMES):,}"
            ),
        ]
    return figures


def _beside_recorded(folder: Path, options: Options) -> list[Figure]:
    figures = []
    for name, n in LARGE.items():
        cell = f"{name}, {n} responses x {len(NAMES)} evaluators"
        responses, out = _responses(folder, n), folder / "recorded.json"
        if options.record:
            with Side("evaluation_peers.py") as peers:
                result = _peer(peers, name, responses, out)
            kept = {key: result[key] for key in ("seconds", "cpu")} | {
                "peak_mb": result.get("work_mb", result["peak_mb"]),
                "version": _versions()[name],
                "different": _different_from_ours(folder, responses, out),
            }
            record(cell, kept, machine())
        found = recorded(cell)
        if found is None:
            continue
        times = median([_fresh(folder, n) for _ in range(3)])
        peer = f"{name} {found['version']} {shown(found)}, {n / found['cpu']:,.0f} per CPU-second"
        peer += f", {found['peak_mb']:.0f} MB (recorded {found['date']}, {found['machine']})"
        note = f"{NOTES[name]}; {found['different']} scores differ"
        figures.append(
            Figure(
                f"{n:,} responses: CPU beside {name}", found["cpu"] / times["cpu"], "x", None, shown(times), peer, note
            )
        )
    return figures


def _killed(folder: Path, options: Options) -> list[Figure]:
    n = options.rows(200_000)
    responses, whole, half = _responses(folder, n), folder / "whole", folder / "half"
    nothing = _evaluated(responses, whole)
    process = _started(responses, half)
    while _n_files(half) < _n_files(whole) // 2 and process.poll() is None:
        time.sleep(0.01)
    process.kill()
    if process.wait() != -signal.SIGKILL:
        raise RuntimeError("the evaluation ended before it could be killed")
    n_stored = _n_stored(half)
    runs = []
    for repeat in range(3):
        store = folder / f"resumed{repeat}"
        shutil.copytree(half, store)
        runs.append(_evaluated(responses, store))
    total = n * len(NAMES)
    work = f"{n:,} responses, killed with {n_stored:,} of {total:,} scores stored"
    return [
        Figure(
            f"{work}: from the start of the process to the first new score",
            statistics.median(run["first"] for run in runs),
            "s",
            "<= 5",
            note=f"with nothing stored {nothing['first']:.2g} s",
        ),
        Figure(
            "stored scores that were computed again",
            max(run["calls"] for run in runs) + n_stored - total,
            "scores",
            "= 0",
        ),
        Figure("scores that differ from those of one run", max(run["different"] for run in runs), "scores", "= 0"),
    ]


def _responses(folder: Path, n: int) -> Path:
    """Return a file of `n` responses; a JSON Lines file beside it says the same to the peers."""
    path = folder / f"{n}.parquet"
    if not path.exists():
        frame = inputs.responses(n)
        frame.write_parquet(path)
        frame.write_ndjson(path.with_suffix(".jsonl"))
    return path


def _fresh(folder: Path, n: int) -> dict[str, Any]:
    with Side("ours.py") as ours:
        return _ours(ours, folder, _responses(folder, n))


def _ours(side: Side, folder: Path, responses: Path, **out: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(dir=folder) as store:
        return side.call("evaluate_responses", responses=str(responses), store=store, **out)


def _peer(side: Side, name: str, responses: Path, out: Path) -> dict[str, Any]:
    function, settings = PEERS[name]
    return side.call(function, responses=str(responses.with_suffix(".jsonl")), out=str(out), **settings)


def _versions() -> dict[str, str]:
    found: dict[str, str] = alone("evaluation_peers.py", "versions", promptfoo=str(PROMPTFOO))["versions"]
    return {**found, "promptfoo, Python": found["promptfoo"]}


def _different(ours: Path, theirs: Path) -> int:
    """Return how many scores differ, in the precision in which Nacre keeps them."""
    mine, other = pl.read_parquet(ours), json.loads(theirs.read_text())
    return sum(int((mine.get_column(name).to_numpy() != np.float32(other[name])).sum()) for name in NAMES)


def _different_from_ours(folder: Path, responses: Path, theirs: Path) -> int:
    ours = folder / "ours.parquet"
    with Side("ours.py") as side:
        _ours(side, folder, responses, out=str(ours))
    return _different(ours, theirs)


def _started(responses: Path, store: Path) -> subprocess.Popen[str]:
    command = [sys.executable, str(HERE / "resumed.py"), str(responses), str(store), str(time.time())]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def _evaluated(responses: Path, store: Path) -> dict[str, Any]:
    answer, _ = _started(responses, store).communicate()
    result: dict[str, Any] = json.loads(answer)
    return result


def _n_files(store: Path) -> int:
    return sum(1 for _ in store.glob("??/*.arrow"))


def _n_stored(store: Path) -> int:
    """Return how many scores are stored; what the kill left half written is none."""
    columns = DirectoryStore(store)
    frames = [columns.get(path.stem) for path in store.glob("??/*.arrow")]
    return sum(len(frame) for frame in frames if frame is not None)


if __name__ == "__main__":
    main(benchmark)
