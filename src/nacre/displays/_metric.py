"""One number with its interval and its n."""

from __future__ import annotations

from nacre.displays._chart import Chart, Kind
from nacre.displays._html import Html, prose, tag
from nacre.displays._measure import Format, Measured, change_html, interval_text, is_too_few, measure, value_text
from nacre.displays._schema import FORMAT, MEASURE, TEXT, record
from nacre.displays._table import Column, table

SPEC = record({"label": TEXT, "format": FORMAT}, note=TEXT)
ROW = record({"metric": MEASURE}, change=MEASURE)


def metric(
    label: str, measured: Measured, *, format: Format = "share", note: str = "", change: Measured | None = None
) -> Chart:
    """Show one metric, with its change since an earlier iteration where there is one."""
    row = {"metric": measure(measured)} | ({} if change is None else {"change": measure(change)})
    return Chart("metric", {"label": label, "format": format, "note": note}, [row])


def render(chart: Chart) -> Html:
    """Draw the metric as a tile."""
    row, style = chart.values[0], chart.spec["format"]
    shown, few = row["metric"], is_too_few(row["metric"])
    context = f"{interval_text(shown, style)} n={shown['n']:,}{' too few' if few else ''}"
    return tag(
        "div",
        tag("div", chart.spec["label"], class_="tile-label"),
        tag("div", value_text(shown, style), class_="tile-value"),
        tag("div", context, class_="tile-context"),
        tag("div", change_html(row["change"], style)) if "change" in row else None,
        tag("div", prose(chart.spec["note"]), class_="note") if chart.spec.get("note") else None,
        class_="tile few" if few else "tile",
    )


def as_table(chart: Chart) -> Chart:
    """Return the metric as a table of one row."""
    style = chart.spec["format"]
    columns = [Column("label", ""), Column("metric", "", type="metric", format=style)]
    if "change" in chart.values[0]:
        columns.append(Column("change", type="change", format=style))
    return table([{"label": chart.spec["label"], **row} for row in chart.values], columns)


KIND = Kind("metric", SPEC, ROW, render, as_table, least_rows=1)
