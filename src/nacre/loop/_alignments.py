"""Which evaluators may speak for the experts: measured where there are labels, remembered where there are none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nacre.evaluation import MIN_LABELS, AlignmentRecord, align, alignment_from_spec

if TYPE_CHECKING:
    from nacre.loop._project_evaluation import ProjectEvaluation


def alignments(evaluation: ProjectEvaluation) -> dict[str, AlignmentRecord]:
    """Return how far each evaluator agreed with experts, by name.

    It is measured on the labels of this run's responses; where they are fewer than before, what was measured before on
    other responses stands, for the evaluator that it was measured of.
    """
    stored = evaluation.project.alignments
    found = {name: alignment_from_spec(spec) for name, spec in stored.items()}
    for name in evaluation.scores.evaluators:
        fresh = _measured(evaluation, name)
        known = found.get(name)
        if fresh is not None and (
            known is None or fresh.n >= min(known.n, MIN_LABELS) or known.is_stale(evaluation.scores)
        ):
            found[name] = fresh
    return {name: record for name, record in found.items() if name in evaluation.scores.evaluators}


def record_alignments(evaluation: ProjectEvaluation) -> None:
    """Keep how far each evaluator agreed with experts; each change is an event."""
    for name, record in alignments(evaluation).items():
        evaluation.project.alignments[name] = record.spec()


def distrusted(evaluation: ProjectEvaluation) -> dict[str, str]:
    """Return the evaluators that must not decide, and why; one that no expert ever checked is not among them."""
    reasons = {}
    for name, record in alignments(evaluation).items():
        if record.is_stale(evaluation.scores):
            reasons[name] = "stale: evaluator, criterion or imported scores changed since experts checked them"
        elif record.n >= MIN_LABELS and not record.is_aligned:
            reasons[name] = "not aligned: " + "; ".join(check.text for check in record.checks if not check.is_met)
    return reasons


def _measured(evaluation: ProjectEvaluation, name: str) -> AlignmentRecord | None:
    experts = evaluation.experts
    if experts is None or not len(experts.of(evaluation.scores.criterion_of(name).name)):
        return None
    record = align(evaluation.scores, name, experts)
    return record if record.n else None
