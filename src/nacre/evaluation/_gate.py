"""What a run must reach before it may pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from nacre.metrics import Metric

CheckStatus: TypeAlias = Literal["passed", "missed", "too few", "refused"]


@dataclass(frozen=True)
class GateCheck:
    """One condition of a gate, and whether it holds.

    Args:
        condition: As it was written.
        slice: The slice it is about.
        criterion: The criterion it is about.
        mean: What was measured.
        status: `passed` and `missed` by the bound of the interval, `too few` prompts to tell, or `refused` because an
            evaluator is stale or not aligned.
        message: In one sentence, what was found.
    """

    condition: str
    slice: str
    criterion: str
    mean: Metric
    status: CheckStatus
    message: str

    def to_dict(self) -> dict[str, Any]:
        """Return the check as JSON."""
        return {**vars(self), "mean": self.mean.to_dict()}


@dataclass(frozen=True)
class GateResult:
    """All conditions of a gate.

    Args:
        checks: A check per condition, in order.
    """

    checks: tuple[GateCheck, ...]

    @property
    def exit_code(self) -> int:
        """0 when all passed, 1 when a bound misses, 2 when data are too few or an evaluator is refused."""
        statuses = {check.status for check in self.checks}
        return 1 if "missed" in statuses else 2 if statuses & {"too few", "refused"} else 0

    def to_dict(self) -> dict[str, Any]:
        """Return the result as JSON."""
        return {"exit_code": self.exit_code, "checks": [check.to_dict() for check in self.checks]}
