"""Tables that came from outside, such as labels of experts: each source its own, in versions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from nacre.workspace._collections import Collection

if TYPE_CHECKING:
    import polars as pl

    from nacre.workspace._artifacts import Artifacts
    from nacre.workspace._journal import Journal


@dataclass(frozen=True)
class Table:
    """A frame by its hash.

    Args:
        frame: Hash of the frame.
        n_rows: How many rows it has.
        detail: What else is known of it, as JSON.
    """

    frame: str
    n_rows: int
    detail: Mapping[str, Any] = field(default_factory=dict)


class Tables(Collection[Table]):
    """Tables by where they come from; a source that is imported again is a new version, and no version is lost.

    Args:
        journal: Where their versions are kept.
        kind: What they are.
        artifacts: Where their frames are kept.
    """

    def __init__(self, journal: Journal, kind: str, artifacts: Artifacts) -> None:
        super().__init__(journal, kind, encode=asdict, decode=lambda _, spec: Table(**spec))
        self._artifacts = artifacts

    def add(
        self,
        source: str,
        frame: pl.DataFrame,
        *,
        detail: Mapping[str, Any] | None = None,
        instead_of: Iterable[str] = (),
        is_last: bool = True,
    ) -> bool:
        """Keep a table under its source, after all others, and return whether that changed anything.

        Args:
            source: Where it comes from.
            frame: The table.
            detail: What else is known of it, as JSON.
            instead_of: Sources to leave out from now on; that and the new table become true together.
            is_last: Whether a table that is there already comes after the others again.
        """
        self._check_name(source)
        table = Table(self._artifacts.put_frame(frame), len(frame), dict(detail or {}))
        spec = self._encode(table)
        with self._journal.write() as entry:
            for name in (name for name in instead_of if entry.head(self._kind, name) is not None):
                entry.move(self._kind, name, None, action="delete")
            is_there = entry.head(self._kind, source) == entry.add_version(self._kind, spec)
            if is_there and not is_last:
                return False
            return entry.put_last(self._kind, source, spec) is not None

    def remove(self, sources: Iterable[str]) -> None:
        """Leave out sources, all together; all versions stay in the history."""
        with self._journal.write() as entry:
            for name in (name for name in sources if entry.head(self._kind, name) is not None):
                entry.move(self._kind, name, None, action="delete")

    def read(self, source: str) -> pl.DataFrame:
        """Return the table of a source."""
        return self._artifacts.get_frame(self[source].frame)

    def frames(self) -> list[pl.DataFrame]:
        """Return the tables of all sources, in the order in which they came."""
        return [self._artifacts.get_frame(table.frame) for table in self.values()]
