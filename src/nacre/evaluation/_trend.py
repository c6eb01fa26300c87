"""How slices and criteria developed over runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from nacre.evaluation._columns import Run, run_columns
from nacre.evaluation._matrix import matrix_of
from nacre.evaluation._scores import Scores

SCHEMA = pl.Schema(
    {
        "run": pl.String(),
        "slice": pl.String(),
        "criterion": pl.String(),
        "mean": pl.Float64(),
        "low": pl.Float64(),
        "high": pl.Float64(),
        "n": pl.Int64(),
        "is_too_few": pl.Boolean(),
        "n_missing": pl.Int64(),
        "target": pl.Float64(),
        "is_comparable": pl.Boolean(),
    }
)


def trend(
    runs: Sequence[tuple[str, Scores]], members: pl.DataFrame | Mapping[str, pl.DataFrame] | None = None
) -> pl.DataFrame:
    """Return a row per run, slice and criterion: its mean, interval and n, oldest run first.

    Several evaluators of a criterion are combined by one label model for all runs, so that the same verdicts are the
    same score in each. `is_comparable` is false where the criterion or one of its evaluators is not that of the last
    run: then a step may be theirs and not the system's.

    Args:
        runs: Names and scores of runs, oldest first.
        members: Which responses belong to which slice, as `nacre.labeling.slice_members` returns it; by the name of
            the run where the responses of runs have different row ids.

    Examples:
        >>> from nacre.evaluation import Criterion, Evaluator, evaluate
        >>> from nacre.functions import Keyword
        >>> please = Evaluator("please", Criterion("polite"), Keyword("response", ("please",)))
        >>> old = evaluate([please], pl.DataFrame({"prompt": ["1?", "2?"], "response": ["No", "No"]}))
        >>> new = evaluate([please], pl.DataFrame({"prompt": ["1?", "2?"], "response": ["No", "Please"]}))
        >>> trend([("v1", old), ("v2", new)]).select("run", "slice", "criterion", "mean", "n").rows()
        [('v1', 'all', 'polite', 0.0, 2), ('v2', 'all', 'polite', 0.5, 2)]
    """
    rows: list[dict[str, Any]] = []
    together = run_columns([scores for _, scores in runs])
    for (name, _), run in zip(runs, together, strict=True):
        part = members.get(name) if isinstance(members, Mapping) else members
        rows += _run_rows(name, run, part)
    latest = {row["criterion"]: row["behind"] for row in rows}
    for row in rows:
        row["is_comparable"] = row.pop("behind") == latest[row["criterion"]]
    return pl.DataFrame(rows, schema=SCHEMA)


def _run_rows(name: str, run: Run, members: pl.DataFrame | None) -> Iterator[dict[str, Any]]:
    matrix = matrix_of(run, members)
    meaning = {criterion.name: criterion.fingerprint for criterion in run.scores.criteria}
    for cell in matrix.cells.values():
        shown = cell.mean.to_dict()
        mean = {"mean": shown["value"], **{key: shown[key] for key in ("low", "high", "n", "is_too_few")}}
        yield {
            "run": name,
            "slice": cell.slice,
            "criterion": cell.criterion,
            **mean,
            "n_missing": cell.n_missing,
            "target": cell.target,
            "behind": (
                meaning.get(cell.criterion, ""),
                [(evaluator, run.fingerprints[evaluator]) for evaluator in matrix.evaluators[cell.criterion]],
            ),
        }
