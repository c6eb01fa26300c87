"""What domain experts said about responses: the truth that evaluators are held to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nacre._hashing import hash_frame, hash_text
from nacre.data import Classes, to_polars, utc_times
from nacre.errors import SchemaError, UnknownFieldError, UnknownNameError, did_you_mean
from nacre.evaluation._answers import SCORED, as_answer, to_scores
from nacre.evaluation._criterion import Criterion

EXPERT_COLUMNS = pl.Schema(
    {
        "row_id": pl.Int64(),
        "criterion": pl.String(),
        "annotator": pl.String(),
        "value": pl.Float32(),
        "explanation": pl.String(),
        "golden": pl.String(),
        "at": pl.Datetime("us", "UTC"),
        "weight": pl.Float64(),
    }
)
ANYBODY = "expert"
"""Whose labels are those that name nobody."""

_KEYS = ("row_id", "criterion", "annotator")


class Ratings(NamedTuple):
    """Labels of one criterion, a row per response and a column per annotator."""

    row_ids: NDArray[np.int64]
    annotators: tuple[str, ...]
    values: NDArray[np.float64]
    """[n_responses, n_annotators]; NaN where an annotator did not label."""
    weights: NDArray[np.float64]
    """One over the probability that each response was sampled, mean of its labels."""


@dataclass(frozen=True, eq=False)
class ExpertLabels:
    """Labels of people: a row per response, criterion and annotator.

    Args:
        frame: `row_id`, `criterion`, `annotator`, `value` (the code of a class, or a number; null where the expert did
            not decide), `explanation`, `golden` (the response that the expert would have given), `at` (when), and
            `weight` (one over the probability that the response was sampled for the experts).
        criteria: The criteria.

    Examples:
        >>> labels = {"row_id": [7, 7, 7, 8], "criterion": "polite", "annotator": ["Ada", "Bo", "Cy", "Ada"]}
        >>> labels = pl.DataFrame({**labels, "score": ["pass", "fail", "pass", "fail"]})
        >>> experts = ExpertLabels.from_frame(labels, [Criterion("polite")])
        >>> experts
        ExpertLabels(4 labels of 2 responses by 3 annotators)
        >>> experts.majority("polite").select("row_id", "value", "n").rows()
        [(7, 1.0, 3), (8, 0.0, 1)]
    """

    frame: pl.DataFrame
    criteria: tuple[Criterion, ...]

    @classmethod
    def from_frame(cls, frame: Any, criteria: Sequence[Criterion]) -> ExpertLabels:
        """Make expert labels of a long frame, such as a CSV file that experts filled in.

        Args:
            frame: `row_id`, `criterion` (not needed where there is only one) and `score` (a class by name, true or
                false, or a number; also as text); where known `annotator`, `explanation`, `golden`, `at` and `weight`.
            criteria: The criteria that the frame names.

        Labels without `weight` beside others with one count as a random draw of their own, by how many labels each of
        the two draws is worth.

        Raises:
            UnknownFieldError: `row_id` or `score` is missing.
            SchemaError: A score is not on its scale, or an annotator labels a response twice on a criterion.
        """
        table = _with_defaults(to_polars(frame), criteria)
        known = {criterion.name: criterion for criterion in criteria}
        parts = [_labels_of(part, known) for _, part in table.group_by("criterion", maintain_order=True)]
        long = pl.concat(parts) if parts else pl.DataFrame(schema=EXPERT_COLUMNS)
        _check_once(long)
        return cls(long, tuple(criteria))

    @cached_property
    def fingerprint(self) -> str:
        """Content hash of who labelled what how; explanations and times are no part of it."""
        content = self.frame.select(*_KEYS, "value", "weight").sort(_KEYS)
        return hash_text(hash_frame(content), *(criterion.fingerprint for criterion in self.criteria))

    @property
    def annotators(self) -> tuple[str, ...]:
        """Who labelled, in order of their names."""
        return tuple(sorted(self.frame.get_column("annotator").unique().to_list()))

    def criterion(self, name: str) -> Criterion:
        """Return the criterion of this name."""
        for criterion in self.criteria:
            if criterion.name == name:
                return criterion
        raise UnknownNameError("criterion", name, available=[criterion.name for criterion in self.criteria])

    def of(self, criterion: str) -> pl.DataFrame:
        """Return the rows about one criterion."""
        self.criterion(criterion)
        return self.frame.filter(pl.col("criterion") == criterion)

    def where(self, row_ids: pl.Series) -> ExpertLabels:
        """Keep the labels of the responses with these row ids."""
        return ExpertLabels(self.frame.filter(pl.col("row_id").is_in(row_ids.implode())), self.criteria)

    def select(self, annotators: Iterable[str]) -> ExpertLabels:
        """Keep the labels of some annotators."""
        names = list(annotators)
        for name in names:
            if name not in self.annotators:
                raise UnknownNameError("annotator", name, available=self.annotators)
        return ExpertLabels(self.frame.filter(pl.col("annotator").is_in(names)), self.criteria)

    def majority(self, criterion: str) -> pl.DataFrame:
        """Return what most experts say of each response: `row_id`, `value`, `n` (how many labelled it), `weight`.

        Of a number it is the mean. A class needs more labels than every other: where classes tie, `value` is null.
        """
        labels = self.of(criterion).filter(pl.col("value").is_not_null())
        if isinstance(self.criterion(criterion).scale, Classes):
            modes = pl.col("value").mode()
            value = pl.when(modes.len() == 1).then(modes.first()).otherwise(None)
        else:
            value = pl.col("value").mean()
        row = labels.group_by("row_id").agg(
            value.cast(pl.Float32).alias("value"), pl.len().cast(pl.Int64).alias("n"), pl.col("weight").mean()
        )
        return row.sort("row_id")

    def ratings(self, criterion: str) -> Ratings:
        """Return the labels of a criterion as a table of responses by annotators."""
        labels = self.of(criterion).filter(pl.col("value").is_not_null())
        annotators = sorted(labels.get_column("annotator").unique().to_list())
        wide = labels.pivot(on="annotator", on_columns=annotators, index="row_id", values="value").sort("row_id")
        values = wide.select(annotators).cast(pl.Float64).fill_null(np.nan).to_numpy()
        weights = labels.group_by("row_id").agg(pl.col("weight").mean()).sort("row_id").get_column("weight").to_numpy()
        return Ratings(wide.get_column("row_id").to_numpy(), tuple(annotators), values, weights)

    def __repr__(self) -> str:
        n_rows, n_annotators = self.frame["row_id"].n_unique(), len(self.annotators)
        return (
            f"ExpertLabels({len(self.frame):,} label{'s' * (len(self.frame) != 1)} of {n_rows:,} "
            f"response{'s' * (n_rows != 1)} by {n_annotators} annotator{'s' * (n_annotators != 1)})"
        )


def _with_defaults(table: pl.DataFrame, criteria: Sequence[Criterion]) -> pl.DataFrame:
    if "criterion" not in table.columns and len(criteria) == 1:
        table = table.with_columns(criterion=pl.lit(criteria[0].name))
    for name in ("row_id", "criterion", "score"):
        if name not in table.columns:
            raise UnknownFieldError(name, available=table.columns, reader="the expert labels")
    defaults = {"annotator": pl.lit(ANYBODY), "weight": pl.lit(None)}
    table = table.with_columns(value.alias(name) for name, value in defaults.items() if name not in table.columns)
    table = table.with_columns(
        pl.col("criterion").cast(pl.String),
        pl.col("annotator").cast(pl.String).fill_null(ANYBODY),
    )
    for name in _KEYS[:2]:
        if (missing := table.get_column(name).is_null()).any():
            raise SchemaError(f"The {missing.arg_true()[0] + 1}. expert label has no `{name}`. Fill it in.")
    weight = _parsed(table, "weight", "a number above 0, one over the probability of having been sampled, such as 4.5")
    at = _parsed(table, "at", "a time such as 2026-05-03T10:00Z (ISO 8601)") if "at" in table.columns else None
    return table.with_columns(weight, pl.lit(None, dtype=EXPERT_COLUMNS["at"]).alias("at") if at is None else at)


def _labels_of(part: pl.DataFrame, criteria: Mapping[str, Criterion]) -> pl.DataFrame:
    name = part.item(0, "criterion")
    if name not in criteria:
        raise UnknownNameError("criterion", str(name), available=criteria)
    answers = [as_answer(score, criteria[name]) for score in part.get_column("score").to_list()]
    scores = to_scores(answers, None, criteria[name])
    for row, (answer, status) in enumerate(zip(answers, scores.get_column("status"), strict=True)):
        if answer is not None and status != SCORED:
            _refuse(part.row(row, named=True), scores.item(row, "message"), criteria[name])
    texts = {key: pl.col(key) if key in part.columns else pl.lit(None) for key in ("explanation", "golden")}
    return part.select(
        pl.col("row_id").cast(pl.Int64),
        "criterion",
        "annotator",
        scores.get_column("value"),
        *(text.cast(pl.String).alias(key) for key, text in texts.items()),
        "at",
        pl.col("weight").fill_null(_weight_of_others(part.get_column("weight"))),
    )


def _weight_of_others(weights: pl.Series) -> float:
    """Return the weight of labels that came without one: 1 where all did.

    They count as a random draw of their own. Two draws are pooled by how many labels each is worth, and n weighted ones
    are worth (sum w)^2 / sum w^2 (Korn & Graubard 1999, section 8.2): beside them a label without weight has
    sum w^2 / sum w. A weight of 1 beside weights of 50 would throw it away.
    """
    known = weights.drop_nulls().to_numpy()
    return float(known @ known / known.sum()) if len(known) else 1.0


def _refuse(row: Mapping[str, Any], message: str, criterion: Criterion) -> None:
    names = criterion.scale.names if isinstance(criterion.scale, Classes) else ()
    raise SchemaError(
        f"`{row['annotator']}` labels response {row['row_id']} on `{criterion.name}`: {message}"
        f"{did_you_mean(str(row['score']), names)}"
    )


def _parsed(table: pl.DataFrame, name: str, expected: str) -> pl.Series:
    """Return weights or times, which a table may hold as text."""
    given = table.get_column(name)
    text = given.cast(pl.String).str.strip_chars()
    if name == "at":
        values = utc_times(text)
    else:
        values = (text if given.dtype == pl.String else given).cast(pl.Float64, strict=False)
        values = values.set(~(values.is_finite() & (values > 0)), None)
    bad = values.is_null() & text.is_not_null() & (text != "")
    if bad.any():
        row = table.row(int(bad.arg_true()[0]), named=True)
        raise SchemaError(
            f"`{row['annotator']}` labels response {row['row_id']} on `{row['criterion']}` with the `{name}` "
            f"{row[name]!r}; expected {expected}. Correct it, or leave it empty."
        )
    return values


def _check_once(long: pl.DataFrame) -> None:
    repeated = long.select(_KEYS).is_duplicated()
    if repeated.any():
        first = long.filter(repeated).row(0, named=True)
        raise SchemaError(
            f"`{first['annotator']}` labels response {first['row_id']} more than once on `{first['criterion']}`. "
            "Keep one label of each annotator."
        )
