"""What changed, in one sentence: never stronger than the intervals, and never silent about a loss."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from nacre.evaluation._cell_changes import ALPHA
from nacre.evaluation._columns import ALL, ALL_CRITERIA
from nacre.evaluation._text_table import counted
from nacre.metrics import Metric

MOST_NAMED = 4


class Shift(NamedTuple):
    """The change of a cell that can be compared."""

    slice: str
    criterion: str
    change: Metric
    p: float
    p_adjusted: float
    is_better: bool | None
    """None where it did not clearly change."""
    is_rate: bool
    lower_is_better: bool

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval does."""
        return self.change.low > 0 or self.change.high < 0

    @property
    def is_clear_alone(self) -> bool:
        """Whether it would be a change if no other cell had been looked at."""
        return self.is_better is None and self.p <= ALPHA and self.excludes_zero

    @property
    def place(self) -> str:
        """Where it is."""
        return self.criterion if self.slice == ALL else f"{self.criterion} in {self.slice}"

    @property
    def size(self) -> str:
        """The change without its sign."""
        change = self.change
        return str(change if change.value >= 0 else Metric(-change.value, -change.high, -change.low, change.n))


def not_comparable_on(criteria: Sequence[str]) -> str:
    """Return that a difference on these criteria may be their evaluators'."""
    their = "its evaluator" if len(criteria) == 1 else "their evaluators"
    return f"not comparable on {', '.join(criteria)}: {their} changed"


def baseline_verdict(shifts: Sequence[Shift], *, not_comparable: Sequence[str] = ()) -> str:
    """Return how many cells changed against a baseline, and which lost most."""
    if not_comparable:
        told = not_comparable_on(not_comparable)
        rest = baseline_verdict(shifts)
        return f"{told}; {rest[0].lower()}{rest[1:]}" if shifts else f"{told}."
    if not shifts:
        return "No cell can be compared with the baseline."
    changed = [shift for shift in shifts if shift.is_better is not None]
    if not changed:
        n_alone = sum(shift.is_clear_alone for shift in shifts)
        alone = f"; {n_alone} would be alone, but not among so many" if n_alone else ""
        return f"No cell distinguishable from the baseline, of {len(shifts)}{alone}."
    losses, n_better = _losses(changed), sum(shift.is_better is True for shift in changed)
    told = f"{n_better} better, 0 worse"
    if losses:
        told = f"{len(losses)} worse, most on {losses[0].place} by {losses[0].size}; {n_better} better"
    return f"{len(changed)} of {len(shifts)} cells changed: {told}."


def comparison_verdict(shifts: Sequence[Shift], names: tuple[str, str], criteria: Sequence[str]) -> str:
    """Return how two runs differ on the whole, then the losses, the largest first, then the gains.

    Args:
        shifts: The changes of all cells that can be compared.
        names: What the runs are called.
        criteria: The criteria that both runs have; the whole is `all criteria`, or the only one.
    """
    main = ALL_CRITERIA if ALL_CRITERIA in criteria else criteria[0]
    whole = next((shift for shift in shifts if (shift.slice, shift.criterion) == (ALL, main)), None)
    others = [shift for shift in shifts if shift is not whole]
    parts = [_headline(whole, names, main, n_cells=len(shifts))]
    if losses := _losses(others):
        rest = f", and on {_places(losses[1:])}" if len(losses) > 1 else ""
        parts.append(f"worse on {losses[0].place} by {losses[0].size}{rest}")
    if gains := [shift for shift in others if shift.is_better]:
        parts.append(f"better on {_places(gains)}")
    slices = [shift for shift in others if shift.criterion == main]
    if n_unclear := sum(shift.is_better is None for shift in slices):
        parts.append(f"{n_unclear} of {counted(len(slices), 'slice')} unclear")
    return "; ".join(parts)


def _headline(whole: Shift | None, names: tuple[str, str], main: str, *, n_cells: int) -> str:
    before, after = names
    if whole is None:
        return f"{after} and {before} cannot be told apart on {main}, as no response has both scores"
    went_well = (whole.change.value < 0) == whole.lower_is_better
    word = "better" if went_well else "worse"
    if whole.is_better is not None:
        return f"{after} is {word} than {before} on {main}, by {whole.size}"
    if whole.is_clear_alone:
        doubt = (
            f"which is clear alone, but not among {n_cells} cells (p = {whole.p:.2g}, adjusted {whole.p_adjusted:.2g})"
        )
        return f"{after} looks {word} than {before} on {main}, by {whole.size}, {doubt}"
    chance = f", but p = {whole.p:.2g}" if whole.excludes_zero else ""
    return f"{after} and {before} cannot be told apart on {main}: {whole.change}{chance}"


def _losses(shifts: Sequence[Shift]) -> list[Shift]:
    """Return the cells that clearly got worse, the largest loss of a share first."""
    lost = [shift for shift in shifts if shift.is_better is False]
    return sorted(lost, key=lambda shift: (not shift.is_rate, -abs(shift.change.value)))


def _places(shifts: Sequence[Shift]) -> str:
    shown = ", ".join(shift.place for shift in shifts[:MOST_NAMED])
    n_more = len(shifts) - MOST_NAMED
    return f"{shown} and {counted(n_more, 'more cell')}" if n_more > 0 else shown
