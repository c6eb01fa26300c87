"""Evaluators that are too rigid to tell responses apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from nacre.metrics import Metric

RigidKind: TypeAlias = Literal["constant", "near-constant", "fails where experts pass", "passes where experts fail"]


@dataclass(frozen=True)
class Rigid:
    """An evaluator that gives (nearly) always the same score, or contradicts the experts.

    Args:
        evaluator: Its name.
        criterion: What it scores.
        kind: What is wrong with it.
        value: The score in question: the name of a class, or a number.
        share: How often it gives it; where experts are contradicted, among the responses that they passed (failed).
        is_confirmed: Whether the experts give that score just as constantly: then the evaluator is right, and the
            criterion no longer separates systems. None without enough labels of experts.
    """

    evaluator: str
    criterion: str
    kind: RigidKind
    value: str | float
    share: Metric
    is_confirmed: bool | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the flag as JSON."""
        return {**vars(self), "share": self.share.to_dict()}
