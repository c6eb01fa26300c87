"""Krippendorff's alpha: agreement of any number of raters, with gaps, on any scale."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nacre.errors import SchemaError
from nacre.metrics._agreement import Parts, checked_weights, coefficient
from nacre.metrics._arrays import Booleans, Floats, check_same_length, cluster_places, ratios
from nacre.metrics._metric import Metric

Level: TypeAlias = Literal["nominal", "ordinal", "interval"]


def krippendorff_alpha(
    ratings: ArrayLike,
    level: Level = "nominal",
    *,
    clusters: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
) -> Metric:
    """Return Krippendorff's alpha of any number of raters, with a bootstrap interval over items.

    With o[c,c'] the pairs of ratings within items, each item with m ratings counted 1/(m - 1), and n_c their sums:
    alpha = 1 - (n - 1) sum o delta^2 / sum n_c n_c' delta^2 (Krippendorff 2011). delta^2 of a nominal scale is 1, of an
    interval (c - c')^2, of an ordinal one (n_c / 2 + the n of the classes between + n_c' / 2)^2.

    Args:
        ratings: [n_items, n_raters], -1 (or NaN in an array of floats) where a rater did not rate.
        level: What the scale is.
        clusters: What items share (a prompt), when they are not independent: resampled whole, and counted by n.
        sample_weight: Of each item, when they were sampled unequally; its mean counts as one item.

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
    if sample_weight is not None:
        weight = checked_weights(sample_weight, len(values))[rows]
        units = units * (weight / weight.mean() if len(weight) else weight)[:, np.newaxis]
    if clusters is not None:
        members = np.asarray(clusters)
        check_same_length(ratings=values, clusters=members)
        numbers = cluster_places(members[rows])
        units = np.stack([np.bincount(numbers, column) for column in units.T], axis=1)
    return coefficient(units, None, parts)


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
