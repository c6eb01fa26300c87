"""Which evaluators may speak for the experts: measured where there are labels, remembered where there are none."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

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


class Verdict(NamedTuple):
    """Whether an evaluator may speak for the experts.

    Args:
        word: `aligned`, `not aligned`, `stale` or `too few` labels to say.
        reason: Why it may not.
    """

    word: str
    reason: str = ""


def alignment_verdicts(evaluation: ProjectEvaluation) -> dict[str, Verdict]:
    """Return which evaluators may speak for the experts; those that no expert ever checked are not among them."""
    return {name: _verdict(evaluation, record) for name, record in alignments(evaluation).items()}


def distrusted(evaluation: ProjectEvaluation) -> dict[str, str]:
    """Return the evaluators that must not decide, and why; one that no expert ever checked is not among them."""
    verdicts = alignment_verdicts(evaluation)
    doubts = {name: verdict for name, verdict in verdicts.items() if verdict.word in ("stale", "not aligned")}
    return {name: f"{verdict.word}: {verdict.reason}" for name, verdict in doubts.items()}


def _verdict(evaluation: ProjectEvaluation, record: AlignmentRecord) -> Verdict:
    failed = "; ".join(check.text for check in record.checks if not check.is_met)
    if record.is_stale(evaluation.scores):
        return Verdict("stale", "evaluator, criterion or imported scores changed since experts checked them")
    if record.n < MIN_LABELS:
        return Verdict("too few", failed)
    return Verdict("aligned") if record.is_aligned else Verdict("not aligned", failed)


def _measured(evaluation: ProjectEvaluation, name: str) -> AlignmentRecord | None:
    experts = evaluation.experts
    if experts is None or not len(experts.of(evaluation.scores.criterion_of(name).name)):
        return None
    record = align(evaluation.scores, name, experts)
    return record if record.n else None
