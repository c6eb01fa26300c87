"""What functions, label model and end model say about each unit, beside the truth: what error analysis works on.

All kinds of schema come down to units that have one class each, so that everything in this package is written once:

`Classes`
    A unit is a data point.
`MultiLabel`
    A unit is a pair of a data point and a class, and its class is `absent` or `present`.
`Spans`
    A unit is a token. Where a function votes for a label, votes for "O" are left out, as `TokenWise` does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from nacre.data import Classes, MultiLabel, Spans
from nacre.errors import SchemaError
from nacre.label_models import without_outvoting
from nacre.labeling import LabelMatrix, Symbol, encode_truth
from nacre.metrics import Metric, cluster_ratios, predict, wilson

Codes: TypeAlias = NDArray[np.int16]
Floats: TypeAlias = NDArray[np.float64]
Mask: TypeAlias = NDArray[np.bool_]

PRESENCE = Classes(("absent", "present"))
MAX_ROWS = 1_000
"""How many rows a list in JSON holds at most; their number is beside it."""
UNIT_KEYS = ("row_id", "start", "end", "label")


@dataclass(frozen=True, eq=False)
class Outcomes:
    """Votes, probabilities and predictions of units, beside their truth; made by `Outcomes.of`.

    Args:
        label_matrix: The votes. Its `units` have `row_id`; for tokens `start` and `end`; for pairs `label`.
        truth: Codes [n_units], -1 where unknown.
        label_proba: What the label model says, [n_units, n_classes].
        proba: What the end model says, [n_units, n_classes].
        prediction: The answers of the end model, [n_units].
        class_balance: How frequent each class is; breaks ties.

    Examples:
        >>> votes = LabelMatrix.from_dense([[0, 0], [1, -1], [-1, -1]], Classes(("ham", "spam")))
        >>> sure = [[0.9, 0.1], [0.2, 0.8], [0.5, 0.5]]
        >>> outcomes = Outcomes.of(votes, [0, 0, 1], label_proba=sure, proba=sure)
        >>> outcomes.is_error.tolist()
        [False, True, True]
    """

    label_matrix: LabelMatrix
    truth: Codes
    label_proba: Floats
    proba: Floats
    prediction: Codes
    class_balance: Floats

    @classmethod
    def of(
        cls,
        label_matrix: LabelMatrix,
        truth: ArrayLike | pl.Series,
        *,
        label_proba: ArrayLike,
        proba: ArrayLike,
        prediction: ArrayLike | None = None,
        class_balance: ArrayLike | None = None,
    ) -> Outcomes:
        """Gather what is known about the units of a label matrix, in its order.

        Args:
            label_matrix: The votes on the split.
            truth: Codes (-1 unknown) or names; for `MultiLabel` [n_rows, n_classes] of 1, 0, -1.
            label_proba: Probabilities of the label model on the same rows or tokens.
            proba: Probabilities of the end model.
            prediction: Answers of the end model, in the form of `truth`. By default the most probable class, and with
                `MultiLabel` every class above one half.
            class_balance: How frequent each class is; uniform by default. With `MultiLabel` the label model says it.
        """
        schema, n = label_matrix.schema, label_matrix.n_units
        y = encode_truth(truth, schema, n)
        shape = (n, len(schema.classes))
        label, end = _probabilities(label_proba, shape, "label_proba"), _probabilities(proba, shape, "proba")
        answers = None if prediction is None else encode_truth(prediction, schema, n)
        if isinstance(schema, MultiLabel):
            label, end, y = _presence(label), _presence(end), y.reshape(-1)
            answers = None if answers is None else answers.reshape(-1)
            label_matrix, class_balance = presence_matrix(label_matrix), label.mean(axis=0)
        if isinstance(schema, Spans):
            label_matrix = without_outvoting(label_matrix)
        n_classes = label.shape[1]
        balance = np.full(n_classes, 1 / n_classes) if class_balance is None else np.asarray(class_balance, float)
        answers = predict(end, prior=balance) if answers is None else answers
        return cls(label_matrix, y, label, end, answers, balance)

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes of a unit."""
        return self.label_matrix.classes

    @property
    def n_units(self) -> int:
        """How many units there are."""
        return len(self.truth)

    @cached_property
    def clusters(self) -> NDArray[np.int64] | None:
        """The data point of each unit, [n_units], whose units are not independent; None where a unit is one."""
        units = self.label_matrix.units
        return units["row_id"].to_numpy() if units.width > 1 else None

    def rate(self, hits: Mask, among: Mask) -> Metric:
        """Return the share of hits among units, [n_units] both.

        The interval is Wilson's. Where several units share a data point, it resamples data points, and n counts them.
        """
        if self.clusters is None:
            return wilson(int((hits & among).sum()), int(among.sum()))
        return cluster_ratios(hits[among, None], np.ones((int(among.sum()), 1)), self.clusters[among])[0]

    @cached_property
    def is_known(self) -> Mask:
        """Whether the truth of a unit is known: [n_units]."""
        return self.truth >= 0

    @cached_property
    def is_error(self) -> Mask:
        """Whether the end model is known to be wrong: [n_units]."""
        is_error: Mask = self.is_known & (self.prediction != self.truth)
        return is_error

    @cached_property
    def vote_counts(self) -> Floats:
        """Votes per class, those for several classes shared among them: [n_units, n_classes]."""
        counts: Floats = self.label_matrix.votes @ self.label_matrix.class_shares
        return counts

    @cached_property
    def vote_proba(self) -> Floats:
        """What majority vote says; uniform where there is no vote: [n_units, n_classes]."""
        totals = self.vote_counts.sum(axis=1, keepdims=True)
        uniform = np.full(self.vote_counts.shape, 1 / len(self.classes))
        shares: Floats = np.divide(self.vote_counts, totals, out=uniform, where=totals > 0)
        return shares

    @cached_property
    def is_in_conflict(self) -> Mask:
        """Whether a unit has votes for more than one class: [n_units]."""
        in_conflict: Mask = (self.vote_counts > 0).sum(axis=1) > 1
        return in_conflict

    @cached_property
    def label_prediction(self) -> Codes:
        """The answers of the label model: [n_units]."""
        return predict(self.label_proba, prior=self.class_balance)

    def names(self, codes: Codes, positions: NDArray[np.int64]) -> pl.Series:
        """Return what codes of units are called: a class, or `sport` and `not sport` where a unit is a pair."""
        known = pl.Series(self.classes, dtype=pl.String)
        names = known.gather(pl.Series(np.where(codes >= 0, codes, 0)))
        if "label" in self.label_matrix.units.columns:
            label = self.label_matrix.units["label"][positions]
            names = pl.select(pl.when(pl.Series(codes == 1)).then(label).otherwise("not " + label)).to_series()
        return names.set(pl.Series(codes < 0), None)

    def frame(self, positions: NDArray[np.int64]) -> pl.DataFrame:
        """Return units as rows: keys, truth, what both models say and how surely, and the votes."""
        units = self.label_matrix.units[positions]
        frame = units.with_columns(
            self.names(self.truth[positions], positions).alias("truth"),
            self.names(self.prediction[positions], positions).alias("prediction"),
            pl.Series("confidence", _of_class(self.proba[positions], self.prediction[positions]), nan_to_null=True),
            self.names(self.label_prediction[positions], positions).alias("label_model"),
            pl.Series("label_confidence", self.label_proba[positions].max(axis=1, initial=0)),
            pl.Series("in_conflict", self.is_in_conflict[positions]),
        )
        votes = _vote_lists(self.label_matrix, positions)
        return frame.with_row_index("_place").join(votes, on="_place", how="left").drop("_place")


