"""How far raters agree, beyond chance.

Every coefficient is 1 - observed / expected disagreement; they differ in what they expect. Intervals resample items,
all ratings of one together. Where no resample differs, as when all agree, the lower limit takes Wilson's for the
share of agreement instead. A coefficient without expected disagreement (all ratings are of one class) is NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nacre.errors import SchemaError
from nacre.metrics._arrays import Booleans, Floats, check_same_length, cluster_places, ratios
from nacre.metrics._bootstrap import bootstrap
from nacre.metrics._clusters import cluster_ratios
from nacre.metrics._comparison import paired_bootstrap
from nacre.metrics._metric import Metric, rate
from nacre.metrics._rates import wilson, wilson_limits

Weights: TypeAlias = Literal["linear", "quadratic"] | None
Level: TypeAlias = Literal["nominal", "ordinal", "interval"]
Parts: TypeAlias = Callable[[Floats], tuple[Floats, Floats]]


class HumanCeiling(NamedTuple):
    """How well people agree with each other, which no evaluator of their labels can be asked to surpass."""

    agreement: Metric
    """Of an annotator with the majority of the others, mean over annotators; where t classes tie, 1/t is credited."""
    where_others_agree: Metric
    """The same, of the items whose other annotators all agree."""
    pairwise_kappa: float
    """Mean of Cohen's kappa of all pairs of annotators."""
    n_annotators: int


class AcceptRates(NamedTuple):
    """How often two raters accept, and what one makes of what the other accepts."""

    truth: Metric
    answers: Metric
    gap: Metric
    """`answers - truth`: above 0 the answers are too lenient."""
    true_positive_rate: Metric
    true_negative_rate: Metric


def cohen_kappa(
    y: ArrayLike, other: ArrayLike, weights: Weights = None, *, clusters: ArrayLike | None = None
) -> Metric:
    """Return Cohen's kappa of two raters, with a bootstrap interval over items.

    Expected is the disagreement of independent raters with these base rates (Cohen 1960). With weights, classes i and
    j disagree by |i - j| or (i - j)^2 (Cohen 1968).

    Args:
        y: Codes of one rater; items that either did not rate (below 0) are left out.
        other: Codes of the other.
        weights: For points of a scale.
        clusters: What items share (a prompt), when they are not independent: resampled whole, and counted by n.

    Examples:
        >>> print(cohen_kappa([0, 0, 1, 1] * 20, [0, 1, 1, 1] * 20))
        .50 [.34-.67] n=80
    """
    pairs = _pairs(y, other, clusters)
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

    return _coefficient(pairs.units, pairs.counts, parts)


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
    y: ArrayLike, other: ArrayLike, *, n_classes: int | None = None, clusters: ArrayLike | None = None
) -> Metric:
    """Return Gwet's AC1 of two raters, with a bootstrap interval over items; it stays stable where one class prevails.

    Expected is the agreement sum_c p_c (1 - p_c) / (k - 1), with p the mean of both base rates (Gwet 2008).

    Args:
        y: Codes of one rater; items that either did not rate (below 0) are left out.
        other: Codes of the other.
        n_classes: How many classes raters choose from, k; those seen by default.
        clusters: What items share (a prompt), when they are not independent: resampled whole, and counted by n.

    Examples:
        >>> skewed = [1] * 95 + [0] * 5, [1] * 90 + [0] * 5 + [1] * 5
        >>> print(cohen_kappa(*skewed), "|", gwet_ac1(*skewed))
        -.05 [-.09 to -.02] n=100 | .89 [.81-.95] n=100
    """
    pairs = _pairs(y, other, clusters)
    seen = int((pairs.first_is | pairs.second_is).any(axis=0).sum())
    n_others = (seen if n_classes is None else n_classes) - 1

    def parts(totals: Floats) -> tuple[Floats, Floats]:
        n = totals.sum(axis=1)
        shares = ratios(totals @ pairs.first_is + totals @ pairs.second_is, np.repeat(2 * n[:, None], pairs.n_codes, 1))
        observed = ratios(totals @ (pairs.first != pairs.second), n)
        expected = 1 - (shares * (1 - shares)).sum(axis=1) / n_others if n_others > 0 else np.zeros(len(totals))
        return observed, expected

    return _coefficient(pairs.units, pairs.counts, parts)


