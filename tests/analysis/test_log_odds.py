import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nacre.analysis._log_odds import log_odds


@given(st.integers(1, 40), st.integers(1, 40), st.data())
def test_log_odds_change_sign_with_the_sides(n_inside, n_outside, data):
    inside, outside = data.draw(st.integers(0, n_inside)), data.draw(st.integers(0, n_outside))

    there = log_odds([inside], n_inside, [outside], n_outside)
    back = log_odds([outside], n_outside, [inside], n_inside)

    np.testing.assert_allclose(there.z, -back.z)
    assert np.isfinite(there.z).all()


def test_rare_features_are_drawn_toward_the_common_frequency():
    rare, common = log_odds([2, 200], 1000, [0, 100], 1000)[1]

    assert rare < common


def test_by_chance_the_score_is_standard():
    rng = np.random.default_rng(0)
    inside, outside = rng.binomial(500, 0.3, 4000), rng.binomial(800, 0.3, 4000)

    z = log_odds(inside, 500, outside, 800).z

    assert abs(z.mean()) < 0.05
    assert 0.9 < z.std() < 1.05