def presence_matrix(label_matrix: LabelMatrix) -> LabelMatrix:
    """Return votes on several labels as votes on pairs of a data point and a class, one class after the other."""
    from scipy.sparse import csr_array

    n_classes = len(label_matrix.classes)
    codes = label_matrix.symbol_codes.astype(np.int64)
    is_present = codes >= 0
    label = np.where(is_present, codes, -2 - codes)
    keys, place = np.unique(label_matrix.symbol_functions * 2 + is_present, return_inverse=True)
    votes = label_matrix.votes
    unit = (
        np.repeat(np.arange(votes.shape[0], dtype=np.int64), np.diff(votes.indptr)) * n_classes + label[votes.indices]
    )
    entries = (np.ones(votes.nnz, dtype=np.bool_), (unit, place[votes.indices]))
    names = pl.Series("label", label_matrix.classes * label_matrix.n_units, dtype=pl.String)
    units = label_matrix.units[np.repeat(np.arange(label_matrix.n_units), n_classes)].with_columns(names)
    return replace(
        label_matrix,
        schema=PRESENCE,
        symbols=tuple(Symbol(key // 2, key % 2) for key in keys.tolist()),
        votes=csr_array(entries, shape=(len(units), len(keys))),
        units=units,
    )


def _presence(proba: Floats) -> Floats:
    """Return independent probabilities [n, n_classes] as pairs absent, present: [n * n_classes, 2]."""
    present = proba.reshape(-1)
    return np.column_stack([1 - present, present])


def _probabilities(proba: ArrayLike, shape: tuple[int, int], name: str) -> Floats:
    probabilities = np.asarray(proba, dtype=np.float64)
    if probabilities.shape != shape:
        raise SchemaError(
            f"`{name}` has the shape {probabilities.shape}; expected {shape}, a row per unit of the label matrix and a "
            "column per class. Predict on the rows that the functions were applied to."
        )
    if not np.isfinite(probabilities).all():
        raise SchemaError(f"`{name}` has values that are not finite. Leave those units out with `where`.")
    return probabilities


def _of_class(proba: Floats, codes: Codes) -> Floats:
    chosen: Floats = proba[np.arange(len(codes)), np.maximum(codes, 0)]
    return np.where(codes >= 0, chosen, np.nan)


VOTES = pl.List(pl.Struct({"function": pl.String, "vote": pl.String}))


def _vote_lists(label_matrix: LabelMatrix, positions: NDArray[np.int64]) -> pl.DataFrame:
    """Return the votes of each unit as a list of structs; null where there are none."""
    part = label_matrix.votes[positions]
    names = [label_matrix.schema.label(code) for _, code in label_matrix.symbols]
    functions = [label_matrix.functions[function] for function, _ in label_matrix.symbols]
    symbols = pl.DataFrame({"function": functions, "vote": names}, schema={"function": pl.String, "vote": pl.String})
    places = np.repeat(np.arange(len(positions), dtype=np.uint32), np.diff(part.indptr))
    votes = symbols[part.indices].select(pl.struct("function", "vote").alias("votes"))
    return votes.with_columns(pl.Series("_place", places)).group_by("_place", maintain_order=True).agg("votes")
