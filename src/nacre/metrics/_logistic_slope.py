"""How much the odds of a yes change with a number."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from nacre.errors import SchemaError
from nacre.metrics._arrays import Floats, check_same_length, cluster_places
from nacre.metrics._metric import Metric

_Z = 1.96
_STEPS = 50
_MOST = 30.0  # log odds per standard deviation: beyond, the number separates yes from no


def logistic_slope(outcome: ArrayLike, x: ArrayLike, *, clusters: ArrayLike | None = None) -> Metric:
    """Return by how much the log odds of a yes change per standard deviation of `x`; 0 is no effect.

    A logistic regression with an intercept, by Newton's method; the interval is +-1.96 standard errors of the sandwich
    H^-1 (sum g g') H^-1, whose gradients g are summed over clusters (Liang & Zeger 1986). NaN where `x` does not vary,
    where all outcomes are equal, or where `x` separates them.

    Args:
        outcome: Between 0 and 1; a tie is a half.
        x: The number.
        clusters: What data points share (a prompt), when they are not independent: n counts these.

    Examples:
        >>> longer = [3, 2, 1, 0, -1, -2, -3, 1, -1, 2] * 10
        >>> print(logistic_slope([1, 1, 1, 0.5, 0, 0, 1, 0, 1, 1] * 10, longer))
        .68 [.26-1.11] n=100
    """
    y, number = np.asarray(outcome, dtype=np.float64), np.asarray(x, dtype=np.float64)
    check_same_length(outcome=y, x=number)
    members = np.arange(len(y)) if clusters is None else cluster_places(clusters)
    check_same_length(outcome=y, clusters=members)
    if not (np.isfinite(number).all() and ((y >= 0) & (y <= 1)).all()):
        raise SchemaError("A slope needs outcomes between 0 and 1 and finite numbers. Leave out data points without.")
    n = int(members.max(initial=-1)) + 1
    nothing = Metric(np.nan, -np.inf, np.inf, n)
    if not len(y) or np.ptp(number) == 0 or np.ptp(y) == 0:
        return nothing
    design = np.column_stack([np.ones(len(y)), (number - number.mean()) / number.std()])
    weights = _fitted(design, y)
    if weights is None:
        return nothing
    share = _sigmoid(design @ weights)
    inverse = np.linalg.inv((design.T * (share * (1 - share))) @ design)
    gradients = design * (y - share)[:, np.newaxis]
    sums = np.column_stack([np.bincount(members, column) for column in gradients.T])
    half = _Z * float(np.sqrt((inverse @ sums.T @ sums @ inverse)[1, 1]))
    return Metric(float(weights[1]), float(weights[1]) - half, float(weights[1]) + half, n)


def _fitted(design: Floats, y: Floats) -> Floats | None:
    """Return the coefficients, or None where they grow without end."""
    weights: Floats = np.zeros(design.shape[1])
    for _ in range(_STEPS):
        share = _sigmoid(design @ weights)
        spread = np.maximum(share * (1 - share), 1e-12)
        step = np.linalg.solve((design.T * spread) @ design, design.T @ (y - share))
        weights = weights + np.clip(step, -2, 2)
        if np.abs(weights[1]) > _MOST:
            return None
        if np.abs(step).max() < 1e-10:
            return weights
    return None


def _sigmoid(odds: Floats) -> Floats:
    share: Floats = 1 / (1 + np.exp(-np.clip(odds, -500, 500)))
    return share
