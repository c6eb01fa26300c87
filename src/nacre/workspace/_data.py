"""The data points of a project: imported whole or not at all, and never changed in place."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from nacre.data import Dataset
from nacre.errors import WorkspaceError
from nacre.workspace._chunk_files import DataVersion
from nacre.workspace._events import Event
from nacre.workspace._files import STAGING, explained, flush_folder, staging_folder
from nacre.workspace._lock import exclusive
from nacre.workspace._stage import Stage, Staged

if TYPE_CHECKING:
    from nacre.workspace._journal import Journal

KIND = "data"
NAME = "data"
LOCK_SECONDS = 600

How = Callable[[Stage, Any, str | None, Mapping[str, Any] | None], Staged]
Split = str | Mapping[str, float] | None


class Imported(NamedTuple):
    """What an import did: data points added and left out, all that there are now, and their version."""

    n_added: int
    n_skipped: int
    n_rows: int
    version: str


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
        return self._import(frames, uid, _split_rule(split, seed), how=Stage.append)

    def add_new(self, frames: Any, *, uid: str | None = None, split: Split = None, seed: int = 0) -> Imported:
        """Import the data points whose uid is not here yet, and leave out the others."""
        return self._import(frames, uid, _split_rule(split, seed), how=Stage.append_new)

    def replace(self, frames: Any, *, uid: str | None = None, split: Split = None, seed: int = 0) -> Imported:
        """Make the data points those of `frames`: what a source says after it was edited.

        A data point whose uid was here keeps its row id; chunks in which nothing changed stay as they are, so that
        nothing is computed again for them. Data points and fields that `frames` lacks are gone from the new version.
        """
        return self._import(frames, uid, _split_rule(split, seed), how=Stage.replace)

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

    def _import(self, frames: Any, uid: str | None, split: Mapping[str, Any] | None, *, how: How) -> Imported:
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
                stage = Stage(old, self._folder, staging, next_row_id)
                staged = how(stage, frames, uid or old.uid, split or old.split)
                version = self._commit(staged, staging, head)
        return Imported(staged.n_added, staged.n_skipped, staged.version.n_rows, version)

    def _commit(self, staged: Staged, staging: Path, head: str | None) -> str:
        """Rename the files, then make them the new version in one transaction."""
        with explained(f"move chunks to {self._folder}"):
            for record in staged.new_files:
                record.path(staging).replace(record.path(self._folder))
            flush_folder(self._folder)
        detail = {"n_added": staged.n_added, "n_skipped": staged.n_skipped, "next_row_id": staged.next_row_id}
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


def _split_rule(split: Split, seed: int) -> Mapping[str, Any] | None:
    if split is None:
        return None
    return {"field": split} if isinstance(split, str) else {"shares": dict(split), "seed": seed}
