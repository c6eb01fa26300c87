"""Predict on a whole dataset, chunk by chunk, each chunk only once."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nacre._hashing import hash_text
from nacre._progress import Progress
from nacre.data import Dataset
from nacre.engine import Column, ColumnStore, compute_columns, split_name
from nacre.functions import Context
from nacre.labeling import derived_columns
from nacre.models._end_model import EndModel


def predict_all(
    model: EndModel,
    data: Dataset,
    *,
    context: Context | None = None,
    store: ColumnStore | None = None,
    progress: Progress | None = None,
) -> NDArray[np.float64]:
    """Return the probability of each class for all data points: [n_units, n_classes].

    Args:
        model: A fitted model.
        data: The data points.
        context: What the names of embeddings stand for.
        store: Keeps predictions, so that new data points alone are computed when data was appended.
        progress: What is told of each finished chunk.
    """
    data.require(split_name(name)[0] for name in model.reads)
    column = Column(hash_text("proba", model.fingerprint), model.reads, compute=lambda chunk: _predict(model, chunk))
    derived = derived_columns(model.reads, context or Context())
    chunks = compute_columns([column], data, store=store, derived=derived, progress=progress)
    parts = [_array(chunk.frames[0].get_column("value"), len(model.classes_)) for chunk in chunks]
    return np.concatenate([np.zeros((0, len(model.classes_))), *parts])


def _predict(model: EndModel, chunk: pl.DataFrame) -> pl.DataFrame:
    proba = model.predict_proba(chunk)
    return pl.DataFrame([pl.Series("value", proba, dtype=pl.Array(pl.Float64, proba.shape[1]))])


def _array(values: pl.Series, n_classes: int) -> NDArray[np.float64]:
    return values.to_numpy().reshape(len(values), n_classes)
