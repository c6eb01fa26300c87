"""Means of scores with their intervals, also where scores share a prompt or a document."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nacre.errors import SchemaError
from nacre.metrics._arrays import Floats, check_same_length, cluster_places
from nacre.metrics._metric import Metric, rate
from nacre.metrics._rates import Z, wilson_limits


def standard_error(values: ArrayLike, *, clusters: ArrayLike | None = None) -> float:
    """Return the standard error of a mean: sd / sqrt(n), or that of whole clusters.

    With clusters c = 1..C it is sqrt(sum_c (sum_{i in c} (x_i - mean))^2) / n * sqrt(C / (C - 1)) (Liang & Zeger
    1986; Miller 2024, arXiv 2411.00640); clusters of one give sd / sqrt(n). NaN are left out; fewer than two values or
    clusters have no standard error.

    Args:
        values: A score per data point.
        clusters: What data points share (a prompt asked several times, a document), when they are not independent.

    Examples:
        >>> round(standard_error([1.0, 2.0, 3.0, 4.0]), 3)
        0.645
        >>> round(standard_error([1.0, 2.0, 3.0, 4.0], clusters=["a", "a", "b", "b"]), 3)
        1.0
    """
    scores, members = _scored(values, clusters)
    return _standard_error(scores, members)


def mean_metric(values: ArrayLike, *, is_rate: bool, clusters: ArrayLike | None = None) -> Metric:
    """Return the mean with its 95 % interval: of a rate Wilson's, of other scores Student's.

    A rate has Wilson's interval, any other score the mean +- t SE with n - 1 degrees of freedom. What is scored says
    which it is, not the scores: stars from 1 to 5 that happen to be all 1 are no rate.

    Of clusters SE is that of `standard_error` with C - 1 degrees of freedom, and a rate has Wilson's interval for
    the effective n (t_{n-1} SE_0 / t_{C-1} SE)^2 n, where SE_0 takes all scores for independent (Korn & Graubard 1998;
    Dean & Pagano 2015). The n shown is then the number of clusters; below 10 such intervals are rough.

    Args:
        values: A score per data point; NaN, not scored, is left out.
        is_rate: Whether scores are shares between 0 and 1: lost or failed, tied, won or passed.
        clusters: What data points share (a prompt asked several times, a document), when they are not independent.

    Examples:
        >>> print(mean_metric([1, 1, 0, 1] * 10, is_rate=True))
        .75 [.60-.86] n=40
        >>> prompts = [f"prompt {place // 4}" for place in range(40)]
        >>> print(mean_metric([1, 1, 0, 1] * 10, is_rate=True, clusters=prompts))
        .75 [.58-.87] n=10 too few
        >>> print(mean_metric([3.5, 4.0, 2.5, 4.5] * 10, is_rate=False))
        3.62 [3.39-3.86] n=40
    """
    scores, members = _scored(values, clusters)
    n = len(scores) if members is None else int(members.max(initial=-1)) + 1
    if not n:
        return Metric(math.nan, math.nan, math.nan, 0)
    mean = float(scores.mean())
    if is_rate:
        check_shares(scores)
        low, high = wilson_limits(mean * (effective := _effective_n(scores, members)), effective)
        return rate((mean, low, high), n)
    half = t_quantile(n - 1) * _standard_error(scores, members)
    return Metric(mean, mean - half, mean + half, n)


def check_shares(scores: Floats) -> None:
    """Refuse scores that no rate is the mean of."""
    if not ((scores >= 0) & (scores <= 1)).all():
        raise SchemaError(
            f"A rate is the mean of scores between 0 and 1; found {scores.min():g} to {scores.max():g}. Pass "
            "`is_rate=False` for scores on another scale, and for differences."
        )


def t_quantile(degrees: int) -> float:
    """Return the .975 quantile of Student's t; NaN without a degree of freedom."""
    from scipy.special import stdtrit

    return float(stdtrit(degrees, 0.975)) if degrees > 0 else math.nan


def rate_with_error(value: float, error: float, n: int, *, at_least: float) -> Metric:
    """Return an estimated rate with Wilson's interval for the n that would give its standard error.

    Unlike value +- t error it stays between 0 and 1 and holds near them. Where the error happens to be small the
    interval is that of `at_least` data points. Of a single one, or a single cluster, nothing is known.
    """
    value = min(1.0, max(0.0, value))
    if n < 2:
        return rate((value, 0.0, 1.0), n)
    effective = at_least if error == 0 else max(at_least, value * (1 - value) / error**2)
    effective *= (Z / t_quantile(n - 1)) ** 2
    return rate((value, *wilson_limits(value * effective, effective)), n)


def _scored(values: ArrayLike, clusters: ArrayLike | None) -> tuple[Floats, NDArray[np.intp] | None]:
    scores = np.asarray(values, dtype=np.float64)
    if scores.ndim != 1:
        raise SchemaError(f"The values are one score per data point; found the shape {scores.shape}.")
    names = None if clusters is None else np.asarray(clusters)
    if names is not None:
        check_same_length(values=scores, clusters=names)
    is_scored = ~np.isnan(scores)
    return scores[is_scored], None if names is None else cluster_places(names[is_scored])


def _standard_error(scores: Floats, members: NDArray[np.intp] | None) -> float:
    residuals = scores - scores.mean() if len(scores) else scores
    sums = residuals if members is None else np.bincount(members, residuals)
    n_units = len(sums)
    return float(np.sqrt((sums @ sums) * n_units / (n_units - 1)) / len(scores)) if n_units > 1 else math.nan


def _effective_n(scores: Floats, members: NDArray[np.intp] | None) -> float:
    """Return how many independent scores say as much; alike scores say no more than one a cluster."""
    n = len(scores)
    if members is None or (n_clusters := int(members.max()) + 1) == n:
        return n
    if n_clusters == 1:
        return 1.0
    independent, clustered = _standard_error(scores, None), _standard_error(scores, members)
    if independent == 0:
        return n_clusters
    ratio = 1.0 if clustered <= independent else independent / clustered
    return n * (ratio * t_quantile(n - 1) / t_quantile(n_clusters - 1)) ** 2
