import json
import math

import numpy as np
import polars as pl
import pytest
import sklearn.metrics

from datasets import dataset
from nacre.metrics import accuracies, accuracy, binary_f1, calibration, expected_accuracy, log_loss, predict


def sample(seed, n=200, n_classes=4):
    rng = np.random.default_rng(seed)
    proba = rng.dirichlet(np.ones(n_classes), n)
    return (proba.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1).astype(np.int16), proba


def majority(split):
    folder, _, name = split.partition("/")
    frame = pl.read_parquet(dataset(folder) / f"{name}.parquet")
    n_classes = len(json.loads((dataset(folder) / "lfs.json").read_text(encoding="utf-8"))["labels"])
    votes = np.array(frame["lf_votes"].to_list())
    counts = np.stack([(votes == code).sum(axis=1) for code in range(n_classes)], axis=1)
    totals = counts.sum(axis=1, keepdims=True)
    proba = np.divide(counts, totals, out=np.full(counts.shape, 1 / n_classes), where=totals > 0)
    return frame["label"].to_numpy(), proba, totals[:, 0] > 0


@pytest.mark.parametrize(
    ("name", "expected", "prior_filled", "covered", "coverage"),
    [
        ("ws_youtube", 81.80, 77.60, 84.27, 0.928),
        ("ws_sms", 67.60, 89.60, 95.83, 0.384),
        ("ws_trec", 61.10, 57.60, 62.86, 0.962),
    ],
)
def test_majority_vote_has_the_published_accuracies(name, expected, prior_filled, covered, coverage):
    y, proba, is_covered = majority(f"{name}/test")
    valid, *_ = majority(f"{name}/valid")
    prior = (np.bincount(valid, minlength=proba.shape[1]) + 1) / (len(valid) + proba.shape[1])

    result = accuracies(y, proba, covered=is_covered, prior=prior)

    found = [round(100 * metric.value, 2) for metric in result[:3]]
    assert found == pytest.approx([expected, prior_filled, covered], abs=0.011)
    assert result.coverage.value == pytest.approx(coverage)
    if name == "ws_sms":
        assert 100 * binary_f1(y, predict(proba, prior=prior)).value == pytest.approx(38.10, abs=0.01)


def test_the_three_conventions_differ_in_uncovered_data_points_only():
    y, proba = sample(0)
    everywhere = np.ones(len(y), dtype=bool)

    result = accuracies(y, proba, covered=everywhere, prior=np.full(4, 0.25))

    assert result.expected == result.covered == result.prior_filled == accuracy(y, proba.argmax(axis=1))
    assert result.coverage.value == 1


def test_an_uncovered_data_point_gets_no_credit_for_a_posterior_that_is_the_prior():
    result = accuracies([0, 0, 1], [[0.9, 0.1]] * 3, covered=[False] * 3, prior=[0.9, 0.1])

    assert result.expected.value == 0.5
    assert result.prior_filled.value == pytest.approx(2 / 3)
    assert math.isnan(result.covered.value)


def test_expected_accuracy_is_the_mean_over_random_ties():
    rng = np.random.default_rng(7)
    proba = rng.integers(0, 3, (150, 4)) + 0.01
    proba /= proba.sum(axis=1, keepdims=True)
    y = rng.integers(0, 4, 150)

    broken = [accuracy(y, predict(proba, tie="hash", row_ids=np.arange(150), seed=seed)).value for seed in range(400)]

    assert expected_accuracy(y, proba).value == pytest.approx(np.mean(broken), abs=0.006)


@pytest.mark.parametrize("seed", range(3))
def test_log_loss_equals_that_of_scikit_learn(seed):
    y, proba = sample(seed)

    metric = log_loss(y, proba)

    assert metric.value == pytest.approx(sklearn.metrics.log_loss(y, proba, labels=range(4)))
    assert metric.low < metric.value < metric.high


def test_one_sure_error_is_dear_but_finite():
    assert log_loss([0], [[0.0, 1.0]]).value == pytest.approx(36.04, abs=0.01)


def slow_calibration_error(y, proba, n_bins):
    error = 0.0
    for number in range(n_bins):
        rows = [i for i, row in enumerate(proba) if number / n_bins < max(row) <= (number + 1) / n_bins]
        hits = sum(proba[i].argmax() == y[i] for i in rows)
        error += abs(hits - sum(max(proba[i]) for i in rows)) / len(y)
    return error


@pytest.mark.parametrize("n_bins", [1, 5, 10])
def test_calibration_error_equals_the_slow_sum(n_bins):
    y, proba = sample(1)

    error, bins = calibration(y, proba, n_bins=n_bins)

    assert error.value == pytest.approx(slow_calibration_error(y, proba, n_bins))
    assert error.low <= error.value <= error.high
    assert sum(part.accuracy.n for part in bins) == len(y)
    assert all(part.low < part.confidence <= part.high for part in bins)


def test_calibrated_probabilities_have_a_small_error_and_sharpened_ones_a_large():
    y, proba = sample(2, n=5_000)
    sharpened = proba**4 / (proba**4).sum(axis=1, keepdims=True)

    assert calibration(y, proba).error.value < 0.03
    assert calibration(y, sharpened).error.low > 0.2


@pytest.mark.parametrize("metric", [expected_accuracy, log_loss, lambda y, proba: calibration(y, proba).error])
def test_only_known_truth_counts(metric):
    y, proba = sample(3)

    half = metric(np.where(np.arange(len(y)) < 100, y, -1), proba)

    assert half == metric(y[:100], proba[:100])
    assert math.isnan(metric(np.full(len(y), -1), proba).value)
