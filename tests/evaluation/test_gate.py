import json
from xml.etree import ElementTree

import numpy as np
import polars as pl
import pytest

from nacre.data import Number
from nacre.errors import SpecError, UnknownNameError
from nacre.evaluation import Criterion, ExpertLabels, GateCondition, evaluation_matrix, gate
from planted_scores import planted_members, planted_scores

POLITE, CORRECT = Criterion("polite"), Criterion("correct")
COST = Criterion("cost", scale=Number(0, 100), lower_is_better=True)


@pytest.fixture
def matrix():
    scores = planted_scores({POLITE: [1] * 95 + [0] * 5, CORRECT: [0] * 20 + [1] * 80, COST: [1.5, 1.7] * 50})
    return evaluation_matrix(scores, planted_members(es=np.arange(100) < 10, none=np.zeros(100, dtype=bool)))


@pytest.mark.parametrize(
    ("condition", "status", "exit_code"),
    [
        pytest.param("polite >= 0.85", "passed", 0, id="the lower bound reaches it"),
        pytest.param("polite >= .95", "missed", 1, id="the mean reaches it but the bound does not"),
        pytest.param("polite <= 0.99", "passed", 0, id="the upper bound stays below"),
        pytest.param("cost <= 2", "passed", 0, id="a number"),
        pytest.param("cost<=1.6", "missed", 1, id="the upper bound of a number is above"),
        pytest.param("all criteria[all] >= .5", "passed", 0, id="all criteria"),
        pytest.param("correct[es] >= 0.1", "too few", 2, id="ten prompts"),
        pytest.param("correct[none] >= 0.1", "too few", 2, id="an empty slice"),
    ],
)
def test_a_gate_looks_at_the_bound(matrix, condition, status, exit_code):
    result = gate(matrix, [condition])

    assert [check.status for check in result.checks] == [status]
    assert result.exit_code == exit_code


@pytest.mark.parametrize(
    ("conditions", "exit_code"),
    [
        pytest.param(["polite >= .8", "cost <= 2"], 0, id="all pass"),
        pytest.param(["polite >= .8", "correct[es] >= .1"], 2, id="one cannot be told"),
        pytest.param(["correct[es] >= .1", "polite >= .99"], 1, id="a miss outweighs what cannot be told"),
    ],
)
def test_the_exit_code_is_that_of_the_worst(matrix, conditions, exit_code):
    assert gate(matrix, conditions).exit_code == exit_code


def test_a_stale_evaluator_is_refused_however_good_the_mean(matrix):
    result = gate(matrix, ["polite >= .5", "all criteria >= .1", "cost <= 2"], refused={"polite": "stale"})

    assert [check.status for check in result.checks] == ["refused", "refused", "passed"]
    assert result.checks[0].message == "polite[all] >= 0.5 is not decided: `polite` is stale."
    assert result.exit_code == 2


@pytest.mark.parametrize(
    ("n_missing", "status", "message"),
    [
        pytest.param(10, "passed", "polite[all] >= 0.9 holds: 1.00 [.96-1.00] n=90 (10 abstained).", id="a tenth"),
        pytest.param(
            40,
            "not scored",
            "polite[all] >= 0.9 is not decided: 1.00 [.94-1.00] n=60 (40 abstained), more than 10% of the responses "
            "have no score.",
            id="too many",
        ),
    ],
)
def test_responses_without_a_score_are_told_and_too_many_leave_a_gate_open(n_missing, status, message):
    scores = planted_scores({POLITE: [1] * (100 - n_missing) + [np.nan] * n_missing})

    result = gate(evaluation_matrix(scores), ["polite >= .9"])

    assert (result.checks[0].status, result.checks[0].message) == (status, message)
    assert result.exit_code == (0 if status == "passed" else 2)
    assert ('errors="0"' in result.to_junit()) == (status == "passed")


