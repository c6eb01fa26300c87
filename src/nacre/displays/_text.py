"""Charts as plain text, for terminals, logs and `print`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from nacre.displays._chart import Chart
from nacre.displays._kinds import table_of
from nacre.displays._measure import format_number, interval_text, is_clear, measure_text, plain, value_text

# A text of the data must not move the cursor, colour the screen or turn the line around.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]+")
_GAP = "  "
_LEAST = 8
_LEFT = frozenset({"text", "code", "class"})


def as_text(chart: Chart, width: int = 100) -> str:
    """Return any chart as a table of plain text, no line longer than `width`.

    Examples:
        >>> from nacre.displays import metric
        >>> print(as_text(metric("accuracy", (0.914, 0.82, 0.96, 66))))
        accuracy  .91 [.82-.96] n=66
    """
    shown = table_of(chart)
    columns = shown.spec["columns"]
    lines = [[_cell(row[column["name"]], column) for column in columns] for row in shown.values]
    titles = [_clean(column["title"]) for column in columns]
    head = [titles] if any(titles) else []
    widths = _widths([*head, *lines], columns, width)
    rendered = [_line(cells, widths, columns) for cells in [*head, *lines]]
    if head:
        rendered.insert(1, _GAP.join("-" * length for length in widths))
    caption = [_fit(_clean(shown.spec["caption"]), width).rstrip()] if shown.spec.get("caption") else []
    note = [_fit(_clean(shown.spec["note"]), width).rstrip()] if shown.spec.get("note") else []
    return "\n".join(
        line[:width] if line.isascii() else _fit(line, width).rstrip() for line in [*caption, *rendered, *note]
    )


def _cell(value: Any, column: Mapping[str, Any]) -> str:
    kind, style = column["type"], column.get("format", "share")
    if value is None:
        return "-"
    if kind == "metric":
        return measure_text(value, style)
    if kind == "change":
        star = " *" if is_clear(value) else ""
        return plain(f"{value_text(value, style, signed=True)} {interval_text(value, style, signed=True)}{star}")
    if kind in _LEFT:
        return _clean(str(value))
    return plain(format_number(value, "percent" if kind == "percent" else "number"))


def _clean(shown: str) -> str:
    return _CONTROL.sub(" ", shown.replace("`", "")).strip()


def _widths(lines: Sequence[Sequence[str]], columns: Sequence[Mapping[str, Any]], width: int) -> list[int]:
    """Give each column what it needs; when that is too much, the widest texts give way."""
    widths = [max((_length(cells[place]) for cells in lines), default=0) for place in range(len(columns))]
    texts = [place for place, column in enumerate(columns) if column["type"] in _LEFT]
    while sum(widths) + len(_GAP) * (len(widths) - 1) > width:
        shrinking = [place for place in texts if widths[place] > _LEAST]
        if not shrinking:
            break
        widths[max(shrinking, key=lambda place: widths[place])] -= 1
    return widths


def _line(cells: Sequence[str], widths: Sequence[int], columns: Sequence[Mapping[str, Any]]) -> str:
    padded = []
    for cell, length, column in zip(cells, widths, columns, strict=True):
        fitted = _fit(cell, length)
        space = " " * (length - _length(fitted))
        padded.append(space + fitted if column["type"] in ("integer", "number", "percent") else fitted + space)
    return _GAP.join(padded).rstrip()


def _length(shown: str) -> int:
    """Count the columns of a terminal: wide characters take two, marks none."""
    return sum(_character_width(character) for character in shown)


def _character_width(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _fit(shown: str, length: int) -> str:
    """Cut text to a number of columns, with an ellipsis where something is lost."""
    if _length(shown) <= length:
        return shown
    kept, used = "", 0
    for character in shown:
        used += _character_width(character)
        if used > length - 1:
            break
        kept += character
    return f"{kept}\N{HORIZONTAL ELLIPSIS}" if length > 0 else ""
