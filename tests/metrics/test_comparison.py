import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from nacre.errors import SchemaError
from nacre.metrics import difference, mcnemar, newcombe, paired_bootstrap, wilson

pairs = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40)


def systems(n, gained, lost):
    before, after = np.zeros((2, n), dtype=bool)
    after[:gained] = True
    before[gained : gained + lost] = True
    return before, after


@pytest.mark.parametrize(
    ("n", "gained", "lost", "interval", "p"),
    [
        pytest.param(419, 33, 5, (0.041, 0.098), 4.3e-6, id="GPT-4 NoRules to Vanilla"),
        pytest.param(419, 11, 21, (-0.050, 0.002), 0.110, id="GPT-4 Vanilla to Swap_CoT"),
        pytest.param(419, 118, 76, (0.036, 0.169), 0.0031, id="ChatGPT NoRules to Rating"),
        pytest.param(411, 33, 14, (0.015, 0.078), 0.0079, id="PaLM2 NoRules to Vanilla"),
    ],
)
def test_differences_on_llmbar_are_those_of_the_reference(n, gained, lost, interval, p):
    result = difference(*systems(n, gained, lost))

    assert result.change.value == pytest.approx((gained - lost) / n)
    # Ends move by one data point (.0024) or two between seeds.
    np.testing.assert_allclose([result.change.low, result.change.high], interval, atol=0.006)
    assert result.p == pytest.approx(p, rel=0.02)
    assert (result.gained, result.lost) == (gained, lost)
    assert result.is_clear == (interval[0] > 0)


@given(pairs)
def test_mcnemar_is_the_binomial_test_of_discordant_data_points(rows):
    before, after = map(np.array, zip(*rows, strict=True))

    gained, lost, p = mcnemar(before, after)

    assert p == pytest.approx(binomtest(gained, gained + lost).pvalue if gained + lost else 1)
    assert mcnemar(after, before) == (lost, gained, p)


@settings(deadline=None, max_examples=30)
@given(pairs)
def test_swapping_systems_flips_the_sign(rows):
    before, after = zip(*rows, strict=True)

    forwards, backwards = difference(before, after), difference(after, before)

    assert backwards.change.value == -forwards.change.value
    assert backwards.p == forwards.p
    assert forwards.change.low <= forwards.change.value <= forwards.change.high


def test_identical_systems_do_not_differ():
    result = difference([True, False] * 30, [True, False] * 30)

    assert (result.change.value, result.p) == (0, 1)
    assert result.change.low == -result.change.high
    assert result.change.high == pytest.approx(wilson(0, 60).high)
    assert not result.is_clear


def test_a_few_pairs_that_all_changed_do_not_prove_that_all_would():
    result = difference([False] * 4, [True] * 4).change

    assert (result.value, result.high) == (1, 1)
    assert result.low == pytest.approx(wilson(4, 4).low)
    assert paired_bootstrap([1.0, 2.0], [4.0, 5.0], is_rate=False).low == 3  # a number has no range
    with pytest.raises(SchemaError, match="found 1 to 5"):
        paired_bootstrap([1.0, 2.0], [4.0, 5.0], is_rate=True)


def test_clusters_of_equal_data_points_widen_the_interval_to_that_of_the_clusters():
    rng = np.random.default_rng(11)
    before, after = rng.random((2, 50))

    repeated = paired_bootstrap(
        np.repeat(before, 8), np.repeat(after, 8), is_rate=False, clusters=np.repeat(np.arange(50), 8)
    )

    single = paired_bootstrap(before, after, is_rate=False)
    np.testing.assert_allclose([repeated.low, repeated.high], [single.low, single.high], atol=0.02)
    assert repeated.n == 50
    ignorant = paired_bootstrap(np.repeat(before, 8), np.repeat(after, 8), is_rate=False)
    assert ignorant.high - ignorant.low < 0.5 * (repeated.high - repeated.low)


def test_clusters_of_one_are_no_clusters():
    before, after = np.random.default_rng(12).integers(0, 5, (2, 60))

    clustered, plain = (
        paired_bootstrap(before, after, is_rate=False, clusters=names) for names in (np.arange(60), None)
    )

    assert clustered == plain


