"""The end model on top of an embedding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from nacre.models._encoders import Encoder, Vector
from nacre.models._linear import LinearModel, check_names, check_positive


@dataclass(eq=False)
class EmbeddingLinear(LinearModel):
    """Learn from the embedding of a field: logistic regression on the derived column `FIELD@EMBEDDING`.

    Args:
        field: The embedded field.
        embedding: The embedding, as the context names it.
        C: How little the weights are held back.

    Examples:
        >>> EmbeddingLinear("body").reads
        ('body@minilm',)
    """

    field: str
    embedding: str = "minilm"
    C: float = 10.0

    kind: ClassVar[str] = "embedding_linear"

    def __post_init__(self) -> None:
        check_names(self, (self.field, self.embedding))
        check_positive(self, "C")

    @property
    def reads(self) -> tuple[str, ...]:
        return (f"{self.field}@{self.embedding}",)

    def _fitted_encoders(self, data: pl.DataFrame) -> tuple[Encoder, ...]:
        return (Vector.fitted(data, *self.reads),)
