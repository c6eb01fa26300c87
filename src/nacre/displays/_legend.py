"""What the colours and patterns of a stacked chart mean."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from nacre.displays._html import Html, tag

_LABEL_LENGTH = 14


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


def thinned(labels: Sequence[tuple[float, str]], room: int) -> list[tuple[float, str]]:
    """Keep the last label and every n-th before it, so that about `room` characters stand under the axis.

    Examples:
        >>> thinned([(0, "one"), (50, "two"), (100, "three")], room=16)
        [(0, 'one'), (100, 'three')]
    """
    cut = [(at, _shortened(label)) for at, label in labels]
    longest = max((len(label) for _, label in cut), default=0)
    step = max(1, -(-len(cut) * (longest + 2) // room))
    return cut[::-1][::step][::-1]


def _shortened(label: str) -> str:
    return label if len(label) <= _LABEL_LENGTH else f"{label[: _LABEL_LENGTH - 1]}\N{HORIZONTAL ELLIPSIS}"
