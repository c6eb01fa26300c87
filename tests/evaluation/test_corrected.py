import math

import numpy as np
import polars as pl
import pytest

from nacre.data import Classes, Number
from nacre.errors import SchemaError, UnknownNameError
from nacre.evaluation import Criterion, ExpertLabels, KnownRates, Scores, corrected_scores, known_rates
from nacre.metrics import mean_metric, ppi_mean, rogan_gladen, wilson

POLITE, BRIEF = Criterion("polite"), Criterion("brief")
PASS = np.array(["fail", "pass"])


def planted(rng, n, *, prompts=None, tpr=0.95, tnr=0.6):
    """Return what experts would say of each response, and the scores of an evaluator that is too kind."""
    truth = rng.random(n) < 0.6
    judge = np.where(truth, rng.random(n) < tpr, rng.random(n) > tnr)
    keys = pl.DataFrame({"row_id": range(n), "prompt_id": prompts or [f"p{row}" for row in range(n)], "repeat": 0})
    frame = pl.DataFrame({"row_id": range(n), "criterion": "polite", "score": PASS[judge.astype(int)]})
    return truth, judge, Scores.from_frame(frame, [POLITE], responses=keys)


def labels_of(rows, truth, *, weight=1.0):
    rows = np.asarray(rows)
    columns = {"row_id": rows, "score": PASS[truth[rows].astype(int)], "weight": np.broadcast_to(weight, rows.shape)}
    return ExpertLabels.from_frame(pl.DataFrame(columns), [POLITE])


def test_a_slice_is_corrected_from_20_labels_on():
    truth, judge, scores = planted(np.random.default_rng(0), 200)
    members = pl.DataFrame({"row_id": range(200), "long": [row < 60 for row in range(200)]})

    few = corrected_scores(scores, labels_of(range(19), truth), members)
    enough = corrected_scores(scores, labels_of(range(20), truth), members)

    assert [(cell.slice, cell.metric, cell.n_labels, cell.method) for cell in few] == [
        ("all", None, 19, ""),
        ("long", None, 19, ""),
    ]
    assert [(cell.slice, cell.n_labels, cell.method) for cell in enough] == [("all", 20, "ppi"), ("long", 20, "ppi")]
    labels = np.where(np.arange(60) < 20, truth[:60], np.nan)
    assert enough[1].metric == ppi_mean(labels, judge[:60], is_rate=True).metric
    assert enough[1].raw == mean_metric(judge[:60], is_rate=True)
    assert enough[1].metric.is_too_few


def test_the_corrected_mean_is_what_experts_would_say_where_the_raw_one_is_not():
    rng = np.random.default_rng(1)
    raw, corrected = [], []
    for _ in range(200):
        truth, _, scores = planted(rng, 400)
        (cell,) = corrected_scores(scores, labels_of(range(60), truth))
        raw.append(cell.raw.low <= 0.6 <= cell.raw.high)
        corrected.append(cell.metric.low <= 0.6 <= cell.metric.high)

    assert np.mean(corrected) >= 0.95 - 3 * math.sqrt(0.95 * 0.05 / 200)
    assert np.mean(raw) < 0.2


def test_labels_that_were_sampled_unevenly_count_by_their_weight():
    rng = np.random.default_rng(2)
    found, ignorant = [], []
    for _ in range(60):
        truth, judge, scores = planted(rng, 600)
        is_asked = rng.random(600) < np.where(judge, 0.05, 0.4)
        rows = np.flatnonzero(is_asked)
        weighted = labels_of(rows, truth, weight=np.where(judge[rows], 20, 2.5))
        found.append(corrected_scores(scores, weighted)[0].metric.value)
        ignorant.append(truth[rows].mean())

    assert np.mean(found) == pytest.approx(0.6, abs=0.02)
    assert np.mean(ignorant) < 0.5


def test_repeats_of_a_prompt_count_as_one():
    prompts = [f"p{row // 5}" for row in range(200)]
    truth, _, scores = planted(np.random.default_rng(3), 200, prompts=prompts)

    (cell,) = corrected_scores(scores, labels_of(range(100), truth))

    assert (cell.metric.n, cell.n_labels, cell.raw.n) == (20, 100, 40)


def test_what_passes_every_criterion_is_corrected_by_those_labelled_on_all():
    rng = np.random.default_rng(4)
    keys = pl.DataFrame({"row_id": range(90), "prompt_id": [f"p{row}" for row in range(90)], "repeat": 0})
    answers = {name: PASS[rng.integers(0, 2, 90)] for name in ("polite", "brief")}
    frame = pl.concat(
        pl.DataFrame({"row_id": range(90), "criterion": name, "score": answers[name]}) for name in answers
    )
    scores = Scores.from_frame(frame, [POLITE, BRIEF], responses=keys)
    experts = ExpertLabels.from_frame(frame.filter(pl.col("row_id") < 40), [POLITE, BRIEF])

    cells = {cell.column: cell for cell in corrected_scores(scores, experts, by="criterion")}

    assert list(cells) == ["polite", "brief", "all criteria"]
    both = (answers["polite"] == "pass") & (answers["brief"] == "pass")
    labels = np.where(np.arange(90) < 40, both, np.nan)
    assert cells["all criteria"].metric == ppi_mean(labels, both, is_rate=True).metric


