import json

import numpy as np
import polars as pl
import pytest

from nacre.analysis import Outcomes, compare_iterations
from nacre.data import Classes
from nacre.errors import SchemaError
from nacre.labeling import LabelMatrix

SCHEMA = Classes(("ham", "spam"))


def outcomes(votes, prediction, functions, schema=SCHEMA):
    matrix = LabelMatrix.from_dense(votes, schema, functions=functions)
    proba = np.eye(2)[prediction]
    return Outcomes.of(matrix, [0, 0, 1, 1], label_proba=proba, proba=proba)


@pytest.fixture
def both():
    before = outcomes([[0, 1], [1, 1], [1, -1], [-1, -1]], [0, 1, 1, 0], ["kept", "removed"])
    after = outcomes([[0, -1], [0, -1], [1, -1], [-1, 1]], [0, 0, 0, 1], ["kept", "added"])
    return before, after


def test_fixed_and_new_errors_name_the_edits_that_touched_them(both):
    result = compare_iterations(*both)

    assert result.fixed.select("row_id", "edits").rows() == [(1, ["kept", "removed"]), (3, ["added"])]
    assert result.new.select("row_id", "edits").rows() == [(2, [])]


def test_edits_are_counted_by_what_they_touched(both):
    edits = {edit.function: edit for edit in compare_iterations(*both).edits}

    assert {name: edit.kind for name, edit in edits.items()} == {
        "kept": "changed",
        "added": "added",
        "removed": "removed",
    }
    assert (edits["added"].n_fixed, edits["removed"].n_fixed, edits["removed"].n_votes) == (1, 1, 2)


def test_changes_are_paired_and_sliced(both):
    members = pl.DataFrame({"row_id": [0, 1, 2, 3], "late": [False, False, True, True]})

    result = compare_iterations(*both, members)

    assert result.slices["all"].change.value == pytest.approx(0.25)
    assert (result.slices["all"].gained, result.slices["all"].lost) == (2, 1)
    assert result.slices["late"].change.value == 0
    json.dumps(result.to_dict(), allow_nan=False)


def test_fingerprints_tell_a_change_that_moved_no_vote(both):
    before, _ = both

    edited = compare_iterations(before, before, fingerprints=({"kept": "1"}, {"kept": "2"}))
    same = compare_iterations(before, before)

    assert [(edit.function, edit.kind, edit.n_votes) for edit in edited.edits] == [("kept", "changed", 0)]
    assert same.edits == ()
    assert same.slices["all"].change.value == 0


def test_units_are_matched_by_their_row(both):
    before, after = both
    reversed_before = Outcomes.of(
        before.label_matrix.where(np.array([3, 2, 1, 0])),
        before.truth[::-1],
        label_proba=before.label_proba[::-1],
        proba=before.proba[::-1],
    )

    assert compare_iterations(reversed_before, after).slices == compare_iterations(before, after).slices


def test_iterations_of_other_classes_are_refused(both):
    other = outcomes([[0, 1]] * 4, [0, 0, 1, 1], ["kept", "removed"], schema=Classes(("no", "yes")))

    with pytest.raises(SchemaError, match="different classes: no, yes and ham, spam"):
        compare_iterations(other, both[1])


def test_tokens_of_one_text_are_resampled_together(token_votes):
    matrix, truth = token_votes
    good, bad = np.eye(3)[truth], np.eye(3)[np.where(np.arange(800) % 80 < 8, 0, truth)]

    result = compare_iterations(
        Outcomes.of(matrix, truth, label_proba=bad, proba=bad), Outcomes.of(matrix, truth, label_proba=good, proba=good)
    )

    assert result.slices["all"].gained == len(result.fixed) > 0
    assert result.slices["all"].lost == len(result.new) == 0
