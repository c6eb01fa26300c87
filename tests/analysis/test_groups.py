import json

import numpy as np
import polars as pl
import pytest

from nacre.analysis import Outcomes, error_groups
from nacre.data import Classes
from nacre.errors import SchemaError, UnknownFieldError
from nacre.functions import Expression, Keyword
from nacre.labeling import LabelMatrix

WORDS = "account bank card hello help limit money need please today transfer when where with"


def mails(n=800, seed=0):
    """Random texts, of which some mention a refund and that something was not received."""
    rng = np.random.default_rng(seed)
    texts = [" ".join(rng.choice(WORDS.split(), length)) for length in rng.integers(6, 16, n)]
    has_refund, is_missing = rng.random(n) < 0.2, rng.random(n) < 0.25
    texts = [
        f"{text}{' refund' if refund else ''}{' not received' if missing else ''}"
        for text, refund, missing in zip(texts, has_refund, is_missing, strict=True)
    ]
    frame = pl.DataFrame({"row_id": range(n), "text": texts, "has_html": rng.random(n) < 0.3})
    return frame, has_refund & is_missing


def outcomes_with_errors(is_error, truth=None):
    truth = np.zeros(len(is_error), dtype=np.int16) if truth is None else truth
    proba = np.where(is_error[:, None], np.eye(2)[1 - truth], np.eye(2)[truth])
    votes = LabelMatrix.from_dense(np.full((len(is_error), 1), -1), Classes(("ham", "spam")))
    return Outcomes.of(votes, truth, label_proba=np.full((len(is_error), 2), 0.5), proba=proba)


def test_a_planted_group_of_two_terms_is_found_and_named():
    data, is_planted = mails()
    noise = np.random.default_rng(1).random(len(data)) < 0.03
    outcomes = outcomes_with_errors(is_planted | noise)

    groups = [group for group in error_groups(outcomes, data, ["text", "has_html"]) if group.kind == "condition"]

    (group,) = groups
    assert set(group.name.split(" + ")) == {'"refund"', '"not received"'} or set(group.name.split(" + ")) <= {
        '"refund"', '"received"', '"not"', '"not received"',
    }  # fmt: skip
    assert group.n == group.n_errors == is_planted.sum()
    assert group.rate.low > 0.8 > 0.1 > group.rest.high
    assert group.lift.low > 0.5
    assert sorted(group.rows["row_id"].to_list()) == np.flatnonzero(is_planted).tolist()


def test_the_condition_of_a_group_finds_its_rows():
    data, is_planted = mails()
    (group,) = [
        group for group in error_groups(outcomes_with_errors(is_planted), data, ["text"]) if group.kind == "condition"
    ]

    assert group.when is not None
    assert data.filter(group.when.expr()).height == group.n


@pytest.mark.parametrize(
    ("planted", "expected"),
    [
        (lambda data: data["has_html"].to_numpy(), "has_html is TRUE"),
        (lambda data: (data["text"].str.len_chars() < 45).to_numpy(), "text under"),
        (lambda data: (data["language"] == "es").fill_null(False).to_numpy(), "language = 'es'"),
        (lambda data: data["language"].is_null().to_numpy(), "language is missing"),
    ],
    ids=["boolean", "length", "value", "missing"],
)
def test_groups_are_named_by_fields_too(planted, expected):
    data, _ = mails()
    languages = np.random.default_rng(2).choice(["en", "es", "de", None], len(data), p=[0.5, 0.2, 0.2, 0.1])
    data = data.with_columns(pl.Series("language", languages.tolist(), dtype=pl.String))
    rng = np.random.default_rng(3)
    is_error = np.where(planted(data), rng.random(len(data)) < 0.7, rng.random(len(data)) < 0.05)

    groups = error_groups(outcomes_with_errors(is_error), data, ["text", "has_html", "language"])

    names = [group.name for group in groups if group.kind == "condition"]
    assert any(expected in name for name in names)


def test_errors_at_random_make_no_group():
    n_found = 0
    for seed in range(20):
        data, _ = mails(seed=seed, n=400)
        is_error = np.random.default_rng(seed).random(len(data)) < 0.2
        groups = error_groups(outcomes_with_errors(is_error), data, ["text", "has_html"])
        n_found += any(group.kind == "condition" for group in groups)

    assert n_found <= 3


def test_pairs_of_classes_are_counted_with_their_words():
    data, is_planted = mails()
    truth = (np.random.default_rng(4).random(len(data)) < 0.5).astype(np.int16)

    groups = error_groups(outcomes_with_errors(is_planted, truth), data, ["text"])

    pairs = {group.name: group for group in groups if group.kind == "pair"}
    assert set(pairs) == {"ham -> spam", "spam -> ham"}
    group = pairs["spam -> ham"]
    assert group.n == truth.sum()
    assert group.n_errors == (is_planted & (truth == 1)).sum()
    assert '"refund"' in group.terms


def test_groups_are_json():
    data, is_planted = mails()

    groups = error_groups(outcomes_with_errors(is_planted), data, ["text"])

    assert json.loads(json.dumps([group.to_dict() for group in groups], allow_nan=False))[0]["n_errors"] > 0


def test_pairs_of_a_multi_label_schema_name_the_label(multi_label_votes):
    matrix, truth = multi_label_votes
    proba = np.where(truth == 1, 0.9, 0.1)
    proba[:40, 1] = 1 - proba[:40, 1]
    data = pl.DataFrame({"row_id": range(400), "text": ["words"] * 400})

    groups = error_groups(Outcomes.of(matrix, truth, label_proba=proba, proba=proba), data, ["text"])

    assert {group.name for group in groups} == {"sport -> not sport", "not sport -> sport"}
    assert sum(group.n for group in groups) == 400


def test_other_rows_and_unknown_fields_are_refused():
    data, is_planted = mails()
    outcomes = outcomes_with_errors(is_planted)

    with pytest.raises(SchemaError, match="lacks row 799"):
        error_groups(outcomes, data.head(799), ["text"])
    with pytest.raises(UnknownFieldError, match="no field `body`"):
        error_groups(outcomes, data, ["body"])


def test_conditions_are_ready_for_rules_and_slices():
    data, is_planted = mails()
    (group,) = [
        group for group in error_groups(outcomes_with_errors(is_planted), data, ["text"]) if group.kind == "condition"
    ]

    parts = getattr(group.when, "conditions", (group.when,))
    assert all(isinstance(part, Keyword | Expression) for part in parts)
    assert group.label == "ham"
