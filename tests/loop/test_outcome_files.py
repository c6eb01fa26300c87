import numpy as np
import polars as pl
import pytest

from nacre.analysis import MAX_ROWS, Outcomes, compare_iterations, error_causes
from nacre.data import Classes
from nacre.labeling import LabelMatrix
from nacre.loop._outcome_files import _vote_lists, load_outcomes, save_outcomes

HAM_SPAM = Classes(("ham", "spam"))


@pytest.mark.parametrize(
    "votes",
    [
        pytest.param([[0, 1, -1], [-1, -1, -1], [1, -1, 0]], id="as many as there are, or none"),
        pytest.param([[0, 1, 1]] * 3, id="all equally many"),
        pytest.param([[-1, -1, -1]] * 2, id="no votes"),
        pytest.param(np.empty((0, 3), dtype=int), id="no units"),
    ],
)
def test_outcomes_come_back_as_they_were(tmp_path, votes):
    matrix = LabelMatrix.from_dense(votes, HAM_SPAM)
    proba = np.full((matrix.n_units, 2), [0.25, 0.75])
    outcomes = Outcomes.of(matrix, [1] * matrix.n_units, label_proba=proba, proba=proba)

    save_outcomes(outcomes, tmp_path)
    loaded = load_outcomes(tmp_path)

    assert (
        _vote_lists(matrix).to_list()
        == [part.tolist() for part in np.split(matrix.votes.indices, matrix.votes.indptr[1:-1])][: matrix.n_units]
    )
    assert pl.read_ipc(tmp_path / "outcomes.arrow").schema["_votes"] == pl.List(pl.Int32)
    assert (loaded.label_matrix.to_dense() == matrix.to_dense()).all()
    assert loaded.label_matrix.symbols == matrix.symbols
    assert (loaded.truth == outcomes.truth).all()
    assert (loaded.proba == outcomes.proba).all()


def test_lists_of_rows_in_json_end_and_tell_how_many_there_are():
    n = MAX_ROWS + 5
    matrix = LabelMatrix.from_dense([[0]] * n, HAM_SPAM)
    right, wrong = ([[p, 1 - p]] * n for p in (0.1, 0.9))
    before, after = (Outcomes.of(matrix, [1] * n, label_proba=proba, proba=proba) for proba in (right, wrong))

    causes = error_causes(after).to_dict()
    comparison = compare_iterations(before, after).to_dict()

    assert causes["n_errors"] == comparison["slices"]["all"]["lost"] == n
    assert [len(cause["rows"]) for cause in causes["causes"] if cause["n"] == n] == [MAX_ROWS]
    assert len(comparison["new"]) == MAX_ROWS
