"""Frames and model folders by the hash of their content."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import count
from pathlib import Path

import polars as pl

from nacre._hashing import hash_file, hash_frame, hash_text
from nacre.errors import WorkspaceError
from nacre.workspace._files import explained, flush_folder, from_sealed, staging_folder, to_sealed, write_file

_REMEDY = "Restore it from a backup, or make it again."


class Artifacts:
    """What a version points to when it is too large for the database; once stored it never changes.

    Args:
        folder: The workspace. Frames are in `frames/`, folders in `models/`.
    """

    def __init__(self, folder: Path) -> None:
        self._frames = folder / "frames"
        self._folders = folder / "models"

    def put_frame(self, frame: pl.DataFrame) -> str:
        """Store a frame and return its hash."""
        content = hash_frame(frame)
        path = self._frame_path(content)
        if path.is_file() and from_sealed(path.read_bytes()) is not None:
            return content
        write_file(path, to_sealed(frame), parent=self._frames)
        return content

    def get_frame(self, content: str) -> pl.DataFrame:
        """Return the frame of this hash."""
        path = self._frame_path(content)
        if not path.is_file():
            raise WorkspaceError(f"The frame {content} is missing: there is no {path}. {_REMEDY}")
        frame = from_sealed(path.read_bytes())
        if frame is None or hash_frame(frame) != content:
            raise WorkspaceError(f"{path} is damaged: its content does not fit its name. {_REMEDY}")
        return frame

    def put_folder(self, write: Callable[[Path], object]) -> str:
        """Store the folder that `write` fills and return its hash.

        Args:
            write: Gets an empty folder and puts files there, such as `model.save`.
        """
        with staging_folder(self._folders) as staging:
            aside = staging / "content"
            aside.mkdir()
            write(aside)
            content = _hash_folder(aside)
            target = self._folders / content
            if _holds(target, content):
                return content
            with explained(f"store {target}"):
                _flush_files(aside)
                _place(aside, target, content)
                flush_folder(self._folders)
        return content

    def get_folder(self, content: str) -> Path:
        """Return the folder of this hash; only read there."""
        folder = self._folders / content
        if not folder.is_dir():
            raise WorkspaceError(f"The model {content} is missing: there is no {folder}. {_REMEDY}")
        if not _holds(folder, content):
            raise WorkspaceError(f"{folder} is damaged: its content does not fit its name. {_REMEDY}")
        return folder

    def problems(self, frames: Iterable[str], folders: Iterable[str]) -> list[str]:
        """Return which of these frames and folders are missing or damaged."""
        found = []
        for get, names in ((self.get_frame, frames), (self.get_folder, folders)):
            for name in names:
                try:
                    get(name)
                except WorkspaceError as error:
                    found.append(str(error))
        return found

    def _frame_path(self, content: str) -> Path:
        return self._frames / content[:2] / f"{content}.arrow"


def _place(aside: Path, target: Path, content: str) -> None:
    """Rename a folder to its final name, unless another process has stored the same there meanwhile.

    Only a folder that is damaged is moved out of the way: of a good one, a reader would see that it is gone.
    """
    for attempt in count():
        try:
            aside.rename(target)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
        else:
            return
        if _holds(target, content):
            return
        with suppress(FileNotFoundError):  # another process may repair it as well
            target.rename(aside.with_name(f"damaged-{attempt}"))


def _holds(folder: Path, content: str) -> bool:
    """Return whether a folder is there with the content of this hash."""
    try:
        return folder.is_dir() and _hash_folder(folder) == content
    except FileNotFoundError:  # another process moved it away: it was damaged
        return False


def _hash_folder(folder: Path) -> str:
    """Hash the relative paths and the bytes of all files in a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return hash_text(*(part for path in files for part in (path.relative_to(folder).as_posix(), hash_file(path))))


def _flush_files(folder: Path) -> None:
    """Make the files of a folder survive a power cut."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb+") as stream:
                os.fsync(stream.fileno())
