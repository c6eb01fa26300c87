"""Class-conditional label model: how often each vote occurs in each class, by EM with a prior on precision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple, Self

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from nacre.errors import SchemaError
from nacre.label_models._checks import Floats
from nacre.label_models._class_balance import resolve_balance
from nacre.label_models._posterior import FLOOR, SymbolLogLinear, log_linear, vote_shares
from nacre.label_models._prior_table import PRECISION, Spread, function_values, prior_table, symbol_precision
from nacre.label_models._rows import Expectation, Rows, distinct_rows, expect, row_blocks
from nacre.labeling import LabelMatrix


class _Prior(NamedTuple):
    """Prior votes D [n_symbols, n_classes], how many units they are worth, and what else is fixed."""

    table: Floats
    mass: float
    balance: Floats
    functions: NDArray[np.int64]
    exponents: Floats


@dataclass(kw_only=True)
class ClassConditional(SymbolLogLinear):
    """Learn how often each function gives each vote in each class; the default label model.

    MAP-EM for P(vote | class), started at vote shares. The prior says that votes are right with `precision`; it is
    worth `prior_mass` units, which by default grows as the square root of their number: it guides small data and
    fades on large data. With q the posterior and N, Q the expected votes and units of each class::

        M   P(vote s | y) = (N[s, y] + A D[s, y]) / (Q[y] + A)
        E   log q[i, y] = log balance[y] + sum of exponent log P(vote | y) over the votes on i + constant

    The class balance is never learned. Under `abstain="ignore"` an abstention says nothing, so that this is a fixed
    point iteration rather than a likelihood ascent. Source: Dawid & Skene 1979; the prior on precision follows Ratner
    et al. 2019 (arXiv 1810.02840).

    Args:
        class_balance: Share of each class. None counts the ground truth in `y`, which should then be a uniform
            sample; without ground truth all classes are equally frequent.
        precision: How often a vote is right, for all functions or by name. Functions with 20 votes on units of known
            truth have it counted.
        prior_mass: How many units the prior is worth; None takes 10 sqrt(n).
        spread: How the prior spreads wrong votes over the other classes.
        abstain: Whether an abstention is evidence. It rarely is: functions abstain together.
        exponents: Weight of the votes of a function by name, below 1 for functions that repeat others; 1 by default.
        truth_weight: How many units one of known truth counts for, up to 10.
        max_iter: Iterations at most.
        tol: Stop when the mean log-likelihood changes by less.
        warm_start: Whether `fit` starts from the previous result, for votes that it has seen.

    Attributes:
        vote_probabilities_: P(vote | class), [n_symbols, n_classes].
        class_balance_: The class balance used, [n_classes].
        trace_: Mean log-likelihood of each iteration.

    Examples:
        >>> from nacre.data import Classes
        >>> dense = [[0, 0, 1], [1, 1, -1], [0, 0, -1], [1, 1, 0], [-1, -1, -1]] * 20
        >>> votes = LabelMatrix.from_dense(dense, Classes(("ham", "spam")))
        >>> ClassConditional().fit(votes).predict_proba(votes)[:5].round(2)
        array([[0.98, 0.02],
               [0.01, 0.99],
               [0.99, 0.01],
               [0.02, 0.98],
               [0.5 , 0.5 ]])
    """

    kind: ClassVar[str] = "class_conditional"

    class_balance: Sequence[float] | None = None
    precision: float | Mapping[str, float] = PRECISION
    prior_mass: float | None = None
    spread: Spread = "balance"
    abstain: Literal["ignore", "evidence"] = "ignore"
    exponents: Mapping[str, float] | None = None
    truth_weight: float = 1.0
    max_iter: int = 100
    tol: float = 1e-5
    warm_start: bool = False

    def fit(
        self,
        label_matrix: LabelMatrix,
        y: ArrayLike | pl.Series | None = None,
        *,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        self._check_settings()
        rows = distinct_rows(label_matrix, y, sample_weight)
        prior = self._prior(label_matrix, rows)
        weight = np.where(rows.truth >= 0, self.truth_weight, 1) * rows.weight
        blocks = row_blocks(rows._replace(weight=weight))
        exponents = prior.exponents[prior.functions][:, None]
        posterior = vote_shares(exponents * label_matrix.class_shares, prior.balance)
        if self.warm_start and hasattr(self, "classes_") and self.classes_ == label_matrix.classes:
            posterior = log_linear(self._earlier_weights(label_matrix), self.log_prior_)
        trace: list[float] = []
        expectation = expect(blocks, posterior, len(prior.balance))
        while not _has_converged(trace, self.tol) and len(trace) < self.max_iter:
            probabilities = _vote_probabilities(expectation, prior)
            log_weights, log_prior = self._log_weights(probabilities, prior)
            expectation = expect(blocks, log_linear(log_weights, log_prior), len(prior.balance))
            trace.append(expectation.log_likelihood / weight.sum())
        self._take_symbols(label_matrix)
        self.log_weights_, self.log_prior_ = log_weights, log_prior
        self.vote_probabilities_, self.class_balance_, self.trace_ = probabilities, prior.balance, np.array(trace)
        return self

    def _check_settings(self) -> None:
        if not 0 < self.truth_weight <= 10:
            raise SchemaError(f"`truth_weight` lies between 0 and 10; it is {self.truth_weight:g}.")
        if self.max_iter < 1:
            raise SchemaError(f"`max_iter` is at least 1; it is {self.max_iter}.")
        if self.prior_mass is not None and self.prior_mass < 0:
            raise SchemaError(f"`prior_mass` is a number of units, 0 or more; it is {self.prior_mass:g}.")
        for name, found, known in (
            ("spread", self.spread, ("balance", "uniform")),
            ("abstain", self.abstain, ("ignore", "evidence")),
        ):
            if found not in known:
                raise SchemaError(f"`{name}` is one of {', '.join(known)}; it is `{found}`.")

    def _prior(self, label_matrix: LabelMatrix, rows: Rows) -> _Prior:
        n_classes, n = len(label_matrix.classes), rows.weight.sum()
        balance = resolve_balance(self.class_balance, rows.truth, n_classes, rows.weight)
        precision = symbol_precision(self.precision, label_matrix, rows)
        frequency = (rows.votes.T @ rows.weight) / n
        functions = label_matrix.symbol_functions
        shares = label_matrix.class_shares
        table = prior_table(frequency, shares, precision, balance, functions=functions, spread=self.spread)
        exponents = function_values("exponents", self.exponents, label_matrix.functions, default=1)
        mass = 10 * np.sqrt(n) if self.prior_mass is None else self.prior_mass
        return _Prior(table, mass, balance, functions, exponents)

    def _earlier_weights(self, label_matrix: LabelMatrix) -> Floats:
        known = [name for name in label_matrix.functions if name in self.functions_]
        names = label_matrix.functions
        weights = np.zeros((len(label_matrix.symbols), len(self.classes_)))
        is_known = np.isin(label_matrix.symbol_functions, [names.index(name) for name in known])
        weights[is_known] = self.vote_weights(label_matrix.select(known))
        return weights

    def _log_weights(self, probabilities: Floats, prior: _Prior) -> tuple[Floats, Floats]:
        log_weights = np.log(np.maximum(probabilities, FLOOR))
        log_prior = np.log(prior.balance)
        if self.abstain == "evidence":
            # Abstentions never become entries: all functions abstain in the constant, and a vote takes that back.
            voting = np.zeros((len(prior.exponents), len(log_prior)))
            np.add.at(voting, prior.functions, probabilities)
            log_abstain = np.log(np.maximum(1 - voting, FLOOR))
            log_weights -= log_abstain[prior.functions]
            log_prior = log_prior + prior.exponents @ log_abstain
        return prior.exponents[prior.functions][:, None] * log_weights, log_prior


def _vote_probabilities(expectation: Expectation, prior: _Prior) -> Floats:
    units = np.maximum(expectation.units + prior.mass, FLOOR)
    probabilities: Floats = (expectation.votes + prior.mass * prior.table) / units
    return probabilities


def _has_converged(trace: list[float], tol: float) -> bool:
    return len(trace) > 1 and abs(trace[-1] - trace[-2]) < tol
