import hashlib

import numpy as np
import polars as pl
import pytest

from datasets import dataset
from nacre.data import Classes, MultiLabel
from nacre.errors import SchemaError, UnknownNameError
from nacre.models import TextLinear
from nacre.models._logistic import softmax

MAIL = pl.DataFrame({"body": ["free cash", "lunch at noon", "claim cash now", "tea at noon"]})
CODES = [1, 0, 1, 0]
SCHEMA = Classes(("ham", "spam"))


def accuracy(model, data):
    return float((model.predict(data) == data.get_column("label")).mean())


def test_the_terms_of_a_class_are_those_that_speak_for_it():
    model = TextLinear("body").fit(MAIL, CODES, SCHEMA)

    assert model.top_terms("spam", 1).get_column("term").to_list() == ["cash"]
    assert set(model.top_terms("ham", 3).get_column("term")) == {"at", "noon", "at noon"}
    with pytest.raises(UnknownNameError, match="Did you mean `spam`"):
        model.top_terms("spam!")


def test_contributions_and_intercept_are_the_score():
    model = TextLinear("body").fit(MAIL, CODES, SCHEMA)

    scores = np.column_stack(
        [
            model.explain(MAIL, label, n=100)
            .group_by("row", maintain_order=True)
            .agg(pl.col("contribution").sum())["contribution"]
            for label in SCHEMA.names
        ]
    )

    np.testing.assert_allclose(softmax(scores + model.intercept_), model.predict_proba(MAIL))


def test_the_strongest_reasons_come_first():
    model = TextLinear("body").fit(MAIL, CODES, SCHEMA)

    reasons = model.explain(MAIL, n=2)

    assert reasons.group_by("row", maintain_order=True).len().rows() == [(0, 2), (1, 2), (2, 2), (3, 2)]
    assert reasons.row(0, named=True)["term"] == "cash"
    assert reasons.get_column("label").to_list() == ["spam"] * 2 + ["ham"] * 2 + ["spam"] * 2 + ["ham"] * 2


def test_thresholds_decide_what_is_present():
    topics = MultiLabel(("money", "food"))
    truth = np.array([[1, 0], [0, 1], [1, 0], [0, np.nan]])
    model = TextLinear("body").fit(MAIL, truth, topics)

    model.choose_thresholds(MAIL, truth)
    proba = model.predict_proba(MAIL)

    assert (model.thresholds_ < proba[[0, 1], [0, 1]]).all()
    assert (model.thresholds_ > proba[1, 0])[0]
    model.thresholds_ = np.array([0.0, 1.0])
    assert model.predict(MAIL).to_list() == [{"present": [0], "absent": [1]}] * 4


def test_classes_that_exclude_each_other_have_no_thresholds():
    with pytest.raises(SchemaError, match="need no thresholds"):
        TextLinear("body").fit(MAIL, CODES, SCHEMA).choose_thresholds(MAIL, CODES)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        pytest.param([0, 1, 2, 0], "codes 0 to 2", id="a code outside the schema"),
        pytest.param([0, 1, -2, 0], "codes -2 to 1", id="a group of classes"),
        pytest.param([[0.5, 0.2]] * 4, "sum to 1", id="shares that do not sum to 1"),
        pytest.param([[1.5, -0.5]] * 4, "not negative", id="negative shares"),
        pytest.param([[1.0, 0.0, 0.0]] * 4, r"\[n, 2\]", id="too many columns"),
        pytest.param(["spam"] * 4, "whole numbers", id="names"),
        pytest.param([0.0, 1.0, 0.0, 1.0], "whole numbers", id="floats"),
    ],
)
def test_labels_that_do_not_fit_the_schema_are_refused(y, message):
    with pytest.raises(SchemaError, match=message):
        TextLinear("body").fit(MAIL, y, SCHEMA)


def test_rows_of_zeros_or_nan_are_left_out():
    proba = [[0.0, 1.0], [1.0, 0.0], [0.0, 0.0], [np.nan, np.nan]]

    model = TextLinear("body").fit(MAIL, proba, SCHEMA)

    assert model.fingerprint == TextLinear("body").fit(MAIL[:2], [1, 0], SCHEMA).fingerprint


def test_numbers_are_no_text():
    with pytest.raises(SchemaError, match="`TabularLinear` reads numbers"):
        TextLinear("age").fit(pl.DataFrame({"age": [1, 2]}), [0, 1], SCHEMA)


@pytest.mark.slow
def test_spam_is_told_from_ham_as_well_as_published():
    data = pl.read_parquet(dataset("spam_email_spamassassin") / "data.parquet")
    is_test = pl.Series([int(hashlib.md5(uid.encode()).hexdigest(), 16) % 5 == 0 for uid in data.get_column("id")])
    train = data.filter(~is_test)

    model = TextLinear(["subject", "body"]).fit(train, train.get_column("label"), SCHEMA)

    assert accuracy(model, data.filter(is_test)) == pytest.approx(0.9834, abs=0.005)


@pytest.mark.parametrize(
    ("name", "n_classes", "expected"),
    # The tolerance is one standard error of an accuracy on the few rows of test.
    [pytest.param("ws_trec", 6, 0.892, id="trec"), pytest.param("ws_youtube", 2, 0.940, id="youtube")],
)
def test_ground_truth_teaches_what_is_published(name, n_classes, expected):
    train, test = (pl.read_parquet(dataset(name) / f"{split}.parquet") for split in ("train", "test"))

    model = TextLinear("text").fit(train, train.get_column("label"), Classes(tuple(map(str, range(n_classes)))))

    assert accuracy(model, test) == pytest.approx(expected, abs=0.015)