def test_the_paired_interval_covers_the_true_difference():
    rng = np.random.default_rng(13)
    covered = []
    for _ in range(200):
        kind = rng.choice(3, size=200, p=[0.7, 0.2, 0.1])
        change = difference(kind == 2, kind == 1).change
        covered.append(change.low <= 0.1 <= change.high)

    assert abs(np.mean(covered) - 0.95) <= 0.046


def test_newcombe_equals_the_example_of_its_paper():
    metric = newcombe(wilson(56, 70), wilson(48, 80))

    assert metric.value == pytest.approx(0.2)
    np.testing.assert_allclose([metric.low, metric.high], [0.0524, 0.3339], atol=1e-4)
    assert metric.n == 70


def test_no_pairs_give_no_value():
    assert math.isnan(difference([], []).change.value)
    assert difference([], []).p == 1


def test_scores_between_right_and_wrong_are_no_case_for_mcnemar():
    with pytest.raises(SchemaError, match="paired_bootstrap"):
        difference([0.5, 1.0], [1.0, 1.0])


def test_pairs_need_two_of_each():
    with pytest.raises(SchemaError, match="`before` has 1, `after` has 2"):
        difference([True], [True, False])
    with pytest.raises(SchemaError, match="`clusters` has 1"):
        paired_bootstrap([1.0, 2.0], [1.0, 2.0], is_rate=False, clusters=["a"])


def slow_sign_flip_p(net):
    """Return the share of all choices of signs whose sum is at least as far from zero."""
    sums = [abs(np.dot(signs, net)) for signs in itertools.product((-1, 1), repeat=len(net))]
    return np.mean([total >= abs(sum(net)) for total in sums])


@settings(deadline=None)
@given(st.lists(st.integers(-4, 4), min_size=1, max_size=8))
def test_mcnemar_of_clusters_is_the_share_of_signs_at_least_as_uneven(net):
    clusters = [name for name, d in enumerate(net) for _ in range(abs(d) + 1)]
    after = [d > 0 and place < d for d in net for place in range(abs(d) + 1)]
    before = [d < 0 and place < -d for d in net for place in range(abs(d) + 1)]

    result = mcnemar(before, after, clusters=clusters)

    assert result.p == pytest.approx(slow_sign_flip_p(net))
    assert (result.gained, result.lost) == (sum(after), sum(before))


@given(pairs)
def test_mcnemar_of_clusters_of_one_is_that_of_data_points(rows):
    before, after = zip(*rows, strict=True)

    clustered = mcnemar(before, after, clusters=[f"row {place}" for place in range(len(rows))])

    assert clustered == pytest.approx(mcnemar(before, after))


def test_repeating_every_unit_within_its_cluster_makes_no_difference_more_surprising():
    before, after = (np.random.default_rng(seed).random(60) < 0.6 for seed in (3, 4))

    repeated = difference(np.repeat(before, 9), np.repeat(after, 9), clusters=np.repeat(np.arange(60), 9))

    assert repeated.p == pytest.approx(difference(before, after).p)
    assert difference(np.repeat(before, 9), np.repeat(after, 9)).p < repeated.p


def test_equal_systems_on_texts_are_seldom_found_to_differ():
    rng = np.random.default_rng(5)
    texts = np.repeat(np.arange(30), 40)
    clustered, ignorant = [], []
    for _ in range(200):
        luck = np.repeat(rng.random(30) < 0.5, 40)  # which system a text suits
        is_easy = rng.random((2, 1200)) < 0.5
        first, second = is_easy[0] & luck, is_easy[1] & ~luck
        clustered.append(mcnemar(first, second, clusters=texts).p <= 0.05)
        ignorant.append(mcnemar(first, second).p <= 0.05)

    assert np.mean(clustered) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 200)
    assert np.mean(ignorant) > 0.3


def test_a_test_of_clusters_needs_the_cluster_of_each_unit():
    with pytest.raises(SchemaError, match="`clusters` has 1"):
        mcnemar([True, False], [True, True], clusters=[0])
