import math

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st

from nacre.errors import SchemaError
from nacre.metrics import accuracy, binary_f1, macro_f1, per_class

codes = st.lists(st.tuples(st.integers(-1, 3), st.integers(-1, 3)), min_size=1, max_size=40)


def sample(seed, n=300, n_classes=6):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, n_classes, n).astype(np.int16)
    return y, np.where(rng.random(n) < 0.6, y, rng.integers(0, n_classes, n)).astype(np.int16)


@pytest.mark.parametrize("seed", range(5))
def test_values_equal_those_of_scikit_learn(seed):
    y, prediction = sample(seed)

    assert accuracy(y, prediction).value == pytest.approx(sklearn.metrics.accuracy_score(y, prediction))
    assert macro_f1(y, prediction).value == pytest.approx(sklearn.metrics.f1_score(y, prediction, average="macro"))
    of_two = sklearn.metrics.f1_score(y == 2, prediction == 2)
    assert binary_f1(y, prediction, positive=2).value == pytest.approx(of_two)
    expected = sklearn.metrics.precision_recall_fscore_support(y, prediction)
    found = [[m.value for m in metrics] + [metrics.recall.n] for metrics in per_class(y, prediction, n_classes=6)]
    np.testing.assert_allclose(found, np.transpose(expected))


@pytest.mark.parametrize("metric", [accuracy, macro_f1, binary_f1])
def test_unknown_truth_is_left_out(metric):
    y, prediction = sample(0)
    with_unknown = np.append(y, np.full(50, -1)), np.append(prediction, np.arange(50) % 6)

    assert metric(*with_unknown) == metric(y, prediction)


def test_an_abstention_is_missed_but_not_a_false_alarm():
    ham, spam = per_class([0, 0, 1, 1], [0, -1, 1, -1], n_classes=2)

    assert accuracy([0, 0, 1, 1], [0, -1, 1, -1]).value == 0.5
    assert (ham.precision.value, ham.recall.value, spam.recall.n) == (1, 0.5, 2)
    assert spam.f1.value == pytest.approx(2 / 3)


def test_a_class_that_neither_occurs_nor_is_predicted_is_undefined_and_not_zero():
    *_, absent = per_class([0, 1, 1], [0, 1, 0], n_classes=3)

    assert all(math.isnan(metric.value) for metric in absent)
    assert (absent.f1.low, absent.f1.high) == (0, 1)
    assert macro_f1([0, 5], [0, 5]).value == 1


@pytest.mark.parametrize("metric", [accuracy, macro_f1, binary_f1])
def test_no_truth_gives_no_value(metric):
    assert math.isnan(metric([-1, -1], [0, 1]).value)
    assert metric([], []).n == 0


@settings(deadline=None, max_examples=40)
@given(codes, st.randoms(use_true_random=False))
def test_order_does_not_matter_and_intervals_contain_their_values(pairs, random):
    shuffled = random.sample(pairs, len(pairs))

    for metric in (accuracy, macro_f1, binary_f1):
        result = metric(*map(np.array, zip(*pairs, strict=True)))
        assert math.isnan(result.value) or 0 <= result.low <= result.value <= result.high <= 1
        assert repr(result) == repr(metric(*map(np.array, zip(*shuffled, strict=True))))


@settings(deadline=None, max_examples=20)
@given(codes, st.permutations(range(4)))
def test_renaming_classes_does_not_move_macro_f1(pairs, names):
    y, prediction = map(np.array, zip(*pairs, strict=True))
    renamed = np.append(names, -1)

    expected, found = macro_f1(y, prediction), macro_f1(renamed[y], renamed[prediction])

    np.testing.assert_allclose(found.value, expected.value)


def test_macro_f1_covers_the_truth():
    rng = np.random.default_rng(6)
    cells = np.array([[0.4, 0.05, 0.05], [0.05, 0.2, 0.05], [0.02, 0.03, 0.15]])
    truth = np.mean(2 * np.diag(cells) / (cells.sum(axis=0) + cells.sum(axis=1)))

    metrics = [macro_f1(*np.divmod(rng.choice(9, size=300, p=cells.ravel()), 3)) for _ in range(200)]

    assert abs(np.mean([metric.low <= truth <= metric.high for metric in metrics]) - 0.95) <= 0.046


def test_codes_beyond_the_schema_are_refused():
    with pytest.raises(SchemaError, match="codes end at 1; found 2"):
        per_class([0, 1], [0, 2], n_classes=2)


def test_arrays_of_other_data_points_are_refused():
    with pytest.raises(SchemaError, match="`y` has 2, `answers` has 3"):
        accuracy([0, 1], [0, 1, 1])
    with pytest.raises(SchemaError, match="shape"):
        accuracy([[0, 1]], [0])
    with pytest.raises(SchemaError, match="`predict` turns probabilities into codes"):
        accuracy([0, 1], [[0.5, 0.5], [0.1, 0.9]])


def test_names_of_classes_are_refused_with_what_makes_codes_of_them():
    with pytest.raises(SchemaError, match=r"found 'ham'.*unit_codes"):
        accuracy(["ham", "spam"], [0, 1])
