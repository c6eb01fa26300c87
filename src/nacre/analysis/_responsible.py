"""Which functions are responsible for wrong votes, and what it would bring to repair them."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nacre.analysis._outcomes import Floats, Mask, Outcomes
from nacre.analysis._remedies import follow_rate
from nacre.analysis._vote_weights import VoteWeights
from nacre.metrics import Metric, cluster_ratios, wilson

_RESPONSIBLE = pl.Schema(
    {
        "function": pl.String(),
        "n_wrong": pl.Int64(),
        "accuracy": pl.Float64(),
        "low": pl.Float64(),
        "high": pl.Float64(),
        "n": pl.Int64(),
        "is_too_few": pl.Boolean(),
        "fixed": pl.Float64(),
        "broken": pl.Float64(),
        "expected_fixes": pl.Float64(),
    }
)


def responsible_functions(outcomes: Outcomes, errors: NDArray[np.int64], weights: VoteWeights) -> pl.DataFrame:
    """Return the functions that voted wrong on the given errors, the most rewarding to repair first.

    Args:
        outcomes: Votes and truth.
        errors: Positions of the errors.
        weights: What each vote says, to leave functions out one at a time.

    Returns:
        A row per function: `function`, `n_wrong` (of these errors on which its vote excludes the truth), its
        `accuracy` on the split with interval `low`, `high` and `n` data points, labels that come right (`fixed`) and go
        wrong (`broken`) when it is left out, and `expected_fixes`, errors of the end model. A narrower rule is taken
        to break nothing and to keep that part of `fixed` which is the share of wrong votes among its votes: rare
        mistakes are hard to tell from right votes. Leaving the function out altogether counts where it brings more.
    """
    if not len(errors):
        return pl.DataFrame(schema=_RESPONSIBLE)
    is_hit, is_known, function = _votes_on_truth(outcomes)
    m = len(outcomes.label_matrix.functions)
    is_listed = np.zeros(outcomes.n_units, dtype=np.bool_)
    is_listed[errors] = True
    rows = np.repeat(np.arange(outcomes.n_units), np.diff(outcomes.label_matrix.votes.indptr))
    n_wrong = np.bincount(function[is_listed[rows] & ~is_hit], minlength=m)
    n = np.bincount(function[is_known], minlength=m)
    hits = np.bincount(function[is_known & is_hit], minlength=m)
    follow = follow_rate(outcomes)
    found = []
    for j in np.flatnonzero(n_wrong).tolist():
        metric = _accuracy(outcomes, is_hit[is_known & (function == j)], rows[is_known & (function == j)])
        fixed, broken = _effect_of_leaving_out(outcomes, weights, j)
        found.append(
            {
                "function": outcomes.label_matrix.functions[j],
                "n_wrong": int(n_wrong[j]),
                "accuracy": float(hits[j] / n[j]),
                "low": metric.low,
                "high": metric.high,
                "n": metric.n,
                "is_too_few": metric.is_too_few,
                "fixed": fixed,
                "broken": broken,
                "expected_fixes": follow * max(fixed - broken, (1 - hits[j] / n[j]) * fixed),
            }
        )
    table = pl.DataFrame(found, schema=_RESPONSIBLE)
    return table.sort("expected_fixes", "n_wrong", "function", descending=[True, True, False])


def _accuracy(outcomes: Outcomes, is_hit: Mask, units: NDArray[np.int64]) -> Metric:
    """Return the share of right votes of a function on these units."""
    if outcomes.clusters is None:
        return wilson(int(is_hit.sum()), len(is_hit))
    return cluster_ratios(is_hit[:, None], np.ones((len(is_hit), 1)), outcomes.clusters[units])[0]


def _votes_on_truth(outcomes: Outcomes) -> tuple[Mask, Mask, NDArray[np.int64]]:
    """Return for each vote whether it names the truth, whether the truth is known, and its function."""
    matrix = outcomes.label_matrix
    rows = np.repeat(np.arange(matrix.n_units), np.diff(matrix.votes.indptr))
    truth = outcomes.truth[rows]
    symbols = matrix.votes.indices
    is_hit = matrix.class_shares[symbols, np.maximum(truth, 0)] > 0
    return is_hit & (truth >= 0), truth >= 0, matrix.symbol_functions[symbols]


def _effect_of_leaving_out(outcomes: Outcomes, weights: VoteWeights, function: int) -> tuple[float, float]:
    """Return how many labels come right and go wrong; a unit left without votes is a guess, right 1/n_classes."""
    left = weights.minus(function)
    known = outcomes.is_known[left.units]
    units, rest = left.units[known], left.log_joint[known]
    n_votes = np.diff(outcomes.label_matrix.votes.indptr)[units]
    before = _credit(weights.log_joint[units], outcomes, units)
    after = np.where(n_votes > 1, _credit(rest, outcomes, units), 1 / len(outcomes.classes))
    change = after - before
    return float(change[change > 0].sum()), float(np.abs(change[change < 0]).sum())


def _credit(log_joint: Floats, outcomes: Outcomes, units: NDArray[np.int64]) -> Floats:
    right: Floats = (log_joint.argmax(axis=1) == outcomes.truth[units]).astype(np.float64)
    return right
