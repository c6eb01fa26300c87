import math
from collections import Counter

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets import dataset
from nacre.errors import SchemaError
from nacre.metrics import mean_metric, ppi_mean, wilson

TOLERANCE = 3 * math.sqrt(0.95 * 0.05 / 200)


def planted(rng, n, n_labelled):
    """Return labels that only the first have, and the scores of an evaluator that is often right."""
    scores = rng.random(n)
    truth = scores + rng.normal(0, 0.3, n)
    return np.where(np.arange(n) < n_labelled, truth, np.nan), scores


def slow_ppi(truth, scores):
    """Return mean, half-width and lambda as methods write them, for labels that are a random part."""
    is_labelled = ~np.isnan(truth)
    y, f, unlabelled = truth[is_labelled], scores[is_labelled], scores[~is_labelled]
    ratio = len(y) / len(unlabelled)
    covariance = np.mean((y - y.mean()) * (f - f.mean()))
    power = np.clip(covariance / ((1 + ratio) * scores.var(ddof=1)), 0, 1)
    mean = power * unlabelled.mean() + np.mean(y - power * f)
    squared = power**2 * unlabelled.var() / len(unlabelled) + np.var(y - power * f) / len(y)
    return mean, 1.96 * math.sqrt(squared), power


@pytest.mark.parametrize("seed", range(5))
def test_mean_and_power_are_those_of_the_formula_and_the_interval_nearly(seed):
    truth, scores = planted(np.random.default_rng(seed), 2_000, 500)

    corrected = ppi_mean(truth, scores, is_rate=False)

    mean, half, power = slow_ppi(truth, scores)
    assert (corrected.metric.value, corrected.power) == pytest.approx((mean, power), abs=1e-9)
    assert corrected.metric.high - mean == pytest.approx(half, abs=1e-3)
    assert corrected.metric.n == 500


def test_the_mean_is_that_of_ppi_py():
    truth, scores = planted(np.random.default_rng(5), 2_000, 500)

    corrected = ppi_mean(truth, scores, is_rate=False).metric

    # Said by ppi-python 0.2.3 for these numbers; it pulls a compiler, so it is no dependency of the tests.
    assert corrected.value == pytest.approx(0.499430987, abs=1e-6)
    assert (corrected.low, corrected.high) == pytest.approx((0.468582265, 0.530279709), abs=1e-3)


def test_an_evaluator_that_says_always_the_same_leaves_the_labels_alone():
    truth, _ = planted(np.random.default_rng(6), 300, 60)

    corrected = ppi_mean(truth, np.ones(300), is_rate=False)

    plain = mean_metric(truth[:60], is_rate=False)
    assert corrected.power == 0
    assert (corrected.metric.value, corrected.metric.low, corrected.metric.high) == pytest.approx(
        (plain.value, plain.low, plain.high)
    )


def test_an_evaluator_that_is_always_right_is_worth_a_label_of_everything():
    scores = np.random.default_rng(7).normal(size=3_000)

    labels = np.where(np.arange(3_000) < 300, scores, np.nan)
    corrected = ppi_mean(labels, scores, is_rate=False).metric

    full = mean_metric(scores, is_rate=False)
    assert corrected.value == pytest.approx(full.value, abs=0.02)
    assert corrected.high - corrected.low == pytest.approx(full.high - full.low, rel=0.08)


def test_nothing_but_labels_is_their_mean():
    labels = np.random.default_rng(8).integers(0, 2, 40).astype(float)

    corrected = ppi_mean(labels, 1 - labels, is_rate=True).metric

    assert corrected.value == pytest.approx(labels.mean())
    assert (corrected.low, corrected.high) == pytest.approx(
        (wilson(labels.sum(), 40).low, wilson(labels.sum(), 40).high), abs=0.01
    )


@given(st.integers(0, 20), st.integers(0, 20), st.integers(0, 2**31))
def test_a_corrected_rate_is_a_rate(n_passed, n_failed, seed):
    labels = [1.0] * n_passed + [0.0] * n_failed + [math.nan] * 60
    scores = np.random.default_rng(seed).integers(0, 2, len(labels))

    metric = ppi_mean(labels, scores, is_rate=True).metric

    assert metric.n == n_passed + n_failed
    if metric.n > 1:
        assert 0 <= metric.low <= metric.value <= metric.high <= 1
    else:
        assert math.isnan(metric.value)


def test_labels_that_all_agree_prove_no_more_than_their_number():
    corrected = ppi_mean([1.0] * 20 + [math.nan] * 80, np.ones(100), is_rate=True).metric

    assert corrected.value == corrected.high == 1
    assert corrected.low == pytest.approx(wilson(20, 20).low, abs=0.025)


