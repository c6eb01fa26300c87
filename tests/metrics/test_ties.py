import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nacre.errors import SchemaError
from nacre.metrics import predict, splitmix64

counts = arrays(np.int8, st.tuples(st.integers(1, 20), st.integers(1, 5)), elements=st.integers(0, 3))
TIE = [[0.4, 0.4, 0.2]]


@pytest.mark.parametrize(
    ("prior", "expected"),
    [
        pytest.param([0.2, 0.3, 0.5], 1, id="the more frequent of the tied"),
        pytest.param([0.3, 0.2, 0.5], 0, id="either way"),
        pytest.param(None, 0, id="the first without a prior"),
    ],
)
def test_prior_breaks_ties(prior, expected):
    assert predict(TIE, prior=prior).tolist() == [expected]


def test_a_uniform_posterior_goes_to_the_most_frequent_class():
    assert predict(np.full((2, 3), 1 / 3), prior=[0.2, 0.5, 0.3]).tolist() == [1, 1]


def test_a_tie_can_abstain():
    assert predict([*TIE, [0.5, 0.2, 0.3]], tie="abstain").tolist() == [-1, 0]


def test_float32_noise_is_a_tie():
    proba = np.array([[0.3, 0.1 + 0.2, 0.4]]) - np.array([[0, 0, 0.1]])

    assert predict(proba, tie="abstain").tolist() == [-1]


@given(counts, st.integers(0, 2**32))
def test_hash_chooses_a_maximiser_by_id_and_never_by_position(votes, seed):
    row_ids = np.arange(100, 100 + len(votes))

    chosen = predict(votes, tie="hash", row_ids=row_ids, seed=seed)

    np.testing.assert_array_equal(votes[np.arange(len(votes)), chosen], votes.max(axis=1))
    backwards = predict(votes[::-1], tie="hash", row_ids=row_ids[::-1], seed=seed)
    np.testing.assert_array_equal(backwards[::-1], chosen)


@given(counts)
def test_policies_agree_where_nothing_is_tied(votes):
    certain = predict(votes, tie="abstain")

    is_certain = certain >= 0
    np.testing.assert_array_equal(predict(votes)[is_certain], certain[is_certain])
    hashed = predict(votes, tie="hash", row_ids=np.arange(len(votes)))
    np.testing.assert_array_equal(hashed[is_certain], certain[is_certain])


def test_hash_is_even_over_ids_and_differs_between_seeds():
    proba, row_ids = np.full((6_000, 3), 1 / 3), np.arange(6_000)

    first, second = (predict(proba, tie="hash", row_ids=row_ids, seed=seed) for seed in (0, 1))

    assert (np.abs(np.bincount(first) - 2_000) < 130).all()  # 3.5 standard deviations
    assert abs((first == second).mean() - 1 / 3) < 0.03


def test_splitmix64_equals_the_published_sequence():
    golden = 0x9E3779B97F4A7C15
    states = np.array([(1234567 + step * golden) % 2**64 for step in range(3)], dtype=np.uint64)

    assert splitmix64(states).tolist() == [6457827717110365317, 3203168211198807973, 9817491932198370423]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param({"tie": "hash"}, "row_ids", id="hash without ids"),
        pytest.param({"tie": "hash", "row_ids": [1, 2]}, "same data points", id="ids of other data points"),
        pytest.param({"tie": "hash", "row_ids": ["a"]}, "whole numbers", id="ids that are text"),
        pytest.param({"tie": "random"}, "it is `random`", id="unknown policy"),
        pytest.param({"prior": [0.5, 0.5]}, "each of the 3 classes", id="prior of other classes"),
    ],
)
def test_what_cannot_break_ties_is_refused(arguments, message):
    with pytest.raises(SchemaError, match=message):
        predict(TIE, **arguments)


@pytest.mark.parametrize(
    "proba", [[0.1, 0.9], [[float("nan"), 1.0]], np.zeros((2, 0))], ids=["flat", "nan", "no class"]
)
def test_what_is_no_probability_is_refused(proba):
    with pytest.raises(SchemaError, match="Probabilities"):
        predict(proba)
