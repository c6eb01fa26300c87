"""Which classes are taken for which, readable at 77 classes and more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nacre.errors import SchemaError
from nacre.metrics._arrays import check_codes, class_codes
from nacre.metrics._metric import Metric
from nacre.metrics._rates import wilson


class ConfusedPair(NamedTuple):
    """One kind of error: how many data points of one class were taken for another."""

    truth: str
    prediction: str
    n: int
    share: Metric
    """Of the data points of the true class."""


def confusion(y: ArrayLike, prediction: ArrayLike, n_classes: int) -> NDArray[np.int64]:
    """Return how many data points of each class (row) were predicted as each class (column).

    Data points of unknown truth and abstentions (codes below 0) have no cell.

    Examples:
        >>> confusion([0, 0, 1, -1], [0, 1, 1, 1], n_classes=2)
        array([[1, 1],
               [0, 1]])
    """
    truth, answers = class_codes(y, prediction)
    check_codes(truth, n_classes)
    check_codes(answers, n_classes)
    is_answered = answers >= 0
    if not is_answered.all():
        truth, answers = truth[is_answered], answers[is_answered]
    cells = truth.astype(np.int64) * n_classes + answers
    return np.bincount(cells, minlength=n_classes**2).reshape(n_classes, n_classes)


def order_classes(confusion: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return an order of the classes in which those that are confused stand side by side.

    Average linkage on the cosine distance of confusion profiles: shares of the row plus shares of the column. Leaves
    are ordered so that neighbours are alike (Bar-Joseph et al. 2001).

    Examples:
        >>> order = order_classes(np.array([[8, 0, 2, 0], [0, 9, 0, 1], [3, 0, 7, 0], [0, 2, 0, 8]]))
        >>> sorted([sorted(order[:2].tolist()), sorted(order[2:].tolist())])
        [[0, 2], [1, 3]]
    """
    n_classes = len(confusion)
    if confusion.shape != (n_classes, n_classes):
        raise SchemaError(f"A confusion matrix is square; found the shape {confusion.shape}.")
    if n_classes < 3:
        return np.arange(n_classes)

    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    profiles = shares + shares.T
    lengths = np.linalg.norm(profiles, axis=1, keepdims=True)
    directions = np.divide(profiles, lengths, out=np.zeros_like(profiles), where=lengths > 0)
    distances = np.clip(1 - directions @ directions.T, 0, 1)
    np.fill_diagonal(distances, 0)
    tree = linkage(squareform(distances, checks=False), method="average", optimal_ordering=True)
    return np.asarray(leaves_list(tree), dtype=np.int64)


def top_confusions(confusion: NDArray[np.int64], names: Sequence[str], n: int = 10) -> list[ConfusedPair]:
    """Return the `n` most frequent kinds of error, the most frequent first.

    Examples:
        >>> for pair in top_confusions(np.array([[5, 1, 2], [0, 9, 0], [4, 0, 6]]), ["ham", "offer", "spam"], n=2):
        ...     print(pair.truth, "->", pair.prediction, pair.n, "of", pair.share.n)
        spam -> ham 4 of 10
        ham -> spam 2 of 8
    """
    if len(names) != len(confusion):
        raise SchemaError(f"The confusion matrix has {len(confusion)} classes, but there are {len(names)} names.")
    errors = confusion.copy()
    np.fill_diagonal(errors, 0)
    worst_first = np.argsort(-errors, axis=None, kind="stable")[:n]
    rows, columns = np.unravel_index(worst_first, errors.shape)
    totals = confusion.sum(axis=1)
    return [
        ConfusedPair(names[i], names[j], int(errors[i, j]), wilson(int(errors[i, j]), int(totals[i])))
        for i, j in zip(rows.tolist(), columns.tolist(), strict=True)
        if errors[i, j] > 0
    ]
