"""Rates of units that are not independent because they share a data point, as the tokens of a text do."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from nacre.errors import SchemaError
from nacre.metrics._arrays import Floats, check_same_length, cluster_places, ratios
from nacre.metrics._bootstrap import bootstrap
from nacre.metrics._metric import Metric, rate
from nacre.metrics._rates import wilson_limits


def cluster_ratios(parts: ArrayLike, wholes: ArrayLike, clusters: ArrayLike) -> tuple[Metric, ...]:
    """Return sum(parts) / sum(wholes) of each column, with an interval that resamples whole clusters.

    An interval that takes the units of a cluster for independent is too narrow: with 50 alike tokens in each of 40
    texts, one that promises 95 % covers 43 %. The n of a ratio is the number of clusters that add to its whole. Where
    no resample differs, as when all is right, the interval is Wilson's for that n (Davison & Hinkley 1997, 3.8).

    Args:
        parts: What a unit adds to the numerators, [n_units, n_ratios].
        wholes: What it adds to the denominators, [n_units, n_ratios]; of a rate 1, of F1 predicted + actual.
        clusters: The data point that each unit belongs to, [n_units].

    Examples:
        >>> right = np.repeat([[1], [1], [0], [1]] * 10, 5, axis=0)
        >>> print(*cluster_ratios(right, np.ones_like(right), np.repeat(np.arange(40), 5)))
        .75 [.60-.88] n=40
    """
    numerators, denominators = np.asarray(parts, dtype=np.float64), np.asarray(wholes, dtype=np.float64)
    if numerators.ndim != 2 or numerators.shape != denominators.shape:
        raise SchemaError(
            f"`parts` and `wholes` have a row per unit and a column per ratio; found the shapes {numerators.shape} and "
            f"{denominators.shape}."
        )
    n_ratios = numerators.shape[1]
    members = cluster_places(clusters)
    check_same_length(parts=numerators, clusters=members)
    if not len(members):
        return tuple(rate((np.nan, np.nan, np.nan), 0) for _ in range(n_ratios))
    columns = np.hstack([numerators, denominators])
    units: Floats = np.column_stack([np.bincount(members, column) for column in columns.T]).astype(np.float64)

    def statistic(totals: Floats) -> Floats:
        return ratios(*np.split(totals, 2, axis=1))

    bounds = bootstrap(units, statistic)
    n = (units[:, n_ratios:] > 0).sum(axis=0)
    found = zip(*bounds, n.tolist(), strict=True)
    return tuple(_metric(float(value), float(low), float(high), whole) for value, low, high, whole in found)


def _metric(value: float, low: float, high: float, n: int) -> Metric:
    if low == high:
        low, high = (float(limit) for limit in wilson_limits(value * n, n))
    return rate((value, low, high), n)
