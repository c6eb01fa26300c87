"""Numbers and lists as the words of a report."""

from __future__ import annotations

from collections.abc import Sequence

from nacre.displays import measure, measure_text
from nacre.metrics import Metric

N_NAMES = 6
NO_NOTE = "model `current`"
"""What the workspace writes where a run has no note."""


def count(n: int, noun: str) -> str:
    """Return a number with its noun.

    Examples:
        >>> count(1, "error"), count(1200, "error"), count(2, "data point and class")
        ('1 error', '1,200 errors', '2 data points and classes')
    """
    if n == 1:
        return f"1 {noun}"
    words = [word if word in ("data", "and", "in") else _plural(word) for word in noun.split()]
    return f"{n:,} {' '.join(words)}"


def _plural(word: str) -> str:
    return f"{word}es" if word.endswith("s") else f"{word}s"


def told_note(note: str) -> str:
    """Return what an iteration was for, also where nobody said it.

    Examples:
        >>> told_note("narrow the keyword"), told_note("model `current`")
        ('narrow the keyword', 'no note')
    """
    return "no note" if note in ("", NO_NOTE) else note


def names(items: Sequence[str], most: int = N_NAMES) -> str:
    """Return names as code, the first of many.

    Examples:
        >>> names(["a", "b", "c"], most=2)
        '`a`, `b` and 1 more'
    """
    shown = ", ".join(f"`{name}`" for name in items[:most])
    return f"{shown} and {len(items) - most} more" if len(items) > most else shown


def share(number: float) -> str:
    """Return a share without its leading zero, and one that is nearly 1 not as 1.

    Examples:
        >>> share(0.914), share(1.0), share(0.9992)
        ('.91', '1.00', '.9992')
    """
    digits = 2 if number in (0, 1) or 0.005 <= number < 0.995 else 4
    return f"{number:.{digits}f}".removeprefix("0")


def interval(metric: Metric, *, signed: bool = False) -> str:
    """Return a metric as one line: value, interval, n.

    Examples:
        >>> interval(Metric(0.972, 0.970, 0.974, 23836))
        '.972 [.970-.974] n=23,836'
    """
    return measure_text(measure(metric), signed=signed)


def points(gain: float) -> str:
    """Return a difference of accuracies in points.

    Examples:
        >>> points(0.0123), points(0.0002), points(0.0)
        ('about +1.2 points', 'under 0.1 points', 'no gain claimed')
    """
    if gain <= 0:
        return "no gain claimed"
    return "under 0.1 points" if gain < 0.001 else f"about {100 * gain:+.1f} points"
