"""What is believed about votes before any is compared with another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nacre.errors import SchemaError, UnknownNameError
from nacre.label_models._checks import Floats
from nacre.label_models._rows import Rows
from nacre.labeling import LabelMatrix

Spread = Literal["balance", "uniform"]

PRECISION = 0.85
_ENOUGH_TRUTH = 20  # right or wrong votes from which the precision of a function is counted
_PSEUDO_VOTES = 10
_MOST = 0.999  # of the units of a class that a function may vote on


def prior_table(
    frequency: Floats,
    shares: Floats,
    precision: Floats,
    balance: Floats,
    *,
    functions: NDArray[np.int64],
    spread: Spread,
) -> Floats:
    """Return D, the probability of each vote in each class that its frequency and precision imply.

    D[s, y] = min(1, frequency_s t[s, y] / balance_y), where t[s, y] = P(y | s) shares the precision among the classes
    that the vote names, and the rest among the others.

    Args:
        frequency: How often each vote occurs, [n_symbols].
        shares: How a vote is shared among classes, [n_symbols, n_classes].
        precision: How often each vote is right, [n_symbols].
        balance: Class balance, [n_classes].
        functions: The function of each vote, [n_symbols]: all its votes together stay below 1.
        spread: In proportion to the class balance, or evenly. Evenly makes every vote favour rare classes.
    """
    is_named = shares > 0
    mass = np.broadcast_to(balance if spread == "balance" else np.ones(len(balance)), shares.shape)
    named, others = np.where(is_named, mass, 0.0), np.where(is_named, 0.0, mass)
    right = precision[:, None] * named / named.sum(axis=1, keepdims=True)
    wrong = (1 - precision)[:, None] * others / others.sum(axis=1, keepdims=True)
    table = np.minimum(1, frequency[:, None] * (right + wrong) / balance)
    n_functions = int(functions.max(initial=-1)) + 1
    totals = np.zeros((n_functions, shares.shape[1]))
    np.add.at(totals, functions, table)
    scale = np.minimum(1, _MOST / np.maximum(totals, _MOST))
    limited: Floats = table * scale[functions]
    return limited


def symbol_precision(precision: float | Mapping[str, float], label_matrix: LabelMatrix, rows: Rows) -> Floats:
    """Return the precision of each vote: as given, but counted for functions with enough ground truth.

    Counted means shrunk: (hits + 10 given) / (votes + 10).
    """
    n_classes = len(label_matrix.classes)
    given = function_values("precision", precision, label_matrix.functions, default=PRECISION)
    if ((given <= 1 / n_classes) | (given >= 1)).any():
        wrong = given[(given <= 1 / n_classes) | (given >= 1)][0]
        raise SchemaError(
            f"`precision` is how often a vote is right: above chance (1/{n_classes}) and below 1; it is {wrong:g}."
        )
    known = np.flatnonzero(rows.truth >= 0)
    votes, weight = rows.votes[known].astype(np.float64), rows.weight[known]
    is_right = votes.multiply(label_matrix.class_shares.T[rows.truth[known]] > 0) if len(known) else votes
    functions, n_functions = label_matrix.symbol_functions, len(label_matrix.functions)
    n_votes = np.bincount(functions, weights=votes.T @ weight, minlength=n_functions)
    hits = np.bincount(functions, weights=is_right.T @ weight, minlength=n_functions)
    counted = (hits + _PSEUDO_VOTES * given) / (n_votes + _PSEUDO_VOTES)
    lowest = 0.3 if n_classes == 2 else 1.05 / n_classes
    chosen = np.where(n_votes >= _ENOUGH_TRUTH, np.clip(counted, lowest, 0.98), given)
    of_symbols: Floats = chosen[functions]
    return of_symbols


def function_values(
    what: str, value: float | Mapping[str, float] | None, functions: tuple[str, ...], *, default: float
) -> Floats:
    """Return one number for each function: the same, or by name with `default` for those not named."""
    if not isinstance(value, Mapping):
        return np.full(len(functions), default if value is None else float(value))
    for name in value:
        if name not in functions:
            raise UnknownNameError(f"function (named in `{what}`)", name, available=functions)
    return np.array([value.get(name, default) for name in functions], dtype=np.float64)
