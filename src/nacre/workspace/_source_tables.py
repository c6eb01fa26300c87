"""Tables that came from outside, such as labels of experts: each source its own, in versions."""

from __future__ import annotations

from collections.abc import Mapping
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

    def add(self, source: str, frame: pl.DataFrame, *, detail: Mapping[str, Any] | None = None) -> bool:
        """Keep a table under its source and return whether it is new."""
        content = self._artifacts.put_frame(frame)
        return self.put(source, Table(content, len(frame), dict(detail or {}))) is not None

    def read(self, source: str) -> pl.DataFrame:
        """Return the table of a source."""
        return self._artifacts.get_frame(self[source].frame)

    def frames(self) -> list[pl.DataFrame]:
        """Return the tables of all sources, in the order in which they came."""
        return [self._artifacts.get_frame(table.frame) for table in self.values()]
