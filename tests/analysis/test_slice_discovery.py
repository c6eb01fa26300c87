import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import fisher_exact, ttest_ind

from nacre.analysis import discover_slices
from nacre.analysis._slice_discovery import _threshold, p_values
from nacre.embeddings import TfidfSvd
from nacre.errors import SchemaError
from nacre.functions import Context, Near

WORDS = [f"word{number}" for number in range(300)]
RARITY = 1 / np.arange(3, 303)


def customers(seed, n=2000):
    rng = np.random.default_rng(seed)
    texts = [" ".join(rng.choice(WORDS, 12, p=RARITY / RARITY.sum())) for _ in range(n)]
    return pl.DataFrame(
        {
            "text": texts,
            "plan": rng.choice(["free", "plus", "team", "gold"], n, p=[0.5, 0.3, 0.15, 0.05]),
            "age": rng.integers(18, 80, n),
            "has_html": rng.random(n) < 0.3,
        }
    )


PLANTED = [
    pytest.param(pl.col("plan") == "team", id="a value"),
    pytest.param(pl.col("text").str.contains(r"\bword20\b"), id="a word"),
    pytest.param(pl.col("age") >= 72, id="a threshold"),
    pytest.param((pl.col("plan") == "team") & pl.col("has_html"), id="a pair"),
]


@pytest.mark.slow
@pytest.mark.parametrize("planted", PLANTED)
def test_a_planted_slice_is_found_and_confirmed(planted):
    found = 0
    for seed in range(20):
        rng = np.random.default_rng([seed, 1])
        data = customers(seed)
        inside = data.select(planted).to_series().to_numpy()
        errors = rng.random(len(data)) < np.where(inside, 0.55, 0.15)

        slices = discover_slices(data, errors, random_state=seed)

        if slices and slices[0].is_confirmed:
            rows = data.select(slices[0].slice.when.expr()).to_series().to_numpy()
            found += (rows & inside).sum() >= 0.7 * (rows | inside).sum()  # thresholds are twentieths
    assert found >= 19


@pytest.mark.slow
def test_noise_is_hardly_ever_confirmed():
    confirmed = 0
    for seed in range(200):
        errors = np.random.default_rng([seed, 2]).random(1000) < 0.15
        slices = discover_slices(customers(seed, n=1000), errors, random_state=seed)
        confirmed += any(found.is_confirmed for found in slices)

    print(f"confirmed on noise: {confirmed} of 200")
    assert confirmed <= 10


def test_two_planted_slices_are_both_found_once():
    data = customers(7, n=4000)
    inside = data.select((pl.col("plan") == "gold") | pl.col("text").str.contains(r"\bword9\b")).to_series().to_numpy()
    errors = np.random.default_rng(7).random(4000) < np.where(inside, 0.6, 0.1)

    slices = [found for found in discover_slices(data, errors) if found.is_confirmed]

    assert {found.slice.name for found in slices} == {"plan_gold", "text_has_word9"}


def test_both_halves_are_reported_and_add_up():
    data = customers(8)
    inside = (data.get_column("plan") == "team").to_numpy()
    errors = np.random.default_rng(8).random(2000) < np.where(inside, 0.6, 0.1)

    (found,) = discover_slices(data, errors)

    rows = data.select(found.slice.when.expr()).to_series().to_numpy()
    assert found.n_rows == rows.sum() == found.found.n + found.confirmed.n
    wrong = found.found.value * found.found.n + found.confirmed.value * found.confirmed.n
    assert wrong == pytest.approx(errors[rows].sum())
    assert found.confirmed.n + found.rest.n == 1000
    assert found.confirmed.low > found.rest.high


def test_a_loss_is_compared_by_its_mean():
    data = customers(9)
    inside = (data.get_column("plan") == "team").to_numpy()
    loss = np.random.default_rng(9).exponential(np.where(inside, 2.0, 0.5))

    found = discover_slices(data, loss)[0]

    assert (found.slice.name, found.is_confirmed) == ("plan_team", True)
    assert found.confirmed.low < 2 < found.confirmed.high


def test_regions_of_an_embedding_can_be_slices():
    rng = np.random.default_rng(10)
    topics = [[f"{topic}{number}" for number in range(25)] for topic in ("left", "over", "tops")]
    topic = rng.integers(0, 3, 1200)
    data = pl.DataFrame({"text": [" ".join(rng.choice(topics[number], 5)) for number in topic]})
    errors = rng.random(1200) < np.where(topic == 1, 0.5, 0.05)
    context = Context(embeddings={"tfidf_svd": TfidfSvd().fit(data.get_column("text"))})

    slices = discover_slices(data, errors, context=context)

    assert any(isinstance(found.slice.when, Near) and found.is_confirmed for found in slices)


def test_the_same_seed_gives_the_same_slices_as_json():
    data = customers(11)
    errors = np.random.default_rng(11).random(2000) < np.where(data.get_column("has_html"), 0.4, 0.1)

    first, second = (discover_slices(data, errors, random_state=5) for _ in range(2))

    assert first
    assert json.dumps([found.to_dict() for found in first]) == json.dumps([found.to_dict() for found in second])


@pytest.mark.parametrize("errors", [np.zeros(50), np.ones(50), np.zeros(0)], ids=["no error", "only errors", "no row"])
def test_without_a_difference_there_is_no_slice(errors):
    assert discover_slices(customers(12, n=len(errors)), errors) == []


@pytest.mark.parametrize("errors", [[0.0, 1.0], [np.nan] * 10], ids=["too few", "not finite"])
def test_errors_that_do_not_fit_are_refused(errors):
    with pytest.raises(SchemaError, match="finite value for each of 10 rows"):
        discover_slices(customers(13, n=10), errors)


@given(st.integers(2, 40), st.integers(2, 40), st.data())
def test_chance_of_errors_is_that_of_fishers_exact_test(n_inside, n_outside, data):
    wrong_inside = data.draw(st.integers(0, n_inside))
    wrong_outside = data.draw(st.integers(0, n_outside))
    table = [[wrong_inside, n_inside - wrong_inside], [wrong_outside, n_outside - wrong_outside]]
    y = np.repeat([1.0, 0.0, 1.0, 0.0], np.ravel(table))

    chance = p_values(y, np.array([float(n_inside)]), np.array([float(wrong_inside)]), np.array([float(wrong_inside)]))

    assert chance[0] == pytest.approx(fisher_exact(table, alternative="greater").pvalue, abs=1e-9)


def test_chance_of_a_loss_is_near_that_of_welchs_test():
    rng = np.random.default_rng(14)
    inside, outside = rng.exponential(1.3, 400), rng.exponential(1.0, 900)
    y = np.concatenate([inside, outside])

    chance = p_values(y, np.array([400.0]), np.array([inside.sum()]), np.array([(inside**2).sum()]))

    assert chance[0] == pytest.approx(
        ttest_ind(inside, outside, equal_var=False, alternative="greater").pvalue, rel=0.2
    )


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30), st.integers(0, 50))
def test_the_threshold_is_that_of_benjamini_and_hochberg(chances, n_more):
    n_tests = len(chances) + n_more

    limit = _threshold(np.array(chances), n_tests, 0.1)

    ordered = sorted(chances)
    accepted = [p for rank, p in enumerate(ordered, 1) if p <= 0.1 * rank / n_tests]
    assert limit == (max(accepted) if accepted else -1.0)
