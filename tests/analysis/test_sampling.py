import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nacre.analysis import what_to_label_next
from nacre.data import Classes, MultiLabel
from nacre.errors import SchemaError
from nacre.labeling import LabelMatrix
from nacre.metrics import weighted_wilson

CLASSES = Classes(("ham", "spam"))


def votes(n=400, seed=0):
    """A third of the rows uncovered, some in conflict."""
    return LabelMatrix.from_dense(np.random.default_rng(seed).choice([-1, -1, 0, 1], (n, 3)), CLASSES)


def model(n=400, seed=1):
    share = np.random.default_rng(seed).random(n)
    return np.column_stack([share, 1 - share])


@given(n=st.integers(0, 500), uniform=st.floats(0.3, 1), seed=st.integers(0, 5))
def test_so_many_different_rows_are_drawn_each_with_a_probability(n, uniform, seed):
    rows = what_to_label_next(votes(), model_probabilities=model(), n=n, uniform=uniform, random_state=seed)

    assert len(rows) == rows.get_column("row_id").n_unique() == min(n, 400)
    assert rows.get_column("inclusion").is_between(0, 1).all()
    assert (rows.get_column("inclusion") >= uniform * n / 400 - 1e-9).all() or n > 400


def test_each_row_is_drawn_as_often_as_its_inclusion_says():
    drawn, stated = np.zeros(400), np.zeros(400)
    for seed in range(400):
        rows = what_to_label_next(votes(), model_probabilities=model(), n=60, random_state=seed)
        drawn[rows.get_column("row_id")] += 1
        stated[rows.get_column("row_id")] = rows.get_column("inclusion")

    is_known = stated > 0
    standardised = (drawn / 400 - stated) / np.sqrt(np.maximum(stated * (1 - stated), 1e-9) / 400)
    assert is_known.all()
    assert stated.sum() == pytest.approx(60)
    assert np.abs(standardised).max() < 4.5


def test_weights_make_estimates_unbiased():
    rng = np.random.default_rng(3)
    matrix = votes()
    right = rng.random(400) < np.where(matrix.is_covered, 0.9, 0.3)
    estimates = []
    for seed in range(200):
        rows = what_to_label_next(matrix, n=60, random_state=seed)
        inclusion = rows.get_column("inclusion").to_numpy()
        estimates.append((right[rows.get_column("row_id")] / inclusion).sum() / 400)

    error = np.std(estimates) / np.sqrt(200)
    assert np.mean(estimates) == pytest.approx(right.mean(), abs=3 * error)
    assert weighted_wilson(right[rows.get_column("row_id")], 1 / inclusion).n > 20


def test_policies_take_the_rows_they_are_about():
    matrix = votes()
    proba, answers = model(seed=4), model(seed=5)
    dense = matrix.to_dense()

    rows = what_to_label_next(matrix, probabilities=proba, model_probabilities=answers, n=200)

    by_policy = {name: group.get_column("row_id").to_numpy() for (name,), group in rows.group_by("policy")}
    assert set(by_policy) == {"uniform", "uncovered", "conflict", "disagreement"}
    assert (dense[by_policy["uncovered"]] < 0).all()
    conflict = dense[by_policy["conflict"]]
    assert ((conflict == 0).any(axis=1) & (conflict == 1).any(axis=1)).all()
    chosen = by_policy["disagreement"]
    assert (proba[chosen].argmax(axis=1) != answers[chosen].argmax(axis=1)).all()


def test_frequent_uncertain_patterns_are_wanted_most():
    dense = np.array([[0, 0, 0]] * 400 + [[0, 1, -1]] * 90 + [[0, 0, 1]] * 10)
    matrix = LabelMatrix.from_dense(dense, CLASSES)

    rows = what_to_label_next(matrix, n=50)

    chosen = rows.filter(rows.get_column("policy") == "conflict").get_column("row_id").to_numpy()
    assert (chosen >= 400).all()
    assert ((chosen >= 400) & (chosen < 490)).mean() > 0.8


def test_labelled_rows_are_left_out():
    labeled = np.arange(400) < 300

    rows = what_to_label_next(votes(), labeled=labeled, n=500)

    assert rows.get_column("row_id").to_list() == list(range(300, 400))
    assert (rows.get_column("inclusion") == 1).all()


def test_without_votes_the_draw_is_uniform_over_uncovered_rows():
    nothing = LabelMatrix.from_dense(np.full((100, 2), -1), CLASSES)

    rows = what_to_label_next(nothing, n=10)

    assert np.allclose(rows.get_column("inclusion").to_numpy(), 0.1)


def test_no_rows_give_an_empty_frame():
    nothing = LabelMatrix.from_dense(np.zeros((0, 2), dtype=int), CLASSES)

    assert len(what_to_label_next(nothing)) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param({"uniform": 0.1}, "at least .3", id="too little is uniform"),
        pytest.param({"labeled": [True]}, "has 1 entries", id="mask of other rows"),
        pytest.param({"probabilities": [[0.5, 0.5]]}, r"has the shape \(1, 2\)", id="probabilities of other rows"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, message):
    with pytest.raises(SchemaError, match=message):
        what_to_label_next(votes(), **arguments)


def test_votes_on_several_labels_are_refused():
    matrix = LabelMatrix.from_dense([[0]], CLASSES)
    several = LabelMatrix(MultiLabel(("a",)), matrix.functions, matrix.symbols, matrix.votes, matrix.units)

    with pytest.raises(SchemaError, match="votes on `Classes`"):
        what_to_label_next(several)
