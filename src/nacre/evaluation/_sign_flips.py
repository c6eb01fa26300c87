"""How surprising a difference is by chance, when swapping two equal systems turns the sign of each change."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

N_DRAWS = 10_000
_MOST_STEPS = 2_048  # up to here sums of whole and half changes have their exact distribution
MOST_DRAWN = 256  # changes of any size; beyond, their sum is as good as normal
_MOST_EXACT = 12
_FEWEST_HITS = 10  # below, a share of draws is no estimate of a small p


def sign_flip_p(changes: NDArray[np.float64]) -> float:
    """Return the probability that |sum of +-changes|, signs drawn by a fair coin, is as large as it is (Fisher 1935).

    Exact for changes that are multiples of a half, as those of passes, wins and ranks, and for up to 12 changes;
    for up to 256 the share of 10,000 draws, or where too few of them tell, and beyond, normal.

    Args:
        changes: The change of each independent unit; a prompt with repeats is one.
    """
    changes = changes[changes != 0]
    observed = abs(float(changes.sum()))
    if not len(changes) or observed == 0:
        return 1.0
    steps = np.abs(2 * changes)
    if np.array_equal(steps, np.round(steps)):
        if steps.sum() <= _MOST_STEPS:
            return _exact(steps.astype(np.int64), round(2 * observed))
        return _normal(changes, observed - 0.5 * float(np.gcd.reduce(steps.astype(np.int64))))
    if len(changes) > MOST_DRAWN:
        return _normal(changes, observed)
    sums = np.abs(_signs(len(changes)) @ changes)
    hits = int((sums >= observed * (1 - 1e-12)).sum())
    if len(changes) <= _MOST_EXACT:
        return hits / len(sums)
    return _normal(changes, observed) if hits < _FEWEST_HITS else (hits + 1) / (len(sums) + 1)


def _exact(steps: NDArray[np.int64], observed: int) -> float:
    """Return P(|sum of +-steps| >= observed): the transform of the characteristic function, prod cos(step t)."""
    sizes, counts = np.unique(steps, return_counts=True)
    most = int(steps.sum())
    n = 1 << (2 * most).bit_length()
    angles = 2 * np.pi / n * np.arange(n)
    characteristic = np.ones(n)
    for size, count in zip(sizes.tolist(), counts.tolist(), strict=True):
        characteristic *= np.cos(size * angles) ** count
    probability = np.fft.fft(characteristic).real / n
    least = 2.0 ** (1 - len(steps))  # of one choice of signs and its mirror; the transform is exact to 1e-16 only
    return float(np.clip(2 * probability[observed : most + 1].sum(), least, 1))


def _normal(changes: NDArray[np.float64], observed: float) -> float:
    return float(normal_p(np.asarray(max(observed, 0.0)), changes @ changes))


def normal_p(observed: NDArray[np.float64], squares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return P(|sum of +-changes| >= observed) of many changes, whose squares add up to `squares`."""
    from scipy.special import ndtr

    p: NDArray[np.float64] = 2 * ndtr(-observed / np.sqrt(squares))
    return p


@lru_cache(maxsize=64)
def _signs(n_changes: int) -> NDArray[np.float64]:
    """Return all choices of signs, or 10,000 drawn ones: [n_choices, n_changes]."""
    if n_changes <= _MOST_EXACT:
        places = np.arange(2**n_changes)[:, np.newaxis] >> np.arange(n_changes)
        return 1 - (2 * (places & 1)).astype(np.float64)
    drawn = np.random.default_rng(0).integers(0, 2, size=(N_DRAWS, n_changes))
    return (2 * drawn - 1).astype(np.float64)
