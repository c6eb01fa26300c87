"""Errors that belong together, named by what they have in common."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nacre.analysis._candidates import Candidates, describe, evaluate, find_candidates
from nacre.analysis._log_odds import log_odds
from nacre.analysis._outcomes import MAX_ROWS, Floats, Mask, Outcomes
from nacre.errors import SchemaError, UnknownFieldError
from nacre.functions import AllOf, Condition, Keyword
from nacre.metrics import Metric, newcombe, wilson_limits

GroupKind: TypeAlias = Literal["condition", "pair"]

MIN_ERRORS = 5
_N_TERMS = 3
_SAID = {
    r"^length\((\w+)\) >= (\S+) and length\(\1\) < (\S+)$": r"\1 of \2 to \3 characters",
    r"^length\((\w+)\) < (\S+)$": r"\1 under \2 characters",
    r"^length\((\w+)\) >= (\S+)$": r"\1 of \2 characters or more",
    r"^(\w+) = (TRUE|FALSE)$": r"\1 is \2",
    r"^(\w+) IS NULL$": r"\1 is missing",
}
_CLEAR_Z = 2.0
_LEAST_ODDS = 1.5
_PURE = 0.6


@dataclass(frozen=True, eq=False)
class ErrorGroup:
    """Errors with something in common.

    Args:
        name: What that is: `"refund" + "not received"`, `body under 40 characters`, `card_lost -> card_stolen`.
        kind: A `condition` on the data points, or a `pair` of a true and a predicted class.
        when: The condition, ready for a slice or a rule; None for a pair.
        n: How many units are in the group: where the condition holds, or all of the true class.
        n_errors: How many of them are errors; of a pair, those that were predicted as its second class.
        rate: The error rate inside; `rest` outside; `lift`, their difference. The intervals are those of a group given
            in advance: a group that was found has been chosen for its rate. They resample data points where several
            units share one.
        label: For a condition, the true class of at least 60 % of its units: what a function for it would vote.
        terms: For a pair, what its errors have more often than the right predictions of the same class.
        rows: The errors: unit, truth, prediction, confidence, votes.
    """

    name: str
    kind: GroupKind
    when: Condition | None
    n: int
    n_errors: int
    rate: Metric
    rest: Metric
    lift: Metric
    label: str | None
    terms: tuple[str, ...]
    rows: pl.DataFrame

    def to_dict(self) -> dict[str, Any]:
        """Return the group as JSON, at most 1,000 of its rows."""
        return {
            "name": self.name,
            "kind": self.kind,
            "when": None if self.when is None else self.when.spec(),
            "n": self.n,
            "n_errors": self.n_errors,
            "rate": self.rate.to_dict(),
            "rest": self.rest.to_dict(),
            "lift": self.lift.to_dict(),
            "label": self.label,
            "terms": list(self.terms),
            "rows": self.rows.head(MAX_ROWS).to_dicts(),
        }


def error_groups(
    outcomes: Outcomes, data: pl.DataFrame, fields: Sequence[str], *, most: int = 10, min_errors: int = MIN_ERRORS
) -> tuple[ErrorGroup, ...]:
    """Return groups of errors with names, those with most errors first.

    Pairs of classes are counted. Conditions are searched greedily: the one whose log-odds among the errors that no
    group has yet, against right predictions, has the highest z; then a second one, where with both the lower limit of
    the error rate exceeds the rate with one, and half of the errors remain. Of m conditions tried the largest z of
    pure chance is about sqrt(2 ln m): no group below it is shown, nor one that raises the odds of an error by less
    than half.

    Args:
        outcomes: Votes, probabilities and truth of a split that the end model was not trained on.
        data: The data points of the split, with `row_id` and `fields`.
        fields: What conditions read: texts (terms, length), values, numbers, Booleans.
        most: How many groups of each kind to return.
        min_errors: How many errors make a group.
    """
    for name in fields:
        if name not in data.columns:
            raise UnknownFieldError(name, available=data.columns)
    rows = _Rows(data, _row_positions(outcomes, data), find_candidates(data, fields, min_rows=min_errors))
    found = [
        *_condition_groups(outcomes, rows, most=most, min_errors=min_errors),
        *_pair_groups(outcomes, rows, most=most, min_errors=min_errors),
    ]
    return tuple(sorted(found, key=lambda group: (-group.n_errors, group.name)))


@dataclass(frozen=True, eq=False)
class _Rows:
    """Data points, the position of each unit's data point [n_units], and conditions on them."""

    data: pl.DataFrame
    position: NDArray[np.int64]
    candidates: Candidates

    def count(self, units: Mask) -> Floats:
        """Return how many of the units each condition holds for: [n_candidates]."""
        return self.candidates.count(np.bincount(self.position[units], minlength=len(self.data)))

    def units(self, condition: Condition) -> Mask:
        """Return for which units a condition holds."""
        holds: Mask = evaluate(self.data, [condition])[:, 0][self.position]
        return holds


