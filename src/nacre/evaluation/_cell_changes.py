"""Changes of all criteria on one slice at once, between two runs on the same prompts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nacre.evaluation._cell_means import Units, divided, standard_errors, t_quantiles, units_of
from nacre.evaluation._columns import Booleans, Floats
from nacre.evaluation._pairs import Pairs
from nacre.evaluation._sign_flips import sign_flip_p
from nacre.metrics import Metric, wilson_limits

ALPHA = 0.05
_TAILS = (0.025, 0.975)
_MOST_RESAMPLED = 1_000  # units that changed; with more of them the percentiles are Student's limits


class Changes(NamedTuple):
    """Changes of columns: [n_columns] each."""

    value: Floats
    low: Floats
    high: Floats
    n: NDArray[np.int64]
    """Units: prompts where they repeat."""
    n_gained: NDArray[np.int64]
    n_lost: NDArray[np.int64]
    p: Floats
    spread: Floats
    """Mean square of the change of a unit, one unit more than changed counted for a rate; of numbers its variance."""

    def metric(self, column: int) -> Metric:
        """Return one of them."""
        value, low, high = (float(part[column]) for part in (self.value, self.low, self.high))
        return Metric(value, low, high, int(self.n[column]))


def slice_changes(pairs: Pairs, mask: Booleans) -> Changes:
    """Return the changes of the pairs that a mask keeps."""
    after = pairs.after
    rows = after.rows_by_prompt[mask[after.rows_by_prompt]]
    prompts = None if after.prompts is None else after.prompts[rows]
    return changes_of(pairs.differences[rows], prompts, is_rate=after.is_rate, is_binary=after.is_binary)


def is_clear(change: Metric, p_adjusted: float) -> bool:
    """Whether a change may be called one: among all that were looked at, and by its own interval."""
    return p_adjusted <= ALPHA and (change.low > 0 or change.high < 0)


def changes_of(
    differences: Floats, prompts: NDArray[np.int64] | None, *, is_rate: Booleans, is_binary: Booleans
) -> Changes:
    """Return the mean change of each column, its interval, and how surprising it would be by chance.

    The interval of a rate is the percentile interval of all resamples; that of a number, of many changes, and where
    prompts differ in how many repeats are scored, Student's. Of passes p is McNemar's exact one, else that of sign
    flips.

    Args:
        differences: What each pair of responses changed, [n_pairs, n_columns]; NaN where either has no score.
        prompts: The prompt of each pair, ascending, where prompts repeat.
        is_rate: Which columns are shares.
        is_binary: Which columns a response passes or fails.
    """
    units = units_of(differences, prompts)
    n_pairs, n_units = units.counts.sum(axis=0), (units.counts > 0).sum(axis=0)
    value = divided(units.totals.sum(axis=0), n_pairs)
    error = standard_errors(units, value)
    half = t_quantiles(n_units - 1) * error
    low, high = value - half, value + half
    n_gained, n_lost = (differences > 0).sum(axis=0), (differences < 0).sum(axis=0)
    p = mcnemar_p(n_gained, n_lost)
    for column in range(len(value)):
        if is_rate[column] and n_units[column]:
            low[column], high[column] = _rate_limits(units, column, (low[column], high[column]))
        if not is_binary[column] or n_units[column] < n_pairs[column]:
            p[column] = sign_flip_p(units.totals[:, column])
    p = np.where(n_units > 0, p, np.nan)
    squares = np.einsum("ij,ij->j", units.totals, units.totals) + 1
    spread = np.where(is_rate, divided(squares * n_units, n_pairs**2), error**2 * n_units)
    return Changes(value, low, high, n_units, n_gained, n_lost, p, spread)


def mcnemar_p(n_gained: NDArray[np.int64], n_lost: NDArray[np.int64]) -> Floats:
    """Return the exact p of McNemar's test for each pair of counts (`nacre.metrics.mcnemar`)."""
    from scipy.special import bdtr

    p: Floats = np.minimum(1.0, 2 * bdtr(np.minimum(n_gained, n_lost).astype(float), n_gained + n_lost, 0.5))
    return p


def _rate_limits(units: Units, column: int, students: tuple[float, float]) -> tuple[float, float]:
    """Return the limits of a rate's change; mirrored changes have mirrored limits."""
    totals, counts = units.totals[:, column], units.counts[:, column]
    low, high = max(students[0], -1.0), min(students[1], 1.0)
    if np.count_nonzero(totals) > _MOST_RESAMPLED:
        return low, high
    is_unit = counts > 0
    totals, counts = totals[is_unit], counts[is_unit]
    n_units, value = len(totals), float(totals.sum() / counts.sum())
    if counts.min() == counts.max():
        sign = -1.0 if value < 0 else 1.0
        low, high = (limit / counts[0] for limit in _resampled_means(sign * totals))
        low, high = (low, high) if sign > 0 else (-high, -low)
    if not high > low:  # no unit differs from another: Wilson's limit of a rate of 0 says how far it may be off
        least = float(wilson_limits(0, n_units).high)
        low, high = max(value - least, -1.0), min(value + least, 1.0)
    return min(low, value), max(high, value)


def _resampled_means(totals: Floats) -> tuple[float, float]:
    """Return the percentiles of the mean over all resamples of totals, which are multiples of a half.

    The sum of n resampled totals has the characteristic function (mean of exp(i total t))^n; its Fourier transform is
    the distribution. Sums are taken modulo 20 standard deviations, beyond which nothing is.
    """
    steps, times = np.unique(np.round(2 * totals).astype(np.int64), return_counts=True)
    n = len(totals)
    mean = float(times @ steps / n)
    deviation = float(np.sqrt(times @ (steps - mean) ** 2))
    size = 1 << int(20 * deviation + 16).bit_length()
    angles = 2 * np.pi / size * np.arange(size)
    characteristic = (np.exp(1j * np.outer(angles, steps - steps[0])) @ (times / n)) ** n
    probability = np.fft.fft(characteristic).real / size
    sums = round(n * (mean - steps[0])) + np.arange(-size // 2, size // 2)
    low, high = sums[np.searchsorted(probability[sums % size].cumsum(), _TAILS)] + n * steps[0]
    return float(low) / (2 * n), float(high) / (2 * n)
