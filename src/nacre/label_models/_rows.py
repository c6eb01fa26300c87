"""Votes as the learners read them: equal rows once, in blocks that fit the cache."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nacre.label_models._checks import Floats, check_votes, checked_truth, checked_weight
from nacre.labeling import LabelMatrix

if TYPE_CHECKING:
    import polars as pl
    from scipy.sparse import csr_array

_BLOCK = 8_192


class Rows(NamedTuple):
    """What a label model learns from: votes [n, n_symbols], weights [n], ground truth [n] (-1 unknown)."""

    votes: csr_array
    weight: Floats
    truth: NDArray[np.int16]


class Block(NamedTuple):
    """Some consecutive rows."""

    votes: csr_array
    weight: Floats
    truth: NDArray[np.int16]


class Expectation(NamedTuple):
    """What the M-step needs: expected votes [n_symbols, n_classes], expected units [n_classes], log-likelihood."""

    votes: Floats
    units: Floats
    log_likelihood: float


Posterior: TypeAlias = Callable[[Block], tuple[Floats, Floats]]
"""Probabilities [n, n_classes] and log-likelihoods [n] of a block."""


def distinct_rows(label_matrix: LabelMatrix, y: ArrayLike | pl.Series | None, sample_weight: ArrayLike | None) -> Rows:
    """Return each pattern of votes once, weighted by its units, and each unit of known truth on its own.

    Worth its while only where patterns repeat: a sample of rows says so.
    """
    check_votes(label_matrix)
    truth = checked_truth(y, label_matrix)
    weight = checked_weight(sample_weight, label_matrix.n_units)
    if not label_matrix.patterns_repeat:
        return Rows(label_matrix.votes, weight, truth)
    first, inverse, _ = label_matrix.patterns
    is_known = truth >= 0
    pattern_weight = np.bincount(inverse, weights=np.where(is_known, 0, weight), minlength=len(first))
    kept = pattern_weight > 0
    known = np.flatnonzero(is_known)
    unknown_truth = np.full(int(kept.sum()), -1, dtype=np.int16)
    return Rows(
        label_matrix.votes[np.concatenate([first[kept], known])],
        np.concatenate([pattern_weight[kept], weight[known]]),
        np.concatenate([unknown_truth, truth[known]]),
    )


def blocks(votes: csr_array) -> list[csr_array]:
    """Cut votes into blocks of rows that share their memory, as float64.

    Boolean products would saturate; votes are all 1, so that one array of ones serves every block.
    """
    from scipy.sparse import csr_array

    ends = [*range(_BLOCK, votes.shape[0], _BLOCK), votes.shape[0]]
    bounds = list(zip([0, *ends[:-1]], ends, strict=True))
    is_boolean = votes.dtype == np.bool_
    longest = max(int(votes.indptr[end] - votes.indptr[start]) for start, end in bounds)
    data = np.ones(longest) if is_boolean else votes.data.astype(np.float64, copy=False)
    found = []
    for start, end in bounds:
        low, high = votes.indptr[start], votes.indptr[end]
        values = data[: high - low] if is_boolean else data[low:high]
        arrays = (values, votes.indices[low:high], votes.indptr[start : end + 1] - low)
        found.append(csr_array(arrays, shape=(end - start, votes.shape[1])))
    return found


def row_blocks(rows: Rows) -> list[Block]:
    """Cut rows into blocks."""
    found, start = [], 0
    for votes in blocks(rows.votes):
        end = start + votes.shape[0]
        found.append(Block(votes, rows.weight[start:end], rows.truth[start:end]))
        start = end
    return found


def expect(row_blocks: list[Block], posterior: Posterior, n_classes: int) -> Expectation:
    """Sum the votes and units that are expected of each class."""
    votes = np.zeros((row_blocks[0].votes.shape[1], n_classes))
    units, log_likelihood = np.zeros(n_classes), 0.0
    for block in row_blocks:
        proba, row_log_likelihood = posterior(block)
        log_likelihood += float(block.weight @ row_log_likelihood)
        proba *= block.weight[:, None]
        votes += block.votes.T @ proba
        units += np.ones(len(proba)) @ proba
    return Expectation(votes, units, log_likelihood)
