"""The line that every other end model must beat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from nacre.data import LabelSchema, MultiLabel
from nacre.models._linear import multi_label_votes
from nacre.models._stored import State, StoredModel
from nacre.models._targets import read_targets


@dataclass(eq=False)
class Prior(StoredModel):
    """Give every row the class balance of the training rows; it reads no field.

    Attributes:
        class_balance_: The share of each class.

    Examples:
        >>> from nacre.data import Classes
        >>> mail = pl.DataFrame({"body": ["Free cash", "Lunch?", "Tea?", None]})
        >>> Prior().fit(mail, [1, 0, 0, -1], Classes(("ham", "spam"))).predict_proba(mail[:1]).round(2)
        array([[0.67, 0.33]])
    """

    kind: ClassVar[str] = "prior"

    @property
    def reads(self) -> tuple[str, ...]:
        return ()

    def fit(
        self,
        data: pl.DataFrame,
        y: ArrayLike | pl.Series,
        schema: LabelSchema,
        *,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        targets = read_targets(y, schema, sample_weight, len(data))
        weights = targets.weights[:, None] * ~np.isnan(targets.proba)
        totals = weights.sum(axis=0)
        hits = (weights * np.nan_to_num(targets.proba)).sum(axis=0)
        self._take_schema(schema)
        balance: NDArray[np.float64] = np.divide(hits, totals, out=np.full(len(totals), 0.5), where=totals > 0)
        self.class_balance_ = balance
        return self

    def predict_proba(self, data: pl.DataFrame) -> NDArray[np.float64]:
        self._check_fitted()
        return np.tile(self.class_balance_, (len(data), 1))

    def predict(self, data: pl.DataFrame) -> pl.Series:
        proba = self.predict_proba(data)
        if isinstance(self.schema_, MultiLabel):
            return multi_label_votes(proba >= 0.5)
        return pl.Series(proba.argmax(axis=1), dtype=pl.Int16)

    def _state(self) -> State:
        self._check_fitted()
        return State({}, {"class_balance": self.class_balance_})

    def _restore(self, state: State) -> None:
        self.class_balance_ = state.arrays["class_balance"]
