"""The mean over all resamples of changes of a few sizes, without drawing any."""

from __future__ import annotations

from functools import lru_cache
from math import ceil, gcd

import numpy as np
from numpy.typing import NDArray

TAILS = (0.025, 0.975)
_Z = 1.959963984540054
_MOST_EXACT = 100  # units unlike most; with more of them the expansion is right to a step


@lru_cache(maxsize=16_384)
def resampled_means(steps: tuple[tuple[int, int], ...]) -> tuple[float, float]:
    """Return the 2.5 % and 97.5 % percentiles of the mean over all resamples (Efron 1979).

    Args:
        steps: Sizes of changes, ascending, and how often each occurs.

    Examples:
        >>> resampled_means(((-1, 5), (0, 60), (1, 35)))
        (0.19, 0.41)
    """
    sizes, times = (np.array(part, dtype=np.int64) for part in zip(*steps, strict=True))
    if len(sizes) == 1:
        return float(sizes[0]), float(sizes[0])
    first, n = int(sizes[0]), int(times.sum())
    apart = gcd(*(sizes - first).tolist())
    sizes = (sizes - first) // apart
    percentiles = _exact if n - times.max() <= _MOST_EXACT else _expanded
    low, high = percentiles(sizes, times / n, n)
    return (first * n + apart * low) / n, (first * n + apart * high) / n


def _exact(sizes: NDArray[np.int64], shares: NDArray[np.float64], n: int) -> tuple[int, int]:
    """Return percentiles of the sum of n sizes.

    It has the characteristic function (mean of exp(i size t))^n; the Fourier transform of that is its distribution.
    Sums are taken modulo 20 standard deviations, beyond which nothing is.
    """
    mean = float(shares @ sizes)
    deviation = float(np.sqrt(n * (shares @ (sizes - mean) ** 2)))
    width = 1 << int(20 * deviation + 16).bit_length()
    angles = 2 * np.pi / width * np.arange(width // 2 + 1)
    characteristic = (np.exp(-1j * np.outer(angles, sizes)) @ shares) ** n
    probability = np.fft.irfft(characteristic, width)
    sums = round(n * mean) + np.arange(-width // 2, width // 2)
    low, high = sums[np.searchsorted(probability[sums % width].cumsum(), TAILS)].tolist()
    return low, high


def _expanded(sizes: NDArray[np.int64], shares: NDArray[np.float64], n: int) -> tuple[int, int]:
    """Return percentiles of the sum of n sizes by their cumulants (Cornish & Fisher 1938).

    With skewness g and excess e of the sum, the percentile at z lies z + g (z^2 - 1)/6 + e (z^3 - 3 z)/24
    - g^2 (2 z^3 - 5 z)/36 standard deviations from the mean. A sum is a whole number: half a step is its width, and
    1/12 the variance within it (Sheppard 1898).
    """
    mean = float(shares @ sizes)
    second, third, fourth = (float(shares @ (sizes - mean) ** power) for power in (2, 3, 4))
    deviation = float(np.sqrt(n * second + 1 / 12))
    skewness, excess = n * third / deviation**3, n * (fourth - 3 * second**2) / deviation**4
    limits = []
    for z in (-_Z, _Z):
        bent = skewness * (z**2 - 1) / 6 + excess * (z**3 - 3 * z) / 24 - skewness**2 * (2 * z**3 - 5 * z) / 36
        limits.append(ceil(n * mean + deviation * (z + bent) - 0.5))
    return limits[0], limits[1]
