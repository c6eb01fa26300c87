"""How frequent each class is: given, counted, or assumed equal; never learned from votes alone."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from nacre.errors import SchemaError
from nacre.label_models._checks import Floats, checked_balance
from nacre.label_models._label_model import LabelModel
from nacre.labeling import LabelMatrix
from nacre.metrics import Metric, wilson

SHIFT_LIMIT = 0.1  # above this share of changed answers the class balance matters too much to be guessed

Model = TypeVar("Model", bound=LabelModel)


def class_balance(y: ArrayLike | None, n_classes: int, *, sample_weight: ArrayLike | None = None) -> Floats:
    """Return the share of each class, from ground truth with one more of each class (Laplace), or uniform without.

    The labeled rows must be a uniform sample of the data, or `sample_weight` their inverse probabilities of being
    labeled.

    Examples:
        >>> class_balance([0, 0, 1, -1, 0], 2)
        array([0.66666667, 0.33333333])
        >>> class_balance(None, 4)
        array([0.25, 0.25, 0.25, 0.25])
    """
    codes = np.full(0, -1) if y is None else np.asarray(y)
    weight = np.ones(len(codes)) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
    known = codes >= 0
    if codes.max(initial=-1) >= n_classes:
        raise SchemaError(f"Ground truth holds the code {codes.max()}, but there are {n_classes} classes.")
    counts = np.bincount(codes[known], weights=weight[known], minlength=n_classes)
    balance: Floats = (counts + 1) / (counts.sum() + n_classes)
    return balance


def resolve_balance(
    given: Sequence[float] | None, y: ArrayLike, n_classes: int, sample_weight: ArrayLike | None = None
) -> Floats:
    """Return the class balance that was given, else the one counted in ground truth, else a uniform one."""
    if given is not None:
        return checked_balance(given, n_classes)
    return class_balance(y, n_classes, sample_weight=sample_weight)


class BalanceShift(NamedTuple):
    """How much the answers hang on the class balance."""

    changed: Metric
    """Share of the covered units whose most probable class differs from the one under a uniform class balance."""
    balance: tuple[float, ...]

    @property
    def needs_ground_truth(self) -> bool:
        """Whether so many answers change that a few labels should be asked for."""
        return self.changed.value > SHIFT_LIMIT

    def __str__(self) -> str:
        advice = "label a few rows at random to know it" if self.needs_ground_truth else "it need not be known better"
        shares = ", ".join(f"{share:.2f}" for share in self.balance)
        return (
            f"With the class balance ({shares}) {self.changed.value:.1%} of {self.changed.n:,} covered units get "
            f"another answer than with a uniform one: {advice}."
        )


def balance_shift(label_model: Model, label_matrix: LabelMatrix, balance: ArrayLike) -> BalanceShift:
    """Fit a label model under `balance` and under a uniform class balance, and compare the answers.

    Examples:
        >>> from nacre.data import Classes
        >>> from nacre.label_models import ClassConditional
        >>> votes = LabelMatrix.from_dense([[0, 1], [0, -1], [-1, 1], [1, 1]] * 10, Classes(("ham", "spam")))
        >>> print(balance_shift(ClassConditional(), votes, [0.9, 0.1]))
        With the class balance (0.90, 0.10) ... of 40 covered units get another answer than with a uniform one: ...
    """
    if not hasattr(label_model, "class_balance"):
        raise SchemaError(f"`{type(label_model).__name__}` has no class balance, so its answers do not hang on one.")
    n_classes = len(label_matrix.classes)
    shares = checked_balance(balance, n_classes)
    answers = []
    for candidate in (shares, np.full(n_classes, 1 / n_classes)):
        model = copy.deepcopy(label_model)
        model.class_balance = candidate.tolist()
        answers.append(model.fit(label_matrix).predict_proba(label_matrix).argmax(axis=1))
    changed = (answers[0] != answers[1])[label_matrix.is_covered]
    return BalanceShift(wilson(int(changed.sum()), len(changed)), tuple(shares.tolist()))
