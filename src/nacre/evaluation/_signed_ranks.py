"""Wilcoxon's signed-rank test of all slices at once, for differences of ordered classes: whole numbers, few of them."""

from __future__ import annotations

import numpy as np

from nacre.evaluation._columns import Booleans, Floats
from nacre.evaluation._slice_sums import slice_counts
from nacre.metrics import wilcoxon

_MOST_EXACT = 50  # changes, where `wilcoxon` may list all signs; with more it is normal, and told by counts alone


def signed_rank_p(differences: Floats, masks: Booleans) -> Floats:
    """Return the p-value of each slice (`nacre.metrics.wilcoxon`).

    Of n changes, t of each size, the ranks of those that gained add up to n (n + 1) / 4 by chance, with the variance
    (n (n + 1) (2 n + 1) - sum (t^3 - t) / 2) / 24 (Wilcoxon 1945).

    Args:
        differences: Whole numbers; NaN is left out.
        masks: Which of them each slice has, [n_slices, n_differences].
    """
    from scipy.special import ndtr

    sizes = np.unique(np.abs(differences[np.abs(differences) > 0]))
    flags = differences[:, np.newaxis] == np.concatenate([sizes, -sizes])
    counts = slice_counts(masks, flags).astype(np.float64)
    gained, lost = counts[:, : len(sizes)], counts[:, len(sizes) :]
    ties = gained + lost
    n = ties.sum(axis=1)
    ranks = ties.cumsum(axis=1) - (ties - 1) / 2
    excess = (gained * ranks).sum(axis=1) - n * (n + 1) / 4
    variance = (n * (n + 1) * (2 * n + 1) - (ties**3 - ties).sum(axis=1) / 2) / 24
    p: Floats = 2 * ndtr(-np.abs(excess) / np.sqrt(np.where(n > 0, variance, 1.0)))
    for row in np.flatnonzero(n <= _MOST_EXACT):
        changes = differences[masks[row]]
        p[row] = wilcoxon(np.zeros(len(changes)), changes)
    return p
