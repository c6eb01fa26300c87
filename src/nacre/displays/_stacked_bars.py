"""Counts that add up, side by side: causes of errors before and after."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nacre.displays._chart import Chart, Kind
from nacre.displays._html import Html, prose, tag
from nacre.displays._legend import series_legend
from nacre.displays._schema import COUNT, TEXT, TEXTS, record
from nacre.displays._table import Column, table

SPEC = record({"title": TEXT, "parts": TEXTS}, note=TEXT)
ROW = record({"label": TEXT, "counts": {"type": "array", "items": COUNT}})


def stacked_bars(rows: Mapping[str, Mapping[str, int]], *, title: str, note: str = "") -> Chart:
    """Show, per row, the counts of its parts end to end; parts are ordered as they first appear."""
    parts = list(dict.fromkeys(part for counts in rows.values() for part in counts))
    values = [
        {"label": label, "counts": [int(counts.get(part, 0)) for part in parts]} for label, counts in rows.items()
    ]
    return Chart("stacked_bars", {"title": title, "parts": parts, "note": note}, values)


def render(chart: Chart) -> Html:
    """Draw one bar per row, its length in proportion to the sum."""
    longest = max((sum(row["counts"]) for row in chart.values), default=0) or 1
    rows = (
        tag(
            "tr",
            tag("th", tag("bdi", row["label"], title=row["label"]), scope="row"),
            tag("td", tag("div", *_segments(row, chart.spec["parts"], longest), class_="stack"), class_="plot"),
            tag("td", f"{sum(row['counts']):,}", class_="total"),
        )
        for row in chart.values
    )
    return tag(
        "figure",
        tag("div", tag("table", tag("caption", chart.spec["title"]), tag("tbody", *rows)), class_="scroll"),
        series_legend(chart.spec["parts"]),
        tag("figcaption", prose(chart.spec["note"])) if chart.spec.get("note") else None,
        class_="stacked-bars",
    )


def _segments(row: Mapping[str, Any], parts: Sequence[str], longest: int) -> Iterator[Html]:
    for place, (part, count) in enumerate(zip(parts, row["counts"], strict=True)):
        if count:
            share = 100 * count / longest
            number = tag("span", f"{count:,}", class_=None if share > 4 else "hidden")
            yield tag("div", number, class_=f"s{place % 8}", style=f"width:{share:.2f}%", title=f"{part}: {count:,}")


def as_table(chart: Chart) -> Chart:
    """Return the counts as a table with their sum."""
    parts = chart.spec["parts"]
    rows = [
        {"label": row["label"], **dict(zip(parts, row["counts"], strict=True)), "all": sum(row["counts"])}
        for row in chart.values
    ]
    columns = [Column("label", ""), *(Column(part, type="integer") for part in parts), Column("all", type="integer")]
    return table(rows, columns, caption=chart.spec["title"])


KIND = Kind("stacked_bars", SPEC, ROW, render, as_table, is_drawn=True)
