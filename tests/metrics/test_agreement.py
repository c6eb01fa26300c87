from itertools import permutations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from datasets import dataset
from nacre.errors import SchemaError
from nacre.metrics import accept_rates, cohen_kappa, gwet_ac1, human_ceiling, krippendorff_alpha

CODES = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=40)
RATINGS = st.integers(2, 4).flatmap(
    lambda width: st.lists(st.lists(st.integers(-1, 3), min_size=width, max_size=width), min_size=1, max_size=15)
)
LEVELS = ["nominal", "ordinal", "interval"]


def slow_alpha(ratings, level):
    """Krippendorff (2011), step by step: values by units, coincidences, metric differences."""
    units = [[code for code in row if code >= 0] for row in np.asarray(ratings).tolist()]
    units = [unit for unit in units if len(unit) > 1]
    values = sorted({code for unit in units for code in unit})
    o = {(c, k): 0.0 for c in values for k in values}
    for unit in units:
        for c, k in permutations(range(len(unit)), 2):
            o[unit[c], unit[k]] += 1 / (len(unit) - 1)
    n_of = {c: sum(o[c, k] for k in values) for c in values}
    n = sum(n_of.values())

    def delta2(c, k):
        if level == "nominal":
            return float(c != k)
        if level == "interval":
            return float((c - k) ** 2)
        low, high = min(c, k), max(c, k)
        return (sum(n_of[g] for g in values if low <= g <= high) - (n_of[c] + n_of[k]) / 2) ** 2

    expected = sum(n_of[c] * n_of[k] * delta2(c, k) for c in values for k in values)
    observed = sum(o[c, k] * delta2(c, k) for c in values for k in values)
    return 1 - (n - 1) * observed / expected if expected else np.nan


def slow_ac1(first, second, k):
    n = len(first)
    agree = sum(a == b for a, b in zip(first, second, strict=True)) / n
    shares = [(first.count(c) + second.count(c)) / (2 * n) for c in range(k)]
    chance = sum(p * (1 - p) for p in shares) / (k - 1)
    return (agree - chance) / (1 - chance)


def slow_ceiling(ratings, others_agree=False):
    means = []
    for annotator in range(len(ratings[0])):
        credits = []
        for row in ratings:
            others = [code for place, code in enumerate(row) if place != annotator and code >= 0]
            if row[annotator] < 0 or not others or (others_agree and len(set(others)) > 1):
                continue
            most = max(others.count(code) for code in others)
            tied = [code for code in set(others) if others.count(code) == most]
            credits.append((row[annotator] in tied) / len(tied))
        if credits:
            means.append(sum(credits) / len(credits))
    return sum(means) / len(means) if means else np.nan


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning", "ignore:invalid value")
@pytest.mark.parametrize("weights", [None, "linear", "quadratic"])
@given(pairs=CODES)
def test_kappa_is_that_of_sklearn(weights, pairs):
    first, second = map(list, zip(*pairs, strict=True))

    found = cohen_kappa(first, second, weights).value

    with np.errstate(invalid="ignore"):
        expected = (
            np.nan
            if len({*first, *second}) == 1
            else cohen_kappa_score(first, second, labels=[0, 1, 2, 3], weights=weights)
        )
    np.testing.assert_allclose(found, expected, atol=1e-9)


@given(pairs=CODES)
def test_ac1_is_that_of_its_formula(pairs):
    first, second = map(list, zip(*pairs, strict=True))

    assert gwet_ac1(first, second, n_classes=4).value == pytest.approx(slow_ac1(first, second, 4))


@pytest.mark.parametrize("level", LEVELS)
@given(ratings=RATINGS)
def test_alpha_is_that_of_its_definition(level, ratings):
    found = krippendorff_alpha(np.array(ratings), level).value

    np.testing.assert_allclose(found, slow_alpha(ratings, level), atol=1e-9)


@given(ratings=RATINGS)
def test_the_ceiling_is_the_mean_agreement_with_the_majority_of_the_others(ratings):
    found = human_ceiling(ratings)

    np.testing.assert_allclose(found.agreement.value, slow_ceiling(ratings), atol=1e-12)
    np.testing.assert_allclose(found.where_others_agree.value, slow_ceiling(ratings, others_agree=True), atol=1e-12)


@given(pairs=CODES, names=st.permutations([0, 1, 2, 3]))
def test_the_order_of_raters_and_classes_does_not_matter(pairs, names):
    first, second = (np.array(codes) for codes in zip(*pairs, strict=True))
    renamed = np.array(names)[first], np.array(names)[second]

    for coefficient in (cohen_kappa, gwet_ac1, lambda a, b: krippendorff_alpha(np.column_stack([a, b]))):
        value = coefficient(first, second).value
        np.testing.assert_allclose(coefficient(second, first).value, value)
        np.testing.assert_allclose(coefficient(*renamed).value, value)


