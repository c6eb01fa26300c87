import numpy as np
import polars as pl
import pytest

from nacre.data import Classes, Number
from nacre.engine import MemoryStore
from nacre.errors import SchemaError, SpecError, UnknownFieldError, UnknownNameError
from nacre.evaluation import (
    PASS_FAIL,
    PREFERENCE,
    Criterion,
    Evaluator,
    ExpertLabels,
    Scores,
    agreement,
    evaluate,
    evaluator_from_spec,
    read_responses,
)
from nacre.functions import Code, Existing, Expression, Keyword, Rule

ANSWERS = pl.DataFrame(
    {
        "prompt": ["Where is it?", "Who are you?", "Why?", "When?"],
        "response": ["Here, please.", "A bot", None, "Now please"],
        "stars": [4.0, 9.0, None, 2.5],
        "verdict": ["pass", "maybe", None, "fail"],
    }
)
GRADES = Classes(("poor", "good"), ordered=True)
A = Keyword("response", ("a",))


class Calls(list):
    """What a function was called with; that it grows makes no other function."""

    fingerprint = "calls"


def rows(scores, name):
    return scores.of(name).select("value", "status").rows()


def brief(outputs):
    return len(outputs) < 10


def reasoned(inputs, outputs):
    return ("pass", f"asked {inputs}") if outputs else None


def stubborn(outputs):
    return {"score": "perhaps", "rationale": "who knows"}


def share(outputs, stars):
    return stars / 10


@pytest.mark.parametrize(
    ("criterion", "function", "expected"),
    [
        (
            Criterion("polite"),
            Keyword("response", ("please",)),
            [(1.0, "scored"), (0.0, "scored"), (0.0, "scored"), (1.0, "scored")],
        ),
        (
            Criterion("grade", scale=GRADES),
            Rule("long", Expression("length(response) > 8"), label="good"),
            [(1.0, "scored"), (None, "abstained"), (None, "abstained"), (1.0, "scored")],
        ),
        (
            Criterion("brief"),
            Code("brief", brief),
            [(0.0, "scored"), (1.0, "scored"), (None, "failed"), (0.0, "scored")],
        ),
        (
            Criterion("why"),
            Code("reasoned", reasoned),
            [(1.0, "scored"), (1.0, "scored"), (None, "abstained"), (1.0, "scored")],
        ),
        (Criterion("odd"), Code("stubborn", stubborn), [(None, "unparsable")] * 4),
        (
            Criterion("stars", scale=Number(0, 5)),
            Existing("stars", "stars"),
            [(4.0, "scored"), (None, "unparsable"), (None, "abstained"), (2.5, "scored")],
        ),
        (
            Criterion("verdict"),
            Existing("verdict", "verdict"),
            [(1.0, "scored"), (None, "unparsable"), (None, "abstained"), (0.0, "scored")],
        ),
        (
            Criterion("share", scale=Number(0, 1)),
            Code("share", share),
            [(pytest.approx(0.4), "scored"), (pytest.approx(0.9), "scored"), (None, "failed"), (0.25, "scored")],
        ),
    ],
    ids=[
        "condition",
        "rule",
        "Python",
        "with a reason",
        "unparsable",
        "imported numbers",
        "imported classes",
        "number",
    ],
)
def test_each_kind_of_evaluator_scores_and_a_bad_row_spoils_only_itself(criterion, function, expected):
    scores = evaluate([Evaluator("e", criterion, function)], ANSWERS)

    assert rows(scores, "e") == expected


def test_reasons_and_messages_are_kept():
    evaluators = [
        Evaluator("why", Criterion("why"), Code("r", reasoned)),
        Evaluator("b", Criterion("b"), Code("b", brief)),
    ]

    scores = evaluate(evaluators, ANSWERS)

    assert scores.of("why")["rationale"].to_list()[0] == "asked Where is it?"
    assert "NoneType" in scores.of("b")["message"].to_list()[2]


def test_an_error_is_counted_apart_and_never_as_a_score():
    counts = evaluate([Evaluator("b", Criterion("b"), Code("b", brief))], ANSWERS).counts().row(0, named=True)

    assert (counts["scored"], counts["failed"], counts["abstained"], counts["unparsable"]) == (3, 1, 0, 0)


def test_what_was_scored_is_not_scored_again_and_one_more_response_costs_one_block():
    calls = Calls()

    def count(outputs):
        calls.append(outputs)
        return True

    store = MemoryStore()
    evaluators = [Evaluator("count", Criterion("count"), Code("count", count))]
    answers = pl.DataFrame({"prompt": [f"p{i}" for i in range(9_000)], "response": [f"r{i}" for i in range(9_000)]})

    first = evaluate(evaluators, answers, store=store)
    again = evaluate(evaluators, answers, store=store)
    assert (len(calls), again.fingerprint) == (9_000, first.fingerprint)

    evaluate(evaluators, pl.concat([answers, answers.head(1)]), store=store)
    assert len(calls) == 9_000 + (9_001 - 2 * 4_096)


