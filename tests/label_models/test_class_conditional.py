import numpy as np
import pytest

from nacre.data import Classes
from nacre.errors import SchemaError, UnknownNameError
from nacre.label_models import ClassConditional, DawidSkene, MajorityVote, MatrixCompletion, WeightedVote
from nacre.labeling import LabelMatrix
from planted_votes import matrix, planted_votes

BALANCE = (0.5, 0.3, 0.2)


def fit_and_predict(model, label_matrix, **arguments):
    return model.fit(label_matrix, **arguments).predict_proba(label_matrix)


@pytest.mark.parametrize("spread", ["balance", "uniform"])
@pytest.mark.parametrize("abstain", ["ignore", "evidence"])
@pytest.mark.parametrize("k", [2, 3])
def test_the_result_equals_the_slow_reference(k, abstain, spread):
    votes, _, _ = planted_votes(n=50, k=k)
    balance = np.array(BALANCE[:k]) / sum(BALANCE[:k])
    model = ClassConditional(class_balance=tuple(balance), abstain=abstain, spread=spread, max_iter=7, tol=0)

    found = fit_and_predict(model, matrix(votes, k))

    expected, _ = _reference(votes, balance, evidence=abstain == "evidence", spread=spread, n_iter=7)
    np.testing.assert_allclose(found, expected, atol=1e-8)


def test_truth_is_clamped_with_its_weight_as_in_the_slow_reference():
    votes, y, _ = planted_votes(n=50)
    known = np.where(np.arange(50) < 12, y, -1)
    model = ClassConditional(class_balance=BALANCE, truth_weight=4, max_iter=5, tol=0)

    model.fit(matrix(votes), known)

    _, expected = _reference(votes, np.array(BALANCE), n_iter=5, y=known, truth_weight=4)
    np.testing.assert_allclose(model.vote_probabilities_, [expected[j, c] for j, c in matrix(votes).symbols], atol=1e-8)


@pytest.mark.parametrize("spread", ["balance", "uniform"])
def test_a_heavy_prior_gives_naive_bayes(spread):
    votes, _, _ = planted_votes(n=50)
    table = _prior_table(votes, np.array(BALANCE), spread)
    scores = [np.log(BALANCE) + sum(np.log(table[j, vote]) for j, vote in enumerate(row) if vote >= 0) for row in votes]
    expected = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)

    found = fit_and_predict(ClassConditional(class_balance=BALANCE, prior_mass=1e13, spread=spread), matrix(votes))

    np.testing.assert_allclose(found, expected, atol=1e-8)


def test_without_a_prior_and_with_evidence_it_is_dawid_skene():
    label_matrix = matrix(planted_votes(n=400)[0])
    uniform = (1 / 3, 1 / 3, 1 / 3)

    found = fit_and_predict(
        ClassConditional(class_balance=uniform, abstain="evidence", prior_mass=0, max_iter=20, tol=0), label_matrix
    )
    expected = fit_and_predict(
        DawidSkene(class_balance=uniform, abstain="symbol", prior_mass=0, max_iter=20, tol=0), label_matrix
    )

    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_the_penalised_likelihood_never_falls_with_evidence(seed):
    votes, _, _ = planted_votes(n=150, seed=seed, accuracy=(0.3, 0.9))
    label_matrix = matrix(votes)
    table, mass = _prior_table(votes, np.array(BALANCE)), 10 * np.sqrt(150)
    objective = []
    for n_iter in range(1, 15):
        model = ClassConditional(class_balance=BALANCE, abstain="evidence", max_iter=n_iter, tol=0).fit(label_matrix)
        dense = np.zeros((6, 3, 3))
        for symbol, probability in zip(label_matrix.symbols, model.vote_probabilities_, strict=True):
            dense[symbol] = probability
        rest = (1 - table.sum(axis=1)) * np.log(1 - dense.sum(axis=1))
        objective.append(150 * model.trace_[-1] + mass * ((table * np.log(dense)).sum() + rest.sum()))

    assert (np.diff(objective) >= -1e-8).all()


@pytest.mark.parametrize("abstain", ["ignore", "evidence"])
@pytest.mark.parametrize("r", [2, 3])
def test_a_function_repeated_with_the_inverse_exponent_changes_nothing(abstain, r):
    votes, _, _ = planted_votes(n=200)
    names = [f"f{j}" for j in range(6)]
    once = matrix(votes, functions=names)
    repeated = matrix(
        np.hstack([votes, *[votes[:, :1]] * (r - 1)]), functions=names + [f"copy{i}" for i in range(r - 1)]
    )
    exponents = {"f0": 1 / r, **{f"copy{i}": 1 / r for i in range(r - 1)}}

    found = fit_and_predict(ClassConditional(abstain=abstain, exponents=exponents), repeated)

    np.testing.assert_allclose(found, fit_and_predict(ClassConditional(abstain=abstain), once), atol=1e-12)


