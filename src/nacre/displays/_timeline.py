"""Metrics over iterations, and what each iteration changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from nacre.displays._chart import Chart, Kind
from nacre.displays._html import Html, prose, tag
from nacre.displays._legend import axis_labels, thinned
from nacre.displays._measure import (
    Format,
    Measured,
    change_html,
    format_ticks,
    is_too_few,
    measure,
    measure_html,
    measure_text,
)
from nacre.displays._scale import Domain, nice_domain, position, ticks
from nacre.displays._schema import FORMAT, MEASURE, TEXT, TEXTS, record
from nacre.displays._table import Column, table

SPEC = record({"title": TEXT, "format": FORMAT, "series": TEXTS}, note=TEXT)
ROW = record(
    {"name": TEXT, "metrics": {"type": "object", "additionalProperties": MEASURE}},
    title=TEXT,
    changes=TEXTS,
    change=MEASURE,
)

_SMALL = 64
_N_LISTED = 6


@dataclass(frozen=True)
class Iteration:
    """One turn of the development loop.

    Args:
        name: What the axis says.
        metrics: Metrics by series: the whole split first, then its slices.
        title: What the iteration was for.
        changes: What it changed, a sentence each.
        change: The difference of the first series from the iteration before.
    """

    name: str
    metrics: Mapping[str, Measured]
    title: str = ""
    changes: Sequence[str] = field(default=())
    change: Measured | None = None


def timeline(iterations: Sequence[Iteration], *, title: str, format: Format = "share", note: str = "") -> Chart:
    """Show metrics over iterations: the first series large, the others as small multiples."""
    series = list(dict.fromkeys(name for iteration in iterations for name in iteration.metrics))
    rows = [_row_values(iteration) for iteration in iterations]
    return Chart("timeline", {"title": title, "format": format, "series": series, "note": note}, rows)


def _row_values(iteration: Iteration) -> dict[str, Any]:
    metrics = {name: measure(metric) for name, metric in iteration.metrics.items()}
    row = {"name": iteration.name, "metrics": metrics, "title": iteration.title, "changes": list(iteration.changes)}
    return row if iteration.change is None else row | {"change": measure(iteration.change)}


def render(chart: Chart) -> Html:
    """Draw the lines with their bands and list the iterations under them."""
    is_drawn = len(chart.values) > 1  # one point is no line
    series = chart.spec["series"] if is_drawn else []
    common = _domain(chart, series[1:])
    multiples = (_multiple(chart, name, common) for name in series[1:])
    return tag(
        "figure",
        tag("div", chart.spec["title"], class_="chart-title"),
        _plot(chart, series[0], _domain(chart, series[:1]), height=150) if series else None,
        tag("div", *multiples, class_="multiples") if len(series) > 1 else None,
        tag("figcaption", prose(chart.spec["note"])) if chart.spec.get("note") else None,
        *_iterations(chart),
        class_="timeline",
    )


def _iterations(chart: Chart) -> Iterator[Html]:
    """List the latest iterations; the earlier ones open on demand."""
    entries = [_entry(row, chart) for row in chart.values]
    earlier, latest = entries[:-_N_LISTED], entries[-_N_LISTED:]
    if earlier:
        summary = tag("summary", f"{len(earlier)} earlier iteration{'s' if len(earlier) > 1 else ''}")
        yield tag("details", summary, tag("ol", *earlier, class_="iterations"))
    yield tag("ol", *latest, class_="iterations")


def _domain(chart: Chart, series: Sequence[str]) -> Domain:
    metrics = [row["metrics"][name] for row in chart.values for name in series if name in row["metrics"]]
    ends = [metric[end] for metric in metrics for end in ("value", "low", "high")]
    return nice_domain(ends, within=None if chart.spec["format"] == "number" else (-1.0, 1.0))


def _multiple(chart: Chart, name: str, domain: Domain) -> Html:
    last = next((row["metrics"][name] for row in reversed(chart.values) if name in row["metrics"]), None)
    numbers = measure_html(last, chart.spec["format"]) if last else None
    return tag(
        "div", tag("div", tag("bdi", name), class_="multiple-title"), numbers, _plot(chart, name, domain, height=_SMALL)
    )


def _plot(chart: Chart, name: str, domain: Domain, *, height: int) -> Html:
    style, rows, is_large = chart.spec["format"], chart.values, height > _SMALL
    room = 70 if is_large else 24
    metrics = [row["metrics"].get(name) for row in rows]
    places = [100 * (place + 0.5) / len(rows) for place in range(len(rows))]
    levels = ticks(domain, 4 if is_large else 2)
    names = format_ticks(levels, style)
    grid = (_grid_line(at, domain) for at in levels)
    stretched = tag(
        "svg",
        *_band(metrics, places, domain),
        viewBox="0 0 100 100",
        preserveAspectRatio="none",
        width="100%",
        height="100%",
    )
    dots = (
        _dot(metric, at, domain, name=row["name"], style=style)
        for metric, at, row in zip(metrics, places, rows, strict=True)
    )
    return tag(
        "div",
        tag(
            "div",
            *(_level(at, domain, name) for at, name in zip(levels, names, strict=True)),
            class_="y-axis",
            aria_hidden="true",
        ),
        tag("svg", *grid, stretched, *dots, width="100%", height=str(height), aria_hidden="true"),
        axis_labels(thinned([(at, row["name"]) for at, row in zip(places, rows, strict=True)], room)),
        class_="plot-box",
    )


def _grid_line(at: float, domain: Domain) -> Html:
    y = f"{100 - position(at, domain):.1f}%"
    return tag("line", x1="0", x2="100%", y1=y, y2=y, class_="grid")


def _level(at: float, domain: Domain, name: str) -> Html:
    return tag("span", name, style=f"bottom:{position(at, domain):.1f}%")


def _band(metrics: Sequence[Mapping[str, Any] | None], places: Sequence[float], domain: Domain) -> Iterator[Html]:
    """Draw band and line between neighbours that both have a value."""
    for (left, x1), (right, x2) in pairwise(zip(metrics, places, strict=True)):
        if left is None or right is None or left["value"] is None or right["value"] is None:
            continue
        if None not in (left["low"], left["high"], right["low"], right["high"]):
            corners = [(x1, left["low"]), (x1, left["high"]), (x2, right["high"]), (x2, right["low"])]
            yield tag("polygon", points=_points(corners, domain), class_="band")
        yield tag("polyline", points=_points([(x1, left["value"]), (x2, right["value"])], domain), class_="line")


def _points(corners: Sequence[tuple[float, float]], domain: Domain) -> str:
    return " ".join(f"{x:.2f},{100 - position(value, domain):.2f}" for x, value in corners)


def _dot(metric: Mapping[str, Any] | None, at: float, domain: Domain, *, name: str, style: Format) -> Html | None:
    if metric is None or metric["value"] is None:
        return None
    title = tag("title", f"{name}: {measure_text(metric, style)}")
    y = f"{100 - position(metric['value'], domain):.1f}%"
    return tag("circle", title, cx=f"{at:.2f}%", cy=y, r="3.5", class_="dot few" if is_too_few(metric) else "dot")


def _entry(row: Mapping[str, Any], chart: Chart) -> Html:
    style, series = chart.spec["format"], chart.spec["series"]
    first = row["metrics"].get(series[0]) if series else None
    title = tag("span", prose(row["title"]), class_="iteration-title") if row.get("title") else None
    head = (
        tag("b", row["name"]),
        title,
        measure_html(first, style) if first else None,
        change_html(row["change"], style) if "change" in row else None,
    )
    changes = (tag("li", prose(change)) for change in row.get("changes", ()))
    return tag("li", tag("div", *head, class_="iteration"), tag("ul", *changes) if row.get("changes") else None)


def as_table(chart: Chart) -> Chart:
    """Return one row per iteration, one column per series."""
    style, series = chart.spec["format"], chart.spec["series"]
    rows = [{"iteration": row["name"], "title": row.get("title", ""), **row["metrics"]} for row in chart.values]
    metrics = (Column(name, type="metric", format=style, bars=False) for name in series)
    return table(rows, [Column("iteration"), *metrics, Column("title", "what for")], caption=chart.spec["title"])


KIND = Kind("timeline", SPEC, ROW, render, as_table, is_drawn=True)
