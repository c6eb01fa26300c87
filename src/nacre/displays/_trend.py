"""Metrics over runs: a small chart for each slice or criterion, all on one axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nacre.displays._chart import Chart, Kind
from nacre.displays._html import Html, prose, tag
from nacre.displays._line_plot import line_plot, plot_domain
from nacre.displays._measure import Format, Measured, measure, measure_html
from nacre.displays._scale import Domain
from nacre.displays._schema import FORMAT, MEASURE, NUMBER, TEXT, TEXTS, record
from nacre.displays._table import Column, table
from nacre.errors import SchemaError

SPEC = record({"title": TEXT, "runs": TEXTS, "format": FORMAT}, note=TEXT)
ROW = record(
    {"series": TEXT, "metrics": {"type": "array", "items": {**MEASURE, "type": ["object", "null"]}}}, target=NUMBER
)


def trend(
    series: Mapping[str, Sequence[Measured | None]],
    runs: Sequence[str],
    *,
    title: str,
    format: Format = "share",
    targets: Mapping[str, float] | None = None,
    note: str = "",
) -> Chart:
    """Show each series over the runs, one value a run; None where a run has none."""
    rows: list[dict[str, Any]] = []
    for name, metrics in series.items():
        values = [None if metric is None else measure(metric) for metric in metrics]
        goal = {"target": float(targets[name])} if targets and name in targets else {}
        rows.append({"series": name, "metrics": values} | goal)
    chart = Chart("trend", {"title": title, "runs": list(runs), "format": format, "note": note}, rows)
    check_rows(chart)
    return chart


def check_rows(chart: Chart) -> None:
    """Raise `SchemaError` where a series has not one value a run."""
    n_runs = len(chart.spec["runs"])
    for row in chart.values:
        if len(row["metrics"]) != n_runs:
            n = len(row["metrics"])
            raise SchemaError(f"`{row['series']}` has {n} values for {n_runs} runs; expected one each.")


def render(chart: Chart) -> Html:
    """Draw the series as small multiples on a common axis, each with its latest value."""
    metrics = [metric for row in chart.values for metric in row["metrics"]]
    domain = plot_domain(metrics, chart.spec["format"], *(row.get("target") for row in chart.values))
    return tag(
        "figure",
        tag("div", chart.spec["title"], class_="chart-title"),
        tag("div", *(_multiple(row, chart, domain) for row in chart.values), class_="multiples"),
        tag("figcaption", prose(chart.spec["note"])) if chart.spec.get("note") else None,
        class_="trend",
    )


def _multiple(row: Mapping[str, Any], chart: Chart, domain: Domain) -> Html:
    style, runs = chart.spec["format"], chart.spec["runs"]
    latest = next((metric for metric in reversed(row["metrics"]) if metric is not None), None)
    return tag(
        "div",
        tag("div", tag("bdi", row["series"]), class_="multiple-title"),
        measure_html(latest, style) if latest else tag("span", "nothing scored", class_="note"),
        line_plot(row["metrics"], runs, domain, style, target=row.get("target")) if runs else None,
    )


def as_table(chart: Chart) -> Chart:
    """Return one row per run, one column per series."""
    rows = [
        {"run": run, **{row["series"]: row["metrics"][place] for row in chart.values}}
        for place, run in enumerate(chart.spec["runs"])
    ]
    style = chart.spec["format"]
    metrics = (Column(row["series"], type="metric", format=style, bars=False) for row in chart.values)
    return table(rows, [Column("run"), *metrics], caption=chart.spec["title"])


KIND = Kind("trend", SPEC, ROW, render, as_table, check_rows, is_drawn=True)