def krippendorff_alpha(ratings: ArrayLike, level: Level = "nominal") -> Metric:
    """Return Krippendorff's alpha of any number of raters, with a bootstrap interval over items.

    With o[c,c'] the pairs of ratings within items, each item with m ratings counted 1/(m - 1), and n_c their sums:
    alpha = 1 - (n - 1) sum o delta^2 / sum n_c n_c' delta^2 (Krippendorff 2011). delta^2 of a nominal scale is 1, of an
    interval (c - c')^2, of an ordinal one (n_c / 2 + the n of the classes between + n_c' / 2)^2.

    Args:
        ratings: [n_items, n_raters], -1 (or NaN in an array of floats) where a rater did not rate.
        level: What the scale is.

    Examples:
        >>> print(krippendorff_alpha([[0, 0, 0], [1, 1, -1], [2, 2, 2], [0, 1, 1]] * 10))
        .73 [.56-.86] n=40
    """
    values = np.asarray(ratings)
    if values.ndim != 2:
        raise SchemaError(f"Ratings are a row per item and a column per rater; found the shape {values.shape}.")
    is_known: Booleans = ~np.isnan(values) if values.dtype.kind == "f" else values >= 0
    is_known &= is_known.sum(axis=1, keepdims=True) > 1
    makers = {"nominal": _nominal, "ordinal": _ordinal, "interval": _interval}
    if level not in makers:
        raise SchemaError(f"`level` is one of {', '.join(makers)}; found {level!r}.")
    rows = is_known.any(axis=1)
    units, parts = makers[level](values[rows], is_known[rows])
    return _coefficient(units, None, parts)


def human_ceiling(ratings: ArrayLike) -> HumanCeiling:
    """Return how well annotators agree with the majority of the others.

    Args:
        ratings: [n_items, n_annotators], -1 (or NaN) where an annotator did not label.

    Examples:
        >>> print(human_ceiling([[0, 0, 0], [1, 1, 0], [1, 1, 1], [0, 0, 0]] * 10).agreement)
        .83 [.73-.92] n=40
    """
    codes = np.nan_to_num(np.asarray(ratings, dtype=np.float64), nan=-1).astype(np.int64)
    if codes.ndim != 2:
        raise SchemaError(f"Ratings are a row per item and a column per annotator; found the shape {codes.shape}.")
    distinct, counts = np.unique(codes[(codes >= 0).sum(axis=1) > 1], axis=0, return_counts=True)
    n_annotators, n_items = codes.shape[1], int(counts.sum())
    if n_items == 0:
        return HumanCeiling(wilson(0, 0), wilson(0, 0), np.nan, n_annotators)
    credit, is_rated, is_agreed = _credits(distinct)
    units = np.hstack([credit * is_rated, is_rated, credit * is_agreed, is_agreed]).astype(np.float64)

    def statistic(totals: Floats) -> Floats:
        earned, rated, earned_agreed, agreed = np.split(totals, 4, axis=1)
        return np.column_stack([_mean_of_ratios(earned, rated), _mean_of_ratios(earned_agreed, agreed)])

    bounds = bootstrap(units, statistic, counts=counts)
    n_agreed = int(counts @ is_agreed.any(axis=1))
    of_all, of_agreed = (_share(*map(float, limits)) for limits in zip(*bounds, (n_items, n_agreed), strict=True))
    return HumanCeiling(of_all, of_agreed, _pairwise_kappa(codes), n_annotators)


def accept_rates(y: ArrayLike, other: ArrayLike, *, clusters: ArrayLike | None = None) -> AcceptRates:
    """Return how often truth and answers accept, their gap, and the true positive and true negative rate.

    Args:
        y: What is truly acceptable.
        other: What was accepted.
        clusters: What items share (a prompt), when they are not independent.

    Examples:
        >>> rates = accept_rates([True] * 60 + [False] * 40, [True] * 80 + [False] * 20)
        >>> print(rates.gap, "|", rates.true_negative_rate)
        .20 [.12-.28] n=100 | .50 [.35-.65] n=40
    """
    truth, answers = np.asarray(y, dtype=bool), np.asarray(other, dtype=bool)
    check_same_length(y=truth, other=answers)
    parts = np.column_stack([truth, answers, truth & answers, ~truth & ~answers]).astype(np.float64)
    wholes = np.column_stack([np.ones((len(truth), 2)), truth, ~truth]).astype(np.float64)
    if clusters is not None:
        rates = cluster_ratios(parts, wholes, clusters)
    else:
        sums = zip(parts.sum(axis=0).tolist(), wholes.sum(axis=0).tolist(), strict=True)
        rates = tuple(wilson(*each) for each in sums)
    return AcceptRates(rates[0], rates[1], paired_bootstrap(truth, answers, clusters=clusters), rates[2], rates[3])


class _Pairs(NamedTuple):
    """The occupied cells of the table of two raters, and how often a resampled unit falls in each."""

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    first_is: Booleans
    second_is: Booleans
    n_codes: int
    units: Floats
    counts: NDArray[np.int64] | None


def _pairs(y: ArrayLike, other: ArrayLike, clusters: ArrayLike | None) -> _Pairs:
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
    if clusters is not None:
        members = np.asarray(clusters)
        check_same_length(y=is_known, clusters=members)
        numbers = cluster_places(members[is_known])
        table = np.bincount(numbers * n_cells + places, minlength=(numbers.max(initial=-1) + 1) * n_cells)
        units, known_counts = table.reshape(-1, n_cells).astype(np.float64), None
    return _Pairs(row, column, row[:, None] == classes, column[:, None] == classes, n_codes, units, known_counts)


def _coefficient(units: Floats, counts: NDArray[np.int64] | None, parts: Parts) -> Metric:
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


