"""The fields of a dataset that grows: what a new frame must look like to join it."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from functools import lru_cache
from io import BytesIO
from typing import Any

import polars as pl

from nacre._hashing import hash_series
from nacre.data import hash_split
from nacre.errors import IngestError, UnknownFieldError

NULL = pl.Null()


class Fields:
    """Types of the fields seen so far; a field first seen as all null gets its type later.

    Args:
        known: The types to start from.
    """

    def __init__(self, known: Mapping[str, pl.DataType]) -> None:
        self.types = dict(known)

    def fit(self, frame: pl.DataFrame, *, first_row: int) -> pl.DataFrame:
        """Return a frame with the known types, and learn its new fields; columns without any value are dropped.

        Raises:
            IngestError: A column has another type than before, and its values do not fit that type.
        """
        columns = []
        for column in frame.iter_columns():
            known = self.types.setdefault(column.name, column.dtype)
            if known == NULL:
                known = self.types[column.name] = column.dtype
            if column.dtype != NULL:
                columns.append(column if column.dtype == known else _cast(column, known, first_row))
        return pl.DataFrame(columns)


def _cast(column: pl.Series, known: pl.DataType, first_row: int) -> pl.Series:
    """Return a column as the type of its field, if no value changes."""
    if _kind(column.dtype) == _kind(known):
        cast = column.cast(known, strict=False)
        if cast.cast(column.dtype, strict=False).equals(column):
            return cast
    raise IngestError(
        f"The field `{column.name}` is {column.dtype} from row {first_row} on, but {known} before, and not every "
        f"value fits {known}. Convert the column, or give it another name. Nothing was imported."
    )


def _kind(dtype: pl.DataType) -> str:
    """Return what a value means: "007" and 7 have nothing in common, 7 and 7.0 have."""
    if dtype.is_numeric():
        return "number"
    if isinstance(dtype, pl.Categorical | pl.Enum):
        return "String"
    return dtype.base_type().__name__


def with_uid(frame: pl.DataFrame, uid: str | None, *, first_row: int, next_row_id: int) -> pl.DataFrame:
    """Return a frame with the column `uid` first, taken from a field or, without one, from the row id."""
    if "row_id" in frame.columns and "uid" not in frame.columns:
        raise IngestError("The field name `row_id` is taken: Nacre numbers the data points. Rename the column.")
    for name in frame.columns:
        if "@" in name or (name.startswith("^") and name.endswith("$")):
            raise IngestError(f"The field name `{name}` is not allowed: rename it without `@` and without `^...$`.")
    if uid is not None and uid not in frame.columns:
        raise UnknownFieldError(uid, available=frame.columns)
    source = uid or ("uid" if "uid" in frame.columns else None)
    if source is None:
        uids = pl.int_range(next_row_id, next_row_id + len(frame), eager=True).cast(pl.String)
    else:
        uids = frame.get_column(source).cast(pl.String)
        if uids.null_count():
            row = first_row + uids.is_null().arg_true()[0]
            raise IngestError(
                f"Row {row} has no `{source}`. Every data point needs one: fill it, or leave `uid` out. Nothing was "
                "imported."
            )
    return frame.select(uids.alias("uid"), pl.exclude("uid", "row_id"))


def with_split(frame: pl.DataFrame, split: Mapping[str, Any] | None) -> pl.DataFrame:
    """Return a frame with the column `split`, where a rule for it is given: `{field}` or `{shares, seed}`."""
    if split is None:
        return frame
    if "field" in split:
        if split["field"] not in frame.columns:
            raise UnknownFieldError(split["field"], available=frame.columns)
        return frame.with_columns(pl.col(split["field"]).cast(pl.String).alias("split"))
    if "split" in frame.columns:
        raise IngestError(
            "The data has a column `split` already. Name it as the split (`split='split'`), or rename it to get a "
            "hash split. Nothing was imported."
        )
    return frame.with_columns(hash_split(frame.get_column("uid"), split["shares"], seed=split["seed"]))


@lru_cache(maxsize=1024)
def null_hash(dtype: pl.DataType, n_rows: int) -> str:
    """Return the content hash of a column without any value."""
    return hash_series(nulls(dtype, n_rows))


def nulls(dtype: pl.DataType, n_rows: int) -> pl.Series:
    """Return a column without any value."""
    return pl.Series([None], dtype=dtype).new_from_index(0, n_rows)


def schema_to_text(schema: Mapping[str, pl.DataType]) -> str:
    """Return a schema as text that JSON can hold: the empty frame of it in Arrow IPC, which knows every type."""
    buffer = BytesIO()
    pl.DataFrame(schema=schema).write_ipc_stream(buffer)
    return b64encode(buffer.getvalue()).decode()


def schema_from_text(text: str) -> pl.Schema:
    """Return the schema that `schema_to_text` wrote."""
    return pl.read_ipc_stream(BytesIO(b64decode(text))).schema
