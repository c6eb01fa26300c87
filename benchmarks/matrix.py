"""Slices by criteria over the scores of a run, beside an earlier run, and two runs compared."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
from figures import Figure, Options, main
from numpy.typing import NDArray
from serve import Times, timed
from sides import medians, shown

from nacre.data import Classes, Number
from nacre.evaluation import Criterion, EvaluationMatrix, Scores, compare, evaluation_matrix
from nacre.metrics import mcnemar, wilson

N_SLICES, N_CRITERIA = 50, 20
STATUS = pl.Enum(["scored", "abstained", "unparsable", "failed"])
GRADES = Classes(("wrong", "partly", "right"), ordered=True)


def benchmark(options: Options) -> list[Figure]:
    """Measure how soon a finished run is a matrix, and two runs a comparison."""
    n = options.rows(100_000)
    rng = np.random.default_rng(0)
    before, after = _scores(rng, n), _scores(rng, n)
    members = _members(rng, n)
    shape = f"{n:,} responses, {N_SLICES} slices x {N_CRITERIA} criteria"
    work: list[tuple[str, str, Callable[[], Any]]] = [
        (f"matrix of {shape}", "<= 0.3", lambda: evaluation_matrix(after, members)),
        ("the same with a baseline", "<= 0.6", lambda: evaluation_matrix(after, members, baseline=before)),
        ("two such runs compared", "<= 0.6", lambda: compare(before, after, members)),
        ("the matrix of prompts asked four times", "<= 1", _repeated(rng, n, members)),
    ]
    times = medians(*(_only_times(call) for _, _, call in work))
    note = "1/4 of the criteria ordered classes, 1/10 numbers, 2 % of the scores missing"
    figures = [
        Figure(name, took["seconds"], "s", target, ours=shown(took), note=note if name.startswith("matrix") else "")
        for (name, target, _), took in zip(work, times, strict=True)
    ]
    matrix = evaluation_matrix(after, members, baseline=before)
    wrong = _differing(matrix, before, after, members)
    return [*figures, Figure("cells that differ from Wilson's and McNemar's formula", wrong, "cells", "= 0")]


def _only_times(call: Callable[[], Any]) -> Callable[[], Times]:
    return lambda: timed(call)[0]


def _criteria() -> list[Criterion]:
    n_grades, n_numbers = N_CRITERIA // 4, N_CRITERIA // 10
    names = [f"criterion {place}" for place in range(N_CRITERIA)]
    return [
        Criterion(name, scale=Number(0, 60))
        if place < n_numbers
        else Criterion(name, scale=GRADES)
        if place < n_numbers + n_grades
        else Criterion(name)
        for place, name in enumerate(names)
    ]


def _scores(rng: np.random.Generator, n: int, *, repeats: int = 1) -> Scores:
    """Return scores of every criterion, none of which prefers a run."""
    rows = np.arange(n)
    keys = pl.DataFrame(
        {"row_id": rows, "prompt_id": pl.Series(rows // repeats).cast(pl.String), "repeat": rows % repeats}
    )
    parts = []
    for criterion in _criteria():
        values, is_scored = _values(rng, criterion, n), rng.random(n) > 0.02
        parts.append(
            keys.with_columns(
                pl.lit(criterion.name).alias("evaluator"),
                pl.lit(criterion.name).alias("criterion"),
                pl.Series("value", np.where(is_scored, values, np.nan)).fill_nan(None).cast(pl.Float32),
                pl.Series("status", np.where(is_scored, "scored", "abstained"), dtype=STATUS),
                pl.lit(None, dtype=pl.String).alias("rationale"),
                pl.lit(None, dtype=pl.String).alias("message"),
            )
        )
    criteria = tuple(_criteria())
    return Scores(pl.concat(parts), criteria, {criterion.name: "" for criterion in criteria})


def _values(rng: np.random.Generator, criterion: Criterion, n: int) -> NDArray[np.float64]:
    if criterion.kind == "number":
        return rng.gamma(4, 3, n)
    if criterion.kind == "ordinal":
        return rng.choice(3, n, p=[0.1, 0.2, 0.7]).astype(np.float64)
    return (rng.random(n) < 0.8).astype(np.float64)


def _members(rng: np.random.Generator, n: int) -> pl.DataFrame:
    """Return slices of .1 % to 50 % of the responses."""
    shares = np.geomspace(0.001, 0.5, N_SLICES)
    masks = {f"slice {place}": rng.random(n) < share for place, share in enumerate(shares)}
    return pl.DataFrame({"row_id": np.arange(n), **masks})


def _repeated(rng: np.random.Generator, n: int, members: pl.DataFrame) -> Callable[[], EvaluationMatrix]:
    scores = _scores(rng, n, repeats=4)
    return lambda: evaluation_matrix(scores, members)


def _differing(matrix: EvaluationMatrix, before: Scores, after: Scores, members: pl.DataFrame) -> int:
    """Return how many cells of pass or fail are not those of one response looked at after the other."""
    wide = {name: scores.wide() for name, scores in (("before", before), ("after", after))}
    wrong = 0
    for slice in matrix.slices:
        mask = np.ones(len(members), dtype=bool) if slice == "all" else members.get_column(slice).to_numpy()
        for criterion in after.criteria:
            if criterion.kind != "pass_fail":
                continue
            old, new = (wide[name].get_column(criterion.name).to_numpy()[mask] for name in ("before", "after"))
            scored, both = new[~np.isnan(new)], ~np.isnan(old + new)
            test = mcnemar(old[both], new[both])
            cell = matrix.cell(slice, criterion.name)
            is_same = cell.mean == wilson(int(scored.sum()), len(scored))
            is_same &= (cell.n_gained, cell.n_lost) == test[:2] and bool(np.isclose(cell.p or 0, test.p))
            wrong += not is_same
    return wrong


if __name__ == "__main__":
    main(benchmark)
