import json

import numpy as np
import polars as pl
import pytest

from nacre.data import Classes, Number
from nacre.errors import SchemaError, UnknownNameError
from nacre.evaluation import Criterion, ExpertLabels, Scores, agreement
from nacre.metrics import cohen_kappa
from stored_verdicts import llmbar, pandalm

POLITE = Criterion("polite")
GRADE = Criterion("grade", scale=Classes(("poor", "fair", "good"), ordered=True), passes="fair")
SECONDS = Criterion("seconds", scale=Number(0, 10))


def scores_of(answers, criterion, *, prompts=None, evaluator="judge"):
    rows = pl.DataFrame({"row_id": range(len(answers)), "score": answers}, strict=False)
    prompts = prompts or [str(row) for row in range(len(answers))]
    responses = pl.DataFrame({"row_id": range(len(answers)), "prompt_id": prompts, "repeat": [0] * len(answers)})
    frame = rows.with_columns(criterion=pl.lit(criterion.name), evaluator=pl.lit(evaluator))
    return Scores.from_frame(frame, [criterion], responses=responses)


def experts_of(labels, criterion, annotator="Ada"):
    rows = {"row_id": range(len(labels)), "score": labels, "annotator": [annotator] * len(labels)}
    return ExpertLabels.from_frame(rows, [criterion])


def test_judges_of_pandalm_agree_as_published():
    scores, experts, table = pandalm()
    apps = [(pl.col("motivation_app") == app).alias(app) for app in ("Wolfram alpha", "Wikipedia")]

    report = agreement(scores, experts, table.select("row_id", *apps))

    gpt, panda = report.of("gpt35"), report.of("pandalm7b")
    assert (gpt.raw.value, gpt.raw.low, gpt.raw.high) == pytest.approx((0.698, 0.669, 0.725), abs=0.001)
    assert (gpt.kappa.value, gpt.kappa.low, gpt.kappa.high) == pytest.approx((0.476, 0.431, 0.516), abs=0.004)
    assert gpt.kappa.value == pytest.approx(0.476, abs=0.001)
    assert (gpt.n_unparsable, gpt.raw_parsed.n) == (25, 974)
    assert (gpt.raw_parsed.value, gpt.kappa_parsed.value) == pytest.approx((0.716, 0.493), abs=0.001)
    assert gpt.baseline == pytest.approx(0.4725, abs=0.0001)
    assert gpt.of_ceiling == pytest.approx(0.698 / 0.9199, abs=0.001)
    assert (panda.raw.value, panda.kappa.value, panda.ac1.value) == pytest.approx((0.668, 0.435, 0.529), abs=0.001)
    assert (panda.kappa.low, panda.kappa.high) == pytest.approx((0.387, 0.483), abs=0.005)
    assert [rates[0] for rates in gpt.base_rates.values()] == pytest.approx([0.473, 0.105, 0.422, 0], abs=0.001)
    assert report.of("gpt35", "Wolfram alpha").raw.value == pytest.approx(0.34, abs=0.005)
    assert report.of("gpt35", "Wikipedia").raw.value == pytest.approx(0.97, abs=0.005)
    assert report.of("pandalm7b", "Wolfram alpha").n == 35


@pytest.mark.parametrize(
    ("judge", "prompt", "natural", "adversarial"),
    [
        ("GPT-4", "Vanilla", 0.955, 0.810),
        ("GPT-4", "Vanilla_NoRules", 0.935, 0.712),
        ("GPT-4", "Rating", 0.920, 0.813),
        ("ChatGPT", "Vanilla", 0.815, 0.270),
        ("ChatGPT", "Rating", 0.685, 0.426),
        ("LLaMA2", "CoT", 0.755, 0.381),
        ("Falcon", "Vanilla", 0.740, 0.509),
    ],
)
def test_judges_of_llmbar_agree_as_published(judge, prompt, natural, adversarial):
    versions, experts, members = llmbar(judge)

    report = agreement(versions[prompt], experts, members.with_columns(adversarial=~pl.col("natural")))

    found = report.of(judge, "natural").raw, report.of(judge, "adversarial").raw
    assert [metric.value for metric in found] == pytest.approx([natural, adversarial], abs=0.001)
    assert [metric.n for metric in found] == [100, 319]  # both orders of an item are one


