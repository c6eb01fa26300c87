"""Counts in bins, stacked by series."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from nacre.displays._chart import Chart, Kind
from nacre.displays._html import Html, prose, tag
from nacre.displays._legend import axis_labels, series_legend
from nacre.displays._measure import DASH, Format, format_number
from nacre.displays._scale import Domain, nice_domain, position, ticks
from nacre.displays._schema import COUNT, FORMAT, NUMBER, TEXT, TEXTS, record
from nacre.displays._table import Column, table
from nacre.errors import SchemaError

SPEC = record({"title": TEXT, "axis": TEXT, "format": FORMAT, "series": TEXTS}, note=TEXT)
ROW = record({"low": NUMBER, "high": NUMBER, "counts": {"type": "array", "items": COUNT}})


def histogram(
    edges: Sequence[float],
    counts: Mapping[str, Sequence[int]],
    *,
    title: str,
    axis: str,
    format: Format = "share",
    note: str = "",
) -> Chart:
    """Show how many data points fall between neighbouring `edges`, for each series of `counts`."""
    for name, series in counts.items():
        if len(series) != len(edges) - 1:
            raise SchemaError(f"`{name}` has {len(series)} counts for {len(edges)} edges; expected {len(edges) - 1}.")
    rows = [
        {"low": float(low), "high": float(high), "counts": [int(series[place]) for series in counts.values()]}
        for place, (low, high) in enumerate(pairwise(edges))
    ]
    return Chart(
        "histogram", {"title": title, "axis": axis, "format": format, "series": list(counts), "note": note}, rows
    )


def render(chart: Chart) -> Html:
    """Draw the bins as columns."""
    style, rows = chart.spec["format"], chart.values
    domain = (rows[0]["low"], rows[-1]["high"]) if rows else (0.0, 1.0)
    top = nice_domain([0, *(sum(row["counts"]) for row in rows)])[1]
    levels = [at for at in ticks((0.0, top), 3) if at == int(at)]
    bars = (bar for row in rows for bar in _bars(row, chart, domain, top))
    return tag(
        "figure",
        tag("div", chart.spec["title"], class_="chart-title"),
        series_legend(chart.spec["series"]),
        tag(
            "div",
            tag("div", *(_level(at, top) for at in levels), class_="y-axis", aria_hidden="true"),
            tag("svg", *(_grid_line(at, top) for at in levels), *bars, width="100%", height="140", aria_hidden="true"),
            axis_labels((position(at, domain), format_number(at, style)) for at in ticks(domain, 5)),
            class_="plot-box",
        ),
        tag("div", chart.spec["axis"], class_="axis-title"),
        tag("figcaption", prose(chart.spec["note"])) if chart.spec.get("note") else None,
        class_="histogram",
    )


def _grid_line(at: float, top: float) -> Html:
    y = f"{100 - position(at, (0.0, top)):.1f}%"
    return tag("line", x1="0", x2="100%", y1=y, y2=y, class_="grid")


def _level(at: float, top: float) -> Html:
    return tag("span", format_number(at, "number"), style=f"bottom:{position(at, (0.0, top)):.1f}%")


def _bars(row: Mapping[str, Any], chart: Chart, domain: Domain, top: float) -> Iterator[Html]:
    left, right = position(row["low"], domain), position(row["high"], domain)
    below = 0
    for place, (name, count) in enumerate(zip(chart.spec["series"], row["counts"], strict=True)):
        height = position(count, (0.0, top))
        below += count
        yield tag(
            "rect",
            tag("title", f"{_bin(row, chart)}: {count:,} {name}"),
            x=f"{left + 0.2:.2f}%",
            y=f"{100 - position(below, (0.0, top)):.2f}%",
            width=f"{max(right - left - 0.4, 0.2):.2f}%",
            height=f"{height:.2f}%",
            class_=f"s{place % 8}",
        )


def _bin(row: Mapping[str, Any], chart: Chart) -> str:
    return DASH.join(format_number(row[end], chart.spec["format"]) for end in ("low", "high"))


def as_table(chart: Chart) -> Chart:
    """Return the bins as a table."""
    names = chart.spec["series"]
    rows = [{"bin": _bin(row, chart), **dict(zip(names, row["counts"], strict=True))} for row in chart.values]
    columns = [Column("bin", chart.spec["axis"]), *(Column(name, type="integer") for name in names)]
    return table(rows, columns, caption=chart.spec["title"])


KIND = Kind("histogram", SPEC, ROW, render, as_table, is_drawn=True)
