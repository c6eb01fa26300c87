"""A table with typed columns: text, names, classes, counts, shares, metrics and their changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from nacre.displays._chart import Chart, Kind
from nacre.displays._classes import class_mark
from nacre.displays._html import Html, prose, tag
from nacre.displays._measure import (
    Format,
    change_html,
    finite,
    format_number,
    interval_svg,
    is_too_few,
    measure,
    measure_html,
)
from nacre.displays._scale import Domain, nice_domain
from nacre.displays._schema import (
    ANCHOR,
    COUNT,
    FORMAT,
    INTEGER,
    MEASURE,
    NUMBER,
    NUMBER_OR_NULL,
    TEXT,
    TEXTS,
    Schema,
    check,
    record,
)
from nacre.errors import SchemaError

ColumnType = Literal["text", "code", "class", "integer", "number", "percent", "metric", "change"]
N_ROWS_SEARCHED = 12
"""Tables with more rows than this get a search box where scripts run."""
_N_ROWS_TALL = 24
_LONG_NAME = 30

_CELLS: Mapping[str, Schema] = {
    "text": {"type": ["string", "null"]},
    "code": {"type": ["string", "null"]},
    "class": {"type": ["string", "null"]},
    "integer": {**INTEGER, "type": ["integer", "null"]},
    "number": NUMBER_OR_NULL,
    "percent": NUMBER_OR_NULL,
    "metric": {**MEASURE, "type": ["object", "null"]},
    "change": {**MEASURE, "type": ["object", "null"]},
}
_COLUMN = record(
    {"name": TEXT, "title": TEXT, "type": {"enum": list(_CELLS)}},
    format=FORMAT,
    link={"type": ["string", "null"]},
    help=TEXT,
    bars={"type": "boolean"},
    domain={"type": "array", "items": NUMBER, "minItems": 2},
)
SPEC = record(
    {"columns": {"type": "array", "items": _COLUMN, "minItems": 1}}, caption=TEXT, note=TEXT, classes=TEXTS, shown=COUNT
)
ROW: Schema = {"type": "object"}


@dataclass(frozen=True)
class Column:
    """How a table shows one key of its rows.

    Args:
        name: The key.
        title: What the header says; the name when None.
        type: What the cells hold. `text` sets names in backticks as code; `code` is shown as written; `percent`
            takes a share; `metric` and `change` take a metric with its interval.
        format: How the numbers of metrics are written.
        link: The key that holds the anchor (`#...`) the cell leads to.
        help: What the column means, shown on the header.
        bars: Whether the intervals of metrics are drawn.
    """

    name: str
    title: str | None = None
    type: ColumnType = "text"
    format: Format = "share"
    link: str | None = None
    help: str = ""
    bars: bool = True


def table(
    rows: Iterable[Mapping[str, Any]],
    columns: Sequence[Column | str],
    *,
    caption: str = "",
    note: str = "",
    classes: Sequence[str] = (),
) -> Chart:
    """Show rows under typed columns; a string among `columns` is a column of text."""
    specs = [_column_spec(column if isinstance(column, Column) else Column(column)) for column in columns]
    values = [_row_values(row, specs) for row in rows]
    for spec in specs:
        if spec["type"] == "metric" and spec["bars"]:
            spec["domain"] = list(_domain((row.get(spec["name"]) for row in values), spec["format"]))
    return Chart("table", {"columns": specs, "caption": caption, "note": note, "classes": list(classes)}, values)


def _column_spec(column: Column) -> dict[str, Any]:
    return asdict(column) | {"title": column.name if column.title is None else column.title}


def _row_values(row: Mapping[str, Any], columns: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for column in columns:
        value = row.get(column["name"])
        if value is not None and column["type"] in ("metric", "change"):
            value = dict(value) if isinstance(value, Mapping) else measure(value)
        elif column["type"] in ("number", "percent"):
            value = finite(value)
        values[column["name"]] = value
        if column["link"] is not None:
            values[column["link"]] = row.get(column["link"])
    return values


def _domain(metrics: Iterable[Mapping[str, Any] | None], style: Format) -> Domain:
    ends = [metric[end] for metric in metrics if metric is not None for end in ("value", "low", "high")]
    return nice_domain(ends, within=None if style == "number" else (-1.0, 1.0))


def check_rows(chart: Chart) -> None:
    """Raise `SchemaError` where a cell does not hold what its column says."""
    for place, row in enumerate(chart.values):
        for column in chart.spec["columns"]:
            name = column["name"]
            if name not in row:
                raise SchemaError(f"`table.values[{place}]` lacks the column `{name}`; it has {', '.join(row)}.")
            path = f"table.values[{place}].{name}"
            if row[name] is not None:
                check(row[name], _CELLS[column["type"]], path=path)
            link = column.get("link")
            if link is not None and row.get(link) is not None:
                check(row[link], ANCHOR, path=f"table.values[{place}].{link}")


def render(chart: Chart) -> Html:
    """Draw the table; columns sort and rows are searched where scripts run."""
    columns = chart.spec["columns"]
    n_rows = len(chart.values)
    caption = tag("caption", prose(chart.spec["caption"])) if chart.spec.get("caption") else None
    head = tag("thead", tag("tr", *(_header(column) for column in columns)))
    body = tag("tbody", *(_row(row, chart) for row in chart.values))
    scroller = tag(
        "div",
        tag("table", caption, head, body, data_search=n_rows > N_ROWS_SEARCHED),
        class_="scroll tall" if n_rows > _N_ROWS_TALL else "scroll",
        tabindex="0",
        role="region",
        aria_label=chart.spec.get("caption") or "table",
    )
    empty = tag("p", "Nothing to show.", class_="note") if not n_rows else None
    note = tag("figcaption", prose(chart.spec["note"])) if chart.spec.get("note") else None
    return tag("figure", scroller, empty, note, class_="table")


def _header(column: Mapping[str, Any]) -> Html:
    style = column.get("format", "share")
    axis = None
    if column.get("domain"):
        ends = (tag("span", format_number(end, style)) for end in column["domain"])
        axis = tag("span", *ends, class_="axis", aria_hidden="true")
    title = tag("span", column["title"], class_="title")
    return tag("th", title, axis, scope="col", class_=f"c-{column['type']}", title=column.get("help") or None)


def _row(row: Mapping[str, Any], chart: Chart) -> Html:
    return tag(
        "tr", *(_cell(row, column, chart, first=place == 0) for place, column in enumerate(chart.spec["columns"]))
    )


def _cell(row: Mapping[str, Any], column: Mapping[str, Any], chart: Chart, *, first: bool) -> Html:
    value, kind = row[column["name"]], column["type"]
    content = _content(value, column, chart.spec.get("classes", ()))
    anchor = row.get(column["link"]) if column.get("link") else None
    if anchor is not None:
        content = tag("a", content, href=anchor)
    attributes = {"class_": f"c-{kind}", "data_sort": _sort_key(value, kind)}
    if first:
        return tag("th", content, scope="row", **attributes)
    return tag("td", content, **attributes)


def _content(value: Any, column: Mapping[str, Any], classes: Sequence[str]) -> Html:
    kind, style = column["type"], column.get("format", "share")
    if value is None:
        return tag("span", "abstains", class_="abstain") if kind == "class" else Html("")
    if kind == "metric":
        drawing = interval_svg(value, tuple(column["domain"])) if column.get("domain") else None
        return tag("span", drawing, measure_html(value, style), class_="with-bar" if drawing else None)
    if kind == "change":
        return change_html(value, style)
    if kind == "class":
        return class_mark(value, classes)
    if kind == "code":
        return tag("code", value, title=value if len(value) > _LONG_NAME else None)
    if kind == "text":
        return tag("span", prose(value), dir="auto", class_="long" if len(value) > _LONG_NAME else None)
    return Html(format_number(value, "percent" if kind == "percent" else "number"))


def _sort_key(value: Any, kind: str) -> float | None:
    if kind in ("text", "code", "class"):
        return None
    number = value["value"] if isinstance(value, Mapping) else value
    # Too few data points sort last, whatever they say.
    return -1e9 if number is None or (isinstance(value, Mapping) and is_too_few(value)) else round(float(number), 4)


KIND = Kind("table", SPEC, ROW, render, check_rows=check_rows)