def test_repeated_rows_are_fitted_once_and_change_nothing():
    votes, y, _ = planted_votes(n=80)
    many = matrix(np.tile(votes, (50, 1)))
    known = np.tile(np.where(np.arange(80) < 20, y, -1), 50)

    found = fit_and_predict(ClassConditional(class_balance=BALANCE), many, y=known)[:80]

    weights = {"sample_weight": np.full(80, 50.0), "y": known[:80]}
    expected = fit_and_predict(ClassConditional(class_balance=BALANCE), matrix(votes), **weights)
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_planted_probabilities_are_recovered():
    votes, _, accuracies = planted_votes(n=50_000, m=8, coverage=0.5)

    model = ClassConditional().fit(matrix(votes))

    planted = [[a * 0.5 if c == code else (1 - a) / 4 for c in range(3)] for a in accuracies for code in range(3)]
    np.testing.assert_allclose(model.vote_probabilities_, planted, atol=0.03)


def test_few_labels_count_the_class_balance_and_the_precision():
    votes, y, _ = planted_votes(n=400, coverage=0.9, accuracy=(0.5, 0.6), balance=BALANCE)
    known = np.where(np.arange(400) < 100, y, -1)

    model = ClassConditional(max_iter=1, prior_mass=1e9).fit(matrix(votes), known)

    counts = np.bincount(y[:100], minlength=3)
    np.testing.assert_allclose(model.class_balance_, (counts + 1) / 103)
    right, given = votes[:100, 0] == y[:100], votes[:100, 0] >= 0
    precision = (right.sum() + 8.5) / (given.sum() + 10)
    frequency = np.mean(votes[:, 0] == 1)
    np.testing.assert_allclose(
        model.vote_probabilities_[1, 1], frequency * precision / model.class_balance_[1], rtol=1e-5
    )


def test_more_labels_give_more_accurate_answers_on_the_other_rows():
    accuracies = []
    for n_labels in (0, 20, 100, 500):
        right = []
        for seed in range(20):
            votes, y, _ = planted_votes(n=1500, m=6, coverage=0.5, accuracy=(0.35, 0.8), balance=BALANCE, seed=seed)
            known = np.where(np.arange(1500) < n_labels, y, -1)
            answers = fit_and_predict(ClassConditional(class_balance=BALANCE), matrix(votes), y=known).argmax(axis=1)
            right.append(np.mean(answers[500:] == y[500:]))
        accuracies.append(np.mean(right))

    assert (np.diff(accuracies) >= -0.002).all()
    assert accuracies[-1] > accuracies[0]


def test_a_warm_start_arrives_at_the_same_place_sooner():
    votes, _, _ = planted_votes(n=3000, accuracy=(0.4, 0.9))
    label_matrix = matrix(votes)
    cold = ClassConditional(tol=1e-9).fit(label_matrix)
    warm = ClassConditional(tol=1e-9, warm_start=True).fit(label_matrix)
    edited = votes.copy()
    edited[:30, 0] = -1

    again = warm.fit(matrix(edited)).predict_proba(matrix(edited))

    np.testing.assert_allclose(again, fit_and_predict(ClassConditional(tol=1e-9), matrix(edited)), atol=1e-3)
    assert len(warm.trace_) < len(cold.trace_)


def test_a_warm_start_takes_new_functions():
    votes, _, _ = planted_votes(n=3000, m=7)
    warm = ClassConditional(warm_start=True).fit(matrix(votes[:, :6]))

    again = fit_and_predict(warm, matrix(votes))

    np.testing.assert_allclose(again, fit_and_predict(ClassConditional(), matrix(votes)), atol=0.02)


def test_precision_may_be_given_by_function():
    votes = np.array([[0, 1]] * 30)
    model = ClassConditional(precision={"f1": 0.6}, class_balance=(0.5, 0.5), prior_mass=1e6)

    assert fit_and_predict(model, matrix(votes, 2))[0].argmax() == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param({"precision": 0.3}, "above chance", id="precision below chance"),
        pytest.param({"precision": 1.0}, "below 1", id="certain precision"),
        pytest.param({"truth_weight": 11}, "between 0 and 10", id="truth weight"),
        pytest.param({"prior_mass": -1}, "0 or more", id="prior mass"),
        pytest.param({"max_iter": 0}, "at least 1", id="no iteration"),
        pytest.param({"abstain": "drop"}, "ignore, evidence", id="abstain"),
        pytest.param({"spread": "even"}, "balance, uniform", id="spread"),
        pytest.param({"class_balance": (0.5, 0.5)}, "3 classes", id="balance of two classes"),
        pytest.param({"class_balance": (0.5, 0.5, 0.0)}, "above 0", id="balance with a zero"),
    ],
)
def test_wrong_settings_are_refused(arguments, message):
    with pytest.raises(SchemaError, match=message):
        ClassConditional(**arguments).fit(matrix([[0, 1]]))


