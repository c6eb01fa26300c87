"""Data points and their units: which split a unit is in, and what is true of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nacre.data import Dataset, MultiLabel, VoteSchema
from nacre.functions import Context, Votes
from nacre.labeling import LabelMatrix, apply

Codes = NDArray[np.int16]
Mask = NDArray[np.bool_]
_TRUTH = "truth"


@dataclass(frozen=True)
class _Recorded:
    """Votes that are a column already, in the dtype of the schema."""

    name: str

    fingerprint = "recorded"

    @property
    def reads(self) -> tuple[str, ...]:
        return (_TRUTH,)

    def resolve(self, context: Context) -> _Recorded:
        return self

    def spec(self) -> dict[str, str]:
        return {}

    def vote(self, chunk: pl.DataFrame, schema: VoteSchema) -> Votes:
        return Votes(chunk.get_column(_TRUTH))


def unit_truth(data: Dataset, truth: pl.DataFrame | None, label_matrix: LabelMatrix) -> Codes:
    """Return what is true of each unit, in the form of `encode_truth`.

    Codes [n_units], -1 unknown; for `MultiLabel` [n_units, n_classes] of 1, 0, -1: a data point with ground truth lacks
    the labels that are not named.
    """
    schema = label_matrix.schema
    shape = (label_matrix.n_units, len(schema.classes)) if isinstance(schema, MultiLabel) else (label_matrix.n_units,)
    if truth is None:
        return np.full(shape, -1, dtype=np.int16)
    row_ids = data.collect(["row_id"])
    values = row_ids.join(truth, on="row_id", how="left", maintain_order="left").get_column("value")
    votes = apply([_Recorded(_TRUTH)], data.with_column(values.alias(_TRUTH)), schema)
    if not isinstance(schema, MultiLabel):
        return votes.to_dense()[:, 0]
    present = votes.select([_TRUTH])
    known = values.is_not_null().to_numpy()
    y = np.where(known[:, None], 0, -1).astype(np.int16) * np.ones(shape, dtype=np.int16)
    rows = np.repeat(np.arange(present.n_units), np.diff(present.votes.indptr))
    codes = present.symbol_codes[present.votes.indices]
    y[rows[codes >= 0], codes[codes >= 0]] = 1
    return y


def rows_in(label_matrix: LabelMatrix, row_ids: pl.Series) -> Mask:
    """Return which units belong to these data points: [n_units]."""
    return label_matrix.units.get_column("row_id").is_in(row_ids.implode()).to_numpy()


def split_rows(data: Dataset) -> dict[str, pl.Series]:
    """Return the row ids of each split; data without splits is all `train`."""
    if "split" not in data.schema:
        return {"train": data.collect(["row_id"]).to_series()}
    frame = data.collect(["row_id", "split"])
    return {str(name): part.get_column("row_id") for (name,), part in frame.drop_nulls("split").group_by("split")}
