import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st

from nacre.errors import SchemaError
from nacre.metrics import confusion, order_classes, top_confusions


def test_confusion_equals_that_of_scikit_learn():
    rng = np.random.default_rng(8)
    y, prediction = rng.integers(0, 77, (2, 5_000)).astype(np.int16)

    table = confusion(y, prediction, n_classes=77)

    assert table.dtype == np.int64
    np.testing.assert_array_equal(table, sklearn.metrics.confusion_matrix(y, prediction, labels=range(77)))


@given(st.lists(st.tuples(st.integers(-2, 4), st.integers(-1, 4))))
def test_every_answered_data_point_of_known_truth_has_one_cell(pairs):
    y, prediction = np.array(pairs, dtype=np.int16).reshape(-1, 2).T

    table = confusion(y, prediction, n_classes=5)

    assert table.sum() == sum(true >= 0 and found >= 0 for true, found in pairs)
    assert np.trace(table) == sum(true == found >= 0 for true, found in pairs)


def test_planted_blocks_of_similar_classes_stand_together():
    rng = np.random.default_rng(9)
    block = rng.permutation(np.repeat(np.arange(26), 3))
    same = block[:, np.newaxis] == block
    table = rng.poisson(np.where(same, 6, 0.1)) + np.diag(rng.integers(20, 60, 78))

    order = order_classes(table)

    assert sorted(order.tolist()) == list(range(78))
    assert np.count_nonzero(np.diff(block[order])) == 25


@pytest.mark.parametrize("n_classes", [0, 1, 2, 3])
def test_few_or_empty_classes_have_an_order(n_classes):
    order = order_classes(np.zeros((n_classes, n_classes), dtype=np.int64))

    assert sorted(order.tolist()) == list(range(n_classes))


def test_top_confusions_are_the_largest_cells_off_the_diagonal():
    table = np.array([[50, 1, 2], [0, 90, 0], [4, 2, 60]])

    pairs = top_confusions(table, ("ham", "offer", "spam"), n=3)

    assert [(pair.truth, pair.prediction, pair.n) for pair in pairs] == [
        ("spam", "ham", 4),
        ("ham", "spam", 2),
        ("spam", "offer", 2),
    ]
    assert pairs[0].share.value == pytest.approx(4 / 66)
    assert len(top_confusions(table, ("ham", "offer", "spam"), n=9)) == 4
    assert table[0, 0] == 50


def test_what_is_no_confusion_is_refused():
    with pytest.raises(SchemaError, match="codes end at 1"):
        confusion([0, 2], [0, 1], n_classes=2)
    with pytest.raises(SchemaError, match="square"):
        order_classes(np.zeros((2, 3), dtype=np.int64))
    with pytest.raises(SchemaError, match="1 names"):
        top_confusions(np.zeros((2, 2), dtype=np.int64), ["ham"])