def test_a_failed_response_is_tried_again_only_when_asked():
    calls = Calls()

    def flaky(outputs):
        calls.append(outputs)
        raise TimeoutError("try later")

    store = MemoryStore()
    evaluators = [Evaluator("flaky", Criterion("flaky"), Code("flaky", flaky))]
    for retry in (False, False, True):
        evaluate(evaluators, ANSWERS, store=store, retry_errors=retry)

    assert len(calls) == 8


def test_an_edited_criterion_makes_scores_stale_but_not_a_new_name_of_the_evaluator():
    store = MemoryStore()
    base = Evaluator("e", Criterion("c", "Friendly."), Keyword("response", ("please",)))
    renamed = Evaluator("other", base.criterion, base.function)
    edited = Evaluator("e", Criterion("c", "Kind."), base.function)

    assert base.fingerprint == renamed.fingerprint != edited.fingerprint
    assert rows(evaluate([base], ANSWERS, store=store), "e") == rows(evaluate([renamed], ANSWERS, store=store), "other")


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Evaluator("e", Criterion("c", scale=GRADES), A), SpecError, "Use a rule"),
        (
            lambda: Evaluator("e", Criterion("c", scale=Number(0, 1)), Rule("r", A, "pass")),
            SpecError,
            "scored by numbers",
        ),
        (lambda: Evaluator("e", Criterion("c"), brief), SpecError, "labeling_function"),
        (lambda: Evaluator("e", "polite", A), SpecError, "a `Criterion`"),
        (
            lambda: evaluate([Evaluator("e", Criterion("c"), Keyword("answer", ("a",)))], ANSWERS),
            UnknownFieldError,
            "answer",
        ),
        (lambda: evaluate([Evaluator("e", Criterion("c"), Keyword("stars", ("a",)))], ANSWERS), SchemaError, "stars"),
        (
            lambda: evaluate(Evaluator("e", Criterion("c"), A), ANSWERS),
            SchemaError,
            "brackets",
        ),
        (
            lambda: evaluate([Evaluator("e", Criterion("c"), A)] * 2, ANSWERS),
            SchemaError,
            "different names",
        ),
        (
            lambda: evaluator_from_spec("e", {"criterion": "polit", "passes": {}}, {"polite": Criterion("polite")}),
            UnknownNameError,
            "polite",
        ),
        (
            lambda: evaluate([Evaluator("e", Criterion("c"), Rule("r", A, "passed"))], ANSWERS),
            UnknownNameError,
            "passed",
        ),
    ],
    ids=[
        "condition on grades",
        "rule on numbers",
        "plain function",
        "no criterion",
        "unknown field",
        "not text",
        "no list",
        "same name",
        "unknown criterion",
        "unknown class",
    ],
)
def test_what_cannot_score_is_refused_before_anything_is_scored(make, error, message):
    with pytest.raises(error) as caught:
        make()

    assert message in str(caught.value)


def test_imported_scores_are_checked_like_answers():
    criteria = (Criterion("polite"), Criterion("stars", scale=Number(0, 5)))
    frame = pl.DataFrame(
        {
            "row_id": [0, 1, 0],
            "criterion": ["polite", "polite", "stars"],
            "score": ["pass", "rude", "many"],
            "rationale": ["kind", None, None],
        }
    )
    responses = read_responses(ANSWERS).collect()

    scores = Scores.from_frame(frame, criteria, responses=responses)

    assert scores.of("polite").select("value", "status", "rationale").rows() == [
        (1.0, "scored", "kind"),
        (None, "unparsable", None),
    ]
    assert rows(scores, "stars") == [(None, "unparsable")]


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ({"row_id": [9], "criterion": ["polite"], "score": ["pass"]}, "response 9"),
        ({"row_id": [0, 0], "criterion": ["polite"] * 2, "score": ["pass"] * 2}, "more than once"),
        ({"row_id": [0], "criterion": ["kind"], "score": ["pass"]}, "kind"),
    ],
    ids=["unknown response", "scored twice", "unknown criterion"],
)
def test_imported_scores_of_nothing_are_refused(frame, message):
    with pytest.raises((SchemaError, UnknownNameError), match=message):
        Scores.from_frame(pl.DataFrame(frame), (Criterion("polite"),), responses=read_responses(ANSWERS).collect())


def test_all_evaluators_side_by_side():
    evaluators = [
        Evaluator("please", Criterion("polite"), Keyword("response", ("please",))),
        Evaluator("brief", Criterion("brief"), Code("brief", brief)),
    ]

    wide = evaluate(evaluators, ANSWERS).wide()

    assert wide.columns == ["row_id", "prompt_id", "repeat", "please", "brief"]
    assert wide.select("please", "brief").rows() == [(1.0, 0.0), (0.0, 1.0), (0.0, None), (1.0, 0.0)]


