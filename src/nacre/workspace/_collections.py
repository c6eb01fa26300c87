"""Named objects of a project that behave like a dict and remember every version."""

from __future__ import annotations

from collections.abc import Callable, ItemsView, Iterator, Mapping, MutableMapping, Sequence, ValuesView
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from nacre.errors import SpecError, UnknownNameError, WorkspaceError
from nacre.functions import Function, function_from_spec
from nacre.workspace._differences import Difference, differences
from nacre.workspace._events import EDIT, Event

if TYPE_CHECKING:
    from nacre.workspace._journal import Entry, Journal

T = TypeVar("T")

LONGEST_NAME = 200
CODE = "code"  # where an event of a Python function has the hash of its code


class Collection(MutableMapping[str, T], Generic[T]):
    """Objects of one kind by name.

    Setting a name makes a version only when the spec differs from the one that the name points to. When two people
    set the same name, the later one wins and both versions stay in the history; `put` with `expected` refuses
    instead.

    Args:
        journal: Where they are kept.
        kind: What they are.
        encode: From an object to its spec.
        decode: From name and spec to the object.
    """

    def __init__(
        self, journal: Journal, kind: str, *, encode: Callable[[T], Any], decode: Callable[[str, Any], T]
    ) -> None:
        self._journal = journal
        self._kind = kind
        self._encode = encode
        self._decode = decode

    @property
    def _word(self) -> str:
        return self._kind.replace("_", " ")

    def __getitem__(self, name: str) -> T:
        with self._journal.read() as snapshot:
            version = snapshot.head(self._kind, name)
            if version is None:
                raise UnknownNameError(self._word, name, available=snapshot.names(self._kind))
            spec = snapshot.spec(self._kind, version)
        return self._decode(name, spec)

    def __setitem__(self, name: str, value: T) -> None:
        self.put(name, value)

    def __delitem__(self, name: str) -> None:
        with self._journal.write() as entry:
            if entry.head(self._kind, name) is None:
                raise UnknownNameError(self._word, name, available=entry.names(self._kind))
            entry.move(self._kind, name, None, action="delete")

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.version(name) is not None

    def __iter__(self) -> Iterator[str]:
        with self._journal.read() as snapshot:
            return iter(snapshot.names(self._kind))

    def __len__(self) -> int:
        return len(list(iter(self)))

    def items(self) -> ItemsView[str, T]:
        return self._all().items()

    def values(self) -> ValuesView[T]:
        return self._all().values()

    def put(self, name: str, value: T, *, expected: str | None = None) -> Event | None:
        """Point a name to an object and return the event, or None where nothing changed.

        Args:
            name: The name.
            value: The object.
            expected: The version that the change was made from; it is refused where the name has moved since.
        """
        self._check_name(name)
        spec = self._encode(value)
        with self._journal.write() as entry:
            if expected is not None and entry.head(self._kind, name) != expected:
                raise WorkspaceError(
                    f"The {self._word} `{name}` was changed meanwhile. Look at its newest version and try again."
                )
            return entry.put(self._kind, name, spec)

    def put_all(self, objects: Mapping[str, T], *, code: Mapping[str, str] | None = None) -> None:
        """Point several names to objects: all of them, or after an error none.

        Args:
            objects: Objects by name.
            code: What those that are Python code depend on, by name, as a hash. Where it differs from what it was and
                the spec does not, their file was edited: that is an event too.
        """
        with self._journal.write() as entry:
            self._put_into(entry, objects, code or {})

    def replace_in(self, entry: Entry, objects: Mapping[str, T], *, code: Mapping[str, str] | None = None) -> None:
        """Make these the only objects, together with all else that the entry changes.

        Args:
            entry: What becomes true together.
            objects: Objects by name.
            code: What those that are Python code depend on, as in `put_all`.
        """
        for name in entry.names(self._kind):
            if name not in objects:
                entry.move(self._kind, name, None, action="delete")
        self._put_into(entry, objects, code or {})

    def _put_into(self, entry: Entry, objects: Mapping[str, T], code: Mapping[str, str]) -> None:
        for name in objects:
            self._check_name(name)
        for name, value in objects.items():
            known = code.get(name)
            detail = {} if known is None else {CODE: known}
            moved = entry.put(self._kind, name, self._encode(value), detail=detail)
            version = entry.head(self._kind, name)
            if moved is None and known not in (None, _last_code(entry.history(self._kind, name), version)):
                entry.record(self._kind, name, EDIT, before=version, after=version, detail=detail)

    def rename(self, old: str, new: str) -> Event:
        """Give an object another name; nothing is computed again."""
        self._check_name(new)
        with self._journal.write() as entry:
            return entry.rename(self._kind, old, new)

    def version(self, name: str) -> str | None:
        """Return the hash of the version that a name points to, or None."""
        with self._journal.read() as snapshot:
            return snapshot.head(self._kind, name)

    def at(self, name: str, version: str) -> T:
        """Return an object as it was in a version."""
        with self._journal.read() as snapshot:
            return self._decode(name, snapshot.spec(self._kind, version))

    def history(self, name: str) -> tuple[Event, ...]:
        """Return what happened to an object, oldest first, through all its names."""
        with self._journal.read() as snapshot:
            return snapshot.history(self._kind, name)

    def diff(self, before: str, after: str) -> tuple[Difference, ...]:
        """Return where two versions differ."""
        with self._journal.read() as snapshot:
            return differences(snapshot.spec(self._kind, before), snapshot.spec(self._kind, after))

    def _all(self) -> dict[str, T]:
        with self._journal.read() as snapshot:
            specs = snapshot.specs(self._kind)
        return {name: self._decode(name, spec) for name, spec in specs.items()}

    def _check_name(self, name: str) -> None:
        if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
            raise SpecError(
                f"A {self._word} needs a printable name of 1 to {LONGEST_NAME} characters; found {name[:50]!r}."
            )


class Functions(Collection[Function]):
    """Functions by name; a function knows its own name, so they can also be added without one.

    Args:
        journal: Where they are kept.
    """

    def __init__(self, journal: Journal) -> None:
        super().__init__(journal, "function", encode=lambda function: function.spec(), decode=function_from_spec)

    def add(self, *functions: Function) -> None:
        """Set each function under its own name: all of them, or after an error none."""
        self.put_all({function.name: function for function in functions})


def specs(journal: Journal, kind: str) -> Collection[Any]:
    """Return a collection of JSON values, kept as they are."""
    return Collection(journal, kind, encode=lambda spec: spec, decode=lambda _, spec: spec)


def _last_code(history: Sequence[Event], version: str | None) -> str | None:
    """Return the hash of the code that a version of a function ran last."""
    return next(
        (event.detail[CODE] for event in reversed(history) if event.after == version and CODE in event.detail), None
    )
