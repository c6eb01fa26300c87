import math

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import t

from datasets import dataset
from nacre.errors import SchemaError
from nacre.metrics import mean_metric, standard_error, wilson

scores_in_clusters = st.integers(2, 30).flatmap(
    lambda n: st.tuples(
        arrays(np.float64, n, elements=st.floats(-5, 5, width=32)),
        arrays(np.int64, n, elements=st.integers(0, 4)).filter(lambda names: len(set(names.tolist())) > 1),
    )
)


def slow_standard_error(values, clusters):
    """Return the clustered standard error, read off its formula."""
    mean = sum(values) / len(values)
    names = sorted(set(clusters))
    sums = [sum(x - mean for x, name in zip(values, clusters, strict=True) if name == one) for one in names]
    return math.sqrt(sum(s * s for s in sums)) / len(values) * math.sqrt(len(names) / (len(names) - 1))


@given(scores_in_clusters)
def test_the_standard_error_of_clusters_is_that_of_its_formula(planted):
    values, clusters = planted

    assert standard_error(values, clusters=clusters) == pytest.approx(
        slow_standard_error(values.tolist(), clusters.tolist()), abs=1e-9
    )


def test_the_standard_error_of_clusters_is_that_of_statsmodels():
    rng = np.random.default_rng(0)
    clusters = rng.integers(0, 12, 90)
    values = rng.normal(size=90) + rng.normal(size=12)[clusters]

    fitted = sm.OLS(values, np.ones(90)).fit(
        cov_type="cluster", cov_kwds={"groups": clusters, "use_correction": False, "df_correction": False}
    )

    n_clusters = len(set(clusters.tolist()))
    expected = fitted.bse[0] * math.sqrt(n_clusters / (n_clusters - 1))
    assert standard_error(values, clusters=clusters) == pytest.approx(expected, rel=1e-12)


@given(arrays(np.float64, st.integers(2, 30), elements=st.floats(-5, 5, width=32)))
def test_clusters_of_one_are_no_clusters(values):
    names = np.arange(len(values))

    assert standard_error(values, clusters=names) == standard_error(values)
    assert standard_error(values) == pytest.approx(values.std(ddof=1) / math.sqrt(len(values)), abs=1e-9)
    assert repr(mean_metric(values, is_rate=False, clusters=names)) == repr(mean_metric(values, is_rate=False))


@given(arrays(np.bool_, st.integers(1, 60)))
def test_the_mean_of_passes_is_a_rate_with_the_interval_of_wilson(passes):
    assert mean_metric(passes, is_rate=True) == wilson(int(passes.sum()), len(passes))
    assert mean_metric(passes, is_rate=True, clusters=np.arange(len(passes))) == mean_metric(passes, is_rate=True)


@settings(deadline=None)
@given(arrays(np.float64, 24, elements=st.sampled_from([0, 0.5, 1])), arrays(np.int64, 24, elements=st.integers(0, 5)))
def test_the_interval_of_a_rate_stays_in_range_and_clusters_never_narrow_it(credits, clusters):
    clustered, plain = (mean_metric(credits, is_rate=True, clusters=names) for names in (clusters, None))

    assert 0 <= clustered.low <= clustered.value <= clustered.high <= 1
    assert clustered.low <= plain.low
    assert clustered.high >= plain.high
    assert clustered.n == len(set(clusters.tolist()))


def test_the_mean_of_scores_has_the_interval_of_student():
    values = np.random.default_rng(1).normal(3, 1, 40)

    metric = mean_metric(values, is_rate=False)

    low, high = t.interval(0.95, 39, loc=values.mean(), scale=values.std(ddof=1) / math.sqrt(40))
    assert (metric.value, metric.low, metric.high) == pytest.approx((values.mean(), low, high))


def test_scores_that_are_missing_leave_with_their_clusters():
    values, clusters = [1.5, math.nan, 2.5, 4.0], ["a", "b", "c", "c"]

    expected = mean_metric([1.5, 2.5, 4.0], is_rate=False, clusters=["a", "c", "c"])
    assert mean_metric(values, is_rate=False, clusters=clusters) == expected
    assert standard_error([*values, math.nan]) == standard_error([1.5, 2.5, 4.0])


def test_nothing_has_no_mean_and_one_score_no_interval():
    nothing, single = mean_metric([], is_rate=False), mean_metric([3.7], is_rate=False)
    together = mean_metric([3.7, 3.9], is_rate=False, clusters=["a", "a"])

    assert math.isnan(nothing.value)
    assert nothing.n == 0
    assert (single.value, together.value, together.n) == (3.7, pytest.approx(3.8), 1)
    assert np.isnan([single.low, single.high, together.low, together.high, standard_error([1.0])]).all()
    assert mean_metric([1, 1], is_rate=True, clusters=["a", "a"]) == wilson(1, 1)


