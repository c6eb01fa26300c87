"""Which classes are taken for which, and how well each is found."""

from __future__ import annotations

from nacre.displays import Block, Chart, Column, Section, table
from nacre.displays import confusion as confusion_chart
from nacre.loop import SPLIT
from nacre.metrics import confusion, order_classes, per_class
from nacre.report._subject import Subject

_COLUMNS = (
    Column("class", type="class"),
    Column("n", "true", type="integer", help=f"units of this class on {SPLIT}"),
    Column("precision", type="metric", bars=False),
    Column("recall", type="metric", bars=False),
    Column("f1", "F1", type="metric"),
)
_IN_PAIRS = "Each pair of a data point and a label is counted once: the label is present there, or absent."
_IN_TOKENS = "Each token is counted once; O is a token outside of all spans."


def confusion_section(subject: Subject) -> Section:
    """Show the confusion of the end model, classes that are confused side by side."""
    outcomes = subject.outcomes
    known = outcomes.is_known
    counts = confusion(outcomes.truth[known], outcomes.prediction[known], len(outcomes.classes))
    order = order_classes(counts)
    classes = [outcomes.classes[code] for code in order.tolist()]
    notes = {"token": _IN_TOKENS, "data point and class": _IN_PAIRS}
    drawn = confusion_chart(
        counts[order][:, order].tolist(),
        classes,
        title=f"End model on {SPLIT}",
        note=notes.get(subject.unit, ""),
    )
    content: list[Block] = [drawn]
    if subject.unit != "data point and class":
        content.append(_per_class(subject))
    return Section("Confusion", content)


def _per_class(subject: Subject) -> Chart:
    outcomes = subject.outcomes
    known = outcomes.is_known
    measured = per_class(outcomes.truth[known], outcomes.prediction[known], len(outcomes.classes))
    named = zip(outcomes.classes, measured, strict=True)
    worst_first = sorted(named, key=lambda pair: (pair[1].recall.n == 0, pair[1].f1.value))
    rows = [
        {
            "class": name,
            "n": metrics.recall.n,
            "precision": metrics.precision,
            "recall": metrics.recall,
            "f1": metrics.f1,
        }
        for name, metrics in worst_first
    ]
    return table(rows, _COLUMNS, caption="Class by class, the worst first", classes=outcomes.classes)
