"""Charts as plain text, for terminals, logs and `print`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

from nacre.displays._chart import Chart
from nacre.displays._kinds import table_of
from nacre.displays._measure import format_number, interval_text, is_clear, measure_text, plain, value_text

# A text of the data must not move the cursor, colour the screen or turn the line around.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]+")
_GAP = "  "
_LEAST_WIDTH = 24  # of a layout; narrower terminals see the beginnings of its lines
_LEAST_TEXT = 12
_LEFT = frozenset({"text", "code", "class"})
_SHORTENED = frozenset({"text", "class"})

Lines = Sequence[Sequence[str]]
Columns = Sequence[Mapping[str, Any]]


def as_text(chart: Chart, width: int = 100) -> str:
    """Return any chart as a table of plain text, no line longer than `width`.

    Only texts are shortened. Columns that still do not fit follow in a second table below, after the first column.

    Examples:
        >>> from nacre.displays import metric
        >>> print(as_text(metric("accuracy", (0.914, 0.82, 0.96, 66))))
        accuracy  .91 [.82-.96] n=66
    """
    shown = table_of(chart)
    columns = shown.spec["columns"]
    titles = [_clean(column["title"]) for column in columns]
    lines = [[_cell(row[column["name"]], column) for column in columns] for row in shown.values]
    room = max(width, _LEAST_WIDTH)
    blocks = [_block(titles, lines, columns, places, room) for places in _places(titles, lines, columns, room)]
    caption, note = (_wrapped(_clean(shown.spec.get(part) or ""), room) for part in ("caption", "note"))
    rendered = [*caption, *_apart(blocks), *note]
    return "\n".join(_fit(line, width).rstrip() for line in rendered)


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


def _places(titles: Sequence[str], lines: Lines, columns: Columns, width: int) -> list[list[int]]:
    """Return the columns of each block: as many as fit side by side, each block led by the first column."""
    needed = _needed(titles, lines)
    least = [_least(column, title, need) for column, title, need in zip(columns, titles, needed, strict=True)]
    blocks = [[0]] if columns else []
    for place in range(1, len(columns)):
        if len(blocks[-1]) > 1 and _total([least[other] for other in [*blocks[-1], place]]) > width:
            blocks.append([0])
        blocks[-1].append(place)
    return blocks


def _block(titles: Sequence[str], lines: Lines, columns: Columns, places: Sequence[int], width: int) -> list[str]:
    """Return the lines of some of the columns."""
    kept = [columns[place] for place in places]
    head, *body = [[line[place] for place in places] for line in [titles, *lines]]
    widths = _widths(head, body, kept, width)
    rendered = [line for cells in body for line in _line(cells, widths, kept)]
    if any(titles):
        rendered = [*_line(head, widths, kept), _GAP.join("-" * length for length in widths), *rendered]
    return rendered


def _widths(titles: Sequence[str], lines: Lines, columns: Columns, width: int) -> list[int]:
    """Give each column what it needs; when that is too much, the widest texts give way."""
    widths = _needed(titles, lines)
    least = [_least(column, title, need) for column, title, need in zip(columns, titles, widths, strict=True)]
    while (excess := _total(widths) - width) > 0:
        shrinking = [place for place, length in enumerate(widths) if length > least[place]]
        if not shrinking:
            break
        widest = max(shrinking, key=lambda place: widths[place])
        widths[widest] -= min(excess, max(1, (widths[widest] - least[widest]) // 8))
    # One column, or two, that are wider than the terminal go on in the next line.
    if _total(widths) > width:
        widths[0] = min(widths[0], width if len(widths) == 1 else width // 3)
        widths[1:] = [min(length, width - _total([widths[0], 0])) for length in widths[1:]]
    return widths


def _needed(titles: Sequence[str], lines: Lines) -> list[int]:
    return [max(_length(cells[place]) for cells in [titles, *lines]) for place in range(len(titles))]


def _least(column: Mapping[str, Any], title: str, needed: int) -> int:
    return min(needed, max(_LEAST_TEXT, _length(title))) if column["type"] in _SHORTENED else needed


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + len(_GAP) * (len(widths) - 1)


def _line(cells: Sequence[str], widths: Sequence[int], columns: Columns) -> list[str]:
    """Return a row, on several lines where what must not be shortened is wider than its column."""
    parts = [
        [_fit(cell, length)] if column["type"] in _SHORTENED else _folded(cell, length)
        for cell, length, column in zip(cells, widths, columns, strict=True)
    ]
    rendered = []
    for pieces in zip_longest(*parts, fillvalue=""):
        padded = []
        for piece, length, column in zip(pieces, widths, columns, strict=True):
            space = " " * (length - _length(piece))
            padded.append(space + piece if column["type"] in ("integer", "number", "percent") else piece + space)
        rendered.append(_GAP.join(padded).rstrip())
    return rendered


def _folded(shown: str, length: int) -> list[str]:
    pieces = [""]
    for character in shown:
        if _length(pieces[-1]) + _character_width(character) > length:
            pieces.append("")
        pieces[-1] += character
    return pieces


def _wrapped(shown: str, width: int) -> list[str]:
    lines: list[str] = []
    for word in shown.split():
        if lines and _length(lines[-1]) + 1 + _length(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines += _folded(word, width)
    return lines


def _apart(blocks: Sequence[Sequence[str]]) -> list[str]:
    return [line for block in blocks for line in ["", *block]][1:]


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