def test_an_unparsable_verdict_is_a_class_of_its_own():
    report = agreement(
        scores_of(["pass", "fail", "maybe", None], POLITE), experts_of(["pass", "fail", "pass", "pass"], POLITE)
    )

    (line,) = report
    assert (line.n, line.raw.value, line.raw_parsed.n, line.raw_parsed.value) == (3, 2 / 3, 2, 1.0)
    assert (line.n_unparsable, line.n_abstained, line.n_failed) == (1, 1, 0)
    assert line.confusion.tolist() == [[1, 0, 0], [0, 1, 1]]
    assert line.kappa.value == pytest.approx(cohen_kappa([1, 0, 1], [1, 0, 2]).value)


def test_responses_without_a_majority_or_a_score_are_counted_not_compared():
    labels = {"row_id": [0, 0, 1, 9], "annotator": ["Ada", "Bo", "Ada", "Ada"], "score": ["pass", "fail"] * 2}

    report = agreement(scores_of(["pass", "pass"], POLITE), ExpertLabels.from_frame(labels, [POLITE]))

    assert (report.of("judge").n, report.n_tied, report.n_not_scored) == (1, {"polite": 1}, {"judge": 1})


def test_an_ordinal_scale_has_a_weighted_kappa_and_an_accept_gap():
    truth, answers = ["poor", "fair", "good", "poor"] * 20, ["fair", "fair", "good", "poor"] * 20

    line = agreement(scores_of(answers, GRADE), experts_of(truth, GRADE)).of("judge")

    assert line.weighted_kappa.value == pytest.approx(
        cohen_kappa([0, 1, 2, 0] * 20, [1, 1, 2, 0] * 20, "quadratic").value
    )
    assert line.accept.gap.value == 0.25
    assert line.accept.gap.low > 0


def test_numbers_without_a_pass_have_alpha_only():
    line = agreement(scores_of([1.0, 2.0, 3.0], SECONDS), experts_of([1.5, 2.0, 3.0], SECONDS)).of("judge")

    assert line.alpha.value > 0.9
    assert np.isnan(line.raw.value)
    assert line.ceiling is None
    assert "no `passes`" in line.note
    json.dumps(line.to_dict(), allow_nan=False)


def test_one_class_only_is_said_to_be_the_reason():
    line = agreement(scores_of(["pass"] * 40, POLITE), experts_of(["pass"] * 40, POLITE)).of("judge")

    assert np.isnan(line.kappa.value)
    assert "one class only" in line.note
    assert (line.raw.value, line.baseline, line.ac1.value) == (1.0, 1.0, 1.0)


def test_one_expert_sets_no_ceiling():
    line = agreement(scores_of(["pass"] * 3, POLITE), experts_of(["pass", "fail", "pass"], POLITE)).of("judge")

    assert line.ceiling is None
    assert line.of_ceiling is None
    assert line.is_too_few


