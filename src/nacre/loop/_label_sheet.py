"""Files of labels as people save them: spreadsheets write what separates cells, and the encoding, in their own way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from nacre.data import read_batches
from nacre.errors import IngestError, UnknownFieldError

ROW = "@row"
"""The row of the file, as a spreadsheet counts it."""

_SEPARATORS = (",", ";", "\t")
_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")


def read_sheet(
    path: Path,
    *,
    fields: Mapping[str, str],
    options: Mapping[str, Any],
    texts: Sequence[str],
    refused: Path | None = None,
) -> pl.DataFrame:
    """Return the rows of a file of labels, with the number of each.

    Excel saves CSV with `;` where the comma is that of decimals, and not in UTF-8: both are found out.

    Args:
        path: The file.
        fields: Where its columns are called otherwise.
        options: Further arguments of the reader.
        texts: The columns that are read as text.
        refused: A file for bad rows; without it one of them is an error.
    """
    options = {**_as_saved(path), **options}
    known = read_batches(path, refused=refused, **options).schema
    for name, column in fields.items():
        if column not in known:
            raise UnknownFieldError(column, available=known, reader=name)
    names = {column: name for name, column in fields.items()}
    types = {column: "text" for column in known if names.get(column, column) in texts}
    batches = read_batches(path, refused=refused, **{**options, "dtypes": {**types, **options.get("dtypes", {})}})
    frame = replace(batches, uid=None).collect()  # several labels of one response are what labels are
    taken = [name for name in fields if name in frame.columns and name not in names]
    is_sheet = path.suffix.lower() in (".csv", ".tsv") and options.get("header", True)
    return _with_numbers(frame.drop(taken).rename(names), path).with_row_index(ROW, offset=2 if is_sheet else 1)


def _as_saved(path: Path) -> dict[str, str]:
    """Return separator and encoding of a CSV file, where they are not the usual ones."""
    if path.suffix.lower() != ".csv" or not path.is_file():
        return {}
    content = path.read_bytes()
    if content.startswith(_MARKS[:2]):  # UTF-16 says so itself
        return {}
    found = {}
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        found["encoding"] = "cp1252"
    header = content.partition(b"\n")[0]
    separator = max(_SEPARATORS, key=lambda mark: header.count(mark.encode()))  # the first of equals
    return found if separator == "," else {**found, "separator": separator}


def _with_numbers(frame: pl.DataFrame, path: Path) -> pl.DataFrame:
    """Return weights as numbers, also where a spreadsheet wrote a comma for the point."""
    if "weight" not in frame.columns or frame.schema["weight"] != pl.String:
        return frame
    texts = pl.col("weight").str.strip_chars().replace("", None)
    weights = frame.select(texts, number=texts.str.replace(",", ".", literal=True).cast(pl.Float64, strict=False))
    wrong = weights.filter(pl.col("weight").is_not_null() & pl.col("number").is_null())
    if len(wrong):
        raise IngestError(
            f"{path} has the `weight` {wrong.item(0, 'weight')!r}, which is no number: spreadsheets make dates of "
            "some. Leave the column out where the project made the sample; it remembers the weights."
        )
    return frame.with_columns(weights.get_column("number").alias("weight"))
