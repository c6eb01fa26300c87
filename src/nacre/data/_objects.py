"""The JSON objects of a file as they are, for formats whose rows are no table."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nacre.data._blocks import Options
from nacre.data._files import DataFile, Format, reading
from nacre.data._json import parse_array, parse_lines
from nacre.data._refusals import Fault
from nacre.errors import IngestError


def read_objects(
    path: str | Path, *, format: Format, encoding: str | None = None
) -> Iterator[tuple[int, dict[str, Any]]]:
    r"""Yield the objects of a JSON Lines file or JSON array, each with its line or row as the user counts it.

    The first bad row ends the reading; the error names file, row, what was found and expected, and what to do.

    Args:
        path: The file, plain or gzip.
        format: `jsonl` or `json`.
        encoding: The encoding, where it is not UTF-8.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder) / "chats.jsonl"
        ...     n_characters = path.write_text('{"messages": []}\n\n{"messages": [{"role": "user"}]}')
        ...     list(read_objects(path, format="jsonl"))
        [(1, {'messages': []}), (3, {'messages': [{'role': 'user'}]})]
    """
    file = DataFile(Path(path), format)
    with reading(file):
        rows = parse_lines(file, encoding) if format == "jsonl" else parse_array(file, Options(None, encoding=encoding))
        for number, _, row in rows:
            if isinstance(row, Fault):
                unit = "line" if format == "jsonl" else "row"
                column = "" if row.column is None else f", column `{row.column}`"
                advice = f" {row.advice}" if row.advice else ""
                raise IngestError(f"{file.name}, {unit} {number}{column}: {row.problem}{advice} Nothing was imported.")
            yield number, row
