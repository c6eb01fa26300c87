"""Votes of fitted models, and of predictions that came with the data."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nacre._hashing import hash_json
from nacre.data import Classes, MultiLabel, Spans, VoteSchema
from nacre.errors import SchemaError, SpecError
from nacre.functions._condition import check_field, dataclass_spec
from nacre.functions._function import Votes

if TYPE_CHECKING:
    from nacre.functions._context import Context, Predictor


@dataclass(frozen=True)
class Model:
    """Vote for the class that a model finds most probable, if its probability reaches `threshold`.

    With a `MultiLabel` schema, each class whose probability reaches the threshold is present, and each whose
    improbability does is absent.

    Args:
        name: The name of the labeling function.
        predictor: The name of a fitted model in the context.
        column: Otherwise, the field with stored probabilities: a list in the order of the classes, or a struct with
            a number per class.
        threshold: The least probability to vote on, from 0 to 1.

    Examples:
        >>> from nacre.data import Classes
        >>> stored = Model("old_model", column="scores", threshold=0.8)
        >>> votes = stored.vote(pl.DataFrame({"scores": [[0.9, 0.1], [0.4, 0.6], None]}), Classes(("ham", "spam")))
        >>> votes.values.to_list(), (votes.confidence > 0.5).to_list()
        ([0, None, None], [True, True, None])
    """

    name: str
    predictor: str | None = None
    column: str | None = None
    threshold: float = 0.5
    fitted: Predictor | None = dataclasses.field(default=None, compare=False, repr=False)
    """The model itself, once the name is resolved."""

    kind: ClassVar[str] = "model"

    def __post_init__(self) -> None:
        if (self.predictor is None) == (self.column is None):
            raise SpecError(
                f"`{self.name}` needs either `predictor`, the name of a model, or `column`, a field of probabilities."
            )
        if self.column is not None:
            check_field(self.kind, self.column)
        if not isinstance(self.threshold, int | float) or not 0 <= self.threshold <= 1:
            raise SpecError(f"`threshold` of `{self.name}` is a probability from 0 to 1; found {self.threshold!r}.")

    @property
    def reads(self) -> tuple[str, ...]:
        if self.column is not None:
            return (self.column,)
        return () if self.fitted is None else self.fitted.reads  # known once the name is resolved

    @property
    def fingerprint(self) -> str:
        source = self.predictor if self.fitted is None else self.fitted.fingerprint
        return hash_json({self.kind: [source, self.column, self.threshold]})

    def resolve(self, context: Context) -> Model:
        if self.predictor is None:
            return self
        return dataclasses.replace(self, fitted=context.predictor(self.predictor))

    def spec(self) -> dict[str, Any]:
        return {self.kind: dataclass_spec(self, skip=("name",))}

    def vote(self, chunk: pl.DataFrame, schema: VoteSchema) -> Votes:
        if isinstance(schema, Spans):
            raise SchemaError(f"`{self.name}` votes on whole data points, not on spans of `{schema.field}`.")
        proba = self._probabilities(chunk, schema)
        known = ~np.isnan(proba).all(axis=1)
        safe = np.where(np.isnan(proba), 0.0, proba)
        if isinstance(schema, MultiLabel):
            return _present_and_absent(proba, self.threshold, schema)
        best = safe.argmax(axis=1)
        confidence = safe[np.arange(len(safe)), best]
        frame = pl.DataFrame(
            {"code": best.astype(np.int16), "confidence": confidence.astype(np.float32), "known": known}
        )
        is_sure = pl.Series(np.round(confidence, 6) >= self.threshold)
        values = frame.select(pl.when(pl.col("known") & is_sure).then("code")).to_series()
        return Votes(values, None, frame.select(pl.when("known").then("confidence")).to_series())

    def _probabilities(self, chunk: pl.DataFrame, schema: Classes | MultiLabel) -> NDArray[np.float64]:
        """Return [n_rows, n_classes] in the order of the schema; NaN where nothing is said."""
        if self.column is not None:
            return _stored(chunk.get_column(self.column), schema, self.name)
        fitted = self._fitted()
        unknown = [name for name in fitted.classes_ if name not in schema.names]
        if unknown:
            raise SchemaError(
                f"The model `{self.predictor}` of `{self.name}` knows the classes {', '.join(fitted.classes_)}; "
                f"`{unknown[0]}` is not among {', '.join(schema.names)}. Fit it again with this schema."
            )
        proba = np.full((len(chunk), len(schema.names)), np.nan)
        if len(chunk):
            proba[:, [schema.names.index(name) for name in fitted.classes_]] = fitted.predict_proba(chunk)
        return proba

    def _fitted(self) -> Predictor:
        if self.fitted is None:
            raise SpecError(f"`{self.name}` names the model `{self.predictor}`, which `apply` takes from its context.")
        return self.fitted


def _stored(column: pl.Series, schema: Classes | MultiLabel, name: str) -> NDArray[np.float64]:
    n_classes = len(schema.names)
    if isinstance(column.dtype, pl.Struct):
        fields = {field.name for field in column.dtype.fields}
        if not fields <= set(schema.names):
            raise SchemaError(
                f"`{column.name}` of `{name}` has the fields {', '.join(sorted(fields))}; expected classes among "
                f"{', '.join(schema.names)}."
            )
        parts = [
            column.struct.field(label).cast(pl.Float64).fill_null(np.nan).to_numpy()
            if label in fields
            else np.full(len(column), np.nan)
            for label in schema.names
        ]
        return np.column_stack(parts)
    if not isinstance(column.dtype, pl.List | pl.Array):
        raise SchemaError(
            f"`{column.name}` of `{name}` is {column.dtype}; expected probabilities as List, Array or Struct. A column "
            "of classes is read by `existing`."
        )
    lists = column.cast(pl.List(pl.Float64))
    lengths = lists.list.len().drop_nulls()
    if (lengths != n_classes).any():
        raise SchemaError(
            f"`{column.name}` of `{name}` has lists of {lengths.unique().to_list()} numbers, not {n_classes}."
        )
    proba = np.full((len(column), n_classes), np.nan)
    rows = lists.is_not_null().to_numpy()
    proba[rows] = lists.drop_nulls().explode(empty_as_null=False).fill_null(np.nan).to_numpy().reshape(-1, n_classes)
    return proba


def _present_and_absent(proba: NDArray[np.float64], threshold: float, schema: MultiLabel) -> Votes:
    present, absent = np.round(proba, 6) >= threshold, np.round(1 - proba, 6) >= threshold
    says = [
        {"present": np.flatnonzero(yes).tolist(), "absent": np.flatnonzero(no & ~yes).tolist()}
        if (yes | no).any()
        else None
        for yes, no in zip(present, absent, strict=True)
    ]
    return Votes(pl.Series("value", says, dtype=schema.dtype))
