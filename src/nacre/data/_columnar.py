"""Rows that have types already: Parquet and Arrow files, and frames in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import orjson
import polars as pl
from polars.exceptions import PanicException, PolarsError

from nacre.data._blocks import Block, Options
from nacre.data._files import DataFile, reading
from nacre.data._json_types import as_text
from nacre.data._names import check_same_names, checked_names, selected
from nacre.data._refusals import RAW_CHARACTERS, Fault, shown
from nacre.data._text_types import cast_text, expected
from nacre.errors import IngestError

_STARTS = {"parquet": (b"PAR1",), "arrow": (b"ARROW1", b"\xff\xff\xff\xff")}
_TITLES = {"parquet": "Parquet", "arrow": "Arrow"}


@dataclass
class FrameRows:
    """The rows of one or more typed tables with the same columns.

    Args:
        tables: Each table with its name in messages.
        options: How to read them.
    """

    tables: list[tuple[str, pl.LazyFrame]]
    options: Options

    @cached_property
    def schema(self) -> pl.Schema:
        """The columns, with the types that hold the values of all tables."""
        found = [(source, self._renamed(source, frame)) for source, frame in self.tables]
        first_source, first = found[0]
        schema = dict(first)
        for source, other in found[1:]:
            check_same_names(list(other), list(first), source, first_source)
            for name, dtype in other.items():
                schema[name] = _common(name, schema[name], dtype, (first_source, source))
        chosen = selected(list(schema), self.options)
        return pl.Schema({name: self._target(name, schema[name]) for name in chosen})

    def _renamed(self, source: str, frame: pl.LazyFrame) -> dict[str, pl.DataType]:
        with polars_errors(source):
            schema = frame.collect_schema()
        return dict(zip(checked_names(schema.names(), source, self.options), schema.dtypes(), strict=True))

    def _target(self, name: str, dtype: pl.DataType) -> pl.DataType:
        if name in self.options.dtypes:
            return self.options.dtypes[name]
        if name in self.options.verbatim or dtype == pl.Null:
            return pl.String()
        if dtype == pl.Object:
            raise IngestError(f"The column `{name}` holds Python objects. Convert it to text, numbers or lists first.")
        return dtype

    def blocks(self, batch_rows: int) -> Iterator[Block]:
        """Yield the rows, each value checked against the type of its column."""
        schema = self.schema
        for source, table in self.tables:
            names = dict(zip(self._renamed(source, table), table.collect_schema().names(), strict=True))
            offset = 0
            with polars_errors(source, lambda: f" after row {offset:,}"):  # noqa: B023
                frame = table.select(pl.col(names[name]).alias(name) for name in schema)
                for batch in frame.collect_batches(chunk_size=batch_rows, maintain_order=True):
                    for start in range(0, len(batch), batch_rows):
                        part = batch[start : start + batch_rows]
                        yield self._block(source, part, offset, schema)
                        offset += len(part)

    def _block(self, source: str, frame: pl.DataFrame, offset: int, schema: pl.Schema) -> Block:
        numbers = np.arange(offset + 1, offset + 1 + len(frame))
        columns, faults = [], []
        for column in frame.iter_columns():
            typed, bad = _cast(column, schema[column.name], numbers, self.options.nulls)
            columns.append(typed)
            faults += bad
        return Block(source, "row", pl.DataFrame(columns), numbers, lambda index: _raw(frame, index), faults)


def file_frames(files: list[DataFile]) -> list[tuple[str, pl.LazyFrame]]:
    """Return the tables of Parquet or Arrow files, not yet read."""
    return [(file.name, _scan(file)) for file in files]


def _scan(file: DataFile) -> pl.LazyFrame:
    with reading(file), file.path.open("rb") as stream:
        start = stream.read(8)
        stream.seek(-min(stream.seek(0, 2), 6), 2)
        end = stream.read()
    title, starts = _TITLES[file.format], _STARTS[file.format]
    if not start:
        raise IngestError(f"{file.name} is empty. Check that it was written completely.")
    if not start.startswith(starts):
        raise IngestError(
            f"{file.name} is no {title} file: it starts with {start!r}. If it is another format, name it, such as "
            '`format="csv"`.'
        )
    if not end.endswith(starts[0]) and start.startswith(starts[0]):
        raise IngestError(
            f"{file.name} is no complete {title} file: its end is missing. It was probably cut off: fetch it again."
        )
    if file.format == "parquet":
        return pl.scan_parquet(file.path, glob=False)
    with polars_errors(file.name):
        if start.startswith(starts[0]):
            return pl.scan_ipc(file.path, glob=False)
        return pl.read_ipc_stream(file.path).lazy()


@contextmanager
def polars_errors(source: str, place: object = None) -> Iterator[None]:
    """Turn an error of Polars on damaged data into one that names the source and what to do."""
    try:
        yield
    except (PolarsError, PanicException, OSError) as error:
        where = place() if callable(place) else ""
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise IngestError(
            f"{source} cannot be read{where}: {reason}. It may be damaged: write it again, or fetch it again."
        ) from error


def _common(name: str, first: pl.DataType, second: pl.DataType, sources: tuple[str, str]) -> pl.DataType:
    if first == second:
        return first
    try:
        parts = [pl.DataFrame(schema={name: dtype}) for dtype in (first, second)]
        return pl.concat(parts, how="vertical_relaxed").schema[name]
    except PolarsError as error:
        raise IngestError(
            f"The column `{name}` is {first} in {sources[0]} and {second} in {sources[1]}. Give it one type in all "
            f'files, or pass `dtypes={{"{name}": "text"}}`.'
        ) from error


def _cast(
    column: pl.Series, dtype: pl.DataType, numbers: np.ndarray, nulls: tuple[str, ...]
) -> tuple[pl.Series, list[Fault]]:
    name = column.name
    if column.dtype == pl.String and (nulls or dtype != pl.String):
        words = column.str.strip_chars().is_in(list(nulls))
        column = column.set(words, None) if words.any() else column
    if column.dtype == pl.String and dtype != pl.String:
        return cast_text(column, dtype, numbers)
    if dtype == pl.String and column.dtype.is_nested():
        return pl.Series(name, as_text(column.to_list()), dtype=pl.String), []
    typed = column if column.dtype == dtype else column.cast(dtype, strict=False)
    bad = (typed.is_null() & column.is_not_null()) if typed is not column else pl.Series(dtype=pl.Boolean)
    if dtype.is_float():
        typed = typed.fill_nan(None)  # NaN is how other libraries write "missing"
        bad = typed.is_infinite() if not len(bad) else bad | typed.is_infinite()
    faults = []
    for index in bad.fill_null(False).arg_true().to_list():
        problem = f"found {shown(str(column[index]))}, expected {expected(dtype)}."
        faults.append(Fault(index, int(numbers[index]), name, problem, "Correct the value, or make it null."))
    return typed, faults


def _raw(frame: pl.DataFrame, index: int) -> str:
    return orjson.dumps(frame.row(index, named=True), default=str).decode()[:RAW_CHARACTERS]
