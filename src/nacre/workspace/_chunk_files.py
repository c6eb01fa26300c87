"""Chunks of data points as files, and the version of a dataset that lists them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import polars as pl
import xxhash

from nacre._hashing import hash_file, hash_series
from nacre.data import CHUNK_ROWS, Chunk, Dataset
from nacre.errors import WorkspaceError
from nacre.workspace._fields import null_hash, schema_from_text, schema_to_text
from nacre.workspace._files import explained, flush


@dataclass(frozen=True)
class ChunkRecord:
    """A chunk file and what is in it.

    Args:
        hash: Hash of its bytes, which is also its name.
        n_bytes: Its size.
        first_row_id: The smallest row id in it.
        n_rows: How many data points it holds.
        hashes: Content hash of each field in it; other fields of the dataset are null here.
    """

    hash: str
    n_bytes: int
    first_row_id: int
    n_rows: int
    hashes: Mapping[str, str]

    @property
    def number(self) -> int:
        """Which of the chunks of 65,536 row ids it is."""
        return self.first_row_id // CHUNK_ROWS

    def path(self, folder: Path) -> Path:
        """Return where its file is."""
        return folder / f"{self.hash}.arrow"

    def problem(self, folder: Path, *, is_thorough: bool) -> str | None:
        """Return what is wrong with its file; a thorough look reads all of it."""
        path = self.path(folder)
        if not path.is_file():
            return f"The chunk {path} is missing."
        if path.stat().st_size != self.n_bytes:
            return f"The chunk {path} has {path.stat().st_size} bytes instead of {self.n_bytes}."
        if is_thorough and hash_file(path) != self.hash:
            return f"The chunk {path} is damaged: its content does not fit its name."
        return None


@dataclass(frozen=True)
class DataVersion:
    """A dataset as it was at one time.

    Args:
        schema: All fields.
        chunks: Its chunks, by row id.
        uid: The field that the uids came from.
        split: The rule of the split: `{field}` or `{shares, seed}`.
    """

    schema: pl.Schema
    chunks: tuple[ChunkRecord, ...] = ()
    uid: str | None = None
    split: Mapping[str, Any] | None = None

    @property
    def n_rows(self) -> int:
        """How many data points there are."""
        return sum(chunk.n_rows for chunk in self.chunks)

    def spec(self) -> dict[str, Any]:
        """Return the version as JSON."""
        return {
            "fields": {name: str(dtype) for name, dtype in self.schema.items()},
            "schema": schema_to_text(self.schema),
            "chunks": [
                [chunk.hash, chunk.n_bytes, chunk.first_row_id, chunk.n_rows, dict(chunk.hashes)]
                for chunk in self.chunks
            ],
            "uid": self.uid,
            "split": None if self.split is None else dict(self.split),
        }

    @classmethod
    def from_spec(cls, spec: Mapping[str, Any]) -> DataVersion:
        """Return the version that a spec describes."""
        chunks = tuple(ChunkRecord(*values) for values in spec["chunks"])
        return cls(schema_from_text(spec["schema"]), chunks, spec["uid"], spec["split"])

    def dataset(self, folder: Path) -> Dataset:
        """Return the data points, not yet read."""
        for chunk in self.chunks:
            if problem := chunk.problem(folder, is_thorough=False):
                raise WorkspaceError(f"{problem} Restore the workspace from a backup, or import the data again.")
        return Dataset(tuple(self._chunk(chunk, folder) for chunk in self.chunks), self.schema)

    def _chunk(self, record: ChunkRecord, folder: Path) -> Chunk:
        frame = pl.scan_ipc(record.path(folder), glob=False)
        missing = {name: dtype for name, dtype in self.schema.items() if name not in record.hashes}
        if missing:
            frame = frame.with_columns(pl.lit(None, dtype=dtype).alias(name) for name, dtype in missing.items())
        if list(record.hashes) != list(self.schema):
            frame = frame.select(*self.schema)
        hashes = {name: null_hash(dtype, record.n_rows) for name, dtype in missing.items()}
        return Chunk(frame, {**record.hashes, **hashes})


class ChunkWriter:
    """Cuts rows in chunks and writes each as a file.

    Args:
        folder: Where the files go.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._rows: list[pl.DataFrame] = []
        self._n_rows = 0
        self.records: list[ChunkRecord] = []

    def add(self, frame: pl.DataFrame) -> None:
        """Add rows whose row ids follow those added before."""
        self._rows.append(frame)
        self._n_rows += len(frame)
        if self._n_rows >= CHUNK_ROWS:
            self._write(keep_last=True)

    def finish(self) -> tuple[ChunkRecord, ...]:
        """Write the rest and return the records of all chunks."""
        self._write(keep_last=False)
        return tuple(self.records)

    def _write(self, *, keep_last: bool) -> None:
        if not self._n_rows:
            return
        rows = pl.concat(self._rows, how="diagonal")
        number = (pl.col("row_id") // CHUNK_ROWS).alias("@number")
        parts = rows.with_columns(number).partition_by("@number", maintain_order=True, include_key=False)
        rest = parts.pop() if keep_last else None
        for part in parts:
            self.records.append(write_chunk(part, self._folder))
        self._rows = [] if rest is None else [rest]
        self._n_rows = 0 if rest is None else len(rest)


def write_chunk(frame: pl.DataFrame, folder: Path) -> ChunkRecord:
    """Write a chunk file and return its record."""
    frame = frame.rechunk()
    buffer = BytesIO()
    frame.write_ipc(buffer, compression="zstd")
    data = buffer.getvalue()
    name = xxhash.xxh3_128_hexdigest(data)
    with explained(f"write a chunk to {folder}"), (folder / f"{name}.arrow").open("wb") as stream:
        stream.write(data)
        flush(stream)
    hashes = {column.name: hash_series(column) for column in frame.iter_columns()}
    return ChunkRecord(name, len(data), int(frame["row_id"][0]), len(frame), hashes)
