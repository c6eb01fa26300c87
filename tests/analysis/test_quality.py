import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from nacre.analysis import Outcomes, error_causes, quality
from nacre.data import Dataset
from nacre.functions import Expression, Keyword, Slice
from nacre.label_models import MajorityVote, OneVsRest, TokenWise
from nacre.labeling import slice_members
from nacre.metrics import wilson


def test_every_slice_shows_the_label_model_beside_majority_vote(planted):
    dense, truth, outcomes, _ = planted
    members = pl.DataFrame({"row_id": range(3000), "first": np.arange(3000) < 500})

    everything, first = quality(outcomes, members).slices

    assert (everything.slice, first.slice, first.n) == ("all", "first", 500)
    covered = (dense >= 0).any(axis=1)
    assert everything.coverage.value == pytest.approx(covered.mean())
    assert everything.end_model.value == pytest.approx((outcomes.prediction == truth).mean())
    assert everything.label_model_covered.value == pytest.approx((outcomes.prediction == truth)[covered].mean())
    assert everything.label_model.value == pytest.approx(
        everything.label_model_covered.value * covered.mean() + (1 - covered.mean()) / 3
    )
    assert everything.label_model.value > everything.majority_vote.value


def test_unknown_truth_is_left_out(planted):
    dense, truth, _, model = planted
    from nacre.analysis import Outcomes
    from nacre.data import Classes
    from nacre.labeling import LabelMatrix

    votes = LabelMatrix.from_dense(dense, Classes(("ham", "offer", "spam")))
    q = model.predict_proba(votes)
    partly = np.where(np.arange(3000) < 100, truth, -1)

    (line,) = quality(Outcomes.of(votes, partly, label_proba=q, proba=q)).slices

    assert line.n == line.end_model.n == line.end_model_f1.n == 100


def test_an_empty_slice_has_no_value(planted):
    members = pl.DataFrame({"row_id": range(3000), "nothing": [False] * 3000})

    table = quality(planted[2], members)

    assert np.isnan(table.slices[1].end_model.value)
    assert json.loads(json.dumps(table.to_dict(), allow_nan=False))["slices"][1]["end_model"]["value"] is None
    assert table.frame()["slice"].to_list() == ["all", "nothing"]


def test_multi_label_quality_has_a_line_for_each_label(multi_label_votes):
    matrix, truth = multi_label_votes
    proba = OneVsRest(model=MajorityVote()).fit(matrix).predict_proba(matrix)

    table = quality(Outcomes.of(matrix, truth, label_proba=proba, proba=proba))

    assert [line.slice for line in table.slices] == ["all", "label politics", "label sport"]
    assert [line.n for line in table.slices] == [800, 400, 400]
    assert table.f1 == "F1 of present labels"


def test_token_quality_ignores_right_outside_tokens_in_f1(token_votes):
    matrix, truth = token_votes
    proba = TokenWise(model=MajorityVote()).fit(matrix).predict_proba(matrix)
    outcomes = Outcomes.of(matrix, truth, label_proba=proba, proba=proba)

    (line,) = quality(outcomes).slices

    hits = ((outcomes.prediction == truth) & (truth > 0)).sum()
    assert line.end_model_f1.value == pytest.approx(2 * hits / ((outcomes.prediction > 0).sum() + (truth > 0).sum()))
    assert line.end_model_f1.value < line.end_model.value


def test_members_of_slices_come_from_their_conditions():
    mail = Dataset.from_frame(pl.DataFrame({"body": ["free cash", "lunch", None], "has_html": [True, None, False]}))
    slices = [Slice("cash", Keyword("body", ("cash",))), Slice("plain", ~Expression("has_html"))]

    members = slice_members(slices, mail)

    assert members.to_dict(as_series=False) == {
        "row_id": [0, 1, 2],
        "cash": [True, False, False],
        "plain": [False, True, True],
    }


def test_tokens_of_a_text_do_not_count_as_independent(token_votes):
    matrix, truth = token_votes
    proba = TokenWise(model=MajorityVote()).fit(matrix).predict_proba(matrix)
    difficult = np.repeat(np.random.default_rng(0).random(100) < 0.3, 8)
    alike = Outcomes.of(matrix, truth, label_proba=proba, proba=proba, prediction=np.where(difficult, 2 - truth, truth))

    (line,) = quality(alike).slices
    causes = error_causes(alike)

    metrics = (line.coverage, line.majority_vote, line.label_model, line.end_model)
    assert (line.n, {metric.n for metric in metrics}) == (800, {100})
    naive = wilson(line.end_model.value * 800, 800)
    assert line.end_model.high - line.end_model.low > 2 * (naive.high - naive.low)
    assert all(cause.share.n == difficult.sum() / 8 for cause in causes.causes)
    assert sum(cause.share.value for cause in causes.causes) == pytest.approx(1)


def test_clustered_and_plain_quality_agree_on_values(token_votes):
    matrix, truth = token_votes
    proba = TokenWise(model=MajorityVote()).fit(matrix).predict_proba(matrix)
    tokens = Outcomes.of(matrix, truth, label_proba=proba, proba=proba)
    points = replace(tokens, label_matrix=replace(tokens.label_matrix, units=pl.DataFrame({"row_id": range(800)})))

    (clustered,), (plain,) = quality(tokens).slices, quality(points).slices

    for name in (
        "coverage",
        "majority_vote",
        "label_model",
        "majority_vote_covered",
        "label_model_covered",
        "end_model",
    ):
        assert getattr(clustered, name).value == pytest.approx(getattr(plain, name).value)


def test_a_few_texts_are_too_few_however_many_tokens(token_votes):
    matrix, truth = token_votes
    proba = TokenWise(model=MajorityVote()).fit(matrix).predict_proba(matrix)
    members = pl.DataFrame({"row_id": range(100), "ten": np.arange(100) < 10})

    ten = quality(Outcomes.of(matrix, truth, label_proba=proba, proba=proba), members).slices[1]

    assert (ten.n, ten.end_model.n, ten.end_model.is_too_few) == (80, 10, True)
