"""The votes on one data point, a chip per function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nacre.displays._chart import Chart, Kind
from nacre.displays._classes import class_hue, class_mark
from nacre.displays._html import Html, tag
from nacre.displays._schema import TEXT, TEXTS, record
from nacre.displays._table import Column, table

SPEC = record({"classes": TEXTS})
ROW = record({"function": TEXT, "label": {"type": ["string", "null"]}})


def votes(labels: Mapping[str, str | None], classes: Sequence[str]) -> Chart:
    """Show what each function said about one data point; None is an abstention."""
    rows = [{"function": function, "label": label} for function, label in labels.items()]
    return Chart("votes", {"classes": list(classes)}, rows)


def render(chart: Chart) -> Html:
    """Draw the votes as chips; functions that abstained are counted, not drawn."""
    cast = [row for row in chart.values if row["label"] is not None]
    chips = [vote_chip(row["function"], row["label"], chart.spec["classes"]) for row in cast]
    n_abstained = len(chart.values) - len(cast)
    names = ", ".join(row["function"] for row in chart.values if row["label"] is None)
    rest = tag("li", f"{n_abstained} abstained", class_="abstain", title=names) if n_abstained else None
    return tag("ul", *chips, rest, class_="votes", aria_label="votes")


def vote_chip(function: str, label: str | None, classes: Sequence[str], *, number: int | None = None) -> Html:
    """Return the vote of one function; `number` ties it to what it marked in a text."""
    tie = tag("sup", str(number)) if number is not None else None
    name = tag("code", function)
    return tag("li", class_mark(label, classes), name, tie, class_=f"chip {class_hue(label, classes)}")


def as_table(chart: Chart) -> Chart:
    """Return the votes as a table."""
    columns = [Column("function", type="code"), Column("label", "vote", type="class")]
    return table(chart.values, columns, classes=chart.spec["classes"])


KIND = Kind("votes", SPEC, ROW, render, as_table)
