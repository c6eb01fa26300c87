"""The database of a workspace: who may write when, and what its errors mean."""

from __future__ import annotations

import sqlite3
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, create_engine, event, inspect, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from nacre.errors import WorkspaceError
from nacre.workspace._tables import FORMAT, metadata, table_format

BUSY_SECONDS = 30
_WRITING = "nacre_writing"


class Metadata:
    """Short transactions on `metadata.db`: any number read while one writes.

    Args:
        path: The database file.
        is_writable: Otherwise the file is read as it is, without the locks that SQLite would have to write.
    """

    def __init__(self, path: Path, *, is_writable: bool) -> None:
        self._path = path
        self._is_writable = is_writable
        # The engine must not hold this object, or it would never be collected and its connections never closed.
        self._engine = create_engine("sqlite://", creator=partial(_connect, path, is_writable), poolclass=QueuePool)
        self._writing = self._engine.execution_options(**{_WRITING: True})
        event.listen(self._engine, "begin", _begin)
        self.close = weakref.finalize(self, self._engine.dispose)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """See one state of the database, whatever others write meanwhile."""
        with self._explained(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Change the database: all of it or, after an error or a kill, nothing."""
        if not self._is_writable:
            raise WorkspaceError(f"{self._path.parent} may only be read. Copy the workspace to a folder of your own.")
        with self._explained(), self._writing.begin() as connection:
            yield connection

    def create(self) -> None:
        """Make the tables where there are none."""
        with self._explained(), self._engine.connect() as connection:
            # Readers do not wait for the writer, nor the writer for them. The mode stays with the file.
            connection.connection.driver_connection.execute("PRAGMA journal_mode=WAL")  # type: ignore[union-attr]
        with self.write() as connection:
            metadata.create_all(connection)
            if connection.scalar(select(table_format.c.version)) is None:
                connection.execute(table_format.insert().values(version=FORMAT))

    def check_format(self) -> None:
        """Refuse a database of a newer Nacre, or a file that is none."""
        with self.read() as connection:
            found = (
                connection.scalar(select(table_format.c.version))
                if inspect(connection).has_table(table_format.name)
                else None
            )
        if found is None:
            raise WorkspaceError(f"{self._path} has no tables of Nacre. Restore it from a backup.")
        if found > FORMAT:
            raise WorkspaceError(
                f"{self._path} was written by a newer Nacre (format {found}; this one reads up to {FORMAT}). "
                "Update it with `pip install -U nacre`."
            )

    def problems(self) -> list[str]:
        """Return what SQLite finds wrong with the file: nothing, when all is well."""
        with self.read() as connection:
            answers = connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
        return [f"metadata.db: {answer}" for answer in answers if answer != "ok"]

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise WorkspaceError(_meaning(str(error.orig), self._path)) from error


def _connect(path: Path, is_writable: bool) -> sqlite3.Connection:
    mode = "mode=rwc" if is_writable else "mode=ro&immutable=1"
    uri = f"{path.absolute().as_uri()}?{mode}"
    # isolation_level=None: BEGIN is ours to write, see `_begin`.
    return sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)


def _begin(connection: Connection) -> None:
    # IMMEDIATE: a transaction that reads before it writes could otherwise fail at its first write, after another
    # process has written in between.
    is_writing = connection.get_execution_options().get(_WRITING, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writing else "BEGIN")


def _meaning(message: str, path: Path) -> str:
    if "locked" in message:
        return f"Another process has been writing to {path} for {BUSY_SECONDS} seconds. Try again when it is done."
    if "full" in message or "I/O" in message:
        return f"{path} could not be written: {message}. Free some space and try again; nothing was changed."
    if "readonly" in message or "unable to open" in message:
        return f"{path} may not be written or opened: {message}. Check the permissions of the folder."
    return f"{path} cannot be read: {message}. Restore it from a backup, or start a new workspace."
