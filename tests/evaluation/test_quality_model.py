"""A model trained on what experts said of other responses, as an evaluator: how far it may be trusted, and where."""

import polars as pl
import pytest

from datasets import dataset
from nacre.data import Number
from nacre.evaluation import PASS_FAIL, Criterion, Evaluator, ExpertLabels, agreement, align, evaluate, fit_threshold
from nacre.functions import Context, Expression, Keyword, Model, Slice, labeling_function
from nacre.labeling import slice_members
from nacre.models import TabularLinear

ACCEPTABLE = Criterion("acceptable", "The answer is at least incomplete, not merely related.")
FIELDS = ("system_rank", "length", "overlap")
SLICES = [
    Slice(
        "about treatment",
        Keyword("prompt", ("treatment", "treatments", "treat", "treated", "cure", "drug", "medication")),
    ),
    Slice("long", Expression("length > 8")),
    Slice("ranked first", Expression("system_rank == 1")),
]


@labeling_function
def read_chance(chance):
    return chance


@pytest.fixture(scope="module")
def answers():
    """Answers of MEDIQA with what a quality model reads: the rank, the length, and the words of the question."""
    table = pl.read_parquet(dataset("llmeval_mediqa_health_qa") / "data.parquet")
    words = [
        pl.col(name).str.to_lowercase().str.extract_all(r"\w{4,}").list.unique() for name in ("question", "answer")
    ]
    asked, told = words
    return table.select(
        "split",
        prompt="question",
        response="answer",
        prompt_id="qid",
        system_rank="system_rank",
        acceptable=pl.col("reference_score") >= 3,
        length=pl.col("answer").str.len_chars().cast(pl.Float64).log1p(),
        overlap=asked.list.set_intersection(told).list.len() / asked.list.len().clip(1),
    )


@pytest.fixture(scope="module")
def judged(answers):
    """The answers to other questions, the model's scores of them, and the experts' labels."""
    train = answers.filter(pl.col("split").str.starts_with("train"))
    test = answers.filter(pl.col("split") == "test").drop("split")
    model = TabularLinear(FIELDS).fit(train, train["acceptable"].cast(pl.Int64).to_numpy(), PASS_FAIL)
    context = Context(predictors={"quality": model})
    scores = evaluate([Evaluator("quality", ACCEPTABLE, Model("quality", predictor="quality"))], test, context=context)
    experts = ExpertLabels.from_frame({"row_id": range(len(test)), "score": test["acceptable"]}, [ACCEPTABLE])
    return test.with_columns(chance=model.predict_proba(test)[:, 1]), scores, experts


def test_a_quality_model_is_told_apart_by_slice(judged):
    test, scores, experts = judged

    report = agreement(scores, experts, slice_members(SLICES, test))

    line = report.of("quality")
    assert line.n == 1_107
    assert line.kappa.n == 150  # answers to one question are not independent
    assert line.kappa.low > 0
    assert line.raw.value > line.baseline
    assert line.accept.gap.high < 0  # fewer answers were acceptable where it was trained
    assert {found.slice: found.n for found in report if found.slice != "all"} == {
        part.name: report.of("quality", part.name).n for part in SLICES
    }
    assert report.of("quality", "ranked first").accept.answers.value > line.accept.answers.value


def test_a_quality_model_far_from_the_experts_is_not_aligned(judged):
    _, scores, experts = judged

    record = align(scores, "quality", experts)

    assert not record.is_aligned
    assert [check.is_met for check in record.checks] == [True, False, True, True]


def test_a_cut_chosen_by_labels_brings_a_quality_model_closer(judged):
    test, scores, experts = judged
    chance = Criterion("chance", scale=Number(0, 1))
    numbers = evaluate([Evaluator("chance", chance, read_chance)], test)

    found = fit_threshold(numbers, "chance", experts, "acceptable")

    before = align(scores, "quality", experts, shaped_by=found.split.frame.filter(pl.col("fold") == 0)["row_id"])
    assert found.cut < 0.5
    assert found.record.kappa.value > before.kappa.value
