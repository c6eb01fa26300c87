"""Read fields and derived columns of a dataset."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from nacre.data import Dataset
from nacre.engine import ColumnStore, split_name, with_derived
from nacre.functions import Context
from nacre.labeling._derived import derived_columns


def read_fields(
    data: Dataset,
    names: Sequence[str],
    *,
    rows: pl.Series | None = None,
    context: Context | None = None,
    store: ColumnStore | None = None,
) -> pl.DataFrame:
    """Return `row_id` and the columns `names`, derived ones such as `text@words` among them.

    Args:
        data: The data points.
        names: Fields and derived columns.
        rows: The row ids to return. Derived columns are made of whole chunks all the same: so they are stored once, for
            every choice of rows. A dataset that was filtered before has other chunks.
        context: What the names of embeddings stand for.
        store: Keeps derived columns.

    Examples:
        >>> mail = Dataset.from_frame({"body": ["Hi you"]})
        >>> read_fields(mail, ["body", "body@words"]).columns
        ['row_id', 'body', 'body@words']
    """
    derived = derived_columns(names, context or Context())
    data.require(split_name(name)[0] for name in names)
    columns = ["row_id", *(name for name in dict.fromkeys(names) if name != "row_id")]
    kept = pl.lit(True) if rows is None else pl.col("row_id").is_in(rows.implode())
    parts = [with_derived(chunk, columns[1:], derived, store).select(columns).filter(kept) for chunk in data.chunks]
    return (
        pl.concat(parts) if parts else pl.DataFrame(schema={name: data.schema.get(name, pl.Null) for name in columns})
    )
