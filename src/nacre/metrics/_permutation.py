"""Whether paired scores differ, without an assumption about how they are distributed."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from nacre.errors import SchemaError
from nacre.metrics._arrays import Floats, check_same_length, cluster_places
from nacre.metrics._sign_flips import sign_flip_p


def sign_flip(before: ArrayLike, after: ArrayLike, *, clusters: ArrayLike | None = None) -> float:
    """Return how probable so uneven paired scores are when the systems are equal.

    Swapping two equal systems on a data point, or on a whole cluster, turns the sign of its difference d. p is the
    share of choices of signs whose |sum of +-d| is at least the observed (Fisher 1935), exact where `sign_flip_p` is.
    Pairs of which a score is missing (NaN) are left out.

    Args:
        before: Scores of one system.
        after: Scores of the other, on the same data points.
        clusters: What data points share (a prompt asked several times), when they are not independent.

    Examples:
        >>> sign_flip([1.0, 2.0, 3.0, 2.5, 1.0], [1.5, 2.5, 3.1, 3.5, 1.8])
        0.0625
    """
    differences, names = _differences(before, after, clusters)
    return sign_flip_p(differences if names is None else np.bincount(cluster_places(names), differences))


def wilcoxon(before: ArrayLike, after: ArrayLike) -> float:
    """Return the p-value of Wilcoxon's signed-rank test of paired scores on an ordered scale.

    It ranks the sizes of the differences, so that how far apart two points of the scale are does not matter much
    (Wilcoxon 1945). Equal pairs, and pairs of which a score is missing (NaN), are left out.

    Examples:
        >>> wilcoxon([0, 1, 1, 2, 0, 1], [1, 2, 2, 2, 2, 2])
        0.0625
    """
    from scipy.stats import wilcoxon as signed_rank

    differences, _ = _differences(before, after, None)
    changed = differences[differences != 0]
    return float(signed_rank(changed).pvalue) if len(changed) else 1.0


def _differences(before: ArrayLike, after: ArrayLike, clusters: ArrayLike | None) -> tuple[Floats, ArrayLike | None]:
    old, new = np.asarray(before, dtype=np.float64), np.asarray(after, dtype=np.float64)
    if old.ndim != 1:
        raise SchemaError(f"Pairs are one score per data point and system; found the shape {old.shape}.")
    check_same_length(before=old, after=new)
    differences = new - old
    is_paired = ~np.isnan(differences)
    if clusters is None:
        return differences[is_paired], None
    names = np.asarray(clusters)
    check_same_length(before=old, clusters=names)
    return differences[is_paired], names[is_paired]
