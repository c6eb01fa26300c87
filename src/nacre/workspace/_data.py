"""The data points of a project: imported whole or not at all, and never changed in place."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from nacre.data import CHUNK_ROWS, Dataset, to_polars
from nacre.errors import IngestError, WorkspaceError
from nacre.workspace._chunk_files import ChunkRecord, ChunkWriter, DataVersion
from nacre.workspace._events import Event
from nacre.workspace._fields import Fields, with_split, with_uid
from nacre.workspace._files import STAGING, explained, flush_folder, staging_folder
from nacre.workspace._lock import exclusive

if TYPE_CHECKING:
    from nacre.workspace._journal import Journal

KIND = "data"
NAME = "data"
LOCK_SECONDS = 600

Split = str | Mapping[str, float] | None


class Imported(NamedTuple):
    """What an import did: data points added and left out, all that there are now, and their version."""

    n_added: int
    n_skipped: int
    n_rows: int
    version: str


@dataclass(frozen=True)
class _Staged:
    """An import that is written but not yet part of the project."""

    version: DataVersion
    new_files: tuple[ChunkRecord, ...]
    n_added: int
    n_skipped: int


class ProjectData:
    """The data points of a project, in versions.

    Args:
        journal: Where the versions are kept.
        folder: Where the chunk files are.
        project: What messages call it.
    """

    def __init__(self, journal: Journal, folder: Path, project: str) -> None:
        self._journal = journal
        self._folder = folder
        self._project = project

    def add(self, frames: Any, *, uid: str | None = None, split: Split = None, seed: int = 0) -> Imported:
        """Import data points; after an error or a kill the project holds what it held before.

        Row ids go on where they ended and are never used twice. A field that older data points lack is null there.

        Args:
            frames: A `Dataset`, a frame, or an iterator of frames.
            uid: The field that identifies a data point; by default `uid`, and without it the row id.
            split: The field with the split, or shares for a hash split of the uid; by default what the first import
                had.
            seed: Of the hash split.

        Raises:
            IngestError: A uid is missing, repeated or imported before, or a column has another type than before.
        """
        return self._import(frames, uid, _split_rule(split, seed), skips_known=False)

    def add_new(self, frames: Any, *, uid: str | None = None, split: Split = None, seed: int = 0) -> Imported:
        """Import the data points whose uid is not here yet, and leave out the others."""
        return self._import(frames, uid, _split_rule(split, seed), skips_known=True)

    def read(self, version: str | None = None) -> Dataset:
        """Return the data points of a version; by default the newest."""
        return self._version(version).dataset(self._folder)

    @property
    def version(self) -> str | None:
        """The hash of the newest version, or None before the first import."""
        with self._journal.read() as snapshot:
            return snapshot.head(KIND, NAME)

    @property
    def schema(self) -> pl.Schema:
        """The fields and their types."""
        return self._version(None).schema

    def __len__(self) -> int:
        return self._version(None).n_rows if self.version else 0

    def history(self) -> tuple[Event, ...]:
        """Return the imports, oldest first."""
        with self._journal.read() as snapshot:
            return snapshot.history(KIND, NAME)

    def require(self, uids: Iterable[str]) -> None:
        """Raise where one of the uids is no data point."""
        wanted = pl.Series("uid", list(uids), dtype=pl.String)
        uid = pl.col("uid")
        found = self.read().frame.filter(uid.is_in(wanted.implode())).select(uid).collect().to_series()
        missing = wanted.filter(~wanted.is_in(found.implode()))
        if len(missing):
            raise WorkspaceError(f"No data point of `{self._project}` has the uid `{missing[0]}`.")

    def problems(self) -> list[str]:
        """Return which chunk files of any version are missing or damaged."""
        with self._journal.read() as snapshot:
            specs = snapshot.versions(KIND).values()
        records = {chunk.hash: chunk for spec in specs for chunk in DataVersion.from_spec(spec).chunks}
        found = (record.problem(self._folder, is_thorough=True) for record in records.values())
        return [problem for problem in found if problem]

    def clean(self) -> None:
        """Remove what an interrupted import left behind, unless one is running."""
        if any((self._folder / STAGING).glob("*")):
            with suppress(WorkspaceError), self._lock(timeout=0):
                self._remove_leftovers()

    def _version(self, version: str | None) -> DataVersion:
        with self._journal.read() as snapshot:
            version = version or snapshot.head(KIND, NAME)
            if version is None:
                raise WorkspaceError(f"The project `{self._project}` has no data yet. Import some with `data.add`.")
            return DataVersion.from_spec(snapshot.spec(KIND, version))

    def _lock(self, *, timeout: float) -> Any:
        busy = f"Another process is importing data into `{self._project}`. Try again when it is done."
        return exclusive(self._folder / ".lock", busy=busy, timeout=timeout)

    def _import(self, frames: Any, uid: str | None, split: Mapping[str, Any] | None, *, skips_known: bool) -> Imported:
        with explained(f"write to {self._folder}"):
            self._folder.mkdir(parents=True, exist_ok=True)
        with self._lock(timeout=LOCK_SECONDS):
            self._remove_leftovers()
            with self._journal.read() as snapshot:
                head = snapshot.head(KIND, NAME)
                spec = None if head is None else snapshot.spec(KIND, head)
                imports = snapshot.events(kind=KIND)
            old = DataVersion(pl.Schema()) if spec is None else DataVersion.from_spec(spec)
            next_row_id = max((event.detail.get("next_row_id", 0) for event in imports), default=0)
            with staging_folder(self._folder) as staging:
                stage = _Stage(old, self._folder, staging, next_row_id)
                staged = stage.fill(frames, uid or old.uid, split or old.split, skips_known=skips_known)
                detail = {"n_added": staged.n_added, "n_skipped": staged.n_skipped, "next_row_id": stage.next_row_id}
                version = self._commit(staged, staging, head, detail)
        return Imported(staged.n_added, staged.n_skipped, staged.version.n_rows, version)

    def _commit(self, staged: _Staged, staging: Path, head: str | None, detail: Mapping[str, Any]) -> str:
        """Rename the files, then make them the new version in one transaction."""
        with explained(f"move chunks to {self._folder}"):
            for record in staged.new_files:
                record.path(staging).replace(record.path(self._folder))
            flush_folder(self._folder)
        with self._journal.write() as entry:
            if entry.head(KIND, NAME) != head:
                raise WorkspaceError("The data was changed (undone or restored) during the import. Import again.")
            entry.put(KIND, NAME, staged.version.spec(), action="import", detail=detail)
            return entry.head(KIND, NAME) or ""

    def _remove_leftovers(self) -> None:
        """Remove staging folders and the chunks that no version has; the lock is held."""
        with self._journal.read() as snapshot:
            specs = snapshot.versions(KIND).values()
        known = {chunk.hash for spec in specs for chunk in DataVersion.from_spec(spec).chunks}
        with explained(f"clean {self._folder}"):
            for path in self._folder.glob("*.arrow"):
                if path.stem not in known:
                    path.unlink()
            for folder in (self._folder / STAGING).glob("*"):
                shutil.rmtree(folder)


class _Stage:
    """Writes new data points to a staging folder and checks them as a whole."""

    def __init__(self, old: DataVersion, folder: Path, staging: Path, next_row_id: int) -> None:
        self._old = old
        self._folder = folder
        self._writer = ChunkWriter(staging)
        self._fields = Fields({"row_id": pl.Int64(), "uid": pl.String(), **old.schema})
        self.next_row_id = next_row_id

    def fill(self, frames: Any, uid: str | None, split: Mapping[str, Any] | None, *, skips_known: bool) -> _Staged:
        """Write all frames; raise where the data points cannot be added as they are."""
        known = self._known_uids()
        kept = self._reopen_last_chunk()
        uids: list[pl.Series] = []
        n_read = n_added = 0
        for frame in _frames(frames):
            rows = with_uid(frame, uid, first_row=n_read, next_row_id=self.next_row_id)
            n_read += len(frame)
            if skips_known:
                rows = rows.filter(~pl.col("uid").is_in(known.implode()))
            rows = with_split(rows, split).with_row_index("row_id", offset=self.next_row_id)
            rows = self._fields.fit(rows.with_columns(pl.col("row_id").cast(pl.Int64)), first_row=n_read - len(frame))
            uids.append(rows.get_column("uid"))
            self._writer.add(rows)
            self.next_row_id += len(rows)
            n_added += len(rows)
        _check_uids(pl.concat([pl.Series("uid", [], dtype=pl.String), *uids]), known)
        records = self._writer.finish()
        schema = pl.Schema(self._fields.types)
        version = DataVersion(schema, (*kept, *records), uid, split)
        return _Staged(version, records, n_added, n_read - n_added)

    def _known_uids(self) -> pl.Series:
        if not self._old.chunks:
            return pl.Series("uid", [], dtype=pl.String)
        return self._old.dataset(self._folder).collect(["uid"]).to_series()

    def _reopen_last_chunk(self) -> tuple[ChunkRecord, ...]:
        """Start with the rows of the last chunk when the new ones go on in it; return the chunks that stay."""
        chunks = self._old.chunks
        if not chunks or chunks[-1].number != self.next_row_id // CHUNK_ROWS:
            return chunks
        rows = pl.scan_ipc(chunks[-1].path(self._folder), glob=False).collect()
        self._writer.add(rows)
        return chunks[:-1]


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
            "Import only new ones (`add_new` leaves out the others). Nothing was imported."
        )


def _split_rule(split: Split, seed: int) -> Mapping[str, Any] | None:
    if split is None:
        return None
    return {"field": split} if isinstance(split, str) else {"shares": dict(split), "seed": seed}
