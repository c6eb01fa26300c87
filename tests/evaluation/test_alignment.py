import json

import numpy as np
import polars as pl
import pytest

from nacre.data import Classes
from nacre.errors import SpecError
from nacre.evaluation import (
    Criterion,
    Evaluator,
    ExpertLabels,
    Scores,
    align,
    alignment_from_spec,
    evaluate,
)
from nacre.functions import Existing, Keyword

POLITE = Criterion("polite")
RESPONSES = pl.DataFrame({"prompt": [f"Hi {row}" for row in range(100)], "response": ["Please sit", "No"] * 50})


def judged(description="", keyword="please"):
    criterion = Criterion("polite", description)
    return evaluate([Evaluator("please", criterion, Keyword("response", (keyword,)))], RESPONSES)


def labels(n=100, n_wrong=5, n_annotators=1):
    """The truth is what the keyword says, but for the first few."""
    right = np.arange(n) % 2 == 0
    said = np.where(np.arange(n) < n_wrong, ~right, right)
    frames = [
        pl.DataFrame({"row_id": range(n), "annotator": [f"a{place}"] * n, "score": said})
        for place in range(n_annotators)
    ]
    return ExpertLabels.from_frame(pl.concat(frames), [POLITE])


def test_an_evaluator_that_agrees_on_fifty_labels_is_aligned():
    record = align(judged(), "please", labels())

    assert record.is_aligned
    assert (record.n, record.raw.value, record.bar, record.ceiling) == (100, 0.95, 0.8, None)
    assert "one expert" in record.checks[1].text


def test_with_several_experts_the_bar_is_a_share_of_their_own_agreement():
    record = align(judged(), "please", labels(n_wrong=12, n_annotators=3))

    assert (record.bar, record.ceiling) == (0.9, 1.0)
    assert record.of_ceiling == 0.88
    assert not record.is_aligned
    assert align(judged(), "please", labels(n_wrong=12, n_annotators=3), bar=0.85).is_aligned


def test_a_ceiling_of_a_few_responses_sets_no_bar():
    twice = pl.DataFrame({"row_id": range(5), "annotator": ["b"] * 5, "score": [False, True, False, True, False]})
    once = pl.DataFrame({"row_id": range(100), "annotator": ["a"] * 100, "score": [row % 3 > 0 for row in range(100)]})

    record = align(judged(), "please", ExpertLabels.from_frame(pl.concat([once, twice]), [POLITE]))

    assert (record.ceiling, record.bar) == (None, 0.8)


def test_fewer_than_fifty_labels_align_nothing():
    record = align(judged(), "please", labels(n=49, n_wrong=0))

    assert [check.is_met for check in record.checks] == [False, True, True, True]
    assert "49 labels" in str(record)


def test_labels_that_shaped_it_do_not_count():
    record = align(judged(), "please", labels(n_wrong=5), shaped_by=range(60))

    assert (record.n, record.raw.value) == (40, 1.0)
    assert not record.is_aligned


def test_a_judge_no_better_than_a_constant_is_not_aligned():
    experts = ExpertLabels.from_frame({"row_id": range(100), "score": [True] * 90 + [False] * 10}, [POLITE])
    lenient = evaluate([Evaluator("please", POLITE, Keyword("prompt", ("hi",)))], RESPONSES)

    record = align(lenient, "please", experts)

    assert record.raw.value == 0.9
    assert [check.is_met for check in record.checks] == [True, True, False, False]


def test_no_labels_align_nothing():
    record = align(judged(), "please", labels().where(pl.Series([], dtype=pl.Int64)))

    assert not record.is_aligned
    json.dumps(record.to_dict(), allow_nan=False)


def test_it_goes_stale_with_the_evaluator_the_criterion_and_the_labels():
    experts = labels()
    record = align(judged(), "please", experts)

    assert not record.is_stale(judged(), experts)
    assert record.is_stale(judged(keyword="sit"))
    assert record.is_stale(judged("Friendly."))
    assert record.is_stale(judged(), labels(n_wrong=6))
    assert record.is_stale(judged().select([]))


def test_imported_scores_go_stale_with_their_criterion_and_their_verdicts():
    def imported(criterion, verdicts=(True, False)):
        rows = {"row_id": range(100), "criterion": "polite", "evaluator": "judge", "score": [*verdicts] * 50}
        responses = pl.DataFrame({"row_id": range(100), "prompt_id": [str(row) for row in range(100)], "repeat": 0})
        return Scores.from_frame(pl.DataFrame(rows), [criterion], responses=responses)

    record = align(imported(POLITE), "judge", labels())

    assert not record.is_stale(imported(POLITE))
    assert record.is_stale(imported(Criterion("polite", "Friendly.")))
    assert record.is_stale(imported(POLITE, (False, True)), labels())


def test_a_field_of_the_responses_goes_stale_with_its_verdicts():
    def judged_by_field(verdicts):
        answers = RESPONSES.with_columns(verdict=pl.Series(verdicts * 50))
        return evaluate([Evaluator("judge", POLITE, Existing("judge", "verdict"))], answers)

    record = align(judged_by_field([True, False]), "judge", labels())

    assert not record.is_stale(judged_by_field([True, False]))
    assert record.is_stale(judged_by_field([False, True]))


def test_labels_on_other_criteria_do_not_make_it_stale():
    grade = Criterion("grade", scale=Classes(("poor", "good"), ordered=True))
    record = align(judged(), "please", labels())
    more = pl.DataFrame({"row_id": [0], "criterion": ["grade"], "score": ["good"], "annotator": ["a0"]})
    both = ExpertLabels.from_frame(
        pl.concat(
            [
                labels().frame.select(
                    "row_id",
                    "criterion",
                    pl.col("value").replace_strict({0: "fail", 1: "pass"}).alias("score"),
                    "annotator",
                ),
                more,
            ]
        ),
        [POLITE, grade],
    )

    assert not record.is_stale(judged(), both)


def test_a_record_that_is_kept_comes_back_the_same():
    record = align(judged(), "please", labels(n_annotators=2), shaped_by=[3, 4])

    kept = alignment_from_spec(json.loads(json.dumps(record.spec(), allow_nan=False)))

    assert kept == record
    assert kept.fingerprint == record.fingerprint


def test_a_record_of_something_else_is_refused():
    with pytest.raises(SpecError, match="not a record of alignment"):
        alignment_from_spec({"evaluator": "please"})


@pytest.mark.parametrize("n_annotators", [1, 3])
def test_shuffled_labels_align_in_at_most_one_of_twenty(n_annotators):
    rng = np.random.default_rng(0)
    n_aligned = 0
    scores = judged()
    for _ in range(200):
        truth = rng.permutation(np.arange(100) < rng.integers(50, 100))
        said = [np.where(rng.random(100) < 0.9, truth, ~truth) for _ in range(n_annotators)]
        frames = [
            pl.DataFrame({"row_id": range(100), "annotator": [f"a{place}"] * 100, "score": one})
            for place, one in enumerate(said)
        ]
        n_aligned += align(scores, "please", ExpertLabels.from_frame(pl.concat(frames), [POLITE])).is_aligned

    assert n_aligned <= 10


def test_what_is_required_stands_beside_what_was_found():
    record = align(judged(), "please", labels(n=20))

    assert str(record).startswith("please is not aligned on polite: 20 labels that did not shape it (required: 50)")
