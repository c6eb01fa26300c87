"""Label models beside snorkel's: time, memory, and the same parameters where the loss is the same."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import inputs
import numpy as np
from figures import Figure, Options, main, record, recorded
from numpy.typing import NDArray
from sides import Side, alone, machine, median, medians, shown

CELLS = ((100_000, 10, 2), (100_000, 50, 2), (100_000, 10, 10))
LARGE_CELLS = ((100_000, 50, 10), (1_000_000, 50, 2), (1_000_000, 200, 2), (1_000_000, 50, 10))
MODELS = ("class_conditional", "matrix_completion")


def benchmark(options: Options) -> list[Figure]:
    """Measure fit and predict; the large cells of snorkel are those recorded."""
    figures = []
    with tempfile.TemporaryDirectory() as name:
        for n, m, k in CELLS:
            figures += _cell(Path(name), options.rows(n), m, k)
        for n, m, k in LARGE_CELLS:
            figures += _large_cell(Path(name), options.rows(n), m, k, options)
    return [*figures, *_growth(options)]


def _cell(folder: Path, n: int, m: int, k: int) -> list[Figure]:
    path = _write_votes(folder, n, m, k)
    with Side("ours.py") as ours, Side("peers.py") as peers:
        peer = {"votes": path, "k": k, "out": str(folder / "snorkel.npz")}
        calls = [
            lambda model=model: ours.call(
                "fit_label_model", votes=path, k=k, model=model, out=str(folder / f"{model}.npz")
            )
            for model in MODELS
        ]
        *mine, times = medians(*calls, lambda: peers.call("fit_snorkel", **peer))
    work = f"{n:,} x {m} functions x {k} classes"
    beside = f"snorkel 0.10 LabelModel {shown(times)}"
    gap = _largest_gap(np.load(folder / "matrix_completion.npz"), np.load(folder / "snorkel.npz"))
    return [
        *(
            Figure(f"{work}: {name}", times["seconds"] / run["seconds"], target=">= 20", ours=shown(run), peer=beside)
            for name, run in zip(("ClassConditional", "MatrixCompletion"), mine, strict=True)
        ),
        Figure(f"{work}: MatrixCompletion, largest difference of mu from snorkel", gap, "", "<= 0.001"),
    ]


def _large_cell(folder: Path, n: int, m: int, k: int, options: Options) -> list[Figure]:
    path = _write_votes(folder, n, m, k)
    cell = f"snorkel LabelModel, {n} x {m} x {k}"
    if options.record:
        record(cell, alone("peers.py", "fit_snorkel", votes=path, k=k), machine())
    found = recorded(cell)
    figures = []
    for model, name in zip(MODELS, ("ClassConditional", "MatrixCompletion"), strict=True):
        runs = [alone("ours.py", "fit_label_model", votes=path, k=k, model=model) for _ in range(3)]
        times, peak = median(runs), max(run["peak_mb"] for run in runs)
        work = f"{n:,} x {m} functions x {k} classes: {name}"
        ours = f"{shown(times)}, peak {peak:.0f} MB"
        if found is not None:
            peer = f"snorkel {shown(found)}, {found['peak_mb']:.0f} MB (recorded {found['date']})"
            ratio = found["cpu"] / times["cpu"]
            figures.append(
                Figure(work, ratio, target=">= 20", ours=ours, peer=peer, note=f"{runs[0]['votes']:,} votes")
            )
        if (n, k, model) == (options.rows(1_000_000), 10, "class_conditional"):
            figures += [
                Figure(f"{work}: time", times["seconds"], "s", "<= 8"),
                Figure(f"{work}: peak memory of the process", peak, "MB", "<= 500"),
            ]
        elif found is None:
            figures.append(Figure(f"{work}: time", times["seconds"], "s", ours=ours))
    Path(path).unlink()
    return figures


def _growth(options: Options) -> list[Figure]:
    n = options.rows(1_000_000)
    with tempfile.TemporaryDirectory() as name, Side("ours.py") as ours:
        paths = [_write_votes(Path(name), rows, 50, 2) for rows in (n // 2, n)]
        half, whole = medians(
            *(
                lambda path=path: ours.call("fit_label_model", votes=path, k=2, model="class_conditional")
                for path in paths
            )
        )
    note = f"{n // 2:,} and {n:,} rows x 50 x 2"
    return [
        Figure(
            "time for twice the votes",
            whole["seconds"] / half["seconds"],
            target="<= 2.3",
            ours=f"{shown(half)}, then {shown(whole)}",
            note=note,
        )
    ]


def _write_votes(folder: Path, n: int, m: int, k: int) -> str:
    path = folder / f"{n}-{m}-{k}.npy"
    np.save(path, inputs.votes(n, m, k)[0])
    return str(path)


def _largest_gap(ours: Any, snorkel: Any) -> float:
    """Compare P(vote | class) of the votes that occur; snorkel's are [m, k + 1, k], abstentions first."""
    functions, codes = ours["symbols"].T
    same: NDArray[np.float64] = snorkel["mu"][functions, codes + 1]
    return float(np.abs(ours["mu"] - same).max())


if __name__ == "__main__":
    main(benchmark)
