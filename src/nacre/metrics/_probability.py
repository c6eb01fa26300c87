"""Metrics of probabilities: what they are worth before anybody breaks a tie."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from nacre.errors import SchemaError
from nacre.metrics._arrays import Codes, Floats, check_codes, check_same_length, cluster_places, with_truth
from nacre.metrics._bootstrap import bootstrap
from nacre.metrics._classification import accuracy
from nacre.metrics._clusters import cluster_ratios
from nacre.metrics._metric import Metric, rate
from nacre.metrics._rates import wilson
from nacre.metrics._ties import checked_proba, maximisers, predict


class Accuracies(NamedTuple):
    """Accuracy under three conventions for data points that no function covers; always say which is shown.

    `expected` (A) credits them 1/n_classes, which compares with published figures; `prior_filled` (B) gives them the
    most frequent class, as in deployment; `covered` (C) leaves them out and is read beside `coverage`.
    """

    expected: Metric
    prior_filled: Metric
    covered: Metric
    coverage: Metric


class CalibrationBin(NamedTuple):
    """Data points whose confidence lies in (`low`, `high`]: how sure the model was, and how often it was right."""

    low: float
    high: float
    confidence: float
    accuracy: Metric


class Calibration(NamedTuple):
    """Expected calibration error, and the occupied bins that it sums over."""

    error: Metric
    bins: tuple[CalibrationBin, ...]


def expected_accuracy(y: ArrayLike, proba: ArrayLike) -> Metric:
    """Return the accuracy expected when ties are broken at random: a hit among t maximal classes counts 1/t.

    Examples:
        >>> print(expected_accuracy([0, 1, 1], [[0.5, 0.5], [0.1, 0.9], [0.8, 0.2]]))
        .50 [.13-.87] n=3 too few
    """
    truth, probabilities = with_truth(y, checked_proba(proba))
    credit = expected_credit(truth, probabilities)
    return wilson(float(credit.sum()), len(credit))


def accuracies(y: ArrayLike, proba: ArrayLike, *, covered: ArrayLike, prior: ArrayLike) -> Accuracies:
    """Return the accuracy of label-model probabilities under the three conventions for uncovered data points.

    Args:
        y: Truth, -1 where unknown.
        proba: Probabilities, [n, n_classes].
        covered: Which data points have at least one vote.
        prior: Class balance: breaks ties and fills uncovered data points in `prior_filled`.

    Examples:
        >>> result = accuracies([0, 1, 0], [[1, 0], [0.5, 0.5], [0.5, 0.5]], covered=[1, 1, 0], prior=[0.7, 0.3])
        >>> [round(metric.value, 2) for metric in result]
        [0.67, 0.67, 0.75, 0.67]
    """
    probabilities, is_covered = checked_proba(proba), np.asarray(covered, dtype=bool)
    check_same_length(proba=probabilities, covered=is_covered)
    truth, probabilities = with_truth(y, probabilities)
    _, is_covered = with_truth(y, is_covered)
    n_classes = probabilities.shape[1]
    credit = expected_credit(truth, probabilities)
    filled = np.where(is_covered[:, np.newaxis], probabilities, np.full(n_classes, 1 / n_classes))
    return Accuracies(
        expected=wilson(float(np.where(is_covered, credit, 1 / n_classes).sum()), len(truth)),
        prior_filled=accuracy(truth, predict(filled, prior=prior)),
        covered=wilson(float(credit[is_covered].sum()), int(is_covered.sum())),
        coverage=wilson(int(is_covered.sum()), len(truth)),
    )


def log_loss(y: ArrayLike, proba: ArrayLike) -> Metric:
    """Return the mean of -ln(probability of the true class), with a bootstrap interval.

    Probabilities are kept away from 0 by the precision of float64, so that one sure error costs 36 and not infinity.

    Examples:
        >>> print(log_loss([0, 1] * 20, [[0.9, 0.1], [0.4, 0.6]] * 20))
        .31 [.25-.37] n=40
    """
    truth, probabilities = with_truth(y, checked_proba(proba))
    if not len(truth):
        return Metric(np.nan, np.nan, np.nan, 0)
    of_truth = _of_class(probabilities, truth)
    losses = -np.log(np.clip(of_truth, np.finfo(np.float64).eps, 1))
    value, low, high = bootstrap(losses[:, np.newaxis], lambda totals: totals[:, 0] / len(truth))
    return Metric(float(value), float(low), float(high), len(truth))


def calibration(y: ArrayLike, proba: ArrayLike, *, n_bins: int = 10, clusters: ArrayLike | None = None) -> Calibration:
    """Return how far confidence and accuracy lie apart, in bins of equal width.

    Expected calibration error: sum over bins of (n_b / n) |accuracy_b - confidence_b| (Guo et al. 2017). It is biased
    upwards when bins hold few data points.

    Args:
        y: The truth.
        proba: Probabilities, [n_units, n_classes].
        n_bins: How many bins there are.
        clusters: What units share (a document), when they are not independent: intervals resample it.

    Examples:
        >>> error, bins = calibration([0, 1, 1, 1] * 10, [[0.2, 0.8]] * 40)
        >>> print(round(error.value, 2), bins[0].confidence, bins[0].accuracy)
        0.05 0.8 .75 [.60-.86] n=40
    """
    if n_bins < 1:
        raise SchemaError(f"`n_bins` is the number of bins, at least 1; it is {n_bins}.")
    truth, probabilities = with_truth(y, checked_proba(proba))
    if not len(truth):
        return Calibration(wilson(0, 0), ())
    confidence, credit = probabilities.max(axis=1), expected_credit(truth, probabilities)
    bins = np.clip(np.ceil(confidence * n_bins).astype(np.int64) - 1, 0, n_bins - 1)
    is_in = bins[:, np.newaxis] == np.arange(n_bins)
    units = np.column_stack([np.where(is_in, (credit - confidence)[:, np.newaxis], 0.0), np.ones(len(truth))])
    if clusters is None:
        rates = [wilson(float(credit[column].sum()), int(column.sum())) for column in is_in.T]
    else:
        members = with_truth(y, cluster_places(clusters))[1]
        rates = list(cluster_ratios(is_in * credit[:, np.newaxis], is_in, members))
        units = np.column_stack([np.bincount(members, column) for column in units.T])
        units = units[units[:, -1] > 0]
    error = bootstrap(units, lambda totals: np.abs(totals[:, :-1]).sum(axis=1) / totals[:, -1])
    return Calibration(
        rate(error, n=len(units)),
        tuple(
            CalibrationBin(b / n_bins, (b + 1) / n_bins, float(confidence[bins == b].mean()), rates[b])
            for b in np.unique(bins).tolist()
        ),
    )


def expected_credit(truth: Codes, proba: Floats) -> Floats:
    """Return the chance that the answer is right, [n], when ties among maximal classes are broken at random."""
    is_maximal = maximisers(proba)
    return _of_class(is_maximal / is_maximal.sum(axis=1, keepdims=True), truth)


def _of_class(values: Floats, codes: Codes) -> Floats:
    check_codes(codes, values.shape[1])
    chosen: Floats = values[np.arange(len(codes)), codes]
    return chosen
