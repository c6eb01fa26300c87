"""Metrics where a data point may carry several classes.

Truth is [n, n_classes] with 1 present, 0 absent, -1 unknown; predictions are booleans of the same shape. What is
unknown is left out cell by cell. Intervals resample data points.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from nacre.errors import SchemaError
from nacre.metrics._arrays import Booleans, Codes, Floats
from nacre.metrics._bootstrap import Statistic, bootstrap
from nacre.metrics._classification import ClassMetrics, f1_of_totals, f1_scores, mean_of_defined
from nacre.metrics._metric import Metric, rate
from nacre.metrics._rates import wilson


def multilabel_micro_f1(y: ArrayLike, prediction: ArrayLike) -> Metric:
    """Return the F1 of all (data point, class) pairs together.

    Examples:
        >>> print(multilabel_micro_f1([[1, 0], [1, 1]] * 20, [[1, 0], [0, 1]] * 20))
        .80 [.75-.85] n=40
    """
    counts = _counts(*_checked(y, prediction)).sum(axis=2)
    return _bootstrapped(counts, lambda totals: f1_scores(*totals.T))


def multilabel_macro_f1(y: ArrayLike, prediction: ArrayLike) -> Metric:
    """Return the mean F1 of the classes that occur or are predicted.

    Examples:
        >>> print(multilabel_macro_f1([[1, 0], [1, 1]] * 20, [[1, 0], [0, 1]] * 20))
        .83 [.76-.89] n=40
    """
    counts = _counts(*_checked(y, prediction))
    return _bootstrapped(
        counts.reshape(len(counts), 3 * counts.shape[2]), lambda totals: mean_of_defined(f1_of_totals(totals))
    )


def multilabel_per_class(y: ArrayLike, prediction: ArrayLike) -> tuple[ClassMetrics, ...]:
    """Return precision and recall (Wilson) and F1 (bootstrap) of every class, in the order of the columns.

    Examples:
        >>> urgent, refund = multilabel_per_class([[1, 0], [1, 1]] * 20, [[1, 0], [0, 1]] * 20)
        >>> print(urgent.recall)
        .50 [.35-.65] n=40
    """
    truth, predicted = _checked(y, prediction)
    counts = _counts(truth, predicted)
    metrics = []
    for code, (hits, found, actual) in enumerate(counts.sum(axis=0).T.tolist()):
        f1 = _bootstrapped(counts[truth[:, code] >= 0, :, code], lambda totals: f1_scores(*totals.T))
        metrics.append(ClassMetrics(wilson(hits, found), wilson(hits, actual), f1))
    return tuple(metrics)


def subset_accuracy(y: ArrayLike, prediction: ArrayLike) -> Metric:
    """Return the share of data points whose classes are all right, among those whose truth is known for every class.

    Examples:
        >>> print(subset_accuracy([[1, 0], [1, 1]] * 20, [[1, 0], [0, 1]] * 20))
        .50 [.35-.65] n=40
    """
    truth, predicted = _checked(y, prediction)
    is_known = (truth >= 0).all(axis=1)
    is_right = (truth == predicted).all(axis=1)
    return wilson(int(is_right[is_known].sum()), int(is_known.sum()))


def best_thresholds(y: ArrayLike, proba: ArrayLike) -> Floats:
    """Return for each class the threshold with the largest F1; predict the class where `proba >= threshold`.

    Choose them on valid, never on test. A threshold lies half-way between two probabilities; of several best ones the
    highest is taken. A class without a known data point that carries it keeps .5.

    Examples:
        >>> best_thresholds([[1], [1], [0], [0]], [[0.9], [0.4], [0.3], [0.1]])
        array([0.35])
    """
    truth, scores = np.asarray(y), np.asarray(proba, dtype=np.float64)
    _check_same_shape(truth, scores)
    return np.array([_best_threshold(truth[:, code], scores[:, code]) for code in range(truth.shape[1])])


def _best_threshold(truth: Codes, scores: Floats) -> float:
    truth, scores = truth[truth >= 0], scores[truth >= 0]
    if not truth.any():
        return 0.5
    order = np.argsort(-scores, kind="stable")
    scores, hits = scores[order], truth[order].cumsum()
    # The k highest are predicted; ties cannot be parted.
    ends = np.flatnonzero(np.append(scores[1:] < scores[:-1], True))
    best = ends[np.argmax(2 * hits[ends] / (ends + 1 + hits[-1]))]
    lowest, below = scores[best], scores[best + 1] if best + 1 < len(scores) else -np.inf
    middle = (lowest + below) / 2
    return float(middle if middle > below else lowest)  # floats side by side have no middle


def _counts(truth: Codes, predicted: Booleans) -> Floats:
    """Return hits, predictions and occurrences of each class in each data point, [n, 3, n_classes]."""
    is_known, is_actual = truth >= 0, truth > 0
    return np.stack([is_actual & predicted, is_known & predicted, is_actual], axis=1).astype(np.float64)


def _bootstrapped(units: Floats, statistic: Statistic) -> Metric:
    if not len(units):
        return wilson(0, 0)
    return rate(bootstrap(units, statistic), n=len(units))


def _checked(y: ArrayLike, prediction: ArrayLike) -> tuple[Codes, Booleans]:
    truth, predicted = np.asarray(y).astype(np.int16), np.asarray(prediction).astype(bool)
    _check_same_shape(truth, predicted)
    return truth, predicted


def _check_same_shape(truth: Codes, answers: Floats | Booleans) -> None:
    if truth.ndim != 2 or truth.shape != answers.shape:
        raise SchemaError(
            f"Truth and answers are both [data points, classes]; found the shapes {truth.shape} and {answers.shape}."
        )
