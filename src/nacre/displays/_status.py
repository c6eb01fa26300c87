"""Verdicts as a shape, a colour and a word: whoever cannot see one of them reads the others."""

from __future__ import annotations

from collections.abc import Mapping

from nacre.displays._html import Html, tag

GOOD, BAD, DOUBT, NONE = "good", "bad", "doubt", "none"
_SHAPES: Mapping[str, str] = {
    GOOD: "\N{CHECK MARK}",
    BAD: "\N{MULTIPLICATION X}",
    DOUBT: "\N{BLACK DIAMOND}",
    NONE: "\N{WHITE CIRCLE}",
}
_TONES: Mapping[str, str] = {
    "met": GOOD,
    "missed": BAD,
    "open": NONE,
    "aligned": GOOD,
    "not aligned": BAD,
    "stale": DOUBT,
    "rigid": DOUBT,
    "too few": NONE,
    "passes": GOOD,
    "fails": BAD,
}


def tone_of(word: str) -> str:
    """Return whether a verdict is good, bad, a doubt, or none.

    Examples:
        >>> tone_of("aligned"), tone_of("stale"), tone_of("whatever")
        ('good', 'doubt', 'none')
    """
    return _TONES.get(word, NONE)


def status_shape(word: str) -> Html:
    """Return the shape of a verdict alone, for where its word stands nearby or in the title."""
    tone = tone_of(word)
    return tag("span", _SHAPES[tone], class_=f"shape {tone}", title=word, aria_hidden="true")


def status_mark(word: str) -> Html:
    """Return shape and word of a verdict."""
    return tag("span", status_shape(word), word, class_=f"status {tone_of(word)}")
