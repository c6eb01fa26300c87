"""Names, versions and events of a project: git's model on tables.

An object is a name that points to its head version; a version is an immutable spec addressed by its hash; each move
of a head is an event with the version before and after, so that every change can be taken back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, Row, and_, func, select

from nacre._hashing import hash_text
from nacre.errors import SpecError, UnknownNameError, WorkspaceError
from nacre.workspace import _tables as tables
from nacre.workspace._events import EDIT, Event, unknown_event
from nacre.workspace._metadata import Metadata

SEALED = ("iteration", "test", "project", "run")  # what happened there cannot be taken back


class Snapshot:
    """One state of a project, read inside one transaction."""

    def __init__(self, connection: Connection, project: int) -> None:
        self._connection = connection
        self._project = project

    def head(self, kind: str, name: str) -> str | None:
        """Return the version that a name points to, or None."""
        return self._connection.scalar(select(tables.head.c.hash).where(self._object(kind, name)))

    def specs(self, kind: str) -> dict[str, Any]:
        """Return name and spec of all objects of a kind, in the order in which they came."""
        joined = tables.head.join(
            tables.version,
            and_(
                tables.head.c.project_id == tables.version.c.project_id,
                tables.head.c.kind == tables.version.c.kind,
                tables.head.c.hash == tables.version.c.hash,
            ),
        )
        query = select(tables.head.c.name, tables.version.c.spec).select_from(joined)
        query = query.where(tables.head.c.project_id == self._project, tables.head.c.kind == kind)
        rows = self._connection.execute(query.order_by(tables.head.c.position, tables.head.c.name))
        return {name: orjson.loads(text) for name, text in rows}

    def spec(self, kind: str, version: str) -> Any:
        """Return the spec of a version."""
        columns = tables.version.c
        where = (columns.project_id == self._project, columns.kind == kind, columns.hash == version)
        text = self._connection.scalar(select(columns.spec).where(*where))
        if text is None:
            raise UnknownNameError(f"version of a {kind.replace('_', ' ')}", version, available=())
        return orjson.loads(text)

    def versions(self, kind: str) -> dict[str, Any]:
        """Return hash and spec of every version of a kind that ever was."""
        columns = tables.version.c
        query = select(columns.hash, columns.spec).where(columns.project_id == self._project, columns.kind == kind)
        return {version: orjson.loads(text) for version, text in self._connection.execute(query)}

    def names(self, kind: str) -> list[str]:
        """Return the names of all objects of a kind, in the order in which they came."""
        columns = tables.head.c
        query = select(columns.name).where(columns.project_id == self._project, columns.kind == kind)
        return list(self._connection.scalars(query.order_by(columns.position, columns.name)))

    def n_events(self) -> int:
        """Return how many events there are."""
        query = select(func.count()).select_from(tables.event).where(tables.event.c.project_id == self._project)
        return self._connection.scalar(query) or 0

    def event(self, event_id: int) -> Event:
        """Return one event."""
        where = (tables.event.c.project_id == self._project, tables.event.c.id == event_id)
        row = self._connection.execute(select(tables.event).where(*where)).one_or_none()
        if row is None:
            raise unknown_event(event_id, self.n_events())
        return _event(row)

    def events(
        self,
        *,
        kind: str | None = None,
        name: str | None = None,
        iteration: int | None = None,
        after: int = 0,
        limit: int | None = None,
    ) -> tuple[Event, ...]:
        """Return events, oldest first; `limit` keeps the newest."""
        columns = tables.event.c
        query = select(tables.event).where(columns.project_id == self._project, columns.id > after)
        for column, value in ((columns.kind, kind), (columns.name, name), (columns.iteration, iteration)):
            if value is not None:
                query = query.where(column == value)
        rows = self._connection.execute(query.order_by(columns.id.desc()).limit(limit)).all()
        return tuple(_event(row) for row in reversed(rows))

    def history(self, kind: str, name: str) -> tuple[Event, ...]:
        """Return the events of one object, oldest first, followed back through its renamings."""
        found = []
        for event in reversed(self.events(kind=kind)):
            if event.renamed_to == name:
                name = event.name
            elif event.name != name:
                continue
            elif event.renamed_to:
                break  # another object, which had this name before
            found.append(event)
        return tuple(reversed(found))

    def _object(self, kind: str, name: str) -> ColumnElement[bool]:
        columns = tables.head.c
        return and_(columns.project_id == self._project, columns.kind == kind, columns.name == name)


class Entry(Snapshot):
    """Changes that become true together, each with its event."""

    def __init__(self, connection: Connection, project: int, at: datetime, author: str) -> None:
        super().__init__(connection, project)
        self._at = at
        self._author = author

    @property
    def at(self) -> datetime:
        """When the changes happen."""
        return self._at

    @property
    def author(self) -> str:
        """Who makes them."""
        return self._author

    def put(
        self, kind: str, name: str, spec: Any, *, action: str = "set", detail: Mapping[str, Any] | None = None
    ) -> Event | None:
        """Point a name to a spec; nothing happens where it does so already."""
        version = self.add_version(kind, spec)
        if self.head(kind, name) == version:
            return None
        return self.move(kind, name, version, action=action, detail=detail)

    def put_last(self, kind: str, name: str, spec: Any) -> Event | None:
        """Point a name to a spec and put it after all others; nothing happens where it is there already."""
        version = self.add_version(kind, spec)
        if self.names(kind)[-1:] == [name] and self.head(kind, name) == version:
            return None
        event = self.move(kind, name, version, action="set")
        self._connection.execute(tables.head.update().where(self._object(kind, name)).values(position=event.id))
        return event

    def add_version(self, kind: str, spec: Any) -> str:
        """Store a spec and return its hash."""
        try:
            # Keys stay in order: the groups of a schema and the shares of a split have one.
            text = orjson.dumps(spec).decode()
        except TypeError as error:
            raise SpecError(f"A {kind.replace('_', ' ')} must be JSON to be stored: {error}.") from error
        version = hash_text(text)
        columns = tables.version.c
        where = (columns.project_id == self._project, columns.kind == kind, columns.hash == version)
        if self._connection.scalar(select(columns.hash).where(*where)) is None:
            values = {"project_id": self._project, "kind": kind, "hash": version, "spec": text}
            self._connection.execute(tables.version.insert().values(values))
        return version

    def move(
        self, kind: str, name: str, version: str | None, *, action: str, detail: Mapping[str, Any] | None = None
    ) -> Event:
        """Point a name to a version, or to none, and record that."""
        before = self.head(kind, name)
        event = self.record(kind, name, action, before=before, after=version, detail=detail)
        if version is None:
            self._connection.execute(tables.head.delete().where(self._object(kind, name)))
        elif before is None:
            key = {"project_id": self._project, "kind": kind, "name": name}
            self._connection.execute(tables.head.insert().values(**key, hash=version, position=event.id))
        else:
            self._connection.execute(tables.head.update().where(self._object(kind, name)).values(hash=version))
        return event

    def rename(self, kind: str, old: str, new: str, *, action: str = "rename") -> Event:
        """Give an object another name; its version stays."""
        word = kind.replace("_", " ")
        version = self.head(kind, old)
        if version is None:
            raise UnknownNameError(word, old, available=self.names(kind))
        if self.head(kind, new) is not None:
            raise WorkspaceError(f"There is a {word} `{new}` already. Delete it first, or choose another name.")
        self._connection.execute(tables.head.update().where(self._object(kind, old)).values(name=new))
        return self.record(kind, old, action, before=version, after=version, renamed_to=new)

    def undo(self, event_id: int) -> Event:
        """Take back what an event did, where nothing happened to the object since."""
        event = self._movable(event_id)
        name = event.renamed_to or event.name
        if self.head(event.kind, name) != event.after:
            raise WorkspaceError(
                f"The {event.kind.replace('_', ' ')} `{name}` has changed since event {event_id}. Take back the later "
                "changes first, or `restore` the event whose version you want."
            )
        if event.renamed_to:
            return self.rename(event.kind, event.renamed_to, event.name, action="undo")
        return self.move(event.kind, name, event.before, action="undo", detail={"event": event_id})

    def restore(self, event_id: int) -> Event:
        """Bring an object back to what it was right after an event."""
        event = self._movable(event_id)
        name = event.renamed_to or event.name
        return self.move(event.kind, name, event.after, action="restore", detail={"event": event_id})

    def _movable(self, event_id: int) -> Event:
        event = self.event(event_id)
        if event.action == EDIT:
            raise WorkspaceError(
                f"Event {event_id} ({event}) is an edit of a file that is not kept here. Edit it again."
            )
        if event.kind in SEALED:
            raise WorkspaceError(f"Event {event_id} ({event}) stays: it records what happened.")
        return event

    def record(
        self,
        kind: str,
        name: str,
        action: str,
        *,
        before: str | None = None,
        after: str | None = None,
        renamed_to: str | None = None,
        detail: Mapping[str, Any] | None = None,
    ) -> Event:
        """Add an event."""
        opens = kind == "iteration" and action == "open"
        values = {
            "at": self._at.astimezone(UTC).isoformat(),
            "author": self._author,
            "iteration": int(name) if opens else self.iteration(),
            "kind": kind,
            "name": name,
            "action": action,
            "before": before,
            "after": after,
            "renamed_to": renamed_to,
            "detail": orjson.dumps(dict(detail or {})).decode(),
        }
        result = self._connection.execute(tables.event.insert().values(project_id=self._project, **values))
        (event_id,) = result.inserted_primary_key or (0,)
        return self.event(event_id)

    def iteration(self) -> int:
        """Return the number of the open iteration; 0 before the first."""
        columns = tables.head.c
        where = (columns.project_id == self._project, columns.kind == "iteration")
        return self._connection.scalar(select(func.count()).select_from(tables.head).where(*where)) or 0


class Journal:
    """Reads and writes the names, versions and events of one project.

    Args:
        metadata: The database.
        project: The key of the project.
        clock: Says what time it is.
        author: Who writes.
    """

    def __init__(self, metadata: Metadata, project: int, clock: Callable[[], datetime], author: str) -> None:
        self._metadata = metadata
        self._project = project
        self._clock = clock
        self._author = author

    @contextmanager
    def read(self) -> Iterator[Snapshot]:
        """See one state of the project."""
        with self._metadata.read() as connection:
            yield Snapshot(connection, self._project)

    @contextmanager
    def write(self) -> Iterator[Entry]:
        """Change the project: everything in the block becomes true at its end, or nothing."""
        with self._metadata.write() as connection:
            yield Entry(connection, self._project, self._clock(), self._author)


def _event(row: Row[Any]) -> Event:
    values = dict(row._mapping)
    del values["project_id"]
    values["at"] = datetime.fromisoformat(values["at"])
    values["detail"] = orjson.loads(values["detail"])
    return Event(**values)


def project_keys(connection: Connection) -> dict[str, int]:
    """Return name and key of all projects."""
    query = select(tables.project.c.name, tables.project.c.id).order_by(tables.project.c.id)
    return {name: key for name, key in connection.execute(query)}


def create_project(connection: Connection, name: str, at: datetime, author: str) -> dict[str, int]:
    """Begin a project, unless another process just did, and return all keys."""
    keys = project_keys(connection)
    if name not in keys:
        # Its name is the name of a folder, and some systems do not tell `Spam` from `spam`.
        if name.lower() in (other.lower() for other in keys):
            raise WorkspaceError(f"There is a project whose name differs from `{name}` only in its case.")
        connection.execute(tables.project.insert().values(name=name))
        keys = project_keys(connection)
        Entry(connection, keys[name], at, author).record("project", name, "create")
    return keys
