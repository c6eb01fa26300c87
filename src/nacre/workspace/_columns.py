"""Computed columns on disk: immutable, addressed by the hash of what made them."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from nacre.workspace._files import from_sealed, to_sealed, write_file


class DirectoryStore:
    """A `ColumnStore` in a folder: `<aa>/<key>.arrow`.

    Two processes may store the same key: they store the same content. A file that is damaged or only half there is
    no column, so it is computed and written again; that is why nothing here waits for the disk.

    Args:
        folder: Where the columns are; it is made when the first one is stored.

    Examples:
        >>> import tempfile
        >>> store = DirectoryStore(Path(tempfile.mkdtemp()))
        >>> store.put("0af3", pl.DataFrame({"value": [True]}))
        >>> store.get("0af3").item(), store.get("77aa")
        (True, None)
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, key: str) -> pl.DataFrame | None:
        try:
            data = self._path(key).read_bytes()
        except FileNotFoundError:
            return None
        return from_sealed(data)

    def put(self, key: str, frame: pl.DataFrame) -> None:
        write_file(self._path(key), to_sealed(frame), parent=self._folder, is_durable=False)

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / f"{key}.arrow"
