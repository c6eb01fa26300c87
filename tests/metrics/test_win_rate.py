import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from nacre.errors import SchemaError
from nacre.metrics import (
    GamedBaseline,
    length_controlled_win_rate,
    mean_metric,
    prompt_difficulty,
    win_rate,
)

seeds = st.integers(0, 2**31)


def sigma(x):
    return 1 / (1 + np.exp(-x))


def planted(rng, n, *, theta=0.4, phi=0.8, psi=1.0, longer=150):
    """Return preferences, extra lengths and difficulties of a system whose judge likes long responses."""
    difficulty, extra = rng.normal(size=n), rng.normal(longer, 300, n)
    p = sigma(theta + phi * np.tanh(extra / 300) + psi * difficulty)
    return (rng.random(n) < p).astype(float), extra, difficulty


def slow_length_controlled(y, extra, difficulty, gamed):
    """Return the win rate at equal lengths by minimising the penalised loss as it is written."""
    rows = [(y, np.tanh(extra / extra.std(ddof=1)), difficulty, 1, 1.0)]
    n_gamed = sum(len(part.preferences) for part in gamed)
    for part in gamed:
        z = np.tanh(part.extra_length / part.extra_length.std(ddof=1))
        rows.append((part.preferences, z, part.difficulty, 0, 0.2 * len(y) / n_gamed))

    def loss(beta):
        total = 0.025 * (beta[1] ** 2 + beta[2] ** 2)
        for x, z, gamma, has_theta, weight in rows:
            eta = has_theta * beta[0] + beta[1] * z + beta[2] * gamma
            total += weight * np.sum(np.log1p(np.exp(eta)) - x * eta)
        return total

    beta = minimize(
        loss, np.zeros(3), method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12, "maxiter": 5_000}
    ).x
    return np.mean(sigma(beta[0] + beta[2] * difficulty)), beta[1]


@pytest.mark.parametrize("has_gamed", [False, True], ids=["plain", "with gamed baselines"])
def test_the_win_rate_at_equal_lengths_is_that_of_the_formula(has_gamed):
    rng = np.random.default_rng(0)
    system = planted(rng, 120)
    gamed = [GamedBaseline(*planted(rng, 80, theta=0, longer=way)) for way in (500, -500)] if has_gamed else []

    found = length_controlled_win_rate(*system[:2], difficulty=system[2], gamed=gamed)

    value, effect = slow_length_controlled(*system, gamed)
    assert (found.metric.value, found.length_effect) == pytest.approx((value, effect), abs=1e-5)
    assert found.raw == mean_metric(system[0], is_rate=True)


@settings(deadline=None, max_examples=25)
@given(seeds)
def test_equal_lengths_leave_the_win_rate_as_it_is(seed):
    y, _, difficulty = planted(np.random.default_rng(seed), 60)

    plain = length_controlled_win_rate(y, np.zeros(60))
    with_difficulty = length_controlled_win_rate(y, np.zeros(60), difficulty=difficulty)

    assert plain.metric.value == pytest.approx(y.mean())
    assert with_difficulty.metric.value == pytest.approx(y.mean())
    assert (plain.metric.low, plain.metric.high) == pytest.approx((plain.raw.low, plain.raw.high), abs=0.02)


@settings(deadline=None, max_examples=25)
@given(seeds)
def test_swapping_the_systems_mirrors_the_win_rate(seed):
    y, extra, difficulty = planted(np.random.default_rng(seed), 60)

    forwards = length_controlled_win_rate(y, extra, difficulty=difficulty)
    backwards = length_controlled_win_rate(1 - y, -extra, difficulty=difficulty)

    assert (backwards.metric.value, backwards.metric.low, backwards.metric.high) == pytest.approx(
        (1 - forwards.metric.value, 1 - forwards.metric.high, 1 - forwards.metric.low), abs=1e-6
    )
    assert backwards.length_effect == pytest.approx(forwards.length_effect, abs=1e-6)


def test_the_interval_covers_the_win_rate_at_equal_lengths():
    rng = np.random.default_rng(1)
    truth = sigma(0.4 + rng.normal(size=200_000)).mean()
    covered, raw = [], []
    for _ in range(200):
        y, extra, difficulty = planted(rng, 200, longer=300)
        found = length_controlled_win_rate(y, extra, difficulty=difficulty)
        covered.append(found.metric.low <= truth <= found.metric.high)
        raw.append(found.raw.low <= truth <= found.raw.high)

    assert abs(np.mean(covered) - 0.95) <= 3 * math.sqrt(0.95 * 0.05 / 200)
    assert np.mean(raw) < 0.6


