"""Paired differences on one axis around zero, with the counts behind them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from nacre.displays._chart import Chart, Kind
from nacre.displays._html import Html, prose, tag
from nacre.displays._legend import axis_labels
from nacre.displays._measure import (
    Format,
    Measured,
    change_text,
    format_number,
    interval_svg,
    interval_text,
    is_too_few,
    measure,
    value_text,
)
from nacre.displays._scale import Domain, nice_domain, position, ticks
from nacre.displays._schema import ANCHOR, COUNT, FORMAT, MEASURE, NUMBER, TEXT, record
from nacre.displays._table import Column, table

_FLAG = {"type": "boolean"}
SPEC = record({"title": TEXT, "format": FORMAT, "gained": TEXT, "lost": TEXT}, note=TEXT)
ROW = record({"label": TEXT, "change": MEASURE}, gained=COUNT, lost=COUNT, p=NUMBER, is_better=_FLAG, link=ANCHOR)
_UP, _DOWN = "\N{BLACK UP-POINTING TRIANGLE}", "\N{BLACK DOWN-POINTING TRIANGLE}"


@dataclass(frozen=True)
class DifferenceRow:
    """A paired difference.

    Args:
        label: Of which slice or criterion.
        change: The mean difference, after minus before.
        gained: How many went up, or pass only after.
        lost: How many went down, or passed only before.
        p: How often chance alone would be as uneven, adjusted for the other rows.
        is_better: Whether a significant change is one for the better; None where it is not significant.
        link: The anchor (`#...`) of the responses behind it.
    """

    label: str
    change: Measured
    gained: int | None = None
    lost: int | None = None
    p: float | None = None
    is_better: bool | None = None
    link: str | None = None


def differences(
    rows: Iterable[DifferenceRow],
    *,
    title: str,
    heads: tuple[str, str] = ("gained", "lost"),
    format: Format = "share",
    note: str = "",
) -> Chart:
    """Show paired differences around zero; only significant ones have a colour and an arrow."""
    spec = {"title": title, "format": format, "gained": heads[0], "lost": heads[1], "note": note}
    return Chart("differences", spec, [_values(row) for row in rows])


def _values(row: DifferenceRow) -> dict[str, Any]:
    optional = {
        "gained": row.gained,
        "lost": row.lost,
        "p": row.p,
        "is_better": row.is_better,
        "link": row.link,
    }
    known = {name: value for name, value in optional.items() if value is not None and value == value}
    return {"label": row.label, "change": measure(row.change), **known}


def render(chart: Chart) -> Html:
    """Draw one row per difference."""
    style, domain = chart.spec["format"], _domain(chart)
    levels = ticks(domain, 2)
    shown = (format_number(at, style, signed=True) for at in levels)
    axis = axis_labels(zip((position(at, domain) for at in levels), shown, strict=True))
    has_counts = any("gained" in row for row in chart.values)
    heads = ["", "", "change", *([chart.spec["gained"], chart.spec["lost"]] * has_counts), "p"]
    head = tag("tr", *(tag("th", name, scope="col") for name in heads))
    foot = tag("tr", tag("td"), tag("td", axis), *(tag("td") for _ in heads[2:]), aria_hidden="true")
    body = tag("tbody", *(_row(row, domain, chart, has_counts=has_counts) for row in chart.values))
    drawn = tag("table", tag("caption", prose(chart.spec["title"])), tag("thead", head), body, tag("tfoot", foot))
    return tag(
        "figure",
        tag("div", drawn, class_="scroll", tabindex="0", role="region", aria_label=chart.spec["title"]),
        tag("figcaption", prose(chart.spec["note"])) if chart.spec.get("note") else None,
        class_="differences",
    )


def _domain(chart: Chart) -> Domain:
    """Return an axis with zero in its middle."""
    ends = [row["change"][end] for row in chart.values for end in ("value", "low", "high")]
    widest = max((abs(end) for end in ends if end is not None), default=0.0) or 0.01
    low, high = nice_domain([-widest, widest])
    return (-max(-low, high), max(-low, high))


def _row(row: Mapping[str, Any], domain: Domain, chart: Chart, *, has_counts: bool) -> Html:
    name = tag("bdi", row["label"], title=row["label"])
    zero = tag("svg", _zero(domain), width="100%", height="18", aria_hidden="true")
    counts = (tag("td", f"{row[key]:,}" if key in row else "", class_="c-integer") for key in ("gained", "lost"))
    return tag(
        "tr",
        tag("th", tag("a", name, href=row["link"]) if "link" in row else name, scope="row"),
        tag("td", tag("div", zero, interval_svg(row["change"], domain), class_="landmarks"), class_="plot"),
        tag("td", _change(row, chart), class_="numbers"),
        *(counts if has_counts else ()),
        tag("td", p_text(row["p"]) if "p" in row else "", class_="numbers n"),
        class_="few" if is_too_few(row["change"]) else f"is-{_tone(row) or 'unclear'}",
    )


def _zero(domain: Domain) -> Html:
    x = f"{position(0.0, domain):.1f}%"
    return tag("line", x1=x, x2=x, y1="0", y2="100%", class_="zero")


def _tone(row: Mapping[str, Any]) -> str:
    return "" if "is_better" not in row else "up" if row["is_better"] else "down"


def _change(row: Mapping[str, Any], chart: Chart) -> Html:
    style, change = chart.spec["format"], row["change"]
    arrow = "" if "is_better" not in row else f"{_UP if (change['value'] or 0) > 0 else _DOWN} "
    return tag(
        "span",
        tag("b", f"{arrow}{value_text(change, style, signed=True)}"),
        tag("span", f" {interval_text(change, style, signed=True)}", class_="ci"),
        tag("span", f" n={change['n']:,}", class_="n"),
        class_=f"change {_tone(row)}".strip(),
    )


def p_text(p: float) -> str:
    """Return a p-value as people write it.

    Examples:
        >>> p_text(0.0123), p_text(0.00001)
        ('.012', '< .001')
    """
    return "< .001" if p < 0.001 else format_number(p, digits=3 if p < 0.1 else 2)


def as_table(chart: Chart) -> Chart:
    """Return the differences as a table."""
    style = chart.spec["format"]
    rows = [
        {
            **row,
            "change": change_text(row["change"], style),
            "n": row["change"]["n"],
            "p": p_text(row["p"]) if "p" in row else None,
            "significant": "yes" if "is_better" in row else "no",
        }
        for row in chart.values
    ]
    columns = [
        Column("label", ""),
        Column("change"),
        Column("n", type="integer"),
        Column("gained", chart.spec["gained"], type="integer"),
        Column("lost", chart.spec["lost"], type="integer"),
        Column("p"),
        Column("significant"),
    ]
    optional = {name for name in ("gained", "lost", "p") if not any(name in row for row in chart.values)}
    return table(rows, [column for column in columns if column.name not in optional], caption=chart.spec["title"])


KIND = Kind("differences", SPEC, ROW, render, as_table, is_drawn=True)
