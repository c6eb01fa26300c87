"""Matrix completion: accuracies from how often votes occur together, without a second look at the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Literal, Self

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from nacre.errors import SchemaError
from nacre.label_models._checks import Floats, check_votes, checked_truth, checked_weight
from nacre.label_models._class_balance import resolve_balance
from nacre.label_models._posterior import SymbolLogLinear
from nacre.labeling import LabelMatrix

_MOMENTUM = 0.9
_MARGIN = 1e-9
_DIVERGED = 1e6


@dataclass(frozen=True)
class _Problem:
    """What is solved: second moments O [n_symbols, n_symbols], what belongs to them, and the start mu0."""

    moments: Floats
    functions: NDArray[np.int64]
    shares: Floats
    balance: Floats
    start: Floats

    @cached_property
    def between(self) -> Floats:
        """O off the blocks of single functions: a function votes once, which leaves nothing to explain."""
        return np.where(self.functions[:, None] == self.functions, 0, self.moments)

    @cached_property
    def between_norm(self) -> float:
        return float((self.between**2).sum())

    @cached_property
    def places(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Function of each symbol, and its place among the symbols of that function."""
        _, first, functions = np.unique(self.functions, return_index=True, return_inverse=True)
        return functions, np.arange(len(functions)) - first[functions]

    @cached_property
    def diagonal(self) -> Floats:
        return np.diag(self.moments)

    def by_function(self, values: Floats) -> Floats:
        """Return values [n_symbols, n_classes] as [n_functions, n_places, n_classes], 0 where there is no symbol."""
        functions, places = self.places
        table = np.zeros((functions.max(initial=-1) + 1, places.max(initial=-1) + 1, values.shape[1]))
        table[functions, places] = values
        return table


