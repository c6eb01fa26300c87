"""Frames of other libraries become Polars frames, and go back."""

from __future__ import annotations

from typing import Any

import polars as pl

from nacre.errors import SchemaError


def to_polars(frame: Any) -> pl.DataFrame:
    """Return a Polars frame from Polars (eager or lazy), pandas, Arrow, or a dict of columns."""
    if isinstance(frame, pl.DataFrame):
        return frame
    if isinstance(frame, pl.LazyFrame):
        return frame.collect()
    if isinstance(frame, dict):
        return pl.DataFrame(frame)
    if type(frame).__module__.split(".")[0] == "pandas":
        table: pl.DataFrame = pl.from_pandas(frame)
        return table
    if hasattr(frame, "__arrow_c_stream__"):
        return pl.DataFrame(frame)
    raise SchemaError(
        f"Expected a Polars, pandas or Arrow frame, found {type(frame).__name__}. Convert it to one of them."
    )
