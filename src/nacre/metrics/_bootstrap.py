"""Percentile bootstrap of any metric that is a function of totals.

Accuracy, F1, mean differences and calibration error are functions of sums over data points. Resampling data points and
summing again is the same as drawing how often each *distinct* row of summands occurs: multinomial counts (Efron &
Tibshirani 1993, 5.4). A confusion matrix of 77 classes has a few hundred distinct rows, however many data points.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nacre.metrics._arrays import Codes, Floats

N_DRAWS = 2_000
_TAILS = (0.025, 0.975)
_BLOCK = 1 << 22  # cells of the counts drawn at once: 32 MB

Statistic: TypeAlias = Callable[[Floats], Floats]


class Bounds(NamedTuple):
    """Values with the limits of their 95 % intervals."""

    value: Floats
    low: Floats
    high: Floats


def bootstrap(units: Floats, statistic: Statistic, *, counts: Codes | None = None, random_state: int = 0) -> Bounds:
    """Return the value of a statistic of totals and its percentile interval over 2,000 draws.

    The interval is widened to the value where the bootstrap is biased away from it. Draws in which the statistic is
    undefined (NaN) are left out.

    Args:
        units: What each resampled unit adds to the totals, [n_units, n_totals].
        statistic: Maps totals [n_draws, n_totals] to values [n_draws] or [n_draws, n_values].
        counts: How often each row of `units` occurs, when they are already distinct.
        random_state: Seed of the draws.
    """
    if counts is None:
        units, counts = np.unique(units, axis=0, return_counts=True)
    value = statistic((counts @ units)[np.newaxis])[0]
    rng = np.random.default_rng(random_state)
    draws = statistic(np.concatenate([drawn @ units for drawn in _drawn_counts(counts, rng)]))
    is_undefined = np.isnan(draws).all(axis=0)
    low, high = np.nanquantile(np.where(is_undefined, 0.0, draws), _TAILS, axis=0)
    return Bounds(
        value,
        low=np.where(is_undefined, np.nan, np.fmin(low, value)),
        high=np.where(is_undefined, np.nan, np.fmax(high, value)),
    )


def _drawn_counts(counts: Codes, rng: np.random.Generator) -> Iterator[Floats]:
    """Yield blocks [n_draws, n_distinct] of how often each distinct unit was drawn."""
    n_units, n_distinct = int(counts.sum()), len(counts)
    # One multinomial cell costs about as much as drawing thirty single units.
    if 30 * n_distinct > n_units:
        yield from _counted_members(np.repeat(np.arange(n_distinct), counts), n_distinct, rng)
        return
    for size in _blocks(n_distinct):
        yield rng.multinomial(n_units, counts / n_units, size=size).astype(np.float64)


def _counted_members(members: NDArray[np.int64], n_distinct: int, rng: np.random.Generator) -> Iterator[Floats]:
    """Yield blocks [n_draws, n_distinct] of how often each distinct unit was drawn, one unit after the other."""
    n_units = len(members)
    for size in _blocks(max(n_distinct, 4 * n_units)):
        cells = members[rng.integers(n_units, size=(size, n_units))] + n_distinct * np.arange(size)[:, np.newaxis]
        yield np.bincount(cells.ravel(), minlength=size * n_distinct).reshape(size, n_distinct).astype(np.float64)


def _blocks(n_cells: int) -> Iterator[int]:
    """Yield how many draws to make at once when each takes so many cells."""
    block = max(1, min(N_DRAWS, _BLOCK // n_cells))
    for start in range(0, N_DRAWS, block):
        yield min(block, N_DRAWS - start)
