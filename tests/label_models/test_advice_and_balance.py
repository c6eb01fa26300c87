import numpy as np
import pytest

from nacre.errors import SchemaError
from nacre.label_models import ClassConditional, MajorityVote, advise, balance_shift, class_balance
from planted_votes import matrix, planted_votes


def applies(advice):
    return {finding.rule for finding in advice.findings if finding.applies}


def test_without_conflict_majority_vote_is_enough():
    advice = advise(matrix([[0, 0], [1, -1], [-1, 1]] * 20))

    assert advice.label_model == "majority_vote"
    assert {"few conflicts", "few flips"} <= applies(advice)


def test_with_conflict_a_label_model_is_worth_a_try():
    votes, y, _ = planted_votes(n=500, m=6, coverage=0.6)

    advice = advise(matrix(votes), np.where(np.arange(500) < 120, y, -1))

    assert advice.label_model == "class_conditional"
    assert applies(advice) == {"enough ground truth"}
    numbers = {name: value for finding in advice.findings for name, value in finding.numbers.items()}
    covered = (votes >= 0).any(axis=1)
    in_conflict = [len(set(row[row >= 0])) > 1 for row in votes]
    assert numbers["coverage"] == pytest.approx(covered.mean())
    assert numbers["conflict"] == pytest.approx(np.mean(in_conflict) / covered.mean())
    assert numbers["n_labels"] == 120


def test_many_classes_in_conflict_call_for_a_vote():
    votes, _, _ = planted_votes(n=500, m=8, k=25, coverage=0.6, accuracy=(0.2, 0.4))

    advice = advise(matrix(votes, 25))

    assert advice.label_model == "majority_vote"
    assert "many classes in conflict" in applies(advice)


def test_little_coverage_and_single_answers_are_named():
    votes, _, _ = planted_votes(n=500, m=4, coverage=0.1, is_unipolar=True)

    assert {"low coverage", "unipolar functions"} <= applies(advise(matrix(votes)))


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        pytest.param([0, 0, 0, 1], 0, id="three to one holds"),
        pytest.param([0, 0, 1, -1], 1, id="two to one can flip"),
        pytest.param([0, 1, -1, -1], 1, id="a tie can flip"),
        pytest.param([0, -1, -1, -1], 0, id="one vote holds"),
    ],
)
def test_a_majority_flips_where_a_third_as_many_votes_oppose_it(row, expected):
    [finding] = [finding for finding in advise(matrix([row])).findings if finding.rule == "few flips"]

    assert finding.numbers["flips"] == expected


def test_advice_reads_as_sentences():
    text = str(advise(matrix(planted_votes(n=100)[0])))

    assert text.startswith("Start with `class_conditional`.")
    assert len(text.splitlines()) == 7


def test_advice_for_nothing_is_calm():
    assert advise(matrix(np.zeros((0, 2), dtype=np.int16))).label_model == "majority_vote"


@pytest.mark.parametrize(
    ("y", "expected"),
    [
        pytest.param([0, 0, 1, -1], [3 / 6, 2 / 6, 1 / 6], id="counted with one more of each"),
        pytest.param([-1, -1], [1 / 3] * 3, id="nothing known"),
        pytest.param(None, [1 / 3] * 3, id="no truth"),
    ],
)
def test_class_balance(y, expected):
    np.testing.assert_allclose(class_balance(y, 3), expected)


def test_inverse_probabilities_of_labeling_correct_the_class_balance():
    balance = class_balance([0] * 50 + [1] * 50, 2, sample_weight=[9.0] * 50 + [1.0] * 50)

    np.testing.assert_allclose(balance, [451 / 502, 51 / 502])


def test_class_balance_of_a_class_outside_is_refused():
    with pytest.raises(SchemaError, match="code 5"):
        class_balance([0, 5], 3)


def test_answers_that_hang_on_the_class_balance_call_for_labels():
    single = matrix([[0, 1], [1, 0]] * 50, 2)  # every row is a tie
    clear = matrix([[0, 0], [1, 1]] * 50, 2)

    tied, settled = (balance_shift(ClassConditional(), each, [0.9, 0.1]) for each in (single, clear))

    assert not settled.needs_ground_truth
    assert settled.changed.value == 0
    assert tied.changed.n == 100
    assert str(settled).endswith("it need not be known better.")


def test_a_shift_needs_a_model_with_a_class_balance():
    with pytest.raises(SchemaError, match="has no class balance"):
        balance_shift(MajorityVote(), matrix([[0, 1]]), [0.5, 0.3, 0.2])
