"""How often a system wins against another, also when long responses would not win for their length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from nacre.errors import SchemaError
from nacre.metrics._arrays import Floats, check_same_length
from nacre.metrics._logistic import logistic_fit, sigmoid
from nacre.metrics._means import mean_metric, rate_with_error, standard_error
from nacre.metrics._metric import Metric

MIN_SYSTEMS = 10
"""Systems from which on the difficulty of prompts can be told."""

_RIDGE = 0.05  # of the effects of length and difficulty
_RIDGE_OF_PROMPTS = 0.5
_GAMED_WEIGHT = 0.2


class GamedBaseline(NamedTuple):
    """The baseline, asked again to be verbose or concise, against the plain baseline: equal but for its length."""

    preferences: ArrayLike
    extra_length: ArrayLike
    difficulty: ArrayLike | None = None


class LengthControlled(NamedTuple):
    """A win rate at equal lengths, the raw one, and what a longer response gains."""

    metric: Metric
    raw: Metric
    length_effect: float
    """Change of the log odds of winning as a response becomes very much longer."""

    @property
    def is_extreme(self) -> bool:
        """Whether the two differ by more than 10 points and a quarter, as they do when the fit cannot be trusted."""
        raw, controlled = self.raw.value, self.metric.value
        lowest, highest = min(0.75 * raw, raw - 0.1), max(raw + 0.25 * (1 - raw), raw + 0.1)
        return controlled < lowest or controlled > highest


def win_rate(preferences: ArrayLike, *, clusters: ArrayLike | None = None) -> Metric:
    """Return how often a system wins; a tie counts half, and a judge may be partly sure.

    The interval is that of `mean_metric`; sd / sqrt(n), the standard error of AlpacaEval, is `standard_error`.

    Args:
        preferences: 1 where the system wins, 0 where it loses, or the probability of that; NaN is left out.
        clusters: What comparisons share (a prompt in both orders), when they are not independent.

    Examples:
        >>> print(win_rate([1, 0.5, 0, 1] * 10))
        .62 [.47-.76] n=40
    """
    return mean_metric(_shares(preferences), is_rate=True, clusters=clusters)


def length_controlled_win_rate(
    preferences: ArrayLike,
    extra_length: ArrayLike,
    *,
    difficulty: ArrayLike | None = None,
    gamed: Sequence[GamedBaseline] = (),
    clusters: ArrayLike | None = None,
) -> LengthControlled:
    """Return the win rate that responses as long as those of the baseline would have.

    A logistic model p = sigma(theta + phi tanh(d / sd(d)) + psi gamma), with d the extra length and gamma the
    difficulty of the prompt, has ridge .05 on phi and psi; the win rate is the mean of sigma(theta + psi gamma) (Dubois
    et al. 2024, arXiv 2404.04475). Gamed baselines are further rows without theta, weighing .2 in all: phi alone must
    explain that an equal system with longer responses wins. The interval is that of the estimate's influence function.

    Args:
        preferences: 1 where the system wins, 0 where it loses, or the probability of that; NaN is left out. [n]
        extra_length: Characters of the response minus characters of the baseline's, or any other nuisance. [n]
        difficulty: How the baseline fares on each prompt, see `prompt_difficulty`. [n]
        gamed: The baseline made verbose and concise, against itself. The correction is unsteady without them where a
            system is always much longer.
        clusters: What comparisons share (a prompt in both orders), when they are not independent. [n]

    Examples:
        >>> rng = np.random.default_rng(0)
        >>> extra = rng.normal(300, 300, 800)  # a system that is no better, but longer, and a judge that likes that
        >>> wins = rng.random(800) < 1 / (1 + np.exp(-np.tanh(extra / 300)))
        >>> found = length_controlled_win_rate(wins, extra)
        >>> print(found.raw, "->", found.metric)
        .62 [.59-.65] n=800 -> .51 [.46-.56] n=800
    """
    y, design, names = _design(preferences, extra_length, difficulty, clusters)
    raw = mean_metric(y, is_rate=True, clusters=names)
    if not len(y) or y.min() == y.max():  # nothing for a length to explain
        return LengthControlled(raw, raw, 0.0)
    gamed_y, gamed_design = _gamed_rows(gamed, has_difficulty=difficulty is not None)
    weight = np.concatenate([np.ones(len(y)), np.full(len(gamed_y), _GAMED_WEIGHT * len(y) / max(len(gamed_y), 1))])
    ridge = np.array([0.0, *[_RIDGE] * (design.shape[1] - 1)])
    rows = np.vstack([design, gamed_design])
    beta, hessian, _ = logistic_fit(rows, np.concatenate([y, gamed_y]), weight=weight, ridge=ridge)
    equal = design.copy()
    equal[:, 1] = 0.0
    fair, fitted = sigmoid(equal @ beta), sigmoid(design @ beta)
    value = float(fair.mean())
    gradient = (fair * (1 - fair)) @ equal / len(y)
    influence = len(y) * ((y - fitted)[:, np.newaxis] * design) @ np.linalg.solve(hessian, gradient) + fair - value
    error = standard_error(influence, clusters=names)
    return LengthControlled(rate_with_error(value, error, raw.n, at_least=1.0), raw, float(beta[1]))


def prompt_difficulty(preferences: ArrayLike, extra_length: ArrayLike) -> Floats:
    """Return how easily each prompt is won against the baseline, in standard deviations from the mean.

    A joint fit over systems m and prompts i minimises sum [log(1 + e^eta) - x eta] + 1/4 |gamma|^2 + .025 |phi|^2 with
    eta = theta_m + phi_m tanh(d_mi / sd(d_m)) + gamma_i; it stands in for the difficulties that AlpacaEval publishes
    for its own prompts (Dubois et al. 2024).

    Args:
        preferences: Of each system and prompt; NaN where there is none. [n_systems, n_prompts]
        extra_length: Characters of the response minus characters of the baseline's. [n_systems, n_prompts]

    Raises:
        SchemaError: There are fewer than 10 systems.
    """
    from scipy.optimize import minimize

    x, lengths = _shares(preferences), np.asarray(extra_length, dtype=np.float64)
    if x.ndim != 2 or x.shape != lengths.shape or len(x) < MIN_SYSTEMS:
        raise SchemaError(
            f"The difficulty of prompts takes a row per system, {MIN_SYSTEMS} at least, and a column per prompt; found "
            f"the shapes {x.shape} and {lengths.shape}."
        )
    is_known = ~np.isnan(x) & ~np.isnan(lengths)
    z = np.stack([_length_term(row) for row in lengths])
    x, z = np.where(is_known, x, 0.0), np.where(is_known, z, 0.0)
    n_systems, n_prompts = x.shape

    def loss(parameters: Floats) -> tuple[float, Floats]:
        theta, phi, gamma = np.split(parameters, [n_systems, 2 * n_systems])
        eta = theta[:, np.newaxis] + phi[:, np.newaxis] * z + gamma
        residual = np.where(is_known, sigmoid(eta) - x, 0.0)
        penalty = (_RIDGE_OF_PROMPTS * gamma @ gamma + _RIDGE * phi @ phi) / 2
        gradients = (
            residual.sum(axis=1),
            (residual * z).sum(axis=1) + _RIDGE * phi,
            residual.sum(axis=0) + _RIDGE_OF_PROMPTS * gamma,
        )
        return float(np.where(is_known, np.logaddexp(0, eta) - x * eta, 0.0).sum() + penalty), np.concatenate(gradients)

    start = np.zeros(2 * n_systems + n_prompts)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 1_000, "ftol": 1e-14, "gtol": 1e-7})
    gamma: Floats = found.x[2 * n_systems :]
    spread = gamma.std()
    return (gamma - gamma.mean()) / spread if spread > 0 else np.zeros(n_prompts)


def _shares(preferences: ArrayLike) -> Floats:
    shares = np.asarray(preferences, dtype=np.float64)
    if np.any((shares < 0) | (shares > 1)):
        raise SchemaError("A preference lies between 0, lost, and 1, won; of AlpacaEval's numbers subtract 1.")
    return shares


def _design(
    preferences: ArrayLike, extra_length: ArrayLike, difficulty: ArrayLike | None, clusters: ArrayLike | None
) -> tuple[Floats, Floats, ArrayLike | None]:
    """Return preferences, the columns of the model (1, length, difficulty) and clusters of what has a preference."""
    y, lengths = _shares(preferences), np.asarray(extra_length, dtype=np.float64)
    check_same_length(preferences=y, extra_length=lengths)
    is_known = ~np.isnan(y) & ~np.isnan(lengths)
    columns = [np.ones(int(is_known.sum())), _length_term(lengths[is_known])]
    if difficulty is not None:
        gamma = np.asarray(difficulty, dtype=np.float64)
        check_same_length(preferences=y, difficulty=gamma)
        columns.append(gamma[is_known])
    if clusters is None:
        return y[is_known], np.column_stack(columns), None
    names = np.asarray(clusters)
    check_same_length(preferences=y, clusters=names)
    return y[is_known], np.column_stack(columns), names[is_known]


def _gamed_rows(gamed: Sequence[GamedBaseline], *, has_difficulty: bool) -> tuple[Floats, Floats]:
    """Return preferences and columns of the gamed baselines, where theta is off."""
    preferences, columns = [np.empty(0)], [np.empty((0, 3 if has_difficulty else 2))]
    for baseline in gamed:
        if has_difficulty and baseline.difficulty is None:
            raise SchemaError("A gamed baseline needs the difficulty of its prompts where the system has one.")
        gamma = baseline.difficulty if has_difficulty else None
        y, design, _ = _design(baseline.preferences, baseline.extra_length, gamma, None)
        design[:, 0] = 0.0
        preferences.append(y)
        columns.append(design)
    return np.concatenate(preferences), np.vstack(columns)


def _length_term(lengths: Floats) -> Floats:
    known = lengths[~np.isnan(lengths)]
    spread = float(known.std(ddof=1)) if len(known) > 1 else 0.0
    return np.tanh(lengths / spread) if spread > 0 else np.zeros(len(lengths))
