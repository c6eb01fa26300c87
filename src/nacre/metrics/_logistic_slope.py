"""How much the odds of a yes change with a number."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from nacre.errors import SchemaError
from nacre.metrics._arrays import check_same_length, cluster_places
from nacre.metrics._logistic import logistic_fit, sigmoid
from nacre.metrics._means import t_quantile
from nacre.metrics._metric import Metric

_MOST = 30.0  # log odds per standard deviation: beyond, the number separates yes from no


def logistic_slope(outcome: ArrayLike, x: ArrayLike, *, clusters: ArrayLike | None = None) -> Metric:
    """Return by how much the log odds of a yes change per standard deviation of `x`; 0 is no effect.

    A logistic regression with an intercept, by Newton's method; the interval is +-t standard errors of the sandwich
    H^-1 (sum g g') H^-1 C / (C - 1) with C - 1 degrees of freedom, whose gradients g are summed over the C clusters
    (Liang & Zeger 1986). NaN where `x` does not vary, where all outcomes are equal, where `x` separates them, and of a
    single cluster.

    Args:
        outcome: Between 0 and 1; a tie is a half.
        x: The number.
        clusters: What data points share (a prompt), when they are not independent: n counts these.

    Examples:
        >>> longer = [3, 2, 1, 0, -1, -2, -3, 1, -1, 2] * 10
        >>> print(logistic_slope([1, 1, 1, 0.5, 0, 0, 1, 0, 1, 1] * 10, longer))
        .68 [.25-1.11] n=100
    """
    y, number = np.asarray(outcome, dtype=np.float64), np.asarray(x, dtype=np.float64)
    check_same_length(outcome=y, x=number)
    members = np.arange(len(y)) if clusters is None else cluster_places(clusters)
    check_same_length(outcome=y, clusters=members)
    if not (np.isfinite(number).all() and ((y >= 0) & (y <= 1)).all()):
        raise SchemaError("A slope needs outcomes between 0 and 1 and finite numbers. Leave out data points without.")
    n = int(members.max(initial=-1)) + 1
    nothing = Metric(np.nan, -np.inf, np.inf, n)
    if n < 2 or np.ptp(number) == 0 or np.ptp(y) == 0:
        return nothing
    design = np.column_stack([np.ones(len(y)), (number - number.mean()) / number.std()])
    weights, hessian, is_settled = logistic_fit(design, y)
    if not is_settled or np.abs(weights[1]) > _MOST:
        return nothing
    inverse = np.linalg.inv(hessian)
    gradients = design * (y - sigmoid(design @ weights))[:, np.newaxis]
    sums = np.column_stack([np.bincount(members, column) for column in gradients.T])
    variance = float((inverse @ sums.T @ sums @ inverse)[1, 1]) * n / (n - 1)
    half = t_quantile(n - 1) * variance**0.5
    return Metric(float(weights[1]), float(weights[1]) - half, float(weights[1]) + half, n)
