"""The laws of every label model."""

import copy

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nacre.data import Classes, MultiLabel
from nacre.errors import NotFittedError, SchemaError, WorkspaceError
from nacre.label_models import (
    LABEL_MODELS,
    ClassConditional,
    DawidSkene,
    MajorityVote,
    MatrixCompletion,
    WeightedVote,
    class_balance,
    label_model_from_spec,
    load_label_model,
    with_ground_truth,
)
from nacre.labeling import LabelMatrix
from planted_votes import classes, matrix, planted_votes

BALANCE = (0.5, 0.3, 0.2)
MODELS = [
    pytest.param(MajorityVote(), id="majority vote"),
    pytest.param(WeightedVote(), id="weighted vote"),
    pytest.param(ClassConditional(class_balance=BALANCE), id="class-conditional"),
    pytest.param(ClassConditional(class_balance=BALANCE, spread="uniform"), id="class-conditional, uniform spread"),
    pytest.param(
        ClassConditional(class_balance=BALANCE, abstain="evidence"), id="class-conditional, abstain is evidence"
    ),
    pytest.param(MatrixCompletion(class_balance=BALANCE), id="matrix completion"),
    pytest.param(MatrixCompletion(class_balance=BALANCE, solver="lbfgs"), id="matrix completion, converged"),
    pytest.param(DawidSkene(), id="Dawid-Skene"),
    pytest.param(DawidSkene(abstain="symbol", class_balance=BALANCE), id="Dawid-Skene, abstain is a symbol"),
    pytest.param(DawidSkene(confusion="one_coin"), id="Dawid-Skene, one coin"),
    pytest.param(DawidSkene(prior="diagonal"), id="Dawid-Skene, diagonal prior"),
]
every_model = pytest.mark.parametrize("label_model", MODELS)
few_examples = settings(max_examples=15, deadline=None)
dense_votes = arrays(np.int16, st.tuples(st.integers(1, 20), st.integers(1, 6)), elements=st.integers(-1, 2))


def proba(label_model, votes, k=3, **arguments):
    label_matrix = matrix(votes, k)
    return copy.deepcopy(label_model).fit(label_matrix, **arguments).predict_proba(label_matrix)


@every_model
@few_examples
@given(votes=dense_votes)
def test_probabilities_are_finite_and_sum_to_one(label_model, votes):
    result = proba(label_model, votes)

    assert result.shape == (len(votes), 3)
    assert result.dtype == np.float64
    assert (result >= 0).all()
    np.testing.assert_allclose(result.sum(axis=1), 1, atol=1e-6)


@every_model
def test_a_thousand_agreeing_votes_stay_finite(label_model):
    votes = np.full((20, 1000), -1)
    votes[:10] = 0
    votes[10:15, ::2] = 1

    result = proba(label_model, votes)

    assert np.isfinite(result).all()
    np.testing.assert_allclose(result.sum(axis=1), 1, atol=1e-6)
    if not isinstance(label_model, DawidSkene):  # which learns nothing from functions with one answer
        assert (result[:10, 0] > 0.5).all()


@every_model
@pytest.mark.parametrize("seed", [0, 1])
def test_permuting_data_points_permutes_the_output(label_model, seed):
    votes, _, _ = planted_votes(n=80, seed=seed)
    order = np.random.default_rng(seed).permutation(80)

    np.testing.assert_allclose(proba(label_model, votes[order]), proba(label_model, votes)[order], atol=1e-6)


@every_model
@pytest.mark.parametrize("seed", [0, 1])
def test_permuting_functions_changes_nothing(label_model, seed):
    votes, _, _ = planted_votes(n=80, seed=seed)
    order = np.random.default_rng(seed).permutation(6)
    tolerance = 1e-2 if getattr(label_model, "solver", "") == "lbfgs" else 1e-6  # where L-BFGS stops depends on it

    np.testing.assert_allclose(proba(label_model, votes[:, order]), proba(label_model, votes), atol=tolerance)


@every_model
@pytest.mark.parametrize("seed", [0, 1])
def test_permuting_classes_permutes_the_output(label_model, seed):
    votes, _, _ = planted_votes(n=80, seed=seed)
    place = np.random.default_rng(seed).permutation(3)  # class c becomes place[c]
    permuted = copy.deepcopy(label_model)
    if getattr(label_model, "class_balance", None) is not None:
        permuted.class_balance = tuple(np.array(BALANCE)[np.argsort(place)])
    tolerance = 1e-2 if getattr(label_model, "solver", "") == "lbfgs" else 1e-6

    result = proba(permuted, np.where(votes >= 0, place[votes], -1))[:, place]

    np.testing.assert_allclose(result, proba(label_model, votes), atol=tolerance)


