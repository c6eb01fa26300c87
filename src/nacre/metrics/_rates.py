"""Intervals of rates."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from nacre.errors import SchemaError
from nacre.metrics._arrays import Floats, check_same_length
from nacre.metrics._metric import Metric, rate

Z = 1.96  # of a 95 % interval
_ALPHA = 0.05


class Limits(NamedTuple):
    """Lower and upper limits of 95 % intervals."""

    low: Floats
    high: Floats


def wilson_limits(successes: ArrayLike, n: ArrayLike) -> Limits:
    """Return Wilson's limits of many rates at once; [0, 1] where n is 0.

    Centre (p + z^2/2n) / (1 + z^2/n), half-width z sqrt(p(1-p)/n + z^2/4n^2) / (1 + z^2/n), z = 1.96
    (Wilson 1927). Successes may be fractions, as the expected credit of ties is.

    Examples:
        >>> low, high = wilson_limits([697, 0], [999, 0])
        >>> low.round(4), high.round(4)
        (array([0.6685, 0.    ]), array([0.7254, 1.    ]))
    """
    hits, totals = _checked(successes, n)
    safe = np.where(totals > 0, totals, 1.0)
    p = hits / safe
    scale = 1 + Z**2 / safe
    centre = (p + Z**2 / (2 * safe)) / scale
    half = Z * np.sqrt(p * (1 - p) / safe + Z**2 / (4 * safe**2)) / scale
    # At p = 0 and p = 1 the limit equals p; rounding may miss it by one bit.
    low = np.where(totals > 0, np.clip(centre - half, 0, p), 0.0)
    high = np.where(totals > 0, np.clip(centre + half, p, 1), 1.0)
    return Limits(low, high)


def wilson(successes: float, n: float) -> Metric:
    """Return a rate with Wilson's interval, the default for every rate.

    Examples:
        >>> print(wilson(60, 66))
        .91 [.82-.96] n=66
        >>> print(wilson(0, 0))
        - n=0 too few
    """
    low, high = wilson_limits(successes, n)
    return rate((successes / n if n else np.nan, float(low), float(high)), _whole(n))


def change_limits(value: float, limits: tuple[float, float], n: int) -> tuple[float, float]:
    """Return resampled limits of the change of a rate; where no resample differs, by how far n data points may mislead.

    That nothing changed, or everything, in a few data points does not prove that it never will: Wilson's limit of a
    rate of 0 is how often it may (Davison & Hinkley 1997, 3.8).

    Examples:
        >>> low, high = change_limits(0.0, (0.0, 0.0), 40)
        >>> round(low, 3), round(high, 3)
        (-0.088, 0.088)
    """
    low, high = limits
    if not high > low:
        least = float(wilson_limits(0, n).high)
        low, high = max(value - least, -1.0), min(value + least, 1.0)
    return min(low, value), max(high, value)


def weighted_wilson(successes: ArrayLike, weights: ArrayLike) -> Metric:
    """Return the weighted rate of data points that were sampled unequally.

    The interval is Wilson's for the effective n = (sum w)^2 / sum w^2 (Kish 1965), which is also the n shown, rounded
    down.

    Args:
        successes: Credit of each data point, between 0 and 1.
        weights: Weight of each data point, such as its inverse inclusion probability.

    Examples:
        >>> print(weighted_wilson([True, False, True], [2.0, 1.0, 1.0]))
        .75 [.24-.97] n=2 too few
    """
    credit, weight = np.asarray(successes, dtype=np.float64), np.asarray(weights, dtype=np.float64)
    check_same_length(successes=credit, weights=weight)
    if not np.all(np.isfinite(weight) & (weight >= 0)):
        raise SchemaError("Weights must be finite and not negative. Leave out data points that do not count.")
    total = weight.sum()
    if total == 0:
        return wilson(0, 0)
    effective_n = float(total**2 / (weight**2).sum())
    share = min(float(weight @ credit / total), 1.0)  # rounding may miss 1 by one bit
    return wilson(share * effective_n, effective_n)


def clopper_pearson(successes: float, n: float) -> Metric:
    """Return a rate with the interval that covers at least 95 % whatever the rate, for where that is promised.

    Limits are beta quantiles: B(.025; x, n-x+1) and B(.975; x+1, n-x) (Clopper & Pearson 1934).

    Examples:
        >>> print(clopper_pearson(30, 30))
        1.00 [.88-1.00] n=30
    """
    from scipy.special import betaincinv

    _checked(successes, n)
    low = float(betaincinv(successes, n - successes + 1, _ALPHA / 2)) if successes > 0 else 0.0
    high = float(betaincinv(successes + 1, n - successes, 1 - _ALPHA / 2)) if successes < n else 1.0
    return rate((successes / n if n else np.nan, low, high), _whole(n))


def _checked(successes: ArrayLike, n: ArrayLike) -> tuple[Floats, Floats]:
    hits, totals = np.asarray(successes, dtype=np.float64), np.asarray(n, dtype=np.float64)
    slack = 1e-9 * np.maximum(totals, 1)  # sums of fractions
    if not np.all((hits >= 0) & (hits <= totals + slack) & np.isfinite(totals)):
        raise SchemaError(f"Successes must lie between 0 and n; found {hits} of {totals}.")
    return np.minimum(hits, totals), totals


def _whole(n: float) -> int:
    return int(n + 1e-9)
