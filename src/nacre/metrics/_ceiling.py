"""How well people agree with each other: what no evaluator of their labels can be asked to surpass."""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nacre.errors import SchemaError
from nacre.metrics._agreement import checked_weights, plain_kappa
from nacre.metrics._arrays import Booleans, Floats, check_same_length, cluster_places, ratios
from nacre.metrics._bootstrap import bootstrap
from nacre.metrics._metric import Metric, rate
from nacre.metrics._rates import wilson, wilson_limits


class HumanCeiling(NamedTuple):
    """How well people agree with each other, which no evaluator of their labels can be asked to surpass."""

    agreement: Metric
    """Of an annotator with the majority of the others, mean over annotators; where t classes tie, 1/t is credited."""
    where_others_agree: Metric
    """The same, of the items whose other annotators all agree."""
    pairwise_kappa: float
    """Mean of Cohen's kappa of all pairs of annotators."""
    n_annotators: int


def human_ceiling(
    ratings: ArrayLike, *, clusters: ArrayLike | None = None, sample_weight: ArrayLike | None = None
) -> HumanCeiling:
    """Return how well annotators agree with the majority of the others.

    Args:
        ratings: [n_items, n_annotators], -1 (or NaN) where an annotator did not label.
        clusters: What items share (a prompt), when they are not independent: resampled whole, and counted by n.
        sample_weight: Of each item, when they were sampled unequally.

    Examples:
        >>> print(human_ceiling([[0, 0, 0], [1, 1, 0], [1, 1, 1], [0, 0, 0]] * 10).agreement)
        .83 [.73-.92] n=40
    """
    codes = np.nan_to_num(np.asarray(ratings, dtype=np.float64), nan=-1).astype(np.int64)
    if codes.ndim != 2:
        raise SchemaError(f"Ratings are a row per item and a column per annotator; found the shape {codes.shape}.")
    weight = np.ones(len(codes)) if sample_weight is None else checked_weights(sample_weight, len(codes))
    is_paired = (codes >= 0).sum(axis=1) > 1
    n_annotators = codes.shape[1]
    if not is_paired.any():
        return HumanCeiling(wilson(0, 0), wilson(0, 0), np.nan, n_annotators)
    rows = np.column_stack([weight, codes])[is_paired]
    distinct, places, counts = np.unique(rows, axis=0, return_inverse=True, return_counts=True)
    credit, is_rated, is_agreed = _credits(distinct[:, 1:].astype(np.int64))
    units = distinct[:, :1] * np.hstack([credit * is_rated, is_rated, credit * is_agreed, is_agreed])
    if clusters is not None:
        names = np.asarray(clusters)
        check_same_length(ratings=codes, clusters=names)
        members = cluster_places(names[is_paired])
        units = np.column_stack([np.bincount(members, column) for column in units[places.ravel()].T])
        counts = np.ones(len(units), dtype=np.int64)

    def statistic(totals: Floats) -> Floats:
        earned, rated, earned_agreed, agreed = np.split(totals, 4, axis=1)
        return np.column_stack([_mean_of_ratios(earned, rated), _mean_of_ratios(earned_agreed, agreed)])

    bounds = bootstrap(units, statistic, counts=counts)
    n_agreed = int(counts @ (units[:, -n_annotators:] > 0).any(axis=1))
    of_all, of_agreed = (_share(*map(float, limits)) for limits in zip(*bounds, (counts.sum(), n_agreed), strict=True))
    return HumanCeiling(of_all, of_agreed, _pairwise_kappa(codes), n_annotators)


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