def test_gamed_baselines_steady_a_system_that_is_always_longer():
    rng = np.random.default_rng(2)
    alone, steadied = [], []
    for _ in range(60):
        extra = rng.normal(900, 300, 200)
        y = (rng.random(200) < sigma(np.tanh(extra / 300))).astype(float)
        gamed = [GamedBaseline(*planted(rng, 200, theta=0, phi=1, psi=0, longer=way)[:2]) for way in (600, -600)]
        alone.append(length_controlled_win_rate(y, extra).metric.value)
        steadied.append(length_controlled_win_rate(y, extra, gamed=gamed).metric.value)

    assert np.mean(steadied) == pytest.approx(0.5, abs=0.1)
    assert np.std(steadied) < 0.5 * np.std(alone)


def test_a_correction_of_more_than_ten_points_and_a_quarter_is_extreme():
    rng = np.random.default_rng(3)
    strong = length_controlled_win_rate(*planted(rng, 400, theta=-1.5, phi=2.5, psi=0, longer=400)[:2])
    weak = length_controlled_win_rate(*planted(rng, 400, phi=0.2)[:2])

    assert strong.raw.value - strong.metric.value > 0.1
    assert strong.is_extreme
    assert not weak.is_extreme


def test_comparisons_without_a_preference_or_length_are_left_out():
    y, extra, difficulty = planted(np.random.default_rng(4), 80)
    holes = np.arange(80) % 8
    clusters = np.arange(80) // 2

    found = length_controlled_win_rate(
        np.where(holes == 0, np.nan, y), np.where(holes == 1, np.nan, extra), difficulty=difficulty, clusters=clusters
    )

    kept = holes > 1
    assert found == length_controlled_win_rate(
        y[kept], extra[kept], difficulty=difficulty[kept], clusters=clusters[kept]
    )


def test_a_system_that_always_wins_does_not_win_by_its_length():
    found = length_controlled_win_rate(np.ones(40), np.random.default_rng(5).normal(size=40))

    assert found.metric == found.raw == win_rate(np.ones(40))


def test_repeated_comparisons_make_no_win_rate_surer():
    y, extra, _ = planted(np.random.default_rng(6), 100)

    single = length_controlled_win_rate(y, extra).metric
    repeated = length_controlled_win_rate(np.repeat(y, 4), np.repeat(extra, 4), clusters=np.repeat(np.arange(100), 4))

    assert repeated.metric.n == 100
    assert (repeated.metric.low, repeated.metric.high) == pytest.approx((single.low, single.high), abs=0.01)


def slow_difficulty(x, z):
    """Return the standardised difficulties by minimising the joint loss as it is written."""
    n_systems, n_prompts = x.shape

    def loss(parameters):
        theta, phi, gamma = np.split(parameters, [n_systems, 2 * n_systems])
        eta = theta[:, None] + phi[:, None] * z + gamma
        return np.sum(np.log1p(np.exp(eta)) - x * eta) + np.sum(gamma**2) / 4 + 0.025 * np.sum(phi**2)

    gamma = minimize(loss, np.zeros(2 * n_systems + n_prompts), method="BFGS").x[2 * n_systems :]
    return (gamma - gamma.mean()) / gamma.std()


def test_the_difficulty_of_prompts_is_that_of_the_joint_fit():
    rng = np.random.default_rng(7)
    x, extra = rng.random((10, 8)), rng.normal(100, 300, (10, 8))

    found = prompt_difficulty(x, extra)

    z = np.tanh(extra / extra.std(axis=1, ddof=1, keepdims=True))
    np.testing.assert_allclose(found, slow_difficulty(x, z), atol=1e-4)


def test_planted_difficulties_are_recovered_though_some_preferences_are_missing():
    rng = np.random.default_rng(8)
    difficulty, extra = rng.normal(size=150), rng.normal(100, 300, (20, 150))
    eta = rng.normal(size=(20, 1)) + 0.5 * np.tanh(extra / 300) + difficulty
    x = (rng.random((20, 150)) < sigma(eta)).astype(float)
    x[rng.random((20, 150)) < 0.1] = np.nan

    found = prompt_difficulty(x, extra)

    assert np.corrcoef(found, difficulty)[0, 1] > 0.8
    assert (found.mean(), found.std()) == pytest.approx((0, 1))


def test_what_does_not_fit_is_refused():
    with pytest.raises(SchemaError, match="between 0, lost, and 1, won"):
        win_rate([1, 2])
    with pytest.raises(SchemaError, match="10 at least"):
        prompt_difficulty(np.zeros((9, 4)), np.zeros((9, 4)))
    with pytest.raises(SchemaError, match="needs the difficulty"):
        length_controlled_win_rate([1, 0], [2, 3], difficulty=[0, 1], gamed=[GamedBaseline([1, 0], [1, 2])])
    with pytest.raises(SchemaError, match="`extra_length` has 1"):
        length_controlled_win_rate([1, 0], [2])


def test_one_prompt_tells_no_win_rate_at_equal_lengths():
    found = length_controlled_win_rate([1, 0, 1, 1], [10, 20, -5, 7], clusters=["a"] * 4).metric

    assert 0 < found.value < 1
    assert (found.low, found.high, found.n) == (0, 1, 1)
