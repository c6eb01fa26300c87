import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nacre.analysis import CAUSES, Outcomes, cause_codes, error_causes
from nacre.data import Classes
from nacre.errors import SchemaError
from nacre.label_models import ClassConditional, MajorityVote, OneVsRest, TokenWise
from nacre.labeling import LabelMatrix

SCHEMA = Classes(("a", "b", "c"), groups=(("not a", ("b", "c")),))


@st.composite
def any_outcomes(draw):
    n, m = draw(st.integers(0, 12)), draw(st.integers(0, 4))
    dense = draw(arrays(np.int16, (n, m), elements=st.sampled_from([-2, -1, 0, 1, 2])))
    truth = draw(arrays(np.int16, n, elements=st.integers(-1, 2)))
    probas = [draw(arrays(np.float64, (n, 3), elements=st.sampled_from([0.0, 0.1, 0.5, 0.9]))) + 0.01 for _ in range(2)]
    label, end = (proba / proba.sum(axis=1, keepdims=True) for proba in probas)
    return Outcomes.of(LabelMatrix.from_dense(dense, SCHEMA), truth, label_proba=label, proba=end)


def slow_cause(outcomes, unit):
    """The cause of one error, read off its definition."""
    truth, claimed = outcomes.truth[unit], outcomes.prediction[unit]
    votes = [0.0] * 3
    for function in outcomes.label_matrix.to_dense()[unit]:
        for c, share in enumerate(SCHEMA.shares(int(function)) if function != -1 else [0, 0, 0]):
            votes[c] += share

    def claims(u):
        sure = True
        for proba in (outcomes.proba, outcomes.label_proba):
            c = outcomes.prediction[u]
            own = [proba[v, c] for v in range(outcomes.n_units) if outcomes.truth[v] == c]
            known = [proba[v, outcomes.truth[v]] for v in range(outcomes.n_units) if outcomes.truth[v] >= 0]
            sure &= bool(proba[u, c] >= np.mean(own or known) - 1e-12)
        has_votes = (outcomes.label_matrix.to_dense()[u] != -1).any()
        return sure and has_votes and outcomes.truth[u] >= 0 and outcomes.label_prediction[u] == outcomes.prediction[u]

    alike = [u for u in range(outcomes.n_units) if outcomes.prediction[u] == claimed and claims(u)]
    right = [u for u in alike if outcomes.truth[u] == claimed]
    if unit in alike and len(right) >= 0.8 * len(alike) and votes[claimed] >= 2 and votes[truth] == 0:
        return "doubtful_truth"
    if not any(votes):
        return "no_votes"
    if outcomes.label_prediction[unit] == truth:
        return "end_model"
    return "wrong_votes" if votes[truth] < max(votes) - 1e-9 else "label_model"


@given(any_outcomes())
def test_causes_partition_the_errors(outcomes):
    causes = error_causes(outcomes)

    assert sum(cause.n for cause in causes.causes) == causes.n_errors == outcomes.is_error.sum()
    assert sorted(causes.rows["row_id"].to_list()) == np.flatnonzero(outcomes.is_error).tolist()
    assert tuple(cause.name for cause in causes.causes) == CAUSES


@given(any_outcomes())
def test_causes_agree_with_their_definition(outcomes):
    codes = cause_codes(outcomes)

    for unit in range(outcomes.n_units):
        expected = slow_cause(outcomes, unit) if outcomes.is_error[unit] else None
        assert (CAUSES[codes[unit]] if codes[unit] >= 0 else None) == expected


@given(any_outcomes())
def test_causes_are_json(outcomes):
    text = json.dumps(error_causes(outcomes).to_dict(), allow_nan=False)

    assert json.loads(text)["n_errors"] == outcomes.is_error.sum()


def test_a_planted_wrong_function_is_named_as_responsible(make_votes, make_outcomes):
    dense, truth = make_votes(n=2000, coverage=0.4)
    dense[:300] = -1
    dense[:300, 0] = (truth[:300] + 1) % 3
    dense[:150, 1] = truth[:150]
    names = ["broken", "good_1", "good_2", "good_3", "good_4"]
    outcomes, model = make_outcomes(dense, truth, functions=names)

    responsible = error_causes(outcomes, model=model)["wrong_votes"].functions

    assert responsible["function"][0] == "broken"
    first = responsible.row(0, named=True)
    assert first["n_wrong"] > 50
    assert first["low"] < first["accuracy"] < first["high"]
    assert first["fixed"] > first["broken"]


