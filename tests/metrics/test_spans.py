import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nacre.errors import SchemaError
from nacre.metrics import span_metrics, span_metrics_by_label

spans = st.lists(
    st.tuples(st.integers(0, 6), st.integers(1, 3), st.sampled_from(["drug", "disease"])).map(
        lambda drawn: (drawn[0], drawn[0] + drawn[1], drawn[2])
    ),
    max_size=6,
)
documents = st.lists(st.tuples(spans, spans), min_size=1, max_size=8)


def slow_scores(pairs, label=None):
    hits = n_found = n_true = 0
    for true, found in pairs:
        for span in set(found):
            n_found += label in (None, span[2])
            hits += label in (None, span[2]) and any(span == other for other in true)
        n_true += sum(label in (None, span[2]) for span in set(true))
    nan = float("nan")
    return [
        hits / n_found if n_found else nan,
        hits / n_true if n_true else nan,
        2 * hits / (n_found + n_true) if n_found + n_true else nan,
    ]


@settings(deadline=None, max_examples=40)
@given(documents)
def test_scores_equal_the_slow_count(pairs):
    truth, prediction = zip(*pairs, strict=True)

    np.testing.assert_allclose([metric.value for metric in span_metrics(truth, prediction)], slow_scores(pairs))
    for label, metrics in span_metrics_by_label(truth, prediction).items():
        np.testing.assert_allclose([metric.value for metric in metrics], slow_scores(pairs, label))
        assert all(math.isnan(metric.value) or metric.low <= metric.value <= metric.high for metric in metrics)


@pytest.mark.parametrize(
    "found",
    [
        pytest.param((4, 9, "drug"), id="start differs"),
        pytest.param((5, 8, "drug"), id="end differs"),
        pytest.param((5, 9, "disease"), id="label differs"),
        pytest.param((5, 7, "drug"), id="a part of it"),
    ],
)
def test_only_the_very_same_span_is_a_hit(found):
    assert span_metrics([[(5, 9, "drug")]], [[found]]).f1.value == 0


def test_adjacent_spans_are_two_and_not_one():
    precision, recall, _ = span_metrics([[(0, 4, "drug"), (4, 9, "drug")]], [[(0, 9, "drug"), (4, 9, "drug")]])

    assert (precision.value, recall.value) == (0.5, 0.5)


def test_documents_of_unknown_truth_are_left_out():
    truth, prediction = [[(0, 3, 0)], None, []], [[(0, 3, 0)], [(0, 3, 0), (5, 8, 0)], []]

    assert [(metric.value, metric.n) for metric in span_metrics(truth, prediction)] == [(1, 1)] * 3


def test_spans_of_other_documents_are_refused():
    with pytest.raises(SchemaError, match="found 1 documents with truth and 2 with predictions"):
        span_metrics([[]], [[], []])


def test_no_documents_give_no_value():
    assert all(math.isnan(metric.value) and metric.n == 0 for metric in span_metrics([None], [[]]))
    assert span_metrics_by_label([], []) == {}


def test_recall_covers_the_truth_when_the_spans_of_a_document_share_their_fate():
    rng = np.random.default_rng(10)
    covered = []
    for _ in range(200):
        sizes, chances = rng.integers(1, 12, 80), rng.beta(3, 1, 80)  # mean .75
        truth = [[(i, i + 1, 0) for i in range(size)] for size in sizes]
        prediction = [
            [span for span in true if rng.random() < chance] for true, chance in zip(truth, chances, strict=True)
        ]
        recall = span_metrics(truth, prediction).recall
        covered.append(recall.low <= 0.75 <= recall.high)

    assert abs(np.mean(covered) - 0.95) <= 0.046