def test_copies_within_a_cluster_make_no_mean_surer():
    rng = np.random.default_rng(2)
    passes, scores = rng.random(40) < 0.7, rng.normal(size=40)
    names = np.repeat(np.arange(40), 10)

    rates = mean_metric(np.repeat(passes, 10), is_rate=True, clusters=names), mean_metric(passes, is_rate=True)
    means = mean_metric(np.repeat(scores, 10), is_rate=False, clusters=names), mean_metric(scores, is_rate=False)

    assert (means[0].value, means[0].low, means[0].high, means[0].n) == pytest.approx(
        (means[1].value, means[1].low, means[1].high, means[1].n)
    )
    # Student's t of 39 degrees of freedom takes the place of the normal quantile.
    np.testing.assert_allclose([rates[0].low, rates[0].high], [rates[1].low, rates[1].high], atol=0.01)
    assert rates[0].n == 40


@pytest.mark.parametrize("is_rate", [False, True], ids=["normal scores", "passes"])
def test_the_interval_of_ten_clusters_covers_the_mean(is_rate):
    rng = np.random.default_rng(3)
    names = np.repeat(np.arange(10), 8)
    covered = []
    for _ in range(200):
        level = rng.normal(size=10)[names]
        values = level + rng.normal(size=80)
        metric = mean_metric(values > 0 if is_rate else values, is_rate=is_rate, clusters=names)
        covered.append(metric.low <= (0.5 if is_rate else 0) <= metric.high)

    assert abs(np.mean(covered) - 0.95) <= 0.046


def test_scores_that_happen_to_be_0_or_1_are_no_rate():
    number, rate = (mean_metric([1.0] * 40, is_rate=is_rate) for is_rate in (False, True))

    assert (number.low, number.high) == (1, 1)
    assert rate == wilson(40, 40)
    with pytest.raises(SchemaError, match="found 1 to 5"):
        mean_metric([1.0, 5.0], is_rate=True)


def test_values_are_one_list_with_a_cluster_each():
    with pytest.raises(SchemaError, match="one score per data point"):
        mean_metric([[1.0, 2.0]], is_rate=False)
    with pytest.raises(SchemaError, match="`clusters` has 1"):
        standard_error([1.0, 2.0], clusters=["a"])


@given(arrays(np.int64, st.integers(1, 30), elements=st.integers(-2, 60)))
def test_what_clusters_are_called_does_not_matter(names):
    values = np.random.default_rng(4).normal(size=len(names))

    by_number, by_word = (
        mean_metric(values, is_rate=False, clusters=clusters) for clusters in (names, [f"text {n}" for n in names])
    )

    assert (by_number.value, by_number.n) == (by_word.value, by_word.n)
    assert (by_number.low, by_number.high) == pytest.approx((by_word.low, by_word.high), nan_ok=True)


@pytest.mark.parametrize(
    ("judge", "before", "after", "alone", "clustered"),
    [
        pytest.param("GPT-4", "Vanilla_NoRules", "Vanilla", 0.0144, 0.0258, id="GPT-4 NoRules to Vanilla"),
        pytest.param("GPT-4", "Vanilla", "Swap_CoT", 0.0135, 0.0114, id="GPT-4 Vanilla to Swap_CoT"),
        pytest.param("ChatGPT", "Vanilla_NoRules", "Rating", 0.0329, 0.0544, id="ChatGPT NoRules to Rating"),
        pytest.param("PaLM2", "Vanilla_NoRules", "Vanilla", 0.0165, 0.0317, id="PaLM2 NoRules to Vanilla"),
    ],
)
def test_standard_errors_on_llmbar_are_those_of_the_reference(judge, before, after, alone, clustered):
    rows = pl.read_parquet(dataset("llmbar") / "items.parquet").select("id", "slice", pl.col("human").cast(pl.String))
    verdicts = pl.read_parquet(dataset("llmbar") / "judgments.parquet").filter(pl.col("judge") == judge)
    verdicts = verdicts.with_columns(pl.col("winner_ab").cast(pl.String))
    verdicts = verdicts.sort("run").unique(["id", "prompt"], keep="first")  # Swap_CoT asks again where orders disagree
    for prompt in (before, after):
        said = verdicts.filter(pl.col("prompt") == prompt).select("id", pl.col("winner_ab").alias(prompt))
        rows = rows.join(said, on="id")
    is_right = [(pl.col(prompt) == pl.col("human")).fill_null(False).cast(pl.Float64) for prompt in (before, after)]

    change = rows.select(is_right[1] - is_right[0]).to_series()

    assert standard_error(change) == pytest.approx(alone, abs=0.0001)
    assert standard_error(change, clusters=rows["slice"]) == pytest.approx(clustered, abs=0.0002)
