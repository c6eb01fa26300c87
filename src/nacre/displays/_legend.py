"""What the colours and patterns of a stacked chart mean."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from nacre.displays._html import Html, tag


def series_legend(series: Sequence[str]) -> Html | None:
    """Return a key to the series; a single one needs none."""
    if len(series) < 2:
        return None
    return tag("div", *(tag("span", _swatch(place), name) for place, name in enumerate(series)), class_="legend")


def _swatch(place: int) -> Html:
    return tag("i", class_=f"swatch s{place % 8}", aria_hidden="true")


def axis_labels(labels: Iterable[tuple[float, str]]) -> Html:
    """Place texts under an axis, each at its percent of the width."""
    spans = (tag("span", shown, style=f"left:{at:.1f}%") for at, shown in labels)
    return tag("div", *spans, class_="axis-row", aria_hidden="true")
