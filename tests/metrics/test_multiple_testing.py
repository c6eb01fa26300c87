import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from statsmodels.stats.multitest import multipletests

from nacre.errors import SchemaError
from nacre.metrics import benjamini_hochberg, benjamini_yekutieli

tests = arrays(np.float64, st.integers(1, 40), elements=st.floats(0, 1))


def slow_discoveries(p, level):
    """Return which tests Benjamini and Hochberg reject: all up to the largest r with p_(r) <= level r / M."""
    ordered = sorted(p)
    passing = [rank for rank, value in enumerate(ordered, 1) if value <= level * rank / len(p)]
    return [value <= ordered[passing[-1] - 1] if passing else False for value in p]


@given(tests, st.sampled_from([0.011, 0.053, 0.21]))
def test_adjusted_p_values_reject_what_the_procedure_rejects(p, level):
    assert (benjamini_hochberg(p) <= level).tolist() == slow_discoveries(p.tolist(), level)


@pytest.mark.parametrize(
    ("method", "adjust"), [("fdr_bh", benjamini_hochberg), ("fdr_by", benjamini_yekutieli)], ids=["BH", "BY"]
)
def test_adjusted_p_values_are_those_of_statsmodels(method, adjust):
    p = np.random.default_rng(0).beta(0.4, 2, 60)

    np.testing.assert_allclose(adjust(p), multipletests(p, method=method)[1], rtol=1e-12)


@given(tests, st.randoms())
def test_the_order_of_tests_does_not_matter_and_nothing_is_made_smaller(p, random):
    places = list(range(len(p)))
    random.shuffle(places)

    adjusted = benjamini_hochberg(p)

    np.testing.assert_array_equal(benjamini_hochberg(p[places]), adjusted[places])
    assert np.all((adjusted >= p) & (adjusted <= 1))
    assert np.all(benjamini_yekutieli(p) >= adjusted)


def test_what_was_not_tested_does_not_count():
    matrix = np.array([[0.01, np.nan], [0.04, 0.03]])

    adjusted = benjamini_hochberg(matrix)

    np.testing.assert_array_equal(adjusted[[0, 1, 1], [0, 0, 1]], benjamini_hochberg([0.01, 0.04, 0.03]))
    assert np.isnan(adjusted[0, 1])
    assert matrix[0, 0] == 0.01
    assert benjamini_hochberg([]).tolist() == []


def test_few_discoveries_are_false_among_overlapping_slices():
    rng = np.random.default_rng(1)
    false_rates = []
    for _ in range(200):
        shared = rng.normal(size=(1, 4)) * 0.7
        z = shared + rng.normal(size=(10, 4)) * np.sqrt(1 - 0.7**2)
        z[:3] += 3.5
        p = np.array([[min(1.0, _two_sided(value)) for value in row] for row in z])
        found = benjamini_hochberg(p) <= 0.05
        false_rates.append(found[3:].sum() / max(1, found.sum()))

    assert np.mean(false_rates) <= 0.06


def _two_sided(z):
    from math import erfc, sqrt

    return erfc(abs(z) / sqrt(2))


def test_p_values_beyond_0_and_1_are_refused():
    with pytest.raises(SchemaError, match=r"between 0 and 1; found 0\.5 to 1\.2"):
        benjamini_hochberg([0.5, 1.2])
