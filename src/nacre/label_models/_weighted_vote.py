"""Weighted vote: functions that are right more often count more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Self, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from nacre.label_models._checks import Floats
from nacre.label_models._posterior import LogLinear
from nacre.label_models._rows import Block, Rows, distinct_rows, row_blocks
from nacre.labeling import LabelMatrix

_LEAST_OVERLAP = 5
_MARGIN = 1e-9

Indices: TypeAlias = NDArray[np.integer[Any]]
Credit: TypeAlias = Callable[[Block, Indices, Indices, Floats], tuple[Floats, Floats]]


@dataclass(kw_only=True)
class WeightedVote(LogLinear):
    """Weigh the votes of each function by the log-odds of its accuracy.

    The weight of a function of accuracy a is max(.05, log(a (k - 1) / (1 - a))), and probabilities are the softmax of
    the summed weights. With ground truth, a is the share of right votes, shrunk towards .7 by two votes. Without, it
    is the agreement with the majority of the *other* functions, .6 under 5 overlapping votes. A unit without votes
    gets the uniform distribution.

    Attributes:
        accuracies_: The accuracy of each function that its weight is made of, [n_functions].

    Examples:
        >>> from nacre.data import Classes
        >>> dense = [[0, 0, 1], [1, 1, 0], [0, 0, 0], [1, 1, 1], [0, 0, 1]] * 4
        >>> votes = LabelMatrix.from_dense(dense, Classes(("ham", "spam")))
        >>> WeightedVote().fit(votes).accuracies_.round(2)
        array([0.7, 0.7, 0.4])
    """

    kind: ClassVar[str] = "weighted_vote"

    def fit(
        self,
        label_matrix: LabelMatrix,
        y: ArrayLike | pl.Series | None = None,
        *,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        rows = distinct_rows(label_matrix, y, sample_weight)
        has_truth = bool((rows.truth >= 0).any())
        hits, known = _summed(rows, label_matrix, _truth_credit if has_truth else _agreement_credit)
        if has_truth:
            self.accuracies_ = (hits + 2 * 0.7) / (known + 2)
        else:
            self.accuracies_ = np.where(known >= _LEAST_OVERLAP, hits / np.maximum(known, 1), 0.6)
        n_classes = len(label_matrix.classes)
        self.classes_, self.functions_ = label_matrix.classes, label_matrix.functions
        self.log_prior_ = np.full(n_classes, -np.log(n_classes))
        return self

    def vote_weights(self, label_matrix: LabelMatrix) -> Floats:
        places = self._function_places(label_matrix)
        accuracies = np.clip(self.accuracies_, 0.05, 0.98)
        weights = np.maximum(0.05, np.log(accuracies * (len(self.classes_) - 1) / (1 - accuracies)))
        of_symbols: Floats = weights[places][label_matrix.symbol_functions][:, None] * label_matrix.class_shares
        return of_symbols


def _summed(rows: Rows, label_matrix: LabelMatrix, credit: Credit) -> tuple[Floats, Floats]:
    """Return the credit of each function and the votes that it was given for, both weighted."""
    n_functions = len(label_matrix.functions)
    hits, votes = np.zeros(n_functions), np.zeros(n_functions)
    for block in row_blocks(rows):
        row = np.repeat(np.arange(len(block.weight)), np.diff(block.votes.indptr))
        symbol = block.votes.indices
        credits, counted = credit(block, row, symbol, label_matrix.class_shares)
        weight = block.weight[row] * counted
        function = label_matrix.symbol_functions[symbol]
        hits += np.bincount(function, weights=weight * credits, minlength=n_functions)
        votes += np.bincount(function, weights=weight, minlength=n_functions)
    return hits, votes


def _truth_credit(block: Block, row: Indices, symbol: Indices, class_shares: Floats) -> tuple[Floats, Floats]:
    """Credit votes that name the truth; those on units of unknown truth do not count."""
    truth = block.truth[row]
    is_right = class_shares[symbol, np.maximum(truth, 0)] > 0
    return is_right.astype(np.float64), (truth >= 0).astype(np.float64)


def _agreement_credit(block: Block, row: Indices, symbol: Indices, class_shares: Floats) -> tuple[Floats, Floats]:
    """Credit votes that name the majority of the other functions, in part where that is tied."""
    counts = block.votes @ class_shares
    others = counts[row] - class_shares[symbol]
    highest = others.max(axis=1, initial=0)
    is_highest = others >= highest[:, None] - _MARGIN
    agrees = is_highest & (class_shares[symbol] > 0)
    credit: Floats = agrees.sum(axis=1) / is_highest.sum(axis=1)
    return credit, (highest > _MARGIN).astype(np.float64)