def test_no_response_at_all_gives_no_scores():
    scores = evaluate([Evaluator("p", Criterion("polite"), Keyword("response", ("please",)))], ANSWERS.clear())

    assert len(scores.frame) == 0
    assert scores.wide().columns == ["row_id", "prompt_id", "repeat", "p"]


STARS = Criterion("stars", scale=Number(0, 5))
GRADE = Criterion("grade", scale=Classes(("1", "2", "3"), ordered=True))


@pytest.mark.parametrize(
    ("criterion", "answers", "expected"),
    [
        (Criterion("polite"), ["true", " False", "1", ""], [1, 0, 1, None]),
        (Criterion("polite"), [1, 0, None, 1], [1, 0, None, 1]),
        (STARS, ["0.5", " 4 ", "", None], [0.5, 4, None, None]),
        (GRADE, [1, 3, None, 2], [0, 2, None, 1]),
        (GRADE, [1.0, 3.0, None, 2.0], [0, 2, None, 1]),
        (Criterion("polite"), np.array([True, False]), [1, 0]),
    ],
    ids=["words", "0 and 1", "numbers as text", "whole numbers", "whole numbers beside missing ones", "numpy"],
)
def test_imported_scores_and_expert_labels_read_the_same_answers(criterion, answers, expected):
    table = pl.DataFrame({"row_id": range(len(answers)), "score": answers}).with_columns(
        criterion=pl.lit(criterion.name)
    )

    scores = Scores.from_frame(table, [criterion], responses=read_responses(ANSWERS).collect())
    experts = ExpertLabels.from_frame(table, [criterion])

    assert scores.frame["value"].to_list() == expected
    assert experts.frame["value"].to_list() == expected
    assert set(scores.frame["status"].to_list()) <= {"scored", "abstained"}


def test_a_judge_of_several_criteria_becomes_an_evaluator_of_each():
    n, criteria = len(ANSWERS), (Criterion("polite"), Criterion("brief"))
    frame = pl.DataFrame(
        {
            "row_id": [*range(n)] * 2,
            "evaluator": "judge",
            "criterion": ["polite"] * n + ["brief"] * n,
            "score": ["pass"] * n + ["fail"] * n,
        }
    )

    scores = Scores.from_frame(frame, criteria, responses=read_responses(ANSWERS).collect())

    experts = ExpertLabels.from_frame(frame.drop("evaluator").with_columns(score=pl.lit("pass")), criteria)
    found = {line.evaluator: (line.criterion, line.n, line.raw.value) for line in agreement(scores, experts)}
    assert found == {"judge: polite": ("polite", n, 1), "judge: brief": ("brief", n, 0)}
    assert scores.wide().columns[3:] == ["judge: polite", "judge: brief"]


def test_names_that_mix_up_two_evaluators_are_refused():
    frame = pl.DataFrame(
        {
            "row_id": [0, 0, 1],
            "evaluator": ["judge", "judge", "judge: polite"],
            "criterion": ["polite", "brief", "brief"],
            "score": "pass",
        }
    )
    with pytest.raises(SchemaError, match="`judge: polite` names several"):
        Scores.from_frame(frame, (Criterion("polite"), Criterion("brief")), responses=read_responses(ANSWERS).collect())


@pytest.mark.parametrize("dtype", [pl.Int64, pl.Float64], ids=str)
@pytest.mark.parametrize(
    ("scale", "values", "expected"),
    [
        pytest.param(PREFERENCE, {}, [None, None, None], id="a code of another tool is no preference"),
        pytest.param(PREFERENCE, {"0": "tied", "1": "won", "2": "lost"}, [1.0, 2.0, 0.0], id="mapped"),
        pytest.param(Classes(("1", "2", "3"), ordered=True), {}, [None, 0.0, 1.0], id="classes called by numbers"),
        pytest.param(PASS_FAIL, {}, [0.0, 1.0, None], id="0 and 1 are fail and pass"),
    ],
)
def test_numbers_in_a_field_are_never_taken_for_places_on_a_scale(scale, values, expected, dtype):
    answers = pl.DataFrame(
        {"prompt": ["a", "b", "c"], "response": ["x"] * 3, "judge": pl.Series([0, 1, 2], dtype=dtype)}
    )

    scores = evaluate(
        [Evaluator("judge", Criterion("better", scale=scale), Existing("judge", "judge", values))], answers
    )

    assert scores.frame.get_column("value").to_list() == expected
    assert scores.frame.filter(pl.col("status") == "unparsable").get_column("message").null_count() == 0
    assert scores.frame.get_column("status").to_list() == ["unparsable" if v is None else "scored" for v in expected]
