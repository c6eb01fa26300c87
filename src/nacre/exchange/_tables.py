"""Rows of other tools become a table: agreed fields have their type, others the one all their values share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import polars as pl

MAX_KEYS = 100  # an object with more keys than a person would name is no record, but a map
_TYPES = {
    "reference": pl.String(),
    "system": pl.String(),
    "prompt_id": pl.String(),
    "repeat": pl.Int64(),
    "contexts": pl.List(pl.String()),
}


def table_of(rows: Sequence[Mapping[str, Any]], first: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """Return the rows as a table.

    Scalars of `metadata` become columns of their own, so that conditions can read them; `metadata` keeps all.

    Args:
        rows: Values by column; a row may lack some.
        first: The columns that are always there, and their types.
    """
    wide = [{**promoted(row.get("metadata"), row), **row} for row in rows]
    names = list(dict.fromkeys([*first, *(name for row in wide for name in row)]))
    columns = []
    for name in names:
        values = [row.get(name) for row in wide]
        if name in first or any(value is not None for value in values):
            columns.append(column_of(name, values, {**_TYPES, **first}.get(name)))
    return pl.DataFrame(columns)


def promoted(metadata: Any, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the scalars of `metadata` whose names no column has."""
    if not isinstance(metadata, Mapping) or len(metadata) > MAX_KEYS:
        return {}
    taken = {*row, "row_id", "uid", "repeat", "prompt_id", "system", "reference", "contexts", "response", "prompt", ""}
    return {
        str(name): value
        for name, value in metadata.items()
        if isinstance(value, str | bool | int | float) and str(name) not in taken and not is_selector(str(name))
    }


def column_of(name: str, values: list[Any], dtype: pl.DataType | None) -> pl.Series:
    """Return values as one column: of `dtype`, else of the type they share, else as text and JSON."""
    if dtype is not None:
        return pl.Series(name, values, dtype=dtype)
    given = [value for value in values if value is not None]
    if given and all(isinstance(value, Mapping) for value in given) and _n_keys(given) <= MAX_KEYS:
        return _struct_of(name, values)
    if not any(isinstance(value, Mapping) or _holds_objects(value) for value in given):
        try:
            return pl.Series(name, values, strict=True)
        except (pl.exceptions.PolarsError, TypeError, OverflowError, ValueError):
            pass
        if all(isinstance(value, int | float) and not isinstance(value, bool) for value in given):
            return pl.Series(name, [None if value is None else float(value) for value in values], dtype=pl.Float64)
    return pl.Series(name, [None if value is None else json_text(value) for value in values], dtype=pl.String)


def _struct_of(name: str, values: list[Any]) -> pl.Series:
    """Return objects as a struct with every key that any of them has."""
    keys = dict.fromkeys(key for value in values if value is not None for key in value)
    if not keys:
        return pl.Series(name, [None] * len(values), dtype=pl.String)
    parts = [column_of(str(key), [None if value is None else value.get(key) for value in values], None) for key in keys]
    present = pl.Series([value is not None for value in values])
    struct = pl.DataFrame(parts).to_struct(name)
    return struct.to_frame().select(pl.when(present).then(pl.col(name)).alias(name)).to_series()


def _holds_objects(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(part, Mapping | list) for part in value)


def _n_keys(values: list[Any]) -> int:
    return len({key for value in values for key in value})


def json_text(value: Any) -> str:
    """Return text as it is, and anything else as JSON."""
    return (
        value if isinstance(value, str) else orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    )


def is_selector(name: str) -> bool:
    """Return whether Polars reads a name as a pattern of names, so that no column can be called that."""
    return name.startswith("^") and name.endswith("$")
