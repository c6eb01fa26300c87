"""A number that is never shown without its interval and its n."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import SupportsFloat

MIN_N = 30
"""Below this many data points a metric is shown grey and says "too few"."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A value, its 95 % interval and the number of data points behind it.

    A value that cannot be computed is NaN and prints as `-`.

    Examples:
        >>> print(Metric(0.91, 0.82, 0.96, 66))
        .91 [.82-.96] n=66
        >>> print(Metric(-0.024, -0.05, 0.002, 24))
        -.02 [-.05 to .00] n=24 too few
        >>> print(Metric(float("nan"), 0.0, 1.0, 0))
        - n=0 too few
    """

    value: float
    low: float
    high: float
    n: int

    @property
    def is_too_few(self) -> bool:
        """Whether there are too few data points to read anything into the value."""
        return self.n < MIN_N

    def to_dict(self) -> dict[str, float | int | bool | None]:
        """Return what JSON can hold: None for what is not finite.

        Examples:
            >>> Metric(0.5, 0.25, 0.75, 12).to_dict()
            {'value': 0.5, 'low': 0.25, 'high': 0.75, 'n': 12, 'is_too_few': True}
        """
        numbers = {"value": self.value, "low": self.low, "high": self.high}
        finite = {name: number if math.isfinite(number) else None for name, number in numbers.items()}
        return {**finite, "n": self.n, "is_too_few": self.is_too_few}

    def __str__(self) -> str:
        words = [_format(self.value), f"n={self.n}"]
        if not math.isnan(self.value):
            dash = "-" if self.low >= 0 else " to "  # a dash beside a minus sign cannot be read
            words.insert(1, f"[{_format(self.low)}{dash}{_format(self.high)}]")
        if self.is_too_few:
            words.append("too few")
        return " ".join(words)


def rate(limits: Iterable[SupportsFloat], n: int) -> Metric:
    """Return a metric between 0 and 1 from value, low and high; [0, 1] is the interval of what is undefined."""
    value, low, high = map(float, limits)
    return Metric(math.nan, 0.0, 1.0, n) if math.isnan(value) else Metric(value, low, high, n)


def _format(number: float) -> str:
    if math.isnan(number):
        return "-"
    text = f"{number:.2f}".replace("0.", ".", 1) if abs(number) < 0.995 else f"{number:.2f}"
    return ".00" if text == "-.00" else text
