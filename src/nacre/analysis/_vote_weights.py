"""What each vote says about each class, and how the posterior changes when a function is left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from nacre.analysis._outcomes import Floats
from nacre.label_models import LabelModel
from nacre.labeling import LabelMatrix

PRECISION = 0.85


class Left(NamedTuple):
    """The units that leaving something out touches [n_touched], and log P(votes, class) of the rest."""

    units: NDArray[np.int64]
    log_joint: Floats


@dataclass(frozen=True, eq=False)
class VoteWeights:
    """The class-conditional model of a label matrix: log P(vote | class) of each symbol, and the class balance.

    log q_iy = log p_y + sum_j w_j log P(L_ij | y), normalised, over the functions j that vote on unit i. The exponents
    w_j are 1, or less for functions that repeat others: w_j = 1 / (1 + sum of |correlation| with them).

    Args:
        label_matrix: The votes.
        log_weights: What a vote adds to the log-probability of each class, exponents included: [n_symbols, n_classes].
        log_prior: log of the class balance, [n_classes].
        correlation: For each function, those that it is correlated with beyond the label, and how much.
    """

    label_matrix: LabelMatrix
    log_weights: Floats
    log_prior: Floats
    correlation: Mapping[int, Mapping[int, float]] = field(default_factory=dict)

    @cached_property
    def log_joint(self) -> Floats:
        """Log P(votes, class) of each unit, [n_units, n_classes]."""
        joint: Floats = self.label_matrix.votes @ self.log_weights + self.log_prior
        return joint

    def minus(self, function: int) -> Left:
        """Return the units that a function votes on without its own votes; the others count as before."""
        return self._minus({function: 1.0})

    def without(self, function: int) -> Left:
        """Return what remains when a function is removed: those that repeat it count more again."""
        changes = {function: 1.0}
        for other, correlation in self.correlation.get(function, {}).items():
            exponent = _exponent(self.correlation, other)
            changes[other] = 1 - 1 / (1 - exponent * correlation)
        return self._minus(changes)

    def _minus(self, changes: Mapping[int, float]) -> Left:
        symbols = [s for function in changes for s in self._symbols[function]]
        rows = [self._units_of(s) for s in symbols]
        units = np.unique(np.concatenate([np.zeros(0, np.int64), *rows]))
        joint = self.log_joint[units]
        for s, voted in zip(symbols, rows, strict=True):
            joint[np.searchsorted(units, voted)] -= changes[self.label_matrix.symbols[s].function] * self.log_weights[s]
        return Left(units, joint)

    def _units_of(self, symbol: int) -> NDArray[np.int64]:
        start, stop = self._columns.indptr[symbol : symbol + 2]
        return np.asarray(self._columns.indices[start:stop], dtype=np.int64)

    def votes_of(self, function: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the units that a function votes on and the symbol it votes there, in the order of symbols."""
        rows = [self._units_of(s) for s in self._symbols[function]]
        symbols = [np.full(len(row), s) for s, row in zip(self._symbols[function], rows, strict=True)]
        nothing = np.zeros(0, np.int64)
        return np.concatenate([nothing, *rows]), np.concatenate([nothing, *symbols])

    @cached_property
    def _columns(self) -> _Columns:
        columns = self.label_matrix.votes.tocsc()
        return _Columns(columns.indptr, columns.indices)

    @cached_property
    def _symbols(self) -> list[list[int]]:
        symbols: list[list[int]] = [[] for _ in self.label_matrix.functions]
        for s, symbol in enumerate(self.label_matrix.symbols):
            symbols[symbol.function].append(s)
        return symbols


class _Columns(NamedTuple):
    indptr: NDArray[np.signedinteger[Any]]
    indices: NDArray[np.signedinteger[Any]]


@runtime_checkable
class AddsVotes(Protocol):
    """A fitted label model that adds what votes say, as `ClassConditional` and `WeightedVote` do."""

    log_prior_: Floats

    def vote_weights(self, label_matrix: LabelMatrix) -> Floats: ...


