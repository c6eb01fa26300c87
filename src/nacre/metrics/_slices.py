"""The same metric, slice by slice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nacre.metrics._arrays import check_same_length

Result = TypeVar("Result")


def by_slice(
    metric: Callable[[NDArray[Any], NDArray[Any]], Result],
    y: ArrayLike,
    prediction: ArrayLike,
    masks: Mapping[str, ArrayLike],
) -> dict[str, Result]:
    """Return the metric of each slice, in the order of `masks`.

    Args:
        metric: Any metric of truth and prediction, or a comparison of before and after, such as `difference`.
        y: Truth, or whatever the metric takes first.
        prediction: Predictions or probabilities.
        masks: For each slice, which data points belong to it.

    Examples:
        >>> from nacre.metrics import accuracy
        >>> result = by_slice(accuracy, [0, 1, 1], [0, 1, 0], {"all": [True] * 3, "html": [False, True, True]})
        >>> {name: round(metric.value, 2) for name, metric in result.items()}
        {'all': 0.67, 'html': 0.5}
    """
    truth, answers = np.asarray(y), np.asarray(prediction)
    selected = {name: np.asarray(mask, dtype=bool) for name, mask in masks.items()}
    check_same_length(y=truth, prediction=answers, **selected)
    return {name: metric(truth[mask], answers[mask]) for name, mask in selected.items()}
