"""What all linear end models share: encoders, a logistic regression, and reasons that a person can read."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from nacre.data import CHUNK_ROWS, LabelSchema, MultiLabel
from nacre.errors import SchemaError, SpecError, UnknownNameError
from nacre.metrics import best_thresholds
from nacre.models._encoders import Category, Encoder, Quantity, Vector, side_by_side
from nacre.models._logistic import LogisticWeights, fit_sigmoid, fit_softmax, sigmoid, softmax
from nacre.models._stored import State, StoredModel
from nacre.models._targets import Targets, read_targets
from nacre.models._terms import Terms

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Floats = NDArray[np.float64]
_ENCODERS: dict[str, Any] = {encoder.kind: encoder for encoder in (Terms, Category, Quantity, Vector)}


class LinearModel(StoredModel):
    """A logistic regression on encoded fields.

    Classes that exclude each other share a softmax; those of a `MultiLabel` schema have a sigmoid each.

    Attributes:
        encoders_: How the fields become columns.
        weights_: One row per column, one column per class.
        intercept_: One number per class.
        thresholds_: With a `MultiLabel` schema, the probability from which on `predict` calls a class present.
    """

    C: float
    encoders_: tuple[Encoder, ...]
    weights_: Floats
    intercept_: Floats
    thresholds_: Floats

    @abstractmethod
    def _fitted_encoders(self, data: pl.DataFrame) -> tuple[Encoder, ...]:
        """Learn how the fields of the training rows become columns."""

    def fit(
        self,
        data: pl.DataFrame,
        y: ArrayLike | pl.Series,
        schema: LabelSchema,
        *,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        targets = read_targets(y, schema, sample_weight, len(data))
        return self._learn(self._units(data), targets, schema)

    def predict_proba(self, data: pl.DataFrame) -> Floats:
        self._check_fitted()
        return self._proba(self._units(data))

    def predict(self, data: pl.DataFrame) -> pl.Series:
        proba = self.predict_proba(data)
        if isinstance(self.schema_, MultiLabel):
            return multi_label_votes(proba >= self.thresholds_)
        return pl.Series(proba.argmax(axis=1), dtype=pl.Int16)

    def choose_thresholds(self, data: pl.DataFrame, y: ArrayLike | pl.Series) -> Self:
        """With a `MultiLabel` schema, set `thresholds_` to those with the largest F1 of each class.

        Choose them on valid, never on test.
        """
        self._check_fitted()
        if not isinstance(self.schema_, MultiLabel):
            raise SchemaError("Classes that exclude each other need no thresholds: the most probable one is predicted.")
        targets = read_targets(y, self.schema_, None, len(data))
        truth = np.where(np.isnan(targets.proba), -1, targets.proba >= 0.5).astype(np.int16)
        self.thresholds_ = best_thresholds(truth, self.predict_proba(data)[targets.rows])
        return self

    def top_terms(self, label: str, n: int = 10) -> pl.DataFrame:
        """Return what speaks most for a class: columns `term`, `weight`."""
        position = self._position(label)
        weights = self.weights_[:, position]
        names = self._names()
        best = np.argsort(-weights, kind="stable")[:n]
        return pl.DataFrame({"term": [names[i] for i in best], "weight": weights[best]}, schema=_TOP_TERMS)

    def explain(self, data: pl.DataFrame, label: str | None = None, *, n: int = 10) -> pl.DataFrame:
        """Return what moved each prediction most, for or against a class.

        Args:
            data: The rows to explain.
            label: The class; None takes the most probable one of each row.
            n: How many terms per row.

        Returns:
            Columns `row` (position in `data`), `label`, `term`, `contribution` (to the score of the class, which the
            intercept completes), the strongest first.
        """
        from scipy.sparse import csr_array

        self._check_fitted()
        units = self._units(data)
        classes = self._proba(units).argmax(axis=1) if label is None else np.full(len(units), self._position(label))
        cells = csr_array(self._encode(units)).tocoo()
        contributions = cells.data * self.weights_[cells.col, classes[cells.row]]
        order = np.lexsort((cells.col, -np.abs(contributions), cells.row))
        ranks = np.arange(len(order)) - np.searchsorted(cells.row[order], cells.row[order])
        kept = order[ranks < n]
        names = self._names()
        values = {
            "row": cells.row[kept],
            "label": [self.classes_[i] for i in classes[cells.row[kept]]],
            "term": [names[i] for i in cells.col[kept]],
            "contribution": contributions[kept],
        }
        return pl.DataFrame(values, schema=_CONTRIBUTIONS)

    def _units(self, data: pl.DataFrame) -> pl.DataFrame:
        """Return what gets a class each, as the encoders read it."""
        return self._read(data)

    def _learn(self, units: pl.DataFrame, targets: Targets, schema: LabelSchema) -> Self:
        training = units[targets.rows]
        self._take_schema(schema)
        self.encoders_ = self._fitted_encoders(training)
        fit = fit_sigmoid if isinstance(schema, MultiLabel) else fit_softmax
        fitted = fit(self._encode(training), targets.proba, targets.weights, C=self.C)
        self.weights_, self.intercept_ = fitted
        self.thresholds_ = np.full(len(self.classes_), 0.5)
        return self

    def _proba(self, units: pl.DataFrame) -> Floats:
        link = sigmoid if isinstance(self.schema_, MultiLabel) else softmax
        parts = [self._encode(part) @ self.weights_ + self.intercept_ for part in units.iter_slices(CHUNK_ROWS)]
        return link(np.concatenate(parts)) if parts else np.zeros((0, len(self.classes_)))

    def _encode(self, units: pl.DataFrame) -> csr_array | Floats:
        blocks = [encoder.encode(units) for encoder in self.encoders_]
        return blocks[0] if len(blocks) == 1 else side_by_side(blocks)

    def _names(self) -> list[str]:
        return [name for encoder in self.encoders_ for name in encoder.names]

    def _position(self, label: str) -> int:
        self._check_fitted()
        if label not in self.classes_:
            raise UnknownNameError("class", label, available=self.classes_)
        return self.classes_.index(label)

    def _state(self) -> State:
        self._check_fitted()
        encoders = [{"kind": encoder.kind, **encoder.to_json()} for encoder in self.encoders_]
        arrays = {"weights": self.weights_, "intercept": self.intercept_, "thresholds": self.thresholds_}
        return State({"encoders": encoders}, arrays)

    def _restore(self, state: State) -> None:
        self.encoders_ = tuple(_encoder_from_json(**encoder) for encoder in state.values["encoders"])
        self.weights_, self.intercept_ = LogisticWeights(state.arrays["weights"], state.arrays["intercept"])
        self.thresholds_ = state.arrays["thresholds"]


_TOP_TERMS = {"term": pl.String, "weight": pl.Float64}
_CONTRIBUTIONS = {"row": pl.UInt32, "label": pl.String, "term": pl.String, "contribution": pl.Float64}


def multi_label_votes(is_present: NDArray[np.bool_]) -> pl.Series:
    """Return a vote column that says present or absent for every class."""
    votes = [{"present": np.flatnonzero(row), "absent": np.flatnonzero(~row)} for row in is_present]
    return pl.Series(votes, dtype=MultiLabel.dtype)


def check_names(model: LinearModel, names: tuple[str, ...]) -> None:
    """Refuse a model that does not say what it reads."""
    if not names or not all(isinstance(name, str) and name for name in names):
        raise SpecError(f"`{model.kind}` needs the names of the fields that it reads; it has {list(names)}.")


def check_positive(model: LinearModel, *settings: str) -> None:
    """Refuse settings that are not numbers above 0."""
    for setting in settings:
        value = getattr(model, setting)
        if not isinstance(value, (int, float)) or not value > 0:
            raise SpecError(f"`{setting}` must be a number above 0; `{model.kind}` has {value!r}.")


def _encoder_from_json(kind: str, **values: Any) -> Encoder:
    arguments = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    encoder: Encoder = _ENCODERS[kind](**arguments)
    return encoder
