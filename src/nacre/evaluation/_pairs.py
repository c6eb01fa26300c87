"""Responses of two runs to the same prompts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nacre.evaluation._columns import PAIR, Booleans, Columns, Floats, Run, with_all_criteria
from nacre.evaluation._criterion import Criterion

Places = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Partners:
    """Which responses of two runs belong together.

    Args:
        rows: The responses of the first run that have a partner, and those of the second, those of a pair side by side.
        starts: The place of the first response of each pair in these rows.
        is_by_prompt: Whether a pair is all responses to a prompt: where the runs do not have the same repeats.
    """

    rows: tuple[Places, Places]
    starts: tuple[Places, Places]
    is_by_prompt: bool

    def pick(self, columns: Columns, side: int) -> Columns:
        """Return a row per pair; where it is several responses their mean."""
        picked = columns.pick(self.rows[side], columns.names)
        return _averaged(picked, self.starts[side]) if self.is_by_prompt else picked


@dataclass(frozen=True, eq=False)
class Pairs:
    """Responses of two runs to the same prompts, and the columns that mean the same in both.

    A pair is two responses to the same prompt and repeat. Where the runs do not repeat the same prompts equally often,
    as one has more repeats or systems, it is a prompt, with the mean of all its responses on each side.

    Args:
        runs: These columns of the first run and of the second, of all responses.
        partners: Which responses belong together.
        n_only_before: How many responses only the first run has.
        n_only_after: How many only the second has.
        left_out: Columns that one run lacks, or whose criterion differs.
        edited: Columns whose evaluators are not the same in both runs: what changed may be theirs.
    """

    runs: tuple[Columns, Columns]
    partners: Partners
    n_only_before: int
    n_only_after: int
    left_out: tuple[str, ...]
    edited: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.partners.starts[1])

    @cached_property
    def before(self) -> Columns:
        """Columns of the first run, a row per pair."""
        return self.partners.pick(self.runs[0], 0)

    @cached_property
    def after(self) -> Columns:
        """Columns of the second run, in the same order; its `row_id` is the first of the pair."""
        return self.partners.pick(self.runs[1], 1)

    @property
    def is_by_prompt(self) -> bool:
        """Whether a pair is a prompt with the mean of its responses."""
        return self.partners.is_by_prompt

    @cached_property
    def differences(self) -> Floats:
        """What each pair changed of what a cell averages, [n_pairs, n_columns]; NaN where either has no score."""
        return self.after.outcomes - self.before.outcomes

    @cached_property
    def is_binary(self) -> Booleans:
        """In which columns each side of a pair passes or fails, and is no mean."""
        return self.before.is_binary & self.after.is_binary

    @cached_property
    def is_comparable(self) -> Booleans:
        """Which columns have the same evaluators in both runs; `all criteria` where all of them have."""
        criteria = dict(zip(self.after.names, self.after.criteria, strict=True))
        is_whole = not any(
            criterion and criterion.has_pass and name in self.edited for name, criterion in criteria.items()
        )
        flags = [is_whole if criterion is None else name not in self.edited for name, criterion in criteria.items()]
        return np.array(flags, dtype=np.bool_)

    @property
    def not_comparable(self) -> tuple[str, ...]:
        """The columns whose evaluators differ, without `all criteria`."""
        return tuple(name for name in self.after.names if name in self.edited)

    def members(self, masks: Booleans) -> Booleans:
        """Return which pairs each slice has: those of which it has a response of the second run.

        Args:
            masks: Which responses of the second run each slice has, [n_slices, n_responses].
        """
        kept = masks[:, self.partners.rows[1]]
        return (
            np.logical_or.reduceat(kept, self.partners.starts[1], axis=1) if self.is_by_prompt and len(self) else kept
        )

    def with_all_criteria(self) -> Pairs:
        """Add to both runs what passes every criterion that both have."""
        before, after = (with_all_criteria(run) for run in self.runs)
        return replace(self, runs=(before, after))


def paired(earlier: Run, later: Run) -> Pairs:
    """Return what two runs have in common."""
    before, after = earlier.columns, later.columns
    meaning = {name: _meaning(criterion) for name, criterion in zip(before.names, before.criteria, strict=True)}
    same = tuple(
        name
        for name, criterion in zip(after.names, after.criteria, strict=True)
        if name in meaning and meaning[name] == _meaning(criterion)
    )
    every = dict.fromkeys([*after.names, *before.names])
    partners = _partners(before.responses, after.responses)
    n_before, n_after = (
        len(run.responses) - len(rows) for run, rows in zip((before, after), partners.rows, strict=True)
    )
    old, new = (run.pick(np.arange(len(run.responses)), same) for run in (before, after))
    left_out = tuple(name for name in every if name not in same)
    return Pairs((old, new), partners, n_before, n_after, left_out, _edited_columns(earlier, later))


def _partners(before: pl.DataFrame, after: pl.DataFrame) -> Partners:
    """Pair responses by prompt and repeat where both runs have the same ones of every shared prompt, else prompts."""
    old, new = (responses.select(PAIR).with_row_index("place") for responses in (before, after))
    shared = [
        one.join(other, on="prompt_id", how="semi", maintain_order="left") for one, other in ((old, new), (new, old))
    ]
    pairs = shared[1].join(shared[0], on=PAIR, how="inner", suffix="_before", maintain_order="left")
    is_single = not any(responses.select(PAIR).is_duplicated().any() for responses in shared)
    if is_single and len(pairs) == len(shared[0]) == len(shared[1]):
        rows = tuple(pairs.get_column(name).cast(pl.Int64).to_numpy() for name in ("place_before", "place"))
        singles = np.arange(len(pairs))
        return Partners((rows[0], rows[1]), (singles, singles), is_by_prompt=False)
    order = new.select("prompt_id").unique(maintain_order=True).with_row_index("prompt")
    found = [
        part.join(order, on="prompt_id", how="left", maintain_order="left").sort("prompt", maintain_order=True)
        for part in shared
    ]
    rows = tuple(part.get_column("place").cast(pl.Int64).to_numpy() for part in found)
    starts = tuple(_starts(part.get_column("prompt").cast(pl.Int64).to_numpy()) for part in found)
    return Partners((rows[0], rows[1]), (starts[0], starts[1]), is_by_prompt=True)


def _starts(sorted_places: Places) -> Places:
    return np.flatnonzero(np.diff(sorted_places, prepend=-1))


def _averaged(columns: Columns, starts: Places) -> Columns:
    """Return the means of runs of rows; of those without any score the first status."""
    if not len(starts):
        return columns
    outcomes = _means(columns.outcomes, starts)
    return replace(
        columns,
        responses=columns.responses[starts],
        values=_means(columns.values, starts),
        outcomes=outcomes,
        status=np.where(np.isnan(outcomes), columns.status[starts], 0).astype(np.int8),
    )


def _means(table: Floats, starts: Places) -> Floats:
    """Return the means of runs of rows, of what is not NaN."""
    counts = np.add.reduceat(~np.isnan(table), starts, axis=0, dtype=np.int64)
    totals = np.add.reduceat(np.nan_to_num(table), starts, axis=0)
    means: Floats = np.divide(totals, counts, out=np.full(totals.shape, np.nan), where=counts > 0)
    return means


def _meaning(criterion: Criterion | None) -> str:
    return "" if criterion is None else criterion.fingerprint


def changed_evaluators(before: Run, after: Run) -> tuple[str, ...]:
    """Return the evaluators of criteria in both runs that only one run has, or that were edited between them."""
    old, new = before.evaluators, after.evaluators
    names = dict.fromkeys(name for criterion in new if criterion in old for name in (*new[criterion], *old[criterion]))
    return tuple(name for name in names if before.fingerprints.get(name) != after.fingerprints.get(name))


def _edited_columns(before: Run, after: Run) -> tuple[str, ...]:
    """Return the columns of the second run that other evaluators are behind than in the first."""
    changed = set(changed_evaluators(before, after))
    return tuple(
        name for name in after.columns.names if any(changed & set(_behind(run, name)) for run in (before, after))
    )


def _behind(run: Run, column: str) -> tuple[str, ...]:
    is_by_evaluator = run.columns is run.by_evaluator
    return (run.columns.evaluators if is_by_evaluator else run.evaluators).get(column, ())
