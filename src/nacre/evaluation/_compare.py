"""Two runs side by side, on the prompts that both answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, TypeAlias

import polars as pl

from nacre.errors import UnknownNameError
from nacre.metrics import Metric

Test: TypeAlias = Literal["McNemar", "sign flip", "Wilcoxon"]


@dataclass(frozen=True)
class Change:
    """What one criterion did on one slice from the first run to the second, on responses that both have scored.

    Args:
        slice: The slice.
        criterion: The criterion.
        before: Mean of the first run.
        after: Mean of the second run.
        difference: `after - before`, paired.
        n_gained: How many responses went up (pass now, where a response passes or fails).
        n_lost: How many went down.
        n_not_compared: How many responses to the shared prompts lack a score in either run.
        p: How surprising the difference would be by chance.
        p_adjusted: The same after Benjamini & Hochberg over all slices and criteria.
        test: Where `p` comes from: `McNemar` for pass or fail, `Wilcoxon` of the classes for ordered ones, `sign flip`
            for numbers, preferences and repeated prompts.
        is_changed: Whether the adjusted p is at most .05 and the interval of the difference excludes zero.
        lower_is_better: Whether a small mean is good.
    """

    slice: str
    criterion: str
    before: Metric
    after: Metric
    difference: Metric
    n_gained: int
    n_lost: int
    n_not_compared: int
    p: float
    p_adjusted: float
    test: Test
    is_changed: bool
    lower_is_better: bool = False

    @property
    def is_better(self) -> bool | None:
        """Whether it got better; None where no change can be told."""
        return (self.difference.value < 0) == self.lower_is_better if self.is_changed else None

    def to_dict(self) -> dict[str, Any]:
        """Return the change as JSON."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        shown = {name: value.to_dict() if isinstance(value, Metric) else value for name, value in values.items()}
        return {**shown, "is_better": self.is_better}


@dataclass(frozen=True, eq=False)
class Comparison:
    """What changed from one run to another.

    Args:
        slices: The slices, `all` first.
        criteria: The criteria of both runs, then `all criteria`.
        changes: The change of each slice and criterion.
        n_paired: How many responses both runs have, by prompt and repeat.
        n_only_before: How many only the first has: they are left out.
        n_only_after: How many only the second has: they are left out.
        left_out: Criteria that only one run has, or that mean something else in the other.
        changed_evaluators: Evaluators that differ between the runs: what they score may have changed for that.
        verdict: One sentence, never stronger than the interval.
        table: The responses of both runs: `row_id`, `row_id_before`, `prompt_id`, `repeat`, `criterion`, `before`,
            `after` (stored values; null where there is none), `change` (of what the criterion counts).
        members: `row_id` of the second run and a Boolean column per slice.
    """

    slices: tuple[str, ...]
    criteria: tuple[str, ...]
    changes: Mapping[tuple[str, str], Change]
    n_paired: int
    n_only_before: int
    n_only_after: int
    left_out: tuple[str, ...]
    changed_evaluators: tuple[str, ...]
    verdict: str
    table: pl.DataFrame
    members: pl.DataFrame

    def change(self, slice: str, criterion: str) -> Change:
        """Return the change of a slice on a criterion."""
        if slice not in self.slices:
            raise UnknownNameError("slice", slice, available=self.slices)
        if criterion not in self.criteria:
            raise UnknownNameError("criterion", criterion, available=self.criteria)
        return self.changes[slice, criterion]

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as JSON, without the responses."""
        return {
            "slices": list(self.slices),
            "criteria": list(self.criteria),
            "changes": [change.to_dict() for change in self.changes.values()],
            "n_paired": self.n_paired,
            "n_only_before": self.n_only_before,
            "n_only_after": self.n_only_after,
            "left_out": list(self.left_out),
            "changed_evaluators": list(self.changed_evaluators),
            "verdict": self.verdict,
        }
