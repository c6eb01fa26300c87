"""Means of all slices and criteria at once, each with its interval.

The same formulas as `nacre.metrics.mean_metric`, which is their oracle; a matrix of 50 slices by 20 criteria over
100,000 responses needs them as arrays.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nacre.evaluation._columns import Booleans, Columns, Floats
from nacre.evaluation._slice_sums import Counts, SliceUnits, Sums
from nacre.metrics import Metric, wilson_limits

_ROUNDING = 1e-12  # of the squares that a variance is the small difference of


class Means(NamedTuple):
    """Means, with what they rest on: [n_slices, n_columns] each."""

    value: Floats
    low: Floats
    high: Floats
    n: Counts
    """Units: prompts where they repeat."""
    n_scored: Counts
    error: Floats
    """Standard error of the mean."""
    effective_n: Floats
    """How many independent responses say as much."""

    def metric(self, slice: int, column: int) -> Metric:
        """Return one of them."""
        value, low, high = (float(part[slice, column]) for part in (self.value, self.low, self.high))
        return Metric(value, low, high, int(self.n[slice, column]))


def slice_means(columns: Columns, masks: Booleans) -> Means:
    """Return the mean of each slice and column: of shares with Wilson's interval, of numbers with Student's.

    Where prompts repeat, the standard error is that of whole prompts, and Wilson's interval that of the effective n
    (Korn & Graubard 1998; Dean & Pagano 2015), see `mean_metric`.

    Args:
        columns: What is averaged.
        masks: Which responses each slice has, [n_slices, n_responses].
    """
    is_rate, centre = columns.is_rate, _centre(columns)
    outcomes = columns.outcomes - centre if centre.any() else columns.outcomes
    sums = SliceUnits.from_columns(columns, masks, outcomes).sums
    n_scored, n_units = sums.n_scored, sums.n_units
    mean = divided(sums.totals, n_scored)
    error = standard_errors(sums, mean)
    independent = error if columns.prompts is None else standard_errors(_as_singles(sums), mean)
    effective = _effective_n(n_scored, n_units, error, independent)
    value = mean + centre
    share = np.where(is_rate & (n_scored > 0), value, 0.0)
    rate_low, rate_high = wilson_limits(share * effective, effective)
    half = t_quantiles(n_units - 1) * error
    low, high = np.where(is_rate, rate_low, value - half), np.where(is_rate, rate_high, value + half)
    low, high = (np.where(n_units > 0, limit, np.nan) for limit in (low, high))
    return Means(value, low, high, n_units, n_scored, error, effective)


def _centre(columns: Columns) -> Floats:
    """Return the mean of each column of numbers: sums of squares around it lose no digits."""
    centre = np.zeros(len(columns.names))
    for place in np.flatnonzero(~columns.is_rate):
        scored = columns.outcomes[~np.isnan(columns.outcomes[:, place]), place]
        centre[place] = scored.mean() if len(scored) else 0.0
    return centre


def _as_singles(sums: Sums) -> Sums:
    """Return the sums as they were if each response were a unit."""
    n_scored = sums.n_scored
    counts = n_scored.astype(np.float64)
    return sums._replace(n_units=n_scored, unit_squares=sums.squares, unit_products=sums.totals, count_squares=counts)


def standard_errors(sums: Sums, mean: Floats) -> Floats:
    """Return the standard error of means of units; NaN for fewer than two units (`nacre.metrics.standard_error`).

    The squared residuals of units with the total t of c scores are t^2 - 2 mean t c + mean^2 c^2.
    """
    known = np.where(sums.n_scored > 0, mean, 0.0)
    away = sums.unit_squares + known**2 * sums.count_squares
    squares = away - 2 * known * sums.unit_products
    squares = np.where(squares > _ROUNDING * away, squares, 0.0)
    return divided(np.sqrt(squares * divided(sums.n_units, sums.n_units - 1)), sums.n_scored)


def t_quantiles(degrees: Counts) -> Floats:
    """Return the .975 quantiles of Student's t; NaN without a degree of freedom."""
    from scipy.special import stdtrit

    quantiles: Floats = np.where(degrees > 0, stdtrit(np.maximum(degrees, 1), 0.975), np.nan)
    return quantiles


def _effective_n(n_scored: Counts, n_units: Counts, error: Floats, independent: Floats) -> Floats:
    """Return how many independent scores say as much; alike scores say no more than one a prompt."""
    ratio = np.where(error > independent, divided(independent, error), 1.0)
    shrunk = n_scored * (ratio * divided(t_quantiles(n_scored - 1), t_quantiles(n_units - 1))) ** 2
    shrunk = np.where(independent == 0, n_units, shrunk)
    return np.where(n_units == n_scored, n_scored, np.where(n_units <= 1, n_units, shrunk)).astype(np.float64)


def divided(parts: NDArray[np.float64] | Counts, wholes: NDArray[np.float64] | Counts) -> Floats:
    """Return parts / wholes; NaN where a whole is not positive."""
    quotients: Floats = np.divide(parts, wholes, out=np.full(np.shape(wholes), np.nan), where=wholes > 0)
    return quotients
