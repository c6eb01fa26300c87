"""How fields become numbers: each encoder reads some fields and gives named columns.

A fitted encoder is a value that round-trips to JSON. It is fitted on distinct values where it counts anything, so
that a repeated row changes what the regression learns and not what it sees.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nacre.errors import SchemaError

if TYPE_CHECKING:
    from scipy.sparse import csr_array

MAX_CATEGORIES = 1000
_HUGE = 1e150  # squares of larger numbers overflow


class Encoder(Protocol):
    """Fields in, columns of numbers out."""

    kind: ClassVar[str]

    @property
    def names(self) -> tuple[str, ...]:
        """What each column stands for, in words that a person reads."""

    def encode(self, data: pl.DataFrame) -> csr_array | NDArray[np.float64]:
        """Return [n_rows, n_columns]."""

    def to_json(self) -> dict[str, Any]:
        """Return the fields of the encoder."""


class Value:
    """An encoder whose fields are its JSON."""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)  # type: ignore[call-overload, no-any-return]


@dataclass(frozen=True)
class Category(Value):
    """One column per value that the field had. A missing or new value has no column.

    Examples:
        >>> data = pl.DataFrame({"sex": ["f", "m", None, "f"]})
        >>> Category.fitted(data, "sex").encode(data).toarray()
        array([[1., 0.],
               [0., 1.],
               [0., 0.],
               [1., 0.]])
    """

    field: str
    values: tuple[str, ...]

    kind: ClassVar[str] = "category"

    @classmethod
    def fitted(cls, data: pl.DataFrame, field: str, *, most: int = MAX_CATEGORIES) -> Self:
        """Take the most frequent values of a field."""
        counts = data.get_column(field).cast(pl.String).alias("value").drop_nulls().value_counts(name="n")
        kept = counts.sort("n", "value", descending=[True, False]).get_column("value").head(most)
        return cls(field, tuple(kept.sort()))

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"{self.field} = {value}" for value in self.values)

    def encode(self, data: pl.DataFrame) -> csr_array:
        values = data.get_column(self.field).cast(pl.String).to_frame("value")
        columns = values.join(self._columns, on="value", how="left", maintain_order="left").get_column("column")
        return _one_per_row(columns, len(self.values))

    @cached_property
    def _columns(self) -> pl.DataFrame:
        return pl.DataFrame({"value": self.values}, schema={"value": pl.String}).with_row_index("column")


def sparse_rows(
    values: NDArray[np.float64], columns: NDArray[np.integer[Any]], lengths: NDArray[np.integer[Any]], n_columns: int
) -> csr_array:
    """Return a sparse array from its cells in the order of the rows, and how many cells each row has."""
    from scipy.sparse import csr_array

    bounds = np.concatenate([[0], np.cumsum(lengths)])
    index = np.int32 if bounds[-1] < 2**31 else np.int64  # half the memory, and faster products
    return csr_array((values, columns.astype(index), bounds.astype(index)), shape=(len(lengths), n_columns))


def _one_per_row(columns: pl.Series, n_columns: int) -> csr_array:
    """Return a 1 in the given column of each row, or nothing where it is null."""
    known = columns.drop_nulls().to_numpy()
    return sparse_rows(np.ones(len(known)), known, columns.is_not_null().to_numpy().astype(np.int8), n_columns)


@dataclass(frozen=True)
class Quantity(Value):
    """A number: standardised, whether it is missing, and in which tenth of the values it lies.

    The tenths let a linear model follow what rises and falls, such as income with age.
    """

    field: str
    mean: float
    scale: float
    edges: tuple[float, ...]

    kind: ClassVar[str] = "quantity"

    @classmethod
    def fitted(cls, data: pl.DataFrame, field: str) -> Self:
        """Take mean, spread and tenths of a field."""
        values = _numbers(data, field)
        known = values[~np.isnan(values)]
        if not len(known):
            return cls(field, 0.0, 1.0, ())
        edges = np.unique(np.quantile(known, np.linspace(0.1, 0.9, 9), method="lower"))
        scale = float(known.std())
        return cls(field, float(known.mean()), scale if scale > 0 else 1.0, tuple(edges.tolist()))

    @property
    def names(self) -> tuple[str, ...]:
        bounds = ("-inf", *(f"{edge:g}" for edge in self.edges), "inf")
        tenths = (f"{low} < {self.field} <= {high}" for low, high in pairwise(bounds))
        return (self.field, f"{self.field} is missing", *tenths)

    def encode(self, data: pl.DataFrame) -> csr_array:
        values = _numbers(data, self.field)
        is_missing = np.isnan(values)
        standard = np.clip(np.where(is_missing, 0.0, (values - self.mean) / self.scale), -10, 10)
        tenth = pl.Series(np.searchsorted(np.array(self.edges), values, side="left")).set(pl.Series(is_missing), None)
        tenths = _one_per_row(tenth, len(self.edges) + 1)
        return side_by_side([np.column_stack([standard, is_missing]), tenths])


def side_by_side(blocks: Sequence[csr_array | NDArray[np.float64]]) -> csr_array:
    """Return the columns of several blocks as one sparse array."""
    from scipy.sparse import csr_array, hstack

    return csr_array(hstack([csr_array(block) for block in blocks], format="csr"))


def _numbers(data: pl.DataFrame, field: str) -> NDArray[np.float64]:
    column = data.get_column(field)
    column = column.to_physical() if column.dtype.is_temporal() else column
    values = column.cast(pl.Float64).fill_null(np.nan).to_numpy()
    return np.where(np.abs(values) < _HUGE, values, np.nan)


@dataclass(frozen=True)
class Vector(Value):
    """The numbers of an embedding column as they are; a missing embedding is all zeros."""

    field: str
    n_dimensions: int

    kind: ClassVar[str] = "vector"

    @classmethod
    def fitted(cls, data: pl.DataFrame, field: str) -> Self:
        """Take the length of the vectors of a field."""
        dtype = data.schema[field]
        if not isinstance(dtype, pl.Array):
            raise SchemaError(
                f"The column `{field}` is {dtype}; expected vectors of one length (`pl.Array`), as an embedding gives."
            )
        return cls(field, dtype.size)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"{self.field}[{number}]" for number in range(self.n_dimensions))

    def encode(self, data: pl.DataFrame) -> NDArray[np.float64]:
        column = data.get_column(self.field)
        if not isinstance(column.dtype, pl.Array) or column.dtype.size != self.n_dimensions:
            raise SchemaError(
                f"The column `{self.field}` is {column.dtype}; the model was fitted on vectors of {self.n_dimensions} "
                "numbers. Use the embedding of the fit."
            )
        vectors: NDArray[np.float64] = np.nan_to_num(column.cast(pl.Array(pl.Float64, self.n_dimensions)).to_numpy())
        return vectors


def text_of(data: pl.DataFrame, fields: tuple[str, ...]) -> pl.Series:
    """Return the texts of the fields, joined; a missing text is empty."""
    for field in fields:
        dtype = data.schema[field]
        if not isinstance(dtype, (pl.String, pl.Categorical, pl.Enum, pl.Null)):
            raise SchemaError(
                f"The field `{field}` is {dtype}, not text. `TabularLinear` reads numbers and categories."
            )
    texts = [pl.col(field).cast(pl.String).fill_null("") for field in fields]
    return data.select(pl.concat_str(texts, separator="\n").alias("text")).to_series()
