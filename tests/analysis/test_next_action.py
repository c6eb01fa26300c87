import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import yaml

from nacre.analysis import (
    Outcomes,
    duplicate_functions,
    error_causes,
    error_groups,
    function_groups,
    next_actions,
    quality,
)
from nacre.data import Classes, MultiLabel
from nacre.functions import function_from_spec
from nacre.label_models import ClassConditional, advise
from nacre.labeling import LabelMatrix

SCHEMA = Classes(("ham", "spam"))


@pytest.fixture(scope="module")
def project():
    """800 mails: nothing votes on refunds, one function is broken, one is there twice, one slice is not covered."""
    rng = np.random.default_rng(0)
    n = 800
    is_refund = rng.random(n) < 0.15
    truth = np.where(is_refund, 1, rng.random(n) < 0.4).astype(np.int16)
    good = np.where(rng.random((n, 3)) < 0.9, truth[:, None], 1 - truth[:, None])
    good[rng.random((n, 3)) < 0.4] = -1
    broken = np.where(rng.random(n) < 0.15, 1 - truth, -1)
    dense = np.column_stack([good, good[:, 0], broken]).astype(np.int16)
    dense[is_refund] = -1
    matrix = LabelMatrix.from_dense(dense, SCHEMA, functions=["one", "two", "three", "again", "broken"])
    model = ClassConditional().fit(matrix)
    proba = model.predict_proba(matrix)
    proba[is_refund] = [0.9, 0.1]
    texts = [" ".join(rng.choice(["a", "bank", "card", "help", "limit", "today", "when"], 9)) for _ in range(n)]
    texts = [f"{text} refund" if refund else text for text, refund in zip(texts, is_refund, strict=True)]
    data = pl.DataFrame({"row_id": range(n), "text": texts})
    outcomes = Outcomes.of(matrix, truth, label_proba=model.predict_proba(matrix), proba=proba)
    members = pl.DataFrame({"row_id": range(n), "refund": is_refund})
    return outcomes, model, data, members


def test_no_error_is_counted_for_two_functions_to_write(project, actions):
    n_written = sum(action.evidence for action in actions if action.kind == "write_function")

    assert n_written == error_causes(project[0])["no_votes"].n


@pytest.fixture(scope="module")
def actions(project):
    outcomes, model, data, members = project
    matrix = outcomes.label_matrix
    return next_actions(
        error_causes(outcomes, model=model),
        quality(outcomes, members),
        groups=error_groups(outcomes, data, ["text"]),
        duplicates=function_groups(matrix, duplicate_functions(matrix)),
        advice=advise(matrix),
        most=50,
    )


def test_actions_are_ranked_by_gain_per_minute(actions):
    gains = [action.gain_per_minute for action in actions]

    assert gains == sorted(gains, reverse=True)
    assert all(action.minutes > 0 and action.basis for action in actions)


def test_the_uncovered_group_is_the_first_thing_to_do(actions):
    first = actions[0]

    assert first.kind == "write_function"
    assert '"refund"' in first.title
    assert first.evidence > 100


def test_what_to_type_is_a_function_of_the_grammar(actions):
    action = next(action for action in actions if action.what_to_type.startswith("functions: "))

    ((name, spec),) = yaml.safe_load(action.what_to_type)["functions"].items()
    rule = function_from_spec(name, spec)
    assert rule.label == "spam"
    assert action.evidence == len(set(action.rows)) or action.evidence > 100


def test_functions_to_repair_and_slices_are_named(actions):
    titles = {kind: [action.title for action in actions if action.kind == kind] for kind in {a.kind for a in actions}}

    assert any("`one`" in title for title in titles["repair_function"])
    assert "`refund`" in titles["cover_slice"][0]


