"""What no prompt tests yet: slices without responses, with too few, or without scores on a criterion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

GapKind: TypeAlias = Literal["empty", "thin", "not scored"]


@dataclass(frozen=True)
class Gap:
    """A slice that the responses do not cover.

    Args:
        slice: Its name.
        kind: `empty` has no response, `thin` fewer than 30 prompts, `not scored` responses but no score on the criterion.
        n: How many prompts of it have a response.
        n_wanted: How many more it takes to be read.
        criterion: The criterion without a score, where the slice is `not scored`.
    """

    slice: str
    kind: GapKind
    n: int
    n_wanted: int
    criterion: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the gap as JSON."""
        return dict(vars(self))
