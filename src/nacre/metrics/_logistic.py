"""Logistic regression of outcomes between 0 and 1, by Newton's method."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nacre.metrics._arrays import Floats

_ROUNDS = 100
_LEAST = 1e-12  # of p (1 - p): far out the curvature vanishes, and a step must not be divided by nothing


class LogisticFit(NamedTuple):
    """Coefficients, the Hessian there, and whether they settled: they grow without end where rows are separated."""

    coefficients: Floats
    hessian: Floats
    is_settled: bool


def logistic_fit(
    design: Floats, outcome: Floats, *, weight: Floats | None = None, ridge: Floats | None = None
) -> LogisticFit:
    """Return the coefficients that maximise the likelihood, sum of weight (y eta - log(1 + e^eta)) - ridge beta^2 / 2.

    Args:
        design: The columns, [n_rows, n_columns].
        outcome: Between 0 and 1, [n_rows].
        weight: Of each row.
        ridge: Of each coefficient.
    """
    weight = np.ones(len(outcome)) if weight is None else weight
    ridge = np.zeros(design.shape[1]) if ridge is None else ridge
    coefficients, hessian = np.zeros(design.shape[1]), np.diag(ridge)
    for _ in range(_ROUNDS):
        p = sigmoid(design @ coefficients)
        gradient = design.T @ (weight * (outcome - p)) - ridge * coefficients
        curvature = weight * np.maximum(p * (1 - p), _LEAST)
        hessian = (design * curvature[:, np.newaxis]).T @ design + np.diag(ridge)
        step = np.linalg.solve(hessian, gradient)
        coefficients = coefficients + step / max(1.0, float(np.abs(step).max()))
        if np.abs(step).max() < 1e-10:
            return LogisticFit(coefficients, hessian, is_settled=True)
    return LogisticFit(coefficients, hessian, is_settled=False)


def sigmoid(eta: Floats) -> Floats:
    """Return 1 / (1 + e^-eta), without overflow."""
    shares: Floats = 0.5 * (1 + np.tanh(eta / 2))
    return shares
