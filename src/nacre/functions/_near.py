"""Nearness in embedding space: to examples, or to the centre of a region or cluster."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from nacre.errors import SpecError, UnknownNameError
from nacre.functions._condition import Condition, check_field

if TYPE_CHECKING:
    from nacre.functions._context import Context

BLOCK = 8_192


@dataclass(frozen=True)
class Near(Condition):
    """Hold where the text of `field` means nearly the same as an example, or lies in a region of embedding space.

    Args:
        field: The text field to read.
        like: Example texts; near one of them is near enough.
        centre: The centre of a region: a vector, or the name of one in the knowledge of the context. With several
            centres (a list of vectors), near one of them is near enough.
        min_similarity: Least cosine similarity, above 0 and up to 1.
        embedding: The embedding of the context that turns texts into vectors.

    Examples:
        >>> right = Near("body", centre=(1.0, 0.0), min_similarity=0.9, embedding="toy")
        >>> right.reads
        ('body@toy',)
        >>> points = pl.DataFrame({"body@toy": [[1, 0], [0, 1], [0, 0]]}, schema={"body@toy": pl.Array(pl.Float32, 2)})
        >>> points.select(right.expr()).to_series().to_list()
        [True, False, False]
    """

    field: str
    like: tuple[str, ...] = ()
    centre: Any = None
    min_similarity: float = 0.5
    embedding: str = "minilm"
    source: str = dataclasses.field(default="", compare=False, repr=False)
    """Fingerprint of the embedding, once resolved."""
    vectors: NDArray[np.float64] | None = dataclasses.field(default=None, compare=False, repr=False)
    """Unit vectors [n_centres, dimension], once resolved."""

    kind: ClassVar[str] = "near"

    def __post_init__(self) -> None:
        check_field(self.kind, self.field)
        like = (self.like,) if isinstance(self.like, str) else tuple(self.like)
        object.__setattr__(self, "like", like)
        if not all(isinstance(text, str) and text.strip() for text in like):
            raise SpecError(f"`like` of `near` on `{self.field}` takes texts that are not empty; found {list(like)}.")
        if bool(like) == (self.centre is not None):
            raise SpecError(
                f"`near` on `{self.field}` needs either `like`, examples, or `centre`, a vector or its name."
            )
        if not isinstance(self.min_similarity, int | float) or not 0 < self.min_similarity <= 1:
            raise SpecError(f"`min_similarity` is above 0 and at most 1; found {self.min_similarity!r}.")
        if self.centre is not None and not isinstance(self.centre, str):
            vectors = self._unit_vectors(self.centre)
            object.__setattr__(self, "centre", _frozen(self.centre))
            object.__setattr__(self, "vectors", vectors)

    @property
    def reads(self) -> tuple[str, ...]:
        return (f"{self.field}@{self.embedding}",)

    def resolve(self, context: Context) -> Near:
        embedding = context.embedding(self.embedding)
        if self.like:
            vectors = self._unit_vectors(embedding.embed(self.like))
        elif isinstance(self.centre, str):
            if self.centre not in context.knowledge:
                raise UnknownNameError("knowledge", self.centre, available=context.knowledge)
            vectors = self._unit_vectors(context.knowledge[self.centre])
        else:
            vectors = self._unit_vectors(self.centre)
        if vectors.shape[1] != embedding.dimension:
            raise SpecError(
                f"`near` on `{self.field}` has a centre of {vectors.shape[1]} numbers; `{self.embedding}` gives "
                f"vectors of {embedding.dimension}. Take the centre from the same embedding."
            )
        return dataclasses.replace(self, vectors=vectors, source=embedding.fingerprint)

    def expr(self) -> pl.Expr:
        if self.vectors is None:
            raise SpecError(f"`near` on `{self.field}` is compared with {self.like or self.centre}: resolve it first.")
        return pl.col(self.reads[0]).map_batches(self._is_near, return_dtype=pl.Boolean(), is_elementwise=True)

    def identity(self) -> Any:
        if not self.source:
            return self.spec()
        # Examples by their text: the same vector may differ in its last bit on another machine.
        centre = list(self.like) if self.like else np.round(np.asarray(self.vectors), 6).tolist()
        return {self.kind: [self.field, self.source, centre, self.min_similarity]}

    def _is_near(self, points: pl.Series) -> pl.Series:
        is_known = points.is_not_null().to_numpy()
        nearest = np.zeros(len(points))
        if is_known.any():
            nearest[is_known] = _nearest(points.drop_nulls().to_numpy(), np.asarray(self.vectors))
        return pl.Series(nearest >= self.min_similarity)

    def _unit_vectors(self, vectors: ArrayLike) -> NDArray[np.float64]:
        try:
            matrix = np.atleast_2d(np.asarray(vectors, dtype=np.float64))
        except (TypeError, ValueError) as error:
            raise SpecError(f"`centre` of `near` on `{self.field}` is a vector of numbers; {error}.") from error
        norms = np.linalg.norm(matrix, axis=1, keepdims=True)
        if matrix.ndim != 2 or not matrix.size or not np.isfinite(matrix).all() or (norms == 0).any():
            raise SpecError(
                f"`near` on `{self.field}` has a vector of zeros or without numbers: the embedding `{self.embedding}` "
                f"finds nothing in {list(self.like) or 'the centre'}. Give another example."
            )
        unit: NDArray[np.float64] = matrix / norms
        return unit


def _nearest(points: NDArray[np.float32], centres: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the similarity of each point to the nearest centre: [n_points]."""
    # 64 bits and rounded: sums in another order (other chunks) differ in the last bits only.
    blocks = [points[start : start + BLOCK].astype(np.float64) @ centres.T for start in range(0, len(points), BLOCK)]
    nearest: NDArray[np.float64] = np.round(np.concatenate(blocks).max(axis=1), 6)
    return nearest


def _frozen(centre: ArrayLike) -> Any:
    """Return a vector, or several, as tuples of numbers of 32 bits."""

    def tuples(value: Any) -> Any:
        return tuple(map(tuples, value)) if isinstance(value, list) else value

    return tuples(np.asarray(centre, dtype=np.float32).tolist())
