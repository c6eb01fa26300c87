"""What was judged and how: criteria, evaluators, slices, and what the figures mean."""

from __future__ import annotations

from collections.abc import Iterator

from nacre.data import Classes
from nacre.displays import Block, Code, Column, Section, table
from nacre.evaluation import Criterion
from nacre.loop import entries
from nacre.report._evaluation_subject import EvaluationSubject

_CONVENTIONS = (
    (
        "intervals",
        "95 %. Shares have Wilson's, numbers Student's t, repeats of a prompt count as one observation. Below 30 "
        "prompts a figure is grey.",
    ),
    (
        "target",
        "Met when the whole interval reaches it, missed when none of it does, else open: more prompts would tell.",
    ),
    (
        "all criteria",
        "The share of responses that pass every criterion, of those that are scored on all of them.",
    ),
    (
        "change",
        "On responses to the same prompt and repeat. Significant where the p-value, adjusted for all cells together "
        "(Benjamini-Hochberg), is at most .05 and the interval excludes zero.",
    ),
    (
        "without a score",
        "An evaluator may abstain, fail, or say what cannot be parsed. That is neither a pass nor a fail.",
    ),
    (
        "agreement",
        "With the majority of the experts. Kappa and AC1 take off what chance would reach; the constant is what always "
        "giving the most frequent score would.",
    ),
)


def definitions_section(subject: EvaluationSubject) -> Section:
    """Show what was judged and how."""
    return Section("Criteria, evaluators, slices", list(_content(subject)), anchor="definitions")


def _content(subject: EvaluationSubject) -> Iterator[Block]:
    rows = [_criterion(criterion) for criterion in subject.criteria.values()]
    columns = [
        Column("criterion"),
        Column("description", "what it means"),
        Column("scale"),
        Column("target"),
        Column("evaluators", "scored by", "code"),
    ]
    for row in rows:
        row["evaluators"] = ", ".join(subject.matrix.evaluators.get(str(row["criterion"]), ()))
    yield table(rows, columns, caption="Criteria")
    for kind, specs in subject.specs.items():
        if specs:
            yield Section(kind.capitalize(), [Code(entries(kind, specs))], anchor=f"specs-{kind}")
    conventions = ({"figure": figure, "means": means} for figure, means in _CONVENTIONS)
    yield table(conventions, [Column("figure"), Column("means", "what it means")], caption="What the figures mean")


def _criterion(criterion: Criterion) -> dict[str, object]:
    if isinstance(criterion.scale, Classes):
        scale = " < ".join(criterion.scale.names)
    else:
        scale = f"{criterion.scale.low:g} to {criterion.scale.high:g}"
    if criterion.passes is not None:
        scale += f"; passes from {criterion.passes}"
    target = "" if criterion.target is None else f"{criterion.target:g}"
    return {"criterion": criterion.name, "description": criterion.description, "scale": scale, "target": target}