@every_model
def test_repeating_a_data_point_equals_weighing_it(label_model):
    votes, _, _ = planted_votes(n=40)
    repeats = np.random.default_rng(0).integers(1, 4, size=40)
    label_matrix, repeated = matrix(votes), matrix(np.repeat(votes, repeats, axis=0))

    weighted = copy.deepcopy(label_model).fit(label_matrix, sample_weight=repeats).predict_proba(label_matrix)
    explicit = copy.deepcopy(label_model).fit(repeated).predict_proba(label_matrix)

    np.testing.assert_allclose(weighted, explicit, atol=1e-6)


@every_model
def test_a_function_that_always_abstains_changes_nothing(label_model):
    votes, _, _ = planted_votes(n=60)
    silent = np.full((60, 1), -1, dtype=np.int16)

    np.testing.assert_allclose(proba(label_model, np.hstack([votes, silent])), proba(label_model, votes), atol=1e-9)


@every_model
def test_a_data_point_without_votes_gets_the_class_balance(label_model):
    votes, _, _ = planted_votes(n=60)
    votes[0] = -1
    label_matrix = matrix(votes)

    model = copy.deepcopy(label_model).fit(label_matrix)
    expected = getattr(model, "class_balance_", np.full(3, 1 / 3))

    if getattr(model, "abstain", "ignore") == "ignore":
        np.testing.assert_allclose(model.predict_proba(label_matrix)[0], expected, atol=1e-12)
    else:
        assert np.isfinite(model.predict_proba(label_matrix)[0]).all()


@every_model
@pytest.mark.parametrize("m", [1, 2])
def test_one_or_two_functions_suffice(label_model, m):
    votes, y, _ = planted_votes(n=200, m=m, coverage=0.9, accuracy=(0.8, 0.9))

    result = proba(label_model, votes)

    np.testing.assert_allclose(result.sum(axis=1), 1)
    if isinstance(label_model, MajorityVote | WeightedVote | ClassConditional):
        assert np.mean(result.argmax(axis=1) == y) > 0.6


@every_model
def test_nothing_to_learn_from_is_refused(label_model):
    with pytest.raises(SchemaError, match="no units to learn from"):
        copy.deepcopy(label_model).fit(matrix(np.zeros((0, 2), dtype=np.int16)))


@every_model
def test_no_units_get_no_probabilities(label_model):
    label_matrix = matrix(planted_votes(n=30)[0])

    model = copy.deepcopy(label_model).fit(label_matrix)

    assert model.predict_proba(label_matrix.where(np.zeros(30, dtype=bool))).shape == (0, 3)


@every_model
def test_functions_that_never_vote_leave_the_class_balance(label_model):
    result = proba(label_model, np.full((5, 3), -1))

    np.testing.assert_allclose(result, np.broadcast_to(result[0], result.shape))
    np.testing.assert_allclose(result.sum(axis=1), 1)


@every_model
def test_predicting_before_fitting_is_refused(label_model):
    with pytest.raises(NotFittedError, match="not fitted"):
        copy.deepcopy(label_model).predict_proba(matrix([[0]]))


@every_model
def test_classes_other_than_those_of_the_fit_are_refused(label_model):
    fitted = copy.deepcopy(label_model).fit(matrix(planted_votes(n=30)[0]))

    with pytest.raises(SchemaError, match="was fitted with a, b, c"):
        fitted.predict_proba(LabelMatrix.from_dense([[0]], Classes(("fail", "pass"))))


@every_model
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param({"y": [3, 0, 0]}, "code 3", id="a class outside the schema"),
        pytest.param({"y": [-2, 0, 0]}, "code -2", id="a code below -1"),
        pytest.param({"y": [0, 0]}, "expected", id="too few labels"),
        pytest.param({"sample_weight": [1, 2]}, "sample_weight", id="too few weights"),
        pytest.param({"sample_weight": [1, -1, 1]}, "sample_weight", id="a negative weight"),
        pytest.param({"sample_weight": [0, 0, 0]}, "sample_weight", id="no weight at all"),
    ],
)
def test_wrong_truth_and_weights_are_refused(label_model, arguments, message):
    with pytest.raises(SchemaError, match=message):
        copy.deepcopy(label_model).fit(matrix([[0, 1], [1, 1], [0, 0]]), **arguments)


