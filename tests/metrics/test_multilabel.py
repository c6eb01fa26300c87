import math

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st

from nacre.errors import SchemaError
from nacre.metrics import (
    best_thresholds,
    multilabel_macro_f1,
    multilabel_micro_f1,
    multilabel_per_class,
    subset_accuracy,
)


def sample(seed, n=120, n_classes=5):
    rng = np.random.default_rng(seed)
    y = rng.random((n, n_classes)) < 0.3
    return y.astype(np.int16), np.where(rng.random(y.shape) < 0.8, y, ~y)


@pytest.mark.parametrize("seed", range(3))
def test_values_equal_those_of_scikit_learn(seed):
    y, prediction = sample(seed)

    micro, macro = (sklearn.metrics.f1_score(y, prediction, average=average) for average in ("micro", "macro"))
    assert multilabel_micro_f1(y, prediction).value == pytest.approx(micro)
    assert multilabel_macro_f1(y, prediction).value == pytest.approx(macro)
    assert subset_accuracy(y, prediction).value == pytest.approx(sklearn.metrics.accuracy_score(y, prediction))
    expected = sklearn.metrics.precision_recall_fscore_support(y, prediction)
    found = [[m.value for m in metrics] + [metrics.recall.n] for metrics in multilabel_per_class(y, prediction)]
    np.testing.assert_allclose(found, np.transpose(expected))


@pytest.mark.parametrize("metric", [multilabel_micro_f1, multilabel_macro_f1])
def test_intervals_contain_their_values_and_ignore_the_order(metric):
    y, prediction = sample(3)

    result = metric(y, prediction)

    assert result.low < result.value < result.high
    assert metric(y[::-1], prediction[::-1]) == result


def test_unknown_cells_are_left_out():
    y, prediction = np.array([[1, -1], [0, 1], [1, 0]]), np.array([[1, 1], [0, 1], [0, 0]])

    first, second = multilabel_per_class(y, prediction)

    assert (first.recall.value, first.recall.n, first.f1.n) == (0.5, 2, 3)
    assert (second.precision.value, second.precision.n, second.f1.n) == (1, 1, 2)
    assert multilabel_micro_f1(y, prediction).value == pytest.approx(4 / 5)
    assert (subset_accuracy(y, prediction).value, subset_accuracy(y, prediction).n) == (0.5, 2)


@pytest.mark.parametrize("metric", [multilabel_micro_f1, multilabel_macro_f1, subset_accuracy])
def test_nothing_known_gives_no_value(metric):
    assert math.isnan(metric(np.full((3, 2), -1), np.zeros((3, 2))).value)
    assert math.isnan(metric(np.zeros((0, 2)), np.zeros((0, 2))).value)


def slow_best_f1(truth, scores):
    return max(sklearn.metrics.f1_score(truth, scores >= threshold) for threshold in set(scores.tolist()))


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 8)), min_size=1, max_size=25).filter(
        lambda rows: any(is_true for is_true, _ in rows)
    )
)
def test_no_threshold_beats_the_best(rows):
    truth, tenths = map(np.array, zip(*rows, strict=True))
    scores = tenths / 10

    (threshold,) = best_thresholds(truth[:, np.newaxis].astype(int), scores[:, np.newaxis])

    assert sklearn.metrics.f1_score(truth, scores >= threshold) == pytest.approx(slow_best_f1(truth, scores))


def test_thresholds_are_chosen_class_by_class_among_known_truth():
    y = np.array([[1, 0, -1], [0, 0, -1], [-1, 0, 1]])
    proba = np.array([[0.3, 0.9, 0.9], [0.1, 0.2, 0.8], [0.2, 0.5, 0.6]])

    np.testing.assert_allclose(best_thresholds(y, proba), [0.2, 0.5, 0.6])


def test_a_threshold_separates_probabilities_that_are_neighbours():
    low, high = 0.5, np.nextafter(0.5, 1)

    (threshold,) = best_thresholds([[1], [0]], [[high], [low]])

    assert low < threshold <= high


def test_shapes_that_differ_are_refused():
    with pytest.raises(SchemaError, match="shapes"):
        multilabel_micro_f1([[1, 0]], [[1]])
    with pytest.raises(SchemaError, match="shapes"):
        best_thresholds([1, 0], [0.5, 0.2])
