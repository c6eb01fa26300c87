"""Run the benchmarks and write `docs/benchmarks.md`: `python benchmarks/run.py [NAME ...]`.

The peers' environments below `.bench/` are built first when they are not there. Peer cells that take minutes or
gigabytes are measured with `--record`, once per release, and kept in `recorded.json` with their date and machine.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from sides import BENCH, EVALUATION_PYTHON, HERE, PROMPTFOO, alone, machine

BENCHMARKS = {
    "functions": "Keyword and pattern functions",
    "python_functions": "Plain Python functions",
    "edit_one": "Editing one function",
    "label_models": "Label models",
    "dawid_skene": "Dawid-Skene",
    "import_time": "Start",
    "quality": "Quality of labels",
    "laws": "Intervals",
    "evaluation": "Evaluating responses",
    "matrix": "Matrix and comparison",
    "judges": "Judges and experts",
    "quality_model": "A quality model as evaluator",
}
RESULTS = BENCH / "results"
PROMPTFOO_VERSION = "0.123.1"
PAGE = HERE.parent / "docs" / "benchmarks.md"
OURS = ("nacre", "polars", "numpy", "scipy", "scikit-learn")
PEERS = ("snorkel", "crowd-kit", "torch", "pandas", "numpy")


def run() -> None:
    """Run all benchmarks, or those named; keep the figures, and write the page from all that are kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(BENCHMARKS)}; all by default")
    parser.add_argument("--size", default="1", help="scale of the rows, for a quick look; writes no page")
    parser.add_argument("--record", action="store_true", help="also measure the large peer cells")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"there is no benchmark {unknown[0]}; there are {', '.join(BENCHMARKS)}")
    build_environment(BENCH, "peers.txt", "snorkel==0.10.0")
    if "evaluation" in (arguments.names or BENCHMARKS):
        build_environment(BENCH / "evaluation", "peers_evaluation.txt")
        build_promptfoo()
    failed = [name for name in arguments.names or BENCHMARKS if not run_one(name, arguments.size, arguments.record)]
    if arguments.size == "1":
        PAGE.write_text(page(), encoding="utf-8")
        print(f"wrote {PAGE.relative_to(HERE.parent)}")
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


def build_environment(folder: Path, requirements: str, *without_dependencies: str) -> None:
    """Make an environment of peers where there is none, or not the one of the requirements."""
    wanted, installed = (HERE / requirements).read_text(), folder / "installed.txt"
    if installed.exists() and installed.read_text() == wanted:
        return
    print(f"building {folder.relative_to(HERE.parent)}/ for the peers (some are large) ...", flush=True)
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, "--requirement", str(HERE / requirements)], check=True)
    if without_dependencies:
        subprocess.run([*pip, "--no-deps", *without_dependencies], check=True)
    installed.write_text(wanted)


def build_promptfoo() -> None:
    """Install promptfoo with the npm beside the peers of the evaluation, where its version is not there."""
    package = PROMPTFOO / "package.json"
    if package.exists() and json.loads(package.read_text())["version"] == PROMPTFOO_VERSION:
        return
    print("installing promptfoo (2 GB) ...", flush=True)
    folder, programs = PROMPTFOO.parents[1], EVALUATION_PYTHON.parent
    folder.mkdir(parents=True, exist_ok=True)
    command = [str(programs / "npm"), "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder)]
    path = os.pathsep.join([str(programs), os.environ["PATH"]])
    subprocess.run([*command, f"promptfoo@{PROMPTFOO_VERSION}"], check=True, env={**os.environ, "PATH": path})


def run_one(name: str, size: str, record: bool) -> bool:
    """Run one benchmark in a process of its own and keep its figures; return whether it ended well."""
    print(f"\n== {BENCHMARKS[name]}", flush=True)
    load, start = os.getloadavg()[0], time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "figures.json"
        command = [sys.executable, str(HERE / f"{name}.py"), "--size", size, "--json", str(path)]
        done = subprocess.run([*command, "--record"] if record else command, check=False)
        if done.returncode or size != "1":
            return not done.returncode
        content = {
            "date": time.strftime("%Y-%m-%d"),
            "load": [round(load, 1), round(os.getloadavg()[0], 1)],
            "seconds": round(time.perf_counter() - start),
            "figures": json.loads(path.read_text()),
        }
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(content))
    return True


def page() -> str:
    """Return the page of all figures kept."""
    results = {name: json.loads(path.read_text()) for name in BENCHMARKS if (path := RESULTS / f"{name}.json").exists()}
    short = [
        f"- **{BENCHMARKS[name]}**: {figure['work']}: {figure['shown']} instead of {_target(figure)}"
        for name, result in results.items()
        for figure in result["figures"]
        if figure["is_met"] is False
    ]
    missing = [f"- {title}: not measured yet" for name, title in BENCHMARKS.items() if name not in results]
    n_met = sum(figure["is_met"] is True for result in results.values() for figure in result["figures"])
    parts = [
        "# Benchmarks",
        "Written by `make bench`; do not edit. Each figure comes from a script in `benchmarks/` that runs Nacre and "
        "its peers in turns, in processes of their own, and checks that both computed the same thing. Times are "
        "medians of three runs after one to warm up. CPU is the time of all cores together, which a busy machine "
        "distorts less than the clock. A ratio says how many times faster Nacre is; beside a recorded peer it is one "
        "of CPU times, because the loads differ.",
        _machine(results),
        f"## What falls short\n\n{_lines(short, missing)}\n\n{n_met} targets are met.",
        *(_section(name, result) for name, result in results.items()),
    ]
    return "\n\n".join(parts) + "\n"


def _lines(short: list[str], missing: list[str]) -> str:
    return "\n".join([*short, *missing]) or "Nothing."


def _machine(results: dict[str, Any]) -> str:
    ours = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in OURS)
    peers = ", ".join(
        f"{name} {found}" for name, found in alone("peers.py", "versions", names=PEERS)["versions"].items()
    )
    dates = sorted({result["date"] for result in results.values()})
    loads = [load for result in results.values() for load in result["load"]]
    span = f"{min(loads)} to {max(loads)}" if loads else "unknown"
    return (
        f"| | |\n|---|---|\n| machine | {machine()} |\n| load while measuring | {span} (above the number of cores, "
        f"clock times are too long) |\n| date | {', '.join(dates)} |\n| Python | {sys.version.split()[0]} |\n"
        f"| Nacre's side | {ours} |\n| peers' side | {peers} |"
    )


def _section(name: str, result: dict[str, Any]) -> str:
    rows = [
        f"| {figure['work']} | **{figure['shown']}** | {_target(figure)} | {_verdict(figure)} | {figure['ours']} | "
        f"{figure['peer']} | {figure['note']} |"
        for figure in result["figures"]
    ]
    load = " to ".join(map(str, result["load"]))
    head = f"## {BENCHMARKS[name]}\n\n`benchmarks/{name}.py`, {result['date']}, load {load}, {result['seconds']} s.\n"
    return "\n".join(
        [head, "| work | measured | target | | Nacre | peers | notes |", "|---|---|---|---|---|---|---|", *rows]
    )


def _target(figure: dict[str, Any]) -> str:
    unit = figure["unit"]
    return f"{figure['target']}{'' if unit in ('x', '') else ' '}{unit}" if figure["target"] else ""


def _verdict(figure: dict[str, Any]) -> str:
    return {True: "met", False: "**short**", None: ""}[figure["is_met"]]


if __name__ == "__main__":
    run()
