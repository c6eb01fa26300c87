"""What a model is told about the rows it learns from, whatever form it comes in."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from nacre.data import Classes, LabelSchema, MultiLabel
from nacre.errors import SchemaError

Floats = NDArray[np.float64]


class Targets(NamedTuple):
    """The rows that teach something, with what they teach."""

    rows: NDArray[np.intp]
    """Positions in the data, increasing."""
    proba: Floats
    """[n_rows, n_classes]; NaN where a class of a `MultiLabel` schema is unknown."""
    weights: Floats
    """[n_rows], above 0."""


def read_targets(
    y: ArrayLike | pl.Series, schema: LabelSchema, sample_weight: ArrayLike | None, n_rows: int
) -> Targets:
    """Read labels (a vote column, or codes with -1 for unknown) or probabilities.

    Args:
        y: [n_rows] codes, [n_rows, n_classes] probabilities, or a vote column of the schema.
        schema: Says what the codes and the columns mean.
        sample_weight: [n_rows], or None for 1 each.
        n_rows: How many rows the data has.
    """
    if isinstance(schema, MultiLabel):
        proba = _independent(y, schema)
        is_known = np.count_nonzero(~np.isnan(proba), axis=1) > 0
    elif isinstance(schema, Classes):
        proba = _exclusive(y, schema)
        is_known = has_probability(proba)
    else:
        raise SchemaError(
            f"This model learns `Classes` or `MultiLabel`, not `{type(schema).__name__}`. "
            "Use `TokenTagger` for spans; there is no end model for numbers yet."
        )
    return select_targets(proba, is_known, sample_weight, n_rows)


def select_targets(proba: Floats, is_known: NDArray[np.bool_], sample_weight: ArrayLike | None, n_rows: int) -> Targets:
    """Leave out the rows that teach nothing: unknown ones, and those of weight 0."""
    if len(proba) != n_rows:
        raise SchemaError(f"`y` has {len(proba)} rows, the data has {n_rows}. Give one row of `y` per row of the data.")
    weights = _weights(sample_weight, n_rows)
    rows = np.flatnonzero(is_known & (weights > 0))
    if not len(rows):
        raise SchemaError(
            f"None of the {n_rows} rows has a label and a weight above 0, so there is nothing to learn from."
        )
    return Targets(rows, proba[rows], weights[rows])


def one_hot(codes: NDArray[Any], n_classes: int) -> Floats:
    """Return [n, n_classes] with a 1 at each code; a row of zeros for -1."""
    proba = np.zeros((len(codes), n_classes))
    rows = np.flatnonzero(codes >= 0)
    proba[rows, codes[rows]] = 1.0
    return proba


def checked_shares(proba: Floats) -> Floats:
    """Return probabilities whose rows sum to exactly 1, to 0 or to NaN; refuse anything else."""
    totals = proba.sum(axis=1, keepdims=True)
    is_wrong = ((proba < 0).any(axis=1)) | ((totals[:, 0] != 0) & (np.abs(totals[:, 0] - 1) > 1e-3))
    if is_wrong.any():
        row = int(is_wrong.argmax())
        raise SchemaError(
            f"Row {row} of `y` is {proba[row].tolist()}. Probabilities are not negative and sum to 1; "
            "a row of zeros or NaN is left out."
        )
    shares: Floats = np.divide(proba, totals, out=proba.copy(), where=totals > 0)
    return shares


def has_probability(proba: Floats) -> NDArray[np.bool_]:
    """Return which rows are neither all zeros nor NaN."""
    totals: Floats = proba.sum(axis=1)
    return totals > 0


def _exclusive(y: ArrayLike | pl.Series, schema: Classes) -> Floats:
    values = y.fill_null(-1).to_numpy() if isinstance(y, pl.Series) and y.dtype.is_integer() else np.asarray(y)
    n_classes = len(schema.names)
    if values.ndim == 2 and values.shape[1] == n_classes:
        return checked_shares(values.astype(np.float64))
    if values.ndim != 1 or not np.issubdtype(values.dtype, np.integer):
        raise SchemaError(
            f"`y` is {values.dtype} with the shape {values.shape}. Give whole numbers [n] (the codes of "
            f"{', '.join(schema.names)}; -1 unknown) or probabilities [n, {n_classes}]."
        )
    if len(values) and (values.min() < -1 or values.max() >= n_classes):
        raise SchemaError(
            f"`y` has the codes {values.min()} to {values.max()}; the {n_classes} classes have 0 to {n_classes - 1}, "
            "and -1 is unknown. A vote for a group of classes is no label to learn from."
        )
    return one_hot(values, n_classes)


def _independent(y: ArrayLike | pl.Series, schema: MultiLabel) -> Floats:
    n_classes = len(schema.names)
    if isinstance(y, pl.Series) and isinstance(y.dtype, pl.Struct):
        return _present_and_absent(y, n_classes)
    proba = np.asarray(y, dtype=np.float64)
    if proba.ndim != 2 or proba.shape[1] != n_classes:
        raise SchemaError(
            f"`y` has the shape {proba.shape}. Give a probability for each of {', '.join(schema.names)}: "
            f"[n, {n_classes}], NaN where it is unknown."
        )
    if ((proba < 0) | (proba > 1)).any():
        raise SchemaError("`y` has probabilities outside 0 to 1. Each says how likely its class is present.")
    return proba


def _present_and_absent(votes: pl.Series, n_classes: int) -> Floats:
    proba = np.full((len(votes), n_classes), np.nan)
    rows = pl.Series("row", np.arange(len(votes)))
    for name, value in (("absent", 0.0), ("present", 1.0)):
        cells = pl.DataFrame([rows, votes.struct.field(name).alias("code")]).explode("code").drop_nulls()
        proba[cells.get_column("row").to_numpy(), cells.get_column("code").to_numpy()] = value
    return proba


def _weights(sample_weight: ArrayLike | None, n_rows: int) -> Floats:
    if sample_weight is None:
        return np.ones(n_rows)
    weights = np.asarray(sample_weight, dtype=np.float64)
    if weights.shape != (n_rows,):
        raise SchemaError(f"`sample_weight` has the shape {weights.shape}; the data has {n_rows} rows.")
    if not np.isfinite(weights).all() or (weights < 0).any():
        raise SchemaError(
            "`sample_weight` has values that are negative or not finite. A weight says how often a row counts."
        )
    return weights