def test_equal_inclusion_probabilities_change_little():
    truth, scores = planted(np.random.default_rng(9), 2_000, 500)

    inclusion = np.full(2_000, 0.25)
    weighted, plain = (ppi_mean(truth, scores, is_rate=False, inclusion=shares) for shares in (inclusion, None))

    assert weighted.power == pytest.approx(plain.power, abs=0.05)
    np.testing.assert_allclose(
        [weighted.metric.value, weighted.metric.low], [plain.metric.value, plain.metric.low], atol=0.003
    )


def test_data_points_without_a_score_are_left_out():
    truth, scores = planted(np.random.default_rng(10), 200, 50)
    holes = np.arange(200) % 10 == 0

    with_holes = ppi_mean(truth, np.where(holes, np.nan, scores), is_rate=False)

    assert with_holes == ppi_mean(truth[~holes], scores[~holes], is_rate=False)


@pytest.mark.parametrize("weighted", [False, True], ids=["random labels", "labels where the evaluator fails"])
@pytest.mark.parametrize("n_labelled", [30, 100])
def test_the_interval_covers_the_rate(weighted, n_labelled):
    rng = np.random.default_rng(11)
    covered = []
    for _ in range(200):
        scores = (rng.random(400) < 0.7).astype(float)
        truth = (rng.random(400) < np.where(scores, 0.97, 0.7)).astype(float)
        odds = np.where(scores, 1.0, 3.0) if weighted else np.ones(400)
        inclusion = np.minimum(1, n_labelled * odds / odds.sum())
        is_labelled = rng.random(400) < inclusion
        labels = np.where(is_labelled, truth, np.nan)
        metric = ppi_mean(labels, scores, is_rate=True, inclusion=inclusion if weighted else None).metric
        covered.append(metric.low <= 0.7 * 0.97 + 0.3 * 0.7 <= metric.high)

    assert np.mean(covered) >= 0.95 - TOLERANCE


def test_the_interval_of_clusters_covers_the_mean():
    rng = np.random.default_rng(12)
    clusters = np.repeat(np.arange(200), 5)
    covered, ignorant = [], []
    for _ in range(200):
        level = rng.normal(size=200)[clusters]
        truth, scores = level + rng.normal(0, 0.5, 1_000), level + rng.normal(0, 1, 1_000)
        truth[clusters >= 40] = np.nan
        for kept, names in ((covered, clusters), (ignorant, None)):
            metric = ppi_mean(truth, scores, is_rate=False, clusters=names).metric
            kept.append(metric.low <= 0 <= metric.high)

    assert np.mean(covered) >= 0.95 - TOLERANCE
    assert np.mean(ignorant) < 0.9


def test_differences_that_happen_to_be_gains_are_no_rate():
    rng = np.random.default_rng(14)
    excluded = 0
    for _ in range(400):  # two equal systems, of whose few disagreements experts see fewer
        changes = rng.choice([-1.0, 0.0, 1.0], 300, p=[0.03, 0.94, 0.03])
        labels = np.where(np.arange(300) < 40, changes, np.nan)
        excluded += ppi_mean(labels, np.zeros(300), is_rate=False).metric.low > 0

    assert excluded / 400 <= 0.05


def test_on_pandalm_it_covers_what_experts_say_with_a_shorter_interval_than_labels():
    truth, judge = pandalm()
    rng = np.random.default_rng(13)
    covered, halves, plain_halves, judge_covers = [], [], [], []
    for _ in range(200):
        labelled = rng.choice(999, 100, replace=False)
        labels = np.full(999, np.nan)
        labels[labelled] = truth[labelled]
        corrected, plain = ppi_mean(labels, judge, is_rate=True).metric, wilson(truth[labelled].sum(), 100)
        covered.append(corrected.low <= truth.mean() <= corrected.high)
        halves.append(corrected.high - corrected.low)
        plain_halves.append(plain.high - plain.low)
    judge_covers = wilson(judge.sum(), 999)

    assert np.mean(covered) >= 0.93
    assert np.mean(halves) / 2 == pytest.approx(0.082, abs=0.002)
    assert np.mean(halves) < 0.9 * np.mean(plain_halves)
    assert not judge_covers.low <= truth.mean() <= judge_covers.high


def pandalm():
    """Return which responses most annotators prefer, and which GPT-3.5 does."""
    pairs = pl.read_parquet(dataset("pandalm") / "testset.parquet")
    people = pairs.select("annotator1", "annotator2", "annotator3").rows()
    majority = np.array([Counter(row).most_common(1)[0][0] for row in people])
    return (majority == 1).astype(float), (pairs["judge_gpt35"] == "1").to_numpy().astype(float)


def test_impossible_inclusion_probabilities_are_refused():
    with pytest.raises(SchemaError, match="above 0 and at most at 1"):
        ppi_mean([1.0, 0.0, np.nan], [1, 0, 1], is_rate=True, inclusion=[0.5, 0, 0])
    with pytest.raises(SchemaError, match="found -1 to 1"):
        ppi_mean([1.0, -1.0, np.nan], [1, 0, 1], is_rate=True)