@every_model
def test_classes_that_do_not_exclude_each_other_are_refused(label_model):
    votes = LabelMatrix.from_long(
        pl.DataFrame({"row_id": [0, 1], "function": ["f", "f"], "vote": [0, 1]}), MultiLabel(("a", "b"))
    )

    with pytest.raises(SchemaError, match="OneVsRest"):
        copy.deepcopy(label_model).fit(votes)


@every_model
def test_truth_may_be_given_by_name(label_model):
    label_matrix = matrix(planted_votes(n=40)[0])
    codes = np.where(np.arange(40) < 20, np.arange(40) % 3, -1)
    names = pl.Series([None if code < 0 else "abc"[code] for code in codes])

    by_code = copy.deepcopy(label_model).fit(label_matrix, codes)
    by_name = copy.deepcopy(label_model).fit(label_matrix, names)

    assert by_code.fingerprint == by_name.fingerprint


@every_model
def test_truth_that_is_unknown_everywhere_is_no_truth(label_model):
    label_matrix = matrix(planted_votes(n=40)[0])

    without = copy.deepcopy(label_model).fit(label_matrix)

    assert copy.deepcopy(label_model).fit(label_matrix, np.full(40, -1)).fingerprint == without.fingerprint


@every_model
def test_the_same_votes_give_the_same_bytes(label_model):
    votes, _, _ = planted_votes(n=60)
    rows, columns = np.nonzero(votes >= 0)
    order = np.lexsort((rows, columns))  # so that functions occur in their order
    long = pl.DataFrame(
        {"row_id": rows[order], "function": [f"f{j}" for j in columns[order]], "vote": votes[rows, columns][order]}
    )
    from_long = LabelMatrix.from_long(long, classes(), row_ids=range(60))

    first, second = (copy.deepcopy(label_model).fit(each) for each in (matrix(votes), from_long))

    assert first.predict_proba(from_long).tobytes() == second.predict_proba(from_long).tobytes()
    assert first.fingerprint == second.fingerprint


@every_model
def test_a_saved_model_gives_the_same_probabilities(label_model, tmp_path):
    label_matrix = matrix(planted_votes(n=40)[0])
    model = copy.deepcopy(label_model).fit(label_matrix)

    model.save(tmp_path)
    loaded = load_label_model(tmp_path)

    assert type(loaded) is type(model)
    assert loaded.fingerprint == model.fingerprint
    assert loaded.predict_proba(label_matrix).tobytes() == model.predict_proba(label_matrix).tobytes()
    assert type(model).load(tmp_path).spec() == model.spec()


@every_model
def test_a_damaged_model_is_refused(label_model, tmp_path):
    copy.deepcopy(label_model).fit(matrix(planted_votes(n=40)[0])).save(tmp_path)
    content = (tmp_path / "model.json").read_text().replace('"a"', '"z"', 1)
    (tmp_path / "model.json").write_text(content)

    with pytest.raises(WorkspaceError, match="damaged"):
        load_label_model(tmp_path)


@every_model
def test_a_spec_makes_the_same_model(label_model):
    again = label_model_from_spec(label_model.spec())

    assert type(again) is type(label_model)
    assert again.spec() == label_model.spec()
    assert proba(again, [[0, 1], [1, 1]]).tobytes() == proba(label_model, [[0, 1], [1, 1]]).tobytes()


@every_model
def test_fitting_keeps_the_settings(label_model):
    before = label_model.spec()

    model = copy.deepcopy(label_model).fit(matrix(planted_votes(n=30)[0]))

    assert model.spec() == before


def test_every_kind_is_written_by_its_name():
    assert all(model.kind == kind for kind, model in LABEL_MODELS.items())
    assert {type(param.values[0]) for param in MODELS} < set(LABEL_MODELS.values())


@every_model
def test_an_unknown_function_is_refused_but_by_majority_vote(label_model):
    fitted = copy.deepcopy(label_model).fit(matrix([[0, 1], [1, 1]], functions=["f", "g"]))
    other = matrix([[0, 1]], functions=["f", "new"])

    if isinstance(label_model, MajorityVote):
        np.testing.assert_allclose(fitted.predict_proba(other), [[0.5, 0.5, 0]])
    else:
        with pytest.raises(SchemaError, match="`new`"):
            fitted.predict_proba(other)


