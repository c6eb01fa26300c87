"""Means of all criteria on one slice at once, each with its interval.

The same formulas as `nacre.metrics.mean_metric`, which is their oracle; a matrix of 50 slices by 20 criteria over
100,000 responses needs them by column.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nacre.evaluation._columns import Booleans, Columns, Floats
from nacre.metrics import Metric, wilson_limits


class Units(NamedTuple):
    """What each unit, a response or a prompt with its repeats, adds to each column: [n_units, n_columns]."""

    totals: Floats
    counts: NDArray[np.int64]


class Means(NamedTuple):
    """Means of columns, with what they rest on: [n_columns] each."""

    value: Floats
    low: Floats
    high: Floats
    n: NDArray[np.int64]
    """Units: prompts where they repeat."""
    n_scored: NDArray[np.int64]
    error: Floats
    """Standard error of the mean."""
    effective_n: Floats
    """How many independent responses say as much."""

    def metric(self, column: int) -> Metric:
        """Return one of them."""
        value, low, high = (float(part[column]) for part in (self.value, self.low, self.high))
        return Metric(value, low, high, int(self.n[column]))


def slice_means(columns: Columns, mask: Booleans) -> Means:
    """Return the means of the responses that a mask keeps."""
    rows = columns.rows_by_prompt[mask[columns.rows_by_prompt]]
    prompts = None if columns.prompts is None else columns.prompts[rows]
    return means(columns.outcomes[rows], prompts, columns.is_rate)


def units_of(outcomes: Floats, prompts: NDArray[np.int64] | None) -> Units:
    """Return the units of outcomes [n_responses, n_columns]; NaN, not scored, adds nothing.

    Args:
        outcomes: What is averaged.
        prompts: The prompt of each response, ascending, where prompts repeat.
    """
    counts = (~np.isnan(outcomes)).astype(np.int64)
    totals = np.where(counts, outcomes, 0.0)
    if prompts is None or not len(prompts):
        return Units(totals, counts)
    starts = np.flatnonzero(np.diff(prompts, prepend=prompts[0] - 1))
    return Units(np.add.reduceat(totals, starts, axis=0), np.add.reduceat(counts, starts, axis=0))


def means(outcomes: Floats, prompts: NDArray[np.int64] | None, is_rate: Booleans) -> Means:
    """Return the mean of each column: of shares with Wilson's interval, of numbers with Student's.

    Where prompts repeat, the standard error is that of whole prompts, and Wilson's interval that of the effective n
    (Korn & Graubard 1998; Dean & Pagano 2015), see `mean_metric`.
    """
    units = units_of(outcomes, prompts)
    n_scored, n_units = units.counts.sum(axis=0), (units.counts > 0).sum(axis=0)
    value = divided(units.totals.sum(axis=0), n_scored)
    error = standard_errors(units, value)
    singles = units if prompts is None else units_of(outcomes, None)
    independent = error if prompts is None else standard_errors(singles, value)
    effective = _effective_n(n_scored, n_units, error, independent)
    share = np.where(is_rate & (n_scored > 0), value, 0.0)
    rate_low, rate_high = wilson_limits(share * effective, effective)
    half = t_quantiles(n_units - 1) * error
    low, high = np.where(is_rate, rate_low, value - half), np.where(is_rate, rate_high, value + half)
    low, high = (np.where(n_units > 0, limit, np.nan) for limit in (low, high))
    return Means(value, low, high, n_units, n_scored, error, effective)


def standard_errors(units: Units, mean: Floats) -> Floats:
    """Return the standard error of means of units; NaN for fewer than two units (`nacre.metrics.standard_error`)."""
    n_scored, n_units = units.counts.sum(axis=0), (units.counts > 0).sum(axis=0)
    residuals = units.totals - np.where(n_scored > 0, mean, 0.0) * units.counts
    squares = np.einsum("ij,ij->j", residuals, residuals)
    return divided(np.sqrt(squares * divided(n_units, n_units - 1)), n_scored)


def t_quantiles(degrees: NDArray[np.int64]) -> Floats:
    """Return the .975 quantiles of Student's t; NaN without a degree of freedom."""
    from scipy.special import stdtrit

    quantiles: Floats = np.where(degrees > 0, stdtrit(np.maximum(degrees, 1), 0.975), np.nan)
    return quantiles


def _effective_n(n_scored: NDArray[np.int64], n_units: NDArray[np.int64], error: Floats, independent: Floats) -> Floats:
    """Return how many independent scores say as much; alike scores say no more than one a prompt."""
    ratio = np.where(error > independent, divided(independent, error), 1.0)
    shrunk = n_scored * (ratio * divided(t_quantiles(n_scored - 1), t_quantiles(n_units - 1))) ** 2
    shrunk = np.where(independent == 0, n_units, shrunk)
    return np.where(n_units == n_scored, n_scored, np.where(n_units <= 1, n_units, shrunk)).astype(np.float64)


def divided(parts: NDArray[np.float64] | NDArray[np.int64], wholes: NDArray[np.float64] | NDArray[np.int64]) -> Floats:
    """Return parts / wholes; NaN where a whole is not positive."""
    quotients: Floats = np.divide(parts, wholes, out=np.full(np.shape(wholes), np.nan), where=wholes > 0)
    return quotients