def _row_positions(outcomes: Outcomes, data: pl.DataFrame) -> NDArray[np.int64]:
    if "row_id" not in data.columns:
        raise SchemaError("`data` has no `row_id`. Pass `Dataset.collect()` of the split.")
    known = data.select(pl.col("row_id").cast(pl.Int64), pl.int_range(pl.len(), dtype=pl.Int64).alias("position"))
    found = outcomes.label_matrix.units.select("row_id").join(known, on="row_id", how="left", maintain_order="left")
    if found["position"].null_count():
        row = found.filter(pl.col("position").is_null())["row_id"][0]
        raise SchemaError(f"`data` lacks row {row}, which has predictions. Pass the data points of the same split.")
    return found["position"].to_numpy()


def _condition_groups(outcomes: Outcomes, rows: _Rows, *, most: int, min_errors: int) -> list[ErrorGroup]:
    remaining, is_right = outcomes.is_error.copy(), outcomes.is_known & ~outcomes.is_error
    groups: list[ErrorGroup] = []
    if not len(rows.candidates):
        return groups
    chance = max(_CLEAR_Z, float(np.sqrt(2 * np.log(len(rows.candidates)))))
    right, is_tried = rows.count(is_right), np.zeros(len(rows.candidates), dtype=np.bool_)
    while len(groups) < most and int(remaining.sum()) >= min_errors:
        errors = rows.count(remaining)
        delta, z = log_odds(errors, remaining.sum(), right, is_right.sum())
        z[(errors < min_errors) | (delta < np.log(_LEAST_ODDS)) | is_tried] = -np.inf
        best = int(z.argmax())
        if z[best] < chance:
            break
        is_tried[best] = True
        condition = _refined(rows, best, remaining, is_right, min_errors=min_errors)
        inside = rows.units(condition) & outcomes.is_known
        group = _condition_group(outcomes, rows, condition, inside)
        if _is_worse(group):
            groups.append(group)
            remaining &= ~inside
    return groups


def _is_worse(group: ErrorGroup) -> bool:
    """Return whether errors are clearly more likely inside: earlier groups may have made right answers look rare."""
    rate, rest = group.rate.value, group.rest.value
    return group.lift.low > 0 and rate * (1 - rest) >= _LEAST_ODDS * rest * (1 - rate)


def _refined(rows: _Rows, best: int, remaining: Mask, is_right: Mask, *, min_errors: int) -> Condition:
    """Return the condition, with a second one where that makes the group clearly purer."""
    condition = rows.candidates.condition(best)
    inside = rows.units(condition)
    errors, right = rows.count(remaining & inside), rows.count(is_right & inside)
    low = wilson_limits(errors, errors + right).low
    low[errors < max(min_errors, errors[best] / 2)] = 0
    second = int(low.argmax())
    if low[second] <= errors[best] / (errors[best] + right[best]):
        return condition
    narrower = rows.candidates.condition(second)
    together = rows.units(condition & narrower)
    return narrower if np.array_equal(together, rows.units(narrower)) else condition & narrower


def _condition_group(outcomes: Outcomes, rows: _Rows, condition: Condition, inside: Mask) -> ErrorGroup:
    outside = outcomes.is_known & ~inside
    rate = outcomes.rate(outcomes.is_error, inside)
    rest = outcomes.rate(outcomes.is_error, outside)
    errors = np.flatnonzero(inside & outcomes.is_error)
    is_one_text = len({name for name, _ in rows.candidates.terms}) <= 1
    return ErrorGroup(
        group_name(condition, is_one_text=is_one_text),
        "condition",
        condition,
        int(inside.sum()),
        len(errors),
        rate,
        rest,
        newcombe(rate, rest),
        _pure_label(outcomes, inside),
        (),
        outcomes.frame(errors),
    )


