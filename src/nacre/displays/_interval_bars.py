"""Metrics under each other on one axis: slices, functions, models, before and after."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nacre.displays._chart import Chart, Kind
from nacre.displays._html import Html, prose, tag
from nacre.displays._legend import axis_labels
from nacre.displays._measure import Format, Measured, format_ticks, interval_svg, is_too_few, measure, measure_html
from nacre.displays._scale import Domain, nice_domain, position, ticks
from nacre.displays._schema import ANCHOR, FORMAT, MEASURE, TEXT, record
from nacre.displays._table import Column, table

SPEC = record({"title": TEXT, "format": FORMAT}, before=TEXT, after=TEXT, note=TEXT)
ROW = record({"label": TEXT, "metric": MEASURE}, before=MEASURE, link=ANCHOR)


def interval_bars(
    metrics: Mapping[str, Measured],
    *,
    title: str,
    before: Mapping[str, Measured] | None = None,
    names: tuple[str, str] = ("before", "after"),
    format: Format = "share",
    links: Mapping[str, str] | None = None,
    note: str = "",
) -> Chart:
    """Show metrics by label on one axis, each tied to its value `before` where there is one."""
    earlier, anchors = before or {}, links or {}
    rows = []
    for label, measured in metrics.items():
        row: dict[str, Any] = {"label": label, "metric": measure(measured)}
        row |= {"before": measure(earlier[label])} if label in earlier else {}
        row |= {"link": anchors[label]} if label in anchors else {}
        rows.append(row)
    spec = {"title": title, "format": format, "note": note}
    return Chart("interval_bars", spec | ({"before": names[0], "after": names[1]} if earlier else {}), rows)


def render(chart: Chart) -> Html:
    """Draw one row per label: name, interval on the common axis, numbers."""
    style, domain = chart.spec["format"], _domain(chart)
    body = tag("tbody", *(_row(row, domain, chart) for row in chart.values))
    levels = ticks(domain)
    axis = axis_labels(zip((position(at, domain) for at in levels), format_ticks(levels, style), strict=True))
    foot = tag("tfoot", tag("tr", tag("td"), tag("td", axis), tag("td")), aria_hidden="true")
    return tag(
        "figure",
        tag("div", tag("table", tag("caption", chart.spec["title"]), body, foot), class_="scroll"),
        _legend(chart),
        tag("figcaption", prose(chart.spec["note"])) if chart.spec.get("note") else None,
        class_="interval-bars",
    )


def _domain(chart: Chart) -> Domain:
    shown = [row[key] for row in chart.values for key in ("metric", "before") if key in row]
    ends = [metric[end] for metric in shown for end in ("value", "low", "high")]
    return nice_domain(ends, within=None if chart.spec["format"] == "number" else (-1.0, 1.0))


def _row(row: Mapping[str, Any], domain: Domain, chart: Chart) -> Html:
    style = chart.spec["format"]
    name = tag("bdi", row["label"], title=row["label"])
    drawing = interval_svg(row["metric"], domain, before=row.get("before"))
    return tag(
        "tr",
        tag("th", tag("a", name, href=row["link"]) if "link" in row else name, scope="row"),
        tag("td", drawing, class_="plot"),
        tag("td", measure_html(row["metric"], style), _before(row, chart), class_="numbers"),
        class_="few" if is_too_few(row["metric"]) else None,
    )


def _before(row: Mapping[str, Any], chart: Chart) -> Html | None:
    if "before" not in row:
        return None
    return tag("span", f" {chart.spec['before']} ", measure_html(row["before"], chart.spec["format"]), class_="was")


def _legend(chart: Chart) -> Html | None:
    if "before" not in chart.spec:
        return None
    marks = ((chart.spec["before"], "before"), (chart.spec["after"], "dot"))
    entries = (tag("span", _legend_dot(name), label) for label, name in marks)
    return tag("div", *entries, tag("span", "bar: 95\N{NARROW NO-BREAK SPACE}% interval"), class_="legend")


def _legend_dot(name: str) -> Html:
    return tag(
        "svg",
        tag("circle", cx="6", cy="6", r="4", class_=name),
        class_="interval",
        width="12",
        height="12",
        aria_hidden="true",
    )


def as_table(chart: Chart) -> Chart:
    """Return labels and metrics as a table."""
    style = chart.spec["format"]
    columns = [Column("label", ""), Column("metric", chart.spec.get("after", ""), type="metric", format=style)]
    if "before" in chart.spec:
        columns.insert(1, Column("before", chart.spec["before"], type="metric", format=style))
    return table(chart.values, columns, caption=chart.spec["title"])


KIND = Kind("interval_bars", SPEC, ROW, render, as_table)
