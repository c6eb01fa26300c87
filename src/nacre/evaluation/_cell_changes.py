"""Changes of all slices and criteria at once, between two runs on the same prompts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nacre.evaluation._cell_means import divided, standard_errors, t_quantiles
from nacre.evaluation._columns import Booleans, Floats
from nacre.evaluation._pairs import Pairs
from nacre.evaluation._resamples import resampled_means
from nacre.evaluation._slice_sums import Counts, SliceUnits
from nacre.metrics import MOST_DRAWN, Metric, change_limits, mcnemar_p, normal_sign_flip_p, sign_flip_p

ALPHA = 0.05


class Changes(NamedTuple):
    """Changes: [n_slices, n_columns] each."""

    value: Floats
    low: Floats
    high: Floats
    n: Counts
    """Units: prompts where they repeat."""
    n_pairs: Counts
    n_gained: Counts
    n_lost: Counts
    p: Floats
    spread: Floats
    """Mean square of the change of a unit, one unit more than changed counted for a rate; of numbers its variance."""

    def metric(self, slice: int, column: int) -> Metric:
        """Return one of them."""
        value, low, high = (float(part[slice, column]) for part in (self.value, self.low, self.high))
        return Metric(value, low, high, int(self.n[slice, column]))


def slice_changes(pairs: Pairs, masks: Booleans) -> Changes:
    """Return the changes of pairs.

    Args:
        pairs: Responses of both runs.
        masks: Which pairs each slice has, [n_slices, n_pairs].
    """
    units = SliceUnits.from_columns(pairs.after, masks, pairs.differences)
    return changes_of(units, is_rate=pairs.after.is_rate, is_binary=pairs.is_binary)


def is_clear(change: Metric, p_adjusted: float) -> bool:
    """Whether a change may be called one: among all that were looked at, and by its own interval."""
    return p_adjusted <= ALPHA and (change.low > 0 or change.high < 0)


def changes_of(units: SliceUnits, *, is_rate: Booleans, is_binary: Booleans) -> Changes:
    """Return the mean change of each slice and column, its interval, and how surprising it would be by chance.

    The interval of a rate is the percentile interval of all resamples; that of a number, of means of passes, and where
    prompts differ in how many repeats are scored, Student's. Of passes p is McNemar's exact one, else that of sign
    flips.

    Args:
        units: What each pair of responses changed; NaN where either has no score.
        is_rate: Which columns are shares.
        is_binary: Which columns a response passes or fails.
    """
    sums = units.sums
    n_pairs, n_units = sums.n_scored, sums.n_units
    value = divided(sums.totals, n_pairs)
    error = standard_errors(sums, value)
    half = t_quantiles(n_units - 1) * error
    low, high = value - half, value + half
    is_simple = is_binary & (n_units == n_pairs)
    p = _chances(units, is_simple)
    for row, column in np.argwhere(is_rate & (n_units > 0)).tolist():
        if is_simple[row, column]:
            gained, lost = int(sums.n_up[row, column]), int(sums.n_down[row, column])
            limits = _resampled({1: gained, -1: lost, 0: int(n_units[row, column]) - gained - lost}, 1)
        else:
            students = float(low[row, column]), float(high[row, column])
            limits = _rate_limits(*units.column(row, column), students)
        low[row, column], high[row, column] = change_limits(
            float(value[row, column]), limits, int(n_units[row, column])
        )
    p = np.where(n_units > 0, p, np.nan)
    squares = sums.unit_squares
    spread = np.where(is_rate, divided((squares + 1) * n_units, n_pairs**2), error**2 * n_units)
    return Changes(value, low, high, n_units, n_pairs, sums.n_up, sums.n_down, p, spread)


def _chances(units: SliceUnits, is_simple: Booleans) -> Floats:
    """Return McNemar's p of cells in which each unit passes or fails, and that of sign flips of the others."""
    sums = units.sums
    p = mcnemar_p(sums.n_up, sums.n_down)
    doubled = 2 * units.units.totals[:, ~is_simple.all(axis=0)]
    is_continuous = np.zeros(p.shape[1], dtype=np.bool_)
    is_continuous[~is_simple.all(axis=0)] = (doubled != np.round(doubled)).any(axis=0)
    is_normal = ~is_simple & is_continuous & (sums.n_moved > MOST_DRAWN)
    p[is_normal] = normal_sign_flip_p(np.abs(sums.totals[is_normal]), sums.unit_squares[is_normal])
    for row, column in np.argwhere(~is_simple & ~is_normal & (sums.n_units > 0)).tolist():
        p[row, column] = sign_flip_p(units.column(row, column).totals)
    return p


def _rate_limits(totals: Floats, counts: Counts, students: tuple[float, float]) -> tuple[float, float]:
    """Return the limits of the change of a rate: resampled where the totals of units are multiples of a half."""
    if counts.min() < counts.max() or (2 * totals != np.round(2 * totals)).any():
        return max(students[0], -1.0), min(students[1], 1.0)
    steps, times = np.unique(np.round(2 * totals).astype(np.int64), return_counts=True)
    return _resampled(dict(zip(steps.tolist(), times.tolist(), strict=True)), 2 * int(counts[0]))


def _resampled(times: dict[int, int], scale: int) -> tuple[float, float]:
    """Return the percentiles of the mean of steps / scale; mirrored changes have mirrored limits.

    Args:
        times: How often each step was taken.
        scale: How many steps a change of 1 has.
    """
    is_loss = sum(step * n for step, n in times.items()) < 0
    steps = sorted((-step if is_loss else step, n) for step, n in times.items() if n)
    low, high = (limit / scale for limit in resampled_means(tuple(steps)))
    return (-high, -low) if is_loss else (low, high)