def test_repeats_of_a_prompt_count_once():
    scores = scores_of(["pass", "fail"] * 30, POLITE, prompts=[str(row // 6) for row in range(60)])

    line = agreement(scores, experts_of(["pass", "pass"] * 30, POLITE)).of("judge")

    assert (line.n, line.raw.n, line.kappa.n) == (60, 10, 10)


def test_an_empty_slice_says_so():
    members = pl.DataFrame({"row_id": [0, 1], "spanish": [False, False]})

    line = agreement(scores_of(["pass", "fail"], POLITE), experts_of(["pass", "fail"], POLITE), members).of(
        "judge", "spanish"
    )

    assert (line.n, line.is_too_few, line.raw.n) == (0, True, 0)
    json.dumps(line.to_dict(), allow_nan=False)


def test_different_scales_are_refused():
    with pytest.raises(SchemaError, match="Use one scale for both"):
        agreement(scores_of(["pass"], POLITE), experts_of([1.0], Criterion("polite", scale=Number(0, 1))))


def test_an_unknown_evaluator_or_slice_is_refused():
    report = agreement(scores_of(["pass"], POLITE), experts_of(["pass"], POLITE))

    with pytest.raises(UnknownNameError, match="judge"):
        report.of("jugde")
    with pytest.raises(UnknownNameError, match="slice"):
        report.of("judge", "spanish")


def test_the_report_is_a_table_and_json():
    report = agreement(scores_of(["pass", "fail"] * 20, POLITE), experts_of(["pass", "pass"] * 20, POLITE))

    frame = report.frame()

    assert frame.select("evaluator", "slice", "n").rows() == [("judge", "all", 40)]
    assert json.loads(json.dumps(report.to_dict(), allow_nan=False))["agreements"][0]["raw"]["value"] == 0.5
    assert str(report).startswith("judge agrees with the experts on polite in .50")


def test_responses_sampled_unequally_are_weighed():
    rng = np.random.default_rng(0)
    truth = rng.random(8_000) < 0.9
    judged = np.where(rng.random(8_000) < np.where(truth, 0.9, 0.6), truth, ~truth)
    probability = np.where(judged, 0.05, 0.5)
    seen = np.flatnonzero(rng.random(8_000) < probability)
    labels = pl.DataFrame({"row_id": seen, "score": truth[seen], "weight": 1 / probability[seen]})
    everyone = ExpertLabels.from_frame({"row_id": range(8_000), "score": truth}, [POLITE])

    scores = scores_of(judged.tolist(), POLITE)
    found = agreement(scores, ExpertLabels.from_frame(labels, [POLITE])).of("judge")
    plain = agreement(scores, ExpertLabels.from_frame(labels.drop("weight"), [POLITE])).of("judge")
    true = agreement(scores, everyone).of("judge")

    for name in ("raw", "kappa", "ac1", "alpha"):
        metric, target = getattr(found, name), getattr(true, name).value
        assert metric.low < target < metric.high
        assert abs(metric.value - target) < abs(getattr(plain, name).value - target)
    assert found.accept.true_negative_rate.value == pytest.approx(true.accept.true_negative_rate.value, abs=0.1)
    assert found.baseline == pytest.approx(0.9, abs=0.02)
    assert found.confusion.sum() == found.n == len(seen)


def test_many_repeats_of_few_prompts_are_too_few():
    line = agreement(
        scores_of(["pass", "fail"] * 30, POLITE, prompts=[str(row // 6) for row in range(60)]),
        experts_of(["pass", "pass"] * 30, POLITE),
    ).of("judge")

    assert line.is_too_few


def test_the_scores_say_what_passes():
    stored = np.random.default_rng(0).random(200) * 10
    lenient, strict = (Criterion("seconds", scale=Number(0, 10), passes=passes) for passes in (5, 9))

    (line,) = agreement(scores_of(stored.tolist(), strict), experts_of((stored * 0.9).tolist(), lenient))

    assert line.accept.answers.value == pytest.approx(np.mean(stored >= 9))
    assert line.accept.truth.value == pytest.approx(np.mean(stored * 0.9 >= 9))


def test_an_unparsable_verdict_raises_no_coefficient():
    truth = ["pass", "fail"] * 100
    said = [*truth[:160], *["pass"] * 40]
    (line,) = agreement(scores_of(said, POLITE), experts_of(truth, POLITE))
    (broken,) = agreement(scores_of([*said[:-1], "?"], POLITE), experts_of(truth, POLITE))

    assert broken.n_unparsable == 1
    assert broken.ac1.value <= line.ac1.value
    assert broken.ac1.value == pytest.approx(line.ac1.value, abs=0.01)


def test_responses_without_a_score_are_counted_of_each_evaluator():
    few, many = scores_of(["pass"] * 10, POLITE, evaluator="few"), scores_of(["pass"] * 50, POLITE, evaluator="many")
    both = Scores(pl.concat([few.frame, many.frame]), (POLITE,), {"few": "", "many": ""})

    report = agreement(both, experts_of(["pass"] * 60, POLITE))

    assert report.n_not_scored == {"few": 50, "many": 10}


@pytest.mark.parametrize(
    "members",
    [{"row_id": [0, 0], "odd": [True, True]}, {"row_id": [0, 1], "all": [True, True]}],
    ids=["a response twice", "a slice called all"],
)
def test_slices_are_checked_as_those_of_a_matrix(members):
    with pytest.raises(SchemaError, match=r"more than once|slice of every response"):
        agreement(scores_of(["pass", "fail"], POLITE), experts_of(["pass", "fail"], POLITE), pl.DataFrame(members))


def test_the_ceiling_counts_repeats_of_a_prompt_once():
    prompts = [str(row // 5) for row in range(200)]
    scores = scores_of(["pass"] * 200, POLITE, prompts=prompts)
    frames = [{"row_id": range(200), "score": ["pass"] * 200, "annotator": [name] * 200} for name in ("Ada", "Bo")]
    experts = ExpertLabels.from_frame(pl.concat([pl.DataFrame(frame) for frame in frames]), [POLITE])

    assert agreement(scores, experts).of("judge").ceiling.agreement.n == 40
