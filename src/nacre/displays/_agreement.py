"""How far evaluators agree with experts, beside what a constant answer and what experts reach."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from nacre.displays._chart import Chart, Kind
from nacre.displays._html import Html, prose, tag
from nacre.displays._legend import axis_labels
from nacre.displays._measure import (
    Measured,
    change_text,
    format_number,
    format_ticks,
    interval_svg,
    interval_text,
    is_too_few,
    measure,
    measure_html,
    value_text,
)
from nacre.displays._scale import position
from nacre.displays._schema import ANCHOR, MEASURE, NUMBER, TEXT, record
from nacre.displays._status import status_mark
from nacre.displays._table import Column, table

SPEC = record({"title": TEXT, "label": {"enum": ["evaluator", "slice"]}}, note=TEXT)
ROW = record(
    {"evaluator": TEXT, "raw": MEASURE},
    slice=TEXT,
    criterion=TEXT,
    kappa=MEASURE,
    ac1=MEASURE,
    baseline=NUMBER,
    ceiling=MEASURE,
    accept_gap=MEASURE,
    status={"enum": ["aligned", "not aligned", "stale", "too few"]},
    reason=TEXT,
    link=ANCHOR,
)
Label = Literal["evaluator", "slice"]
_UNIT = (0.0, 1.0)
_LANDMARKS = {
    "baseline": "constant: always the most frequent score",
    "ceiling": "ceiling: experts among each other",
}
_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
_FIGURES = ("kappa", "ac1", "accept_gap")


@dataclass(frozen=True)
class AgreementRow:
    """How far an evaluator agrees with experts on a slice.

    Args:
        evaluator: Its name.
        raw: The share of responses on which both say the same.
        slice: Where; empty for everywhere.
        criterion: What was scored.
        kappa: Cohen's kappa.
        ac1: Gwet's AC1.
        baseline: What always answering the most frequent score would reach.
        ceiling: What experts reach among each other; None with a single expert.
        accept_gap: The share that the evaluator passes minus the share that experts pass.
        status: `aligned`, `not aligned`, `stale`, `too few`, or empty.
        reason: Why.
        link: The anchor (`#...`) of the responses on which they disagree.
    """

    evaluator: str
    raw: Measured
    slice: str = ""
    criterion: str = ""
    kappa: Measured | None = None
    ac1: Measured | None = None
    baseline: float | None = None
    ceiling: Measured | None = None
    accept_gap: Measured | None = None
    status: str = ""
    reason: str = ""
    link: str | None = None


def agreement(rows: Iterable[AgreementRow], *, title: str, label: Label = "evaluator", note: str = "") -> Chart:
    """Show evaluators, or one evaluator by slice (`label="slice"`), beside constant answer and ceiling."""
    return Chart("agreement", {"title": title, "label": label, "note": note}, [_values(row) for row in rows])


def _values(row: AgreementRow) -> dict[str, Any]:
    metrics = {"kappa": row.kappa, "ac1": row.ac1, "ceiling": row.ceiling, "accept_gap": row.accept_gap}
    texts = {"slice": row.slice, "criterion": row.criterion, "status": row.status, "reason": row.reason}
    values: dict[str, Any] = {"evaluator": row.evaluator, "raw": measure(row.raw)}
    values |= {name: measure(metric) for name, metric in metrics.items() if metric is not None}
    values |= {name: said for name, said in texts.items() if said}
    values |= {"baseline": float(row.baseline)} if row.baseline is not None else {}
    return values | ({"link": row.link} if row.link is not None else {})


def render(chart: Chart) -> Html:
    """Draw a row per evaluator: raw agreement on an axis with its two landmarks, coefficients, badge."""
    has_badges = any("status" in row for row in chart.values)
    heads = ((chart.spec["label"], ""), *([("", "")] if has_badges else []), *_HEADS)
    head = tag("tr", *(tag("th", name, scope="col", title=said or None) for name, said in heads))
    axis = axis_labels((position(at, _UNIT), shown) for at, shown in zip(_TICKS, format_ticks(_TICKS), strict=True))
    foot = tag(
        "tr",
        tag("td"),
        tag("td") if has_badges else None,
        tag("td", axis),
        *(tag("td") for _ in _HEADS[1:]),
        aria_hidden="true",
    )
    body = tag(
        "table",
        tag("caption", prose(chart.spec["title"])),
        tag("thead", head),
        _body(chart, has_badges=has_badges),
        tag("tfoot", foot),
    )
    return tag(
        "figure",
        tag("div", body, class_="scroll", tabindex="0", role="region", aria_label=chart.spec["title"]),
        _legend(chart),
        tag("figcaption", prose(chart.spec["note"])) if chart.spec.get("note") else None,
        class_="agreement",
    )


_HEADS = (
    ("agrees with experts", "share of responses on which both say the same"),
    ("", ""),
    ("kappa", "Cohen's: agreement beyond what chance gives"),
    ("AC1", "Gwet's: the same, stable where one score is frequent"),
    ("accepts more", "share that the evaluator passes minus the share that experts pass"),
)


def _body(chart: Chart, *, has_badges: bool) -> Html:
    return tag("tbody", *(_row(row, chart, has_badges=has_badges) for row in chart.values))


def _row(row: Mapping[str, Any], chart: Chart, *, has_badges: bool) -> Html:
    by = chart.spec["label"]
    others = (row[key] for key in ("criterion", "slice") if key != by and key in row)
    parts = [part for part in others if part != row["evaluator"]]
    name = tag("bdi", row.get(by, "all"))
    raw = row["raw"]
    return tag(
        "tr",
        tag(
            "th",
            tag("a", name, href=row["link"]) if "link" in row else name,
            tag("span", ", ".join(parts), class_="about") if parts else None,
            scope="row",
        ),
        tag("td", _badge(row)) if has_badges else None,
        tag("td", _drawing(row), class_="plot"),
        tag("td", measure_html(raw), _landmark_words(row), class_="numbers"),
        *(tag("td", _figure(row.get(name), signed=name == "accept_gap"), class_="numbers") for name in _FIGURES),
        class_="few" if is_too_few(raw) else None,
    )


def _landmark_words(row: Mapping[str, Any]) -> Html | None:
    said = ", ".join(words for words, _ in _landmarks(row))
    return tag("span", said, class_="about") if said else None


def _figure(metric: Mapping[str, Any] | None, *, signed: bool) -> Html | None:
    """Return value and interval; n is that of the raw agreement beside it."""
    if metric is None:
        return None
    interval = tag("span", f" {interval_text(metric, signed=signed)}", class_="ci")
    return tag("span", value_text(metric, signed=signed), interval)


def _badge(row: Mapping[str, Any]) -> Html | None:
    if "status" not in row:
        return None
    return tag("span", status_mark(row["status"]), title=row.get("reason"))


def _drawing(row: Mapping[str, Any]) -> Html:
    marks = (mark for _, mark in _landmarks(row))
    overlay = tag("svg", *marks, width="100%", height="18", aria_hidden="true")
    return tag("div", interval_svg(row["raw"], _UNIT), overlay, class_="landmarks")


def _landmarks(row: Mapping[str, Any]) -> Iterator[tuple[str, Html]]:
    if "baseline" in row:
        yield f"constant {format_number(row['baseline'])}", _tick(row["baseline"], "baseline")
    if "ceiling" in row and row["ceiling"]["value"] is not None:
        at = row["ceiling"]["value"]
        yield f"ceiling {format_number(at)}", _tick(at, "ceiling")


def _tick(at: float, name: str) -> Html:
    x = f"{position(at, _UNIT):.1f}%"
    return tag("line", x1=x, x2=x, y1="1", y2="17", class_=name)


def _legend(chart: Chart) -> Html:
    entries = [(name, said) for name, said in _LANDMARKS.items() if any(name in row for row in chart.values)]
    drawn = (
        tag("span", tag("svg", _tick(0.5, name), width="8", height="18", aria_hidden="true"), said)
        for name, said in entries
    )
    return tag("div", *drawn, class_="legend")


def as_table(chart: Chart) -> Chart:
    """Return all figures as a table."""
    columns = [
        Column("evaluator", type="code"),
        Column("slice"),
        Column("raw", "agrees with experts", type="metric", bars=False),
        Column("kappa", type="metric", bars=False),
        Column("ac1", "AC1", type="metric", bars=False),
        Column("baseline", "constant answer", type="number"),
        Column("ceiling", "experts among each other", type="metric", bars=False),
        Column("accept_gap", "accepts more"),
        Column("status", ""),
    ]
    rows = [
        row | {key: change_text(row[key]) for key in ("accept_gap",) if key in row} for row in map(dict, chart.values)
    ]
    used = [column for column in columns if any(column.name in row for row in rows)]
    return table(rows, used or columns, caption=chart.spec["title"])


KIND = Kind("agreement", SPEC, ROW, render, as_table, is_drawn=True)
