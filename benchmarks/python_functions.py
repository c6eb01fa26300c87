"""Applying plain Python functions of one row, beside snorkel."""

from __future__ import annotations

import tempfile
from pathlib import Path

import inputs
import numpy as np
from figures import Figure, Options, main
from sides import Side, medians, shown


def benchmark(options: Options) -> list[Figure]:
    """Measure what it takes to apply Python functions."""
    n = options.rows(100_000)
    with tempfile.TemporaryDirectory() as name, Side("ours.py") as ours, Side("peers.py") as peers:
        folder = Path(name)
        path = str(folder / "texts.parquet")
        inputs.texts(n).write_parquet(path)
        peers.call("apply_python", texts=path, out=str(folder / "warm.npy"), rows=1_000)
        ours.call("apply_python", texts=path, out=str(folder / "ours.npy"))
        mine, two, peer = medians(
            lambda: ours.call("apply_python", texts=path),
            lambda: ours.call("apply_python", texts=path, n_jobs=2),
            lambda: peers.call("apply_python", texts=path, out=str(folder / "peer.npy")),
            warm_up=False,
        )
        different = int((np.load(folder / "ours.npy") != np.load(folder / "peer.npy")).sum())
    work = f"10 Python functions, unmodified, on {n:,} short texts"
    beside = f"snorkel 0.10 PandasLFApplier {shown(peer)}"
    return [
        Figure(f"{work}, in process", peer["seconds"] / mine["seconds"], target=">= 10", ours=shown(mine), peer=beside),
        Figure(
            f"{work}, two worker processes",
            peer["seconds"] / two["seconds"],
            ours=f"{two['seconds']:.3g} s with their start",
            peer=beside,
        ),
        Figure("cells whose votes differ from snorkel's", different, "cells", "= 0"),
    ]


if __name__ == "__main__":
    main(benchmark)
