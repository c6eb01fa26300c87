"""Whether one system is better than another."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from nacre.errors import SchemaError
from nacre.metrics._arrays import Booleans, Floats, check_same_length, cluster_places
from nacre.metrics._bootstrap import bootstrap
from nacre.metrics._means import check_shares
from nacre.metrics._metric import Metric
from nacre.metrics._rates import change_limits
from nacre.metrics._sign_flips import whole_sign_flip_p


class McNemar(NamedTuple):
    """Data points that only one of two systems gets right, and how surprising their imbalance would be by chance."""

    gained: int
    lost: int
    p: float


class Difference(NamedTuple):
    """What a change brought: the change of a rate, the units gained and lost, the p of McNemar's test."""

    change: Metric
    gained: int
    lost: int
    p: float

    @property
    def is_clear(self) -> bool:
        """Whether the interval of the change excludes zero."""
        return self.change.low > 0 or self.change.high < 0


def difference(correct_before: ArrayLike, correct_after: ArrayLike, *, clusters: ArrayLike | None = None) -> Difference:
    """Return the change of accuracy on the same data points, with a paired bootstrap interval and McNemar's p.

    Args:
        correct_before: Which data points were right before.
        correct_after: Which are right after.
        clusters: What data points share (a prompt, a document), when they are not independent.

    Examples:
        >>> before = [True] * 60 + [False] * 40
        >>> after = [True] * 58 + [False] * 2 + [True] * 12 + [False] * 28
        >>> result = difference(before, after)
        >>> print(result.change, result.gained, result.lost, round(result.p, 3))
        .10 [.03-.18] n=100 12 2 0.013
    """
    change = paired_bootstrap(correct_before, correct_after, is_rate=True, clusters=clusters)
    return Difference(change, *mcnemar(correct_before, correct_after, clusters=clusters))


def paired_bootstrap(
    before: ArrayLike, after: ArrayLike, *, is_rate: bool, clusters: ArrayLike | None = None
) -> Metric:
    """Return the mean of `after - before` with the percentile interval of 2,000 resamples of data points or clusters.

    Its n counts what is resampled. Of rates the interval is that of `change_limits` where no resample differs.

    Args:
        before: Scores of one system.
        after: Scores of the other, on the same data points.
        is_rate: Whether scores are shares between 0 and 1: lost or failed, tied, won or passed.
        clusters: What data points share (a prompt, a document), when they are not independent.

    Examples:
        >>> print(paired_bootstrap([1.0, 2.0, 3.0] * 10, [2.0, 2.0, 5.0] * 10, is_rate=False))
        1.00 [.70-1.30] n=30
    """
    old, new = np.asarray(before, dtype=np.float64), np.asarray(after, dtype=np.float64)
    check_same_length(before=old, after=new)
    changes, n = new - old, len(new)
    if n == 0:
        return Metric(np.nan, np.nan, np.nan, 0)
    units = np.column_stack([changes, np.ones(n)])
    if clusters is not None:
        members = cluster_places(clusters)
        check_same_length(before=old, clusters=members)
        units = np.column_stack([np.bincount(members, changes), np.bincount(members)])
        n = len(units)
    value, low, high = map(float, bootstrap(units, lambda totals: totals[:, 0] / totals[:, 1]))
    if is_rate:
        check_shares(np.concatenate([old, new]))
        low, high = change_limits(value, (low, high), n)
    return Metric(value, low, high, n)


def mcnemar(correct_before: ArrayLike, correct_after: ArrayLike, *, clusters: ArrayLike | None = None) -> McNemar:
    """Return McNemar's exact test of two systems on the same data points.

    With b gained and c lost, p is the two-sided binomial probability of min(b, c) in b + c at 1/2 (McNemar 1947).

    Of clusters, whose units are not independent, each counts as a whole: swapping two equal systems turns the sign of
    its gained - lost, d, so p is the share of all choices of signs where |sum of +-d| is at least as large (Fisher
    1935). Clusters of one unit give McNemar's p.

    Args:
        correct_before: Which units were right before.
        correct_after: Which are right after.
        clusters: What units share (a document), when they are not independent.

    Examples:
        >>> before, after = [True] * 3 + [False] * 9, [False] * 3 + [True] * 9
        >>> round(mcnemar(before, after).p, 3), round(mcnemar(before, after, clusters=[1] * 3 + [2] * 9).p, 3)
        (0.146, 1.0)
    """
    before, after = _right_or_wrong(correct_before), _right_or_wrong(correct_after)
    check_same_length(before=before, after=after)
    gained, lost = int((~before & after).sum()), int((before & ~after).sum())
    if clusters is None:
        return McNemar(gained, lost, float(mcnemar_p(gained, lost)))
    members = cluster_places(clusters)
    check_same_length(before=before, clusters=members)
    net = np.bincount(members, after.astype(np.float64) - before)
    return McNemar(gained, lost, whole_sign_flip_p(np.abs(net).astype(np.int64), abs(gained - lost)))


def mcnemar_p(gained: ArrayLike, lost: ArrayLike) -> Floats:
    """Return the p of McNemar's exact test of each pair of counts, as `mcnemar` does of one.

    Examples:
        >>> mcnemar_p([9, 4], [3, 4]).round(3)
        array([0.146, 1.   ])
    """
    from scipy.special import bdtr

    won, missed = np.asarray(gained), np.asarray(lost)
    p: Floats = np.minimum(1.0, 2 * bdtr(np.minimum(won, missed).astype(np.float64), won + missed, 0.5))
    return p


def newcombe(first: Metric, second: Metric) -> Metric:
    """Return `first - second` for two rates measured on different data points.

    With Wilson limits l, u: d - sqrt((p1-l1)^2 + (u2-p2)^2) to d + sqrt((u1-p1)^2 + (p2-l2)^2) (Newcombe 1998,
    method 10). Its n is the smaller one.

    Examples:
        >>> from nacre.metrics import wilson
        >>> print(newcombe(wilson(56, 70), wilson(48, 80)))
        .20 [.05-.33] n=70
    """
    change = first.value - second.value
    low = change - np.hypot(first.value - first.low, second.high - second.value)
    high = change + np.hypot(first.high - first.value, second.value - second.low)
    return Metric(change, float(low), float(high), min(first.n, second.n))


def _right_or_wrong(correct: ArrayLike) -> Booleans:
    values = np.asarray(correct)
    is_right: Booleans = values.astype(bool)
    if not np.array_equal(values, is_right):
        raise SchemaError("McNemar's test needs right or wrong. Compare scores with `paired_bootstrap`.")
    return is_right
