"""A function that is proposed, and what speaks for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from nacre.functions import Rule
from nacre.metrics import Metric

Source = Literal["terms", "fields", "tree", "cluster", "votes", "class_name"]


@dataclass(frozen=True)
class Suggestion:
    """A labeling function to accept or dismiss, with its evidence on the rows that were looked at.

    Args:
        function: The rule.
        source: What proposed it: terms, fields, trees and clusters learn from labels; votes and class names do not.
        why: The evidence in one sentence, and what it cannot say.
        rows: On how many rows it votes.
        new_rows: How many of them no function covers yet.
        conflicts: How many of them have a vote that excludes its own.
        n_rows: How many rows were looked at.
        proposed_on: Precision on the labelled rows that proposed it: too good by selection.
        precision: Precision on the other labelled rows, which helped to choose it: still too high; None without such.
        estimated_precision: Mean probability of its class, where only existing votes can say.
        z: Log-odds of its class among its rows against the others, in standard errors.
    """

    function: Rule
    source: Source
    why: str
    rows: int
    new_rows: int
    conflicts: int
    n_rows: int
    proposed_on: Metric | None = None
    precision: Metric | None = None
    estimated_precision: float | None = None
    z: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the suggestion as JSON; the function as the grammar writes it."""
        return {
            "name": self.function.name,
            "function": self.function.spec(),
            "source": self.source,
            "why": self.why,
            "rows": self.rows,
            "new_rows": self.new_rows,
            "conflicts": self.conflicts,
            "n_rows": self.n_rows,
            "proposed_on": None if self.proposed_on is None else self.proposed_on.to_dict(),
            "precision": None if self.precision is None else self.precision.to_dict(),
            "estimated_precision": self.estimated_precision,
            "z": self.z,
        }