def test_a_setting_for_an_unknown_function_is_refused():
    with pytest.raises(UnknownNameError, match="named in `exponents`"):
        ClassConditional(exponents={"g": 0.5}).fit(matrix([[0, 1]]))


GROUPED = Classes(("a", "b", "c"), groups=(("not a", ("b", "c")), ("not c", ("a", "b"))))


def test_a_negative_vote_alone_keeps_the_ratios_of_the_other_classes():
    votes = LabelMatrix.from_dense([[-2], [-1], [-2]], GROUPED)

    found = fit_and_predict(ClassConditional(class_balance=BALANCE, prior_mass=1e9), votes)

    np.testing.assert_allclose(found[0, 1] / found[0, 2], 0.3 / 0.2, rtol=1e-6)
    assert found[0, 0] < found[1, 0]


@pytest.mark.parametrize(
    "model",
    [MajorityVote(), WeightedVote(), ClassConditional(), MatrixCompletion(), DawidSkene()],
    ids=lambda model: model.kind,
)
def test_of_two_classes_a_negative_vote_is_a_vote_for_the_other(model):
    schema = Classes(("a", "b"), groups=(("not a", ("b",)),))
    votes, _, _ = planted_votes(n=100, k=2)
    negative = np.where(votes == 1, -2, votes)

    plain, coded = (LabelMatrix.from_dense(each, schema) for each in (votes, negative))

    if isinstance(model, DawidSkene):  # smoothing counts the answer "b" beside "not a"
        model.prior_mass = 0
    np.testing.assert_allclose(fit_and_predict(model, coded), fit_and_predict(model, plain), atol=1e-7)


def test_coarse_votes_narrow_the_answer_down():
    votes, y, _ = planted_votes(n=3000, m=4, coverage=0.8, accuracy=(0.55, 0.65))
    coarse = np.where(y == 0, -3, np.where(y == 2, -2, -1))  # "not c" for a, "not a" for c
    label_matrix = LabelMatrix.from_dense(np.column_stack([votes, coarse]), GROUPED)

    with_coarse, without = (
        np.mean(fit_and_predict(ClassConditional(), each).argmax(axis=1) == y)
        for each in (label_matrix, label_matrix.select(["f0", "f1", "f2", "f3"]))
    )

    assert with_coarse > without + 0.05


def _prior_table(votes, balance, spread="balance", precision=0.85):
    """The prior D [m, k, k], in loops."""
    m, k = votes.shape[1], len(balance)
    table = np.zeros((m, k, k))
    for j in range(m):
        for answer in range(k):
            for c in range(k):
                rest = balance[c] / (1 - balance[answer]) if spread == "balance" else 1 / (k - 1)
                share = precision if c == answer else (1 - precision) * rest
                table[j, answer, c] = min(1, np.mean(votes[:, j] == answer) * share / balance[c])
        for c in range(k):
            table[j, :, c] *= min(1, 0.999 / max(table[j, :, c].sum(), 0.999))
    return table


def _reference(votes, balance, *, n_iter, evidence=False, spread="balance", y=None, truth_weight=1):
    """MAP-EM in loops; returns posteriors [n, k] and P(vote | class) [m, k, k]."""
    n, m, k = *votes.shape, len(balance)
    y = np.full(n, -1) if y is None else y
    precision = np.full(m, 0.85)  # too few truths here to count any
    table, mass = _prior_table(votes, balance, spread, precision[0]), 10 * np.sqrt(n)
    weight = np.where(y >= 0, truth_weight, 1)
    q = np.zeros((n, k))
    for i in range(n):
        counts = np.array([np.sum(votes[i] == c) for c in range(k)])
        q[i] = balance * counts if counts.sum() else balance
        q[i] /= q[i].sum()
    for _ in range(n_iter):
        q[y >= 0] = np.eye(k)[y[y >= 0]]
        mu = np.zeros((m, k, k))
        for j in range(m):
            for answer in range(k):
                for c in range(k):
                    expected = sum(weight[i] * q[i, c] for i in range(n) if votes[i, j] == answer)
                    mu[j, answer, c] = (expected + mass * table[j, answer, c]) / (np.sum(weight * q[:, c]) + mass)
        for i in range(n):
            scores = np.log(balance)
            for j in range(m):
                if votes[i, j] >= 0:
                    scores = scores + np.log(mu[j, votes[i, j]])
                elif evidence:
                    scores = scores + np.log(1 - mu[j].sum(axis=0))
            q[i] = np.exp(scores - scores.max()) / np.exp(scores - scores.max()).sum()
    return q, mu
