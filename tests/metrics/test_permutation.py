import itertools
import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nacre.errors import SchemaError
from nacre.metrics import mcnemar, sign_flip, sign_flip_p, wilcoxon

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


@pytest.mark.parametrize("n", [20, 200, 5_000, 200_000])
def test_sign_flips_of_passes_are_mcnemars_exact_test(n):
    rng = np.random.default_rng(n)
    before, after = rng.random(n) < 0.6, rng.random(n) < 0.6 + 1 / n**0.5

    assert sign_flip(before, after) == pytest.approx(mcnemar(before, after).p, abs=1e-9)


def test_no_p_is_zero_and_equal_systems_have_p_1():
    assert sign_flip(np.zeros(50), np.ones(50)) == pytest.approx(2.0**-49, rel=0.3)
    assert sign_flip(np.zeros(900), np.ones(900)) > 0
    assert 0 < sign_flip(np.zeros(100), 1.5 + np.random.default_rng(0).random(100)) < 1e-9
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


@pytest.mark.parametrize("scale", [1, 0.5, 1_000], ids=["ones", "halves", "thousands"])
@pytest.mark.parametrize("n", [13, 40, 300])
def test_sign_flips_of_whole_changes_are_the_shares_of_drawn_signs(n, scale):
    rng = np.random.default_rng(n)
    changes = scale * (rng.integers(-4, 5, n) + (rng.random(n) < 0.1))
    signs = 2 * rng.integers(0, 2, (20_000, n)) - 1

    share = (np.abs(signs @ changes) >= abs(changes.sum()) - 1e-9).mean()

    assert sign_flip_p(changes) == pytest.approx(share, abs=0.015)


@pytest.mark.parametrize("n", [40, 200, 400])
@pytest.mark.parametrize("shift", [0.05, 0.15, 0.25])
def test_sign_flips_of_many_scores_are_the_shares_of_drawn_signs(n, shift):
    rng = np.random.default_rng(n)
    changes = rng.normal(shift, 1, n)
    signs = 2 * rng.integers(0, 2, (20_000, n)) - 1

    share = (np.abs(signs @ changes) >= abs(changes.sum())).mean()

    assert sign_flip_p(changes) == pytest.approx(share, abs=0.015)


def test_sign_flips_of_any_number_of_scores_take_little_memory():
    rng = np.random.default_rng(0)
    tracemalloc.start()
    for n in range(13, 257, 3):
        sign_flip_p(rng.normal(0.1, 1, n))
    kept, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert kept < 4e6
    assert most < 60e6


def test_mcnemar_of_clusters_of_any_size_is_exact():
    net = np.array([1_500, -700, 900, 20_000, -3])
    before, after = (np.repeat(way * net > 0, np.abs(net)) for way in (-1, 1))

    found = mcnemar(before, after, clusters=np.repeat(np.arange(5), np.abs(net)))

    assert found.p == pytest.approx(slow_sign_flip(net))


def test_sign_flips_hold_their_level():
    rng = np.random.default_rng(0)
    whole = [sign_flip_p(rng.integers(-2, 3, 30)) for _ in range(300)]
    drawn = [sign_flip_p(rng.standard_t(4, 300)) for _ in range(300)]

    assert np.mean(np.array(whole) <= 0.05) <= 0.08
    assert np.mean(np.array(drawn) <= 0.05) <= 0.08
