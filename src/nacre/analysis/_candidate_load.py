"""The rows that suggestions and slices look at, with derived columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nacre.analysis._candidate_fields import is_category
from nacre.data import Dataset
from nacre.engine import split_name
from nacre.functions import Context
from nacre.labeling import derived_columns

UNREAD = ("split",)  # says nothing about a data point


def sampled(
    n_rows: int, sample_rows: int, keep: NDArray[np.bool_] | None = None, random_state: int = 0
) -> NDArray[np.int64]:
    """Return the positions of the rows to look at, in order: rows to keep (up to half), and a uniform sample."""
    if n_rows <= sample_rows:
        return np.arange(n_rows)
    rng = np.random.default_rng(random_state)
    kept = np.zeros(0, dtype=np.int64) if keep is None else np.flatnonzero(keep)
    if len(kept) > sample_rows // 2:
        kept = rng.choice(kept, sample_rows // 2, replace=False)
    rest = np.setdiff1d(np.arange(n_rows), kept)
    return np.sort(np.concatenate([kept, rng.choice(rest, sample_rows - len(kept), replace=False)]))


def own_fields(dataset: Dataset, fields: Sequence[str] | None, context: Context, answer: Any = None) -> tuple[str, ...]:
    """Return what conditions may read: the fields asked for, or all that are text, truth values or numbers.

    A field named as the labels are is left out, since it would explain them too well. Each embedding of the context
    adds a column for the longest text.
    """
    if fields is not None:
        dataset.require(split_name(name)[0] for name in fields)
        return tuple(fields)
    own = answer.name if isinstance(answer, pl.Series) else None
    names = [
        name for name in dataset.fields if name != own and name not in UNREAD and _is_readable(dataset.schema[name])
    ]
    if context.embeddings and (longest := _longest_text(dataset, names)) is not None:
        names += [f"{longest}@{embedding}" for embedding in context.embeddings]
    return tuple(names)


def load_rows(dataset: Dataset, positions: NDArray[np.int64], names: Sequence[str], context: Context) -> pl.DataFrame:
    """Return some rows: `row_id`, the fields among `names`, and the derived columns among them."""
    row_ids = dataset.collect(["row_id"]).to_series().gather(positions)
    plain = dict.fromkeys(split_name(name)[0] for name in names)
    chosen = dataset if len(row_ids) == len(dataset) else dataset.where(row_ids)
    frame = chosen.collect(["row_id", *plain])
    for name in names:
        field, suffix = split_name(name)
        if suffix:
            how = derived_columns([name], context)[suffix]
            frame = frame.with_columns(how.compute(frame.get_column(field)).alias(name))
    return frame


def _is_readable(dtype: pl.DataType) -> bool:
    return dtype in (pl.String, pl.Boolean) or dtype.is_numeric()


def _longest_text(dataset: Dataset, names: Sequence[str]) -> str | None:
    texts = [name for name in names if dataset.schema[name] == pl.String]
    head = dataset.frame.select(texts).head(1000).collect()
    lengths = {
        name: float(head.get_column(name).str.len_chars().mean() or 0)  # type: ignore[arg-type]
        for name in texts
        if not is_category(head.get_column(name))
    }
    return max(lengths, key=lengths.__getitem__) if lengths else None