def vote_weights(
    label_matrix: LabelMatrix,
    proba: ArrayLike,
    *,
    model: LabelModel | None = None,
    correlated: pl.DataFrame | None = None,
) -> VoteWeights:
    """Return what each vote says about each class.

    A model that adds votes says so itself. For any other, the weights are those that explain its posterior q best: one
    M step of the class-conditional model, P(symbol s | y) = ((Z'q)[s, y] + A D[s, y]) / (Q_y + A), with Q the class
    totals of q, A = 10 sqrt(n) and D the table of a function that is right with probability .85.

    Args:
        label_matrix: The votes.
        proba: Posterior of the label model, [n_units, n_classes].
        model: The label model.
        correlated: Pairs of functions that repeat each other, and count less for it: `function`, `other`,
            `correlation`, as `correlated_functions` returns them.
    """
    correlation = _neighbours(label_matrix.functions, correlated)
    if isinstance(model, AddsVotes):
        return VoteWeights(label_matrix, model.vote_weights(label_matrix), model.log_prior_, correlation)
    q = np.asarray(proba, dtype=np.float64)
    n_units = max(len(q), 1)
    counts: Floats = label_matrix.votes.T @ q
    totals, mass = q.sum(axis=0), 10 * np.sqrt(n_units)
    balance = (totals + 1) / (totals.sum() + len(totals))
    table = _prior_table(label_matrix, counts.sum(axis=1) / n_units, balance)
    exponents = np.array([_exponent(correlation, j) for j in range(len(label_matrix.functions))])
    log_conditional = np.log((counts + mass * table) / (totals + mass))
    log_weights = log_conditional * exponents[label_matrix.symbol_functions][:, None]
    return VoteWeights(label_matrix, log_weights, np.log(balance), correlation)


def dependency_exponents(functions: tuple[str, ...], correlated: pl.DataFrame) -> dict[str, float]:
    """Return how much the votes of functions that repeat others should count: 1 / (1 + sum of |correlation|).

    It is what `ClassConditional(exponents=...)` takes.

    Examples:
        >>> pairs = pl.DataFrame({"function": ["a"], "other": ["b"], "correlation": [1.0]})
        >>> dependency_exponents(("a", "b", "c"), pairs)
        {'a': 0.5, 'b': 0.5}
    """
    correlation = _neighbours(functions, correlated)
    return {name: _exponent(correlation, j) for j, name in enumerate(functions) if j in correlation}


def _exponent(correlation: Mapping[int, Mapping[int, float]], function: int) -> float:
    return 1 / (1 + sum(correlation.get(function, {}).values()))


def _prior_table(label_matrix: LabelMatrix, shares: Floats, balance: Floats) -> Floats:
    """Return P(symbol | class) of votes that are right with probability .85: [n_symbols, n_classes]."""
    named: Floats = (label_matrix.class_shares > 0) * balance
    others = np.where(named > 0, 0, balance)
    right = PRECISION * named / named.sum(axis=1, keepdims=True)
    wrong = (1 - PRECISION) * others / np.maximum(others.sum(axis=1, keepdims=True), 1e-12)
    table: Floats = np.clip(shares[:, None] * (right + wrong) / balance, 1e-12, 1)
    return table


def _neighbours(functions: tuple[str, ...], correlated: pl.DataFrame | None) -> dict[int, dict[int, float]]:
    neighbours: dict[int, dict[int, float]] = {}
    if correlated is None:
        return neighbours
    position = {name: j for j, name in enumerate(functions)}
    for name, other, value in correlated.select("function", "other", "correlation").iter_rows():
        if name in position and other in position:
            a, b, size = position[name], position[other], min(abs(value), 1.0)
            neighbours.setdefault(a, {})[b] = size
            neighbours.setdefault(b, {})[a] = size
    return neighbours


def normalise(log_joint: Floats) -> Floats:
    """Return probabilities from their unnormalised logarithms."""
    shifted = np.exp(log_joint - log_joint.max(axis=1, keepdims=True, initial=-np.inf))
    proba: Floats = shifted / shifted.sum(axis=1, keepdims=True)
    return proba
