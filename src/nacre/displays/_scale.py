"""Where a value stands on an axis, in percent, so that charts stretch without a script."""

from __future__ import annotations

import math
from collections.abc import Iterable

Domain = tuple[float, float]
_LEAST_SPREAD = 1e-6


def position(value: float, domain: Domain) -> float:
    """Return the place of a value between the ends of the axis, in percent.

    Examples:
        >>> position(0.75, (0.5, 1.0)), position(2, (0.5, 1.0))
        (50.0, 100.0)
    """
    low, high = domain
    share = (value - low) / (high - low) if high > low else 0.5
    return 100 * min(max(share, 0.0), 1.0)


def nice_domain(values: Iterable[float | None], *, within: Domain | None = None) -> Domain:
    """Return round ends around the values, cut to `within`.

    Examples:
        >>> nice_domain([0.62, 0.91], within=(0, 1))
        (0.6, 1.0)
        >>> nice_domain([])
        (0.0, 1.0)
    """
    known = [value for value in values if value is not None]
    if not known:
        return (0.0, 1.0)
    low, high = min(known), max(known)
    spread = high - low if high - low > _LEAST_SPREAD else max(abs(high), _LEAST_SPREAD)
    step = nice_step(spread, 4)
    low, high = math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step
    if within is not None:
        low, high = max(low, within[0]), min(high, within[1])
    if high <= low:
        low, high = low - step, low + step
    return (round(low, 10), round(high, 10))


def nice_step(span: float, n_steps: int) -> float:
    """Return the step of 1, 2 or 5 times a power of ten that cuts `span` in about `n_steps`.

    Examples:
        >>> nice_step(0.4, 4), nice_step(700, 4)
        (0.1, 200.0)
    """
    rough = span / n_steps
    power = 10.0 ** math.floor(math.log10(rough))
    return power * min((1, 2, 5, 10), key=lambda factor: abs(math.log(factor * power / rough)))


def ticks(domain: Domain, n_steps: int = 4) -> list[float]:
    """Return round values from end to end of the axis.

    Examples:
        >>> ticks((0.6, 1.0))
        [0.6, 0.7, 0.8, 0.9, 1.0]
    """
    low, high = domain
    step = nice_step(high - low, n_steps)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(place * step, 10) for place in range(first, last + 1)]
