import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nacre.errors import SchemaError
from nacre.metrics import Metric, rogan_gladen, wilson

PERFECT = Metric(1.0, 1.0, 1.0, 10**9)


def slow_rogan_gladen(q, tpr, tnr):
    """Return the true rate at which the measured one is q."""
    grid = np.linspace(0, 1, 100_001)
    return grid[np.argmin(np.abs(grid * tpr + (1 - grid) * (1 - tnr) - q))]


@given(st.integers(0, 200))
def test_a_perfect_evaluator_measures_the_true_rate(n_passed):
    measured = wilson(n_passed, 200)

    corrected = rogan_gladen(measured, tpr=PERFECT, tnr=PERFECT)

    assert corrected.value == pytest.approx(measured.value)
    assert (corrected.low, corrected.high) == pytest.approx((measured.low, measured.high), abs=0.01)
    assert corrected.n == 200


@given(st.floats(0, 1), st.floats(0.6, 1), st.floats(0.6, 1))
def test_the_rate_is_the_one_that_gives_what_was_measured(q, tpr, tnr):
    corrected = rogan_gladen(Metric(q, q, q, 500), tpr=Metric(tpr, 0, 1, 60), tnr=Metric(tnr, 0, 1, 60))

    assert corrected.value == pytest.approx(slow_rogan_gladen(q, tpr, tnr), abs=1e-4)
    assert 0 <= corrected.low <= corrected.value <= corrected.high <= 1


@pytest.mark.parametrize(
    ("tpr", "tnr", "p", "n_labels"),
    [
        pytest.param(0.85, 0.80, 0.6, 60, id="an evaluator with errors"),
        pytest.param(0.95, 0.97, 0.9, 20, id="an evaluator that often makes none on its labels"),
    ],
)
def test_the_interval_covers_the_true_rate(tpr, tnr, p, n_labels):
    rng = np.random.default_rng(0)
    q = p * tpr + (1 - p) * (1 - tnr)
    covered = []
    for _ in range(200):
        rates = (wilson(rng.binomial(n_labels, share), n_labels) for share in (tpr, tnr))
        corrected = rogan_gladen(wilson(rng.binomial(1_000, q), 1_000), **dict(zip(("tpr", "tnr"), rates, strict=True)))
        covered.append(corrected.low <= p <= corrected.high)

    assert np.mean(covered) >= 0.95 - 3 * math.sqrt(0.95 * 0.05 / 200)


def test_swapping_pass_and_fail_mirrors_the_rate():
    forwards = rogan_gladen(wilson(300, 400), tpr=wilson(50, 60), tnr=wilson(30, 50))
    backwards = rogan_gladen(wilson(100, 400), tpr=wilson(30, 50), tnr=wilson(50, 60))

    assert (backwards.value, backwards.low, backwards.high) == pytest.approx(
        (1 - forwards.value, 1 - forwards.high, 1 - forwards.low)
    )


@pytest.mark.parametrize("tpr", [wilson(30, 60), wilson(0, 0)], ids=["no better than chance", "never measured"])
def test_an_evaluator_that_says_nothing_is_refused(tpr):
    with pytest.raises(SchemaError, match="say nothing about the true rate"):
        rogan_gladen(wilson(640, 1000), tpr=tpr, tnr=wilson(33, 60))


def test_no_responses_have_no_rate():
    corrected = rogan_gladen(wilson(0, 0), tpr=wilson(50, 60), tnr=wilson(50, 60))

    assert math.isnan(corrected.value)
    assert (corrected.low, corrected.high, corrected.n) == (0, 1, 0)
