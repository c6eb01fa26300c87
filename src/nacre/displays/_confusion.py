"""Truth against prediction, readable from two classes to hundreds."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nacre.displays._chart import Chart, Kind
from nacre.displays._classes import class_mark
from nacre.displays._html import Html, prose, tag
from nacre.displays._measure import format_number
from nacre.displays._schema import COUNT, TEXT, TEXTS, record
from nacre.displays._table import Column, table
from nacre.displays._table import render as render_table
from nacre.errors import SchemaError

SPEC = record({"title": TEXT, "classes": TEXTS}, note=TEXT)
ROW = record({"truth": COUNT, "prediction": COUNT, "n": COUNT})
_N_CLASSES_IN_TABLE = 20
_N_CLASSES_UPRIGHT = 6
_N_PAIRS = 100
_CELL = 11
_NAME_LENGTH = 28


def confusion(counts: Sequence[Sequence[int]], classes: Sequence[str], *, title: str, note: str = "") -> Chart:
    """Show how often each true class (rows of `counts`) was predicted as each class (columns).

    Order the classes so that those which are confused stand together.
    """
    n_classes = len(classes)
    if len(counts) != n_classes or any(len(row) != n_classes for row in counts):
        shape = f"{len(counts)} x {len(counts[0]) if len(counts) else 0}"
        raise SchemaError(f"A confusion of {n_classes} classes needs {n_classes} x {n_classes} counts; it has {shape}.")
    rows = [
        {"truth": truth, "prediction": prediction, "n": int(n)}
        for truth, row in enumerate(counts)
        for prediction, n in enumerate(row)
        if n
    ]
    return Chart("confusion", {"title": title, "classes": list(classes), "note": note}, rows)


def check_rows(chart: Chart) -> None:
    """Raise `SchemaError` where a cell names a class that is not there."""
    n_classes = len(chart.spec["classes"])
    for place, row in enumerate(chart.values):
        if max(row["truth"], row["prediction"]) >= n_classes:
            raise SchemaError(f"`confusion.values[{place}]` names a class beyond the {n_classes} of `spec.classes`.")


def render(chart: Chart) -> Html:
    """Draw a table of cells, or a heat map for many classes, and the worst pairs."""
    few = len(chart.spec["classes"]) <= _N_CLASSES_IN_TABLE
    pairs = render_table(_pairs(chart, _N_PAIRS)) if len(chart.spec["classes"]) > 2 else None
    return tag(
        "figure",
        _cells(chart) if few else _heat_map(chart),
        tag("figcaption", prose(chart.spec["note"])) if chart.spec.get("note") else None,
        pairs,
        class_="confusion",
    )


def as_table(chart: Chart) -> Chart:
    """Return the confused pairs, the most frequent first."""
    return _pairs(chart, len(chart.values))


def _pairs(chart: Chart, n_shown: int) -> Chart:
    classes, totals = chart.spec["classes"], _totals(chart)
    wrong = sorted((row for row in chart.values if row["truth"] != row["prediction"]), key=lambda row: -row["n"])
    rows = [
        {
            "truth": classes[row["truth"]],
            "prediction": classes[row["prediction"]],
            "n": row["n"],
            "of": totals[row["truth"]],
            "share": row["n"] / totals[row["truth"]],
        }
        for row in wrong[:n_shown]
    ]
    columns = [
        Column("truth", type="class"),
        Column("prediction", "predicted as", type="class"),
        Column("n", type="integer", help="data points confused this way"),
        Column("of", type="integer", help="data points of the true class"),
        Column("share", type="percent", help="of the data points of the true class"),
    ]
    hidden = f"The {n_shown} most frequent of {len(wrong):,} pairs." if len(wrong) > n_shown else ""
    return table(rows, columns, caption="Confused pairs, most frequent first", classes=classes, note=hidden)


def _totals(chart: Chart) -> Counter[int]:
    totals: Counter[int] = Counter()
    for row in chart.values:
        totals[row["truth"]] += row["n"]
    return totals


def _cells(chart: Chart) -> Html:
    classes, totals = chart.spec["classes"], _totals(chart)
    counts = {(row["truth"], row["prediction"]): row["n"] for row in chart.values}
    upright = "matrix" if len(classes) <= _N_CLASSES_UPRIGHT else "matrix turned"
    head = tag(
        "tr",
        tag("th", "truth \N{DOWNWARDS ARROW}  predicted \N{RIGHTWARDS ARROW}", class_="corner"),
        *(tag("th", tag("span", class_mark(label, classes)), scope="col") for label in classes),
        tag("th", tag("span", "all"), scope="col", class_="total"),
    )
    rows = (
        tag(
            "tr",
            tag("th", class_mark(label, classes), scope="row"),
            *(
                _cell(counts.get((truth, other), 0), totals[truth], right=truth == other)
                for other in range(len(classes))
            ),
            tag("td", f"{totals[truth]:,}", class_="total"),
        )
        for truth, label in enumerate(classes)
    )
    body = tag("table", tag("caption", chart.spec["title"]), tag("thead", head), tag("tbody", *rows), class_=upright)
    return tag("div", body, class_="scroll")


def _cell(n: int, total: int, *, right: bool) -> Html:
    share = n / total if total else 0.0
    shown = tag("small", format_number(share, "percent")) if n else None
    return tag(
        "td",
        f"{n:,}",
        shown,
        class_="none" if not n else "right" if right else "wrong",
        style=f"--t:{_shade(share):.2f}",
    )


def _shade(share: float) -> float:
    """Spread small shares: an error of 2 % must be seen."""
    return math.sqrt(share)


def _heat_map(chart: Chart) -> Html:
    classes, totals = chart.spec["classes"], _totals(chart)
    size = len(classes) * _CELL
    margin = 5.5 * min(max(map(len, classes)), _NAME_LENGTH) + 12
    cells = (_square(row, classes, totals) for row in chart.values)
    shifted = tag("g", *_rules(len(classes)), *cells, *_names(classes), transform=f"translate({margin} {margin})")
    full = margin + size + 1
    drawing = tag(
        "svg",
        shifted,
        width=str(full),
        height=str(full),
        viewBox=f"0 0 {full} {full}",
        role="img",
        aria_label=_summary(chart),
    )
    title = tag("div", chart.spec["title"], class_="chart-title")
    hint = "Rows are the truth, columns the prediction; colour is the share of the row. Point at a cell to read it."
    return tag("div", title, tag("p", hint, class_="note"), tag("div", drawing, class_="scroll heat", tabindex="0"))


def _summary(chart: Chart) -> str:
    n_right = sum(row["n"] for row in chart.values if row["truth"] == row["prediction"])
    n_all = sum(row["n"] for row in chart.values)
    n_classes = len(chart.spec["classes"])
    return f"Confusion of {n_classes} classes: {n_right:,} of {n_all:,} data points are right. A table follows."


def _square(row: Mapping[str, Any], classes: Sequence[str], totals: Mapping[int, int]) -> Html:
    truth, prediction, n = row["truth"], row["prediction"], row["n"]
    name = classes[truth] if truth == prediction else f"{classes[truth]} \N{RIGHTWARDS ARROW} {classes[prediction]}"
    return tag(
        "rect",
        tag("title", f"{name}: {n:,} of {totals[truth]:,}"),
        x=str(prediction * _CELL),
        y=str(truth * _CELL),
        width=str(_CELL - 1),
        height=str(_CELL - 1),
        class_="right" if truth == prediction else "wrong",
        fill_opacity=f"{0.12 + 0.88 * _shade(n / totals[truth]):.2f}",
    )


def _rules(n_classes: int) -> Iterator[Html]:
    """Thin lines every five classes lead the eye from a name to its cell."""
    size = str(n_classes * _CELL)
    for at in range(0, n_classes + 1, 5):
        place = str(at * _CELL)
        yield tag("line", x1="0", x2=size, y1=place, y2=place, class_="grid")
        yield tag("line", y1="0", y2=size, x1=place, x2=place, class_="grid")


def _names(classes: Sequence[str]) -> Iterator[Html]:
    for place, label in enumerate(classes):
        at = place * _CELL + _CELL - 2.5
        title = tag("title", label)
        shown = label if len(label) <= _NAME_LENGTH else f"{label[: _NAME_LENGTH - 1]}\N{HORIZONTAL ELLIPSIS}"
        yield tag("text", shown, title, x="-5", y=f"{at}", text_anchor="end")
        yield tag("text", shown, title, transform=f"translate({at} -5) rotate(-90)")


KIND = Kind("confusion", SPEC, ROW, render, as_table, check_rows)
