"""Applying keyword and pattern functions: beside snorkel, in rows and functions, on data larger than memory."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import inputs
import numpy as np
from figures import Figure, Options, main, record, recorded
from sides import Side, Times, alone, machine, median, medians, shown


def benchmark(options: Options) -> list[Figure]:
    """Measure what it takes to apply declarative functions."""
    with tempfile.TemporaryDirectory() as folder:
        return [
            *_beside_snorkel(Path(folder), options),
            *_growth(Path(folder), options),
            *_on_disk(Path(folder), options),
        ]


def _beside_snorkel(folder: Path, options: Options) -> list[Figure]:
    n = options.rows(100_000)
    path = str(folder / "texts.parquet")
    frame = inputs.texts(n)
    frame.write_parquet(path)
    specs = inputs.specs_of_ten()
    with Side("ours.py") as ours, Side("peers.py") as peers:
        peers.call("apply_patterns", texts=path, specs=specs, out=str(folder / "warm.npy"), rows=1_000)
        ours.call("apply_rules", texts=path, conditions="ten", out=str(folder / "ours.npy"))
        mine, peer = medians(
            lambda: ours.call("apply_rules", texts=path, conditions="ten"),
            lambda: peers.call("apply_patterns", texts=path, specs=specs, out=str(folder / "peer.npy")),
            warm_up=False,
        )
    votes, others = np.load(folder / "ours.npy"), np.load(folder / "peer.npy")
    different = int((votes != others).sum())
    length = frame.get_column("text").str.len_chars().mean()
    return [
        Figure(
            f"10 keyword and pattern functions on {n:,} short texts",
            peer["seconds"] / mine["seconds"],
            target=">= 150",
            ours=shown(mine),
            peer=f"snorkel 0.10 PandasLFApplier {shown(peer)}, {n / peer['seconds']:,.0f} rows/s",
            note=f"mean {length:.0f} characters; {(votes >= 0).mean():.0%} of the cells are votes",
        ),
        Figure("cells whose votes differ from snorkel's", different, "cells", "= 0", note=f"of {votes.size:,}"),
    ]


def _growth(folder: Path, options: Options) -> list[Figure]:
    n = options.rows(400_000)
    small, large = str(folder / "half.parquet"), str(folder / "whole.parquet")
    frame = inputs.texts(n, seed=1)
    frame.write_parquet(large)
    frame.head(n // 2).write_parquet(small)
    with Side("ours.py") as ours:
        half, whole, double = medians(
            lambda: ours.call("apply_rules", texts=small, conditions="ten"),
            lambda: ours.call("apply_rules", texts=large, conditions="ten"),
            lambda: ours.call("apply_rules", texts=small, conditions="ten", copies=2),
        )
    return [
        Figure(
            f"time for twice the {what}",
            twice["seconds"] / half["seconds"],
            target="<= 2.3",
            ours=f"{shown(half)}, then {shown(twice)}",
            note=f"from {n // 2:,} rows x 10 functions",
        )
        for what, twice in (("rows", whole), ("functions", double))
    ]


def _on_disk(folder: Path, options: Options) -> list[Figure]:
    n = options.rows(5_000_000)
    workspace = str(folder / "workspace")
    made = alone("ours.py", "import_texts", folder=workspace, n=n)
    figures = []
    for conditions, words in (
        ("patterns", "ten single-regex functions"),
        ("compositions", "ten composed functions, 20 regexes"),
    ):
        runs = []
        for _ in range(3):
            store = str(folder / "store")
            runs.append(alone("ours.py", "apply_on_disk", folder=workspace, conditions=conditions, store=store))
            shutil.rmtree(store)
        times, peak = median(runs), max(run["peak_mb"] for run in runs)
        work = f"{words} on {n:,} texts, votes stored"
        note = f"{made['source']}; {runs[0]['votes']:,} votes"
        if conditions == "patterns":
            figures += [
                Figure(
                    f"{work}: time for 5M rows", times["seconds"] / n * 5e6, "s", "<= 5", ours=shown(times), note=note
                ),
                Figure(f"{work}: peak memory", peak, "MB", "<= 400"),
                *_daft(folder, n, times, options),
            ]
        else:
            per_million = times["seconds"] / n * 1e6
            figures.append(Figure(f"{work}: time per 1M rows", per_million, "s", "<= 2", ours=shown(times), note=note))
    return figures


def _daft(folder: Path, n: int, times: Times, options: Options) -> list[Figure]:
    cell = f"daft, ten single-regex functions, {n} texts"
    if options.record:
        path = folder / "all.parquet"
        series, _ = inputs.utterances(n)
        series.to_frame().write_parquet(path, row_group_size=65_536)
        patterns = [condition.pattern for condition in inputs.ten_patterns()]
        result = alone("peers.py", "apply_daft", texts=str(path), patterns=patterns, out=str(folder / "daft"))
        record(cell, result, machine())
    found = recorded(cell)
    if found is None:
        return []
    peer = f"Daft {shown(found)}, {found['peak_mb']:.0f} MB (recorded {found['date']}, {found['machine']})"
    return [Figure("the same functions in Daft", found["cpu"] / times["cpu"], ours=shown(times), peer=peer)]


if __name__ == "__main__":
    main(benchmark)
