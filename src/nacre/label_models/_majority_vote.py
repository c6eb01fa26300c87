"""Majority vote: the baseline that every label model is shown beside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from nacre.label_models._checks import Floats, check_votes, checked_truth, checked_weight
from nacre.label_models._posterior import shares
from nacre.label_models._rows import blocks
from nacre.label_models._stored import StoredLabelModel
from nacre.labeling import LabelMatrix


@dataclass(kw_only=True)
class MajorityVote(StoredLabelModel):
    """Give each class the share of the votes that it received.

    A vote for a group of classes is shared by its classes. A unit without votes gets the uniform distribution. Ties
    stay ties: `metrics.predict` breaks them. Nothing is learned, from ground truth neither.

    Attributes:
        classes_: Names of the classes seen during `fit`.

    Examples:
        >>> from nacre.data import Classes
        >>> votes = LabelMatrix.from_dense([[0, 0, 1], [1, -1, 1], [-1, -1, -1]], Classes(("ham", "spam")))
        >>> MajorityVote().fit(votes).predict_proba(votes).round(2)
        array([[0.67, 0.33],
               [0.  , 1.  ],
               [0.5 , 0.5 ]])
    """

    kind: ClassVar[str] = "majority_vote"

    def fit(
        self,
        label_matrix: LabelMatrix,
        y: ArrayLike | pl.Series | None = None,
        *,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        check_votes(label_matrix)
        checked_truth(y, label_matrix)
        checked_weight(sample_weight, label_matrix.n_units)
        self.classes_ = label_matrix.classes
        return self

    def predict_proba(self, label_matrix: LabelMatrix) -> Floats:
        self._check_fitted_on(label_matrix)
        n_classes = len(self.classes_)
        uniform = np.full(n_classes, 1 / n_classes)
        if label_matrix.n_units == 0:
            return np.empty((0, n_classes))
        parts = [shares(block @ label_matrix.class_shares, uniform) for block in blocks(label_matrix.votes)]
        return np.concatenate(parts)
