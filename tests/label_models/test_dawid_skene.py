import numpy as np
import polars as pl
import pytest

from nacre.errors import SchemaError, UnknownNameError
from nacre.label_models import DawidSkene, MajorityVote
from planted_votes import classes, matrix, planted_votes


def long_form(votes, names="abc"):
    rows, columns = np.nonzero(votes >= 0)
    labels = [names[code] for code in votes[rows, columns]]
    return pl.DataFrame({"row_id": rows, "annotator": [f"f{j}" for j in columns], "label": labels})


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param({}, id="plain"),
        pytest.param({"class_balance": (0.5, 0.3, 0.2)}, id="fixed class balance"),
        pytest.param({"confusion": "one_coin"}, id="one coin"),
        pytest.param({"prior": "diagonal"}, id="diagonal prior"),
    ],
)
def test_recorded_votes_and_a_label_matrix_give_the_same(arguments):
    votes, _, _ = planted_votes(n=60, coverage=0.9)
    votes = votes[(votes >= 0).any(axis=1)]

    from_long = DawidSkene(**arguments).fit(long_form(votes))
    from_matrix = DawidSkene(**arguments).fit(matrix(votes))

    np.testing.assert_allclose(
        from_long.predict_proba(long_form(votes)), from_matrix.predict_proba(matrix(votes)), atol=1e-9
    )
    np.testing.assert_allclose(from_long.confusion_, from_matrix.confusion_, atol=1e-9)


def test_an_annotator_may_answer_twice():
    votes = pl.DataFrame(
        [(0, "ann", "cat"), (0, "ann", "cat"), (0, "bob", "dog"), (1, "ann", "dog"), (1, "bob", "dog")],
        schema=["row_id", "annotator", "label"],
        orient="row",
    )
    model = DawidSkene(max_iter=1).fit(votes)

    expected = (2 * 2 / 3 + 0.01) / (2 * 2 / 3 + 0.02)  # row 0 starts at 2/3 for cat, and counts twice
    np.testing.assert_allclose(model.confusion_[0, 0, 0], expected)


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param({}, id="plain"),
        pytest.param({"abstain": "symbol"}, id="abstain is a symbol"),
        pytest.param({"confusion": "one_coin"}, id="one coin"),
        pytest.param({"prior": "diagonal"}, id="diagonal prior"),
        pytest.param({"class_balance": (0.6, 0.2, 0.2)}, id="fixed class balance"),
    ],
)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_log_posterior_never_falls(arguments, seed):
    votes, _, _ = planted_votes(n=150, coverage=0.7, accuracy=(0.3, 0.9), seed=seed)

    trace = DawidSkene(tol=0, max_iter=40, **arguments).fit(matrix(votes)).trace_

    assert (np.diff(trace) >= -1e-9).all()


def test_planted_confusion_is_recovered():
    rng = np.random.default_rng(0)
    y = rng.choice(3, size=6000, p=[0.5, 0.3, 0.2])
    planted = np.array(
        [[[0.8, 0.3, 0.1], [0.1, 0.6, 0.2], [0.1, 0.1, 0.7]]] * 3
        + [[[0.9, 0.1, 0.2], [0.05, 0.8, 0.2], [0.05, 0.1, 0.6]]] * 3
    )
    votes = np.stack([[rng.choice(3, p=table[:, c]) for c in y] for table in planted], axis=1)

    model = DawidSkene().fit(matrix(votes))

    np.testing.assert_allclose(model.confusion_, planted, atol=0.05)
    np.testing.assert_allclose(model.class_balance_, [0.5, 0.3, 0.2], atol=0.03)


def test_an_annotator_who_guesses_has_no_influence():
    rng = np.random.default_rng(1)
    votes, _, _ = planted_votes(n=20_000, m=5, coverage=0.8, accuracy=(0.7, 0.9))
    with_guesses = np.hstack([votes, rng.integers(0, 3, size=(20_000, 1))])

    model = DawidSkene().fit(matrix(with_guesses))

    assert np.ptp(model.confusion_[5], axis=1).max() < 0.05
    without = DawidSkene().fit(matrix(votes)).predict_proba(matrix(votes))
    assert np.abs(model.predict_proba(matrix(with_guesses)) - without).mean() < 0.02


