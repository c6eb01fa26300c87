"""What is known about the rows when functions are suggested: labels in two halves, and existing votes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from nacre.analysis._candidates import Booleans, Candidates
from nacre.analysis._log_odds import log_odds
from nacre.data import MultiLabel, Spans, VoteSchema
from nacre.errors import SchemaError
from nacre.labeling import LabelMatrix, encode_truth
from nacre.metrics import wilson_limits

Floats = NDArray[np.float64]
MIN_HALVES = 40  # labelled rows from which a half is kept for scoring


@dataclass(frozen=True, eq=False)
class Truth:
    """Labels of the rows looked at, per class: `is_class` and `is_known` are [n_classes, n_rows]."""

    is_class: Booleans
    is_known: Booleans

    @property
    def is_labeled(self) -> Booleans:
        """Which rows have any label: [n_rows]."""
        return np.asarray(self.is_known.any(axis=0))

    def where(self, rows: NDArray[Any]) -> Truth:
        """Keep some rows: a mask or positions."""
        return Truth(self.is_class[:, rows], self.is_known[:, rows])

    def only(self, rows: Booleans) -> Truth:
        """Forget the labels of all other rows."""
        return Truth(self.is_class & rows, self.is_known & rows)


@dataclass(frozen=True, eq=False)
class Standing:
    """What existing functions say of the rows looked at.

    `is_covered` [n_rows]; `excludes` [n_classes, n_rows], whether any vote excludes a class; `proba`
    [n_classes, n_rows], of a label model or the shares of the votes.
    """

    is_covered: Booleans
    excludes: Booleans
    proba: Floats

    def where(self, rows: NDArray[Any]) -> Standing:
        """Keep some rows: a mask or positions."""
        return Standing(self.is_covered[rows], self.excludes[:, rows], self.proba[:, rows])


def truth_of(labels: ArrayLike | pl.Series | None, schema: VoteSchema, n_rows: int) -> Truth:
    """Return the labels per class; no labels know nothing."""
    if isinstance(schema, Spans):
        raise SchemaError("Functions are suggested for whole data points; there is no suggestion of spans.")
    n_classes = len(schema.classes)
    if labels is None:
        nothing = np.zeros((n_classes, n_rows), dtype=np.bool_)
        return Truth(nothing, nothing)
    y = encode_truth(labels, schema, n_rows)
    if isinstance(schema, MultiLabel):
        return Truth(y.T == 1, y.T >= 0)
    is_class = y[None, :] == np.arange(n_classes)[:, None]
    return Truth(is_class, np.broadcast_to(y >= 0, is_class.shape).copy())


def halves(truth: Truth, random_state: int) -> tuple[Truth, Truth | None]:
    """Return the labels that propose and those that score; too few labels propose all and score nothing."""
    labeled = np.flatnonzero(truth.is_labeled)
    if len(labeled) < MIN_HALVES:
        return truth, None
    chosen = np.random.default_rng(random_state).permutation(labeled)[: len(labeled) // 2]
    proposes = np.zeros(truth.is_known.shape[1], dtype=np.bool_)
    proposes[chosen] = True
    return truth.only(proposes), truth.only(~proposes)


def standing_of(
    label_matrix: LabelMatrix | None, probabilities: ArrayLike | None, row_ids: pl.Series, schema: VoteSchema
) -> Standing:
    """Return what the label matrix says; none says nothing."""
    n_rows, n_classes = len(row_ids), len(schema.classes)
    if label_matrix is None:
        nothing = np.zeros((n_classes, n_rows), dtype=np.bool_)
        return Standing(nothing[0], nothing, np.full((n_classes, n_rows), np.nan))
    if label_matrix.schema != schema or not label_matrix.units.get_column("row_id").equals(row_ids):
        raise SchemaError(
            f"The label matrix has {label_matrix.n_units:,} units and the data {n_rows:,} rows. Suggestions need the "
            "votes on the same rows and the same schema: apply the functions to this data."
        )
    supports, excludes = _symbol_classes(label_matrix)
    votes = label_matrix.votes.astype(np.float64)
    against = (votes @ excludes).T > 0
    if probabilities is not None:
        proba = np.asarray(probabilities, dtype=np.float64)
        if proba.shape != (n_rows, n_classes):
            raise SchemaError(f"Probabilities have the shape {proba.shape}; expected {(n_rows, n_classes)}.")
        return Standing(label_matrix.is_covered, against, proba.T)
    pro, contra = votes @ supports, votes @ excludes
    total = pro + contra if isinstance(schema, MultiLabel) else pro.sum(axis=1, keepdims=True)
    proba = np.divide(pro, total, out=np.full(pro.shape, np.nan), where=total > 0)
    return Standing(label_matrix.is_covered, against, proba.T)


def _symbol_classes(label_matrix: LabelMatrix) -> tuple[Floats, Floats]:
    """Return how each symbol supports and excludes each class: [n_symbols, n_classes]."""
    codes = label_matrix.symbol_codes.astype(np.int64)
    if isinstance(label_matrix.schema, MultiLabel):
        classes = np.arange(len(label_matrix.classes))
        return (codes[:, None] == classes).astype(float), (-2 - codes[:, None] == classes).astype(float)
    supports = label_matrix.class_shares
    return supports, (supports == 0).astype(float)


@dataclass(frozen=True, eq=False)
class Scores:
    """How candidates do on labels, per class: arrays [n_classes, n_candidates]."""

    hits: Floats
    n: Floats
    low: Floats
    z: Floats
    base: Floats


def score(candidates: Candidates, is_class: NDArray[Any], is_known: NDArray[Any]) -> Scores:
    """Return precision limits and the z-scores of log-odds of each class, each row counted once per candidate.

    Args:
        candidates: The conditions.
        is_class: Whether a known row is of a class, or how probably: [n_classes, n_rows].
        is_known: Which rows count for a class: [n_classes, n_rows].
    """
    positive = np.where(is_known, is_class, 0).astype(np.float64)
    hits, n = candidates.count(positive), candidates.count(is_known)
    hits = np.minimum(hits, n)
    in_class, known = positive.sum(axis=1), np.asarray(is_known, dtype=np.float64).sum(axis=1)
    sizes = zip(in_class, known - in_class, strict=True)
    odds = [log_odds(hits[c], inside, n[c] - hits[c], outside).z for c, (inside, outside) in enumerate(sizes)]
    base = in_class / np.maximum(known, 1)
    return Scores(hits, n, wilson_limits(hits, n).low, np.array(odds), base[:, None])
