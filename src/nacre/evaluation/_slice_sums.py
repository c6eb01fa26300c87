"""Sums over the responses of all slices at once: one matrix product, slices by responses times responses by columns."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nacre.evaluation._columns import Booleans, Columns, Floats

Counts = NDArray[np.int64]
_BLOCK = 16_384  # responses at a time: their part of both tables stays in the cache


class Units(NamedTuple):
    """What each unit, a response or a prompt with its repeats, adds to each column: [n_units, n_columns]."""

    totals: Floats
    counts: Counts


class Sums(NamedTuple):
    """What the responses of slices add up to: [n_slices, n_columns] each."""

    n_scored: Counts
    n_up: Counts
    """Responses above zero."""
    n_down: Counts
    """Responses below zero."""
    totals: Floats
    squares: Floats
    n_units: Counts
    """Units with a score: prompts where they repeat."""
    n_moved: Counts
    """Units whose total is not zero."""
    unit_squares: Floats
    """Squares of the totals of units."""
    unit_products: Floats
    """Totals of units times how many responses of them are scored."""
    count_squares: Floats


@dataclass(frozen=True, eq=False)
class SliceUnits:
    """The scores of the responses of slices.

    Args:
        outcomes: What is averaged, [n_responses, n_columns]; NaN, not scored, adds nothing.
        masks: Which responses each slice has, [n_slices, n_responses].
        prompts: The prompt of each response, ascending, where prompts repeat.
    """

    outcomes: Floats
    masks: Booleans
    prompts: Counts | None = None

    @classmethod
    def from_columns(cls, columns: Columns, masks: Booleans, outcomes: Floats) -> SliceUnits:
        """Return these outcomes of the responses of columns."""
        if columns.prompts is None:
            return cls(outcomes, masks)
        rows = columns.rows_by_prompt
        return cls(outcomes[rows], masks[:, rows], columns.prompts[rows])

    @cached_property
    def units(self) -> Units:
        """All units."""
        return _units_of(self.outcomes, self._starts)

    @cached_property
    def sums(self) -> Sums:
        """What each slice adds up to."""
        is_scored = ~np.isnan(self.outcomes)
        outcomes = np.where(is_scored, self.outcomes, 0.0)
        up, down = outcomes > 0, outcomes < 0
        flags = [is_scored, up, down] if down.any() else [is_scored, up]
        n_scored, n_up, *rest = np.split(slice_counts(self.masks, *flags), len(flags), axis=1)
        n_down = rest[0] if rest else np.zeros_like(n_up)
        totals, squares = (n_up - n_down).astype(np.float64), (n_up + n_down).astype(np.float64)
        other = np.flatnonzero((np.sign(outcomes) != outcomes).any(axis=0))  # not all of -1, 0, 1
        if len(other):
            part = outcomes[:, other]
            totals[:, other], squares[:, other] = np.split(_products(self.masks, part, part**2), 2, axis=1)
        singles = (n_scored, n_up, n_down, totals, squares)
        if self.prompts is None:
            return Sums(*singles, n_scored, n_up + n_down, squares, totals, n_scored.astype(np.float64))
        return Sums(*singles, *self._unit_sums())

    def column(self, slice: int, column: int) -> Units:
        """Return the scored units of a cell: [n_units] each."""
        units, is_inside = self._of(slice)
        is_scored = is_inside & (units.counts[:, column] > 0)
        return Units(units.totals[is_scored, column], units.counts[is_scored, column])

    @cached_property
    def _starts(self) -> Counts | None:
        return None if self.prompts is None else np.flatnonzero(np.diff(self.prompts, prepend=-1))

    @cached_property
    def _unit_masks(self) -> Booleans:
        """Which units have their first response in each slice."""
        return self.masks if self._starts is None else self.masks[:, self._starts]

    @cached_property
    def _is_whole(self) -> Booleans:
        """Which slices have all repeats of a prompt or none."""
        if self.prompts is None or self._starts is None:
            return np.ones(len(self.masks), dtype=np.bool_)
        sizes = np.diff(self._starts, append=len(self.prompts))
        return np.array(
            [
                np.array_equal(np.repeat(firsts, sizes), mask)
                for firsts, mask in zip(self._unit_masks, self.masks, strict=True)
            ],
            dtype=np.bool_,
        )

    def _of(self, slice: int) -> tuple[Units, Booleans]:
        """Return units, and which of them are in the slice."""
        if self._is_whole[slice]:
            return self.units, self._unit_masks[slice]
        units = self._parts.get(slice)
        if units is None:
            self._parts.clear()  # cells are looked at slice by slice
            units = self._parts[slice] = self._part(slice)
        return units, np.ones(len(units.counts), dtype=np.bool_)

    @cached_property
    def _parts(self) -> dict[int, Units]:
        return {}

    def _part(self, slice: int) -> Units:
        """Return the units of a slice that has some repeats of a prompt and not others."""
        assert self.prompts is not None
        mask = self.masks[slice]
        return _units_of(self.outcomes[mask], np.flatnonzero(np.diff(self.prompts[mask], prepend=-1)))

    def _unit_sums(self) -> tuple[Counts, Counts, Floats, Floats, Floats]:
        shape = (len(self.masks), self.outcomes.shape[1])
        counts, sums = np.zeros((2, *shape), dtype=np.int64), np.zeros((3, *shape))
        whole, ragged = np.flatnonzero(self._is_whole), np.flatnonzero(~self._is_whole)
        groups = [(whole, self._unit_masks[whole], self.units)] if len(whole) else []
        for places, masks, (totals, sizes) in (*groups, *(self._alone(place) for place in ragged.tolist())):
            tables = (totals**2, totals * sizes, sizes.astype(np.float64) ** 2)
            counts[:, places] = np.split(slice_counts(masks, sizes > 0, totals != 0), 2, axis=1)
            sums[:, places] = np.split(_products(masks, *tables), 3, axis=1)
        return counts[0], counts[1], sums[0], sums[1], sums[2]

    def _alone(self, slice: int) -> tuple[Counts, Booleans, Units]:
        units = self._part(slice)
        return np.array([slice]), np.ones((1, len(units.counts)), dtype=np.bool_), units


def _units_of(outcomes: Floats, starts: Counts | None) -> Units:
    counts = (~np.isnan(outcomes)).astype(np.int64)
    totals = np.where(counts, outcomes, 0.0)
    if starts is None or not len(starts):
        return Units(totals, counts)
    return Units(np.add.reduceat(totals, starts, axis=0), np.add.reduceat(counts, starts, axis=0))


def slice_counts(masks: Booleans, *flags: Booleans) -> Counts:
    """Return how many rows of each slice have each flag: [n_slices, n_flags].

    Args:
        masks: Which rows each slice has, [n_slices, n_rows].
        flags: Tables side by side, [n_rows, n_flags].
    """
    found = np.zeros((len(masks), sum(table.shape[1] for table in flags)))
    for start in range(0, masks.shape[1], _BLOCK):  # counts of a block are exact in 32 bits, which are twice as fast
        block = slice(start, start + _BLOCK)
        part = np.hstack([table[block] for table in flags])
        found += masks[:, block].astype(np.float32) @ part.astype(np.float32)
    return found.astype(np.int64)


def _products(masks: Booleans, *tables: Floats) -> Floats:
    found: Floats = np.zeros((len(masks), sum(table.shape[1] for table in tables)))
    for start in range(0, masks.shape[1], _BLOCK):
        block = slice(start, start + _BLOCK)
        found += masks[:, block].astype(np.float64) @ np.hstack([table[block] for table in tables])
    return found
