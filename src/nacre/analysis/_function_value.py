"""What a function is worth: its precision estimated without ground truth, and what is lost when it goes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from nacre.analysis._outcomes import Codes, Floats
from nacre.analysis._vote_weights import VoteWeights, normalise, vote_weights
from nacre.data import MultiLabel, Spans
from nacre.label_models import LabelModel, OneVsRest, TokenWise, of_class, without_outvoting
from nacre.labeling import LabelMatrix, encode_truth
from nacre.metrics import MIN_N, bootstrap

_MARGIN = 0.1


def estimated_precision(
    label_matrix: LabelMatrix,
    proba: ArrayLike,
    *,
    model: LabelModel | None = None,
    correlated: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Return how often each function is right, as the other functions see it; no ground truth is needed.

    The votes of function j on class l are right with the mean over its units of q^(-j)_il, the posterior without j:
    log q^(-j)_iy = log q_iy - w_j log P(L_ij | y). With the posterior itself a function would confirm itself. Units
    that no other function votes on say nothing and are left out; `only` is their share. The estimate ranks functions:
    where the others are unsure it falls short of the true precision.

    Args:
        label_matrix: The votes.
        proba: Posterior of the label model, [n_units, n_classes].
        model: The label model; where it adds votes (`ClassConditional`, `WeightedVote`) it says what they weigh.
        correlated: Pairs of functions that repeat each other, as `correlated_functions` returns them.

    Returns:
        A row per function and what it votes: `function`, `vote`, `precision`, `sd` (that of the mean when data points
        are resampled), `n` (units with other votes), `votes`, `coverage`, `only`, and `is_weak`: whether the precision
        is below 1/n_classes + .1. The least precise come first; functions without evidence have a null precision.

    Examples:
        >>> from nacre.data import Classes
        >>> votes = LabelMatrix.from_dense([[0, 0, 1], [1, 1, 0]] * 50, Classes(("ham", "spam")))
        >>> q = [[0.9, 0.1], [0.1, 0.9]] * 50
        >>> table = estimated_precision(votes, q)
        >>> table["function"].to_list()[:2], bool(table["precision"][0] < 0.1 < 0.5 < table["precision"][5])
        (['f2', 'f2'], True)
    """
    frames = [_precision_table(part.weights) for part in _parts(label_matrix, proba, model, correlated)]
    return pl.concat(frames).sort("precision", "coverage", descending=[False, True], nulls_last=True)


