"""The matrix: how good responses are, slice by slice and criterion by criterion."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from nacre.displays import html_fragment
from nacre.evaluation._cells import Cell, matrix_cells
from nacre.evaluation._charts import matrix_chart
from nacre.evaluation._columns import (
    ALL,
    ALL_CRITERIA,
    By,
    Columns,
    Run,
    run_columns,
    slice_masks,
    with_all_criteria,
)
from nacre.evaluation._experts import ExpertLabels
from nacre.evaluation._gaps import Gap, coverage_gaps
from nacre.evaluation._pairs import Pairs, changed_evaluators, paired
from nacre.evaluation._rigid import Rigid, rigid_evaluators
from nacre.evaluation._rows_behind import RowsBehind
from nacre.evaluation._scores import Scores
from nacre.evaluation._text_table import check_place, counted, slice_table, table_size
from nacre.evaluation._verdicts import Shift, baseline_verdict


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
        check_place(slice, criterion, self.slices, self.criteria)
        return self.cells[slice, criterion]

    def rows(self, slice: str = ALL, criterion: str = ALL_CRITERIA) -> pl.DataFrame:
        """Return the responses of a cell, those that fail or score lowest first and those without a score last.

        Columns are `row_id`, `prompt_id`, `repeat`, `value` (as stored), `outcome` (as averaged), `status`,
        `rationale`, `message`, and with a baseline `before`, the outcome of its response to the same prompt.
        """
        check_place(slice, criterion, self.slices, self.criteria)
        return self.rows_behind.of(slice, criterion)

    def __repr__(self) -> str:
        size = table_size(self.slices, self.criteria)
        return f"EvaluationMatrix({size}, {counted(self.n_responses[ALL], 'response')})"

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
    cells = matrix_cells(columns, masks, pairs, experts)
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
