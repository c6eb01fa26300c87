"""Responses as cards: what was said of them, shortened only where the reader is told."""

import polars as pl
import pytest

from nacre.data import Classes, Number
from nacre.evaluation import Criterion, ExpertLabels, Scores, evaluation_matrix, read_responses
from nacre.report import EvaluationSubject
from nacre.report._response_cards import ResponseCards, differs, passes, score_name

GRADES = Criterion("correct", scale=Classes(("wrong", "partly", "right"), ordered=True), passes="partly")
SECONDS = Criterion("seconds", scale=Number(0, 60), passes=10, lower_is_better=True)
POLITE = Criterion("polite")


def subject_of(scores, criteria, experts=None, **fields):
    """Return the subject of one response to each of two prompts, with scores by evaluator and criterion."""
    frame = pl.DataFrame({"prompt": ["How?", "Why?"], "response": ["So.", None]} | fields)
    data = read_responses(frame)
    keys = data.collect(["row_id", "prompt_id", "repeat"])
    rows = [
        {"row_id": row_id, "evaluator": evaluator, "criterion": criterion, "score": score, "rationale": rationale}
        for (evaluator, criterion), answers in scores.items()
        for row_id, (score, rationale) in enumerate(answers)
    ]
    parts = [
        Scores.from_frame(pl.DataFrame([row for row in rows if row["criterion"] == one.name]), criteria, responses=keys)
        for one in criteria
    ]
    names = {name: fingerprint for part in parts for name, fingerprint in part.evaluators.items()}
    together = Scores(pl.concat([part.frame for part in parts]), tuple(criteria), names)
    labels = None if experts is None else ExpertLabels.from_frame(pl.DataFrame(experts), criteria)
    return EvaluationSubject("help", data.collect(), together, evaluation_matrix(together), labels)


def card_of(subject, row_id=0, *, first="", n_characters=1_000):
    return ResponseCards.of(subject, [row_id], n_characters=n_characters).card(row_id, first=first)


PLAIN = {
    ("judge", "correct"): [("partly", "half of it"), (None, None)],
    ("rule", "polite"): [("fail", "no thanks given"), ("pass", "says please")],
}


@pytest.mark.parametrize(
    ("criterion", "value", "name", "is_pass"),
    [
        (POLITE, 1.0, "pass", True),
        (GRADES, 0.0, "wrong", False),
        (GRADES, 1.0, "partly", True),
        (SECONDS, 9.5, "9.5", True),
        (SECONDS, 12.0, "12", False),
        (Criterion("length", scale=Number(0, 9)), 3.0, "3", None),
        (POLITE, None, "-", None),
    ],
    ids=["pass", "lowest class", "class that passes", "small number", "large number", "number without pass", "none"],
)
def test_a_stored_score_reads_as_people_write_it(criterion, value, name, is_pass):
    assert score_name(value, criterion) == name
    assert passes(value, criterion) is is_pass


def test_numbers_differ_only_where_one_passes_and_the_other_does_not():
    assert not differs(3.0, 9.0, SECONDS)
    assert differs(3.0, 12.0, SECONDS)
    assert differs(1.0, 2.0, GRADES)


def test_the_criterion_looked_at_comes_first_with_its_reason():
    card = card_of(subject_of(PLAIN, [GRADES, POLITE]), first="polite")

    assert [score.criterion for score in card.scores] == ["polite", "correct"]
    assert card.scores[0].rationale == "no thanks given"


def test_reasons_of_other_criteria_are_shown_where_they_fail():
    failed, passed = (card_of(subject_of(PLAIN, [GRADES, POLITE]), row_id, first="correct") for row_id in (0, 1))

    assert [score.rationale for score in failed.scores if score.criterion == "polite"] == ["no thanks given"]
    assert [score.rationale for score in passed.scores if score.criterion == "polite"] == [""]


def test_a_score_that_is_missing_says_why_not_a_score():
    card = card_of(subject_of(PLAIN, [GRADES, POLITE]), 1, first="correct")

    assert (card.scores[0].shown, card.scores[0].passes) == ("abstained", None)
    assert card.response is None


def test_what_most_experts_say_stands_beside_the_score():
    experts = {
        "row_id": [0, 0, 0, 1],
        "criterion": ["polite"] * 4,
        "annotator": ["Ada", "Bo", "Cy", "Ada"],
        "score": ["pass", "pass", "fail", "pass"],
    }
    subject = subject_of(PLAIN, [GRADES, POLITE], experts)

    (wrong, *_), (right, *_) = (card_of(subject, row_id, first="polite").scores for row_id in (0, 1))

    assert (wrong.expert, wrong.disagrees) == ("pass", True)
    assert (right.expert, right.disagrees) == ("pass", False)


def test_several_evaluators_of_a_criterion_are_told_apart():
    scores = PLAIN | {("second", "polite"): [("pass", None), ("pass", None)]}

    card = card_of(subject_of(scores, [GRADES, POLITE]))

    assert {score.criterion for score in card.scores} == {"correct", "polite, rule", "polite, second"}


def test_of_many_scores_those_that_pass_are_counted():
    criteria = [Criterion(f"c{place}") for place in range(12)]
    scores = {(f"e{place}", f"c{place}"): [("fail" if place in (3, 5) else "pass", None)] * 2 for place in range(12)}

    card = card_of(subject_of(scores, criteria), first="c7")

    assert [score.criterion for score in card.scores] == ["c7", "c3", "c5", "9 others"]


def test_a_cut_text_says_how_much_is_missing():
    subject = subject_of(PLAIN, [GRADES, POLITE], reference=["r" * 50, None])

    card = card_of(subject, n_characters=20)

    assert card.reference == "r" * 20 + "\N{HORIZONTAL ELLIPSIS} (30 more characters are not in this page)"
    assert card.response == "So."


def test_contexts_share_the_room_of_a_text():
    subject = subject_of(PLAIN, [GRADES, POLITE], contexts=[["a" * 900, "b" * 900], []])

    card = card_of(subject, n_characters=1_000)

    assert [len(context.partition("\N{HORIZONTAL ELLIPSIS}")[0]) for context in card.contexts] == [500, 500]


def test_facts_are_short_fields_that_tell_responses_apart():
    fields = {"system": ["v4", "v4"], "topic": ["tax", "rent"], "essay": ["e" * 200, "f" * 200], "cost": [0.25, 1.5]}

    card = card_of(subject_of(PLAIN, [GRADES, POLITE], **fields))

    assert card.facts == {"topic": "tax", "cost": "0.25"}


@pytest.mark.parametrize(
    ("fields", "titles"),
    [
        ({"prompt_id": ["q1", "q1"]}, ["q1", "q1, repeat 1"]),
        ({"uid": ["a", "b"], "prompt_id": ["q1", "q1"]}, ["a", "b"]),
        ({}, ["row 0", "row 1"]),
    ],
    ids=["prompt", "own id", "neither"],
)
def test_a_response_is_called_as_people_call_it(fields, titles):
    subject = subject_of(PLAIN, [GRADES, POLITE], **fields)

    assert [card_of(subject, row_id).title for row_id in (0, 1)] == titles
