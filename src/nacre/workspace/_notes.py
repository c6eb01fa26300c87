"""Tags and comments on data points."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from nacre.errors import SpecError

if TYPE_CHECKING:
    from nacre.workspace._journal import Journal

CheckUids = Callable[[Iterable[str]], None]


class Tags:
    """Short marks on data points: a set for each uid.

    Args:
        journal: Where they are kept.
        check_uids: Raises for a uid that no data point has.
    """

    def __init__(self, journal: Journal, check_uids: CheckUids) -> None:
        self._journal = journal
        self._check_uids = check_uids

    def __getitem__(self, uid: str) -> frozenset[str]:
        with self._journal.read() as snapshot:
            version = snapshot.head("tags", uid)
            return frozenset(() if version is None else snapshot.spec("tags", version))

    def add(self, uids: Iterable[str], tag: str) -> None:
        """Put a tag on data points."""
        if not tag.strip() or not tag.isprintable():
            raise SpecError(f"A tag is a printable word; found {tag!r}.")
        self._change(uids, lambda tags: tags | {tag})

    def remove(self, uids: Iterable[str], tag: str) -> None:
        """Take a tag off data points."""
        self._change(uids, lambda tags: tags - {tag})

    def all(self) -> dict[str, frozenset[str]]:
        """Return the tags of every data point that has some."""
        with self._journal.read() as snapshot:
            return {uid: frozenset(tags) for uid, tags in snapshot.specs("tags").items() if tags}

    def uids(self, tag: str) -> tuple[str, ...]:
        """Return the data points that carry a tag."""
        return tuple(uid for uid, tags in self.all().items() if tag in tags)

    def _change(self, uids: Iterable[str], change: Callable[[set[str]], set[str]]) -> None:
        uids = tuple(uids)
        self._check_uids(uids)
        with self._journal.write() as entry:
            for uid in uids:
                version = entry.head("tags", uid)
                tags = set() if version is None else set(entry.spec("tags", version))
                if (changed := change(tags)) != tags:
                    entry.put("tags", uid, sorted(changed))


@dataclass(frozen=True)
class Comment:
    """A free note on a data point."""

    text: str
    author: str
    at: datetime


class Comments:
    """Free notes on data points: a thread for each uid, oldest first.

    Args:
        journal: Where they are kept.
        check_uids: Raises for a uid that no data point has.
    """

    def __init__(self, journal: Journal, check_uids: CheckUids) -> None:
        self._journal = journal
        self._check_uids = check_uids

    def __getitem__(self, uid: str) -> tuple[Comment, ...]:
        with self._journal.read() as snapshot:
            version = snapshot.head("comments", uid)
            return _thread([] if version is None else snapshot.spec("comments", version))

    def add(self, uid: str, text: str) -> Comment:
        """Write a comment."""
        if not text.strip():
            raise SpecError("A comment needs some text.")
        self._check_uids([uid])
        with self._journal.write() as entry:
            version = entry.head("comments", uid)
            thread = [] if version is None else entry.spec("comments", version)
            comment = Comment(text, entry.author, entry.at)
            entry.put("comments", uid, [*thread, {**asdict(comment), "at": comment.at.isoformat()}])
        return comment

    def all(self) -> dict[str, tuple[Comment, ...]]:
        """Return the comments of every data point that has some."""
        with self._journal.read() as snapshot:
            return {uid: _thread(thread) for uid, thread in snapshot.specs("comments").items() if thread}


def _thread(comments: Iterable[dict[str, str]]) -> tuple[Comment, ...]:
    return tuple(
        Comment(comment["text"], comment["author"], datetime.fromisoformat(comment["at"])) for comment in comments
    )
