"""Say how far long work has come, without knowing who listens."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """What long work reports to.

    Raising `CancelledError` from `advance` stops the work at the next chunk; finished chunks are kept.
    """

    def start(self, stage: str, total: int) -> None:
        """Announce a stage of `total` units of work."""

    def advance(self, n: int = 1) -> None:
        """Say that `n` more units are done."""


class Silent:
    """A progress that nobody reads: the default."""

    def start(self, stage: str, total: int) -> None: ...

    def advance(self, n: int = 1) -> None: ...