def marginal_value(
    label_matrix: LabelMatrix,
    proba: ArrayLike,
    *,
    truth: ArrayLike | pl.Series | None = None,
    model: LabelModel | None = None,
    correlated: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Return what each function adds to the others.

    Leaving a function out subtracts its weights, and gives back theirs to the functions it repeats (`correlated`): a
    single step, no new fit. So an exact duplicate is worth nothing.

    Args:
        label_matrix: The votes.
        proba: Posterior of the label model, [n_units, n_classes].
        truth: Ground truth of each unit, where it is known.
        model: The label model; where it adds votes it says what they weigh.
        correlated: Pairs of functions that repeat each other, as `correlated_functions` returns them.

    Returns:
        A row per function, the most valuable first: `function`; with `MultiLabel` also `label`; `only` (share of units
        covered by it alone), `changed` (share of units whose most probable class depends on it), `confidence` (how
        much it adds to the mean probability of the most probable class), and with truth `accuracy`, what it adds to
        the accuracy of the label model, with its paired interval `low`, `high`, the units `gained` and `lost`, `n`.
        Where several units share a data point (tokens), the interval resamples data points, and `n` counts those.
    """
    truths = None if truth is None else encode_truth(truth, label_matrix.schema, label_matrix.n_units)
    frames = []
    for part in _parts(label_matrix, proba, model, correlated):
        y = truths if truths is None or part.label is None else truths[:, label_matrix.schema.code(part.label)]
        table = _value_table(part.weights, y)
        frames.append(table if part.label is None else table.insert_column(1, pl.lit(part.label).alias("label")))
    return pl.concat(frames).sort("confidence" if truth is None else "accuracy", "changed", descending=True)


@dataclass(frozen=True, eq=False)
class _Part:
    """Votes on classes that exclude each other: all of them, or those on one label."""

    label: str | None
    weights: VoteWeights


def _parts(
    label_matrix: LabelMatrix, proba: ArrayLike, model: LabelModel | None, correlated: pl.DataFrame | None
) -> Iterator[_Part]:
    q = np.asarray(proba, dtype=np.float64)
    if isinstance(label_matrix.schema, MultiLabel):
        models = model.models_ if isinstance(model, OneVsRest) else [None] * len(label_matrix.classes)
        for code, label in enumerate(label_matrix.schema.names):
            part = of_class(label_matrix, code)
            voting = part.select(part.functions[j] for j in sorted({symbol.function for symbol in part.symbols}))
            pair = np.column_stack([1 - q[:, code], q[:, code]])
            yield _Part(label, vote_weights(voting, pair, model=models[code], correlated=correlated))
        return
    if isinstance(label_matrix.schema, Spans):
        label_matrix, model = without_outvoting(label_matrix), model.model_ if isinstance(model, TokenWise) else model
    yield _Part(None, vote_weights(label_matrix, q, model=model, correlated=correlated))


def _precision_table(weights: VoteWeights) -> pl.DataFrame:
    matrix = weights.label_matrix
    n_votes, clusters = np.diff(matrix.votes.indptr), _clusters(matrix)
    rows = []
    for j, name in enumerate(matrix.functions):
        units, symbols = weights.votes_of(j)
        left = weights.minus(j)
        right = normalise(left.log_joint)
        has_others = n_votes[units] > 1
        for s in np.unique(symbols).tolist():
            voted = symbols == s
            place = np.searchsorted(left.units, units[voted & has_others])
            credit = right[place] @ (matrix.class_shares[s] > 0)
            spread = _spread(credit, clusters[units[voted & has_others]])
            rows.append(_precision_row(name, matrix, s, int(voted.sum()), credit) | {"sd": spread})
    return pl.DataFrame(rows, schema=_PRECISION)


_PRECISION = pl.Schema(
    {
        "function": pl.String(),
        "vote": pl.String(),
        "precision": pl.Float64(),
        "sd": pl.Float64(),
        "n": pl.Int64(),
        "votes": pl.Int64(),
        "coverage": pl.Float64(),
        "only": pl.Float64(),
        "is_weak": pl.Boolean(),
        "is_too_few": pl.Boolean(),
    }
)


def _precision_row(name: str, matrix: LabelMatrix, symbol: int, n_votes: int, credit: Floats) -> dict[str, object]:
    n = len(credit)
    precision = float(credit.mean()) if n else None
    return {
        "function": name,
        "vote": matrix.schema.label(matrix.symbols[symbol].code),
        "precision": precision,
        "n": n,
        "votes": n_votes,
        "coverage": n_votes / max(matrix.n_units, 1),
        "only": 1 - n / max(n_votes, 1),
        "is_weak": None if precision is None else precision < 1 / len(matrix.classes) + _MARGIN,
        "is_too_few": n < MIN_N,
    }


def _spread(credit: Floats, clusters: NDArray[np.int64]) -> float | None:
    """Return the standard deviation of the mean when clusters are resampled; no draws are needed for it.

    It is sqrt(sum of (sum of credit - mean)^2 over clusters) / n (Cochran 1977, 6.3); sd(units) / sqrt(n) of single
    units.
    """
    if not len(credit):
        return None
    _, places = np.unique(clusters, return_inverse=True)
    return float(np.sqrt((np.bincount(places, credit - credit.mean()) ** 2).sum()) / len(credit))


def _value_table(weights: VoteWeights, truth: Codes | None) -> pl.DataFrame:
    matrix = weights.label_matrix
    n_units, n_votes = max(matrix.n_units, 1), np.diff(matrix.votes.indptr)
    known = None if truth is None else _Known.of(matrix, truth)
    answers, surety = _answers(weights.log_joint)
    rows = []
    for j, name in enumerate(matrix.functions):
        units, log_joint = weights.without(j)
        own, _ = weights.votes_of(j)
        rest, rest_surety = _answers(log_joint)
        row: dict[str, object] = {
            "function": name,
            "only": float((n_votes[own] == 1).sum() / n_units),
            "changed": float((rest != answers[units]).sum() / n_units),
            "confidence": _rounded((surety[units] - rest_surety).sum() / n_units),
        }
        if known is not None:
            row |= known.gain(units, answers[units], rest)
        rows.append(row)
    return pl.DataFrame(rows, schema=_VALUE if truth is None else {**_VALUE, **_GAIN})


_VALUE: dict[str, pl.DataType] = {
    "function": pl.String(),
    "only": pl.Float64(),
    "changed": pl.Float64(),
    "confidence": pl.Float64(),
}
_GAIN: dict[str, pl.DataType] = {
    "accuracy": pl.Float64(),
    "low": pl.Float64(),
    "high": pl.Float64(),
    "gained": pl.Int64(),
    "lost": pl.Int64(),
    "n": pl.Int64(),
}


def _answers(log_joint: Floats) -> tuple[NDArray[np.int64], Floats]:
    """Return the most probable class and its probability; rounding must not break ties differently each time."""
    if not len(log_joint):
        return np.zeros(0, np.int64), np.zeros(0)
    proba = normalise(log_joint).round(9)
    return proba.argmax(axis=1), proba.max(axis=1)


@dataclass(frozen=True, eq=False)
class _Known:
    """The truth of units, and which of them are resampled together.

    Args:
        truth: Codes [n_units], -1 where unknown.
        clusters: What `_clusters` says of them.
        sizes: How many units of known truth each cluster has, [n_clusters].
    """

    truth: Codes
    clusters: NDArray[np.int64]
    sizes: NDArray[np.int64]

    @classmethod
    def of(cls, matrix: LabelMatrix, truth: Codes) -> _Known:
        clusters = _clusters(matrix)
        return cls(truth, clusters, np.bincount(clusters[truth >= 0], minlength=1))

    def gain(self, units: NDArray[np.int64], answers: NDArray[np.int64], rest: NDArray[np.int64]) -> dict[str, object]:
        """Return how much better `answers` are than `rest` on units, those of unknown truth left out."""
        truth = self.truth[units]
        net = ((answers == truth) * 1 - (rest == truth)) * (truth >= 0)
        n = int((self.sizes > 0).sum())
        row = {"gained": int((net > 0).sum()), "lost": int((net < 0).sum()), "n": n}
        if not n:
            return {**row}
        changes, counts = self._changes(self.clusters[units[net != 0]], net[net != 0])
        value, low, high = bootstrap(changes, lambda totals: totals[:, 0] / totals[:, 1], counts=counts)
        return {"accuracy": float(value), "low": float(low), "high": float(high), **row}

    def _changes(self, clusters: NDArray[np.int64], net: NDArray[np.int64]) -> tuple[Floats, NDArray[np.int64]]:
        """Return what clusters add, [n_distinct, 2] of net gain and size, and how many add that."""
        changed, place = np.unique(clusters, return_inverse=True)
        gains, sizes = np.bincount(place, net).astype(np.int64), self.sizes[changed]
        distinct, counts = np.unique(gains * (sizes.max(initial=0) + 1) + sizes, return_counts=True)
        same = np.bincount(self.sizes) - np.bincount(sizes, minlength=self.sizes.max() + 1)
        same[0] = 0  # nothing is known of these clusters
        unchanged = np.flatnonzero(same)
        pairs = np.column_stack(np.divmod(distinct, sizes.max(initial=0) + 1))
        added = np.concatenate([pairs, np.column_stack([np.zeros_like(unchanged), unchanged])])
        return added.astype(np.float64), np.concatenate([counts, same[unchanged]])


def _clusters(matrix: LabelMatrix) -> NDArray[np.int64]:
    """Return a number for the data point of each unit: units that share one, as tokens do, are not independent."""
    if matrix.units.width == 1:
        return np.arange(matrix.n_units)
    _, clusters = np.unique(matrix.units["row_id"].to_numpy(), return_inverse=True)
    return clusters


def _rounded(value: float) -> float:
    return float(round(value, 12)) + 0.0
