"""What the names in specs stand for when functions are applied."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nacre.embeddings import Embedding
from nacre.errors import UnknownNameError

T = TypeVar("T")


class Predictor(Protocol):
    """A fitted model that gives class probabilities."""

    @property
    def fingerprint(self) -> str: ...

    @property
    def reads(self) -> tuple[str, ...]: ...

    @property
    def classes_(self) -> tuple[str, ...]: ...

    def predict_proba(self, data: pl.DataFrame) -> NDArray[np.float64]: ...


@dataclass(frozen=True)
class Context:
    """What the names in specs stand for; specs themselves hold no client, no model and no file content.

    Args:
        embeddings: Embedding models by name: `Near("text", ..., embedding="minilm")`.
        predictors: Fitted models by name: `Model("spam_model", "it3")`.
        knowledge: Sets, frames or hierarchies by name, for `Member`.
        folder: Where relative paths of knowledge and code files start.
        derive: Further derived columns by suffix: `{"words": tokenize}` makes `text@words`.
    """

    embeddings: Mapping[str, Embedding] = field(default_factory=dict)
    predictors: Mapping[str, Predictor] = field(default_factory=dict)
    knowledge: Mapping[str, Any] = field(default_factory=dict)
    folder: Path = field(default_factory=Path)
    derive: Mapping[str, Callable[[pl.Series], pl.Series]] = field(default_factory=dict)

    def embedding(self, name: str) -> Embedding:
        """Return the embedding model of this name."""
        return _named("embedding", name, self.embeddings)

    def predictor(self, name: str) -> Predictor:
        """Return the fitted model of this name."""
        return _named("predictor", name, self.predictors)


def _named(kind: str, name: str, values: Mapping[str, T]) -> T:
    if name not in values:
        raise UnknownNameError(kind, name, available=values)
    return values[name]
