"""Which features are more frequent in one set of units than in another."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from nacre.analysis._outcomes import Floats

PRIOR_MASS = 10.0


class LogOdds(NamedTuple):
    """How much more frequent features are inside than outside, and in standard errors: [n_features] each."""

    delta: Floats
    z: Floats


def log_odds(inside: ArrayLike, n_inside: float, outside: ArrayLike, n_outside: float) -> LogOdds:
    """Return the log-odds ratio of each feature inside against outside, and its z-score.

    Frequencies are drawn toward the common one by a Dirichlet prior of ten units: with counts y and prior a of having
    the feature, b of lacking it, delta = log((y1 + a) / (n1 - y1 + b)) - log((y2 + a) / (n2 - y2 + b)), and z is delta
    over the root of the sum of the four inverse counts (Monroe, Colaresi & Quinn 2008, for features that a unit has or
    lacks).

    Args:
        inside: How many units of the set have each feature, [n_features].
        n_inside: The size of the set.
        outside: How many of the other units have it, [n_features].
        n_outside: How many other units there are.

    Examples:
        >>> delta, z = log_odds([9, 2], 10, [10, 20], 100)
        >>> delta.round(1), z.round(1)
        (array([2.3, 0. ]), array([4.2, 0. ]))
    """
    first, second = np.asarray(inside, dtype=np.float64), np.asarray(outside, dtype=np.float64)
    share = (first + second + 0.5) / (n_inside + n_outside + 1)
    has, lacks = PRIOR_MASS * share, PRIOR_MASS * (1 - share)
    cells = (first + has, n_inside - first + lacks, second + has, n_outside - second + lacks)
    delta: Floats = np.log(cells[0] / cells[1]) - np.log(cells[2] / cells[3])
    return LogOdds(delta, delta / np.sqrt(sum(1 / cell for cell in cells)))