@given(codes=st.lists(st.integers(0, 3), min_size=2, max_size=40).filter(lambda codes: len(set(codes)) > 1))
def test_perfect_agreement_is_one_but_not_certain(codes):
    found = [
        cohen_kappa(codes, codes),
        cohen_kappa(codes, codes, "quadratic"),
        gwet_ac1(codes, codes),
        *(krippendorff_alpha(np.column_stack([codes, codes]), level) for level in LEVELS),
    ]

    for metric in found:
        assert metric.value == pytest.approx(1)
        assert metric.low < 1


def test_independent_raters_agree_by_chance_only():
    rng = np.random.default_rng(0)
    first, second = rng.choice(3, p=[0.6, 0.3, 0.1], size=(2, 20_000))

    for metric in (cohen_kappa(first, second), krippendorff_alpha(np.column_stack([first, second]))):
        assert abs(metric.value) < 0.02
        assert metric.low < 0 < metric.high


def test_alpha_tends_to_the_pi_of_scott():
    rng = np.random.default_rng(1)
    first = rng.integers(3, size=20_000)
    second = np.where(rng.random(20_000) < 0.7, first, rng.integers(3, size=20_000))
    shares = np.bincount(np.concatenate([first, second])) / 40_000
    chance = (shares**2).sum()

    pi = ((first == second).mean() - chance) / (1 - chance)

    assert krippendorff_alpha(np.column_stack([first, second])).value == pytest.approx(pi, abs=1e-4)


@pytest.mark.parametrize(
    "metric",
    [
        cohen_kappa([1, 1, 1], [1, 1, 1]),
        gwet_ac1([1, 1, 1], [1, 1, 1]),
        krippendorff_alpha([[1, 1], [1, 1]]),
        krippendorff_alpha([[0.1, 0.1], [0.1, 0.1]], "interval"),
        cohen_kappa([], []),
        krippendorff_alpha([[0, -1], [-1, 1]]),
        human_ceiling([[0], [1]]).agreement,
    ],
    ids=["kappa", "ac1", "alpha", "alpha of numbers", "no items", "no pairs", "one annotator"],
)
def test_what_cannot_be_told_is_nan(metric):
    assert np.isnan(metric.value)


def test_items_that_one_rater_left_out_do_not_count():
    assert cohen_kappa([0, 1, 0, 1, -1, 0], [0, 1, 1, 1, 1, -1]) == cohen_kappa([0, 1, 0, 1], [0, 1, 1, 1])


def test_the_interval_of_kappa_covers():
    rng = np.random.default_rng(2)
    population = rng.integers(2, size=200_000)
    judged = np.where(rng.random(200_000) < 0.8, population, 1 - population)
    truth = cohen_kappa(population, judged).value

    samples = [rng.integers(200_000, size=150) for _ in range(200)]
    found = [cohen_kappa(population[rows], judged[rows]) for rows in samples]

    assert sum(metric.low <= truth <= metric.high for metric in found) >= 180


def test_repeats_of_a_prompt_make_the_interval_no_narrower():
    rng = np.random.default_rng(3)
    first = rng.integers(2, size=60)
    second = np.where(rng.random(60) < 0.8, first, 1 - first)
    once = cohen_kappa(first, second)

    repeated = cohen_kappa(np.repeat(first, 10), np.repeat(second, 10), clusters=np.repeat(np.arange(60), 10))

    assert repeated.n == 60
    assert repeated.value == pytest.approx(once.value)
    assert repeated.high - repeated.low == pytest.approx(once.high - once.low, abs=0.06)


def test_a_lenient_judge_has_a_gap_above_zero():
    rates = accept_rates([True, True, False, False] * 25, [True, True, True, False] * 25)

    assert rates.gap.value == 0.25
    assert rates.gap.low > 0
    assert (rates.true_positive_rate.value, rates.true_negative_rate.value) == (1.0, 0.5)
    assert rates.true_negative_rate.n == 50


def test_a_gap_of_a_few_items_that_all_agree_is_not_surely_none():
    gap = accept_rates([True, False, True, False], [True, False, True, False]).gap

    assert (gap.value, gap.low) == (0, -gap.high)
    assert 0.4 < gap.high < 0.6


@pytest.mark.parametrize("design", [{}, {"clusters": [0, 0, 1, 1, 2, 2]}, {"sample_weight": [1, 2, 1, 1, 1, 9]}])
def test_items_that_either_rater_left_out_accept_nothing(design):
    known = {name: values[:4] for name, values in design.items()}

    rates = accept_rates([1, 1, 0, 0, -1, 1], [1, 0, 1, 0, 1, -1], **design)

    assert rates == accept_rates([1, 1, 0, 0], [1, 0, 1, 0], **known)


def test_accept_rates_of_repeats_count_prompts():
    rates = accept_rates([True, False] * 50, [True, True] * 50, clusters=np.repeat(np.arange(50), 2))

    assert rates.gap.n == rates.answers.n == 50