def test_what_gains_nothing_is_said_only_where_nothing_else_remains(project, actions):
    matrix = project[0].label_matrix
    votes = LabelMatrix.from_dense([[0], [1]] * 20, SCHEMA)
    proba = np.eye(2)[[0, 1] * 20]
    outcomes = Outcomes.of(votes, [0, 1] * 20, label_proba=proba, proba=proba)
    duplicates = function_groups(matrix, duplicate_functions(matrix))

    assert all(action.expected_gain >= 0.0005 for action in actions)
    (only,) = next_actions(error_causes(outcomes), quality(outcomes), duplicates=duplicates)
    assert only.title == "Keep `one` and drop `again`: almost the same votes"


def ham_only(n=300):
    """One function that votes ham where it should, one that never votes; nothing votes spam."""
    truth = np.array([0, 0, 1] * (n // 3))
    dense = np.column_stack([np.where(truth == 0, 0, -1), np.full(n, -1)])
    votes = LabelMatrix.from_dense(dense, SCHEMA, functions=["ham_words", "first_words"])
    proba = np.tile([0.8, 0.2], (n, 1))
    return votes, Outcomes.of(votes, truth, label_proba=proba, proba=proba)


def test_a_class_that_no_function_votes_for_comes_first():
    votes, outcomes = ham_only()

    first, *others = next_actions(error_causes(outcomes), quality(outcomes), label_matrix=votes)

    assert first.title == "Write a function that votes `spam`: none does, and 100 errors are spam"
    assert first.evidence == 100
    assert 0 < first.expected_gain <= 1 / 3
    assert not any(action.kind == "write_function" for action in others)


def test_a_function_without_votes_is_named():
    votes, outcomes = ham_only()

    actions = next_actions(error_causes(outcomes), quality(outcomes), label_matrix=votes)

    titles = [action.title for action in actions]
    assert "`first_words` votes on nothing: check its words or its condition" in titles
    assert not any("ham_words" in title for title in titles)


@pytest.mark.parametrize(("n_failed", "is_first"), [(30, True), (3, False)], ids=["many rows", "few rows"])
def test_a_function_that_fails_on_many_rows_comes_first(n_failed, is_first):
    votes, outcomes = ham_only()
    errors = pl.DataFrame({"function": "first_words", "row_id": range(n_failed), "message": "KeyError: 'x'\nmore"})
    failing = replace(votes, errors=errors)

    titles = [action.title for action in next_actions(error_causes(outcomes), quality(outcomes), label_matrix=failing)]

    told = f"Fix `first_words`: it failed on {n_failed} rows (KeyError: 'x')"
    assert told in titles
    assert (titles[0] == told) is is_first


def test_classes_without_votes_of_several_labels_are_named():
    schema = MultiLabel(("sport", "money"))
    votes = LabelMatrix.from_long(pl.DataFrame({"row_id": range(40), "function": "f", "vote": "sport"}), schema)
    truth = np.tile([1, 1], (40, 1))
    proba = np.tile([0.9, 0.2], (40, 1))
    outcomes = Outcomes.of(votes, truth, label_proba=proba, proba=proba)

    first = next_actions(error_causes(outcomes), quality(outcomes), label_matrix=votes)[0]

    assert first.title == "Write a function that votes `money`: none does, and 40 errors are money"


def test_only_as_many_as_asked_for_are_returned(project):
    outcomes, model, _, _ = project

    assert len(next_actions(error_causes(outcomes, model=model), quality(outcomes), most=1)) == 1


def test_without_errors_there_is_nothing_to_do():
    votes = LabelMatrix.from_dense([[0], [1]] * 20, SCHEMA)
    proba = np.eye(2)[[0, 1] * 20]
    outcomes = Outcomes.of(votes, [0, 1] * 20, label_proba=proba, proba=proba)

    assert next_actions(error_causes(outcomes), quality(outcomes)) == ()


def test_actions_are_json(actions):
    text = json.dumps([action.to_dict() for action in actions], allow_nan=False)

    assert json.loads(text)[0]["gain_per_minute"] >= 0
