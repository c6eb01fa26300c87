"""What remains after each step, and what each step took away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nacre.displays._chart import Chart, Kind
from nacre.displays._html import Html, prose, tag
from nacre.displays._measure import MINUS, format_number
from nacre.displays._schema import COUNT, TEXT, record
from nacre.displays._table import Column, table

SPEC = record({"title": TEXT}, note=TEXT)
ROW = record({"label": TEXT, "n": COUNT})


def funnel(steps: Mapping[str, int], *, title: str, note: str = "") -> Chart:
    """Show how many data points remain after each step."""
    return Chart("funnel", {"title": title, "note": note}, [{"label": key, "n": int(n)} for key, n in steps.items()])


def render(chart: Chart) -> Html:
    """Draw one bar per step."""
    rows = (
        tag(
            "tr",
            tag("th", tag("bdi", row["label"], title=row["label"]), scope="row"),
            tag("td", tag("div", class_="bar", style=f"width:{100 * row['kept']:.2f}%"), class_="plot"),
            tag("td", f"{row['n']:,}", tag("span", f" {format_number(row['kept'], 'percent')}", class_="n")),
            tag("td", f"{MINUS}{row['removed']:,}" if row["removed"] else "", class_="removed"),
        )
        for row in _steps(chart.values)
    )
    return tag(
        "figure",
        tag("div", tag("table", tag("caption", chart.spec["title"]), tag("tbody", *rows)), class_="scroll"),
        tag("figcaption", prose(chart.spec["note"])) if chart.spec.get("note") else None,
        class_="funnel",
    )


def _steps(values: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    start = max((row["n"] for row in values), default=0) or 1
    before = [values[0]["n"], *(row["n"] for row in values)] if values else []
    return [
        {**row, "kept": row["n"] / start, "removed": max(earlier - row["n"], 0)}
        for row, earlier in zip(values, before, strict=False)
    ]


def as_table(chart: Chart) -> Chart:
    """Return the steps as a table."""
    columns = [
        Column("label", "step"),
        Column("n", type="integer"),
        Column("kept", type="percent"),
        Column("removed", type="integer"),
    ]
    return table(_steps(chart.values), columns, caption=chart.spec["title"])


KIND = Kind("funnel", SPEC, ROW, render, as_table)