def test_weights_and_levels_that_do_not_exist_are_refused():
    with pytest.raises(SchemaError, match="quadratic"):
        cohen_kappa([0, 1], [0, 1], "cubic")
    with pytest.raises(SchemaError, match="ordinal"):
        krippendorff_alpha([[0, 1]], "ratio")
    with pytest.raises(SchemaError, match="one code per item"):
        cohen_kappa(["a"], ["a"])


def test_agreement_of_the_annotators_of_pandalm_is_as_published():
    table = pl.read_parquet(dataset("pandalm") / "testset.parquet")
    ratings = table.select("annotator1", "annotator2", "annotator3").to_numpy()
    first, second, third = ratings.T

    kappas = [cohen_kappa(a, b).value for a, b in ((first, second), (first, third), (second, third))]
    ceiling = human_ceiling(ratings)

    assert kappas == pytest.approx([0.852, 0.879, 0.862], abs=0.001)
    assert krippendorff_alpha(ratings).value == pytest.approx(0.86422, abs=0.00001)
    assert gwet_ac1(first, second).value == pytest.approx(0.877, abs=0.001)
    assert ceiling.agreement.value == pytest.approx(0.9199, abs=0.0001)
    assert ceiling.where_others_agree.value == pytest.approx(0.9565, abs=0.0001)
    assert ceiling.pairwise_kappa == pytest.approx(np.mean(kappas))


@given(pairs=CODES, counts=st.lists(st.integers(1, 3), min_size=40, max_size=40))
def test_a_whole_weight_is_as_many_items(pairs, counts):
    first, second = (np.array(codes) for codes in zip(*pairs, strict=True))
    times = np.array(counts[: len(first)])
    more = np.repeat(first, times), np.repeat(second, times)

    weighted = [
        cohen_kappa(first, second, sample_weight=times),
        cohen_kappa(first, second, "linear", sample_weight=times),
        gwet_ac1(first, second, sample_weight=times),
        accept_rates(first > 1, second > 1, sample_weight=times).gap,
        human_ceiling(np.column_stack([first, second]), sample_weight=times).agreement,
    ]

    items = [
        cohen_kappa(*more),
        cohen_kappa(*more, "linear"),
        gwet_ac1(*more),
        accept_rates(more[0] > 1, more[1] > 1).gap,
        human_ceiling(np.column_stack(more)).agreement,
    ]
    np.testing.assert_allclose([metric.value for metric in weighted], [metric.value for metric in items], atol=1e-9)
    assert {metric.n for metric in weighted} == {len(first)}


def test_weights_undo_unequal_sampling():
    rng = np.random.default_rng(4)
    truth = rng.random(40_000) < 0.9
    judged = np.where(rng.random(40_000) < np.where(truth, 0.9, 0.6), truth, ~truth).astype(int)
    truth = truth.astype(int)
    probability = np.where(judged == 1, 0.05, 0.5)  # experts see more of what fails
    seen = rng.random(40_000) < probability
    sample = truth[seen], judged[seen]

    for coefficient in (
        cohen_kappa,
        gwet_ac1,
        lambda a, b, **weights: krippendorff_alpha(np.column_stack([a, b]), **weights),
    ):
        found = coefficient(*sample, sample_weight=1 / probability[seen])
        assert found.low < coefficient(truth, judged).value < found.high
        assert not found.low < coefficient(*sample).value < found.high


def test_alpha_of_repeats_counts_prompts():
    ratings = np.repeat([[0, 0], [1, 1], [0, 1], [1, 1]] * 10, 5, axis=0)

    found = krippendorff_alpha(ratings, clusters=np.repeat(np.arange(40), 5))

    assert found.n == 40
    assert found.value == krippendorff_alpha(ratings).value
    assert found.high - found.low > krippendorff_alpha(ratings).high - krippendorff_alpha(ratings).low


@pytest.mark.parametrize("weight", [[1.0], [1.0, 0.0], [1.0, np.nan]], ids=["too few", "zero", "missing"])
def test_weights_that_are_no_inverse_probabilities_are_refused(weight):
    with pytest.raises(SchemaError, match="weight above 0"):
        cohen_kappa([0, 1], [0, 1], sample_weight=weight)


def test_a_ceiling_counts_and_resamples_prompts():
    rng = np.random.default_rng(0)
    of_prompts = np.column_stack([truth := rng.integers(0, 2, 40), np.where(rng.random(40) < 0.2, 1 - truth, truth)])
    ratings, prompts = np.repeat(of_prompts, 10, axis=0), np.repeat(np.arange(40), 10)

    found, once = human_ceiling(ratings, clusters=prompts).agreement, human_ceiling(of_prompts).agreement
    alone = human_ceiling(ratings, clusters=np.arange(400)).agreement

    assert (found.n, found.value) == (40, pytest.approx(once.value))
    assert (found.low, found.high) == pytest.approx((once.low, once.high), abs=0.03)
    assert (alone.n, alone.value) == (400, pytest.approx(human_ceiling(ratings).agreement.value))
