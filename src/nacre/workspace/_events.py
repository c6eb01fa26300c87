"""What happened in a project: audit log, timeline and undo in one list that only grows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from nacre.errors import UnknownNameError

if TYPE_CHECKING:
    from nacre.workspace._journal import Journal

EDIT = "edit"  # the action where a file was edited that the project does not keep


@dataclass(frozen=True)
class Event:
    """One change, or one look at the test split.

    Args:
        id: Its number; later events have larger ones.
        at: When it happened, in UTC.
        author: Who did it.
        iteration: The iteration it belongs to; 0 before the first.
        kind: What it is about: a function, a slice, data, a model.
        name: Which one.
        action: What was done: set, edit (of a code file), delete, rename, undo, restore, import, ...
        before: Version before, or None where there was none.
        after: Version after, or None where it was deleted.
        renamed_to: The new name.
        detail: What else is worth knowing, as JSON.
    """

    id: int
    at: datetime
    author: str
    iteration: int
    kind: str
    name: str
    action: str
    before: str | None
    after: str | None
    renamed_to: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        verb = "add" if self.action == "set" and self.before is None else self.action
        target = f" to `{self.renamed_to}`" if self.renamed_to else ""
        return f"{self.at:%Y-%m-%d %H:%M} {self.author}: {verb} {self.kind.replace('_', ' ')} `{self.name}`{target}"


class Events:
    """The events of a project, oldest first.

    Args:
        journal: Where they are kept.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def __iter__(self) -> Iterator[Event]:
        return iter(self.where())

    def __len__(self) -> int:
        with self._journal.read() as snapshot:
            return snapshot.n_events()

    def __getitem__(self, event_id: int) -> Event:
        with self._journal.read() as snapshot:
            return snapshot.event(event_id)

    def where(
        self,
        *,
        kind: str | None = None,
        name: str | None = None,
        iteration: int | None = None,
        after: int = 0,
    ) -> tuple[Event, ...]:
        """Return the events about a kind, a name or an iteration, with a number above `after`."""
        with self._journal.read() as snapshot:
            return snapshot.events(kind=kind, name=name, iteration=iteration, after=after)

    def last(self, n: int = 20) -> tuple[Event, ...]:
        """Return the newest `n` events, oldest of them first."""
        with self._journal.read() as snapshot:
            return snapshot.events(limit=n)


def unknown_event(event_id: int, newest: int) -> UnknownNameError:
    """Return the error for the number of an event that is not there."""
    return UnknownNameError("event", str(event_id), available=[f"1 to {newest}"] if newest else ())
