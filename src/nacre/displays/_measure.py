"""Numbers as people read them: a metric never without its interval and its n."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Literal, Protocol

from nacre.displays._html import Html, tag
from nacre.displays._scale import Domain, position

TOO_FEW = 30
"""Below this n a metric is grey and says so."""

Format = Literal["share", "percent", "number"]
Measure = Mapping[str, Any]
"""The JSON form of a metric: `value`, `low`, `high`, `n`."""

MINUS = "\N{MINUS SIGN}"
DASH = "\N{EN DASH}"
_THIN_SPACE = "\N{NARROW NO-BREAK SPACE}"


class Interval(Protocol):
    """What a metric has, whoever computed it."""

    @property
    def value(self) -> float: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...
    @property
    def n(self) -> int: ...


Measured = Interval | tuple[float, float | None, float | None, int]


def measure(metric: Measured) -> dict[str, Any]:
    """Return the JSON form of a metric; what is not finite becomes null.

    Examples:
        >>> measure((0.91, 0.82, float("nan"), 66))
        {'value': 0.91, 'low': 0.82, 'high': None, 'n': 66}
    """
    value, low, high, n = metric if isinstance(metric, tuple) else (metric.value, metric.low, metric.high, metric.n)
    return {"value": finite(value), "low": finite(low), "high": finite(high), "n": int(n)}


def finite(number: float | None) -> float | None:
    """Return a float, or None where JSON has no number for it."""
    return float(number) if number is not None and math.isfinite(number) else None


def format_number(
    number: float | None, style: Format = "share", *, signed: bool = False, digits: int | None = None
) -> str:
    """Return a number for people, with `digits` after the point or as many as it needs.

    Examples:
        >>> format_number(0.914), format_number(1), format_number(0.9982), format_number(0.034, signed=True)
        ('.91', '1.00', '.998', '+.03')
        >>> format_number(12345, "number"), format_number(2.5, "number"), format_number(0.64, "percent")[:2]
        ('12,345', '2.50', '64')
    """
    if number is None or not math.isfinite(number):
        return DASH
    size = abs(number)
    shown = _FORMATS[style](size, _needed_digits(size, style) if digits is None else digits)
    sign = MINUS if number < 0 else "+" if signed and number > 0 else ""
    return f"{sign}{shown}"


def _needed_digits(size: float, style: Format) -> int:
    """Return how many digits keep a share from reading as nothing or as all."""
    if style == "number":
        return 0 if size >= 100 or size == int(size) else 2
    is_extreme = 0 < size < 0.005 or 0.995 <= size < 1
    return (2 if style == "share" else 0) + is_extreme


def _share(size: float, digits: int) -> str:
    return f"{size:.{digits}f}".removeprefix("0")


def _percent(size: float, digits: int) -> str:
    return f"{100 * size:.{digits}f}{_THIN_SPACE}%"


def _number(size: float, digits: int) -> str:
    return f"{size:,.{digits}f}"


_FORMATS = {"share": _share, "percent": _percent, "number": _number}


def _digits(metric: Measure, style: Format, *, signed: bool) -> int | None:
    """Return the digits that value and ends of the interval share; a small difference needs more."""
    sizes = [abs(metric[end]) for end in ("value", "low", "high") if metric[end] is not None]
    if not sizes:
        return None
    if style == "number":
        return number_digits(metric)
    needed = max(_needed_digits(size, style) for size in sizes) if signed else _needed_digits(sizes[0], style)
    if metric["low"] is None or metric["high"] is None:
        return needed
    return max(needed, _resolving_digits(metric["high"] - metric["low"], style))


def number_digits(metric: Measure, *, n_uncertain: int = 2) -> int | None:
    """Return the digits of a number that its interval gives sense to; the last `n_uncertain` of them are uncertain."""
    if metric["low"] is None or metric["high"] is None or metric["high"] <= metric["low"]:
        return None
    return min(max(n_uncertain - 1 - math.floor(math.log10(metric["high"] - metric["low"])), 0), 4)


def _resolving_digits(step: float, style: Format) -> int:
    """Return how many digits tell values apart that lie `step` from each other."""
    fewest = 2 if style == "share" else 0
    return (
        fewest if step <= 0 else min(max(fewest, math.ceil(-math.log10(step)) - (style == "percent") * 2), fewest + 3)
    )


def format_ticks(levels: Sequence[float], style: Format = "share") -> list[str]:
    """Return the values of an axis with as many digits as tell them apart.

    Examples:
        >>> format_ticks([0.97, 0.972, 0.974]), format_ticks([0.0, 0.5, 1.0])
        (['.970', '.972', '.974'], ['.00', '.50', '1.00'])
    """
    steps = [after - before for before, after in pairwise(levels)]
    digits = None if style == "number" or not steps else _resolving_digits(min(steps), style)
    return [format_number(level, style, digits=digits) for level in levels]


def is_too_few(metric: Measure) -> bool:
    """Whether a metric rests on too few data points to be read as more than a hint."""
    return int(metric["n"]) < TOO_FEW


def is_clear(change: Measure) -> bool:
    """Whether the interval of a difference excludes zero."""
    low, high = change["low"], change["high"]
    return low is not None and high is not None and (low > 0 or high < 0)


def value_text(metric: Measure, style: Format = "share", *, signed: bool = False) -> str:
    """Return the value alone, with the digits of its interval."""
    return format_number(metric["value"], style, signed=signed, digits=_digits(metric, style, signed=signed))


def interval_text(metric: Measure, style: Format = "share", *, signed: bool = False) -> str:
    """Return the interval in brackets, or nothing where there is none."""
    if metric["low"] is None or metric["high"] is None:
        return ""
    digits = _digits(metric, style, signed=signed)
    low, high = (format_number(metric[end], style, signed=signed, digits=digits) for end in ("low", "high"))
    return f"[{low}, {high}]" if signed or metric["low"] < 0 else f"[{low}{DASH}{high}]"


def measure_text(metric: Measure, style: Format = "share", *, signed: bool = False) -> str:
    """Return a metric as one line of text.

    Examples:
        >>> measure_text({"value": 0.914, "low": 0.82, "high": 0.96, "n": 66})
        '.91 [.82-.96] n=66'
        >>> measure_text({"value": 0.5, "low": 0.1, "high": 0.9, "n": 4})
        '.50 [.10-.90] n=4 too few'
    """
    parts = [value_text(metric, style, signed=signed), interval_text(metric, style, signed=signed)]
    parts += [f"n={metric['n']:,}", "too few" if is_too_few(metric) else ""]
    return plain(" ".join(filter(None, parts)))


def plain(shown: str) -> str:
    """Return the number with the characters of a keyboard, for terminals and logs."""
    return shown.translate({ord(MINUS): "-", ord(DASH): "-", ord(_THIN_SPACE): " "})


def change_text(change: Measure, style: Format = "share") -> str:
    """Return a difference with its interval, without a mark of what it is worth.

    Examples:
        >>> change_text({"value": 0.034, "low": 0.01, "high": 0.058, "n": 400})
        '+.03 [+.01, +.06]'
    """
    return plain(f"{value_text(change, style, signed=True)} {interval_text(change, style, signed=True)}".strip())


def measure_html(metric: Measure, style: Format = "share") -> Html:
    """Return value, interval and n with their weights; grey where n is too small."""
    few = is_too_few(metric)
    interval = interval_text(metric, style)
    return tag(
        "span",
        tag("b", value_text(metric, style)),
        tag("span", f" {interval}", class_="ci") if interval else None,
        tag("span", f" n={metric['n']:,}", class_="n"),
        tag("span", " too few", class_="few-word") if few else None,
        class_="measure few" if few else "measure",
    )


def change_html(change: Measure, style: Format = "share") -> Html:
    """Return a difference; it has a colour and an arrow only where its interval excludes zero."""
    shown = value_text(change, style, signed=True)
    interval = tag("span", f" {interval_text(change, style, signed=True)}", class_="ci")
    if not is_clear(change) or is_too_few(change):
        return tag("span", shown, interval, class_="change")
    better = change["value"] > 0
    arrow, word = ("\N{BLACK UP-POINTING TRIANGLE}", "up") if better else ("\N{BLACK DOWN-POINTING TRIANGLE}", "down")
    return tag("span", tag("span", f"{arrow} ", aria_hidden="true"), shown, interval, class_=f"change {word}")


def interval_svg(metric: Measure, domain: Domain, *, before: Measure | None = None) -> Html:
    """Draw value and interval as a dot on a bar; `before`, hollow, is tied to it by a line."""
    marks = [tag("line", x1="0", x2="100%", y1="50%", y2="50%", class_="track")]
    if metric["low"] is not None and metric["high"] is not None:
        marks.append(_line(metric["low"], metric["high"], domain, "range"))
    if before is not None and before["value"] is not None and metric["value"] is not None:
        marks.append(_line(before["value"], metric["value"], domain, "tie"))
        marks.append(_dot(before["value"], domain, "before"))
    if metric["value"] is not None:
        marks.append(_dot(metric["value"], domain, "dot"))
    name = "interval few" if is_too_few(metric) else "interval"
    return tag("svg", *marks, class_=name, width="100%", height="18", aria_hidden="true")


def _line(start: float, end: float, domain: Domain, name: str) -> Html:
    x1, x2 = (f"{position(at, domain):.1f}%" for at in (start, end))
    return tag("line", x1=x1, x2=x2, y1="50%", y2="50%", class_=name)


def _dot(value: float, domain: Domain, name: str) -> Html:
    return tag("circle", cx=f"{position(value, domain):.1f}%", cy="50%", r="4", class_=name)
