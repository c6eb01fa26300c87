"""Dawid-Skene beside crowd-kit: time and labels on a million votes, accuracy on crowd sets."""

from __future__ import annotations

import tempfile
from pathlib import Path

import inputs
import numpy as np
import polars as pl
from figures import Figure, Options, main
from sides import Side, medians, shown

from nacre.data import Classes
from nacre.label_models import DawidSkene
from nacre.metrics import accuracy

CROWDS = {"crowd_bluebirds": (2, 89.81), "crowd_snow_rte": (2, 92.75), "crowd_product": (2, 93.96)}


def benchmark(options: Options) -> list[Figure]:
    """Measure aggregation of recorded votes."""
    figures = []
    with tempfile.TemporaryDirectory() as name, Side("ours.py") as ours, Side("peers.py") as peers:
        folder = Path(name)
        for per_task in (10, 3):
            n_votes = options.rows(1_000_000)
            path = str(folder / "votes.parquet")
            truth = _write_votes(Path(path), n_votes // per_task, per_task)
            out, other, same = (str(folder / f"{name}.parquet") for name in ("ours", "peer", "same"))
            mine, peer = medians(
                lambda path=path, out=out: ours.call("fit_dawid_skene", votes=path, k=4, out=out),
                lambda path=path, out=other: peers.call("fit_dawid_skene", votes=path, out=out),
            )
            iterations = peers.call("fit_dawid_skene", votes=path, out=other)["iterations"]
            ours.call("fit_dawid_skene", votes=path, k=4, out=same, iterations=iterations)
            labels, others, equal = (
                pl.read_parquet(found).sort("task").get_column("label").to_numpy() for found in (out, other, same)
            )
            work = f"Dawid-Skene, {n_votes:,} votes of 1,000 annotators, 4 classes, {per_task} votes a task"
            right, theirs = ((found == truth).mean() for found in (labels, others))
            shares = f"right: {right:.4f}; crowd-kit {theirs:.4f}, {iterations} iterations"
            beside = f"crowd-kit 1.4.1 {shown(peer)}"
            figures += [
                Figure(work, peer["seconds"] / mine["seconds"], target=">= 5", ours=shown(mine), peer=beside),
                Figure(
                    f"{per_task} votes a task: labels equal to crowd-kit's after as many iterations",
                    100 * (equal == others).mean(),
                    "%",
                    ">= 99.9",
                    note=shares,
                ),
            ]
    return [*figures, *_crowds()]


def _crowds() -> list[Figure]:
    figures = []
    for name, (k, reference) in CROWDS.items():
        folder = inputs.dataset(name)
        if folder is None:
            print(f"{name}: skipped, NACRE_DATA does not hold it")
            continue
        votes = pl.read_parquet(folder / "annotations.parquet")
        gold = pl.read_parquet(folder / "gold.parquet")
        items = votes.get_column("item").unique().sort()
        rows = pl.DataFrame({"item": items}).with_row_index("row_id")
        truth = (
            rows.join(gold, on="item", how="left", maintain_order="left")
            .get_column("gold")
            .cast(pl.Int64)
            .fill_null(-1)
            .to_numpy()
        )
        frame = votes.join(rows, on="item").select(
            "row_id", pl.col("worker").alias("annotator"), pl.col("label").cast(pl.Int64)
        )
        schema = Classes(tuple(f"c{code}" for code in range(k)))
        model = DawidSkene().fit(frame, schema=schema)
        metric = accuracy(truth, model.predict_proba(frame).argmax(axis=1))
        note = f"reference {reference}; 95 % interval {100 * metric.low:.1f}-{100 * metric.high:.1f}, n = {metric.n:,}"
        figures.append(Figure(f"{name}: accuracy", 100 * metric.value, "%", f">= {reference - 0.5:g}", note=note))
    return figures


def _write_votes(path: Path, n_tasks: int, per_task: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    n_workers, k = 1_000, 4
    truth = rng.integers(0, k, n_tasks)
    accuracies = rng.uniform(0.4, 0.95, n_workers)
    task = np.repeat(np.arange(n_tasks), per_task)
    # Strides of a task are distinct, so that nobody answers twice.
    worker = (rng.integers(0, n_workers, n_tasks)[:, None] + np.arange(per_task) * 97).ravel() % n_workers
    wrong = (truth[task] + rng.integers(1, k, len(task))) % k
    label = np.where(rng.random(len(task)) < accuracies[worker], truth[task], wrong)
    pl.DataFrame({"task": task, "worker": worker, "label": label}).write_parquet(path)
    return truth


if __name__ == "__main__":
    main(benchmark)
