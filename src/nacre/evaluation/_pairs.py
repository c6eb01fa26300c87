"""Responses of two runs to the same prompts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nacre.errors import SchemaError
from nacre.evaluation._columns import PAIR, Columns, Floats, Run, with_all_criteria
from nacre.evaluation._criterion import Criterion


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
    places = new.join(old, on=PAIR, how="inner", suffix="_before", maintain_order="left")
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
    repeated = responses.select(PAIR).is_duplicated()
    if repeated.any():
        first = responses.filter(repeated).row(0, named=True)
        raise SchemaError(
            f"A run has several responses to the prompt `{first['prompt_id']}` with the repeat {first['repeat']}: "
            "it is open which to compare. Compare one system at a time, or number the responses by `repeat`."
        )
    return responses.select(PAIR).with_row_index("place")


def _meaning(criterion: Criterion | None) -> str:
    return "" if criterion is None else criterion.fingerprint


def changed_evaluators(before: Run, after: Run) -> tuple[str, ...]:
    """Return the evaluators of criteria in both runs that only one run has, or that were edited between them."""
    old, new = before.evaluators, after.evaluators
    names = dict.fromkeys(name for criterion in new if criterion in old for name in (*new[criterion], *old[criterion]))
    return tuple(name for name in names if before.fingerprints.get(name) != after.fingerprints.get(name))