def test_the_mean_corrected_by_experts_decides_where_there_is_one():
    judge, truth = np.ones(200), np.arange(200) % 2 == 0
    labels = pl.DataFrame({"row_id": np.arange(0, 120), "score": truth[:120]})
    matrix = evaluation_matrix(planted_scores({POLITE: judge}), experts=ExpertLabels.from_frame(labels, [POLITE]))

    (check,) = gate(matrix, ["polite >= .9"]).checks

    assert (check.status, check.is_corrected) == ("missed", True)
    assert "corrected by experts" in check.message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("correct[es] >= 0.8", GateCondition("correct", "es", ">=", 0.8), id="slice"),
        pytest.param(" polite>=.9 ", GateCondition("polite", "all", ">=", 0.9), id="no spaces"),
        pytest.param(
            "no personal data [long prompts] <= 1e-2",
            GateCondition("no personal data", "long prompts", "<=", 0.01),
            id="words",
        ),
    ],
)
def test_a_condition_is_read_and_written(text, expected):
    assert GateCondition.parse(text) == expected
    assert GateCondition.parse(str(expected)) == expected


@pytest.mark.parametrize(
    ("text", "match"),
    [
        pytest.param("polite > 0.8", "is written `criterion >= 0.8`", id="strictly greater"),
        pytest.param("polite", "is written", id="no bound"),
        pytest.param("polite[] >= 1", "is written", id="no slice"),
        pytest.param("polite >= high", "bound of a gate is a number", id="a word"),
        pytest.param("polite >= nan", "bound of a gate is a number", id="not a number"),
        pytest.param("polite >= 80", "share between 0 and 1", id="per cent"),
    ],
)
def test_a_condition_that_makes_no_sense_is_refused(matrix, text, match):
    with pytest.raises(SpecError, match=match):
        gate(matrix, [text])


@pytest.mark.parametrize(
    ("text", "match"),
    [
        pytest.param("polit >= 0.8", "no criterion `polit`.*Did you mean `polite`", id="criterion"),
        pytest.param("polite[ess] >= 0.8", "no slice `ess`.*Did you mean `es`", id="slice"),
    ],
)
def test_unknown_names_are_refused_with_a_hint(matrix, text, match):
    with pytest.raises(UnknownNameError, match=match):
        gate(matrix, [text])


@pytest.mark.parametrize("conditions", [[], "polite >= 0.8"], ids=["none", "a single text"])
def test_a_gate_takes_a_list_of_conditions(matrix, conditions):
    with pytest.raises(SpecError, match="takes a list of conditions"):
        gate(matrix, conditions)


def test_junit_counts_misses_as_failures_and_the_undecided_as_errors(matrix):
    result = gate(matrix, ["polite >= .8", "polite >= .99", "correct[es] >= .1"])

    root = ElementTree.fromstring(result.to_junit())

    (suite,) = root
    assert (root.tag, suite.tag) == ("testsuites", "testsuite")
    assert {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "3",
        "failures": "1",
        "errors": "1",
        "skipped": "0",
    }
    assert [[child.tag for child in case] for case in suite] == [["system-out"], ["failure"], ["error"]]
    assert [case.get("classname") for case in suite] == ["nacre gate.all", "nacre gate.all", "nacre gate.es"]
    assert "lower bound" in suite[1][0].get("message")


def test_junit_escapes_what_xml_cannot_hold():
    name = 'a <b> & "c" \x00\x1b'
    scores = planted_scores({Criterion(name): [1] * 40})

    root = ElementTree.fromstring(gate(evaluation_matrix(scores), [GateCondition(name, "all", ">=", 0.5)]).to_junit())

    assert root[0][0].get("name") == 'a <b> & "c" ��[all] >= 0.5'


def test_the_result_is_json(matrix):
    document = json.loads(json.dumps(gate(matrix, ["polite >= .8", "correct[none] >= .1"]).to_dict(), allow_nan=False))

    assert document["exit_code"] == 2
    assert [check["status"] for check in document["checks"]] == ["passed", "too few"]
