"""Changes of all criteria on one slice at once, between two runs on the same prompts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nacre.evaluation._cell_means import Units, divided, standard_errors, t_quantiles, units_of
from nacre.evaluation._columns import Booleans, Floats, Pairs
from nacre.evaluation._sign_flips import sign_flip_p
from nacre.metrics import Metric, wilson_limits

ALPHA = 0.05
N_DRAWS = 2_000
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

    The interval of a rate is the percentile interval of all resamples (of 2,000 where prompts differ in how many
    repeats are scored), that of a number Student's. Of passes p is McNemar's exact one, else that of sign flips.

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
    """Return the percentile limits of a rate's change; mirrored changes have mirrored limits."""
    totals, counts = units.totals[:, column], units.counts[:, column]
    if np.count_nonzero(totals) > _MOST_RESAMPLED:
        return max(students[0], -1.0), min(students[1], 1.0)
    is_unit = counts > 0
    totals, counts = totals[is_unit], counts[is_unit]
    sign = -1.0 if totals.sum() < 0 else 1.0
    rows, times = _distinct(sign * totals, counts)
    value = float(times @ rows[:, 0] / (times @ rows[:, 1]))
    low, high = _all_resamples(rows, times) if counts.min() == counts.max() else _some_resamples(rows, times)
    if low == high:  # no resample differs: Wilson's limit of a rate of 0 says how far it may be off
        least = float(wilson_limits(0, len(totals)).high)
        low, high = max(value - least, -1.0), min(value + least, 1.0)
    low, high = min(low, value), max(high, value)
    return (low, high) if sign > 0 else (-high, -low)


def _distinct(totals: Floats, counts: NDArray[np.int64]) -> tuple[Floats, NDArray[np.int64]]:
    """Return the distinct pairs of total, a multiple of a half, and count, and how often each occurs."""
    most = int(counts.max())
    keys = (np.round(2 * totals).astype(np.int64) + 2 * most) * (most + 1) + counts
    occurs = np.bincount(keys)
    found = np.flatnonzero(occurs)
    double, count = np.divmod(found, most + 1)
    return np.column_stack([(double - 2 * most) / 2, count.astype(np.float64)]), occurs[found]


def _all_resamples(rows: Floats, times: NDArray[np.int64]) -> tuple[float, float]:
    """Return the percentiles over all resamples of units that count the same.

    The sum of n resampled totals has the characteristic function (mean of exp(i total t))^n; its Fourier transform is
    the distribution. Sums are taken modulo 20 standard deviations, beyond which nothing is.
    """
    n, steps = int(times.sum()), np.round(2 * rows[:, 0])
    mean = float(times @ steps / n)
    deviation = float(np.sqrt(times @ (steps - mean) ** 2))
    size = 1 << int(20 * deviation + 16).bit_length()
    angles = 2 * np.pi / size * np.arange(size)
    characteristic = (np.exp(1j * angles[:, np.newaxis] * (steps - steps[0])) @ (times / n)) ** n
    probability = np.fft.fft(characteristic).real / size
    sums = round(n * (mean - steps[0])) + np.arange(-size // 2, size // 2)
    places = np.searchsorted(probability[sums % size].cumsum(), _TAILS)
    low, high = (float((sums[place] + n * steps[0]) / (2 * n * rows[0, 1])) for place in places)
    return low, high


def _some_resamples(rows: Floats, times: NDArray[np.int64]) -> tuple[float, float]:
    n = int(times.sum())
    drawn = np.random.default_rng(0).multinomial(n, times / n, size=N_DRAWS) @ rows
    low, high = np.quantile(drawn[:, 0] / drawn[:, 1], _TAILS)
    return float(low), float(high)