def _class_counts(values: NDArray[Any], is_known: Booleans) -> Floats:
    """Return how many ratings of each class an item has, [n_items, n_classes], the classes in order."""
    classes, codes = np.unique(values[is_known], return_inverse=True)
    items = np.nonzero(is_known)[0]
    cells = np.bincount(items * len(classes) + codes, minlength=len(values) * len(classes))
    return cells.reshape(len(values), len(classes)).astype(np.float64)


def _nominal(values: NDArray[Any], is_known: Booleans) -> tuple[Floats, Parts]:
    counts = _class_counts(values, is_known)
    n = counts.sum(axis=1)
    units = np.column_stack([ratios(n**2 - (counts**2).sum(axis=1), n - 1), counts])

    def parts(totals: Floats) -> tuple[Floats, Floats]:
        n = totals[:, 1:].sum(axis=1)
        return ratios(totals[:, 0], n), ratios(n**2 - (totals[:, 1:] ** 2).sum(axis=1), n * (n - 1))

    return units, parts


def _ordinal(values: NDArray[Any], is_known: Booleans) -> tuple[Floats, Parts]:
    counts = _class_counts(values, is_known)
    n_classes = counts.shape[1]
    above = np.triu_indices(n_classes, 1)
    pairs = 2 * ratios(
        counts[:, above[0]] * counts[:, above[1]], np.repeat(counts.sum(1)[:, None] - 1, len(above[0]), 1)
    )
    units = np.hstack([counts, pairs])

    def parts(totals: Floats) -> tuple[Floats, Floats]:
        sizes, observed = totals[:, :n_classes], totals[:, n_classes:]
        n = sizes.sum(axis=1)
        middle = sizes.cumsum(axis=1) - sizes / 2
        delta = ratios((middle[:, above[1]] - middle[:, above[0]]) ** 2, np.repeat((n**2)[:, None], len(above[0]), 1))
        expected = 2 * (sizes[:, above[0]] * sizes[:, above[1]] * delta).sum(axis=1)
        return ratios((observed * delta).sum(axis=1), n), ratios(expected, n * (n - 1))

    return units, parts


def _interval(values: NDArray[Any], is_known: Booleans) -> tuple[Floats, Parts]:
    """Sums of squares stand for all pairs: sum_ij (x_i - x_j)^2 = 2 (m sum x^2 - (sum x)^2)."""
    numbers = np.where(is_known, values, 0).astype(np.float64)
    centre = numbers.sum() / max(is_known.sum(), 1)
    spread = float(np.abs(numbers[is_known] - centre).max(initial=0.0)) or 1.0
    scaled = np.where(is_known, (numbers - centre) / (2 * spread), 0.0)  # no two differ by more than 1
    n, total, squares = is_known.sum(axis=1).astype(np.float64), scaled.sum(axis=1), (scaled**2).sum(axis=1)
    within = np.maximum(ratios(2 * (n * squares - total**2), n - 1), 0.0)
    is_one_value = np.where(is_known, numbers, np.inf).min(axis=1) == np.where(is_known, numbers, -np.inf).max(axis=1)
    units = np.column_stack([np.where(is_one_value, 0.0, within), n, total, squares])

    def parts(totals: Floats) -> tuple[Floats, Floats]:
        within, n, total, squares = totals.T
        expected = ratios(2 * (n * squares - total**2), n * (n - 1))
        return ratios(within, n), np.where(expected > 1e-12, expected, 0.0)  # what rounding leaves of equal values

    return units, parts


def _credits(codes: NDArray[np.int64]) -> tuple[Floats, Booleans, Booleans]:
    """Return each annotator's credit, whether it counts, and whether the others all agree: [n_items, n_annotators]."""
    n_classes = int(codes.max()) + 1
    is_class = codes[:, :, np.newaxis] == np.arange(n_classes)
    others = is_class.sum(axis=1)[:, np.newaxis] - is_class
    most, n_others = others.max(axis=2), others.sum(axis=2)
    is_top = others == most[:, :, np.newaxis]
    credit = (is_top & is_class).any(axis=2) / is_top.sum(axis=2)
    is_rated = (codes >= 0) & (n_others > 0)
    return credit, is_rated, is_rated & (most == n_others)


def _share(value: float, low: float, high: float, n: float) -> Metric:
    if low == high:
        low, high = map(float, wilson_limits(value * n, n))
    return rate((value, low, high), int(n))


def _mean_of_ratios(parts: Floats, wholes: Floats) -> Floats:
    """Return the mean over annotators of parts / wholes, of those who have any."""
    shares, has_any = ratios(parts, wholes), wholes > 0
    means: Floats = ratios(np.where(has_any, shares, 0).sum(axis=1), has_any.sum(axis=1))
    return means


def _pairwise_kappa(codes: NDArray[np.int64]) -> float:
    kappas = [plain_kappa(codes[:, i], codes[:, j]) for i, j in combinations(range(codes.shape[1]), 2)]
    defined = [kappa for kappa in kappas if not np.isnan(kappa)]
    return float(np.mean(defined)) if defined else np.nan
