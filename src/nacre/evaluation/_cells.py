"""The cells of a matrix: means, what is missing, targets, changes, and what experts correct."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nacre.evaluation._cell_changes import is_clear, slice_changes
from nacre.evaluation._cell_means import Means, slice_means
from nacre.evaluation._columns import MISSING, Booleans, Columns
from nacre.evaluation._corrected import corrected_cells
from nacre.evaluation._experts import ExpertLabels
from nacre.evaluation._pairs import Pairs
from nacre.evaluation._slice_sums import slice_counts
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


def matrix_cells(
    columns: Columns, masks: Mapping[str, Booleans], pairs: Pairs | None, experts: ExpertLabels | None
) -> dict[tuple[str, str], Cell]:
    """Return the cells of all slices and columns, changed and corrected where that can be told."""
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
