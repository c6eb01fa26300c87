import numpy as np
import polars as pl
import pytest

from nacre.analysis import Outcomes
from nacre.data import Classes
from nacre.errors import SchemaError
from nacre.labeling import LabelMatrix

HAM_SPAM = Classes(("ham", "spam"))


def test_truth_may_be_names_or_codes():
    votes = LabelMatrix.from_dense([[0], [1], [-1]], HAM_SPAM)
    proba = [[0.9, 0.1]] * 3

    by_name = Outcomes.of(votes, pl.Series(["ham", "spam", None]), label_proba=proba, proba=proba)

    assert by_name.truth.tolist() == [0, 1, -1]
    assert by_name.is_error.tolist() == [False, True, False]


def test_predictions_may_be_given():
    votes = LabelMatrix.from_dense([[0], [1]], HAM_SPAM)
    proba = [[0.9, 0.1]] * 2

    outcomes = Outcomes.of(votes, [0, 1], label_proba=proba, proba=proba, prediction=pl.Series(["spam", "spam"]))

    assert outcomes.is_error.tolist() == [True, False]


@pytest.mark.parametrize("name", ["label_proba", "proba"])
def test_probabilities_of_other_rows_are_refused(name):
    votes = LabelMatrix.from_dense([[0], [1]], HAM_SPAM)
    probas = {"label_proba": [[1.0, 0.0]] * 2, "proba": [[1.0, 0.0]] * 2} | {name: [[1.0, 0.0]] * 3}

    with pytest.raises(SchemaError, match=rf"`{name}` has the shape \(3, 2\); expected \(2, 2\)"):
        Outcomes.of(votes, [0, 1], **probas)


def test_probabilities_that_are_not_finite_are_refused():
    votes = LabelMatrix.from_dense([[0]], HAM_SPAM)

    with pytest.raises(SchemaError, match="not finite"):
        Outcomes.of(votes, [0], label_proba=[[np.nan, 1]], proba=[[0.5, 0.5]])


def test_pairs_hold_the_votes_on_their_label(multi_label_votes):
    matrix, truth = multi_label_votes
    outcomes = Outcomes.of(matrix, truth, label_proba=truth * 1.0, proba=truth * 1.0)

    long = {(row, function): code for row, function, code in _entries(matrix)}
    pairs = outcomes.label_matrix
    assert outcomes.n_units == 800
    assert pairs.votes.nnz == matrix.votes.nnz == len(long)
    for unit, function, code in _entries(pairs):
        row, label = pairs.units.select("row_id", "label").row(unit)
        original = long[row, function]
        assert (code == 1) == (original >= 0)
        assert label == matrix.classes[original if original >= 0 else -2 - original]


def _entries(matrix):
    coo = matrix.votes.tocoo()
    for unit, s in zip(*(axis.tolist() for axis in coo.coords), strict=True):
        function, code = matrix.symbols[s]
        yield unit, matrix.functions[function], code


def test_tokens_with_a_span_vote_lose_their_outside_votes(token_votes):
    matrix, truth = token_votes
    proba = np.eye(3)[truth]

    counts = Outcomes.of(matrix, truth, label_proba=proba, proba=proba).vote_counts

    assert not ((counts[:, 0] > 0) & (counts[:, 1:].sum(axis=1) > 0)).any()
    assert (counts.sum(axis=1) > 0).tolist() == matrix.is_covered.tolist()
