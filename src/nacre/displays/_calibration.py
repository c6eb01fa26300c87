"""Confidence against accuracy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from nacre.displays._chart import Chart, Kind
from nacre.displays._html import Html, prose, tag
from nacre.displays._legend import axis_labels
from nacre.displays._measure import Measured, format_number, is_too_few, measure, measure_text
from nacre.displays._scale import position
from nacre.displays._schema import MEASURE, NUMBER, TEXT, record
from nacre.displays._table import Column, table

SPEC = record({"title": TEXT}, note=TEXT)
ROW = record({"confidence": NUMBER, "accuracy": MEASURE})
_UNIT = (0.0, 1.0)
_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)


def calibration(bins: Iterable[tuple[float, Measured]], *, title: str, note: str = "") -> Chart:
    """Show, for bins of confidence, their mean confidence and their accuracy."""
    rows = [{"confidence": float(confidence), "accuracy": measure(accuracy)} for confidence, accuracy in bins]
    return Chart("calibration", {"title": title, "note": note}, rows)


def render(chart: Chart) -> Html:
    """Draw the bins beside the diagonal on which confidence is right."""
    diagonal = tag("line", x1="0", y1="100%", x2="100%", y2="0", class_="diagonal")
    levels = (tag("span", format_number(at), style=f"bottom:{position(at, _UNIT):.1f}%") for at in _TICKS)
    marks = (mark for row in chart.values for mark in _marks(row))
    return tag(
        "figure",
        tag("div", chart.spec["title"], class_="chart-title"),
        tag(
            "div",
            tag("div", *levels, class_="y-axis", aria_hidden="true"),
            tag("svg", *_grid(), diagonal, *marks, width="100%", height="240", aria_hidden="true"),
            axis_labels((position(at, _UNIT), format_number(at)) for at in _TICKS),
            class_="plot-box square",
        ),
        tag("div", "confidence (across), accuracy (up)", class_="axis-title"),
        tag("figcaption", prose(chart.spec["note"])) if chart.spec.get("note") else None,
        class_="calibration",
    )


def _grid() -> Iterator[Html]:
    for at in _TICKS:
        y = f"{100 - position(at, _UNIT):.1f}%"
        yield tag("line", x1="0", x2="100%", y1=y, y2=y, class_="grid")


def _marks(row: Mapping[str, Any]) -> Iterator[Html]:
    accuracy = row["accuracy"]
    x = f"{position(row['confidence'], _UNIT):.1f}%"
    few = " few" if is_too_few(accuracy) else ""
    if accuracy["low"] is not None and accuracy["high"] is not None:
        y1, y2 = (f"{100 - position(accuracy[end], _UNIT):.1f}%" for end in ("low", "high"))
        yield tag("line", x1=x, x2=x, y1=y1, y2=y2, class_=f"range{few}")
    if accuracy["value"] is not None:
        title = tag("title", f"confidence {format_number(row['confidence'])}: accuracy {measure_text(accuracy)}")
        yield tag(
            "circle", title, cx=x, cy=f"{100 - position(accuracy['value'], _UNIT):.1f}%", r="4", class_=f"dot{few}"
        )


def as_table(chart: Chart) -> Chart:
    """Return the bins as a table."""
    columns = [Column("confidence", type="number"), Column("accuracy", type="metric")]
    return table(chart.values, columns, caption=chart.spec["title"])


KIND = Kind("calibration", SPEC, ROW, render, as_table, is_drawn=True)
