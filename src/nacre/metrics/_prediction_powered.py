"""What experts would say of all data points, from the few that they labelled and the scores of an evaluator."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nacre.errors import SchemaError
from nacre.metrics._arrays import Booleans, Floats, check_same_length, cluster_places
from nacre.metrics._means import check_shares, rate_with_error, t_quantile
from nacre.metrics._metric import Metric


class PredictionPowered(NamedTuple):
    """A mean corrected by expert labels, and the weight from 0 to 1 that the evaluator's scores earned."""

    metric: Metric
    power: float


def ppi_mean(
    truth: ArrayLike,
    scores: ArrayLike,
    *,
    is_rate: bool,
    inclusion: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
) -> PredictionPowered:
    """Return the mean that experts would give all data points: unbiased however wrong the evaluator is (PPI++).

    With n labelled (y, f) and N_u unlabelled f the mean is lambda mean_U(f) + mean_L(y - lambda f), where lambda =
    clip(cov_L(y, f) / ((1 + n / N_u) var(f)), 0, 1) makes it as precise as the scores allow: 0 is the mean of the
    labels alone (Angelopoulos, Duchi & Zrnic 2023, arXiv 2311.01453). With inclusion probabilities pi it is
    mean(lambda f) + sum_L (y - lambda f) / pi / sum_L 1 / pi, lambda minimising its variance (Zrnic & Candes 2024,
    arXiv 2403.03208). The standard error is that of the sum of what each data point, or cluster, contributes. Scores
    have Student's interval for the number that is labelled, which is also the n shown; rates
    have Wilson's for the n that this error is worth, because mean +- t SE covers 88 % near 0 and 1 where it promises
    95. Estimate from about 20 labels on.

    To compare two systems, pass the differences of their labels and of their scores, which are no rate.

    Args:
        truth: What experts say of each data point; NaN where they were not asked. [n]
        scores: What the evaluator says; data points without a score (NaN) are left out. [n]
        is_rate: Whether labels are shares between 0 and 1: lost or failed, tied, won or passed.
        inclusion: Probability with which each data point was sampled for the experts, where it differed. Only that
            of labelled ones is read. [n]
        clusters: What data points share (a prompt asked several times), when they are not independent. [n]

    Examples:
        >>> scores = np.tile([1, 1, 1, 1, 0], 80)
        >>> truth = np.where(np.arange(400) < 60, np.tile([1, 1, 1, 0, 0], 80), np.nan)
        >>> corrected = ppi_mean(truth, scores, is_rate=True)
        >>> print(corrected.metric, round(corrected.power, 2))
        .60 [.49-.70] n=60 0.64
    """
    y, f, weights, members = _checked(truth, scores, inclusion, clusters)
    is_labelled = ~np.isnan(y)
    n, n_all = int(is_labelled.sum()), len(y)
    n_units = n if members is None else len(np.unique(members[is_labelled]))
    if n_units < 2:
        return PredictionPowered(Metric(math.nan, math.nan, math.nan, n_units), 0.0)
    n_unlabelled = n_all - n
    tune = _power if inclusion is None else _power_of_weighted
    power = tune(y, f, is_labelled, weights) if n_unlabelled else 0.0
    share = power * n_all / n_unlabelled if power else 0.0
    residuals = np.where(is_labelled, y - share * f, 0.0)
    correction = float(weights @ residuals)
    contributions = share * (f - f.mean()) / n_all + weights * (residuals - correction)
    error = math.sqrt(_squares(contributions, members) * n_units / (n_units - 1))
    mean = share * float(f.mean()) + correction
    if is_rate:
        check_shares(y[is_labelled])
        effective = 1 / _squares(weights, members)  # of the labels alone (Kish 1965)
        return PredictionPowered(rate_with_error(mean, error, n_units, at_least=effective), power)
    half = t_quantile(n_units - 1) * error
    return PredictionPowered(Metric(mean, mean - half, mean + half, n_units), power)


def _squares(contributions: Floats, members: NDArray[np.intp] | None) -> float:
    sums = contributions if members is None else np.bincount(members, contributions)
    return float(sums @ sums)


def _checked(
    truth: ArrayLike, scores: ArrayLike, inclusion: ArrayLike | None, clusters: ArrayLike | None
) -> tuple[Floats, Floats, Floats, NDArray[np.intp] | None]:
    """Return truth and score of what is scored, the weight of each label (they sum to 1) and the cluster."""
    y, f = np.asarray(truth, dtype=np.float64), np.asarray(scores, dtype=np.float64)
    names = np.zeros(len(y)) if clusters is None else np.asarray(clusters)
    probability = np.ones(len(y)) if inclusion is None else np.asarray(inclusion, dtype=np.float64)
    check_same_length(truth=y, scores=f, inclusion=probability, clusters=names)
    is_scored = ~np.isnan(f)
    y, f, probability, names = y[is_scored], f[is_scored], probability[is_scored], names[is_scored]
    is_labelled = ~np.isnan(y)
    if not np.all((probability[is_labelled] > 0) & (probability[is_labelled] <= 1)):
        raise SchemaError("An inclusion probability lies above 0 and at most at 1 for every data point with a label.")
    weights = np.zeros(len(y))
    weights[is_labelled] = 1 / probability[is_labelled]
    return y, f, weights / max(weights.sum(), 1e-300), None if clusters is None else cluster_places(names)


def _power(y: Floats, f: Floats, is_labelled: Booleans, _: Floats) -> float:
    variance = float(f.var(ddof=1))
    if variance == 0:
        return 0.0
    labels, scores = y[is_labelled], f[is_labelled]
    covariance = float(((labels - labels.mean()) * (scores - scores.mean())).mean())
    ratio = len(labels) / (len(f) - len(labels))
    return min(1.0, max(0.0, covariance / ((1 + ratio) * variance)))


def _power_of_weighted(y: Floats, f: Floats, is_labelled: Booleans, weights: Floats) -> float:
    """Return the lambda that minimises the sum of squared contributions, b + lambda a: a regression of -b on a."""
    labels, scores = np.where(is_labelled, y, 0.0), f
    b = weights * (labels - weights @ labels)
    a = (f - f.mean()) / len(f) - weights * (scores - weights @ scores)
    squares = float(a @ a)
    share_unlabelled = 1 - float(is_labelled.mean())
    return min(1.0, max(0.0, -float(a @ b) / squares * share_unlabelled)) if squares else 0.0
