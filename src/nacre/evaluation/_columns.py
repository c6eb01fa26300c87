"""Scores as arrays: a row per response, a column per criterion or evaluator."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nacre.data import to_polars
from nacre.errors import SchemaError, UnknownFieldError
from nacre.evaluation._answers import STATUS
from nacre.evaluation._combine import combine
from nacre.evaluation._criterion import Criterion
from nacre.evaluation._scores import Scores

ALL = "all"
"""The slice of everything, the first row."""

ALL_CRITERIA = "all criteria"
"""The last column: the share of responses that pass every criterion. It is there from two criteria with a pass on."""

NOT_SCORED = "not scored"
MISSING = (*STATUS.categories.to_list()[1:], NOT_SCORED)
"""Why a response has no score: its status, or that the evaluator was not asked."""

_PAIR = ["prompt_id", "repeat"]

By: TypeAlias = Literal["criterion", "evaluator"]
Floats: TypeAlias = NDArray[np.float64]
Booleans: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Columns:
    """Scores of responses as arrays.

    Args:
        responses: `row_id`, `prompt_id`, `repeat` of each row.
        names: What the columns are called.
        criteria: What each column is about; None for `all criteria`.
        evaluators: The evaluators behind each column.
        values: Stored values, [n_responses, n_columns]; NaN where there is no score.
        outcomes: What a cell averages, of the same shape.
        status: Place in "scored", then `MISSING`, of the same shape.
    """

    responses: pl.DataFrame
    names: tuple[str, ...]
    criteria: tuple[Criterion | None, ...]
    evaluators: Mapping[str, tuple[str, ...]]
    values: Floats
    outcomes: Floats
    status: NDArray[np.int8]

    @cached_property
    def prompts(self) -> NDArray[np.int64] | None:
        """The number of the prompt of each row, where prompts repeat; None where every prompt has one response."""
        ids = self.responses.get_column("prompt_id")
        if ids.n_unique() == len(ids):
            return None
        return ids.rank("dense").to_numpy().astype(np.int64)

    @cached_property
    def rows_by_prompt(self) -> NDArray[np.int64]:
        """The rows, those of a prompt side by side."""
        if self.prompts is None:
            return np.arange(len(self.responses))
        return np.argsort(self.prompts, kind="stable")

    @property
    def is_rate(self) -> Booleans:
        """Which columns are shares."""
        return np.array([criterion is None or criterion.is_rate for criterion in self.criteria], dtype=np.bool_)

    @property
    def is_binary(self) -> Booleans:
        """Which columns a response passes or fails."""
        kinds = [criterion is None or criterion.kind in ("pass_fail", "ordinal") for criterion in self.criteria]
        return np.array(kinds, dtype=np.bool_)

    @property
    def lower_is_better(self) -> tuple[bool, ...]:
        """In which columns a small mean is good."""
        return tuple(criterion is not None and criterion.lower_is_better for criterion in self.criteria)

    def pick(self, rows: NDArray[Any], names: tuple[str, ...]) -> Columns:
        """Return some rows and columns."""
        places = np.array([self.names.index(name) for name in names], dtype=np.intp)
        return replace(
            self,
            responses=self.responses[rows],
            names=names,
            criteria=tuple(self.criteria[place] for place in places),
            values=self.values[np.ix_(rows, places)],
            outcomes=self.outcomes[np.ix_(rows, places)],
            status=self.status[np.ix_(rows, places)],
        )


def one_evaluator_per_criterion(scores: Scores) -> Scores:
    """Return scores in which no criterion has several evaluators: those are combined."""
    pairs = scores.frame.select("evaluator", "criterion").unique()
    is_single = pairs.get_column("criterion").n_unique() == len(pairs)
    return scores if is_single else combine(scores)


def columns_of(scores: Scores, by: By = "criterion") -> Columns:
    """Return the columns of scores with at most one evaluator per criterion, or of each evaluator."""
    responses = scores.responses
    row_ids = responses.get_column("row_id").to_numpy()
    parts = scores.frame.select("row_id", "evaluator", "criterion", "value", "status").partition_by(
        "evaluator", "criterion", as_dict=True
    )
    names: list[str] = []
    criteria: list[Criterion] = []
    evaluators: dict[str, tuple[str, ...]] = {}
    values = np.full((len(row_ids), len(parts)), np.nan)
    status = np.full(values.shape, len(MISSING), dtype=np.int8)
    for place, (evaluator, criterion) in enumerate(_in_order(parts, scores)):
        name, part = criterion if by == "criterion" else evaluator, parts[evaluator, criterion]
        rows = np.searchsorted(row_ids, part.get_column("row_id").to_numpy())
        values[rows, place] = part.get_column("value").cast(pl.Float64).fill_null(np.nan).to_numpy()
        status[rows, place] = part.get_column("status").to_physical().to_numpy()
        names.append(name)
        criteria.append(scores.criterion(criterion))
        evaluators[name] = (evaluator,)
    values[status > 0] = np.nan
    outcomes = values.copy()
    for place, meaning in enumerate(criteria):
        outcomes[:, place] = meaning.outcome(values[:, place])
    return Columns(responses, tuple(names), tuple(criteria), evaluators, values, outcomes, status)


def with_all_criteria(columns: Columns) -> Columns:
    """Add the column of what passes every criterion, where two or more criteria have a pass.

    Only a response that is scored on all of them counts; the others are missing for the worst reason that they have.
    """
    if ALL_CRITERIA in columns.names:
        raise SchemaError(f"`{ALL_CRITERIA}` is what passes every criterion; give the criterion another name.")
    places = [place for place, criterion in enumerate(columns.criteria) if criterion is not None and criterion.has_pass]
    if len(places) < 2:
        return columns
    passes = np.ones(len(columns.values), dtype=np.bool_)
    for place in places:
        criterion = columns.criteria[place]
        assert criterion is not None
        passes &= criterion.passed(columns.values[:, place])
    status = columns.status[:, places].max(axis=1)
    compliant = np.where(status == 0, passes, np.nan)
    behind = tuple(name for place in places for name in columns.evaluators[columns.names[place]])
    return replace(
        columns,
        names=(*columns.names, ALL_CRITERIA),
        criteria=(*columns.criteria, None),
        evaluators={**columns.evaluators, ALL_CRITERIA: behind},
        values=np.column_stack([columns.values, compliant]),
        outcomes=np.column_stack([columns.outcomes, compliant]),
        status=np.column_stack([columns.status, status]),
    )


def evaluators_by_criterion(scores: Scores) -> dict[str, tuple[str, ...]]:
    """Return the evaluators of each criterion that has any, in order."""
    found: dict[str, tuple[str, ...]] = {}
    for evaluator, criterion in _in_order(scores.frame.select("evaluator", "criterion").unique().rows(), scores):
        found[criterion] = (*found.get(criterion, ()), evaluator)
    return found


def changed_evaluators(before: Scores, after: Scores) -> tuple[str, ...]:
    """Return the evaluators of criteria in both runs that only one run has, or that were edited between them."""
    old, new = evaluators_by_criterion(before), evaluators_by_criterion(after)
    names = dict.fromkeys(name for criterion in new if criterion in old for name in (*new[criterion], *old[criterion]))
    return tuple(name for name in names if before.evaluators.get(name) != after.evaluators.get(name))


def slice_masks(responses: pl.DataFrame, members: pl.DataFrame | None) -> dict[str, Booleans]:
    """Return which responses are in each slice, in `all` every one; one of unknown membership is in no other."""
    masks: dict[str, Booleans] = {ALL: np.ones(len(responses), dtype=np.bool_)}
    if members is None:
        return masks
    table = to_polars(members)
    if "row_id" not in table.columns:
        raise UnknownFieldError("row_id", available=table.columns, reader="the slices")
    if ALL in table.columns:
        raise SchemaError(f"`{ALL}` is the slice of every response; give the slice another name.")
    if table.get_column("row_id").is_duplicated().any():
        raise SchemaError("The slices say more than once what a response belongs to. Keep one row per `row_id`.")
    joined = responses.select("row_id").join(table, on="row_id", how="left", maintain_order="left")
    for name in table.columns:
        if name != "row_id":
            masks[name] = joined.get_column(name).cast(pl.Boolean).fill_null(False).to_numpy()
    return masks


@dataclass(frozen=True, eq=False)
class Pairs:
    """Responses of two runs to the same prompt and repeat, and the columns that mean the same in both.

    Args:
        before: Columns of the first run, a row per pair.
        after: Columns of the second run, in the same order.
        rows: Which rows of the second run have a partner.
        n_only_before: How many responses only the first run has.
        n_only_after: How many only the second has.
        left_out: Columns that one run lacks, or whose criterion differs.
    """

    before: Columns
    after: Columns
    rows: NDArray[np.int64]
    n_only_before: int
    n_only_after: int
    left_out: tuple[str, ...]

    @cached_property
    def differences(self) -> Floats:
        """What each pair changed of what a cell averages, [n_pairs, n_columns]; NaN where either has no score."""
        return self.after.outcomes - self.before.outcomes

    def with_all_criteria(self) -> Pairs:
        """Add to both runs what passes every criterion that both have."""
        return replace(self, before=with_all_criteria(self.before), after=with_all_criteria(self.after))


def paired(before: Columns, after: Columns) -> Pairs:
    """Return what two runs have in common."""
    old, new = (_numbered(columns.responses) for columns in (before, after))
    places = new.join(old, on=_PAIR, how="inner", suffix="_before", maintain_order="left")
    meaning = {name: _meaning(criterion) for name, criterion in zip(before.names, before.criteria, strict=True)}
    same = tuple(
        name
        for name, criterion in zip(after.names, after.criteria, strict=True)
        if name in meaning and meaning[name] == _meaning(criterion)
    )
    every = dict.fromkeys([*after.names, *before.names])
    rows = places.get_column("place").to_numpy()
    return Pairs(
        before.pick(places.get_column("place_before").to_numpy(), same),
        after.pick(rows, same),
        rows,
        len(old) - len(places),
        len(new) - len(places),
        tuple(name for name in every if name not in same),
    )


def _numbered(responses: pl.DataFrame) -> pl.DataFrame:
    repeated = responses.select(_PAIR).is_duplicated()
    if repeated.any():
        first = responses.filter(repeated).row(0, named=True)
        raise SchemaError(
            f"A run has several responses to the prompt `{first['prompt_id']}` with the repeat {first['repeat']}: "
            "it is open which to compare. Compare one system at a time, or number the responses by `repeat`."
        )
    return responses.select(_PAIR).with_row_index("place")


def _meaning(criterion: Criterion | None) -> str:
    return "" if criterion is None else criterion.fingerprint


def _in_order(parts: Iterable[tuple[Any, ...]], scores: Scores) -> list[tuple[str, str]]:
    """Return pairs of evaluator and criterion in the order of the criteria, then of the evaluators."""
    criteria = [criterion.name for criterion in scores.criteria]
    evaluators = list(scores.evaluators)
    return sorted(parts, key=lambda key: (criteria.index(key[1]), evaluators.index(key[0])))