def test_numbers_and_ordinals_are_corrected_as_a_cell_averages_them():
    seconds = Criterion("seconds", scale=Number(0, 100), lower_is_better=True)
    grade = Criterion("grade", scale=Classes(("poor", "fair", "good"), ordered=True), passes="fair")
    rng = np.random.default_rng(5)
    keys = pl.DataFrame({"row_id": range(80), "prompt_id": [f"p{row}" for row in range(80)], "repeat": 0})
    for criterion, answers, outcome in (
        (seconds, (times := rng.uniform(0, 100, 80).astype(np.float32)).tolist(), times),
        (grade, np.array(grade.scale.names)[codes := rng.integers(0, 3, 80)].tolist(), codes > 0),
    ):
        frame = pl.DataFrame({"row_id": range(80), "criterion": criterion.name, "score": answers})
        scores = Scores.from_frame(frame, [criterion], responses=keys)

        (cell,) = corrected_scores(scores, ExpertLabels.from_frame(frame.head(40), [criterion]))

        labels = np.where(np.arange(80) < 40, outcome, np.nan)
        assert cell.metric == ppi_mean(labels, outcome, is_rate=criterion.is_rate).metric


def test_the_criterion_and_not_its_scores_says_what_is_a_rate():
    stars = Criterion("stars", scale=Number(1, 5))
    keys = pl.DataFrame({"row_id": range(60), "prompt_id": [f"p{row}" for row in range(60)], "repeat": 0})
    frame = pl.DataFrame({"row_id": range(60), "criterion": "stars", "score": [1.0] * 60})
    experts = ExpertLabels.from_frame(frame.head(30).with_columns(score=pl.lit(1.0)), [stars])

    (cell,) = corrected_scores(Scores.from_frame(frame, [stars], responses=keys), experts)

    assert cell.raw.value == cell.raw.low == cell.raw.high == 1  # Wilson's limits are those of a share


def test_known_rates_correct_where_labels_are_few():
    truth, judge, scores = planted(np.random.default_rng(6), 500)
    rates = known_rates(scores, "polite", labels_of(range(300), truth))

    (cell,) = corrected_scores(scores, labels_of(range(10), truth), rates={"polite": rates})

    assert cell.method == "rogan_gladen"
    assert rates.tpr == wilson(int((truth & judge)[:300].sum()), int(truth[:300].sum()))
    assert rates.tnr == wilson(int((~truth & ~judge)[:300].sum()), int((~truth)[:300].sum()))
    assert cell.metric == rogan_gladen(cell.raw, tpr=rates.tpr, tnr=rates.tnr)
    assert corrected_scores(scores, labels_of(range(30), truth), rates={"polite": rates})[0].method == "ppi"


def test_known_rates_describe_what_the_labelled_responses_were_sampled_from():
    truth, judge, scores = planted(np.random.default_rng(8), 400)
    is_wrong = truth != judge  # mistakes were sampled five times as often
    rows = np.flatnonzero(is_wrong | (np.arange(400) % 5 == 0))

    rates = known_rates(scores, "polite", labels_of(rows, truth, weight=np.where(is_wrong[rows], 1, 5)))

    assert rates.tpr.value == pytest.approx((truth & judge).sum() / truth.sum(), abs=0.05)
    assert rates.tnr.value == pytest.approx((~truth & ~judge).sum() / (~truth).sum(), abs=0.1)


def test_a_sample_beside_labels_without_a_weight_makes_the_mean_no_worse():
    def missed(weight_of_first):
        errors = []
        for seed in range(60):
            rng = np.random.default_rng(seed)
            truth, _, scores = planted(rng, 2000, tpr=0.6, tnr=0.5)
            rows = rng.permutation(2000)[:160]
            weight = pl.Series([weight_of_first] * 120 + [27.0, 74.0] * 20, dtype=pl.Float64)
            labels = pl.DataFrame({"row_id": rows, "score": PASS[truth[rows].astype(int)], "weight": weight})
            experts = ExpertLabels.from_frame(labels[:120] if weight_of_first is None else labels, [POLITE])
            both = ExpertLabels.from_frame(labels, [POLITE])
            first, second = (corrected_scores(scores, part)[0].metric.value for part in (experts, both))
            errors.append([first - truth.mean(), second - truth.mean()])
        return np.sqrt(np.square(errors).mean(axis=0))

    of_first, of_both = missed(None)
    assert of_both < of_first
    assert missed(1.0)[1] > 1.2 * of_first


def test_known_rates_count_repeats_of_a_prompt_once():
    prompts = [f"p{row // 4}" for row in range(200)]
    truth, _, scores = planted(np.random.default_rng(9), 200, prompts=prompts)
    scores = Scores(scores.frame.with_columns(repeat=pl.col("row_id") % 4), scores.criteria, scores.evaluators)

    rates = known_rates(scores, "polite", labels_of(range(200), truth))

    assert rates.tpr.n <= 50


def test_an_evaluator_no_better_than_chance_is_not_corrected_by_its_rates():
    truth, _, scores = planted(np.random.default_rng(7), 100)
    chance = KnownRates(wilson(30, 60), wilson(30, 60))

    (cell,) = corrected_scores(scores, labels_of(range(3), truth), rates={"polite": chance})

    assert (cell.metric, cell.method) == (None, "")
    assert cell.to_dict()["metric"] is None


def test_what_does_not_fit_is_refused():
    truth, _, scores = planted(np.random.default_rng(8), 50)
    other = Criterion("polite", scale=Classes(("no", "somewhat", "yes"), ordered=True))
    graded = ExpertLabels.from_frame(pl.DataFrame({"row_id": [0], "score": ["yes"]}), [other])

    with pytest.raises(SchemaError, match="another scale"):
        corrected_scores(scores, graded)
    with pytest.raises(UnknownNameError, match="no evaluator `plite`"):
        corrected_scores(scores, labels_of([0], truth), rates={"plite": KnownRates(wilson(1, 1), wilson(1, 1))})
