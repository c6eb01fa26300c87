"""Whether an evaluator says the same again: in the other order, another time, and whatever the length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nacre._hashing import hash_json
from nacre.data import to_polars
from nacre.errors import SchemaError, UnknownFieldError
from nacre.evaluation._answers import ABSTAINED, SCORED, STATUS, UNPARSABLE
from nacre.evaluation._compared import alpha_level, repeated_prompts, scored_or_unparsable
from nacre.evaluation._criterion import Criterion
from nacre.evaluation._experts import ExpertLabels
from nacre.evaluation._scores import IMPORTED, Scores, is_imported
from nacre.metrics import Metric, cluster_ratios, krippendorff_alpha, logistic_slope, wilson

_UNPARSABLE_VALUE = -np.inf


@dataclass(frozen=True)
class PositionConsistency:
    """Whether a preference depends on which response is shown first.

    Args:
        evaluator: The verdicts with the response shown first.
        swapped: The verdicts with the response shown second.
        consistent: The share of responses with the same verdict in both orders; what could not be parsed is not.
        prefers_first: How often what is shown first wins, over both orders, a tie counting half; .5 is fair.
        n_unparsable: How many responses have a verdict that could not be parsed.
    """

    evaluator: str
    swapped: str
    consistent: Metric
    prefers_first: Metric
    n_unparsable: int

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as JSON."""
        return _to_dict(self)

    def __str__(self) -> str:
        return (
            f"{self.evaluator} says the same in both orders for {self.consistent}; what is shown first wins "
            f"{self.prefers_first}"
        )


@dataclass(frozen=True)
class LengthEffect:
    """Whether an evaluator favours long responses, and whether experts do too.

    Args:
        evaluator: Its name.
        slope: By how much the log odds of a pass or win change per standard deviation of length; 0 is no effect.
        experts: The same of the experts' majority on the same responses; None without labels.
        n: How many responses are behind it.
    """

    evaluator: str
    slope: Metric
    experts: Metric | None
    n: int

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as JSON."""
        return _to_dict(self)

    def __str__(self) -> str:
        beside = "" if self.experts is None else f", of experts by {self.experts}"
        return f"with length the log odds of {self.evaluator} change by {self.slope} per standard deviation{beside}"


@dataclass(frozen=True)
class Consistency:
    """Whether several scores of the same thing agree.

    Args:
        what: What is scored several times.
        all_same: The share of those whose scores are all the same; what could not be parsed is not.
        alpha: Krippendorff's alpha of what could be parsed.
    """

    what: str
    all_same: Metric
    alpha: Metric

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as JSON."""
        return _to_dict(self)

    def __str__(self) -> str:
        return f"{self.what} gets the same score in {self.all_same}, alpha {self.alpha}"


def position_consistency(scores: Scores, evaluator: str, swapped: str) -> PositionConsistency:
    """Return whether a preference stays the same when the two responses swap places.

    Args:
        scores: Verdicts in both orders, both about the same response: whether it lost, tied or won.
        evaluator: The verdicts with the response shown first.
        swapped: The verdicts with the response shown second.

    Examples:
        >>> from nacre.evaluation import PREFERENCE
        >>> rows = {"row_id": [0, 1, 2] * 2, "evaluator": ["judge"] * 3 + ["swapped"] * 3, "criterion": "better"}
        >>> rows = pl.DataFrame({**rows, "score": ["won", "won", "lost", "won", "lost", "lost"]})
        >>> responses = pl.DataFrame({"row_id": [0, 1, 2], "prompt_id": ["a", "b", "c"], "repeat": [0, 0, 0]})
        >>> scores = Scores.from_frame(rows, [Criterion("better", scale=PREFERENCE)], responses=responses)
        >>> found = position_consistency(scores, "judge", "swapped")
        >>> print(found.consistent, "|", found.prefers_first)
        .67 [.21-.94] n=3 too few | .67 [.50-1.00] n=3 too few
    """
    table, criterion = _side_by_side(scores, [evaluator, swapped])
    if criterion.kind != "preference":
        raise SchemaError(f"`{criterion.name}` compares no two responses, so they have no order.")
    first, second = _values(table)
    same = _all_same(np.column_stack([first, second]))
    is_parsed = np.isfinite(np.column_stack([first, second]))
    wins = np.column_stack([first / 2, 1 - second / 2])
    prompts = table.get_column("prompt_id").to_numpy()
    won_first = cluster_ratios(
        np.where(is_parsed, wins, 0).sum(axis=1)[:, None], is_parsed.sum(axis=1)[:, None], prompts
    )[0]
    n_unparsable = int((~is_parsed).any(axis=1).sum())
    return PositionConsistency(evaluator, swapped, _share(same, table), won_first, n_unparsable)


