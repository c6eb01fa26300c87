"""A workspace: the folder that keeps projects."""

from __future__ import annotations

import getpass
import os
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from nacre.errors import UnknownNameError, WorkspaceError
from nacre.workspace._artifacts import Artifacts
from nacre.workspace._columns import DirectoryStore
from nacre.workspace._files import explained, remove_abandoned, write_file
from nacre.workspace._lock import exclusive
from nacre.workspace._names import check_project_name
from nacre.workspace._project import Project

if TYPE_CHECKING:
    from nacre.workspace._metadata import Metadata

FORMAT = 1
BESIDE_RECIPE = ".nacre"  # the workspace of a project that has a recipe

Clock = Callable[[], datetime]


class Workspace:
    """Projects in a folder; `nacre.open` makes it.

    Args:
        path: The folder.
        metadata: Its database.
        clock: Says what time it is.
        user: Who works here.

    Attributes:
        columns: Computed columns, for `apply(..., store=workspace.columns)`.
        artifacts: Frames and model folders by hash.
        exports: The folder for what leaves the workspace.
    """

    def __init__(self, path: Path, metadata: Metadata, *, clock: Clock, user: str) -> None:
        self.path = path
        self.user = user
        self.columns = DirectoryStore(path / "columns")
        self.artifacts = Artifacts(path)
        self.exports = path / "exports"
        self._metadata = metadata
        self._clock = clock

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the database."""
        self._metadata.close()

    @property
    def projects(self) -> tuple[str, ...]:
        """The names of all projects."""
        from nacre.workspace._journal import project_keys

        with self._metadata.read() as connection:
            return tuple(project_keys(connection))

    def project(self, name: str, *, create: bool = True) -> Project:
        """Return a project.

        Args:
            name: Its name: letters, digits, spaces, `.`, `_` and `-`, starting and ending with a letter or digit.
            create: Whether to begin it when there is none of this name.
        """
        from nacre.workspace._journal import Journal, create_project, project_keys

        with self._metadata.read() as connection:
            keys = project_keys(connection)
        if name not in keys:
            if not create:
                raise UnknownNameError("project", name, available=keys)
            check_project_name(name)
            with self._metadata.write() as connection:
                keys = create_project(connection, name, self._clock(), self.user)
        journal = Journal(self._metadata, keys[name], self._clock, self.user)
        folder = self.path / "data" / name
        project = Project(name, journal, folder=folder, artifacts=self.artifacts, columns=self.columns)
        project.data.clean()
        return project

    def check(self) -> list[str]:
        """Read everything and return what is missing or damaged: nothing, when all is well."""
        found = self._metadata.problems()
        for name in self.projects:
            found += [f"{name}: {problem}" for problem in self.project(name).problems()]
        return found


def open(path: Path | str, *, create: bool = True, user: str | None = None, clock: Clock | None = None) -> Workspace:
    """Return the workspace in a folder.

    Args:
        path: The folder; of a project with a `nacre.yaml`, also the folder of that: its workspace is `.nacre` in it.
        create: Whether to make a workspace where there is none.
        user: Who works here; by default the environment variable `NACRE_USER`, else the account.
        clock: Says what time it is, in UTC.

    Raises:
        WorkspaceError: There is no workspace, it was written by a newer Nacre, or it is damaged.

    Examples:
        >>> import tempfile
        >>> from nacre.functions import Keyword, Rule
        >>> project = open(tempfile.mkdtemp(), user="ann").project("spam")
        >>> _ = project.data.add({"body": ["free cash", "lunch?"]})
        >>> project.functions.add(Rule("cash", Keyword("body", ("cash",)), label="spam"))
        >>> len(project.data), list(project.functions), project.events.last(1)[0].author
        (2, ['cash'], 'ann')
    """
    from nacre.workspace._metadata import Metadata

    folder = Path(path)
    if (folder / "nacre.yaml").is_file() and not (folder / "workspace.toml").is_file():
        folder = folder / BESIDE_RECIPE
    is_new = not (folder / "workspace.toml").is_file()
    if is_new and not create:
        raise WorkspaceError(
            f"There is no workspace in {folder}: it has no `workspace.toml`. Begin one with `nacre init`."
        )
    if is_new:
        _create(folder)
    _check_format(folder / "workspace.toml")
    is_writable = os.access(folder, os.W_OK)
    if not is_writable and _has_content(folder / "metadata.db-wal"):
        raise WorkspaceError(
            f"{folder} may only be read, and the process that last wrote there was killed before it put its changes "
            "into `metadata.db`. Open the workspace once where it may be written."
        )
    metadata = Metadata(folder / "metadata.db", is_writable=is_writable)
    metadata.check_format()
    if is_writable:
        for name in ("columns", "frames", "models"):
            remove_abandoned(folder / name)
    return Workspace(folder, metadata, clock=clock or _now, user=user or os.environ.get("NACRE_USER") or _account())


def _create(folder: Path) -> None:
    """Make a workspace; `workspace.toml` comes last, so that a folder that has it is whole."""
    from nacre.workspace._metadata import Metadata

    with explained(f"make a workspace in {folder}"):
        folder.mkdir(parents=True, exist_ok=True)
    with exclusive(folder / ".lock", busy=f"Another process is making a workspace in {folder}.", timeout=30):
        metadata = Metadata(folder / "metadata.db", is_writable=True)
        metadata.create()
        metadata.close()
        text = f"# A workspace of Nacre. Everything in this folder belongs to it.\nformat = {FORMAT}\n"
        write_file(folder / "workspace.toml", text.encode(), parent=folder)


def _check_format(path: Path) -> None:
    try:
        found: Any = tomllib.loads(path.read_text(encoding="utf-8")).get("format")
    except (OSError, ValueError) as error:
        raise WorkspaceError(f"{path} cannot be read: {error}. It should say `format = {FORMAT}`.") from error
    if not isinstance(found, int):
        raise WorkspaceError(f"{path} has no number `format`. It should say `format = {FORMAT}`.")
    if found > FORMAT:
        raise WorkspaceError(
            f"{path.parent} was written by a newer Nacre (format {found}; this one reads up to {FORMAT}). Update it "
            "with `pip install -U nacre`."
        )


def _has_content(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0


def _account() -> str:
    """Return who runs the process; containers may run under a number without a name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return "unknown"


def _now() -> datetime:
    return datetime.now(UTC)
