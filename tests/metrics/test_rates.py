import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from nacre.errors import SchemaError
from nacre.metrics import clopper_pearson, weighted_wilson, wilson, wilson_limits

counts = st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.floats(0, n), st.just(n)))


def test_wilson_equals_the_figures_of_statsmodels():
    metric = wilson(697, 999)

    assert (round(metric.low, 4), round(metric.high, 4)) == (0.6685, 0.7254)


@given(counts)
def test_wilson_contains_its_value_and_stays_between_zero_and_one(count):
    metric = wilson(*count)

    assert 0 <= metric.low <= metric.value <= metric.high <= 1


@given(counts)
def test_wilson_of_failures_mirrors_that_of_successes(count):
    successes, n = count

    metric, mirrored = wilson(successes, n), wilson(n - successes, n)

    np.testing.assert_allclose([mirrored.low, mirrored.high], [1 - metric.high, 1 - metric.low], atol=1e-9)


@pytest.mark.parametrize("interval", [wilson, clopper_pearson])
def test_no_data_points_say_nothing(interval):
    metric = interval(0, 0)

    assert math.isnan(metric.value)
    assert (metric.low, metric.high, metric.n) == (0, 1, 0)


def test_limits_of_many_rates_equal_those_of_each():
    successes, n = np.array([0, 3, 60.5, 0]), np.array([0, 3, 66, 12])

    low, high = wilson_limits(successes, n)

    each = [wilson(*pair) for pair in zip(successes, n, strict=True)]
    assert low.tolist() == [metric.low for metric in each]
    assert high.tolist() == [metric.high for metric in each]


@pytest.mark.parametrize(("successes", "n"), [(-1, 5), (6, 5), (float("nan"), 5), (0, float("inf"))])
def test_impossible_counts_are_refused(successes, n):
    with pytest.raises(SchemaError, match="between 0 and n"):
        wilson(successes, n)


@pytest.mark.parametrize(("successes", "n"), [(0, 10), (1, 10), (45, 50), (50, 50)])
def test_clopper_pearson_equals_scipy(successes, n):
    expected = binomtest(successes, n).proportion_ci(method="exact")

    metric = clopper_pearson(successes, n)

    np.testing.assert_allclose([metric.low, metric.high], [expected.low, expected.high], atol=1e-9)


@given(st.lists(st.booleans(), min_size=1, max_size=50), st.floats(0.1, 100))
def test_equal_weights_change_nothing(hits, weight):
    weighted, plain = weighted_wilson(hits, [weight] * len(hits)), wilson(sum(hits), len(hits))

    assert weighted.n == plain.n
    np.testing.assert_allclose(
        [weighted.value, weighted.low, weighted.high], [plain.value, plain.low, plain.high], atol=1e-9
    )


def test_unequal_weights_count_as_fewer_data_points():
    metric = weighted_wilson([True, False] * 50, [9.0, 1.0] * 50)

    assert metric.value == pytest.approx(0.9)
    assert metric.n == 60  # (sum w)^2 / sum w^2 = 500^2 / 4100


@pytest.mark.parametrize("weights", [[1.0, -1.0], [1.0, float("nan")], [1.0]], ids=["negative", "nan", "too short"])
def test_weights_that_are_none_are_refused(weights):
    with pytest.raises(SchemaError):
        weighted_wilson([True, False], weights)


@pytest.mark.parametrize(("p", "n"), [(0.5, 40), (0.85, 60), (0.97, 200)])
def test_wilson_covers_the_truth(p, n):
    successes = np.random.default_rng(1).binomial(n, p, size=200)

    low, high = wilson_limits(successes, np.full(200, n))

    assert np.mean((low <= p) & (p <= high)) >= 0.95 - 0.046


def test_weighted_wilson_covers_the_truth_of_the_population():
    rng = np.random.default_rng(2)
    is_rare = rng.random(20_000) < 0.1
    is_hit = rng.random(20_000) < np.where(is_rare, 0.5, 0.8)
    inclusion = np.where(is_rare, 0.02, 0.01)

    covered = []
    for _ in range(200):
        sample = rng.random(20_000) < inclusion
        metric = weighted_wilson(is_hit[sample], 1 / inclusion[sample])
        covered.append(metric.low <= is_hit.mean() <= metric.high)

    assert np.mean(covered) >= 0.95 - 0.046
