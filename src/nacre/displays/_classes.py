"""One hue and one glyph per class, the same in every chart."""

from __future__ import annotations

from collections.abc import Sequence

from nacre.displays._html import Html, tag

GLYPHS = "●▲■◆▼★○△□◇▽☆"
"""Beyond twelve classes hues repeat beyond telling apart: then the name alone speaks."""

_LONG_NAME = 30


def class_mark(label: str | None, classes: Sequence[str]) -> Html:
    """Return glyph and name of a class; a dash where a function abstained."""
    if label is None:
        return tag("span", "abstains", class_="class abstain")
    place = _place(label, classes)
    name = tag("bdi", label, title=label if len(label) > _LONG_NAME else None)
    if place is None:
        return tag("span", name, class_="class")
    glyph = tag("span", GLYPHS[place], class_=f"glyph k{place}", aria_hidden="true")
    return tag("span", glyph, name, class_="class")


def class_hue(label: str | None, classes: Sequence[str]) -> str:
    """Return the CSS class that sets the hue of a class."""
    place = None if label is None else _place(label, classes)
    return "k" if place is None else f"k{place}"


def _place(label: str, classes: Sequence[str]) -> int | None:
    return classes.index(label) if len(classes) <= len(GLYPHS) and label in classes else None
