"""What turns texts into vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nacre.errors import SchemaError

Texts: TypeAlias = "Sequence[str | None] | pl.Series"


class Embedding(Protocol):
    """Turns texts into unit vectors whose dot products say how alike the texts are."""

    @property
    def name(self) -> str:
        """What derived columns are called by: `text@minilm`."""

    @property
    def fingerprint(self) -> str:
        """Two embeddings with the same fingerprint give the same vectors."""

    @property
    def dimension(self) -> int:
        """How many numbers a vector has."""

    def embed(self, texts: Texts) -> NDArray[np.float32]:
        """Return one row of length 1 per text, shape `[n, dimension]`.

        The vector of a text depends on nothing but the text. A null, and a text in which the embedding finds no
        word, gets zeros: it is like nothing, not even itself.
        """


def to_series(texts: Texts) -> pl.Series:
    """Return the texts as one String column."""
    if not isinstance(texts, pl.Series):
        return pl.Series("text", texts, dtype=pl.String)
    if texts.dtype not in (pl.String, pl.Null):
        raise SchemaError(f"`{texts.name}` is {texts.dtype}; an embedding reads String. Cast the column first.")
    return texts.cast(pl.String)
