"""Which of many differences remain when all of them were looked at."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from nacre.errors import SchemaError
from nacre.metrics._arrays import Floats


def benjamini_hochberg(p: ArrayLike) -> Floats:
    """Return p-values adjusted so that of those at or below .05 at most 5 % are false on average.

    Of M tests the r-th smallest p becomes min over s >= r of p_(s) M / s, at most 1 (Benjamini & Hochberg 1995). It
    holds for independent and for positively dependent tests, as those of overlapping slices are. NaN is no test, stays
    NaN and does not count.

    Args:
        p: A p-value per test, of any shape, as [n_slices, n_criteria].

    Examples:
        >>> benjamini_hochberg([0.01, 0.04, 0.03, np.nan]).round(2)
        array([0.03, 0.04, 0.04,  nan])
    """
    return _adjusted(p, is_dependent=False)


def benjamini_yekutieli(p: ArrayLike) -> Floats:
    """Return p-values adjusted like `benjamini_hochberg`, valid under any dependence.

    Each is 1 + 1/2 + ... + 1/M times as large, at most 1 (Benjamini & Yekutieli 2001).

    Args:
        p: A p-value per test, of any shape, as [n_slices, n_criteria].

    Examples:
        >>> benjamini_yekutieli([0.01, 0.04, 0.03, np.nan]).round(3)
        array([0.055, 0.073, 0.073,   nan])
    """
    return _adjusted(p, is_dependent=True)


def _adjusted(p: ArrayLike, *, is_dependent: bool) -> Floats:
    values = np.asarray(p, dtype=np.float64)
    adjusted = np.full(values.shape, np.nan)
    is_test = ~np.isnan(values)
    tested = values[is_test]
    if tested.size and not (tested.min() >= 0 and tested.max() <= 1):
        raise SchemaError(f"p-values lie between 0 and 1; found {tested.min():g} to {tested.max():g}.")
    ranks = np.arange(1, tested.size + 1)
    factor = tested.size * (float((1 / ranks).sum()) if is_dependent else 1.0)
    order = np.argsort(tested, kind="stable")
    smallest = np.minimum.accumulate((tested[order] * (factor / ranks))[::-1])[::-1]
    tested[order] = np.minimum(smallest, 1)
    adjusted[is_test] = tested
    return adjusted
