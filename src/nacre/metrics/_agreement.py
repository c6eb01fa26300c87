"""How far raters agree, beyond chance.

Every coefficient is 1 - observed / expected disagreement; they differ in what they expect. Intervals resample items,
all ratings of one together. Where no resample differs, as when all agree, the lower limit takes Wilson's for the
share of agreement instead. A coefficient without expected disagreement (all ratings are of one class) is NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nacre.errors import SchemaError
from nacre.metrics._arrays import Booleans, Floats, check_same_length, cluster_places, ratios
from nacre.metrics._bootstrap import bootstrap
from nacre.metrics._clusters import cluster_ratios
from nacre.metrics._metric import Metric
from nacre.metrics._rates import change_limits, weighted_wilson, wilson, wilson_limits

Weights: TypeAlias = Literal["linear", "quadratic"] | None
Parts: TypeAlias = Callable[[Floats], tuple[Floats, Floats]]


class AcceptRates(NamedTuple):
    """How often two raters accept, and what one makes of what the other accepts."""

    truth: Metric
    answers: Metric
    gap: Metric
    """`answers - truth`: above 0 the answers are too lenient."""
    true_positive_rate: Metric
    true_negative_rate: Metric


def cohen_kappa(
    y: ArrayLike,
    other: ArrayLike,
    weights: Weights = None,
    *,
    clusters: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
) -> Metric:
    """Return Cohen's kappa of two raters, with a bootstrap interval over items.

    Expected is the disagreement of independent raters with these base rates (Cohen 1960). With weights, classes i and
    j disagree by |i - j| or (i - j)^2 (Cohen 1968).

    Args:
        y: Codes of one rater; items that either did not rate (below 0) are left out.
        other: Codes of the other.
        weights: For points of a scale.
        clusters: What items share (a prompt), when they are not independent: resampled whole, and counted by n.
        sample_weight: Of each item, when they were sampled unequally: one over the probability.

    Examples:
        >>> print(cohen_kappa([0, 0, 1, 1] * 20, [0, 1, 1, 1] * 20))
        .50 [.34-.67] n=80
    """
    pairs = _pairs(y, other, clusters, sample_weight)
    codes = np.arange(pairs.n_codes)
    distance = np.abs(codes[:, np.newaxis] - codes).astype(np.float64)
    if weights not in (None, "linear", "quadratic"):
        raise SchemaError(f'`weights` is None, "linear" or "quadratic"; found {weights!r}.')
    scaled = {None: distance > 0, "linear": distance, "quadratic": distance**2}[weights].astype(np.float64)
    disagreement = scaled / max(scaled.max(initial=0.0), 1.0)

    def parts(totals: Floats) -> tuple[Floats, Floats]:
        n = totals.sum(axis=1)
        first, second = totals @ pairs.first_is, totals @ pairs.second_is
        observed = totals @ disagreement[pairs.first, pairs.second]
        return ratios(observed, n), ratios(((first @ disagreement) * second).sum(axis=1), n**2)

    return coefficient(pairs.units, pairs.counts, parts)


def plain_kappa(y: ArrayLike, other: ArrayLike) -> float:
    """Return Cohen's kappa without its interval, for when thousands are compared; see `cohen_kappa`.

    Examples:
        >>> plain_kappa([0, 0, 1, 1], [0, 1, 1, 1])
        0.5
    """
    first, second = np.asarray(y), np.asarray(other)
    check_same_length(y=first, other=second)
    is_both = (first >= 0) & (second >= 0)
    a, b, n = first[is_both], second[is_both], int(is_both.sum())
    size = int(max(a.max(initial=-1), b.max(initial=-1))) + 1
    chance = int(np.bincount(a, minlength=size) @ np.bincount(b, minlength=size))
    return 1 - n * int((a != b).sum()) / (n**2 - chance) if n**2 > chance else np.nan


def gwet_ac1(
    y: ArrayLike,
    other: ArrayLike,
    *,
    n_classes: int | None = None,
    clusters: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
) -> Metric:
    """Return Gwet's AC1 of two raters, with a bootstrap interval over items; it stays stable where one class prevails.

    Expected is the agreement sum_c p_c (1 - p_c) / (k - 1), with p the mean of both base rates (Gwet 2008).

    Args:
        y: Codes of one rater; items that either did not rate (below 0) are left out.
        other: Codes of the other.
        n_classes: How many classes raters choose from, k; those seen by default.
        clusters: What items share (a prompt), when they are not independent: resampled whole, and counted by n.
        sample_weight: Of each item, when they were sampled unequally.

    Examples:
        >>> skewed = [1] * 95 + [0] * 5, [1] * 90 + [0] * 5 + [1] * 5
        >>> print(cohen_kappa(*skewed), "|", gwet_ac1(*skewed))
        -.05 [-.09 to -.02] n=100 | .89 [.81-.95] n=100
    """
    pairs = _pairs(y, other, clusters, sample_weight)
    seen = int((pairs.first_is | pairs.second_is).any(axis=0).sum())
    n_others = (seen if n_classes is None else n_classes) - 1

    def parts(totals: Floats) -> tuple[Floats, Floats]:
        n = totals.sum(axis=1)
        shares = ratios(totals @ pairs.first_is + totals @ pairs.second_is, np.repeat(2 * n[:, None], pairs.n_codes, 1))
        observed = ratios(totals @ (pairs.first != pairs.second), n)
        expected = 1 - (shares * (1 - shares)).sum(axis=1) / n_others if n_others > 0 else np.zeros(len(totals))
        return observed, expected

    return coefficient(pairs.units, pairs.counts, parts)


def accept_rates(
    y: ArrayLike, other: ArrayLike, *, clusters: ArrayLike | None = None, sample_weight: ArrayLike | None = None
) -> AcceptRates:
    """Return how often truth and answers accept, their gap, and the true positive and true negative rate.

    Args:
        y: What is truly acceptable; a code below 0, not known, is left out.
        other: What was accepted.
        clusters: What items share (a prompt), when they are not independent: resampled whole, and counted by n.
        sample_weight: Of each item, when they were sampled unequally.

    Examples:
        >>> rates = accept_rates([True] * 60 + [False] * 40, [True] * 80 + [False] * 20)
        >>> print(rates.gap, "|", rates.true_negative_rate)
        .20 [.12-.28] n=100 | .50 [.35-.65] n=40
    """
    first, second = np.asarray(y), np.asarray(other)
    check_same_length(y=first, other=second)
    is_known = (first >= 0) & (second >= 0)
    truth, answers = first[is_known].astype(bool), second[is_known].astype(bool)
    weight = np.ones(len(first)) if sample_weight is None else checked_weights(sample_weight, len(first))
    weight = weight[is_known]
    if clusters is not None:
        names = np.asarray(clusters)
        check_same_length(y=first, clusters=names)
        clusters = names[is_known]
    everything = np.ones(len(truth), dtype=bool)
    pairs = [(truth, everything), (answers, everything), (truth & answers, truth), (~truth & ~answers, ~truth)]
    if clusters is not None:
        parts, wholes = (weight[:, np.newaxis] * np.column_stack(column) for column in zip(*pairs, strict=True))
        rates = cluster_ratios(parts, wholes, clusters)
    elif sample_weight is not None:
        rates = tuple(weighted_wilson(part[whole], weight[whole]) for part, whole in pairs)
    else:
        rates = tuple(wilson(int(part.sum()), int(whole.sum())) for part, whole in pairs)
    return AcceptRates(rates[0], rates[1], _gap(truth, answers, weight, clusters), rates[2], rates[3])


def _gap(truth: Booleans, answers: Booleans, weight: Floats, clusters: ArrayLike | None) -> Metric:
    if not len(truth):
        return Metric(np.nan, -1.0, 1.0, 0)
    members = np.arange(len(truth)) if clusters is None else cluster_places(clusters)
    change = weight * (answers.astype(np.float64) - truth)
    units = np.column_stack([np.bincount(members, change), np.bincount(members, weight)]).astype(np.float64)
    value, low, high = map(float, bootstrap(units, lambda totals: totals[:, 0] / totals[:, 1]))
    return Metric(value, *change_limits(value, (low, high), len(units)), len(units))


class _Pairs(NamedTuple):
    """The occupied cells of the table of two raters, and how often a resampled unit falls in each."""

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    first_is: Booleans
    second_is: Booleans
    n_codes: int
    units: Floats
    counts: NDArray[np.int64] | None


def _pairs(y: ArrayLike, other: ArrayLike, clusters: ArrayLike | None, sample_weight: ArrayLike | None) -> _Pairs:
    first, second = np.asarray(y), np.asarray(other)
    check_same_length(y=first, other=second)
    for codes in (first, second):
        if codes.size and (codes.ndim != 1 or codes.dtype.kind not in "iub"):
            raise SchemaError(f"Raters give one code per item; found {codes.dtype} of the shape {codes.shape}.")
    is_known = (first >= 0) & (second >= 0)
    first, second = first[is_known].astype(np.int64), second[is_known].astype(np.int64)
    n_codes = int(max(first.max(initial=-1), second.max(initial=-1))) + 1
    cells, places, counts = np.unique(first * n_codes + second, return_inverse=True, return_counts=True)
    row, column = np.divmod(cells, max(n_codes, 1))
    classes, n_cells = np.arange(n_codes), len(cells)
    units: Floats = np.eye(n_cells)
    known_counts: NDArray[np.int64] | None = counts
    if clusters is not None or sample_weight is not None:
        members = np.arange(len(is_known)) if clusters is None else np.asarray(clusters)
        check_same_length(y=is_known, clusters=members)
        weight = None if sample_weight is None else checked_weights(sample_weight, len(is_known))[is_known]
        numbers = cluster_places(members[is_known])
        size = (int(numbers.max(initial=-1)) + 1) * n_cells
        table = np.bincount(numbers * n_cells + places, weight, minlength=size)
        units, known_counts = table.reshape(-1, n_cells).astype(np.float64), None
    return _Pairs(row, column, row[:, None] == classes, column[:, None] == classes, n_codes, units, known_counts)


def checked_weights(sample_weight: ArrayLike, n: int) -> Floats:
    """Return one weight per item; refuse what is no inverse probability."""
    weight = np.asarray(sample_weight, dtype=np.float64)
    if weight.shape != (n,) or not (np.isfinite(weight) & (weight > 0)).all():
        raise SchemaError(f"There is one finite weight above 0 for each of the {n} items; found {weight.shape}.")
    return weight


def coefficient(units: Floats, counts: NDArray[np.int64] | None, parts: Parts) -> Metric:
    """Return 1 - observed / expected disagreement, with its interval."""
    n = len(units) if counts is None else int(counts.sum())
    if n == 0:
        return Metric(np.nan, -1.0, 1.0, 0)

    def statistic(totals: Floats) -> Floats:
        return 1 - ratios(*parts(totals))

    value, low, high = map(float, bootstrap(units, statistic, counts=counts))
    if np.isnan(value):
        return Metric(np.nan, -1.0, 1.0, n)
    if low == high == 1:
        totals = (units.sum(axis=0) if counts is None else counts @ units)[np.newaxis]
        low = max(-1.0, 1 - float((1 - wilson_limits(n, n).low) / parts(totals)[1][0]))
    return Metric(value, low, high, n)
