"""Write data points to a file, whole or not at all."""

from __future__ import annotations

import gzip
from base64 import b64encode
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any, cast

import orjson
import polars as pl

from nacre.data._aside import written_aside
from nacre.data._dataset import Dataset
from nacre.data._files import Format, format_of
from nacre.data._frames import to_polars
from nacre.errors import SchemaError

_FORMULA = r"^[=+\-@\t\r]"


def write(data: Any, path: str | Path, *, escape_formulas: bool = False) -> None:
    """Write a dataset or frame to a file of the format that its suffix names.

    `.csv`, `.tsv`, `.jsonl`, `.json` (each also with `.gz`), `.parquet`, `.arrow` or `.feather`. The file is written
    aside and then takes its name: a reader sees the old file or the whole new one. Parquet and Arrow keep every type.
    CSV and JSON Lines hold times as ISO 8601, durations as seconds, decimals as text and binary values as base64;
    CSV holds lists and objects as JSON, and does not tell missing from empty text.

    Args:
        data: A dataset, or a Polars, pandas or Arrow frame.
        path: The file.
        escape_formulas: In CSV, put `'` before text that a spreadsheet would run as a formula (`=`, `+`, `-`, `@`,
            tab or carriage return at its start), as OWASP advises for files of untrusted text that people open in a
            spreadsheet. The text is then no longer as it was.
    """
    target = Path(path)
    format = format_of(target)
    if format is None:
        raise SchemaError(f"The suffix of `{target.name}` names no format. Use .csv, .jsonl, .parquet or .arrow.")
    frame = data.frame if isinstance(data, Dataset) else to_polars(data).lazy()
    parts = (chunk.frame.collect() for chunk in data.chunks) if isinstance(data, Dataset) else iter([frame.collect()])
    with written_aside(target) as partial:
        if format == "parquet":
            frame.sink_parquet(partial)
        elif format == "arrow":
            frame.sink_ipc(partial)
        else:
            with _open(partial, compressed=target.suffix.lower() == ".gz") as stream:
                _write_text(stream, format, parts, frame.collect_schema(), escape_formulas)


def _open(path: Path, *, compressed: bool) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path, "wb")) if compressed else path.open("wb")


def _write_text(
    stream: IO[bytes], format: Format, parts: Iterable[pl.DataFrame], schema: pl.Schema, escape_formulas: bool
) -> None:
    if format in ("csv", "tsv"):
        separator = "\t" if format == "tsv" else ","
        stream.write(_csv(pl.DataFrame(schema=schema), separator, header=True))
        for part in parts:
            stream.write(_csv(_escaped(part) if escape_formulas else part, separator))
        return
    before, between, after = (b"", b"", b"") if format == "jsonl" else (b"[\n", b",", b"]\n")
    stream.write(before)
    start = b""
    for part in parts:
        for row in part.iter_rows(named=True):
            stream.write(start + orjson.dumps(row, default=_plain) + b"\n")
            start = between
    stream.write(after)


def _csv(frame: pl.DataFrame, separator: str, *, header: bool = False) -> bytes:
    flat = frame.select(_flat(column) for column in frame.iter_columns())
    if flat.width == 1:  # a missing value alone would be a blank line, which readers skip
        flat = flat.select(pl.all().cast(pl.String).fill_null(""))
    text = flat.write_csv(separator=separator, include_header=header, datetime_format=None)
    return text.encode()


def _flat(column: pl.Series) -> pl.Series:
    dtype = column.dtype
    if dtype.is_nested():
        texts = [None if value is None else orjson.dumps(value, default=_plain).decode() for value in column.to_list()]
        return pl.Series(column.name, texts, dtype=pl.String)
    if dtype == pl.Binary:
        return column.bin.encode("base64")
    if dtype == pl.Duration:
        return column.dt.total_microseconds() / 1e6
    if isinstance(dtype, pl.Datetime):
        zone = "" if dtype.time_zone is None else "%:z"
        return column.dt.strftime("%Y-%m-%dT%H:%M:%S%.f" + zone)
    return column


def _escaped(frame: pl.DataFrame) -> pl.DataFrame:
    text = pl.col(pl.String)  # every text column
    return frame.with_columns(pl.when(text.str.contains(_FORMULA)).then(pl.lit("'") + text).otherwise(text).name.keep())


def _plain(value: Any) -> Any:
    """Return what JSON can say of a value that it has no type for."""
    if isinstance(value, bytes):
        return b64encode(value).decode()
    if isinstance(value, pl.Series):
        return value.to_list()
    if hasattr(value, "total_seconds"):
        return value.total_seconds()
    return str(value)
