"""A lock between processes that ends with its holder, however that ends."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from nacre.errors import WorkspaceError


@contextmanager
def exclusive(path: Path, *, busy: str, timeout: float = 0) -> Iterator[None]:
    """Hold the lock file `path`.

    The lock is SQLite's own: the same on every system, and released by the system when the process is killed.

    Args:
        path: The lock file; it stays, and stays empty.
        busy: What to say when another holds the lock.
        timeout: How many seconds to wait for it.

    Raises:
        WorkspaceError: Another holds it.
    """
    try:
        connection = sqlite3.connect(path, timeout=timeout, isolation_level=None)
    except sqlite3.Error as error:
        raise WorkspaceError(f"Could not lock {path}: {error}. Check that the folder may be written.") from error
    with closing(connection):
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            raise WorkspaceError(busy if "locked" in str(error) else f"Could not lock {path}: {error}.") from error
        yield
