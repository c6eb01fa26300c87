import numpy as np
import pytest
import statsmodels.api as sm
from scipy.stats import t

from nacre.errors import SchemaError
from nacre.metrics import logistic_slope


def planted(n, slope, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    return (rng.random(n) < 1 / (1 + np.exp(-(0.3 + slope * x)))).astype(float), x


def test_the_slope_and_its_interval_are_those_of_statsmodels():
    outcome, x = planted(300, 0.8)
    model = sm.Logit(outcome, sm.add_constant((x - x.mean()) / x.std())).fit(disp=0, cov_type="HC0")

    found = logistic_slope(outcome, x)

    error = model.bse[1] * np.sqrt(300 / 299)
    assert found.value == pytest.approx(model.params[1])
    assert (found.low, found.high) == pytest.approx(t.interval(0.95, 299, found.value, error), abs=1e-6)


def test_a_planted_slope_is_within_the_interval():
    inside = 0
    for seed in range(200):
        outcome, x = planted(200, 0.6, seed)
        found = logistic_slope(outcome, x)
        inside += found.low <= 0.6 * x.std() <= found.high

    assert inside >= 180


def test_the_unit_of_the_number_does_not_matter():
    outcome, x = planted(200, 0.6)

    assert logistic_slope(outcome, 1000 * x + 5).value == pytest.approx(logistic_slope(outcome, x).value)


def test_a_tie_is_half_a_yes_and_half_a_no():
    tied = logistic_slope([1, 0.5, 0, 1, 0], [2, 1, 0, -1, -2])

    assert tied.value == pytest.approx(
        logistic_slope([1, 1, 1, 0, 0, 0, 1, 1, 0, 0], [2, 2, 1, 1, 0, 0, -1, -1, -2, -2]).value
    )


def test_repeats_of_a_prompt_make_the_interval_no_narrower():
    outcome, x = planted(80, 0.6)

    once = logistic_slope(outcome, x)
    repeated = logistic_slope(np.repeat(outcome, 5), np.repeat(x, 5), clusters=np.repeat(np.arange(80), 5))

    assert repeated.n == 80
    assert (repeated.low, repeated.high) == pytest.approx((once.low, once.high))


def test_one_prompt_tells_no_slope():
    found = logistic_slope([1, 0, 1, 1], [1, 2, 3, 4], clusters=[0, 0, 0, 0])

    assert np.isnan(found.value)
    assert (found.low, found.high, found.n) == (-np.inf, np.inf, 1)


def test_the_slope_of_few_prompts_is_within_the_interval():
    rng = np.random.default_rng(0)
    prompts = np.repeat(np.arange(10), 8)
    inside = []
    for _ in range(300):
        level, x = rng.normal(size=10)[prompts], rng.normal(size=10)[prompts] + 0.3 * rng.normal(size=80)
        found = logistic_slope((rng.random(80) < 1 / (1 + np.exp(-level))).astype(float), x, clusters=prompts)
        inside.append(found.low <= 0 <= found.high)

    assert np.mean(inside) >= 0.88


@pytest.mark.parametrize(
    ("outcome", "x"),
    [([], []), ([1, 0, 1], [2, 2, 2]), ([1, 1, 1], [1, 2, 3]), ([0, 0, 1, 1], [1, 2, 3, 4])],
    ids=["nothing", "one number", "one outcome", "separated"],
)
def test_a_slope_that_cannot_be_told_is_nan(outcome, x):
    assert np.isnan(logistic_slope(outcome, x).value)


def test_outcomes_beyond_a_share_are_refused():
    with pytest.raises(SchemaError, match="between 0 and 1"):
        logistic_slope([2.0, 0.0], [1.0, 2.0])