def _pure_label(outcomes: Outcomes, inside: Mask) -> str | None:
    units = np.flatnonzero(inside)
    names = outcomes.names(outcomes.truth[units], units)
    label = str(names.mode(maintain_order=True)[0])
    return label if (names == label).mean() >= _PURE else None  # type: ignore[operator]


def group_name(condition: Condition, *, is_one_text: bool) -> str:
    """Return what a group is called.

    Examples:
        >>> group_name(Keyword("body", ("refund",)) & Keyword("body", ("not received",)), is_one_text=True)
        '"refund" + "not received"'
    """
    parts = condition.conditions if isinstance(condition, AllOf) else (condition,)
    return " + ".join(_part_name(part, is_one_text=is_one_text) for part in parts)


def _part_name(condition: Condition, *, is_one_text: bool) -> str:
    if is_one_text and isinstance(condition, Keyword):
        return " or ".join(f'"{keyword}"' for keyword in condition.keywords)
    words = describe(condition)
    for pattern, name in _SAID.items():
        words = re.sub(pattern, name, words)
    return words


def _pair_groups(outcomes: Outcomes, rows: _Rows, *, most: int, min_errors: int) -> list[ErrorGroup]:
    errors = np.flatnonzero(outcomes.is_error)
    frame = outcomes.frame(errors).select("truth", "prediction").with_columns(pl.Series("unit", errors))
    pairs = (
        frame.drop_nulls()
        .group_by("truth", "prediction")
        .agg(pl.col("unit").sort(), pl.len().alias("n"))
        .filter(pl.col("n") >= min_errors)
        .sort("n", "truth", "prediction", descending=[True, False, False])
        .head(most)
    )
    return [
        _pair_group(outcomes, rows, name=f"{truth} -> {prediction}", errors=np.array(members))
        for truth, prediction, members in pairs.select("truth", "prediction", "unit").iter_rows()
    ]


def _pair_group(outcomes: Outcomes, rows: _Rows, *, name: str, errors: NDArray[np.int64]) -> ErrorGroup:
    truth, prediction = outcomes.truth[errors[0]], outcomes.prediction[errors[0]]
    part = _same_label(outcomes, int(errors[0]))
    inside = part & (outcomes.truth == truth)
    outside = part & outcomes.is_known & ~inside
    rest_errors = outside & outcomes.is_error & (outcomes.prediction == prediction)
    is_member = np.zeros(outcomes.n_units, dtype=np.bool_)
    is_member[errors] = True
    rate, rest = outcomes.rate(is_member, inside), outcomes.rate(rest_errors, outside)
    terms = _terms(rows, is_member, inside & ~outcomes.is_error)
    frame = outcomes.frame(errors)
    return ErrorGroup(
        name, "pair", None, int(inside.sum()), len(errors), rate, rest, newcombe(rate, rest), None, terms, frame
    )


def _same_label(outcomes: Outcomes, unit: int) -> Mask:
    """Return the units of the same class of a `MultiLabel` schema; all units of any other schema."""
    frame = outcomes.label_matrix.units
    if "label" not in frame.columns:
        return np.ones(outcomes.n_units, dtype=np.bool_)
    same: Mask = (frame["label"] == frame["label"][unit]).to_numpy()
    return same


def _terms(rows: _Rows, errors: Mask, right: Mask) -> tuple[str, ...]:
    if not len(rows.candidates) or not right.any():
        return ()
    counts = rows.count(errors)
    _, z = log_odds(counts, errors.sum(), rows.count(right), right.sum())
    is_one_text = len({name for name, _ in rows.candidates.terms}) <= 1
    best = [place for place in np.argsort(-z, kind="stable")[:_N_TERMS].tolist() if z[place] >= _CLEAR_Z]
    return tuple(group_name(rows.candidates.condition(place), is_one_text=is_one_text) for place in best)
