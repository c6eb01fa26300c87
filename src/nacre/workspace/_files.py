"""Files that are whole or absent: written aside, flushed, then renamed."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedWriter, BytesIO
from pathlib import Path

import polars as pl
import xxhash

from nacre.errors import WorkspaceError

STAGING = ".staging"  # beside the final place, so that a rename is enough
ABANDONED_AFTER = 24 * 3600  # seconds; nobody writes one artifact for a day
_DIGEST_BYTES = 16


@contextmanager
def explained(action: str) -> Iterator[None]:
    """Turn an error of the file system into one that says what could not be done and what to do."""
    try:
        yield
    except WorkspaceError:
        raise
    except OSError as error:
        raise WorkspaceError(
            f"Could not {action}: {error.strerror or error}. Check that the disk has space and that the folder may be "
            "written, then run the same again; what was finished before is kept."
        ) from error


@contextmanager
def staging_folder(parent: Path) -> Iterator[Path]:
    """Give a new folder below `parent`, and remove what is left in it."""
    folder = parent / STAGING / secrets.token_hex(6)
    with explained(f"write to {parent}"):
        folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_abandoned(parent: Path) -> None:
    """Remove what killed processes left in the staging folder a day ago or earlier."""
    for path in (parent / STAGING).glob("*"):
        with suppress(FileNotFoundError):  # another process may clean as well
            if time.time() - path.stat().st_mtime < ABANDONED_AFTER:
                continue
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink()


def write_file(path: Path, data: bytes, *, parent: Path, is_durable: bool = True) -> None:
    """Write a file of which a reader sees all or nothing.

    Args:
        path: The file.
        data: Its content.
        parent: The folder that has the staging folder.
        is_durable: Whether the file must survive a power cut; what can be computed again need not.
    """
    aside = parent / STAGING / secrets.token_hex(6)
    with explained(f"write {path}"):
        aside.parent.mkdir(parents=True, exist_ok=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with aside.open("wb") as stream:
                stream.write(data)
                if is_durable:
                    flush(stream)
            aside.replace(path)
        except BaseException:
            aside.unlink(missing_ok=True)
            raise
        if is_durable:
            flush_folder(path.parent)


def flush(stream: BufferedWriter) -> None:
    """Make the content of a file survive a power cut."""
    stream.flush()
    os.fsync(stream.fileno())


def flush_folder(folder: Path) -> None:
    """Make renames in a folder survive a power cut, where the system can."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def to_sealed(frame: pl.DataFrame) -> bytes:
    """Return a frame as a compressed Arrow IPC stream followed by the hash of its bytes.

    The stream says where it ends, so that any Arrow reader ignores the hash. Nacre looks at the hash first: Polars
    aborts the process on some flipped bits, and returns wrong values on others.
    """
    buffer = BytesIO()
    frame.write_ipc_stream(buffer, compression="zstd")
    data = buffer.getvalue()
    return data + xxhash.xxh3_128_digest(data)


def from_sealed(data: bytes) -> pl.DataFrame | None:
    """Return the frame of sealed bytes, or None where they are damaged."""
    content, digest = data[:-_DIGEST_BYTES], data[-_DIGEST_BYTES:]
    return pl.read_ipc_stream(BytesIO(content)) if xxhash.xxh3_128_digest(content) == digest else None
