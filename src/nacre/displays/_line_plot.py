"""A line of metrics with its band of intervals, over named steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from nacre.displays._html import Html, tag
from nacre.displays._legend import axis_labels, thinned
from nacre.displays._measure import Format, format_number, format_ticks, is_too_few, measure_text
from nacre.displays._scale import Domain, nice_domain, position, ticks

SMALL = 64
_ROOM, _SMALL_ROOM = 70, 24  # characters under the axis

Metrics = Sequence[Mapping[str, Any] | None]


def plot_domain(metrics: Metrics, style: Format, *others: float | None) -> Domain:
    """Return an axis that holds all metrics with their intervals, and other values such as targets."""
    ends = [metric[end] for metric in metrics if metric is not None for end in ("value", "low", "high")]
    return nice_domain([*ends, *others], within=None if style == "number" else (-1.0, 1.0))


def line_plot(
    metrics: Metrics,
    names: Sequence[str],
    domain: Domain,
    style: Format,
    *,
    height: int = SMALL,
    target: float | None = None,
) -> Html:
    """Draw metrics over their steps; a step without a metric is a gap."""
    is_large = height > SMALL
    places = [100 * (place + 0.5) / len(names) for place in range(len(names))]
    levels = ticks(domain, 4 if is_large else 2)
    axis = (
        tag("span", shown, style=f"bottom:{position(at, domain):.1f}%")
        for at, shown in zip(levels, format_ticks(levels, style), strict=True)
    )
    stretched = tag(
        "svg",
        *_band(metrics, places, domain),
        viewBox="0 0 100 100",
        preserveAspectRatio="none",
        width="100%",
        height="100%",
    )
    dots = (
        _dot(metric, at, domain, name=name, style=style)
        for metric, at, name in zip(metrics, places, names, strict=True)
    )
    goal = None if target is None else _level(target, domain, "goal", f"target {format_number(target, style)}")
    grid = (_level(at, domain, "grid") for at in levels)
    shown = thinned(list(zip(places, names, strict=True)), _ROOM if is_large else _SMALL_ROOM)
    return tag(
        "div",
        tag("div", *axis, class_="y-axis", aria_hidden="true"),
        tag("svg", *grid, goal, stretched, *dots, width="100%", height=str(height), aria_hidden="true"),
        axis_labels(shown),
        class_="plot-box",
    )


def _level(at: float, domain: Domain, name: str, title: str = "") -> Html:
    y = f"{100 - position(at, domain):.1f}%"
    return tag("line", tag("title", title) if title else None, x1="0", x2="100%", y1=y, y2=y, class_=name)


def _band(metrics: Metrics, places: Sequence[float], domain: Domain) -> Iterator[Html]:
    """Draw band and line between neighbours that both have a value."""
    for (left, x1), (right, x2) in pairwise(zip(metrics, places, strict=True)):
        if left is None or right is None or left["value"] is None or right["value"] is None:
            continue
        few = " few" if is_too_few(left) or is_too_few(right) else ""
        if None not in (left["low"], left["high"], right["low"], right["high"]):
            corners = [(x1, left["low"]), (x1, left["high"]), (x2, right["high"]), (x2, right["low"])]
            yield tag("polygon", points=_points(corners, domain), class_=f"band{few}")
        yield tag("polyline", points=_points([(x1, left["value"]), (x2, right["value"])], domain), class_=f"line{few}")


def _points(corners: Sequence[tuple[float, float]], domain: Domain) -> str:
    return " ".join(f"{x:.2f},{100 - position(value, domain):.2f}" for x, value in corners)


def _dot(metric: Mapping[str, Any] | None, at: float, domain: Domain, *, name: str, style: Format) -> Html | None:
    if metric is None or metric["value"] is None:
        return None
    title = tag("title", f"{name}: {measure_text(metric, style)}")
    y = f"{100 - position(metric['value'], domain):.1f}%"
    return tag("circle", title, cx=f"{at:.2f}%", cy=y, r="3.5", class_="dot few" if is_too_few(metric) else "dot")