@dataclass(kw_only=True)
class MatrixCompletion(SymbolLogLinear):
    """Explain how often votes occur together by how often each occurs in each class.

    Fits mu = P(vote | class) to the second moments O of the votes, with P = diag(class balance)::

        |(O - mu P mu') off the blocks of single functions|^2 + |mu p - diag O|^2 + l2 |mu - mu0|^2

    With its defaults it gives what the `LabelModel` of Snorkel 0.10 gives for the same class balance and seed. Early
    stopping is what regularises it: `solver="lbfgs"` finds the minimum, which is better where functions are
    independent and worse where they are not. Ground truth only sets the class balance. Where functions vote for a
    single class each, `ClassConditional` is safer. Source: Ratner et al. 2019 (arXiv 1810.02840).

    Args:
        class_balance: Share of each class. None counts the ground truth in `y`, else all are equally frequent.
        precision: How often a vote is right, at the start.
        solver: `sgd` takes `n_steps` steps of gradient descent with momentum; `lbfgs` converges.
        n_steps: Steps of `sgd`.
        learning_rate: Length of a step; halved until the steps end below where they began.
        l2: Pull towards the start mu0.
        random_state: Seed of the one random number, which scales where `sgd` begins.

    Attributes:
        vote_probabilities_: P(vote | class), [n_symbols, n_classes].
        class_balance_: The class balance used, [n_classes].
        moments_: Weighted counts of votes that occur together, [n_symbols, n_symbols].
        n_units_: How many units they come from, weighted.

    Examples:
        >>> from nacre.data import Classes
        >>> dense = [[0, 0, 1], [1, 1, 1], [0, 1, -1], [1, 1, 0], [-1, 0, 0]] * 20
        >>> votes = LabelMatrix.from_dense(dense, Classes(("ham", "spam")))
        >>> MatrixCompletion().fit(votes).predict_proba(votes)[:2].round(2)
        array([[0.98, 0.02],
               [0.  , 1.  ]])
    """

    kind: ClassVar[str] = "matrix_completion"

    class_balance: Sequence[float] | None = None
    precision: float = 0.7
    solver: Literal["sgd", "lbfgs"] = "sgd"
    n_steps: int = 100
    learning_rate: float = 0.01
    l2: float = 0.0
    random_state: int = 1

    def fit(
        self,
        label_matrix: LabelMatrix,
        y: ArrayLike | pl.Series | None = None,
        *,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        for name in ("classes_", "moments_"):
            vars(self).pop(name, None)
        return self.partial_fit(label_matrix, y, sample_weight=sample_weight)

    def partial_fit(
        self,
        label_matrix: LabelMatrix,
        y: ArrayLike | pl.Series | None = None,
        *,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Add the votes of more units to those seen; two halves give what the whole gives.

        The class balance of the first call stays.
        """
        check_votes(label_matrix)
        truth = checked_truth(y, label_matrix)
        weight = checked_weight(sample_weight, label_matrix.n_units)
        n_units = float(weight.sum())
        moments = label_matrix.second_moments(None if sample_weight is None else weight) * n_units
        if not hasattr(self, "moments_"):
            self.class_balance_ = resolve_balance(self.class_balance, truth, len(label_matrix.classes), weight)
            self._take_symbols(label_matrix)
            self.class_shares_ = label_matrix.class_shares
            self.moments_, self.n_units_ = moments, n_units
        else:
            self._add(label_matrix, moments, n_units)
        self._solve()
        return self

    def _add(self, label_matrix: LabelMatrix, moments: Floats, n_units: float) -> None:
        self._check_fitted_on(label_matrix)
        if label_matrix.functions != self.functions_:
            raise SchemaError("`partial_fit` needs the functions of the first call, in the same order.")
        earlier = list(zip(self.symbol_functions_.tolist(), self.symbol_codes_.tolist(), strict=True))
        added = [tuple(symbol) for symbol in label_matrix.symbols]
        united = earlier + [symbol for symbol in added if symbol not in set(earlier)]
        place = {symbol: position for position, symbol in enumerate(united)}
        total = np.zeros((len(united), len(united)))
        for symbols, counts in ((earlier, self.moments_), (added, moments)):
            places = np.array([place[symbol] for symbol in symbols], dtype=np.int64)
            total[np.ix_(places, places)] += counts
        order = sorted(range(len(united)), key=lambda position: (united[position][0], _code_order(united[position][1])))
        self.moments_, self.n_units_ = total[np.ix_(order, order)], self.n_units_ + n_units
        self.symbol_functions_ = np.array([united[position][0] for position in order], dtype=np.int64)
        self.symbol_codes_ = np.array([united[position][1] for position in order], dtype=np.int16)
        shares = [label_matrix.schema.shares(code) for code in self.symbol_codes_.tolist()]
        self.class_shares_ = np.array(shares).reshape(len(shares), len(self.classes_))

    def _solve(self) -> None:
        moments, shares, balance = self.moments_ / self.n_units_, self.class_shares_, self.class_balance_
        start = np.clip(np.diag(moments)[:, None] * self.precision * shares / balance, 0, 1)
        problem = _Problem(moments, self.symbol_functions_, shares, balance, start)
        if self.solver not in ("sgd", "lbfgs"):
            raise SchemaError(f"`solver` is one of sgd, lbfgs; it is `{self.solver}`.")
        found = self._descend(problem) if self.solver == "sgd" else self._converge(problem)
        smallest = min(0.01, 10 ** -np.ceil(np.log10(self.n_units_)))
        probabilities = np.clip(found, smallest, 1 - smallest)
        self.vote_probabilities_ = probabilities[:, _permutation(probabilities, problem)]
        self.log_weights_ = np.log(self.vote_probabilities_)
        self.log_prior_ = np.log(balance)

    def _descend(self, problem: _Problem) -> Floats:
        """Take the steps; where they lead upwards (hundreds of dense functions), take them half as long."""
        first = problem.start * np.random.RandomState(self.random_state).random_sample()
        rate, found = self.learning_rate, None
        while found is None:
            found = self._steps(problem, first, rate)
            rate /= 2
        return found

    def _steps(self, problem: _Problem, first: Floats, rate: float) -> Floats | None:
        """Return where the steps lead, or nothing when that is no better than where they begin."""
        limit, _ = _loss(first, problem, self.l2)
        found, velocity = first, np.zeros_like(first)
        for _ in range(self.n_steps):
            loss, gradient = _loss(found, problem, self.l2)
            if loss > _DIVERGED * (limit + 1):
                return None
            velocity = _MOMENTUM * velocity + gradient
            found = found - rate * velocity
        return found if _loss(found, problem, self.l2)[0] <= limit * (1 + _MARGIN) else None

    def _converge(self, problem: _Problem) -> Floats:
        from scipy.optimize import minimize

        start = problem.start
        if not start.size:
            return start

        def loss(flat: Floats) -> tuple[float, Floats]:
            value, gradient = _loss(flat.reshape(start.shape), problem, self.l2)
            return value, gradient.ravel()

        bounds = [(0.0, 1.0)] * start.size
        result = minimize(loss, start.ravel(), jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 200})
        found: Floats = result.x.reshape(start.shape)
        return found


def _loss(found: Floats, problem: _Problem, l2: float) -> tuple[float, Floats]:
    """Return the loss and its gradient without ever forming mu P mu', which takes most of the time otherwise."""
    scaled = found * problem.balance
    inner = found.T @ scaled
    explained = problem.between @ scaled
    of_function = problem.by_function(scaled)
    inner_of_function = problem.by_function(found).transpose(0, 2, 1) @ of_function
    within = (of_function @ inner_of_function)[problem.places]
    gap = scaled.sum(axis=1) - problem.diagonal
    pull = found - problem.start
    # |A - O|^2 = |A|^2 - 2 <A, O> + |O|^2 for A = mu P mu' off the blocks of single functions.
    residual = _square(inner) - _square(inner_of_function) - 2 * np.vdot(found, explained) + problem.between_norm
    loss = residual + gap @ gap + l2 * (pull**2).sum()
    gradient = 4 * (scaled @ inner - within - explained) + 2 * np.outer(gap, problem.balance) + 2 * l2 * pull
    return float(loss), gradient


def _square(inner: Floats) -> float:
    """Return |mu P mu'|^2, summed over functions where there are several, from mu' mu P."""
    return float((inner * np.swapaxes(inner, -1, -2)).sum())


def _permutation(probabilities: Floats, problem: _Problem) -> NDArray[np.int64]:
    """Return the order of classes, among those of equal balance, that trusts the functions most."""
    from scipy.optimize import linear_sum_assignment

    trust = problem.shares.T @ (probabilities * problem.balance)
    order = np.arange(len(problem.balance))
    rounded = np.round(problem.balance, 3)
    for share in np.unique(rounded):
        group = np.flatnonzero(rounded == share)
        _, columns = linear_sum_assignment(-trust[np.ix_(group, group)])
        order[group] = group[columns]
    return order


def _code_order(code: int) -> tuple[bool, int]:
    return code < 0, abs(code)
