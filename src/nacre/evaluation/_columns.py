"""Scores as arrays: a row per response, a column per criterion or evaluator."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nacre.data import to_polars
from nacre.errors import SchemaError, UnknownFieldError
from nacre.evaluation._answers import STATUS
from nacre.evaluation._combine import combine, combine_together
from nacre.evaluation._criterion import Criterion
from nacre.evaluation._scores import Scores

ALL = "all"
"""The slice of everything, the first row."""

ALL_CRITERIA = "all criteria"
"""The last column: the share of responses that pass every criterion. It is there from two criteria with a pass on."""

NOT_SCORED = "not scored"
MISSING = (*STATUS.categories.to_list()[1:], NOT_SCORED)
"""Why a response has no score: its status, or that the evaluator was not asked."""

PAIR = ["prompt_id", "repeat"]
"""What says that two responses of different runs belong together."""

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

    @cached_property
    def is_rate(self) -> Booleans:
        """Which columns are shares."""
        return np.array([criterion is None or criterion.is_rate for criterion in self.criteria], dtype=np.bool_)

    @cached_property
    def is_binary(self) -> Booleans:
        """Which columns a response passes or fails, and does not pass with a probability."""
        kinds = [criterion is None or criterion.kind in ("pass_fail", "ordinal") for criterion in self.criteria]
        is_between = ((self.outcomes > 0) & (self.outcomes < 1)).any(axis=0)
        return np.array(kinds, dtype=np.bool_) & ~is_between

    @property
    def lower_is_better(self) -> tuple[bool, ...]:
        """In which columns a small mean is good."""
        return tuple(criterion is not None and criterion.lower_is_better for criterion in self.criteria)

    def pick(self, rows: NDArray[Any], names: tuple[str, ...]) -> Columns:
        """Return some rows and columns."""
        if names == self.names and np.array_equal(rows, np.arange(len(self.responses))):
            return self
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


class Run(NamedTuple):
    """The columns of a run."""

    scores: Scores
    """With one evaluator per column."""
    by_evaluator: Columns
    columns: Columns
    fingerprints: Mapping[str, str]
    """Of the evaluators, by name."""

    @property
    def evaluators(self) -> dict[str, tuple[str, ...]]:
        """The evaluators of each criterion."""
        found: dict[str, tuple[str, ...]] = {}
        for criterion, behind in zip(self.by_evaluator.criteria, self.by_evaluator.evaluators.values(), strict=True):
            if criterion is not None:
                found[criterion.name] = (*found.get(criterion.name, ()), *behind)
        return found


def run_columns(runs: Sequence[Scores], by: By = "criterion") -> list[Run]:
    """Return the columns of each run: of each evaluator, and of each criterion, whose evaluators are combined.

    One label model combines them in all runs, so that the same verdicts are the same score in each.
    """
    apart = [
        Run(scores, single, single, scores.evaluators)
        for scores, single in ((scores, columns_of(scores, "evaluator")) for scores in runs)
    ]
    if by == "evaluator":
        return apart
    has_several = any(_has_several(run.by_evaluator) for run in apart)
    together = combine_together(runs) if has_several else runs
    return [_by_criterion(run, combined) for run, combined in zip(apart, together, strict=True)]


def _has_several(single: Columns) -> bool:
    """Whether a criterion has several evaluators."""
    names = [criterion.name for criterion in single.criteria if criterion is not None]
    return len(set(names)) < len(names)


def _by_criterion(run: Run, combined: Scores) -> Run:
    single = run.by_evaluator
    if _has_several(single):
        return run._replace(scores=combined, columns=columns_of(combined))
    names = tuple(criterion.name for criterion in single.criteria if criterion is not None)
    evaluators = dict(zip(names, single.evaluators.values(), strict=True))
    return run._replace(columns=replace(single, names=names, evaluators=evaluators))


def columns_of(scores: Scores, by: By = "criterion") -> Columns:
    """Return the columns of scores with at most one evaluator per criterion, or of each evaluator."""
    parts = _parts(scores.frame)
    keys = _in_order(parts, scores)
    responses = _responses(scores, list(parts.values()))
    row_ids = responses.get_column("row_id").to_numpy()
    names = tuple(_names(keys, by))
    criteria = tuple(scores.criterion(criterion) for _, criterion in keys)
    values = np.full((len(row_ids), len(keys)), np.nan)
    status = np.full(values.shape, len(MISSING), dtype=np.int8)
    for place, key in enumerate(keys):
        part = parts[key]
        rows = _places(part.get_column("row_id").to_numpy(), row_ids)
        values[rows, place] = part.get_column("value").cast(pl.Float64).fill_null(np.nan).to_numpy()
        status[rows, place] = part.get_column("status").cast(STATUS).to_physical().to_numpy()
    values[status > 0] = np.nan
    outcomes = values.copy()
    for place, criterion in enumerate(criteria):
        outcomes[:, place] = criterion.outcome(values[:, place])
    evaluators = {name: (evaluator,) for name, (evaluator, _) in zip(names, keys, strict=True)}
    return Columns(responses, names, criteria, evaluators, values, outcomes, status)


def _parts(frame: pl.DataFrame) -> dict[tuple[Any, ...], pl.DataFrame]:
    """Return the rows of each evaluator and criterion, without a copy where they stand together."""
    table, keys = frame.select("row_id", *PAIR, "value", "status"), frame.select("evaluator", "criterion")
    is_first = keys.select(pl.any_horizontal(pl.all().ne_missing(pl.all().shift()))).to_series()
    starts = [0, *(is_first.arg_true().to_list() if len(frame) else []), len(frame)]
    blocks = [(start, end) for start, end in pairwise(dict.fromkeys(starts)) if end > start]
    parts = {keys.row(start): table.slice(start, end - start) for start, end in blocks}
    if len(parts) == len(blocks):
        return parts
    return table.with_columns(keys).partition_by(keys.columns, as_dict=True, include_key=False)


def _places(found: NDArray[np.int64], row_ids: NDArray[np.int64]) -> NDArray[np.int64] | slice:
    """Return where these rows are among all."""
    return slice(None) if np.array_equal(found, row_ids) else np.searchsorted(row_ids, found)


def _responses(scores: Scores, parts: list[pl.DataFrame]) -> pl.DataFrame:
    """Return the responses; where every evaluator saw the same, without a look at all rows."""
    if not parts or any(not part["row_id"].equals(parts[0]["row_id"]) for part in parts):
        return scores.responses
    return parts[0].select("row_id", *PAIR).sort("row_id")


def _names(keys: list[tuple[str, str]], by: By) -> Iterator[str]:
    times = Counter(evaluator for evaluator, _ in keys)
    for evaluator, criterion in keys:
        if by == "criterion":
            yield criterion
        else:  # an imported judge may score several criteria under one name
            yield evaluator if times[evaluator] == 1 else f"{evaluator}: {criterion}"


def with_all_criteria(columns: Columns) -> Columns:
    """Add the column of what passes every criterion, where two or more criteria have a pass.

    Only a response that is scored on all of them counts; the others are missing for the worst reason that they have.
    """
    if ALL_CRITERIA in columns.names:
        raise SchemaError(f"`{ALL_CRITERIA}` is what passes every criterion; give the criterion another name.")
    places = [place for place, criterion in enumerate(columns.criteria) if criterion is not None and criterion.has_pass]
    if len(places) < 2:
        return columns
    passes = np.ones(len(columns.values))
    for place in places:
        criterion = columns.criteria[place]
        assert criterion is not None
        is_share = criterion.is_rate  # of several evaluators the probability of a pass
        passes *= columns.outcomes[:, place] if is_share else criterion.passed(columns.values[:, place])
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


def _in_order(parts: Iterable[tuple[Any, ...]], scores: Scores) -> list[tuple[str, str]]:
    """Return pairs of evaluator and criterion in the order of the criteria, then of the evaluators."""
    criteria = [criterion.name for criterion in scores.criteria]
    evaluators = list(scores.evaluators)
    return sorted(parts, key=lambda key: (criteria.index(key[1]), evaluators.index(key[0])))
