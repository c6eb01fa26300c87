import polars as pl
import pytest

from nacre.errors import SchemaError
from nacre.evaluation import Criterion, ExpertLabels, split_labels

POLITE = Criterion("polite")


def experts(n, order=1):
    rows = pl.DataFrame({"row_id": range(n), "score": ["pass" if row % 4 else "fail" for row in range(n)]})
    return ExpertLabels.from_frame(rows[::order], [POLITE])


def test_up_to_150_labels_every_label_reports_once():
    split = split_labels(experts(150), "polite")

    parts = list(split.parts())
    assert split.is_cross_fitted
    assert sorted(row for _, held_out in parts for row in held_out) == list(range(150))
    assert all(set(train).isdisjoint(held_out) and len(train) + len(held_out) == 150 for train, held_out in parts)


def test_above_150_labels_two_in_five_report():
    split = split_labels(experts(151), "polite")

    ((train, held_out),) = split.parts()
    assert (len(train), len(held_out)) == (91, 60)
    assert set(split.held_out) == set(held_out)
    assert set(train).isdisjoint(held_out)


@pytest.mark.parametrize("n", [100, 400])
def test_every_part_has_its_share_of_labels_and_slices(n):
    members = pl.DataFrame({"row_id": range(n), "spanish": [row % 10 < 3 for row in range(n)]})

    split = split_labels(experts(n), "polite", members=members)

    parts = split.frame.join(members, on="row_id").with_columns(fails=pl.col("row_id") % 4 == 0)
    shares = parts.group_by("fold").agg(pl.col("spanish", "fails").mean())
    assert shares["spanish"].is_between(0.2, 0.4).all()
    assert shares["fails"].is_between(0.15, 0.35).all()


def test_the_order_of_rows_does_not_change_the_split_but_the_seed_does():
    split = split_labels(experts(200), "polite")

    assert split_labels(experts(200, order=-1), "polite").fingerprint == split.fingerprint
    assert split_labels(experts(200), "polite", random_state=1).fingerprint != split.fingerprint


def test_responses_to_one_prompt_stay_together():
    responses = pl.DataFrame({"row_id": range(200), "prompt_id": [str(row // 4) for row in range(200)]})

    split = split_labels(experts(200), "polite", responses=responses)

    folds = split.frame.join(responses, on="row_id").group_by("prompt_id").agg(pl.col("fold").n_unique())
    assert folds["fold"].max() == 1
    assert split.is_cross_fitted  # 50 prompts are 50 labels


def test_one_label_cannot_be_split():
    with pytest.raises(SchemaError, match="Label more"):
        split_labels(experts(1), "polite")


def test_labels_of_responses_that_are_not_given_are_refused():
    labelled = experts(400)
    responses = pl.DataFrame({"row_id": range(100), "prompt_id": [str(row) for row in range(100)]})

    with pytest.raises(SchemaError, match="300 of 400 labelled responses are not among"):
        split_labels(labelled, "polite", responses=responses)
    assert len(split_labels(labelled.where(responses["row_id"]), "polite", responses=responses).frame) == 100