def test_it_learns_whom_to_trust_where_majority_vote_cannot():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, size=2000)
    accuracies = [0.95, 0.95, 0.6, 0.6, 0.6, 0.6, 0.6]
    votes = np.stack([np.where(rng.random(2000) < a, y, 1 - y) for a in accuracies], axis=1)
    label_matrix = matrix(votes, 2)

    learned, majority = (
        np.mean(model.fit(label_matrix).predict_proba(label_matrix).argmax(axis=1) == y)
        for model in (DawidSkene(), MajorityVote())
    )

    assert learned > 0.95 > 0.9 > majority


def test_ground_truth_is_kept_and_moves_the_rest():
    votes = pl.DataFrame(
        [(row, annotator, label) for row in range(20) for annotator, label in (("ann", "cat"), ("bob", "dog"))],
        schema=["row_id", "annotator", "label"],
        orient="row",
    )
    y = np.where(np.arange(20) < 10, 1, -1)  # bob is right where the truth is known

    proba = DawidSkene().fit(votes, y).predict_proba(votes)

    assert (proba[:, 1] > 0.99).all()


def test_labels_may_be_codes_of_a_schema():
    votes, _, _ = planted_votes(n=40, coverage=1.0)
    named = long_form(votes)
    coded = named.with_columns(pl.col("label").replace_strict({"a": 0, "b": 1, "c": 2}))

    by_code = DawidSkene().fit(coded, schema=classes())

    assert by_code.fingerprint == DawidSkene().fit(named).fingerprint


def test_rows_come_in_the_order_of_their_ids():
    votes, _, _ = planted_votes(n=30, coverage=1.0)
    shuffled = long_form(votes).sample(fraction=1, shuffle=True, seed=0)

    found = DawidSkene().fit(shuffled).predict_proba(shuffled)

    np.testing.assert_allclose(found, DawidSkene().fit(long_form(votes)).predict_proba(long_form(votes)), atol=1e-9)


@pytest.mark.parametrize(
    ("votes", "error", "message"),
    [
        pytest.param({"row_id": [0], "label": ["a"]}, SchemaError, "`annotator` is missing", id="no annotator"),
        pytest.param({"row_id": ["x"], "annotator": ["f"], "label": ["a"]}, SchemaError, "whole numbers", id="row ids"),
        pytest.param({"row_id": [0], "annotator": ["f"], "label": [7]}, SchemaError, "7", id="code beyond the classes"),
        pytest.param({"row_id": [0], "annotator": ["f"], "label": [-1]}, SchemaError, "no class", id="a code of -1"),
        pytest.param({"row_id": [0], "annotator": ["f"], "label": ["z"]}, UnknownNameError, "`z`", id="unknown name"),
    ],
)
def test_what_is_no_recorded_vote_is_refused(votes, error, message):
    with pytest.raises(error, match=message):
        DawidSkene().fit(pl.DataFrame(votes), schema=classes())


def test_codes_without_a_schema_are_refused():
    with pytest.raises(SchemaError, match="schema=Classes"):
        DawidSkene().fit(pl.DataFrame({"row_id": [0], "annotator": ["f"], "label": [1]}))


def test_an_unknown_annotator_is_refused():
    votes = pl.DataFrame({"row_id": [0, 0], "annotator": ["f", "g"], "label": ["a", "b"]})
    model = DawidSkene().fit(votes)

    with pytest.raises(SchemaError, match="annotator `new`"):
        model.predict_proba(pl.DataFrame({"row_id": [0], "annotator": ["new"], "label": ["a"]}))


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param({"confusion": "two_coin"}, id="confusion"),
        pytest.param({"confusion": "one_coin", "abstain": "symbol"}, id="one coin that abstains"),
        pytest.param({"prior": "dirichlet"}, id="prior"),
        pytest.param({"max_iter": 0}, id="no iteration"),
    ],
)
def test_wrong_settings_are_refused(arguments):
    with pytest.raises(SchemaError):
        DawidSkene(**arguments).fit(matrix([[0, 1]]))
