"""Where computed columns are kept: by the hash of what made them, and never changed."""

from __future__ import annotations

from typing import Protocol

import polars as pl


class ColumnStore(Protocol):
    """Keeps columns of chunks by key; an error is stored with its column."""

    def get(self, key: str) -> pl.DataFrame | None:
        """Return the column stored under `key`, or None."""

    def put(self, key: str, frame: pl.DataFrame) -> None:
        """Store a column; another process may store the same one at the same time."""


class MemoryStore:
    """Columns kept as long as the object lives.

    Examples:
        >>> store = MemoryStore()
        >>> store.put("key", pl.DataFrame({"value": [True]}))
        >>> store.get("key").item(), store.get("other")
        (True, None)
    """

    def __init__(self) -> None:
        self._frames: dict[str, pl.DataFrame] = {}

    def get(self, key: str) -> pl.DataFrame | None:
        return self._frames.get(key)

    def put(self, key: str, frame: pl.DataFrame) -> None:
        self._frames[key] = frame
