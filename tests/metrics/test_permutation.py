import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nacre.errors import SchemaError
from nacre.metrics import mcnemar, sign_flip, wilcoxon

few_scores = arrays(np.float64, st.tuples(st.just(2), st.integers(1, 8)), elements=st.integers(-3, 3))


def slow_sign_flip(differences):
    """Return the share of all choices of signs whose sum is at least as far from zero."""
    sums = [abs(np.dot(signs, differences)) for signs in itertools.product((-1, 1), repeat=len(differences))]
    return np.mean([total >= abs(sum(differences)) for total in sums])


@settings(deadline=None)
@given(few_scores)
def test_p_is_the_share_of_signs_at_least_as_uneven(scores):
    before, after = scores

    assert sign_flip(before, after) == pytest.approx(slow_sign_flip(after - before))
    assert sign_flip(after, before) == sign_flip(before, after)


@settings(deadline=None)
@given(few_scores)
def test_clusters_flip_as_a_whole(scores):
    clusters = np.arange(scores.shape[1]) // 2
    sums = [float((scores[1] - scores[0])[clusters == name].sum()) for name in range(clusters.max() + 1)]

    assert sign_flip(*scores, clusters=clusters) == pytest.approx(slow_sign_flip(sums))


def test_many_pairs_are_drawn_and_agree_with_the_exact_test_of_pass_fail():
    rng = np.random.default_rng(0)
    before, after = rng.random(200) < 0.6, rng.random(200) < 0.68

    drawn = sign_flip(before, after)

    assert drawn == pytest.approx(mcnemar(before, after).p, abs=0.02)
    assert drawn == sign_flip(before, after)
    assert drawn != sign_flip(before, after, random_state=1)


def test_no_p_is_zero_and_equal_systems_have_p_1():
    assert sign_flip(np.zeros(50), np.ones(50)) == 1 / 10_001
    assert sign_flip([1.0, 2.0], [1.0, 2.0]) == sign_flip([], []) == wilcoxon([1, 2], [1, 2]) == 1


def test_pairs_with_a_missing_score_are_left_out():
    before, after = [1.0, math.nan, 2.0, 0.0], [2.0, 3.0, math.nan, 4.0]

    assert sign_flip(before, after, clusters=["a", "b", "c", "d"]) == sign_flip([1.0, 0.0], [2.0, 4.0]) == 0.5
    assert wilcoxon(before, after) == wilcoxon([1.0, 0.0], [2.0, 4.0])


def test_equal_systems_are_seldom_found_to_differ():
    rng = np.random.default_rng(1)
    found = [sign_flip(*rng.exponential(size=(2, 25))) <= 0.05 for _ in range(200)]

    assert np.mean(found) <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 200)


@settings(deadline=None)
@given(st.integers(2, 9), st.integers(0, 2**31))
def test_wilcoxon_is_the_share_of_signs_with_so_uneven_ranks(n, seed):
    differences = np.random.default_rng(seed).permutation(np.arange(1, n + 1)) * np.random.default_rng(seed).choice(
        [-1.0, 1.0], n
    )
    ranks = np.abs(differences)

    p = wilcoxon(np.zeros(n), differences)

    sums = [abs(np.dot(signs, ranks)) for signs in itertools.product((-1, 1), repeat=n)]
    assert p == pytest.approx(np.mean([total >= abs(np.sign(differences) @ ranks) for total in sums]))


def test_pairs_are_two_lists_of_one_length():
    with pytest.raises(SchemaError, match="`before` has 1, `after` has 2"):
        sign_flip([1.0], [1.0, 2.0])
    with pytest.raises(SchemaError, match="one score per data point"):
        wilcoxon([[1.0]], [[2.0]])
    with pytest.raises(SchemaError, match="`clusters` has 1"):
        sign_flip([1.0, 2.0], [1.0, 2.0], clusters=[0])
