"""Slices by criteria: where responses are good enough, where not, and where nobody knows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nacre.displays._chart import Chart, Kind
from nacre.displays._html import Html, prose, tag
from nacre.displays._measure import (
    Format,
    Measured,
    format_number,
    is_too_few,
    measure,
    measure_text,
    number_digits,
    value_text,
)
from nacre.displays._scale import Domain, nice_domain, position
from nacre.displays._schema import ANCHOR, COUNT, FORMAT, MEASURE, NUMBER, TEXT, TEXTS, record
from nacre.displays._status import status_mark, status_shape
from nacre.displays._table import Column, table
from nacre.errors import SchemaError

_FLAG = {"type": "boolean"}
_SLICE = record({"name": TEXT, "n": COUNT})
_COLUMN = record(
    {"name": TEXT, "format": FORMAT},
    evaluator=TEXT,
    note=TEXT,
    flags=TEXTS,
    is_overall=_FLAG,
    link=ANCHOR,
)
SPEC = record(
    {
        "title": TEXT,
        "slices": {"type": "array", "items": _SLICE},
        "columns": {"type": "array", "items": _COLUMN},
    },
    note=TEXT,
)
ROW = record(
    {"slice": TEXT, "column": TEXT, "mean": MEASURE},
    n_missing=COUNT,
    change=MEASURE,
    is_better=_FLAG,
    corrected=MEASURE,
    target=NUMBER,
    status={"enum": ["met", "missed", "open"]},
    link=ANCHOR,
)
_LEGEND = (("met", "target met"), ("missed", "target missed"), ("open", "open: the interval holds the target"))
_UP, _DOWN = "\N{BLACK UP-POINTING TRIANGLE}", "\N{BLACK DOWN-POINTING TRIANGLE}"

Row = Mapping[str, Any]


@dataclass(frozen=True)
class MatrixColumn:
    """A criterion as a column of an evaluation matrix.

    Args:
        name: The criterion.
        evaluator: What scored it, shown under the name.
        note: A few words more, such as the agreement with experts.
        flags: Why the evaluator is doubted, a phrase each.
        format: How its means are written.
        is_overall: Whether it sums up the others, and stands apart.
        link: The anchor (`#...`) its name leads to.
    """

    name: str
    evaluator: str = ""
    note: str = ""
    flags: Sequence[str] = ()
    format: Format = "share"
    is_overall: bool = False
    link: str | None = None


@dataclass(frozen=True)
class MatrixCell:
    """What is known of the responses of a slice on a criterion.

    Args:
        mean: The mean of their scores.
        n_missing: How many have no score.
        change: The difference to the baseline.
        is_better: Whether a change that is significant among all cells is one for the better; None where it is not.
        corrected: The mean that the experts' scores correct.
        target: What the mean should reach.
        status: Whether it does: `met`, `missed`, `open`, or empty without a target.
        link: The anchor (`#...`) of the responses behind it.
    """

    mean: Measured
    n_missing: int = 0
    change: Measured | None = None
    is_better: bool | None = None
    corrected: Measured | None = None
    target: float | None = None
    status: str = ""
    link: str | None = None


def evaluation_matrix(
    cells: Mapping[tuple[str, str], MatrixCell],
    *,
    slices: Mapping[str, int],
    columns: Iterable[MatrixColumn],
    title: str,
    note: str = "",
) -> Chart:
    """Show cells by slice and criterion; a slice without responses is a gap that is seen.

    Args:
        cells: The cells.
        slices: The slices in order, with the number of their responses.
        columns: The criteria in order.
        title: What the matrix is about.
        note: What a reader should know.
    """
    spec = {
        "title": title,
        "slices": [{"name": name, "n": int(n)} for name, n in slices.items()],
        "columns": [_column_spec(column) for column in columns],
        "note": note,
    }
    chart = Chart("evaluation_matrix", spec, [_row(*place, cell) for place, cell in cells.items()])
    check_rows(chart)
    return chart


def _column_spec(column: MatrixColumn) -> dict[str, Any]:
    spec = {**vars(column), "flags": list(column.flags)}
    return {key: value for key, value in spec.items() if value is not None}


def _row(slice_name: str, column: str, cell: MatrixCell) -> dict[str, Any]:
    optional = {
        "n_missing": cell.n_missing or None,
        "change": None if cell.change is None else measure(cell.change),
        "is_better": cell.is_better,
        "corrected": None if cell.corrected is None else measure(cell.corrected),
        "target": None if cell.target is None else float(cell.target),
        "status": cell.status or None,
        "link": cell.link,
    }
    known = {key: value for key, value in optional.items() if value is not None}
    return {"slice": slice_name, "column": column, "mean": measure(cell.mean), **known}


def check_rows(chart: Chart) -> None:
    """Raise `SchemaError` where a cell stands in no row or column, or two stand in one place."""
    slices = {part["name"] for part in chart.spec["slices"]}
    columns = {column["name"] for column in chart.spec["columns"]}
    seen: set[tuple[str, str]] = set()
    for row in chart.values:
        place = (row["slice"], row["column"])
        if row["slice"] not in slices or row["column"] not in columns:
            raise SchemaError(f"The cell `{place[0]}`, `{place[1]}` is in no row or column of the matrix.")
        if place in seen:
            raise SchemaError(f"The matrix has two cells for `{place[0]}`, `{place[1]}`.")
        seen.add(place)


def render(chart: Chart) -> Html:
    """Draw a table whose cells lead to the responses behind them."""
    columns = chart.spec["columns"]
    cells = {(row["slice"], row["column"]): row for row in chart.values}
    domains = {column["name"]: _domain(column, chart.values) for column in columns}
    head = tag("tr", tag("th", "slice", scope="col", class_="corner"), *(_head(column) for column in columns))
    body = (
        tag("tr", _slice_head(part), *_slice_cells(part, columns, cells, domains), class_=_row_class(part))
        for part in chart.spec["slices"]
    )
    drawn = tag("table", tag("thead", head), tag("tbody", *body), aria_label=chart.spec["title"])
    return tag(
        "figure",
        tag("div", prose(chart.spec["title"]), class_="chart-title"),
        tag("div", drawn, class_="scroll", tabindex="0", role="region", aria_label=chart.spec["title"]),
        _legend(chart.values),
        tag("figcaption", prose(chart.spec["note"])) if chart.spec.get("note") else None,
        class_="evaluation-matrix",
    )


def _domain(column: Row, rows: Sequence[Row]) -> Domain:
    if column["format"] != "number":
        return (0.0, 1.0)
    shown = [row["mean"] for row in rows if row["column"] == column["name"]]
    return nice_domain(metric[end] for metric in shown for end in ("value", "low", "high"))


def _head(column: Row) -> Html:
    name = tag("bdi", column["name"])
    flags = column.get("flags") or ()
    doubt = tag("span", status_mark("rigid"), class_="flag", title="; ".join(flags)) if flags else None
    evaluator = column.get("evaluator")
    return tag(
        "th",
        tag("a", name, href=column["link"], class_="criterion") if "link" in column else tag("b", name),
        tag("code", evaluator, title=evaluator) if evaluator and evaluator != column["name"] else None,
        tag("span", prose(column["note"]), class_="about") if column.get("note") else None,
        doubt,
        scope="col",
        class_="overall" if column.get("is_overall") else None,
    )


def _slice_head(part: Row) -> Html:
    return tag("th", tag("bdi", part["name"]), tag("span", f"{part['n']:,}", class_="n"), scope="row")


def _row_class(part: Row) -> str | None:
    return None if part["n"] else "gap"


def _slice_cells(
    part: Row, columns: Sequence[Row], cells: Mapping[tuple[str, str], Row], domains: Mapping[str, Domain]
) -> Iterator[Html]:
    if not part["n"]:
        yield tag("td", "no responses: nothing is known here", colspan=len(columns))
        return
    for column in columns:
        overall = "overall" if column.get("is_overall") else ""
        row = cells.get((part["name"], column["name"]))
        if row is None or row["mean"]["value"] is None:
            yield tag("td", tag("span", "not scored", class_="note"), class_=overall or None)
        else:
            name = " ".join(filter(None, (overall, row.get("status"), "few" if is_too_few(row["mean"]) else "")))
            yield tag("td", _cell(row, column, domains[column["name"]]), class_=name or None)


def _cell(row: Row, column: Row, domain: Domain) -> Html:
    style, mean = column["format"], row["mean"]
    shown = _short(mean, style) if style == "number" else value_text(mean, style)
    said = cell_text(row, column)
    first = tag(
        "span",
        tag("b", shown),
        status_shape(row["status"]) if "status" in row else None,
        _change(row, column) if "change" in row else None,
        class_="top",
    )
    missing = tag("span", f", {row['n_missing']:,} unscored", class_="missing") if "n_missing" in row else None
    corrected = None
    if "corrected" in row:
        corrected = tag("span", f"corrected {_short(row['corrected'], style)}", class_="corrected")
    below = tag("span", tag("span", f"n={mean['n']:,}", missing, class_="n"), corrected, class_="below")
    content = (first, _bar(row, domain), below)
    if "link" in row:
        return tag("a", *content, href=row["link"], title=said, aria_label=said)
    return tag("span", *content, title=said, class_="cell")


def cell_text(row: Row, column: Row) -> str:
    """Return all that a cell says, as one line."""
    style = column["format"]
    parts = [f"{row['slice']}, {row['column']}: {measure_text(row['mean'], style)}"]
    if "change" in row:
        clear = "" if "is_better" in row else ", not significant"
        parts.append(f"changed by {value_text(row['change'], style, signed=True)}{clear}")
    if "target" in row:
        parts.append(f"target {format_number(row['target'], style)} {row.get('status', '')}".strip())
    if "corrected" in row:
        parts.append(f"corrected by experts {measure_text(row['corrected'], style)}")
    if "n_missing" in row:
        parts.append(f"{row['n_missing']:,} without a score")
    return "; ".join(parts)


def _change(row: Row, column: Row) -> Html:
    shown = _short(row["change"], column["format"], signed=True)
    if "is_better" not in row:
        return tag("span", shown, class_="change")
    arrow = _UP if (row["change"]["value"] or 0) > 0 else _DOWN
    return tag("span", f"{arrow}{shown}", class_=f"change {'up' if row['is_better'] else 'down'}")


def _short(metric: Row, style: Format, *, signed: bool = False) -> str:
    """Return a number that is read at a glance: no more digits than it needs, however narrow its interval is."""
    if style == "number":
        return format_number(metric["value"], style, signed=signed, digits=number_digits(metric, n_uncertain=1))
    return format_number(metric["value"], style, signed=signed, digits=2 if style == "share" else 0)


def _bar(row: Row, domain: Domain) -> Html:
    mean = row["mean"]
    marks = [tag("line", x1="0", x2="100%", y1="50%", y2="50%", class_="track")]
    if "corrected" in row and row["corrected"]["value"] is not None:
        marks.append(_tick(row["corrected"]["value"], domain, "before"))
    if mean["low"] is not None and mean["high"] is not None:
        x1, x2 = (f"{position(mean[end], domain):.1f}%" for end in ("low", "high"))
        marks.append(tag("line", x1=x1, x2=x2, y1="50%", y2="50%", class_="range"))
    marks.append(_tick(mean["value"], domain, "value"))
    if "target" in row:
        marks.append(_tick(row["target"], domain, "goal"))
    return tag("svg", *marks, width="100%", height="10", aria_hidden="true")


def _tick(at: float, domain: Domain, name: str) -> Html:
    x = f"{position(at, domain):.1f}%"
    if name == "before":
        return tag("circle", cx=x, cy="50%", r="3", class_=name)
    return tag("line", x1=x, x2=x, y1="0", y2="100%", class_=name)


def _legend(rows: Sequence[Row]) -> Html:
    entries = [tag("span", status_shape(name), said) for name, said in _LEGEND if any("status" in row for row in rows)]
    if any("target" in row for row in rows):
        line = tag("line", x1="50%", x2="50%", y1="0", y2="100%", class_="goal")
        entries.append(tag("span", tag("svg", line, width="8", height="12", aria_hidden="true"), "target"))
    if any("change" in row for row in rows):
        entries.append(tag("span", f"{_UP}{_DOWN} significant change (Benjamini-Hochberg over the matrix)"))
    if any("corrected" in row for row in rows):
        entries.append(tag("span", "corrected: by the experts' scores"))
    if any("n_missing" in row for row in rows):
        entries.append(tag("span", "unscored: not counted in n"))
    entries.append(tag("span", "bar: 95\N{NARROW NO-BREAK SPACE}% interval; grey below n = 30"))
    return tag("div", *entries, class_="legend")


def as_table(chart: Chart) -> Chart:
    """Return one row per slice, one column per criterion; an empty slice has none."""
    cells = {(row["slice"], row["column"]): row["mean"] for row in chart.values}
    rows = [
        {
            "slice": part["name"],
            "n": part["n"],
            **{f"c{place}": cells.get((part["name"], column["name"])) for place, column in _placed(chart)},
        }
        for part in chart.spec["slices"]
    ]
    metrics = (
        Column(f"c{place}", column["name"], type="metric", format=column["format"], bars=False)
        for place, column in _placed(chart)
    )
    return table(rows, [Column("slice"), Column("n", type="integer"), *metrics], caption=chart.spec["title"])


def _placed(chart: Chart) -> Iterator[tuple[int, Row]]:
    return enumerate(chart.spec["columns"])


KIND = Kind("evaluation_matrix", SPEC, ROW, render, as_table, check_rows, is_drawn=True)
