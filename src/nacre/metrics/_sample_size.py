"""How small a difference so many data points can show, and how many a difference needs."""

from __future__ import annotations

import math

from nacre.errors import SchemaError

_FACTOR = (1.959964 + 0.841621) ** 2  # a two-sided test at .05 that finds a true difference 8 times in 10


def minimum_detectable(n: float, *, sd: float | None = None, discordant: float | None = None) -> float:
    """Return the smallest true difference that n pairs find 8 times in 10, by a two-sided test at .05.

    Scores: d = sqrt(7.85 / n) sd. Pass/fail, where the variance of a paired difference is p01 + p10 - d^2:
    d = sqrt(7.85 (p01 + p10) / (n + 7.85)) (Connor 1987). Two systems whose answers have nothing to do with each other
    and that pass at the rate p disagree on 2p(1 - p). NaN where so few disagreements can show no difference: it is at
    most the share on which the systems disagree.

    Args:
        n: How many data points both systems answer; of clusters, how many clusters.
        sd: Standard deviation of the differences of scores.
        discordant: For pass/fail instead, the share of data points that only one of the systems passes.

    Examples:
        >>> round(minimum_detectable(400, discordant=0.1), 3)
        0.044
        >>> round(minimum_detectable(100, sd=0.5), 3)
        0.14
    """
    if n <= 0:
        return math.nan
    is_rate, spread = _spread(sd, discordant)
    found = math.sqrt(_FACTOR * spread / (n + _FACTOR * is_rate))
    return math.nan if is_rate and (found > spread or not spread) else found


def needed_n(difference: float, *, sd: float | None = None, discordant: float | None = None) -> int:
    """Return how many pairs find a true difference 8 times in 10, by a two-sided test at .05.

    Scores: n = 7.85 sd^2 / d^2. Pass/fail: n = 7.85 (p01 + p10 - d^2) / d^2 (Connor 1987).

    Args:
        difference: The difference of means, or of rates, worth finding.
        sd: Standard deviation of the differences of scores.
        discordant: For pass/fail instead, the share of data points that only one of the systems passes.

    Examples:
        >>> needed_n(0.05, discordant=0.1)
        307
        >>> needed_n(0.1, sd=0.5)
        197
    """
    if not difference:
        raise SchemaError("No number of data points finds a difference of 0; name the smallest that matters.")
    is_rate, spread = _spread(sd, discordant)
    if is_rate and abs(difference) > spread:
        raise SchemaError(
            f"A difference of rates is at most the share on which the systems disagree; found {difference:g} and "
            f"{spread:g}."
        )
    return max(1, math.ceil(_FACTOR * (spread - is_rate * difference**2) / difference**2))


def _spread(sd: float | None, discordant: float | None) -> tuple[bool, float]:
    """Return whether rates differ, and the mean square of a difference; of scores its variance."""
    if discordant is not None and sd is None:
        if 0 <= discordant <= 1:
            return True, discordant
        raise SchemaError(f"`discordant` is a share between 0 and 1; found {discordant:g}.")
    if sd is not None and discordant is None:
        if sd >= 0:
            return False, sd**2
        raise SchemaError(f"`sd` is not negative; found {sd:g}.")
    raise SchemaError("Pass `sd` for scores, or `discordant` for pass/fail.")
