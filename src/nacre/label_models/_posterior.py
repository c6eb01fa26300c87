"""From votes to probabilities by adding log-weights, and the state that such models share."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nacre.errors import SchemaError
from nacre.label_models._checks import Floats, with_ground_truth
from nacre.label_models._rows import Block, Posterior, blocks
from nacre.label_models._stored import StoredLabelModel
from nacre.labeling import LabelMatrix

if TYPE_CHECKING:
    from scipy.sparse import csr_array

FLOOR = 1e-10  # smallest probability of a vote, so that no vote alone rules a class out for ever


def normalise(scores: Floats) -> Floats:
    """Turn scores [n, n_classes] into probabilities in place (softmax) and return the logs of their sums [n]."""
    highest: Floats = scores[:, 0].copy()
    for column in scores.T[1:]:  # many times faster than a reduction over short rows
        np.maximum(highest, column, out=highest)
    scores -= highest[:, None]
    np.exp(scores, out=scores)
    total: Floats = scores @ np.ones(scores.shape[1])
    scores /= total[:, None]
    np.log(total, out=total)
    total += highest
    return total


def shares(counts: Floats, otherwise: Floats) -> Floats:
    """Return counts [n, n_classes] as shares of their rows, and `otherwise` [n_classes] for rows without any."""
    totals = counts.sum(axis=1, keepdims=True)
    filled = np.broadcast_to(otherwise, counts.shape).copy()
    found: Floats = np.divide(counts, totals, out=filled, where=totals > 0)
    return found


def log_linear(log_weights: Floats, log_prior: Floats) -> Posterior:
    """Return the posterior that adds the log-weights of votes; known truth is certain."""

    def posterior(block: Block) -> tuple[Floats, Floats]:
        scores = block.votes @ log_weights
        scores += log_prior
        known = np.flatnonzero(block.truth >= 0)
        if len(known):
            of_truth = scores[known, block.truth[known]]
            scores[known] = -np.inf
            scores[known, block.truth[known]] = of_truth
        return scores, normalise(scores)

    return posterior


def vote_shares(class_shares: Floats, balance: Floats) -> Posterior:
    """Return the posterior that starts EM: vote shares times the class balance; known truth is certain."""

    def posterior(block: Block) -> tuple[Floats, Floats]:
        proba = shares((block.votes @ class_shares) * balance, otherwise=balance)
        return with_ground_truth(proba, block.truth), np.zeros(len(proba))

    return posterior


def add_log_weights(votes: csr_array, log_weights: Floats, log_prior: Floats) -> Floats:
    """Return the probabilities of all rows, block by block."""
    proba = np.empty((votes.shape[0], len(log_prior)))
    start = 0
    for block in blocks(votes) if len(proba) else []:
        part = proba[start : start + block.shape[0]]
        part[:] = block @ log_weights
        part += log_prior
        normalise(part)
        start += len(part)
    return proba


class LogLinear(StoredLabelModel):
    """A label model that adds what votes say about each class.

    Attributes:
        functions_: The functions of the fit.
        log_prior_: The log-probability of each class without any vote, [n_classes].
    """

    functions_: tuple[str, ...]
    log_prior_: Floats

    def predict_proba(self, label_matrix: LabelMatrix) -> Floats:
        log_weights = self.vote_weights(label_matrix)
        if not label_matrix.patterns_repeat:
            return add_log_weights(label_matrix.votes, log_weights, self.log_prior_)
        first, inverse, _ = label_matrix.patterns
        return add_log_weights(label_matrix.votes[first], log_weights, self.log_prior_)[inverse]

    @abstractmethod
    def vote_weights(self, label_matrix: LabelMatrix) -> Floats:
        """Return what each vote of a label matrix adds to the log-probability of each class.

        An array [n_symbols, n_classes] in the order of `label_matrix.symbols`; 0 for votes that the fit never saw.
        """

    def _function_places(self, label_matrix: LabelMatrix) -> NDArray[np.int64]:
        """Return which function of the fit each function of a label matrix is."""
        self._check_fitted_on(label_matrix)
        places = {name: place for place, name in enumerate(self.functions_)}
        unknown = [name for name in label_matrix.functions if name not in places]
        if unknown:
            others = f" and {len(unknown) - 1} others" if len(unknown) > 1 else ""
            raise SchemaError(
                f"`{type(self).__name__}` was not fitted on the function `{unknown[0]}`{others}. Fit it again with all "
                "functions, or `select` those of the fit."
            )
        return np.array([places[name] for name in label_matrix.functions], dtype=np.int64)


class SymbolLogLinear(LogLinear):
    """A label model that has learned what each symbol (function and answer) says.

    Attributes:
        symbol_functions_: The function of each symbol, [n_symbols].
        symbol_codes_: The code of each symbol, [n_symbols].
        log_weights_: What a vote adds to the log-probability of each class, [n_symbols, n_classes].
    """

    symbol_functions_: NDArray[np.int64]
    symbol_codes_: NDArray[np.int16]
    log_weights_: Floats

    def vote_weights(self, label_matrix: LabelMatrix) -> Floats:
        functions = self._function_places(label_matrix)
        known = zip(self.symbol_functions_.tolist(), self.symbol_codes_.tolist(), strict=True)
        places = {symbol: place for place, symbol in enumerate(known)}
        found = [places.get((int(functions[function]), code), -1) for function, code in label_matrix.symbols]
        order = np.array(found, dtype=np.int64)
        weights = np.zeros((len(order), self.log_weights_.shape[1]))
        weights[order >= 0] = self.log_weights_[order[order >= 0]]
        return weights

    def _take_symbols(self, label_matrix: LabelMatrix) -> None:
        self.classes_ = label_matrix.classes
        self.functions_ = label_matrix.functions
        self.symbol_functions_ = label_matrix.symbol_functions
        self.symbol_codes_ = label_matrix.symbol_codes
