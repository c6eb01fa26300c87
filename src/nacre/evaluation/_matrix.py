"""The matrix: how good responses are, slice by slice and criterion by criterion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, TypeAlias

import polars as pl

from nacre.errors import UnknownNameError
from nacre.evaluation._gaps import Gap
from nacre.evaluation._rigid import Rigid
from nacre.metrics import Metric

ALL = "all"
"""The slice of everything, the first row."""

ALL_CRITERIA = "all criteria"
"""The last column: the share of responses that pass every criterion. It is there from two criteria with a pass on."""

TargetStatus: TypeAlias = Literal["met", "missed", "open", ""]


@dataclass(frozen=True)
class Cell:
    """The scores of the responses in one slice on one criterion.

    Args:
        slice: The row.
        criterion: The column.
        mean: Mean of what the criterion counts, see `Criterion.outcome`; its n counts prompts, so that repeats of a
            prompt do not pass for evidence.
        n_scored: How many responses are behind the mean: more than `mean.n` where prompts repeat.
        missing: How many responses of the slice have no score, by status: `abstained`, `unparsable`, `failed`, or
            `not scored` where the evaluator was not asked.
        change: Change of the mean against the baseline, on the responses to the same prompt and repeat.
        n_gained: How many of those went up, for a pass or fail: that pass now and did not before.
        n_lost: How many went down.
        p: How surprising the change would be by chance: McNemar's exact test, for numbers and repeats sign flips.
        p_adjusted: The same after Benjamini & Hochberg over all cells.
        is_changed: Whether the adjusted p is at most .05 and the interval of the change excludes zero.
        corrected: The mean corrected by the labels of experts, where there are enough.
        target: What the criterion should reach.
        status: `met` when the whole interval reaches the target, `missed` when none of it does, else `open`; empty
            without a target.
        detectable: The smallest change that the next run of as many prompts would find four times out of five.
        lower_is_better: Whether a small mean is good.
    """

    slice: str
    criterion: str
    mean: Metric
    n_scored: int
    missing: Mapping[str, int]
    change: Metric | None = None
    n_gained: int | None = None
    n_lost: int | None = None
    p: float | None = None
    p_adjusted: float | None = None
    is_changed: bool = False
    corrected: Metric | None = None
    target: float | None = None
    status: TargetStatus = ""
    detectable: float | None = None
    lower_is_better: bool = False

    @property
    def n_missing(self) -> int:
        """How many responses of the slice have no score."""
        return sum(self.missing.values())

    @property
    def is_better(self) -> bool | None:
        """Whether a cell that changed got better; None where it did not change."""
        if self.change is None or not self.is_changed:
            return None
        return (self.change.value < 0) == self.lower_is_better

    def to_dict(self) -> dict[str, Any]:
        """Return the cell as JSON."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        shown = {name: value.to_dict() if isinstance(value, Metric) else value for name, value in values.items()}
        return {**shown, "missing": dict(self.missing), "n_missing": self.n_missing, "is_better": self.is_better}


@dataclass(frozen=True, eq=False)
class EvaluationMatrix:
    """Slices by criteria, and what to make of them.

    Args:
        slices: The rows: `all`, then the slices.
        criteria: The columns: the criteria (or evaluators), then `all criteria`.
        cells: What is in them, by slice and criterion.
        n_responses: How many responses each slice has.
        evaluators: The evaluators behind each column.
        rigid: Evaluators that are too rigid.
        gaps: Slices that the responses do not cover.
        n_paired: How many responses the baseline has too; None without a baseline.
        n_left_out: How many responses of this run or the baseline have no partner in the other.
        left_out: Criteria that mean something else in the baseline, or are not in it: they have no change.
        changed_evaluators: Evaluators that are not those of the baseline: their columns may have changed for that.
        verdict: In one sentence, what changed against the baseline; without one, which targets are met.
        table: `row_id`, `prompt_id`, `repeat`, `criterion` (the column), `evaluator`, `value`, `status`, `rationale`,
            `message` behind all cells but those of `all criteria`.
        members: `row_id` and a Boolean column per slice.
    """

    slices: tuple[str, ...]
    criteria: tuple[str, ...]
    cells: Mapping[tuple[str, str], Cell]
    n_responses: Mapping[str, int]
    evaluators: Mapping[str, tuple[str, ...]]
    rigid: tuple[Rigid, ...]
    gaps: tuple[Gap, ...]
    n_paired: int | None
    n_left_out: int
    left_out: tuple[str, ...]
    changed_evaluators: tuple[str, ...]
    verdict: str
    table: pl.DataFrame
    members: pl.DataFrame

    def cell(self, slice: str = ALL, criterion: str = ALL_CRITERIA) -> Cell:
        """Return the cell of a slice and a criterion."""
        if slice not in self.slices:
            raise UnknownNameError("slice", slice, available=self.slices)
        if criterion not in self.criteria:
            raise UnknownNameError("criterion", criterion, available=self.criteria)
        return self.cells[slice, criterion]

    def to_dict(self) -> dict[str, Any]:
        """Return the matrix as JSON, without the responses behind it."""
        return {
            "slices": list(self.slices),
            "criteria": list(self.criteria),
            "cells": [cell.to_dict() for cell in self.cells.values()],
            "n_responses": dict(self.n_responses),
            "evaluators": {name: list(behind) for name, behind in self.evaluators.items()},
            "rigid": [flag.to_dict() for flag in self.rigid],
            "gaps": [gap.to_dict() for gap in self.gaps],
            "n_paired": self.n_paired,
            "n_left_out": self.n_left_out,
            "left_out": list(self.left_out),
            "changed_evaluators": list(self.changed_evaluators),
            "verdict": self.verdict,
        }
