"""Strict metrics of spans: a span is found when start, end and label all agree.

Truth and prediction hold the spans `(start, end, label)` of each document; a document of unknown truth is None and left
out. A span given twice counts once. Intervals resample documents, because the spans of one document share their fate.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from nacre.errors import SchemaError
from nacre.metrics._arrays import Floats, ratios
from nacre.metrics._bootstrap import bootstrap
from nacre.metrics._classification import ClassMetrics, f1_scores
from nacre.metrics._metric import rate
from nacre.metrics._rates import wilson

Label = TypeVar("Label", bound=Hashable)
Span: TypeAlias = tuple[int, int, Label]
Document: TypeAlias = tuple[set[Span[Label]], set[Span[Label]]]


def span_metrics(
    truth: Sequence[Iterable[Span[Label]] | None], prediction: Sequence[Iterable[Span[Label]]]
) -> ClassMetrics:
    """Return precision, recall and F1 over all spans.

    `precision.n` counts the predicted spans, `recall.n` and `f1.n` those of the truth.

    Examples:
        >>> truth = [[(0, 7, "drug"), (12, 20, "disease")], [(3, 9, "drug")]]
        >>> print(span_metrics(truth, [[(0, 7, "drug"), (12, 19, "disease")], [(3, 9, "drug")]]).recall)
        .67 [.50-1.00] n=3 too few
    """
    return _metrics([_counts(*document) for document in _documents(truth, prediction)])


def span_metrics_by_label(
    truth: Sequence[Iterable[Span[Label]] | None], prediction: Sequence[Iterable[Span[Label]]]
) -> dict[Label, ClassMetrics]:
    """Return precision, recall and F1 of every label that occurs or is predicted.

    Examples:
        >>> truth = [[(0, 7, "drug"), (12, 20, "disease")], []]
        >>> by_label = span_metrics_by_label(truth, [[(0, 7, "drug"), (12, 19, "disease")], [(3, 5, "drug")]])
        >>> {label: round(metrics.f1.value, 2) for label, metrics in by_label.items()}
        {'disease': 0.0, 'drug': 0.67}
    """
    documents = _documents(truth, prediction)
    labels = {label for true, found in documents for _, _, label in true | found}
    return {
        label: _metrics([_counts(_of_label(true, label), _of_label(found, label)) for true, found in documents])
        for label in sorted(labels, key=str)
    }


def _documents(
    truth: Sequence[Iterable[Span[Label]] | None], prediction: Sequence[Iterable[Span[Label]]]
) -> list[Document[Label]]:
    if len(truth) != len(prediction):
        raise SchemaError(
            f"There is one list of spans per document; found {len(truth)} documents with truth and {len(prediction)} "
            "with predictions."
        )
    return [
        ({(start, end, label) for start, end, label in true}, {(start, end, label) for start, end, label in found})
        for true, found in zip(truth, prediction, strict=True)
        if true is not None
    ]


def _of_label(spans: set[Span[Label]], label: Label) -> set[Span[Label]]:
    return {span for span in spans if span[2] == label}


def _counts(true: set[Span[Label]], found: set[Span[Label]]) -> tuple[int, int, int]:
    return len(true & found), len(found), len(true)


def _metrics(counts: ArrayLike) -> ClassMetrics:
    """Return the metrics of counts of hits, predicted and true spans, one row per document."""
    units = np.asarray(counts, dtype=np.float64).reshape(-1, 3)
    if not len(units):
        return ClassMetrics(wilson(0, 0), wilson(0, 0), wilson(0, 0))
    _, n_predicted, n_true = map(int, units.sum(axis=0))
    precision, recall, f1 = zip(*bootstrap(units, _precision_recall_f1), strict=True)
    return ClassMetrics(rate(precision, n=n_predicted), rate(recall, n=n_true), rate(f1, n=n_true))


def _precision_recall_f1(totals: Floats) -> Floats:
    hits, predicted, actual = totals.T
    return np.column_stack([ratios(hits, predicted), ratios(hits, actual), f1_scores(hits, predicted, actual)])
