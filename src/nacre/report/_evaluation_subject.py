"""What an evaluation report is about: responses with their scores, and all that was made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import polars as pl

from nacre.evaluation import (
    ALL,
    ALL_CRITERIA,
    AgreementReport,
    Cell,
    Comparison,
    Criterion,
    EvaluationMatrix,
    ExpertLabels,
    Scores,
    WinRate,
)
from nacre.metrics import Metric


@dataclass(frozen=True)
class RunLine:
    """A run on the way to this one.

    Args:
        name: How people call it.
        metrics: Its means by slice and criterion.
        note: What it was for.
        changes: What was edited since the run before, a sentence each.
        is_comparable: Whether it is the same test as the newest: the same prompts, criteria, evaluators and slices.
    """

    name: str
    metrics: Mapping[tuple[str, str], Metric]
    note: str = ""
    changes: Sequence[str] = ()
    is_comparable: bool = True


@dataclass(frozen=True, eq=False)
class EvaluationSubject:
    """What an evaluation report is about.

    Args:
        title: What was evaluated.
        responses: `row_id`, `prompt`, `response` and the other fields of the responses.
        scores: What evaluators say of them.
        matrix: Their means, slice by slice and criterion by criterion.
        experts: What experts say.
        agreement: How far evaluators agree with them.
        alignment: By evaluator, its verdict (`aligned`, `not aligned`, `stale`, `too few`) and the reason.
        comparison: What changed since the baseline.
        not_compared: Why it is compared with no earlier run; empty for the first.
        notes: What the reader should know before the numbers.
        baseline: The responses of the run that the comparison starts from.
        runs: All runs, this one last.
        win_rates: How often systems win on a preference, by evaluator.
        steps: What to do next, with the command that does it, most urgent first.
        specs: How evaluators and slices are written, by kind and name.
        facts: What the page says about itself first.
    """

    title: str
    responses: pl.DataFrame
    scores: Scores
    matrix: EvaluationMatrix
    experts: ExpertLabels | None = None
    agreement: AgreementReport | None = None
    alignment: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    comparison: Comparison | None = None
    not_compared: str = ""
    notes: Sequence[str] = ()
    baseline: pl.DataFrame | None = None
    runs: Sequence[RunLine] = ()
    win_rates: Mapping[str, Sequence[WinRate]] = field(default_factory=dict)
    steps: Sequence[tuple[str, str]] = ()
    specs: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def criteria(self) -> dict[str, Criterion]:
        """The criteria by name."""
        return {criterion.name: criterion for criterion in self.scores.criteria}

    @property
    def before(self) -> str:
        """How the run is called that this one is compared with."""
        return "the baseline" if self.comparison is None else self.comparison.names[0]

    @property
    def columns(self) -> list[str]:
        """The criteria that are columns of the matrix, without the one that sums them up."""
        return [name for name in self.matrix.criteria if name != ALL_CRITERIA]

    @property
    def headline(self) -> Cell:
        """The cell that sums it up: all criteria on all responses, or the only criterion."""
        name = ALL_CRITERIA if ALL_CRITERIA in self.matrix.criteria else self.matrix.criteria[0]
        return self.matrix.cell(ALL, name)

    def is_number(self, criterion: str) -> bool:
        """Whether means on a criterion are numbers rather than shares."""
        return not self.matrix.is_rate[criterion]
