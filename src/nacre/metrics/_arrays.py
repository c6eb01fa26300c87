"""What the metrics ask of their arrays: equal lengths, and truth that is known."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nacre.errors import SchemaError

Codes: TypeAlias = NDArray[np.integer[Any]]
Floats: TypeAlias = NDArray[np.float64]
Booleans: TypeAlias = NDArray[np.bool_]


def with_truth(y: ArrayLike, answers: ArrayLike) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the rows of both arrays whose truth is known.

    A negative code is no class: -1 is unknown, below it are groups of classes.
    """
    truth, others = np.asarray(y), np.asarray(answers)
    if truth.ndim != 1:
        raise SchemaError(f"The truth is one code per data point; it has the shape {truth.shape}.")
    check_same_length(y=truth, answers=others)
    for array in (truth, others):
        if array.size and array.dtype.kind in "OSU":
            raise SchemaError(
                f"Metrics compare codes; found {str(array[0])!r}. `nacre.analysis.unit_codes` turns a column of class "
                "names into codes."
            )
    is_known = truth >= 0
    return (truth, others) if is_known.all() else (truth[is_known], others[is_known])


def class_codes(y: ArrayLike, prediction: ArrayLike) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return true and predicted codes of the data points whose truth is known."""
    if np.ndim(prediction) != 1:
        raise SchemaError(
            f"Predictions are one code per data point; found the shape {np.shape(prediction)}. "
            "`predict` turns probabilities into codes."
        )
    return with_truth(y, prediction)


def check_same_length(**arrays: NDArray[Any]) -> None:
    """Refuse arrays that do not describe the same data points."""
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        found = ", ".join(f"`{name}` has {length}" for name, length in lengths.items())
        raise SchemaError(f"The arrays must describe the same data points: {found}.")


def check_codes(codes: Codes, n_classes: int) -> None:
    """Refuse a class code beyond the classes of the schema."""
    if codes.size and codes.max() >= n_classes:
        raise SchemaError(f"There are {n_classes} classes, so codes end at {n_classes - 1}; found {codes.max()}.")


def ratios(parts: Floats, wholes: Floats) -> Floats:
    """Return parts / wholes; NaN where a whole is 0."""
    shares: Floats = np.divide(parts, wholes, out=np.full(np.shape(wholes), np.nan), where=wholes > 0)
    return shares


def cluster_places(clusters: ArrayLike) -> NDArray[np.intp]:
    """Return the number of the cluster of each unit, in the order of their names: [n_units], from 0."""
    names = np.asarray(clusters)
    if names.dtype.kind in "iu" and names.size and names.min() >= 0 and names.max() < 4 * names.size:
        is_there = np.bincount(names) > 0  # numbered already: counting takes a tenth of the time of sorting
        numbered: NDArray[np.intp] = (np.cumsum(is_there) - 1)[names]
        return numbered
    _, members = np.unique(names, return_inverse=True)
    return members
