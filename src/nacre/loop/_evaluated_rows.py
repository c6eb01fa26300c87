"""Responses with what evaluators and experts said of them: the rows behind a number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from nacre.data import Classes
from nacre.errors import UnknownNameError
from nacre.evaluation import ALL, Criterion, ExpertLabels, Scores

if TYPE_CHECKING:
    from nacre.loop._project_evaluation import ProjectEvaluation

STATUSES = ("abstained", "unparsable", "failed")
MOST_SCORES = 12  # of a number there may be thousands


def readable_scores(scores: Scores) -> pl.DataFrame:
    """Return scores with `score`, the name of a class or the number, in place of `value`."""
    named = scores.frame.with_columns(score=_readable(scores.criteria))
    return named.select(
        "row_id", "prompt_id", "repeat", "evaluator", "criterion", "score", "status", "rationale", "message"
    )


def readable_labels(experts: ExpertLabels) -> pl.DataFrame:
    """Return the labels of experts with `score`, the name of a class or the number, in place of `value`."""
    named = experts.frame.with_columns(score=_readable(experts.criteria))
    return named.select("row_id", "criterion", "annotator", "score", "explanation", "golden", "at", "weight")


def evaluated_rows(
    evaluation: ProjectEvaluation,
    *,
    slice: str = ALL,
    criterion: str | None = None,
    score: str | None = None,
    n: int | None = None,
) -> list[dict[str, Any]]:
    """Return responses with all of their scores and labels, those that do worst first.

    Args:
        evaluation: The run.
        slice: Only responses in this slice.
        criterion: Only responses that have a score on this criterion, or lack one.
        score: Only those with this score, or this status: `abstained`, `unparsable`, `failed`.
        n: How many at most.
    """
    rows = evaluation.responses
    if slice != ALL:
        if slice not in evaluation.members.columns[1:]:
            raise UnknownNameError("slice", slice, available=(ALL, *evaluation.members.columns[1:]))
        rows = rows.join(evaluation.members.filter(pl.col(slice)).select("row_id"), on="row_id", how="semi")
    found = readable_scores(evaluation.scores)
    wanted = found if criterion is None else found.filter(criterion=evaluation.scores.criterion(criterion).name)
    if score is not None:
        _check_score(score, wanted, evaluation.scores.criteria)
        wanted = wanted.filter((pl.col("score") == score) | (pl.col("status").cast(pl.String) == score))
    if criterion is not None or score is not None:
        rows = rows.join(wanted.select("row_id"), on="row_id", how="semi", maintain_order="left")
    rows = _worst_first(rows, evaluation.scores, criterion).head(len(rows) if n is None else n)
    return _with_scores(rows, found, evaluation.experts)


def _check_score(score: str, found: pl.DataFrame, criteria: tuple[Criterion, ...]) -> None:
    """Refuse a score that no response has; a status that none has is an answer."""
    given = set(found.get_column("score").drop_nulls())
    shown = set(found.get_column("criterion"))
    scales = [part.scale for part in criteria if part.name in shown]
    names = {name for scale in scales if isinstance(scale, Classes) for name in scale.names}
    if score not in names | given | set(STATUSES):
        raise UnknownNameError("score", score, available={*names, *sorted(given)[:MOST_SCORES], *STATUSES})


def _readable(criteria: tuple[Criterion, ...]) -> pl.Expr:
    value = pl.col("value").round(6).cast(pl.String)
    for criterion in criteria:
        if isinstance(criterion.scale, Classes):
            codes = pl.Series(range(len(criterion.scale.names)), dtype=pl.Float32)
            name = pl.col("value").replace_strict(codes, criterion.scale.names, default=None, return_dtype=pl.String)
            value = pl.when(pl.col("criterion") == criterion.name).then(name).otherwise(value)
    return value


def _worst_first(rows: pl.DataFrame, scores: Scores, criterion: str | None) -> pl.DataFrame:
    """Sort by the mean of what the criteria count; a number that should be small counts the other way."""
    parts = [
        part.select(
            "row_id",
            outcome=pl.Series(known.outcome(part["value"].to_numpy()) * (-1 if known.lower_is_better else 1)),
            rank=pl.col("value") / len(known.scale.names) if isinstance(known.scale, Classes) else pl.lit(0.0),
        )
        for known in scores.criteria
        if criterion in (None, known.name)
        and (criterion is not None or known.has_pass)
        and len(part := scores.frame.filter(criterion=known.name))
    ]
    if not parts:
        return rows
    outcomes = pl.concat(parts, how="vertical_relaxed").fill_nan(None).group_by("row_id")
    mean = outcomes.agg(pl.col("outcome").mean().alias("@outcome"), pl.col("rank").mean().alias("@rank"))
    joined = rows.join(mean, on="row_id", how="left", maintain_order="left")
    return joined.sort("@outcome", "@rank", "row_id", nulls_last=True).drop("@outcome", "@rank")


def _with_scores(rows: pl.DataFrame, scores: pl.DataFrame, experts: ExpertLabels | None) -> list[dict[str, Any]]:
    ids = rows.get_column("row_id").implode()
    said = scores.filter(pl.col("row_id").is_in(ids)).drop("prompt_id", "repeat")
    by_row: dict[int, list[dict[str, Any]]] = {}
    for line in said.to_dicts():
        by_row.setdefault(line.pop("row_id"), []).append({**line, "status": str(line["status"])})
    labels: dict[int, list[dict[str, Any]]] = {}
    if experts is not None:
        for line in readable_labels(experts).filter(pl.col("row_id").is_in(ids)).drop("at", "weight").to_dicts():
            labels.setdefault(line.pop("row_id"), []).append(line)
    return [
        {**row, "scores": by_row.get(row["row_id"], []), "experts": labels.get(row["row_id"], [])}
        for row in rows.to_dicts()
    ]
