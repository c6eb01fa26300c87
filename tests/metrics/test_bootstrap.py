import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nacre.metrics import bootstrap, macro_f1


def mean(totals):
    return totals[:, 0] / totals[:, 1]


def with_ones(values):
    return np.column_stack([values, np.ones(len(values))])


def slow_macro_f1(y, prediction):
    scores = []
    for code in set(y.tolist()) | set(prediction.tolist()):
        hits = ((y == code) & (prediction == code)).sum()
        scores.append(2 * hits / ((y == code).sum() + (prediction == code).sum()))
    return float(np.mean(scores))


def test_drawing_cells_equals_drawing_data_points():
    rng = np.random.default_rng(3)
    y = rng.choice(5, size=250, p=[0.4, 0.3, 0.2, 0.06, 0.04])
    prediction = np.where(rng.random(250) < 0.7, y, rng.integers(0, 5, 250))

    slow = [slow_macro_f1(y[rows], prediction[rows]) for rows in rng.integers(250, size=(2_000, 250))]

    metric = macro_f1(y, prediction)
    assert metric.value == pytest.approx(slow_macro_f1(y, prediction))
    np.testing.assert_allclose([metric.low, metric.high], np.quantile(slow, [0.025, 0.975]), atol=0.012)


@pytest.mark.parametrize("decimals", [1, 12], ids=["few distinct rows", "all rows distinct"])
def test_the_interval_of_a_mean_is_that_of_the_normal_law(decimals):
    values = np.random.default_rng(4).normal(10, 2, 4_000).round(decimals)

    value, low, high = bootstrap(with_ones(values), mean)

    half = 1.96 * values.std(ddof=1) / np.sqrt(4_000)
    assert value == pytest.approx(values.mean())
    np.testing.assert_allclose([value - low, high - value], half, rtol=0.1)


def test_counts_stand_for_repeated_rows():
    distinct, counts = np.array([[0.0, 1.0], [1.0, 1.0]]), np.array([30, 70])

    assert bootstrap(distinct, mean, counts=counts) == bootstrap(np.repeat(distinct, counts, axis=0), mean)


def test_the_same_seed_gives_the_same_bytes():
    values = with_ones(np.random.default_rng(5).random(100))

    assert bootstrap(values, mean) == bootstrap(values, mean)
    assert bootstrap(values, mean) != bootstrap(values, mean, random_state=1)


@settings(deadline=None, max_examples=30)
@given(arrays(np.float64, st.integers(1, 30), elements=st.integers(-5, 5)), st.randoms(use_true_random=False))
def test_the_order_of_data_points_does_not_matter_and_the_interval_contains_the_value(values, random):
    shuffled = values.copy()
    random.shuffle(shuffled)

    value, low, high = bootstrap(with_ones(values), mean)

    assert low <= value <= high
    assert bootstrap(with_ones(shuffled), mean) == (value, low, high)


def test_what_is_undefined_in_every_draw_stays_undefined():
    units = np.array([[1.0, 0.0], [0.0, 0.0]])

    bounds = bootstrap(units, lambda totals: np.where(totals > 0, totals, np.nan))

    assert bounds.value[0] == 1
    assert np.isnan([bounds.value[1], bounds.low[1], bounds.high[1]]).all()
