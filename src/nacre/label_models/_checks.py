"""What `fit` is given, checked before anything is computed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from nacre.data import MultiLabel, VoteSchema
from nacre.errors import SchemaError
from nacre.labeling import LabelMatrix, encode_truth

Floats = NDArray[np.float64]


def check_votes(label_matrix: LabelMatrix) -> None:
    """Refuse votes that a label model of classes that exclude each other cannot learn from."""
    if isinstance(label_matrix.schema, MultiLabel):
        raise SchemaError("Classes of a `MultiLabel` schema do not exclude each other: wrap the model in `OneVsRest`.")
    check_has_units(label_matrix.n_units)


def check_has_units(n_units: int) -> None:
    """Refuse to learn from nothing."""
    if n_units == 0:
        raise SchemaError("There are no units to learn from. Fit on a label matrix with at least one unit.")


def checked_truth(y: ArrayLike | pl.Series | None, label_matrix: LabelMatrix) -> NDArray[np.int16]:
    """Return ground truth as class codes [n_units], -1 where unknown."""
    return checked_codes(y, label_matrix.schema, label_matrix.n_units)


def checked_codes(y: ArrayLike | pl.Series | None, schema: VoteSchema, n_units: int) -> NDArray[np.int16]:
    """Return ground truth of `n_units` units as class codes, -1 where unknown."""
    if y is None:
        return np.full(n_units, -1, dtype=np.int16)
    truth = encode_truth(y, schema, n_units)
    n_classes = len(schema.classes)
    wrong = truth[(truth < -1) | (truth >= n_classes)]
    if len(wrong):
        raise SchemaError(
            f"Ground truth holds the code {wrong[0]}; the classes {', '.join(schema.classes)} have the codes 0 to "
            f"{n_classes - 1}, and -1 says that the truth is unknown."
        )
    return truth


def checked_weight(sample_weight: ArrayLike | None, n_units: int) -> Floats:
    """Return weights of the units, [n_units]; 1 where none are given."""
    if sample_weight is None:
        return np.ones(n_units)
    weight = np.asarray(sample_weight, dtype=np.float64)
    if weight.shape != (n_units,):
        raise SchemaError(f"`sample_weight` has the shape {weight.shape}; expected ({n_units},), one weight per unit.")
    if not np.isfinite(weight).all() or (weight < 0).any() or not weight.sum() > 0:
        raise SchemaError("`sample_weight` must be finite, not negative, and not zero everywhere.")
    return weight


def checked_balance(class_balance: Sequence[float] | ArrayLike, n_classes: int) -> Floats:
    """Return a class balance [n_classes] that is strictly positive and sums to 1."""
    balance = np.asarray(class_balance, dtype=np.float64)
    if balance.shape != (n_classes,):
        raise SchemaError(
            f"`class_balance` needs one share for each of the {n_classes} classes; found the shape {balance.shape}."
        )
    if not (balance > 0).all() or abs(balance.sum() - 1) > 1e-3:
        raise SchemaError(
            f"`class_balance` needs shares above 0 that sum to 1; found {np.round(balance, 4).tolist()}. "
            "Give a class that is never expected a small share, such as .001."
        )
    return np.asarray(balance / balance.sum(), dtype=np.float64)


def with_ground_truth(proba: ArrayLike, y: ArrayLike) -> Floats:
    """Return probabilities [n, n_classes] in which known truth `y` [n] (-1 unknown) is certain, for a training set.

    Examples:
        >>> with_ground_truth([[0.6, 0.4], [0.5, 0.5]], [1, -1])
        array([[0. , 1. ],
               [0.5, 0.5]])
    """
    certain, truth = np.array(proba, dtype=np.float64), np.asarray(y)
    if truth.shape != certain.shape[:1] or truth.max(initial=-1) >= certain.shape[1]:
        raise SchemaError(f"Expected a code below {certain.shape[1]} for each of {len(certain)} units, -1 if unknown.")
    known = np.flatnonzero(truth >= 0)
    certain[known] = 0
    certain[known, truth[known]] = 1
    return certain
