import numpy as np
import pytest

from nacre.errors import SchemaError
from nacre.label_models import MatrixCompletion
from planted_votes import matrix, planted_votes

# Of snorkel 0.10.0, `LabelModel(cardinality=k).fit(L, class_balance=balance, seed=1)`: rows of `mu` by function and
# class, and `predict_proba` of the first six rows.
SNORKEL = {
    "two classes": (
        (200, 4, 2, 0),
        (0.7, 0.3),
        [
            *([0.292302, 0.031660], [0.162124, 0.282630], [0.292227, 0.144011], [0.087550, 0.237203]),
            *([0.270516, 0.034741], [0.141086, 0.255359], [0.277471, 0.096544], [0.162284, 0.275641]),
        ],
        [
            *([0.973593, 0.026407], [0.7, 0.3], [0.984105, 0.015895]),
            *([0.825626, 0.174374], [0.7, 0.3], [0.431494, 0.568506]),
        ],
    ),
    "three classes, two of them equally frequent": (
        (300, 5, 3, 1),
        (0.5, 0.25, 0.25),
        [
            *([0.208680, 0.077696, 0.088928], [0.135550, 0.266410, 0.070365], [0.082515, 0.048811, 0.192162]),
            *([0.241717, 0.035900, 0.040562], [0.111583, 0.314245, 0.085622], [0.052443, 0.023554, 0.177630]),
            *([0.320535, 0.045938, 0.044159], [0.100149, 0.366589, 0.046043], [0.078792, 0.037818, 0.188284]),
            *([0.297557, 0.005769, 0.044031], [0.071108, 0.268318, 0.043075], [0.069607, 0.070665, 0.260599]),
            *([0.236473, 0.046257, 0.061700], [0.065740, 0.340383, 0.048604], [0.029997, 0.022519, 0.192399]),
        ],
        [
            *([0.863434, 0.064120, 0.072446], [0.044659, 0.944634, 0.010707], [0.997077, 0.000271, 0.002652]),
            *([0.410712, 0.098566, 0.490723], [0.358192, 0.504380, 0.137428], [0.705223, 0.252479, 0.042298]),
        ],
    ),
}


@pytest.mark.parametrize("case", SNORKEL)
def test_it_gives_what_snorkel_gives(case):
    (n, m, k, seed), balance, mu, proba = SNORKEL[case]
    label_matrix = matrix(_votes_for_snorkel(n, m, k, seed), k)

    model = MatrixCompletion(class_balance=balance).fit(label_matrix)

    np.testing.assert_allclose(model.vote_probabilities_, mu, atol=1e-5)
    np.testing.assert_allclose(model.predict_proba(label_matrix)[:6], proba, atol=1e-5)


def test_two_halves_give_what_the_whole_gives():
    votes, _, _ = planted_votes(n=301)
    votes[:150, 0][votes[:150, 0] == 2] = -1  # a symbol that only the second half has
    votes[150:, 1][votes[150:, 1] == 0] = -1  # and one that it lacks
    whole = MatrixCompletion().fit(matrix(votes))

    halves = MatrixCompletion().partial_fit(matrix(votes[:150])).partial_fit(matrix(votes[150:]))

    np.testing.assert_allclose(halves.predict_proba(matrix(votes)), whole.predict_proba(matrix(votes)), atol=1e-9)
    np.testing.assert_allclose(halves.moments_, whole.moments_, atol=1e-9)


def test_fit_forgets_what_it_saw_before():
    first, second = (matrix(planted_votes(n=100, seed=seed)[0]) for seed in (0, 1))

    again = MatrixCompletion().fit(first).fit(second)

    assert again.fingerprint == MatrixCompletion().fit(second).fingerprint


def test_the_second_half_must_have_the_same_functions():
    model = MatrixCompletion().partial_fit(matrix([[0, 1]]))

    with pytest.raises(SchemaError, match="functions of the first call"):
        model.partial_fit(matrix([[0]]))


def test_converged_it_recovers_planted_probabilities():
    votes, _, accuracies = planted_votes(n=40_000, m=8, coverage=0.5, balance=(0.5, 0.3, 0.2))

    model = MatrixCompletion(class_balance=(0.5, 0.3, 0.2), solver="lbfgs").fit(matrix(votes))

    planted = [[a * 0.5 if c == code else (1 - a) / 4 for c in range(3)] for a in accuracies for code in range(3)]
    np.testing.assert_allclose(model.vote_probabilities_, planted, atol=0.06)


def test_a_heavy_penalty_keeps_the_start():
    label_matrix = matrix(planted_votes(n=200)[0])

    model = MatrixCompletion(solver="lbfgs", l2=1e6).fit(label_matrix)

    frequency = np.diag(model.moments_) / 200
    start = frequency[:, None] * 0.7 * label_matrix.class_shares * 3
    np.testing.assert_allclose(model.vote_probabilities_, np.clip(start, 0.001, 0.999), atol=1e-4)


def test_the_first_half_may_be_without_votes():
    votes, _, _ = planted_votes(n=60)
    silent = np.full((60, 6), -1)

    halves = MatrixCompletion().partial_fit(matrix(silent)).partial_fit(matrix(votes))

    whole = MatrixCompletion().fit(matrix(np.vstack([silent, votes])))
    np.testing.assert_allclose(halves.predict_proba(matrix(votes)), whole.predict_proba(matrix(votes)), atol=1e-9)


def test_too_many_symbols_are_refused_with_an_alternative():
    votes = (np.arange(20_000) % 3).reshape(1, -1)

    with pytest.raises(SchemaError, match="ClassConditional"):
        MatrixCompletion().fit(matrix(votes))


def test_an_unknown_solver_is_refused():
    with pytest.raises(SchemaError, match="sgd, lbfgs"):
        MatrixCompletion(solver="adam").fit(matrix([[0, 1]]))


def _votes_for_snorkel(n, m, k, seed):
    rng = np.random.RandomState(seed)
    y = rng.choice(k, n, p=np.arange(k, 0, -1) / (k * (k + 1) / 2))
    votes = np.full((n, m), -1)
    for j in range(m):
        is_right = rng.random_sample(n) < 0.6 + 0.35 * j / m
        wrong = (y + 1 + rng.randint(0, k - 1, n)) % k
        votes[:, j] = np.where(rng.random_sample(n) < 0.4, np.where(is_right, y, wrong), -1)
    return votes
