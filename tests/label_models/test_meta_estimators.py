from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nacre.data import MultiLabel, Spans
from nacre.errors import NotFittedError, SchemaError
from nacre.label_models import (
    ClassConditional,
    MajorityVote,
    OneVsRest,
    TokenWise,
    label_model_from_spec,
    load_label_model,
)
from nacre.labeling import LabelMatrix
from planted_votes import matrix, planted_votes

LABELS = MultiLabel(("a", "b", "c"))
ENTITIES = Spans(("drug", "disease"), "text")


def exhaustive(votes):
    """Votes for one label, with the absence of all others asserted."""
    rows, columns = np.nonzero(votes >= 0)
    pairs = [
        (i, f"f{j}", c if c == votes[i, j] else -2 - c) for i, j in zip(rows, columns, strict=True) for c in range(3)
    ]
    rows, functions, codes = zip(*pairs, strict=True)
    frame = pl.DataFrame({"row_id": rows, "function": functions, "vote": codes})
    return [frame.filter(pl.col("vote").is_in([c, -2 - c])) for c in range(3)]


def multi_label_matrix(votes):
    """The union of the votes on each class: a function gives several symbols to one row."""
    parts = [LabelMatrix.from_long(frame, LABELS, row_ids=range(len(votes))) for frame in exhaustive(votes)]
    from scipy.sparse import hstack

    symbols = [symbol for part in parts for symbol in part.symbols]
    order = sorted(
        range(len(symbols)),
        key=lambda s: (parts[0].functions[symbols[s].function], symbols[s].code < 0, abs(symbols[s].code)),
    )
    joined = hstack([part.votes for part in parts]).tocsr()[:, order]
    return replace(parts[0], symbols=tuple(symbols[s] for s in order), votes=joined)


def tokens(votes, lengths):
    units = pl.DataFrame(
        {
            "row_id": np.repeat(np.arange(len(lengths)), lengths),
            "start": [5 * i for length in lengths for i in range(length)],
            "end": [5 * i + 4 for length in lengths for i in range(length)],
        }
    )
    return replace(LabelMatrix.from_dense(votes, ENTITIES), units=units)


def test_exclusive_labels_with_exhaustive_functions_give_the_answers_of_the_classes():
    votes, _, _ = planted_votes(n=400, m=8, coverage=0.9, accuracy=(0.85, 0.95))
    label_matrix = multi_label_matrix(votes)

    each = OneVsRest(model=ClassConditional()).fit(label_matrix).predict_proba(label_matrix)
    together = ClassConditional().fit(matrix(votes)).predict_proba(matrix(votes))

    covered = (votes >= 0).any(axis=1)
    assert np.mean(each.argmax(axis=1)[covered] == together.argmax(axis=1)[covered]) > 0.99


def test_absence_is_only_what_a_function_asserts():
    frame = pl.DataFrame({"row_id": [0, 1, 1], "function": ["f", "f", "g"], "vote": ["a", "not a", "b"]})
    label_matrix = LabelMatrix.from_long(frame, LABELS)

    proba = OneVsRest(model=MajorityVote()).fit(label_matrix).predict_proba(label_matrix)

    np.testing.assert_allclose(proba, [[1, 0.5, 0.5], [0, 1, 0.5]])


def test_each_label_has_its_own_balance_and_truth():
    votes, y, _ = planted_votes(n=200)
    label_matrix = multi_label_matrix(votes)

    given_balance = OneVsRest(model=ClassConditional(), class_balance=(0.6, 0.3, 0.1)).fit(label_matrix)
    counted = OneVsRest(model=ClassConditional()).fit(label_matrix, np.eye(3, dtype=int)[y])

    np.testing.assert_allclose([model.class_balance_[1] for model in given_balance.models_], (0.6, 0.3, 0.1))
    present = np.bincount(y, minlength=3)
    np.testing.assert_allclose([model.class_balance_[1] for model in counted.models_], (present + 1) / 202)


