"""The matrix: how good responses are, slice by slice and criterion by criterion."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nacre.displays import html_fragment
from nacre.errors import UnknownNameError
from nacre.evaluation._cell_changes import is_clear, slice_changes
from nacre.evaluation._cell_means import Means, slice_means
from nacre.evaluation._charts import matrix_chart
from nacre.evaluation._columns import (
    ALL,
    ALL_CRITERIA,
    MISSING,
    Booleans,
    By,
    Columns,
    Run,
    run_columns,
    slice_masks,
    with_all_criteria,
)
from nacre.evaluation._corrected import corrected_cells
from nacre.evaluation._experts import ExpertLabels
from nacre.evaluation._gaps import Gap, coverage_gaps
from nacre.evaluation._pairs import Pairs, changed_evaluators, paired
from nacre.evaluation._rigid import Rigid, rigid_evaluators
from nacre.evaluation._rows_behind import RowsBehind
from nacre.evaluation._scores import Scores
from nacre.evaluation._slice_sums import slice_counts
from nacre.evaluation._text_table import counted, slice_table
from nacre.evaluation._verdicts import Shift, baseline_verdict
from nacre.metrics import Metric, benjamini_hochberg, minimum_detectable

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
        change: Change of the mean against the baseline, on the responses to the same prompt and repeat; where the runs
            do not have the same repeats, on the means of the same prompts.
        n_gained: How many of those went up, for a pass or fail: that pass now and did not before.
        n_lost: How many went down.
        p: How surprising the change would be by chance: McNemar's exact test, for numbers and repeats sign flips.
        p_adjusted: The same after Benjamini & Hochberg over all cells.
        is_changed: Whether the adjusted p is at most .05 and the interval of the change excludes zero.
        corrected: The mean corrected by the labels of experts, where there are enough.
        target: What the criterion should reach.
        status: `met` when the whole interval of the mean (of the corrected one, where there is one) reaches the target,
            `missed` when none of it does, else `open`; empty without a target.
        detectable: The smallest change that the next run of as many prompts would find four times out of five; None
            where there are too few for any.
        lower_is_better: Whether a small mean is good.
        is_comparable: Whether the evaluators are those of the baseline. Else nothing is said to have changed, and the
            change has no `p_adjusted`.
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
    is_comparable: bool = True

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

    def __str__(self) -> str:
        marks = [f"{self.n_missing:,} missing"] * (self.n_missing > 0) + [self.status] * (self.status == "missed")
        if self.change is not None and self.is_better is not None:
            size = f"{abs(self.change.value):.2f}".removeprefix("0")
            marks.append(f"{'better' if self.is_better else 'worse'} by {size}")
        return ", ".join([str(self.mean), *marks])

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
        n_paired: How many responses the baseline has too, or prompts where the runs do not have the same repeats; None
            without a baseline.
        n_left_out: How many responses of this run or the baseline have no partner in the other.
        left_out: Criteria that mean something else in the baseline, or are not in it: they have no change.
        changed_evaluators: Evaluators that are not those of the baseline: their columns may have changed for that.
        verdict: In one sentence, what changed against the baseline; without one, which targets are met.
        rows_behind: The responses behind the cells; read them with `rows`.
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
    rows_behind: RowsBehind

    @property
    def is_rate(self) -> dict[str, bool]:
        """Which columns are shares from 0 to 1; the others are numbers."""
        return _is_rate(self.rows_behind.columns)

    def cell(self, slice: str = ALL, criterion: str = ALL_CRITERIA) -> Cell:
        """Return the cell of a slice and a criterion."""
        self._check(slice, criterion)
        return self.cells[slice, criterion]

    def rows(self, slice: str = ALL, criterion: str = ALL_CRITERIA) -> pl.DataFrame:
        """Return the responses of a cell, those that fail or score lowest first and those without a score last.

        Columns are `row_id`, `prompt_id`, `repeat`, `value` (as stored), `outcome` (as averaged), `status`,
        `rationale`, `message`, and with a baseline `before`, the outcome of its response to the same prompt.
        """
        self._check(slice, criterion)
        return self.rows_behind.of(slice, criterion)

    def _check(self, slice: str, criterion: str) -> None:
        if slice not in self.slices:
            raise UnknownNameError("slice", slice, available=self.slices)
        if criterion not in self.criteria:
            raise UnknownNameError("criterion", criterion, available=self.criteria)

    def __repr__(self) -> str:
        n_slices, n_criteria = len(self.slices) - 1, sum(name != ALL_CRITERIA for name in self.criteria)
        slices, criteria = counted(n_slices, "slice"), counted(n_criteria, "criterion", "criteria")
        return f"EvaluationMatrix({slices}, {criteria}, {counted(self.n_responses[ALL], 'response')})"

    def __str__(self) -> str:
        table = slice_table(self.slices, self.criteria, lambda slice, criterion: str(self.cells[slice, criterion]))
        return f"{self.verdict}\n\n{table}" if self.verdict else table

    def _repr_html_(self) -> str:
        """Return the matrix as it looks in a notebook."""
        return html_fragment(matrix_chart(self.to_dict()))

    def to_dict(self) -> dict[str, Any]:
        """Return the matrix as JSON, without the responses behind it."""
        return {
            "slices": list(self.slices),
            "criteria": list(self.criteria),
            "is_rate": self.is_rate,
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


def evaluation_matrix(
    scores: Scores,
    members: pl.DataFrame | None = None,
    *,
    baseline: Scores | None = None,
    experts: ExpertLabels | None = None,
    by: By = "criterion",
) -> EvaluationMatrix:
    """Return how good responses are, slice by slice and criterion by criterion.

    Only responses that are scored count; how many are not stands beside every mean. The repeats of a prompt count as
    one observation. Changes are paired by prompt and repeat, see `compare`, in the slices that responses of this run
    are in.

    Args:
        scores: Scores of a run. Several evaluators of a criterion are combined, see `combine`; with a baseline by one
            label model for both runs.
        members: Which responses belong to which slice, as `nacre.labeling.slice_members` returns it.
        baseline: Scores of an earlier run, to compare with.
        experts: Labels of experts for responses of this run: they correct means, and show which evaluators are rigid.
        by: `criterion`, or `evaluator` for a column each.

    Raises:
        SchemaError: A name is taken.

    Examples:
        >>> from nacre.evaluation import Evaluator, Criterion, evaluate
        >>> from nacre.functions import Keyword, Slice
        >>> from nacre.labeling import slice_members
        >>> answers = pl.DataFrame({"prompt": [f"{n}?" for n in range(60)], "response": ["Yes, please", "No"] * 30})
        >>> scores = evaluate([Evaluator("please", Criterion("polite"), Keyword("response", ("please",)))], answers)
        >>> matrix = evaluation_matrix(scores, slice_members([Slice("two", Keyword("prompt", ("2", "12")))], answers))
        >>> matrix
        EvaluationMatrix(1 slice, 1 criterion, 60 responses)
        >>> print(matrix)
        slice  polite
        all    .50 [.38-.62] n=60
        two    1.00 [.34-1.00] n=2 too few
        >>> matrix.gaps
        (Gap(slice='two', kind='thin', n=2, n_wanted=28, criterion=None),)
    """
    earlier, run = (None, *run_columns([scores], by)) if baseline is None else run_columns([baseline, scores], by)
    assert run is not None
    return matrix_of(run, members, earlier=earlier, experts=experts, by=by)


def matrix_of(
    run: Run,
    members: pl.DataFrame | None,
    *,
    earlier: Run | None = None,
    experts: ExpertLabels | None = None,
    by: By = "criterion",
) -> EvaluationMatrix:
    """Return the matrix of a run whose evaluators are combined already."""
    columns = run.columns
    masks = slice_masks(columns.responses, members)
    pairs = None if earlier is None else paired(earlier, run)
    if by == "criterion":
        columns = with_all_criteria(columns)
        if pairs is not None and not pairs.left_out:  # else "all criteria" are not the same criteria
            pairs = pairs.with_all_criteria()
    cells = _cells(columns, masks, pairs, experts)
    return EvaluationMatrix(
        slices=tuple(masks),
        criteria=columns.names,
        cells=cells,
        n_responses={name: int(mask.sum()) for name, mask in masks.items()},
        evaluators=_evaluators(run, columns, by),
        rigid=rigid_evaluators(run.by_evaluator, experts),
        gaps=coverage_gaps(columns, masks),
        n_paired=None if pairs is None else len(pairs),
        n_left_out=0 if pairs is None else pairs.n_only_before + pairs.n_only_after,
        left_out=() if pairs is None else pairs.left_out,
        changed_evaluators=() if earlier is None else changed_evaluators(earlier, run),
        verdict=_verdict(cells.values(), _is_rate(columns), pairs),
        rows_behind=RowsBehind(columns, masks, run.scores, pairs),
    )


def _is_rate(columns: Columns) -> dict[str, bool]:
    return dict(zip(columns.names, columns.is_rate.tolist(), strict=True))


def _cells(
    columns: Columns, masks: Mapping[str, Booleans], pairs: Pairs | None, experts: ExpertLabels | None
) -> dict[tuple[str, str], Cell]:
    stacked = np.array(list(masks.values()))
    found = _plain_cells(columns, tuple(masks), stacked)
    if pairs is not None:
        found |= _with_changes(found, pairs, tuple(masks), stacked)
    corrected = {} if experts is None else corrected_cells(columns, masks, experts)
    return found | {place: _with_corrected(found[place], part.metric) for place, part in corrected.items()}


def _with_corrected(cell: Cell, corrected: Metric | None) -> Cell:
    """Return the cell with its corrected mean, which then says whether the target is met."""
    shown = cell.mean if corrected is None else corrected
    status = _status(shown, cell.target, lower_is_better=cell.lower_is_better)
    return replace(cell, corrected=corrected, status=status)


def _plain_cells(columns: Columns, slices: tuple[str, ...], masks: Booleans) -> dict[tuple[str, str], Cell]:
    """Return all cells, without changes and corrections."""
    means, missing = slice_means(columns, masks), _missing(columns.status, masks)
    found = {}
    for row, name in enumerate(slices):
        for place, (column, criterion) in enumerate(zip(columns.names, columns.criteria, strict=True)):
            target = None if criterion is None else criterion.target
            lower_is_better = criterion is not None and criterion.lower_is_better
            mean = means.metric(row, place)
            found[name, column] = Cell(
                slice=name,
                criterion=column,
                mean=mean,
                n_scored=int(means.n_scored[row, place]),
                missing={why: n for why, n in zip(MISSING, missing[row][place], strict=True) if n},
                target=target,
                status=_status(mean, target, lower_is_better=lower_is_better),
                detectable=_detectable_next(means, (row, place), is_rate=bool(columns.is_rate[place])),
                lower_is_better=lower_is_better,
            )
    return found


def _missing(status: NDArray[np.int8], masks: Booleans) -> list[list[list[int]]]:
    """Return how many responses of each slice and column are missing for each reason."""
    flags = [status == place + 1 for place in range(len(MISSING))]
    found = [place for place, flag in enumerate(flags) if flag.any()]
    counts = np.zeros((len(masks), status.shape[1], len(MISSING)), dtype=np.int64)
    if found:
        parts = np.split(slice_counts(masks, *(flags[place] for place in found)), len(found), axis=1)
        counts[:, :, found] = np.stack(parts, axis=2)
    nested: list[list[list[int]]] = counts.tolist()
    return nested


def _status(mean: Metric, target: float | None, *, lower_is_better: bool) -> TargetStatus:
    if target is None:
        return ""
    sign = -1 if lower_is_better else 1
    worst, best = sorted((sign * mean.low, sign * mean.high))
    return "met" if worst >= sign * target else "missed" if best < sign * target else "open"


def _with_changes(
    cells: Mapping[tuple[str, str], Cell], pairs: Pairs, slices: tuple[str, ...], masks: Booleans
) -> dict[tuple[str, str], Cell]:
    """Return the cells whose criterion the baseline has too, with their change."""
    changes = slice_changes(pairs, pairs.members(masks))
    adjusted = benjamini_hochberg(np.where(pairs.is_comparable, changes.p, np.nan))
    found = {}
    for row, place in np.argwhere(changes.n > 0).tolist():
        key = slices[row], pairs.after.names[place]
        change, p_adjusted = changes.metric(row, place), float(adjusted[row, place])
        spread, is_rate = float(changes.spread[row, place]), bool(pairs.after.is_rate[place])
        found[key] = replace(
            cells[key],
            change=change,
            n_gained=int(changes.n_gained[row, place]),
            n_lost=int(changes.n_lost[row, place]),
            p=float(changes.p[row, place]),
            p_adjusted=None if np.isnan(p_adjusted) else p_adjusted,
            is_comparable=bool(pairs.is_comparable[place]),
            is_changed=is_clear(change, p_adjusted),
            detectable=_detectable(change.n, spread, is_rate=is_rate),
        )
    return found


def _detectable_next(found: Means, place: tuple[int, int], *, is_rate: bool) -> float | None:
    """Return what an independent run would show: at the rate p, 2 p (1 - p) of the answers differ by chance.

    No rate is surely 0 or 1: p is moved towards a half by four responses more (Agresti & Coull 1998).
    """
    n = float(found.effective_n[place])
    if is_rate:
        p = (float(found.value[place]) * n + 2) / (n + 4) if n else 0.5
        return _detectable(n, 2 * p * (1 - p), is_rate=True)
    return _detectable(n, 2 * n * float(found.error[place]) ** 2, is_rate=False)


def _detectable(n: float, spread: float, *, is_rate: bool) -> float | None:
    if n < 2 or not np.isfinite(spread):
        return None
    spreads = {"discordant": min(spread, 1.0)} if is_rate else {"sd": spread**0.5}
    found = minimum_detectable(n, **spreads)
    return None if np.isnan(found) else found


def _evaluators(run: Run, columns: Columns, by: By) -> dict[str, tuple[str, ...]]:
    """Return the evaluators behind each column, also where they are combined."""
    behind = dict(columns.evaluators) if by == "evaluator" else run.evaluators
    passed = [criterion.name for criterion in columns.criteria if criterion is not None and criterion.has_pass]
    every = tuple(name for criterion in passed for name in run.evaluators[criterion])
    return {name: every if name == ALL_CRITERIA else behind[name] for name in columns.names}


def _verdict(cells: Collection[Cell], is_rate: Mapping[str, bool], pairs: Pairs | None) -> str:
    if pairs is not None:
        return baseline_verdict(list(_shifts(cells, is_rate)), not_comparable=pairs.not_comparable)
    status = Counter(cell.status for cell in cells if cell.status and cell.mean.n)
    if not status:
        return ""
    shown = ", ".join(f"{status[kind]} {kind}" for kind in ("met", "missed", "open") if status[kind])
    return f"Of {counted(status.total(), 'cell')} with a target: {shown}."


def _shifts(cells: Collection[Cell], is_rate: Mapping[str, bool]) -> Iterator[Shift]:
    for cell in cells:
        if cell.change is not None and cell.p is not None and cell.p_adjusted is not None:
            yield Shift(
                slice=cell.slice,
                criterion=cell.criterion,
                change=cell.change,
                p=cell.p,
                p_adjusted=cell.p_adjusted,
                is_better=cell.is_better,
                is_rate=is_rate[cell.criterion],
                lower_is_better=cell.lower_is_better,
            )
