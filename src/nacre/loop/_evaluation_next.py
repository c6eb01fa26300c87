"""What to do next about an evaluation, the most urgent first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nacre.evaluation import ALL, ALL_CRITERIA, MIN_LABELS, Cell, Rigid, is_imported
from nacre.loop._alignments import alignments
from nacre.loop._evaluation_notes import unscored_criteria

if TYPE_CHECKING:
    from nacre.loop._project_evaluation import ProjectEvaluation


_AGAINST_EXPERTS = ("fails where experts pass", "passes where experts fail")


@dataclass(frozen=True)
class NextStep:
    """One thing to do.

    Args:
        title: What, and why.
        what_to_type: The command that does it or shows more; empty where a file is to be edited.
    """

    title: str
    what_to_type: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the step as JSON."""
        return dict(vars(self))


def next_steps(evaluation: ProjectEvaluation) -> tuple[NextStep, ...]:
    """Return what to do next about a run: first what makes its numbers doubtful, then where responses are bad."""
    return tuple(_steps(evaluation))


def _steps(evaluation: ProjectEvaluation) -> Iterator[NextStep]:
    contradicted = tuple(_contradicted(evaluation))
    yield from contradicted
    yield from _unscored(evaluation)
    yield from _not_scored(evaluation)
    yield from _gaps(evaluation)
    if evaluation.experts is None:
        yield NextStep(
            "No expert has labeled a response, so nobody knows how far the evaluators are right. Have some labeled.",
            "nacre export experts-sample -o sample.csv",
        )
    flags = [flag for flag in evaluation.matrix.rigid if not flag.is_confirmed]
    yield from (_of_rigid(flag) for flag in flags if flag.kind in _AGAINST_EXPERTS)
    yield from _missed(evaluation, is_trusted=not contradicted)
    yield from (_of_rigid(flag) for flag in flags if flag.kind not in _AGAINST_EXPERTS)


def _of_rigid(flag: Rigid) -> NextStep:
    return NextStep(
        f"`{flag.evaluator}` {flag.meaning}.",
        f"nacre show responses --criterion {_typed(flag.criterion)}",
    )


def _unscored(evaluation: ProjectEvaluation) -> Iterator[NextStep]:
    for name in unscored_criteria(evaluation.scores):
        yield NextStep(f"Nothing scores `{name}`: give it an evaluator in nacre.yaml, or import scores.")


def _not_scored(evaluation: ProjectEvaluation) -> Iterator[NextStep]:
    run = evaluation.run.content
    for status in ("failed", "unparsable"):
        found = {name: counts[status] for name, counts in run.counts.items() if counts[status]}
        if found:
            worst = max(found, key=lambda name: found[name])
            can_retry = status == "failed" and any(not is_imported(run.evaluators[name]) for name in found)
            yield NextStep(
                f"Scores that are {status}: {sum(found.values()):,}, most of them by `{worst}` ({found[worst]:,}). "
                f"Read the messages with `nacre show responses --score {status}`.",
                "nacre run --retry-errors" if can_retry else "",
            )


def _contradicted(evaluation: ProjectEvaluation) -> Iterator[NextStep]:
    """Yield the evaluators that experts contradict: what they score says nothing, whatever it is."""
    for name, record in alignments(evaluation).items():
        if record.n < MIN_LABELS or record.is_aligned or record.is_stale(evaluation.scores):
            continue
        if record.is_constant:
            reached = f"{record.raw}, where a constant reaches {record.baseline:.2f}"
            told = f"`{name}` agrees with the experts no better than a constant: {reached}"
        else:
            told = f"`{name}` is not aligned: {'; '.join(check.text for check in record.checks if not check.is_met)}"
        yield NextStep(f"{told}. Rewrite it, or leave it out.", "nacre agree")


def _gaps(evaluation: ProjectEvaluation) -> Iterator[NextStep]:
    empty = [gap.slice for gap in evaluation.matrix.gaps if gap.kind == "empty"]
    thin = [f"`{gap.slice}` ({gap.n_wanted} more)" for gap in evaluation.matrix.gaps if gap.kind == "thin"]
    if empty:
        names = ", ".join(f"`{name}`" for name in empty)
        yield NextStep(f"No prompt is in {names}: add some to the responses, or nothing is known about them.")
    if thin:
        yield NextStep(f"Too few prompts are in {', '.join(thin)} to say anything: add some.", "nacre show gaps")


def _missed(evaluation: ProjectEvaluation, *, is_trusted: bool) -> Iterator[NextStep]:
    """Yield the cell that misses its target by most, else the slice that fares worst."""
    cells = [cell for cell in evaluation.matrix.cells.values() if cell.criterion != ALL_CRITERIA]
    missed = [cell for cell in cells if cell.status == "missed" and not cell.mean.is_too_few]
    if missed:
        worst = max(missed, key=_shortfall)
        yield NextStep(
            f"`{worst.criterion}` misses its target of {worst.target:g} on `{worst.slice}`: {_shown(worst)}. Read "
            "what fails.",
            f"nacre show responses --criterion {_typed(worst.criterion)}{_on(worst.slice)}",
        )
    elif (
        is_trusted and any(cell.status == "met" for cell in cells) and not any(cell.status == "open" for cell in cells)
    ):
        yield NextStep("All targets are met. Hold them.", "nacre gate")


def _shown(cell: Cell) -> str:
    return str(cell.mean) if cell.corrected is None else f"{cell.corrected} corrected by experts"


def _shortfall(cell: Cell) -> float:
    gap = (cell.target or 0.0) - (cell.mean if cell.corrected is None else cell.corrected).value
    return -gap if cell.lower_is_better else gap


def _on(slice: str) -> str:
    return "" if slice == ALL else f" --slice {_typed(slice)}"


def _typed(name: str) -> str:
    """Return a name as a shell takes it."""
    return f'"{name}"' if " " in name else name