def both_orders(scores: Scores, evaluator: str, swapped: str) -> Scores:
    """Return the verdicts of both orders as one evaluator: where they differ it is a tie.

    A response with a verdict of one order only has the status of the other, or abstained where there is none. The
    result is named like `evaluator`.
    """
    criterion = _one_criterion(scores, [evaluator, swapped])
    if criterion.kind != "preference":
        raise SchemaError(f"`{criterion.name}` compares no two responses, so they have no order.")
    shown = scores.of(evaluator)
    other = scores.of(swapped).select("row_id", other="value", other_status="status", other_message="message")
    joined = shown.join(other, on="row_id", how="left", maintain_order="left")
    joined = joined.with_columns(pl.col("other_status").fill_null(pl.lit(ABSTAINED, dtype=STATUS)))
    verdict = pl.when(pl.col("value") == pl.col("other")).then("value").otherwise(pl.lit(1.0, dtype=pl.Float32))
    both = pl.col("value").is_not_null() & pl.col("other").is_not_null()
    is_other = (pl.col("status") == SCORED) & (pl.col("other_status") != SCORED)
    frame = joined.with_columns(
        value=pl.when(both).then(verdict),
        status=pl.when(is_other).then("other_status").otherwise("status").cast(STATUS),
        message=pl.when(is_other).then("other_message").otherwise("message"),
    )
    fingerprints = [scores.evaluators[name] for name in (evaluator, swapped)]
    found = hash_json(fingerprints)
    fingerprint = f"{IMPORTED}{found}" if any(map(is_imported, fingerprints)) else found
    return Scores(frame.select(scores.frame.columns), (criterion,), {evaluator: fingerprint})


def length_effect(scores: Scores, evaluator: str, lengths: Any, *, experts: ExpertLabels | None = None) -> LengthEffect:
    """Return how much more often an evaluator passes, or prefers, what is longer.

    Args:
        scores: What the evaluator says.
        evaluator: Its name.
        lengths: A frame of `row_id` and `length`: of the response, or for a preference by how much it is longer than
            the other.
        experts: What experts say of the same responses: a slope like theirs is no fault of the evaluator.
    """
    criterion = scores.criterion_of(evaluator)
    if not (criterion.is_rate or criterion.has_pass):
        raise SchemaError(f"`{criterion.name}` is a number without `passes`: no response passes or wins by it.")
    table = to_polars(lengths)
    for name in ("row_id", "length"):
        if name not in table.columns:
            raise UnknownFieldError(name, available=table.columns, reader="the effect of length")
    if table.get_column("row_id").is_duplicated().any():
        raise SchemaError("The lengths name a response more than once. Keep one row per `row_id`.")
    rows = scores.of(evaluator).filter(pl.col("status") == SCORED)
    rows = rows.join(table.select(pl.col("row_id").cast(pl.Int64), pl.col("length").cast(pl.Float64)), on="row_id")
    slope = _slope(rows, criterion)
    if experts is None:
        return LengthEffect(evaluator, slope, None, len(rows))
    truth = experts.majority(criterion.name).filter(pl.col("value").is_not_null()).select("row_id", truth="value")
    both = rows.join(truth, on="row_id")
    theirs = _slope(both.with_columns(value="truth"), criterion)
    return LengthEffect(evaluator, _slope(both, criterion), theirs, len(both))


def self_consistency(scores: Scores, evaluators: Sequence[str]) -> Consistency:
    """Return whether an evaluator that was asked several times about a response says the same.

    Args:
        scores: What was said.
        evaluators: The times it was asked, as evaluators of one criterion.
    """
    if len(evaluators) < 2:
        raise SchemaError(f"Consistency needs an evaluator asked at least twice; found {', '.join(evaluators)}.")
    table, criterion = _side_by_side(scores, list(evaluators))
    values = np.column_stack(_values(table))
    return _consistency(
        f"a response asked {len(evaluators)} times", values, _share(_all_same(values), table), criterion
    )


