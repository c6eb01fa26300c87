"""Wins, ties and losses against another system, with the win rate they make."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from nacre.displays._chart import Chart, Kind
from nacre.displays._html import Html, prose, tag
from nacre.displays._measure import Measured, is_too_few, measure, measure_html
from nacre.displays._schema import COUNT, MEASURE, TEXT, record
from nacre.displays._table import Column, table

SPEC = record({"title": TEXT}, note=TEXT)
ROW = record({"label": TEXT, "won": COUNT, "tied": COUNT, "lost": COUNT, "rate": MEASURE}, length_controlled=MEASURE)
_PARTS = ("won", "tied", "lost")


@dataclass(frozen=True)
class WinRateRow:
    """How often responses won.

    Args:
        label: Of which system or slice.
        won: Wins.
        tied: Ties.
        lost: Losses.
        rate: The win rate; a tie counts half.
        length_controlled: The win rate that equally long responses would have.
    """

    label: str
    won: int
    tied: int
    lost: int
    rate: Measured
    length_controlled: Measured | None = None


def win_rate(rows: Iterable[WinRateRow], *, title: str, note: str = "") -> Chart:
    """Show wins, ties and losses end to end, half way marked."""
    return Chart("win_rate", {"title": title, "note": note}, [_values(row) for row in rows])


def _values(row: WinRateRow) -> dict[str, Any]:
    values = {"label": row.label, "won": row.won, "tied": row.tied, "lost": row.lost, "rate": measure(row.rate)}
    return values | ({} if row.length_controlled is None else {"length_controlled": measure(row.length_controlled)})


def render(chart: Chart) -> Html:
    """Draw one bar per row, wins from the left and losses from the right."""
    is_controlled = any("length_controlled" in row for row in chart.values)
    heads = ("", "won, tied, lost", "win rate", *(["length-controlled"] if is_controlled else []))
    head = tag("tr", *(tag("th", name, scope="col") for name in heads))
    rows = (
        tag(
            "tr",
            tag("th", tag("bdi", row["label"], title=row["label"]), scope="row"),
            tag("td", tag("div", *_segments(row), class_="stack"), class_="plot"),
            tag("td", measure_html(row["rate"]), class_="numbers"),
            tag("td", _controlled(row), class_="numbers") if is_controlled else None,
            class_="few" if is_too_few(row["rate"]) else None,
        )
        for row in chart.values
    )
    drawn = tag("table", tag("caption", prose(chart.spec["title"])), tag("thead", head), tag("tbody", *rows))
    return tag(
        "figure",
        tag("div", drawn, class_="scroll"),
        tag("figcaption", prose(chart.spec["note"])) if chart.spec.get("note") else None,
        class_="win-rate",
    )


def _controlled(row: Mapping[str, Any]) -> Html | None:
    return measure_html(row["length_controlled"]) if "length_controlled" in row else None


def _segments(row: Mapping[str, Any]) -> Iterator[Html]:
    total = sum(row[part] for part in _PARTS) or 1
    for part in _PARTS:
        if row[part]:
            share = 100 * row[part] / total
            shown = tag("span", f"{row[part]:,}", class_=None if share > 6 else "hidden")
            yield tag("div", shown, class_=part, style=f"width:{share:.2f}%", title=f"{row[part]:,} {part}")


def as_table(chart: Chart) -> Chart:
    """Return the counts and rates as a table."""
    columns = [
        Column("label", ""),
        *(Column(part, type="integer") for part in _PARTS),
        Column("rate", "win rate", type="metric", bars=False),
    ]
    if any("length_controlled" in row for row in chart.values):
        columns.append(Column("length_controlled", "length-controlled", type="metric", bars=False))
    return table(chart.values, columns, caption=chart.spec["title"])


KIND = Kind("win_rate", SPEC, ROW, render, as_table)