def test_the_o_votes_of_functions_that_look_for_something_else_do_not_outvote_a_label():
    label_matrix = tokens([[1, 0, 0], [0, 0, 0], [-1, -1, 2]], [3])

    proba = TokenWise(model=MajorityVote()).fit(label_matrix).predict_proba(label_matrix)

    np.testing.assert_allclose(proba, [[0, 1, 0], [1, 0, 0], [0, 0, 1]])


def test_spans_are_runs_of_one_label_within_a_document():
    label_matrix = tokens([[1], [1], [2], [0], [-1], [1], [1]], [6, 1])

    spans = TokenWise(model=MajorityVote()).fit(label_matrix).predict_spans(label_matrix)

    assert spans.schema["spans"] == ENTITIES.dtype
    assert spans.to_dicts() == [
        {
            "row_id": 0,
            "spans": [
                {"start": 0, "end": 9, "label": 0},
                {"start": 10, "end": 14, "label": 1},
                {"start": 25, "end": 29, "label": 0},
            ],
        },
        {"row_id": 1, "spans": [{"start": 0, "end": 4, "label": 0}]},
    ]


@settings(max_examples=30, deadline=None)
@given(tags=st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=8), min_size=1, max_size=4))
def test_of_one_function_spans_in_are_spans_out(tags):
    flat = [[tag] for document in tags for tag in document]
    label_matrix = tokens(flat, [len(document) for document in tags])

    found = TokenWise(model=MajorityVote()).fit(label_matrix).predict_spans(label_matrix)

    assert found.get_column("spans").to_list() == [_runs(document) for document in tags]


def test_the_order_of_documents_does_not_matter():
    rng = np.random.default_rng(0)
    votes = rng.integers(-1, 3, size=(60, 4))
    label_matrix = tokens(votes, [20, 20, 20])
    order = np.concatenate([np.arange(40, 60), np.arange(20), np.arange(20, 40)])
    model = TokenWise(model=ClassConditional())

    found = model.fit(label_matrix.where(order)).predict_spans(label_matrix.where(order)).sort("row_id")

    assert found.equals(model.fit(label_matrix).predict_spans(label_matrix))


@pytest.mark.parametrize(
    ("model", "label_matrix"),
    [
        pytest.param(
            OneVsRest(model=ClassConditional(precision=0.9)), multi_label_matrix(planted_votes(n=50)[0]), id="labels"
        ),
        pytest.param(
            TokenWise(model=ClassConditional(precision=0.9)), tokens([[1, 0], [2, 2], [0, -1]], [2, 1]), id="spans"
        ),
    ],
)
def test_a_saved_meta_estimator_gives_the_same(model, label_matrix, tmp_path):
    model.fit(label_matrix).save(tmp_path)

    loaded = load_label_model(tmp_path)

    assert loaded.predict_proba(label_matrix).tobytes() == model.predict_proba(label_matrix).tobytes()
    assert loaded.fingerprint == model.fingerprint
    assert label_model_from_spec(model.spec()).spec() == model.spec()


@pytest.mark.parametrize(
    "model", [OneVsRest(model=MajorityVote()), TokenWise(model=MajorityVote())], ids=lambda m: m.kind
)
def test_other_schemas_are_refused(model):
    with pytest.raises(SchemaError, match="Use its model directly"):
        model.fit(matrix([[0, 1]]))


def test_predicting_before_fitting_is_refused():
    with pytest.raises(NotFittedError):
        OneVsRest(model=MajorityVote()).predict_proba(multi_label_matrix(planted_votes(n=5, coverage=1.0)[0]))
    with pytest.raises(NotFittedError):
        TokenWise(model=MajorityVote()).predict_proba(tokens([[1]], [1]))


def _runs(tags):
    runs = []
    for place, tag in enumerate(tags):
        if tag and place and tags[place - 1] == tag:
            runs[-1]["end"] = 5 * place + 4
        elif tag:
            runs.append({"start": 5 * place, "end": 5 * place + 4, "label": tag - 1})
    return runs
