import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from nacre.errors import SchemaError
from nacre.metrics import mcnemar, minimum_detectable, needed_n


@given(st.floats(0.01, 1), st.floats(0.02, 0.98))
def test_the_n_that_a_difference_of_rates_needs_can_detect_it(discordant, share):
    difference = discordant * share

    n = needed_n(difference, discordant=discordant)

    assert minimum_detectable(n, discordant=discordant) <= difference * (1 + 1e-9)
    assert n == 1 or minimum_detectable(n - 1, discordant=discordant) > difference * (1 - 1e-9)


@given(st.floats(0.01, 1), st.floats(0.05, 3))
def test_the_n_that_a_difference_of_scores_needs_can_detect_it(difference, sd):
    n = needed_n(difference, sd=sd)

    assert minimum_detectable(n, sd=sd) <= difference * (1 + 1e-9)


def test_the_power_at_the_needed_n_is_that_of_the_normal_approximation():
    n = needed_n(0.2, sd=1.0)

    power = norm.sf(norm.ppf(0.975) - 0.2 * math.sqrt(n))
    assert n == 197
    assert power == pytest.approx(0.8, abs=0.005)


def test_mcnemar_finds_the_difference_about_8_times_in_10():
    rng = np.random.default_rng(0)
    n = needed_n(0.1, discordant=0.3)
    found = []
    for _ in range(200):
        kind = rng.choice(3, size=n, p=[0.7, 0.2, 0.1])
        found.append(mcnemar(kind == 2, kind == 1).p <= 0.05)

    assert np.mean(found) == pytest.approx(0.8, abs=3 * math.sqrt(0.8 * 0.2 / 200))


def test_systems_that_never_disagree_or_no_data_points():
    assert math.isnan(minimum_detectable(100, discordant=0))
    assert math.isnan(minimum_detectable(0, sd=1))


def test_no_difference_is_detectable_that_would_be_refused():
    assert math.isnan(minimum_detectable(5, discordant=0.1))
    assert minimum_detectable(75, discordant=0.1) <= 0.1


@pytest.mark.parametrize(
    ("spread", "message"),
    [
        pytest.param({}, "Pass `sd`", id="neither"),
        pytest.param({"sd": 1, "discordant": 0.1}, "Pass `sd`", id="both"),
        pytest.param({"sd": -1}, "not negative", id="negative sd"),
        pytest.param({"discordant": 1.5}, "a share", id="no share"),
    ],
)
def test_a_spread_that_is_none_is_refused(spread, message):
    with pytest.raises(SchemaError, match=message):
        minimum_detectable(100, **spread)


def test_impossible_differences_are_refused():
    with pytest.raises(SchemaError, match="difference of 0"):
        needed_n(0, sd=1)
    with pytest.raises(SchemaError, match="at most the share"):
        needed_n(0.3, discordant=0.2)
