"""Metrics of predicted classes, each with its interval.

Truth and prediction are class codes. Data points of unknown truth (below 0) are left out; an abstention (a prediction
below 0) is an error: it counts against accuracy and recall, not against precision.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nacre.metrics._arrays import Floats, check_codes, class_codes, cluster_places, ratios, with_truth
from nacre.metrics._bootstrap import bootstrap
from nacre.metrics._clusters import cluster_ratios
from nacre.metrics._metric import Metric, rate
from nacre.metrics._rates import wilson


class ClassMetrics(NamedTuple):
    """Quality of one class. `precision.n` counts its predictions, `recall.n` its data points.

    With clusters each n counts those that the rate is about.
    """

    precision: Metric
    recall: Metric
    f1: Metric


def accuracy(y: ArrayLike, prediction: ArrayLike) -> Metric:
    """Return the share of data points predicted right, with Wilson's interval.

    Examples:
        >>> print(accuracy([0, 1, 1, -1], [0, 1, 0, 0]))
        .67 [.21-.94] n=3 too few
    """
    truth, answers = class_codes(y, prediction)
    return wilson(int((truth == answers).sum()), len(truth))


def binary_f1(y: ArrayLike, prediction: ArrayLike, *, positive: int = 1) -> Metric:
    """Return the F1 of one class, with a bootstrap interval; NaN when it neither occurs nor is predicted.

    Examples:
        >>> print(binary_f1([0, 1, 1, 1], [0, 1, 0, 1]))
        .80 [.00-1.00] n=4 too few
    """
    truth, answers = class_codes(y, prediction)
    return _per_class_f1((truth == positive).astype(int), (answers == positive).astype(int), n_classes=2)[1]


def macro_f1(y: ArrayLike, prediction: ArrayLike) -> Metric:
    """Return the mean F1 of the classes that occur or are predicted, with a bootstrap interval.

    Examples:
        >>> print(macro_f1([0, 1, 1, 2] * 20, [0, 1, 0, 2] * 20))
        .78 [.69-.85] n=80
    """
    truth, answers = class_codes(y, prediction)
    if not len(truth):
        return wilson(0, 0)
    n_classes = int(max(truth.max(), answers.max())) + 1
    units, counts = _confusion_cells(truth, answers, n_classes)
    bounds = bootstrap(units, lambda totals: mean_of_defined(f1_of_totals(totals)), counts=counts)
    return rate(bounds, n=len(truth))


def per_class(
    y: ArrayLike, prediction: ArrayLike, n_classes: int, *, clusters: ArrayLike | None = None
) -> tuple[ClassMetrics, ...]:
    """Return precision and recall (Wilson) and F1 (bootstrap) of every class, in the order of the codes.

    Args:
        y: The truth.
        prediction: The answers.
        n_classes: How many classes there are.
        clusters: What units share (a document), when they are not independent: all intervals resample it.

    Examples:
        >>> ham, spam = per_class([0, 0, 0, 1], [0, 0, 1, 1], n_classes=2)
        >>> round(ham.recall.value, 2), ham.recall.n, spam.precision.value, spam.precision.n
        (0.67, 3, 0.5, 2)
    """
    truth, answers = class_codes(y, prediction)
    check_codes(truth, n_classes)
    check_codes(answers, n_classes)
    if clusters is not None:
        return _clustered_per_class(truth, answers, n_classes, with_truth(y, cluster_places(clusters))[1])
    hits = np.bincount(truth[truth == answers], minlength=n_classes).tolist()
    predicted = np.bincount(answers[answers >= 0], minlength=n_classes).tolist()
    actual = np.bincount(truth, minlength=n_classes).tolist()
    f1 = _per_class_f1(truth, answers, n_classes)
    return tuple(
        ClassMetrics(wilson(hits[code], predicted[code]), wilson(hits[code], actual[code]), f1[code])
        for code in range(n_classes)
    )


def _clustered_per_class(
    truth: NDArray[Any], answers: NDArray[Any], n_classes: int, members: NDArray[Any]
) -> tuple[ClassMetrics, ...]:
    n_clusters = int(members.max(initial=-1)) + 1

    def count(codes: NDArray[Any], which: NDArray[np.bool_]) -> Floats:
        cells = members[which] * n_classes + codes[which]
        return np.bincount(cells, minlength=n_clusters * n_classes).reshape(-1, n_classes).astype(np.float64)

    hits, predicted, actual = count(truth, truth == answers), count(answers, answers >= 0), count(truth, truth >= 0)
    parts, wholes = np.hstack([hits, hits, 2 * hits]), np.hstack([predicted, actual, predicted + actual])
    metrics = cluster_ratios(parts, wholes, np.arange(n_clusters))
    return tuple(ClassMetrics(*metrics[code::n_classes]) for code in range(n_classes))


def f1_scores(hits: Floats, predicted: Floats, actual: Floats) -> Floats:
    """Return 2 hits / (predicted + actual); NaN where there is nothing to find and nothing was found."""
    return ratios(2 * hits, predicted + actual)


def mean_of_defined(values: Floats) -> Floats:
    """Return the mean over the last axis of what is not NaN."""
    is_defined = ~np.isnan(values)
    return ratios(np.where(is_defined, values, 0).sum(axis=-1), is_defined.sum(axis=-1))


def f1_of_totals(totals: Floats) -> Floats:
    """Return the F1 of every class from totals of hits, predictions and occurrences, [n_draws, 3 * n_classes]."""
    return f1_scores(*np.split(totals, 3, axis=1))


def _per_class_f1(truth: NDArray[Any], answers: NDArray[Any], n_classes: int) -> list[Metric]:
    if not len(truth):
        return [wilson(0, 0)] * n_classes
    units, counts = _confusion_cells(truth, answers, n_classes)
    bounds = bootstrap(units, f1_of_totals, counts=counts)
    return [rate(limits, n=len(truth)) for limits in zip(*bounds, strict=True)]


def _confusion_cells(truth: NDArray[Any], answers: NDArray[Any], n_classes: int) -> tuple[Floats, NDArray[np.int64]]:
    """Return what a data point of each occupied cell adds to hits, predictions and occurrences of every class.

    Abstentions have a column of their own, the last.
    """
    columns = np.where(answers >= 0, answers, n_classes)
    table = np.bincount(truth.astype(np.int64) * (n_classes + 1) + columns, minlength=n_classes * (n_classes + 1))
    occupied = np.flatnonzero(table)
    row, column = np.divmod(occupied, n_classes + 1)
    classes = np.arange(n_classes)
    is_actual, is_predicted = row[:, np.newaxis] == classes, column[:, np.newaxis] == classes
    units = np.hstack([is_actual & is_predicted, is_predicted, is_actual]).astype(np.float64)
    return units, table[occupied]
