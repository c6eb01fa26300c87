import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets import dataset
from nacre.data import Classes, Spans
from nacre.errors import SchemaError
from nacre.metrics import span_metrics
from nacre.models import TokenTagger
from nacre.models._token_tagger import _runs, _token_classes

SCHEMA = Spans(("drug", "illness"), "text")


def token_frame(lengths):
    """Tokens of width 4 with a gap of 1, `lengths[row]` of them in each text."""
    places = [(row, 5 * i, 5 * i + 4) for row, length in enumerate(lengths) for i in range(length)]
    return pl.DataFrame(places, schema={"row": pl.UInt32, "start": pl.UInt32, "end": pl.UInt32}, orient="row")


def spans_of(runs, n_texts):
    spans = [[] for _ in range(n_texts)]
    for run in runs.iter_rows(named=True):
        spans[run["row"]].append({name: run[name] for name in ("start", "end", "label")})
    return pl.Series(spans, dtype=Spans.dtype)


@given(st.lists(st.lists(st.integers(0, 2), max_size=6), min_size=1, max_size=5))
def test_classes_to_spans_to_classes_is_the_identity(classes):
    tokens = token_frame([len(row) for row in classes])
    flat = np.array([code for row in classes for code in row], dtype=np.int64)

    spans = spans_of(_runs(tokens, flat), len(classes))

    np.testing.assert_array_equal(_token_classes(spans, tokens, len(classes)), flat)


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        pytest.param((5, 9), [0, 1, 0], id="a token"),
        pytest.param((6, 8), [0, 1, 0], id="inside a token"),
        pytest.param((3, 6), [1, 1, 0], id="parts of two"),
        pytest.param((4, 5), [0, 0, 0], id="the gap between"),
        pytest.param((0, 99), [1, 1, 1], id="beyond the end"),
    ],
)
def test_a_span_covers_the_tokens_it_touches(span, expected):
    spans = pl.Series([[{"start": span[0], "end": span[1], "label": 0}]], dtype=Spans.dtype)

    assert _token_classes(spans, token_frame([3]), 1).tolist() == expected


def test_a_null_says_nothing_and_an_empty_list_says_nothing_here():
    spans = pl.Series([None, []], dtype=Spans.dtype)

    assert _token_classes(spans, token_frame([2, 2]), 2).tolist() == [-1, -1, 0, 0]


def test_a_run_ends_with_its_text():
    runs = _runs(token_frame([2, 1]), np.array([0, 1, 1]))

    assert runs.select("row", "start", "end").rows() == [(0, 5, 9), (1, 0, 4)]


def test_a_schema_of_other_fields_is_refused():
    data = pl.DataFrame({"text": ["a"], "text@words": [[{"start": 0, "end": 1}]]})

    for schema in (Spans(("drug",), "body"), Classes(("ham", "spam"))):
        with pytest.raises(SchemaError, match="learns spans of these fields"):
            TokenTagger("text").fit(data, pl.Series([[]], dtype=Spans.dtype), schema)


def test_tokens_out_of_order_are_refused():
    data = pl.DataFrame({"text": ["ab cd"], "text@words": [[{"start": 3, "end": 5}, {"start": 0, "end": 2}]]})

    with pytest.raises(SchemaError, match="in the order of the text"):
        TokenTagger("text").fit(data, pl.Series([[]], dtype=Spans.dtype), SCHEMA)


def load_tagged(path, names):
    """Return texts with tokens, and the true spans."""
    texts, tokens, spans = [], [], []
    for row in pl.read_parquet(path).iter_rows(named=True):
        ends = np.cumsum([len(token) + 1 for token in row["tokens"]]) - 1
        places = [{"start": end - len(token), "end": end} for token, end in zip(row["tokens"], ends, strict=True)]
        found = []
        for tag, place in zip(row["tags"], places, strict=True):
            if tag.startswith("B-"):
                found.append({**place, "label": names.index(tag[2:])})
            elif tag.startswith("I-"):
                found[-1]["end"] = place["end"]
        texts.append(" ".join(row["tokens"]))
        tokens.append(places)
        spans.append(found)
    data = pl.DataFrame({"text": texts, "text@words": tokens})
    return data, pl.Series(spans, dtype=Spans.dtype)


def triples(spans):
    return [[tuple(span.values()) for span in row] for row in spans.to_list()]


@pytest.mark.slow
def test_real_spans_are_found():
    folder = dataset("seq_ncbi_disease")
    names = tuple(json.loads((folder / "meta.json").read_text(encoding="utf-8"))["entity_types"])
    train, truth = load_tagged(folder / "train.parquet", names)
    test, expected = load_tagged(folder / "test.parquet", names)

    predicted = TokenTagger("text").fit(train, truth, Spans(names, "text")).predict(test)

    f1 = span_metrics(triples(expected), triples(predicted)).f1
    assert f1.value > 0.68  # measured: .73
