"""A file of another tool, opened with care: what it holds is parsed once and never trusted."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, Literal, NamedTuple

import orjson
import polars as pl

from nacre.data import read, read_batches, read_objects
from nacre.errors import IngestError
from nacre.exchange._yaml import parse_yaml

MAX_DOCUMENT = 1 << 30  # bytes of one JSON document, which is held in memory
MAX_YAML = 1 << 25
DETECTION_ROWS = 100

Kind = Literal["archive", "object", "rows", "table", "yaml"]
_TABLES = (".csv", ".tsv", ".tab", ".parquet", ".pq", ".arrow", ".ipc", ".feather")


class Row(NamedTuple):
    """One object of a file, and where it stands, as messages show it."""

    where: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Source:
    """A file to import.

    Args:
        path: The file.
        refused: Where bad rows of a table go; without it one bad row ends the import.
        prompts: The file with the prompts, where the responses come in one of their own.
        fields: What the columns of a table are called, by agreed name.
    """

    path: Path
    refused: Path | None = None
    prompts: Path | None = None
    fields: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def kind(self) -> Kind:
        """What the file holds: decided by its first bytes, then by its name."""
        start = self._start
        if start.startswith(b"PK\x03\x04"):
            return "archive"
        suffixes = [suffix.lower() for suffix in self.path.suffixes if suffix.lower() != ".gz"]
        suffix = suffixes[-1] if suffixes else ""
        if suffix in _TABLES or start.startswith((b"PAR1", b"ARROW1")):
            return "table"
        if suffix in (".yaml", ".yml"):
            return "yaml"
        if suffix in (".jsonl", ".ndjson"):
            return "rows"
        if start.lstrip()[:1] in (b"{", b"["):
            return self._json_kind(start)
        raise IngestError(
            f"{self.path} holds no data that Nacre knows. Evaluations are imported from JSON, JSON Lines, YAML, CSV, "
            "Parquet, Arrow and inspect_ai `.eval` files; name the file by what it holds."
        )

    @cached_property
    def document(self) -> Mapping[str, Any]:
        """The one object that a JSON or YAML file holds; empty for other files."""
        if self.kind == "object":
            found = parse_json(self._bytes(MAX_DOCUMENT), str(self.path))
        elif self.kind == "yaml":
            found = parse_yaml(self._bytes(MAX_YAML), str(self.path))
            found = {"tests": found} if isinstance(found, list) else found  # promptfoo keeps tests in such files
        else:
            return {}
        return found if isinstance(found, Mapping) else {}

    @cached_property
    def rows(self) -> list[Row]:
        """The objects of a JSON array or JSON Lines file, or the rows of a table; none for other files."""
        if self.kind == "table":
            return [Row(f"row {number}", row) for number, row in enumerate(self.frame.iter_rows(named=True), start=1)]
        return list(self._objects()) if self.kind == "rows" else []

    @cached_property
    def frame(self) -> pl.DataFrame:
        """The rows as a table with one type a column."""
        data = read(self.path, format=self._data_format, refused=self.refused).collect()
        return data.drop("row_id", *([] if "uid" in self.names else ["uid"]))

    @cached_property
    def names(self) -> frozenset[str]:
        """The keys of the document, or of the first rows: what the format is told by."""
        if self.kind == "table":
            return frozenset(read_batches(self.path, format=self._data_format, refused=self.refused).schema)
        if self.kind == "rows":
            return frozenset(key for row in islice(self._objects(), DETECTION_ROWS) for key in row.values)
        return frozenset(map(str, self.document))

    def error(self, where: str, column: str | None, problem: str, advice: str) -> IngestError:
        """Return the error for one place: what was found and expected, and what to do."""
        place = ", ".join(part for part in (str(self.path), where) if part)
        named = "" if column is None else f", column `{column}`"
        return IngestError(f"{place}{named}: {problem} {advice} Nothing was imported.")

    def _objects(self) -> Iterator[Row]:
        format: Literal["jsonl", "json"] = "jsonl" if self._is_lines else "json"
        unit = "line" if format == "jsonl" else "row"
        for number, values in read_objects(self.path, format=format):
            yield Row(f"{unit} {number}", values)

    @property
    def _data_format(self) -> Literal["jsonl", "json", "parquet", "arrow"] | None:
        """Return what the content says where the name may not; None leaves it to the name."""
        if self.kind == "rows":
            return "jsonl" if self._is_lines else "json"
        return "parquet" if self._start.startswith(b"PAR1") else "arrow" if self._start.startswith(b"ARROW1") else None

    @property
    def _is_lines(self) -> bool:
        return self._start.lstrip()[:1] == b"{" or self.path.name.lower().endswith((".jsonl", ".ndjson"))

    def _json_kind(self, start: bytes) -> Kind:
        if start.lstrip()[:1] == b"[":
            return "rows"
        # `{` begins an object, or the first of many lines; a whole object on the first line tells.
        first, _, rest = start.partition(b"\n")
        if not rest.strip():
            return "object"
        try:
            orjson.loads(first)
        except orjson.JSONDecodeError:
            return "object"
        return "rows"

    @cached_property
    def _start(self) -> bytes:
        return self._read(1 << 22)

    def _bytes(self, most: int) -> bytes:
        data = self._read(most + 1)
        if len(data) > most:
            raise IngestError(
                f"{self.path} is larger than {most / 1e9:,.2g} GB, the limit for one document. Cut it into several "
                "files, or write one object per line (.jsonl)."
            )
        return data

    def _read(self, n_bytes: int) -> bytes:
        try:
            with self.path.open("rb") as stream:
                if stream.read(2) == b"\x1f\x8b":
                    stream.seek(0)
                    with gzip.open(stream) as unpacked:
                        return unpacked.read(n_bytes)
                stream.seek(0)
                return stream.read(n_bytes)
        except FileNotFoundError as error:
            raise IngestError(f"There is no file `{self.path}`. Check the path.") from error
        except IsADirectoryError as error:
            raise IngestError(f"`{self.path}` is a folder; name one file of it.") from error
        except (OSError, EOFError, ValueError) as error:
            raise IngestError(f"{self.path} cannot be read: {error}. Check the file.") from error


def parse_json(data: bytes, name: str) -> Any:
    """Return what JSON text holds; NaN and infinity, which Python tools write, are read too."""
    text = data.removeprefix(b"\xef\xbb\xbf")
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        if b"NaN" in text or b"Infinity" in text:
            return _parse_lenient(text, name)
        if not text.strip():
            raise IngestError(f"{name} is empty. Check that it was written completely.") from error
        raise IngestError(
            f"{name}, line {error.lineno}: this is no JSON ({error.msg}, at character {error.colno}). Check that the "
            "file is complete and written as UTF-8."
        ) from error


def _parse_lenient(text: bytes, name: str) -> Any:
    try:
        value = json.loads(text.decode())
        json.dumps(value, ensure_ascii=False).encode()  # half a character pair is no text
    except (ValueError, RecursionError) as error:
        raise IngestError(f"{name} is no JSON ({error}). Check that the file is complete and UTF-8.") from error
    return value
