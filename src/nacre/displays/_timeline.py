"""Metrics over iterations, and what each iteration changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nacre.displays._chart import Chart, Kind
from nacre.displays._html import Html, prose, tag
from nacre.displays._line_plot import SMALL, line_plot, plot_domain
from nacre.displays._measure import (
    Format,
    Measured,
    change_html,
    measure,
    measure_html,
)
from nacre.displays._scale import Domain
from nacre.displays._schema import FORMAT, MEASURE, TEXT, TEXTS, record
from nacre.displays._table import Column, table

SPEC = record({"title": TEXT, "format": FORMAT, "series": TEXTS}, note=TEXT)
ROW = record(
    {"name": TEXT, "metrics": {"type": "object", "additionalProperties": MEASURE}},
    title=TEXT,
    changes=TEXTS,
    change=MEASURE,
)

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
    metrics = [row["metrics"].get(name) for row in chart.values for name in series]
    return plot_domain(metrics, chart.spec["format"])


def _multiple(chart: Chart, name: str, domain: Domain) -> Html:
    last = next((row["metrics"][name] for row in reversed(chart.values) if name in row["metrics"]), None)
    numbers = measure_html(last, chart.spec["format"]) if last else None
    return tag("div", tag("div", tag("bdi", name), class_="multiple-title"), numbers, _plot(chart, name, domain))


def _plot(chart: Chart, name: str, domain: Domain, *, height: int = SMALL) -> Html:
    metrics = [row["metrics"].get(name) for row in chart.values]
    return line_plot(metrics, [row["name"] for row in chart.values], domain, chart.spec["format"], height=height)


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
