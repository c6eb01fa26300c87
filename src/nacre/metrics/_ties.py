"""From probabilities to one answer per data point, ties included."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nacre.errors import SchemaError
from nacre.metrics._arrays import Booleans, Floats, check_same_length

Tie: TypeAlias = Literal["prior", "abstain", "hash"]

_MARGIN = 1e-9  # probabilities closer than this are tied


def predict(
    proba: ArrayLike,
    *,
    tie: Tie = "prior",
    prior: ArrayLike | None = None,
    row_ids: ArrayLike | None = None,
    seed: int = 0,
) -> NDArray[np.int16]:
    """Return the most probable class of each data point, -1 for none.

    Args:
        proba: Probabilities, [n, n_classes].
        tie: Between equally probable classes, `prior` takes the one that is more frequent, `abstain` none, and `hash`
            one that depends on the data point's id and the seed only, never on its position.
        prior: Class balance for `tie="prior"`; uniform by default, so that the first class wins.
        row_ids: Stable ids of the data points for `tie="hash"`.
        seed: Seed of the hash.

    Examples:
        >>> proba = [[0.5, 0.5, 0.0], [0.1, 0.2, 0.7]]
        >>> predict(proba, prior=[0.2, 0.5, 0.3])
        array([1, 2], dtype=int16)
        >>> predict(proba, tie="abstain")
        array([-1,  2], dtype=int16)
        >>> predict(proba, tie="hash", row_ids=[17, 4])
        array([1, 2], dtype=int16)
    """
    probabilities = checked_proba(proba)
    if tie == "prior":
        balance = _checked_prior(prior, n_classes=probabilities.shape[1])
        return _codes((probabilities + _MARGIN * balance).argmax(axis=1))
    is_maximal = maximisers(probabilities)
    if tie == "abstain":
        return _codes(np.where(is_maximal.sum(axis=1) == 1, is_maximal.argmax(axis=1), -1))
    if tie == "hash":
        if row_ids is None:
            raise SchemaError('`tie="hash"` needs `row_ids`, the stable ids of the data points.')
        return _choose_by_hash(is_maximal, np.asarray(row_ids), seed)
    raise SchemaError(f"`tie` is one of `prior`, `abstain`, `hash`; it is `{tie}`.")


def maximisers(proba: Floats) -> Booleans:
    """Return which classes share the largest probability of their data point, [n, n_classes]."""
    is_maximal: Booleans = proba >= proba.max(axis=1, keepdims=True) - _MARGIN
    return is_maximal


def splitmix64(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return well-mixed 64-bit hashes (Steele, Lea & Flood 2014).

    Examples:
        >>> hex(splitmix64(np.zeros(1, dtype=np.uint64))[0])
        '0xe220a8397b1dcdaf'
    """
    z = values + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def checked_proba(proba: ArrayLike) -> Floats:
    """Return probabilities as float64, [n, n_classes]; refuse what is not."""
    probabilities = np.asarray(proba, dtype=np.float64)
    if probabilities.ndim != 2 or probabilities.shape[1] == 0:
        raise SchemaError(
            f"Probabilities are one row per data point and one column per class; found the shape {probabilities.shape}."
        )
    if not np.isfinite(probabilities).all():
        row = int(np.flatnonzero(~np.isfinite(probabilities).all(axis=1))[0])
        raise SchemaError(f"Probabilities must be finite; row {row} has {probabilities[row].tolist()}.")
    return probabilities


def _checked_prior(prior: ArrayLike | None, *, n_classes: int) -> Floats:
    balance = np.full(n_classes, 1 / n_classes) if prior is None else np.asarray(prior, dtype=np.float64)
    if balance.shape != (n_classes,):
        raise SchemaError(f"`prior` needs one probability for each of the {n_classes} classes; found {balance.shape}.")
    return balance


def _choose_by_hash(is_maximal: Booleans, row_ids: NDArray[np.integer[Any]], seed: int) -> NDArray[np.int16]:
    check_same_length(proba=is_maximal, row_ids=row_ids)
    if not np.issubdtype(row_ids.dtype, np.integer):
        raise SchemaError(f"`row_ids` are whole numbers; found {row_ids.dtype}.")
    mixed_seed = splitmix64(np.array([seed % 2**64], dtype=np.uint64))
    hashes = splitmix64(row_ids.astype(np.uint64) ^ mixed_seed)
    chosen = hashes % is_maximal.sum(axis=1).astype(np.uint64)
    is_chosen = is_maximal & (is_maximal.cumsum(axis=1) == chosen.astype(np.int64)[:, np.newaxis] + 1)
    return _codes(is_chosen.argmax(axis=1))


def _codes(classes: NDArray[np.int64]) -> NDArray[np.int16]:
    codes: NDArray[np.int16] = classes.astype(np.int16)
    return codes