def test_planted_errors_of_the_truth_are_found(make_votes, make_outcomes):
    dense, truth = make_votes(n=3000, accuracies=(0.95,) * 5, coverage=0.8)
    claimed = truth.copy()
    claimed[::20] = (truth[::20] + 1) % 3
    outcomes, _ = make_outcomes(dense, claimed)

    doubted = error_causes(outcomes)["doubtful_truth"].rows["row_id"].to_numpy()

    assert np.isin(doubted, np.arange(0, 3000, 20)).mean() > 0.9
    assert len(doubted) > 75


def test_neighbours_that_share_the_truth_speak_against_doubt(make_votes, make_outcomes):
    dense, truth = make_votes(n=600, accuracies=(0.95,) * 5, coverage=0.8)
    claimed = truth.copy()
    claimed[::20] = (truth[::20] + 1) % 3
    outcomes, _ = make_outcomes(dense, claimed)

    like_the_truth = error_causes(outcomes, vectors=np.eye(3)[truth] + 0.01)["doubtful_truth"]
    like_the_claim = error_causes(outcomes, vectors=np.eye(3)[claimed] + 0.01)["doubtful_truth"]

    assert like_the_truth.n > 15
    assert like_the_claim.n == 0


def test_vectors_of_other_units_are_refused(planted):
    with pytest.raises(SchemaError, match="expected a row for each of 3000 units"):
        error_causes(planted[2], vectors=np.eye(3))


def test_doubts_need_models_that_are_mostly_right(make_outcomes):
    dense = np.array([[1, 1]] * 60, dtype=np.int16)
    truth = np.array([0, 1, 1] * 20, dtype=np.int16)
    outcomes, _ = make_outcomes(dense, truth, schema=Classes(("ham", "spam")))

    causes = error_causes(outcomes)

    assert (causes["doubtful_truth"].n, causes["wrong_votes"].n) == (0, 20)


def test_the_label_model_counts_its_conflicts(make_outcomes):
    votes = LabelMatrix.from_dense([[0, 1], [0, -1]] * 10, Classes(("ham", "spam")))
    wrong = np.array([[0.1, 0.9]] * 20)

    causes = error_causes(Outcomes.of(votes, [0] * 20, label_proba=wrong, proba=wrong))

    assert causes["label_model"].n == 20
    assert causes["label_model"].note == "10 in conflict"
    assert "10 in conflict" in str(causes)


def test_rows_tell_the_votes_and_how_sure_both_models_are(planted):
    causes = error_causes(planted[2])
    row = causes["wrong_votes"].rows.row(0, named=True)

    assert row["truth"] != row["prediction"]
    assert {vote["vote"] for vote in row["votes"]} <= {"ham", "offer", "spam"}
    assert causes["wrong_votes"].rows["confidence"].is_sorted(descending=True)


def test_no_votes_name_the_gain_of_covering(make_votes, make_outcomes):
    dense, truth = make_votes(n=1000)
    dense[:300] = -1
    outcomes, _ = make_outcomes(dense, truth)

    cause = error_causes(outcomes)["no_votes"]

    assert (
        cause.n
        == (truth[:300] != outcomes.prediction[:300]).sum()
        + outcomes.is_error[300:][(dense[300:] == -1).all(axis=1)].sum()
    )
    assert 0 < cause.expected_gain <= cause.n / 1000
    assert cause.minutes > 0


def test_causes_are_ranked_by_gain_per_minute(planted):
    ranked = error_causes(planted[2]).ranked

    gains = [cause.gain_per_minute for cause in ranked]
    assert gains == sorted(gains, reverse=True)
    assert all(cause.n for cause in ranked)


def test_multi_label_errors_are_pairs_of_row_and_label(multi_label_votes):
    matrix, truth = multi_label_votes
    model = OneVsRest(model=ClassConditional()).fit(matrix)
    proba = model.predict_proba(matrix)

    causes = error_causes(Outcomes.of(matrix, truth, label_proba=proba, proba=proba), model=model)

    assert causes.n_units == 800
    assert causes.n_errors == ((proba > 0.5) != truth).sum()
    assert sum(cause.n for cause in causes.causes) == causes.n_errors
    assert set(causes.rows["truth"]) <= {"politics", "not politics", "sport", "not sport"}
    of_sport = causes["wrong_votes"].rows.filter(pl.col("label") == "sport")
    assert all(vote["function"].startswith("sport") for votes in of_sport["votes"] for vote in votes)


def test_token_errors_go_through_the_same_causes(token_votes):
    matrix, truth = token_votes
    model = TokenWise(model=MajorityVote()).fit(matrix)
    proba = model.predict_proba(matrix)

    causes = error_causes(Outcomes.of(matrix, truth, label_proba=proba, proba=proba), model=model)

    assert causes.n_units == 800
    assert sum(cause.n for cause in causes.causes) == causes.n_errors > 0
    assert {"row_id", "start", "end"} <= set(causes.rows.columns)
