"""Frames of other libraries become Polars frames, and go back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import polars as pl
from polars.exceptions import PolarsError

from nacre.data._json_types import Shape, faulty_values
from nacre.data._refusals import Fault, fault_error, shown
from nacre.errors import IngestError, SchemaError

if TYPE_CHECKING:
    import pandas as pd


def to_polars(frame: Any) -> pl.DataFrame:
    """Return a Polars frame from Polars (eager or lazy), pandas, Arrow, or a dict of columns.

    The index of a pandas frame becomes a column, unless it only counts the rows.
    """
    if isinstance(frame, pl.DataFrame):
        return frame
    if isinstance(frame, pl.LazyFrame):
        return frame.collect()
    if isinstance(frame, dict):
        return pl.DataFrame([_column(str(name), values) for name, values in frame.items()])
    if type(frame).__module__.split(".")[0] == "pandas" and hasattr(frame, "columns"):
        return _from_pandas(frame)
    if hasattr(frame, "__arrow_c_stream__"):
        try:
            return pl.DataFrame(frame)
        except PolarsError as error:
            raise IngestError(f"The Arrow table cannot be imported: {error}. Rename or convert its columns.") from error
    raise SchemaError(
        f"Expected a Polars, pandas or Arrow frame, found {type(frame).__name__}. Convert it to one of them."
    )


def _from_pandas(frame: pd.DataFrame) -> pl.DataFrame:
    if frame.columns.nlevels > 1:
        raise IngestError("The columns of the frame have several levels. Join their names into one level first.")
    if type(frame.index).__name__ != "RangeIndex":
        frame = frame.reset_index()
    names = [str(name) for name in frame.columns]
    for name in names:
        if names.count(name) > 1:
            raise IngestError(
                f"The frame has {names.count(name)} columns named `{name}`. Rename or remove one of them."
            )
    return pl.DataFrame([_column(name, frame.iloc[:, position]) for position, name in enumerate(names)])


def _column(name: str, values: Any) -> pl.Series:
    """Return a column, or raise for the first value that is not of the type of most others."""
    try:
        column = pl.Series(name, values, strict=True, nan_to_null=not isinstance(values, (list, tuple, pl.Series)))
    except (PolarsError, TypeError, ValueError, OverflowError, ImportError) as error:
        raise _column_error(name, list(values), error) from error
    if column.dtype == pl.Object:
        raise _column_error(name, list(values), TypeError("Python objects"))
    return column


def _column_error(name: str, values: Sequence[Any], error: Exception) -> IngestError:
    plain = [None if value is None or value != value else value for value in values]  # NaN is not itself
    shape = Shape()
    shape.add(plain)
    for index, path, value, expected in faulty_values(name, plain, shape.dtype()):
        problem = f"found {shown(value)} of the type {type(value).__name__}, expected {expected}."
        return fault_error(
            "The frame", "row", Fault(index, index + 1, path, problem, "Convert the column to one type.")
        )
    return IngestError(f"The column `{name}` of the frame cannot be imported: {error}. Convert it first.")
