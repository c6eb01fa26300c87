import numpy as np
import pytest

from nacre.errors import SchemaError
from nacre.metrics import accuracy, bootstrap, calibration, cluster_ratios, per_class, wilson, wilson_limits

N_TRIALS = 1_000


def planted_texts(rng, n_texts=40, n_tokens=50, p=0.7):
    """Which tokens are right, where each text has a difficulty of its own."""
    easy = rng.beta(3 * p, 3 * (1 - p), size=n_texts)
    return rng.random((n_texts, n_tokens)) < easy[:, None]


@pytest.mark.slow
def test_the_interval_covers_a_rate_of_texts_of_different_difficulty():
    rng = np.random.default_rng(0)
    texts = np.repeat(np.arange(40), 50)
    covered, ignorant = [], []
    for _ in range(N_TRIALS):
        right = planted_texts(rng).ravel()
        (metric,) = cluster_ratios(right[:, None], np.ones((2000, 1)), texts)
        covered.append(metric.low <= 0.7 <= metric.high)
        naive = wilson(int(right.sum()), 2000)
        ignorant.append(naive.low <= 0.7 <= naive.high)

    assert abs(np.mean(covered) - 0.95) <= 3 * np.sqrt(0.95 * 0.05 / N_TRIALS)
    assert np.mean(ignorant) < 0.6


def test_ratios_are_those_of_the_units_and_n_counts_clusters_that_add_to_the_whole():
    parts, wholes = [[1, 0], [0, 0], [1, 1]] * 20, [[1, 0], [1, 0], [1, 1]] * 20
    clusters = [name for text in range(20) for name in (f"a{text}", f"a{text}", f"b{text}")]

    first, second = cluster_ratios(parts, wholes, clusters)

    assert (first.value, first.n) == (pytest.approx(2 / 3), 40)
    assert (second.value, second.n) == (1.0, 20)
    assert (second.low, second.high) == tuple(map(float, wilson_limits(20, 20)))


def test_clusters_of_one_are_a_plain_bootstrap():
    right = np.random.default_rng(1).random(80) < 0.6

    (metric,) = cluster_ratios(right[:, None], np.ones((80, 1)), np.arange(80))

    plain = bootstrap(np.column_stack([right, np.ones(80)]), lambda totals: totals[:, 0] / totals[:, 1])
    assert (metric.value, metric.low, metric.high) == tuple(map(float, plain))
    assert metric.value == accuracy(np.ones(80, dtype=int), right.astype(int)).value


def test_nothing_has_no_ratio():
    (nothing,) = cluster_ratios(np.empty((0, 1)), np.empty((0, 1)), [])
    (undefined,) = cluster_ratios([[0], [0]], [[0], [0]], [1, 2])

    assert np.isnan([nothing.value, undefined.value]).all()
    assert (nothing.low, nothing.high, nothing.n) == (undefined.low, undefined.high, undefined.n) == (0, 1, 0)


def test_arrays_of_other_shapes_are_refused():
    with pytest.raises(SchemaError, match="a row per unit and a column per ratio"):
        cluster_ratios([1, 0], [1, 1], [0, 1])
    with pytest.raises(SchemaError, match="`clusters` has 1"):
        cluster_ratios([[1], [0]], [[1], [1]], [0])


def metrics_of(classes):
    return [metric for metrics in classes for metric in metrics]


@pytest.mark.parametrize("n_copies", [1, 25])
def test_repeating_the_tokens_of_a_text_narrows_no_interval_of_a_class(n_copies):
    rng = np.random.default_rng(2)
    truth, answers = rng.integers(3, size=120), rng.integers(-1, 3, size=120)
    texts = np.repeat(np.arange(30), 4)

    single = metrics_of(per_class(truth, answers, 3, clusters=texts))
    copied = metrics_of(
        per_class(*(np.repeat(x, n_copies) for x in (truth, answers)), 3, clusters=np.repeat(texts, n_copies))
    )
    ignorant = metrics_of(per_class(truth, answers, 3))

    assert copied == single
    assert [metric.value for metric in copied] == pytest.approx([metric.value for metric in ignorant])
    assert all(metric.n <= 30 for metric in copied)


def test_the_interval_of_a_class_covers_its_recall_among_texts_of_different_difficulty():
    rng = np.random.default_rng(3)
    texts = np.repeat(np.arange(40), 50)
    covered, ignorant = [], []
    for _ in range(200):
        answers = planted_texts(rng).ravel().astype(int)
        covered.append(covers(per_class(np.ones(2000, int), answers, 2, clusters=texts)[1].recall))
        ignorant.append(covers(per_class(np.ones(2000, int), answers, 2)[1].recall))

    assert np.mean(covered) >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / 200)
    assert np.mean(ignorant) < 0.6


def covers(metric, rate=0.7):
    return metric.low <= rate <= metric.high


def test_units_without_truth_leave_their_clusters():
    truth, answers = [0, 1, 1, 0, -1], [0, 1, 0, 0, 1]

    with_unknown = per_class(truth, answers, 2, clusters=["a", "a", "b", "b", "c"])

    assert with_unknown == per_class(truth[:4], answers[:4], 2, clusters=["a", "a", "b", "b"])
    assert with_unknown[1].recall.n == 2


def all_metrics(measured):
    return [measured.error, *(part.accuracy for part in measured.bins)]


def test_repeating_the_tokens_of_a_text_narrows_no_interval_of_calibration():
    rng = np.random.default_rng(4)
    first = rng.random(60)
    proba, truth = np.column_stack([first, 1 - first]), (rng.random(60) < 0.5).astype(int)
    texts = np.repeat(np.arange(20), 3)

    single = calibration(truth, proba, clusters=texts)
    copied = calibration(np.repeat(truth, 10), np.repeat(proba, 10, axis=0), clusters=np.repeat(texts, 10))
    ignorant = calibration(truth, proba)

    for one, other in zip(all_metrics(single), all_metrics(copied), strict=True):
        assert (other.value, other.low, other.high, other.n) == pytest.approx((one.value, one.low, one.high, one.n))
    assert single.error.value == pytest.approx(ignorant.error.value)
    assert single.error.n == 20
