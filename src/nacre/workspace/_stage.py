"""An import before it counts: written to a staging folder and checked as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from nacre.data import CHUNK_ROWS, Dataset, to_polars
from nacre.errors import IngestError
from nacre.workspace._chunk_files import ChunkRecord, ChunkWriter, DataVersion
from nacre.workspace._fields import Fields, with_split, with_uid
from nacre.workspace._files import explained

KEYS: Mapping[str, pl.DataType] = {"row_id": pl.Int64(), "uid": pl.String()}
_NO_UIDS = pl.Series("uid", [], dtype=pl.String)


@dataclass(frozen=True)
class Staged:
    """An import that is written but not yet part of the project.

    Args:
        version: What the data will be.
        new_files: The chunks whose files are in the staging folder.
        n_added: How many data points are new.
        n_skipped: How many of those that were given are not.
        next_row_id: The first row id that was never used.
    """

    version: DataVersion
    new_files: tuple[ChunkRecord, ...]
    n_added: int
    n_skipped: int
    next_row_id: int


class Stage:
    """Writes the chunks of an import.

    Args:
        old: The data before.
        folder: Where its chunks are.
        staging: Where the new ones go.
        next_row_id: The first row id that was never used.
    """

    def __init__(self, old: DataVersion, folder: Path, staging: Path, next_row_id: int) -> None:
        self._old = old
        self._folder = folder
        self._staging = staging
        self._writer = ChunkWriter(staging)
        self._next_row_id = next_row_id

    def append(self, frames: Any, uid: str | None, split: Mapping[str, Any] | None) -> Staged:
        """Write data points that are all new."""
        return self._append(frames, uid, split, known=_NO_UIDS)

    def append_new(self, frames: Any, uid: str | None, split: Mapping[str, Any] | None) -> Staged:
        """Write the data points that are new."""
        return self._append(frames, uid, split, known=self._known().get_column("uid"))

    def replace(self, frames: Any, uid: str | None, split: Mapping[str, Any] | None) -> Staged:
        """Write data points in place of the old ones, under the row ids of those with the same uid."""
        known = self._known()
        fields = Fields(KEYS)
        parts: list[Path] = []
        keys = [known.clear()]
        n_read = n_kept = 0
        for frame in _frames(frames):
            rows = with_uid(frame, uid, first_row=n_read, next_row_id=n_read)
            rows = with_split(rows, split).join(known, on="uid", how="left", maintain_order="left")
            is_new = pl.col("row_id").is_null()
            numbers = is_new.cum_sum().cast(pl.Int64) + (self._next_row_id - 1)
            rows = rows.with_columns(row_id=pl.when(is_new).then(numbers).otherwise("row_id"))
            kept = int((rows["row_id"] < self._next_row_id).sum())
            self._next_row_id += len(rows) - kept
            rows = fields.fit(rows.select("row_id", pl.exclude("row_id")), first_row=n_read)
            keys.append(rows.select("uid", "row_id"))
            n_read, n_kept = n_read + len(rows), n_kept + kept
            parts.append(self._write_part(rows, len(parts)))
        key = pl.concat(keys)
        _check_uids(key.get_column("uid"), _NO_UIDS)
        self._write_in_order(parts, key.get_column("row_id"))
        records = self._writer.finish()
        version = DataVersion(pl.Schema(fields.types), records, uid, split)
        return Staged(version, records, n_read - n_kept, n_kept, self._next_row_id)

    def _append(self, frames: Any, uid: str | None, split: Mapping[str, Any] | None, *, known: pl.Series) -> Staged:
        kept = self._reopen_last_chunk()
        fields = Fields({**KEYS, **self._old.schema})
        uids = [_NO_UIDS]
        n_read = n_added = 0
        for frame in _frames(frames):
            rows = with_uid(frame, uid, first_row=n_read, next_row_id=self._next_row_id)
            if len(known):
                rows = rows.filter(~pl.col("uid").is_in(known.implode()))
            rows = with_split(rows, split).with_row_index("row_id", offset=self._next_row_id)
            rows = fields.fit(rows.with_columns(pl.col("row_id").cast(pl.Int64)), first_row=n_read)
            uids.append(rows.get_column("uid"))
            self._writer.add(rows)
            self._next_row_id += len(rows)
            n_read, n_added = n_read + len(frame), n_added + len(rows)
        _check_uids(pl.concat(uids), self._known().get_column("uid"))
        records = self._writer.finish()
        version = DataVersion(pl.Schema(fields.types), (*kept, *records), uid, split)
        return Staged(version, records, n_added, n_read - n_added, self._next_row_id)

    def _known(self) -> pl.DataFrame:
        """Return `uid` and `row_id` of the data before."""
        if not self._old.chunks:
            return pl.DataFrame(schema={"uid": pl.String, "row_id": pl.Int64})
        return self._old.dataset(self._folder).collect(["uid", "row_id"])

    def _reopen_last_chunk(self) -> tuple[ChunkRecord, ...]:
        """Start with the rows of the last chunk when the new ones go on in it; return the chunks that stay."""
        chunks = self._old.chunks
        if not chunks or chunks[-1].number != self._next_row_id // CHUNK_ROWS:
            return chunks
        self._writer.add(pl.scan_ipc(chunks[-1].path(self._folder), glob=False).collect())
        return chunks[:-1]

    def _write_part(self, rows: pl.DataFrame, number: int) -> Path:
        """Keep rows on disk until their order is known."""
        path = self._staging / f"part-{number}"
        with explained(f"write to {self._staging}"), path.open("wb") as stream:
            rows.write_ipc(stream, compression="zstd")
        return path

    def _write_in_order(self, parts: list[Path], row_ids: pl.Series) -> None:
        """Write the parts as chunks: one by one where their row ids increase, as nearly always, else sorted at once."""
        frames = [pl.scan_ipc(path, glob=False) for path in parts]
        if not row_ids.is_sorted():
            frames = [pl.concat(frames, how="diagonal").sort("row_id")]
        for frame in frames:
            self._writer.add(frame.collect())


def _frames(frames: Any) -> Iterator[pl.DataFrame]:
    if isinstance(frames, Dataset):
        yield from (chunk.frame.collect() for chunk in frames.chunks)
    elif isinstance(frames, Iterator | list | tuple):
        for part in frames:
            yield from _frames(part)
    else:
        yield to_polars(frames)


def _check_uids(new: pl.Series, known: pl.Series) -> None:
    """Raise where a uid occurs twice, in the new data or in all."""
    if new.n_unique() < len(new):
        repeated = new.filter(new.is_duplicated()).unique(maintain_order=True)
        raise IngestError(
            f"The uid must be unique, but `{repeated[0]}` and {len(repeated) - 1} other values occur more than once. "
            "Remove the repeated rows, or name another field as uid. Nothing was imported."
        )
    here = new.filter(new.is_in(known.implode()))
    if len(here):
        raise IngestError(
            f"{len(here)} of the {len(new)} data points are here already, such as the one with the uid `{here[0]}`. "
            "Import only new ones (`add_new` leaves out the others), or `replace` the data. Nothing was imported."
        )