def repeat_consistency(scores: Scores, evaluator: str) -> Consistency:
    """Return whether the responses that a system gave to the same prompt get the same score."""
    criterion = scores.criterion_of(evaluator)
    rows = _with_unparsable(scores.of(evaluator))
    wide = (
        rows.group_by("prompt_id")
        .agg(pl.col("value").sort_by("repeat", "row_id"))
        .filter(pl.col("value").list.len() > 1)
    )
    longest = int(wide.get_column("value").list.len().max() or 0)  # type: ignore[arg-type]
    values = np.full((len(wide), longest), np.nan)
    for row, found in enumerate(wide.get_column("value").to_list()):
        values[row, : len(found)] = found
    same = _all_same(values)
    return _consistency("a prompt asked again", values, wilson(int(same.sum()), len(same)), criterion)


def _consistency(what: str, values: NDArray[np.float64], all_same: Metric, criterion: Criterion) -> Consistency:
    parsed = np.where(values == _UNPARSABLE_VALUE, np.nan, values)
    return Consistency(what, all_same, krippendorff_alpha(parsed, alpha_level(criterion)))


def _slope(rows: pl.DataFrame, criterion: Criterion) -> Metric:
    values = rows.get_column("value").to_numpy()
    outcome = criterion.passed(values) if criterion.kind == "number" else criterion.outcome(values)
    return logistic_slope(outcome, rows.get_column("length").to_numpy(), clusters=repeated_prompts(rows))


def _one_criterion(scores: Scores, evaluators: Sequence[str]) -> Criterion:
    criteria = {name: scores.criterion_of(name) for name in evaluators}
    if len({criterion.name for criterion in criteria.values()}) > 1:
        found = ", ".join(f"`{name}` scores {criterion.name}" for name, criterion in criteria.items())
        raise SchemaError(f"Only evaluators of one criterion can be compared: {found}.")
    return criteria[evaluators[0]]


def _side_by_side(scores: Scores, evaluators: Sequence[str]) -> tuple[pl.DataFrame, Criterion]:
    """Return `row_id`, `prompt_id` and a column per evaluator, of the responses that all scored or tried to."""
    criterion = _one_criterion(scores, evaluators)
    table = scores.responses.select("row_id", "prompt_id")
    for place, name in enumerate(evaluators):
        rows = _with_unparsable(scores.of(name)).select("row_id", pl.col("value").alias(f"verdict {place}"))
        table = table.join(rows, on="row_id", maintain_order="left", how="inner")
    return table, criterion


def _with_unparsable(rows: pl.DataFrame) -> pl.DataFrame:
    """Keep scored and unparsable rows; the latter get a value of their own."""
    value = pl.when(pl.col("status") == UNPARSABLE).then(pl.lit(_UNPARSABLE_VALUE, dtype=pl.Float32)).otherwise("value")
    return scored_or_unparsable(rows).with_columns(value=value)


def _values(table: pl.DataFrame) -> list[NDArray[np.float64]]:
    return [table[name].cast(pl.Float64).to_numpy() for name in table.columns[2:]]


def _all_same(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    known = ~np.isnan(values)
    low, high = values.min(axis=1, initial=np.inf, where=known), values.max(axis=1, initial=-np.inf, where=known)
    same: NDArray[np.bool_] = (low == high) & (low != _UNPARSABLE_VALUE)
    return same


def _share(is_same: NDArray[np.bool_], table: pl.DataFrame) -> Metric:
    prompts = repeated_prompts(table)
    if prompts is None:
        return wilson(int(is_same.sum()), len(is_same))
    return cluster_ratios(is_same[:, None], np.ones((len(is_same), 1)), prompts)[0]


def _to_dict(value: Any) -> dict[str, Any]:
    found = {field.name: getattr(value, field.name) for field in fields(value)}
    return {name: part.to_dict() if isinstance(part, Metric) else part for name, part in found.items()}
