import numpy as np
import pytest

from nacre.data import Classes
from nacre.label_models import MajorityVote, WeightedVote
from nacre.labeling import LabelMatrix
from planted_votes import matrix, planted_votes


@pytest.mark.parametrize(
    ("votes", "expected"),
    [
        pytest.param([[0, 0, 2]], [[2 / 3, 0, 1 / 3]], id="shares of the votes"),
        pytest.param([[-1, -1, -1]], [[1 / 3, 1 / 3, 1 / 3]], id="uniform without votes"),
        pytest.param([[0, 1, -1]], [[1 / 2, 1 / 2, 0]], id="a tie stays a tie"),
    ],
)
def test_majority_vote(votes, expected):
    label_matrix = matrix(votes)

    np.testing.assert_allclose(MajorityVote().fit(label_matrix).predict_proba(label_matrix), expected)


def test_a_vote_for_a_group_is_shared_by_its_classes():
    schema = Classes(("a", "b", "c"), groups=(("not a", ("b", "c")),))
    label_matrix = LabelMatrix.from_dense([[-2, 1]], schema)

    np.testing.assert_allclose(MajorityVote().fit(label_matrix).predict_proba(label_matrix), [[0, 0.75, 0.25]])


def test_a_copy_of_every_function_changes_no_majority():
    votes, _, _ = planted_votes(n=50)
    doubled = matrix(np.hstack([votes, votes]))

    copied = MajorityVote().fit(doubled).predict_proba(doubled)

    np.testing.assert_allclose(copied, MajorityVote().fit(matrix(votes)).predict_proba(matrix(votes)))


def test_accuracies_come_from_ground_truth_where_there_is_any():
    votes = np.array([[0, 1], [0, 1], [0, -1], [1, -1]] * 5)

    model = WeightedVote().fit(matrix(votes, 2), [0, 0, 1, -1] * 5)

    np.testing.assert_allclose(model.accuracies_, [(10 + 1.4) / (15 + 2), (0 + 1.4) / (10 + 2)])


def test_without_ground_truth_accuracies_are_the_agreement_with_the_others():
    votes, _, _ = planted_votes(n=60, m=5)

    model = WeightedVote().fit(matrix(votes))

    np.testing.assert_allclose(model.accuracies_, _agreement(votes, n_classes=3), atol=1e-12)


def test_a_function_that_rarely_overlaps_is_believed_at_60_percent():
    votes = np.array([[0, 0, -1]] * 10 + [[-1, 1, 1]] * 4)

    assert WeightedVote().fit(matrix(votes, 2)).accuracies_[2] == 0.6


def test_equal_accuracies_give_the_majority():
    votes, _, _ = planted_votes(n=200, m=5, coverage=0.05)  # hardly any overlap
    votes[(votes >= 0).sum(axis=1) > 1] = -1
    label_matrix = matrix(votes)
    test_votes, _, _ = planted_votes(n=100, m=5, coverage=0.8, seed=1)

    weighted = WeightedVote().fit(label_matrix).predict_proba(matrix(test_votes))
    majority = MajorityVote().fit(label_matrix).predict_proba(matrix(test_votes))

    highest = majority.max(axis=1, keepdims=True)
    np.testing.assert_array_equal(weighted >= weighted.max(axis=1, keepdims=True) - 1e-9, majority >= highest - 1e-9)


def test_better_functions_weigh_more():
    votes, _, accuracies = planted_votes(n=3000, m=12, coverage=0.8, accuracy=(0.4, 0.95))

    model = WeightedVote().fit(matrix(votes))

    assert np.corrcoef(model.accuracies_, accuracies)[0, 1] > 0.95


def _agreement(votes, n_classes):
    found = []
    for j in range(votes.shape[1]):
        credits = []
        for row in votes[votes[:, j] >= 0]:
            counts = [sum(row[b] == c for b in range(len(row)) if b != j) for c in range(n_classes)]
            if max(counts):
                credits.append((counts[row[j]] == max(counts)) / counts.count(max(counts)))
        found.append(np.mean(credits) if len(credits) >= 5 else 0.6)
    return found
