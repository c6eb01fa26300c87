"""Write a file aside, so that it takes its name whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nacre.errors import SchemaError


def place_aside(path: Path) -> tuple[Path, Path]:
    """Return the file that `path` leads to, and the temporary one beside it that will replace it.

    Only a file may be replaced: renaming over a device such as `/dev/null` would destroy it.
    """
    target = path.resolve()
    if target.exists() and not target.is_file():
        raise SchemaError(f"`{path}` is no file, so it cannot be written. Name a file.")
    if not target.parent.is_dir():
        raise SchemaError(f"There is no folder `{target.parent}`. Make it, or name a file in another.")
    return target, target.with_name(f".{target.name[-100:]}.{os.getpid()}.partial")


@contextmanager
def written_aside(path: Path) -> Iterator[Path]:
    """Give the path of a temporary file that takes the place of `path` when the block ends without error."""
    target, partial = place_aside(path)
    try:
        yield partial
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
