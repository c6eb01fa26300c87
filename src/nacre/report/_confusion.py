"""Which classes are taken for which, and how well each is found."""

from __future__ import annotations

import numpy as np

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
_BY_DATA_POINT = (
    "Intervals resample whole data points, because the tokens of one are alike; the n of a metric counts those."
)


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
    truth, clusters = outcomes.truth[known], outcomes.clusters
    measured = per_class(
        truth,
        outcomes.prediction[known],
        len(outcomes.classes),
        clusters=None if clusters is None else clusters[known],
    )
    counts = np.bincount(truth, minlength=len(outcomes.classes)).tolist()
    rows = [
        {"class": name, "n": n, **metrics._asdict()}
        for name, n, metrics in zip(outcomes.classes, counts, measured, strict=True)
    ]
    rows.sort(key=lambda row: (row["n"] == 0, row["f1"].value))
    note = "" if clusters is None else _BY_DATA_POINT
    return table(rows, _COLUMNS, caption="Class by class, the worst first", note=note, classes=outcomes.classes)
