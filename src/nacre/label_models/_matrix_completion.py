"""Matrix completion: accuracies from how often votes occur together, without a second look at the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple, Self

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


class _Moments(NamedTuple):
    """Second moments O [n_symbols, n_symbols] and what belongs to them."""

    shared: Floats
    shares: Floats
    functions: NDArray[np.int64]
    balance: Floats


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
        l2: Pull towards the start mu0.

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
        codes = self.symbol_codes_.tolist()
        self.class_shares_ = np.array([label_matrix.schema.shares(code) for code in codes])

    def _solve(self) -> None:
        moments = _Moments(
            self.moments_ / self.n_units_, self.class_shares_, self.symbol_functions_, self.class_balance_
        )
        start = _start(moments, self.precision)
        if self.solver == "sgd":
            found = self._descend(start * np.random.RandomState(self.random_state).random_sample(), start, moments)
        elif self.solver == "lbfgs":
            found = self._converge(start, moments)
        else:
            raise SchemaError(f"`solver` is one of sgd, lbfgs; it is `{self.solver}`.")
        smallest = min(0.01, 10 ** -np.ceil(np.log10(self.n_units_)))
        probabilities = np.clip(found, smallest, 1 - smallest)
        self.vote_probabilities_ = probabilities[:, _permutation(probabilities, moments)]
        self.log_weights_ = np.log(self.vote_probabilities_)
        self.log_prior_ = np.log(self.class_balance_)

    def _descend(self, first: Floats, start: Floats, moments: _Moments) -> Floats:
        """Take the steps; where they lead upwards (hundreds of dense functions), take them half as long."""
        rate, (limit, _) = self.learning_rate, _loss(first, start, moments, self.l2)
        while True:
            found, velocity = first, np.zeros_like(first)
            with np.errstate(over="ignore", invalid="ignore"):
                for _ in range(self.n_steps):
                    _, gradient = _loss(found, start, moments, self.l2)
                    velocity = _MOMENTUM * velocity + gradient
                    found = found - rate * velocity
                loss, _ = _loss(found, start, moments, self.l2)
            if loss <= limit * (1 + _MARGIN):
                return found
            rate /= 2

    def _converge(self, start: Floats, moments: _Moments) -> Floats:
        from scipy.optimize import minimize

        def loss(flat: Floats) -> tuple[float, Floats]:
            value, gradient = _loss(flat.reshape(start.shape), start, moments, self.l2)
            return value, gradient.ravel()

        if not start.size:
            return start
        bounds = [(0.0, 1.0)] * start.size
        result = minimize(loss, start.ravel(), jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 200})
        found: Floats = result.x.reshape(start.shape)
        return found


def _start(moments: _Moments, precision: float) -> Floats:
    frequency = np.diag(moments.shared)
    start: Floats = np.clip(frequency[:, None] * precision * moments.shares / moments.balance, 0, 1)
    return start


def _loss(found: Floats, start: Floats, moments: _Moments, l2: float) -> tuple[float, Floats]:
    scaled = found * moments.balance
    residual = scaled @ found.T
    residual -= moments.shared
    residual[moments.functions[:, None] == moments.functions] = 0  # a function votes once: nothing to explain
    gap = scaled.sum(axis=1) - np.diag(moments.shared)
    pull = found - start
    loss = (residual**2).sum() + gap @ gap + l2 * (pull**2).sum()
    gradient = 4 * residual @ scaled + 2 * np.outer(gap, moments.balance) + 2 * l2 * pull
    return float(loss), gradient


def _permutation(probabilities: Floats, moments: _Moments) -> NDArray[np.int64]:
    """Return the order of classes, among those of equal balance, that trusts the functions most."""
    from scipy.optimize import linear_sum_assignment

    trust = moments.shares.T @ (probabilities * moments.balance)
    order = np.arange(len(moments.balance))
    rounded = np.round(moments.balance, 3)
    for share in np.unique(rounded):
        group = np.flatnonzero(rounded == share)
        _, columns = linear_sum_assignment(-trust[np.ix_(group, group)])
        order[group] = group[columns]
    return order


def _code_order(code: int) -> tuple[bool, int]:
    return code < 0, abs(code)
