import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nacre.evaluation._cell_changes import changes_of
from nacre.evaluation._resamples import _exact, _expanded, resampled_means
from nacre.evaluation._slice_sums import SliceUnits
from nacre.metrics import paired_bootstrap, sign_flip


def change_of(differences, prompts=None, *, is_rate=True):
    """Return the change of a single column."""
    column, flag = np.asarray(differences, dtype=float)[:, np.newaxis], np.array([is_rate])
    units = SliceUnits(column, np.ones((1, len(column)), dtype=bool), prompts)
    return changes_of(units, is_rate=flag, is_binary=flag)


@pytest.mark.parametrize(
    ("gained", "lost", "n"),
    [
        pytest.param(33, 5, 419, id="clear"),
        pytest.param(4, 3, 46, id="unclear"),
        pytest.param(700, 500, 4_000, id="many"),
    ],
)
def test_limits_of_a_rate_are_those_of_resampled_pairs(gained, lost, n):
    differences = np.repeat([1.0, -1.0, 0.0], [gained, lost, n - gained - lost])

    change = change_of(differences).metric(0, 0)
    drawn = paired_bootstrap(np.zeros(n), differences, is_rate=False)

    assert change.n == drawn.n == n
    assert (change.low, change.high) == pytest.approx((drawn.low, drawn.high), abs=2.1 / n + 0.001)


def test_limits_of_repeated_prompts_are_those_of_resampled_prompts():
    rng = np.random.default_rng(0)
    prompts = np.repeat(np.arange(60), 5)
    differences = np.repeat(rng.choice([-1.0, 0.0, 1.0], 60, p=[0.1, 0.6, 0.3]), 5)

    change = change_of(differences, prompts).metric(0, 0)
    drawn = paired_bootstrap(np.zeros(300), differences, is_rate=False, clusters=prompts)

    assert change.n == 60
    assert (change.low, change.high) == pytest.approx((drawn.low, drawn.high), abs=0.02)


def test_no_pair_that_changed_does_not_prove_that_none_would():
    change = change_of(np.zeros(40)).metric(0, 0)

    assert change.low == -change.high
    assert 0.05 < change.high < 0.1


def test_limits_cover_the_true_change_of_a_rate_and_of_a_number():
    rng = np.random.default_rng(0)
    hits = np.zeros(2)
    for _ in range(200):
        before, after = rng.random(60) < 0.6, rng.random(60) < 0.75
        rate = change_of(after.astype(float) - before).metric(0, 0)
        number = change_of(rng.normal(0.2, 1, 60), is_rate=False).metric(0, 0)
        hits += [rate.low <= 0.15 <= rate.high, number.low <= 0.2 <= number.high]

    assert (hits / 200 >= 0.91).all()


def test_the_p_of_repeated_prompts_is_that_of_sign_flips():
    rng = np.random.default_rng(1)
    prompts = np.repeat(np.arange(40), 3)
    differences = rng.choice([-1.0, 0.0, 1.0], 120, p=[0.1, 0.6, 0.3])
    scores = rng.normal(0.2, 1, 120)

    rate, number = change_of(differences, prompts), change_of(scores, prompts, is_rate=False)

    assert rate.p[0, 0] == pytest.approx(sign_flip(np.zeros(120), differences, clusters=prompts))
    assert number.p[0, 0] == pytest.approx(sign_flip(np.zeros(120), scores, clusters=prompts))


@pytest.mark.parametrize(
    ("lost", "same", "gained"),
    [
        pytest.param(20, 300, 90, id="few"),
        pytest.param(0, 9_000, 101, id="only gains"),
        pytest.param(400, 5_000, 900, id="many"),
        pytest.param(150, 0, 150, id="every pair"),
    ],
)
def test_percentiles_of_resamples_are_those_of_two_trinomial_counts(lost, same, gained):
    n = lost + same + gained
    low, high = resampled_means(((-1, lost), (0, same), (1, gained)) if lost else ((0, same), (1, gained)))

    drawn = np.random.default_rng(0).multinomial(n, [lost / n, same / n, gained / n], size=400_000)
    expected = np.quantile(drawn[:, 2] - drawn[:, 0], [0.025, 0.975], method="inverted_cdf")

    np.testing.assert_allclose([low * n, high * n], expected, atol=2)  # every other sum is left out without `same`


@given(
    st.lists(st.tuples(st.integers(-4, 4), st.integers(1, 60)), min_size=2, max_size=5, unique_by=lambda one: one[0])
)
def test_the_expansion_of_resamples_is_their_distribution(steps):
    steps = [(2 * size, 5 * n) for size, n in sorted(steps)]
    sizes, times = (np.array(part) for part in zip(*steps, strict=True))
    sizes = (sizes - sizes[0]) // np.gcd.reduce(sizes - sizes[0])
    n = int(times.sum())
    if n - times.max() <= 100:
        return

    exact, expanded = (percentiles(sizes, times / n, n) for percentiles in (_exact, _expanded))

    np.testing.assert_allclose(expanded, exact, atol=1)