@every_model
def test_functions_of_the_fit_may_be_missing_or_in_another_order(label_model):
    votes, _, _ = planted_votes(n=60)
    fitted = copy.deepcopy(label_model).fit(matrix(votes))
    reordered = matrix(votes).select(["f5", "f0", "f3", "f1", "f2", "f4"])

    np.testing.assert_allclose(fitted.predict_proba(reordered), fitted.predict_proba(matrix(votes)), atol=1e-12)
    assert np.isfinite(fitted.predict_proba(matrix(votes).select(["f5", "f0"]))).all()


@pytest.mark.parametrize(
    "label_model", [MajorityVote(), WeightedVote(), ClassConditional()], ids=lambda model: model.kind
)
@pytest.mark.parametrize("k", [2, 4])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_functions_with_one_answer_lose_at_most_a_point_to_majority_vote(label_model, k, seed):
    votes, y, _ = planted_votes(n=4000, m=8, k=k, coverage=0.5, accuracy=(0.6, 0.9), is_unipolar=True, seed=seed)
    covered = (votes >= 0).any(axis=1)

    baseline, result = (proba(model, votes, k)[covered] for model in (MajorityVote(), label_model))

    assert _credit(result, y[covered]) >= _credit(baseline, y[covered]) - 0.01


@pytest.mark.parametrize(
    "label_model",
    [
        pytest.param(ClassConditional(), id="class-conditional"),
        pytest.param(MatrixCompletion(solver="lbfgs"), id="matrix completion, converged"),
        pytest.param(DawidSkene(), id="Dawid-Skene on votes only"),
    ],
)
@pytest.mark.parametrize("k", [2, 4])
def test_independent_functions_are_combined_as_if_their_accuracies_were_known(label_model, k):
    votes, y, accuracies = planted_votes(n=100_000, m=50, k=k, coverage=0.1, accuracy=(0.55, 0.95))
    covered = (votes >= 0).any(axis=1)
    weights = np.log(accuracies * (k - 1) / (1 - accuracies))
    scores = np.stack([(votes == c) @ weights for c in range(k)], axis=1)

    reached = np.mean(proba(label_model, votes, k)[covered].argmax(axis=1) == y[covered])

    assert reached >= np.mean(scores[covered].argmax(axis=1) == y[covered]) - 0.003


@every_model
def test_learned_models_recover_planted_truth(label_model):
    votes, y, _ = planted_votes(n=2000, m=10, coverage=0.6, accuracy=(0.6, 0.95), balance=BALANCE)
    covered = (votes >= 0).any(axis=1)

    result = proba(label_model, votes)[covered]

    assert _credit(result, y[covered]) > 0.85


def test_ground_truth_is_certain_in_the_training_set():
    votes, y, _ = planted_votes(n=50)
    known = np.where(np.arange(50) < 10, y, -1)

    training = with_ground_truth(proba(ClassConditional(), votes, y=known), known)

    assert (training[np.arange(10), y[:10]] == 1).all()
    np.testing.assert_allclose(training.sum(axis=1), 1)


@pytest.mark.parametrize(
    "label_model", [ClassConditional(prior_mass=0), DawidSkene(prior_mass=0)], ids=lambda model: model.kind
)
def test_all_ground_truth_gives_the_frequencies_of_the_votes(label_model):
    votes, y, _ = planted_votes(n=400, coverage=1.0)

    model = copy.deepcopy(label_model).fit(matrix(votes), y)

    found = model.confusion_ if isinstance(model, DawidSkene) else model.vote_probabilities_.reshape(6, 3, 3)
    expected = [[[np.mean(votes[y == c, j] == answer) for c in range(3)] for answer in range(3)] for j in range(6)]
    np.testing.assert_allclose(found, expected, atol=1e-6)
    if model.class_balance is None and isinstance(model, ClassConditional):
        np.testing.assert_allclose(model.class_balance_, class_balance(y, 3))


def _credit(result, y):
    is_highest = result >= result.max(axis=1, keepdims=True) - 1e-9
    return np.mean(is_highest[np.arange(len(y)), y] / is_highest.sum(axis=1))
