"""How surprising a difference is by chance, when swapping two equal systems turns the sign of each change."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nacre.metrics._arrays import Floats

MOST_DRAWN = 256
"""Changes of any size whose sum has a drawn distribution; that of more is as good as normal."""

_MOST_LISTED = 12
_DRAWS = 10_000
_FEWEST_HITS = 10  # below, a share of draws is no estimate of a small p
_MOST_ANGLES = 1 << 18  # times sizes: some 3 ms
_DEVIATIONS = 20  # of the sum, beyond which it is less often than 1e-21 (Hoeffding 1963)
_ROUNDING = 1e-12


def sign_flip_p(changes: ArrayLike) -> float:
    """Return the probability that |sum of +-changes|, signs drawn by a fair coin, is as large as it is (Fisher 1935).

    Exact for up to 12 changes, and for multiples of a half, as changes of passes, wins and classes are, unless they
    have very many sizes. Of up to 256 others it is the share of 10,000 draws and the observed one (Phipson & Smyth
    2010), or where too few of them tell, and of more changes, normal.

    Args:
        changes: The change of each independent unit; a prompt with repeats is one.

    Examples:
        >>> sign_flip_p([0.5, 0.5, 0.1, 1.0, 0.8]), sign_flip_p([1.0] * 9 + [-3.0])
        (0.0625, 0.255859375)
    """
    known = np.asarray(changes, dtype=np.float64)
    known = known[known != 0]  # a sign before 0 changes nothing
    observed = abs(float(known.sum()))
    least = observed - _ROUNDING * float(np.abs(known).sum())
    if not len(known) or least <= 0:
        return 1.0
    if len(known) <= _MOST_LISTED:
        return float((np.abs(_listed_signs()[: 1 << len(known), : len(known)] @ known) >= least).mean())
    steps = np.abs(2 * known)
    is_whole = np.array_equal(steps, np.round(steps))
    if is_whole and _n_angles(steps) * len(np.unique(steps)) <= _MOST_ANGLES:
        return whole_sign_flip_p(steps.astype(np.int64), round(2 * observed))
    if len(known) <= MOST_DRAWN:
        hits = int((np.abs(_drawn_signs()[:, : len(known)] @ known) >= least).sum())
        if hits >= _FEWEST_HITS:
            return (hits + 1) / (_DRAWS + 1)
    apart = 0.5 * float(np.gcd.reduce(steps.astype(np.int64))) if is_whole else 0.0  # half a step between sums
    return float(normal_sign_flip_p(max(observed - apart, 0.0), known @ known))


def whole_sign_flip_p(sizes: NDArray[np.int64], observed: int) -> float:
    """Return P(|sum of +-sizes| >= observed) of whole changes, exactly.

    The characteristic function of the sum is the product of cos(size t); its Fourier transform is the distribution.
    Sums are taken modulo 20 standard deviations, where that is less than their range.

    Args:
        sizes: Sizes of changes; not negative.
        observed: The sum that was seen, without its sign.
    """
    distinct, counts = np.unique(sizes[sizes > 0], return_counts=True)
    if not observed or not len(distinct):
        return 1.0
    n = _n_angles(np.repeat(distinct, counts))
    least = 2.0 ** (1 - int(counts.sum()))  # of one choice of signs and its mirror; the transform is right to 1e-16
    if observed > n // 2:
        return max(least, float(normal_sign_flip_p(observed, float(distinct**2 @ counts))))
    angles = 2 * np.pi / n * np.arange(n)
    characteristic: Floats = np.ones(n)
    for size, count in zip(distinct.tolist(), counts.tolist(), strict=True):
        characteristic *= np.cos(size * angles) ** count
    probability = np.fft.fft(characteristic).real / n  # of 0, 1, ..., -1
    return float(np.clip(probability[observed : n - observed + 1].sum(), least, 1))


def normal_sign_flip_p(observed: ArrayLike, squares: ArrayLike) -> Floats:
    """Return P(|sum of +-changes| >= observed) of many changes, whose squares add up to `squares`, as if normal.

    Examples:
        >>> normal_sign_flip_p([0.0, 19.6], 100.0).round(3)
        array([1.  , 0.05])
    """
    from scipy.special import ndtr

    p: Floats = 2 * ndtr(-np.asarray(observed) / np.sqrt(squares))
    return p


def _n_angles(sizes: Floats | NDArray[np.int64]) -> int:
    """Return how many sums are told apart: all of them, or those within 20 standard deviations."""
    whole = sizes.astype(np.float64)
    most = min(2 * float(whole.sum()), _DEVIATIONS * float(np.sqrt(whole @ whole)))
    return 1 << (int(most) + 1).bit_length()


@lru_cache(maxsize=1)
def _listed_signs() -> NDArray[np.int8]:
    """Return all choices of 12 signs; the first 2^n rows of n columns are all choices of n."""
    bits = np.arange(1 << _MOST_LISTED)[:, np.newaxis] >> np.arange(_MOST_LISTED)
    return (1 - 2 * (bits & 1)).astype(np.int8)


@lru_cache(maxsize=1)
def _drawn_signs() -> NDArray[np.int8]:
    drawn = np.random.default_rng(0).integers(0, 2, size=(_DRAWS, MOST_DRAWN), dtype=np.int8)
    return 2 * drawn - 1
