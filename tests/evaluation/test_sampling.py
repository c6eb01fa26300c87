import itertools
import math

import numpy as np
import polars as pl
import pytest

from nacre.data import Number
from nacre.errors import SchemaError, UnknownNameError
from nacre.evaluation import Criterion, ExpertLabels, Scores, corrected_scores, sample_for_experts

POLITE = Criterion("polite")
PASS = np.array(["fail", "pass"])


def scores_of(answers, criterion=POLITE):
    n = len(answers)
    keys = pl.DataFrame({"row_id": range(n), "prompt_id": [f"p{row}" for row in range(n)], "repeat": 0})
    frame = pl.DataFrame({"row_id": range(n), "criterion": criterion.name, "score": answers}, strict=False)
    return Scores.from_frame(frame, [criterion], responses=keys)


def experts_of(frame, truth):
    rows = frame["row_id"].to_numpy()
    labels = pl.DataFrame({"row_id": rows, "score": PASS[truth[rows].astype(int)], "weight": frame["weight"]})
    return ExpertLabels.from_frame(labels, [POLITE])


def planted(rng, n=600):
    """Return what experts would say, and scores of an evaluator whose passes are less sure than its fails."""
    judge = rng.random(n) < 0.7
    truth = rng.random(n) < np.where(judge, 0.7, 0.05)
    return truth, scores_of(PASS[judge.astype(int)].tolist())


def test_weights_undo_the_draw():
    answers = ["pass"] * 90 + ["fail"] * 10
    members = pl.DataFrame({"row_id": range(100), "long": [row % 2 == 0 for row in range(100)]})

    sample = sample_for_experts(scores_of(answers), "polite", 30, members=members)

    per_stratum = sample.frame.group_by("slice", "band").agg(pl.col("weight").sum(), n=pl.len())
    joined = sample.strata.join(per_stratum, on=["slice", "band"])
    assert len(joined) == 4
    np.testing.assert_allclose(joined["weight"], joined["n_responses"])
    assert joined["n"].to_list() == joined["n_sampled"].to_list()
    assert (joined["n_sampled"] >= 5).all()
    assert len(sample.frame) == 30
    assert sample.frame["row_id"].is_unique().all()


def test_a_response_in_several_slices_counts_for_the_smallest():
    members = pl.DataFrame(
        {"row_id": range(60), "long": [row < 40 for row in range(60)], "odd": [row < 10 for row in range(60)]}
    )

    sample = sample_for_experts(scores_of(["pass"] * 60), "polite", 30, members=members)

    assert dict(sample.strata.select("slice", "n_responses").rows()) == {"odd": 10, "long": 30, "all": 20}


def test_labels_are_shared_out_so_that_the_variance_is_least():
    rng = np.random.default_rng(0)
    truth, scores = planted(rng)
    first = sample_for_experts(scores, "polite", 40)
    pilot = experts_of(first.to_label, truth)

    sample = sample_for_experts(scores, "polite", 60, pilot=pilot)

    strata = sample.strata
    sizes, spread = strata["n_responses"].to_numpy(), strata["spread"].to_numpy()
    labelled = sample.frame.group_by("band").agg(pl.col("is_labelled").sum()).sort("band")["is_labelled"]
    least = np.maximum(5, labelled.to_numpy())
    variance = {
        shares: sum(sizes**2 * spread**2 / np.array(shares))
        for shares in itertools.product(range(1, 60), repeat=2)
        if sum(shares) == 60 and all(np.array(shares) >= least)
    }
    assert tuple(strata["n_sampled"].to_list()) == min(variance, key=variance.get)
    assert spread[1] > spread[0]
    assert set(first.frame["row_id"]) <= set(sample.frame["row_id"])
    assert len(sample.to_label) == 20


def test_the_weighted_mean_of_labels_is_that_of_all_responses():
    rng = np.random.default_rng(1)
    truth, scores = planted(rng)
    means, corrected = [], []
    for seed in range(200):
        pilot = experts_of(sample_for_experts(scores, "polite", 20, random_state=seed).frame, truth)
        sample = sample_for_experts(scores, "polite", 60, pilot=pilot, random_state=seed)
        experts = sample.weigh(experts_of(sample.frame.with_columns(weight=1.0), truth))
        rows, weights = experts.frame["row_id"].to_numpy(), experts.frame["weight"].to_numpy()
        means.append(np.average(truth[rows], weights=weights))
        corrected.append(corrected_scores(scores, experts)[0].metric)

    tolerance = 3 * np.std(means) / math.sqrt(200)
    assert np.mean(means) == pytest.approx(truth.mean(), abs=tolerance)
    assert np.mean([metric.value for metric in corrected]) == pytest.approx(truth.mean(), abs=tolerance)
    covered = [metric.low <= truth.mean() <= metric.high for metric in corrected]
    assert np.mean(covered) >= 0.95 - 3 * math.sqrt(0.95 * 0.05 / 200)


def test_the_same_seed_draws_the_same():
    _, scores = planted(np.random.default_rng(2))

    first, same, other = (sample_for_experts(scores, "polite", 50, random_state=seed).frame for seed in (0, 0, 1))

    assert first.equals(same)
    assert not first.equals(other)


def test_a_tenth_is_for_two_experts():
    _, scores = planted(np.random.default_rng(3))

    assert sample_for_experts(scores, "polite", 45).frame["is_repeated"].sum() == 5


def test_numbers_have_three_bands_and_what_was_not_scored_none():
    values = [*np.linspace(0, 1, 90).tolist(), None, None]

    sample = sample_for_experts(scores_of(values, Criterion("score", scale=Number(0, 1))), "score", 30)

    assert sample.strata["n_responses"].to_list() == [30, 30, 30]
    assert [name.split()[0] for name in sample.strata["band"]] == ["up", sample.strata["band"][0].split()[-1], "above"]
    assert sample.frame["row_id"].max() < 90


def test_all_are_labelled_where_there_are_no_more():
    sample = sample_for_experts(scores_of(["pass"] * 12 + ["fail"]), "polite", 100)

    assert len(sample.frame) == 13
    assert (sample.frame["weight"] == 1).all()


def test_weigh_leaves_other_criteria_alone_and_drops_labels_from_elsewhere():
    _, scores = planted(np.random.default_rng(4))
    sample = sample_for_experts(scores, "polite", 20)
    outside = next(row for row in range(600) if row not in set(sample.frame["row_id"]))
    rows = [(sample.frame["row_id"][0], "polite"), (outside, "polite"), (outside, "brief")]
    labels = pl.DataFrame(rows, schema=["row_id", "criterion"], orient="row").with_columns(score=pl.lit("pass"))

    weighed = sample.weigh(ExpertLabels.from_frame(labels, [POLITE, Criterion("brief")]))

    assert sorted(weighed.frame.select("criterion", "weight").rows()) == [
        ("brief", 1.0),
        ("polite", sample.frame["weight"][0]),
    ]


def test_what_cannot_be_drawn_is_refused():
    truth, scores = planted(np.random.default_rng(5))
    pilot = experts_of(sample_for_experts(scores, "polite", 40).frame, truth)

    with pytest.raises(SchemaError, match="1 labels in all are too few"):
        sample_for_experts(scores, "polite", 1)
    with pytest.raises(SchemaError, match="40 labels of the pilot; 30 labels in all"):
        sample_for_experts(scores, "polite", 30, pilot=pilot)
    with pytest.raises(UnknownNameError, match="no evaluator"):
        sample_for_experts(scores, "judge")
