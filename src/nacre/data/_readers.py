"""Read data points from files and frames."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Unpack

import polars as pl

from nacre.data._blocks import Options, ReadOptions, Rows
from nacre.data._checks import RowChecks
from nacre.data._columnar import FrameRows, file_frames
from nacre.data._csv import CsvRows
from nacre.data._dataset import CHUNK_ROWS, Dataset
from nacre.data._files import Format, find_files
from nacre.data._frames import to_polars
from nacre.data._json import JsonRows
from nacre.data._refusals import Refusals
from nacre.errors import IngestError, SpecError, did_you_mean

TYPE_WORDS: dict[str, pl.DataType] = {
    "text": pl.String(),
    "integer": pl.Int64(),
    "number": pl.Float64(),
    "boolean": pl.Boolean(),
    "date": pl.Date(),
    "time": pl.Datetime("us"),
}
Source = Any  # a path, a folder, a glob, a list of paths, or a Polars, pandas or Arrow frame


@dataclass
class Batches:
    """Checked rows of a source, batch by batch, in bounded memory.

    Iterating reads the source (text files a second time: the first pass found the types). Each frame holds the
    fields, and `uid` where the source has one; no frame has more than `batch_rows` rows.

    Attributes:
        required: Columns that must have a value in every row.
        n_rows: Rows given so far.
        n_refused: Rows refused so far; they are in the file `refused`.
    """

    rows: Rows
    uid: str | None
    refused: Path | None
    batch_rows: int
    required: tuple[str, ...] = ()
    n_rows: int = 0
    n_refused: int = 0

    @property
    def schema(self) -> pl.Schema:
        """The columns of every batch."""
        return pl.Schema({**self.rows.schema, **({} if self.uid is None else {"uid": pl.String()})})

    def __iter__(self) -> Iterator[pl.DataFrame]:
        self.n_rows = self.n_refused = 0
        with Refusals(self.refused) as refusals:
            checks = RowChecks(self.uid, refusals, self.required)
            for block in self.rows.blocks(self.batch_rows):
                frame = checks.good_rows(block)
                self.n_refused = refusals.n_rows
                self.n_rows += len(frame)
                if len(frame):
                    yield frame

    def collect(self) -> pl.DataFrame:
        """Return all rows as one frame; a warning says how many were refused."""
        frame: pl.DataFrame = pl.concat([pl.DataFrame(schema=self.schema), *self])
        if self.n_refused:
            n_rows = self.n_rows + self.n_refused
            warnings.warn(f"{self.n_refused:,} of {n_rows:,} rows were refused: see {self.refused}.", stacklevel=3)
        return frame


def read_batches(
    source: Source,
    *,
    uid: str | None = None,
    format: Format | None = None,
    refused: str | Path | None = None,
    batch_rows: int = CHUNK_ROWS,
    **options: Unpack[ReadOptions],
) -> Batches:
    """Return the rows of a source in checked batches: what `read` does, for data larger than memory.

    CSV, JSON Lines, Parquet and Arrow files are read block by block; a JSON array and a frame are held in memory.

    Args:
        source: As for `read`.
        uid: As for `read`.
        format: As for `read`.
        refused: As for `read`; the file is there when the last batch was taken.
        batch_rows: The most rows of a batch.
        **options: The other options of `read`.
    """
    chosen = _options(uid, options)
    path = None if refused is None else Path(refused)
    rows = _rows(source, format, chosen, strict=path is None)
    if "row_id" in rows.schema and not rows.schema["row_id"].is_integer():
        raise IngestError(
            f"The column `row_id` holds {rows.schema['row_id']}, expected whole numbers: it numbers the data points. "
            'Pass `rename={"row_id": "..."}` to keep it as a field.'
        )
    return Batches(rows, uid or ("uid" if "uid" in rows.schema else None), path, batch_rows)


def read(
    source: Source,
    *,
    uid: str | None = None,
    format: Format | None = None,
    refused: str | Path | None = None,
    **options: Unpack[ReadOptions],
) -> Dataset:
    """Return the data points of a file, a folder, a glob, a list of files or a frame.

    CSV, TSV, JSON Lines and JSON (plain or gzip), Parquet, Arrow and Feather files, and Polars, pandas and Arrow
    frames. Types are found in all rows, not the first ones. In CSV, a column is numbers or times when most of its
    values are, and the others are errors; numbers with leading zeros or a plus sign stay text; an empty cell is
    missing; times are ISO 8601. In typed sources NaN is missing.

    One bad row, and nothing is imported: the error names file, line, column, what was found and expected, and what
    to do.

    Args:
        source: What to read. In a folder, the files of the one format it holds.
        uid: The column that identifies a data point, kept as text. Without it `uid` does, or else the position.
        format: One of csv, tsv, jsonl, json, parquet, arrow, where the name of the file does not say it.
        refused: A JSON Lines file for bad rows (source, row, column, reason, raw); the others are imported, and a
            warning says how many were not.
        **options: `fields`: the columns to read. `dtypes`: the types of some columns, each as text, integer, number,
            boolean, date, time or a Polars type. `nulls`: words that mean "missing", such as `("?", "NA")`.
            `rename`: other names for columns. For CSV `separator`, `header` (False: there is none; True: the first
            line is one although it looks like data); for text files `encoding`.

    Examples:
        >>> mail = read({"id": ["a", "b"], "body": ["Free cash", "Lunch?"]}, uid="id")
        >>> mail.collect().to_dicts()[0]
        {'row_id': 0, 'uid': 'a', 'id': 'a', 'body': 'Free cash'}
    """
    batches = read_batches(source, uid=uid, format=format, refused=refused, **options)
    return Dataset.from_frame(batches.collect())


def _rows(source: Source, format: Format | None, options: Options, *, strict: bool) -> Rows:
    if not isinstance(source, (str, Path)) and not _is_paths(source):
        return FrameRows(
            [("The frame", source if isinstance(source, pl.LazyFrame) else to_polars(source).lazy())], options
        )
    files = find_files(source, format)
    if files[0].format in ("csv", "tsv"):
        return CsvRows(files, options, strict)
    if files[0].format in ("jsonl", "json"):
        return JsonRows(files, options, strict)
    return FrameRows(file_frames(files), options)


def _is_paths(source: Source) -> bool:
    return isinstance(source, Sequence) and all(isinstance(part, (str, Path)) for part in source)


def _options(uid: str | None, given: Mapping[str, Any]) -> Options:
    known = [name for name in Options.__dataclass_fields__ if name != "uid"]
    for name in given:
        if name not in known:
            raise SpecError(f"There is no option `{name}`; there are {', '.join(known)}.{did_you_mean(name, known)}")
    options = dict(given)
    for name in ("fields", "nulls"):
        if isinstance(options.get(name), str):
            raise SpecError(f"`{name}` takes a list; found the text `{options[name]}`. Write `({options[name]!r},)`.")
        if options.get(name) is not None:
            options[name] = tuple(options[name])
    options["dtypes"] = {name: _dtype(name, dtype) for name, dtype in (options.get("dtypes") or {}).items()}
    return Options(uid, **{name: value for name, value in options.items() if value is not None})


def _dtype(name: str, dtype: Any) -> pl.DataType:
    if isinstance(dtype, str):
        if dtype not in TYPE_WORDS:
            raise IngestError(
                f"There is no type `{dtype}` (of the column `{name}`); there are {', '.join(TYPE_WORDS)}."
            )
        return TYPE_WORDS[dtype]
    return dtype if isinstance(dtype, pl.DataType) else dtype()
