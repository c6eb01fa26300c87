"""The end model for tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from nacre.errors import SchemaError
from nacre.models._encoders import Category, Encoder, Quantity
from nacre.models._linear import LinearModel, check_names, check_positive
from nacre.models._terms import Terms


@dataclass(eq=False)
class TabularLinear(LinearModel):
    """Learn from numbers, categories and, beside them, texts: logistic regression on all columns together.

    A number or a time enters standardised and by tenths; a string or Boolean as a column per value (the 1,000 most
    frequent); `text_fields` as in `TextLinear`.

    Args:
        fields: Fields with numbers, times, Booleans or categories.
        text_fields: Fields to read as text.
        C: How little the weights are held back.

    Examples:
        >>> from nacre.data import Classes
        >>> people = pl.DataFrame({"age": [20, 30, 50, 60], "sex": ["f", "m", "m", "f"]})
        >>> model = TabularLinear(["age", "sex"]).fit(people, [0, 0, 1, 1], Classes(("low", "high")))
        >>> model.predict(pl.DataFrame({"age": [25, 55], "sex": ["m", None]})).to_list()
        [0, 1]
    """

    fields: Sequence[str]
    text_fields: Sequence[str] = ()
    C: float = 10.0

    kind: ClassVar[str] = "tabular_linear"

    def __post_init__(self) -> None:
        self.fields = (self.fields,) if isinstance(self.fields, str) else tuple(self.fields)
        self.text_fields = (self.text_fields,) if isinstance(self.text_fields, str) else tuple(self.text_fields)
        check_names(self, (*self.fields, *self.text_fields))
        check_positive(self, "C")

    @property
    def reads(self) -> tuple[str, ...]:
        return (*self.fields, *(name for name in self.text_fields if name not in self.fields))

    def _fitted_encoders(self, data: pl.DataFrame) -> tuple[Encoder, ...]:
        texts = (Terms.fitted(data, tuple(self.text_fields)),) if self.text_fields else ()
        return (*(_encoder(data, name) for name in self.fields), *texts)


def _encoder(data: pl.DataFrame, name: str) -> Encoder:
    dtype = data.schema[name]
    if dtype.is_numeric() or dtype.is_temporal():
        return Quantity.fitted(data, name)
    if dtype.is_nested() or dtype in (pl.Binary, pl.Object):
        raise SchemaError(f"The field `{name}` is {dtype}; `TabularLinear` reads numbers, times, Booleans and strings.")
    return Category.fitted(data, name)
