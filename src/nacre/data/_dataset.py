"""Data points as a table cut in chunks: the unit of work, cache, retry and resume."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import xxhash

from nacre._hashing import hash_series, hash_text
from nacre.data._frames import to_polars
from nacre.errors import IngestError, SchemaError, UnknownFieldError, UnknownNameError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

CHUNK_ROWS = 65_536
KEYS = ("row_id", "uid")


@dataclass(frozen=True)
class Chunk:
    """Up to 65,536 data points whose row ids share a chunk number.

    Args:
        frame: The data points, not yet read.
        hashes: Content hash per field, where it is already known.
    """

    frame: pl.LazyFrame
    hashes: Mapping[str, str] = field(default_factory=dict)

    def read(self, fields: Iterable[str]) -> pl.DataFrame:
        """Read `row_id` and `fields`."""
        return self.frame.select("row_id", *(name for name in fields if name != "row_id")).collect()

    def hash(self, name: str) -> str:
        """Return the content hash of one field."""
        known = self.hashes.get(name)
        return known if known is not None else hash_series(self.frame.select(name).collect().to_series())


@dataclass(frozen=True)
class Dataset:
    """Data points: `row_id`, `uid` and fields.

    Use `Dataset.from_frame` or `nacre.read` to make one.

    Examples:
        >>> mail = Dataset.from_frame(pl.DataFrame({"body": ["Free cash", "Lunch?"]}))
        >>> mail.fields, len(mail)
        (('body',), 2)
        >>> mail.where(pl.col("body") == "Lunch?").collect().to_dicts()
        [{'row_id': 1, 'uid': '1', 'body': 'Lunch?'}]
    """

    chunks: tuple[Chunk, ...]
    schema: pl.Schema

    @classmethod
    def from_frame(cls, frame: Any, *, uid: str | None = None) -> Dataset:
        """Make a dataset from a Polars, pandas or Arrow frame.

        Args:
            frame: The data points.
            uid: The field that identifies a data point. Without it the position does.
        """
        table = _with_keys(to_polars(frame), uid)
        chunks = tuple(Chunk(part.lazy()) for part in _cut(table))
        return cls(chunks, table.schema)

    @property
    def fields(self) -> tuple[str, ...]:
        """The columns beside `row_id` and `uid`."""
        return tuple(name for name in self.schema if name not in KEYS)

    @property
    def frame(self) -> pl.LazyFrame:
        """All data points, not yet read."""
        return pl.concat([chunk.frame for chunk in self.chunks]) if self.chunks else pl.LazyFrame(schema=self.schema)

    @cached_property
    def fingerprint(self) -> str:
        """Content hash of all data points."""
        names = tuple(self.schema)
        return hash_text(*(part for chunk in self.chunks for name in names for part in (name, chunk.hash(name))))

    def collect(self, fields: Iterable[str] | None = None) -> pl.DataFrame:
        """Read the data points, or only some of their fields."""
        return self.frame.collect() if fields is None else self.frame.select(*fields).collect()

    def to_pandas(self) -> pd.DataFrame:
        """Return the data points as a pandas frame."""
        return self.collect().to_pandas()

    def to_arrow(self) -> pa.Table:
        """Return the data points as an Arrow table."""
        return self.collect().to_arrow()

    def __len__(self) -> int:
        return self._n_rows

    @cached_property
    def _n_rows(self) -> int:
        return int(self.frame.select(pl.len()).collect().item())

    def require(self, fields: Iterable[str]) -> None:
        """Raise `UnknownFieldError` for the first field that is not here."""
        for name in fields:
            if name not in self.schema:
                raise UnknownFieldError(name, available=self.fields)

    def where(self, condition: Any) -> Dataset:
        """Keep the data points where a condition holds.

        Args:
            condition: A condition, a Boolean Polars expression, or the row ids to keep (a Polars series).
        """
        if isinstance(condition, pl.Series):
            condition = pl.col("row_id").is_in(condition.implode())
        expression = condition if isinstance(condition, pl.Expr) else condition.expr()
        return Dataset(tuple(Chunk(chunk.frame.filter(expression)) for chunk in self.chunks), self.schema)

    def split(self, name: str) -> Dataset:
        """Keep the data points of one split."""
        self.require(["split"])
        names = self.frame.select(pl.col("split").unique()).collect().to_series().drop_nulls().to_list()
        if name not in names:
            raise UnknownNameError("split", name, available=map(str, names))
        return self.where(pl.col("split") == name)

    def with_hash_split(self, shares: Mapping[str, float], *, seed: int = 0) -> Dataset:
        """Add the column `split`: each data point falls by the hash of its uid, whatever else the dataset holds.

        Args:
            shares: Share of each split, such as `{"train": .7, "valid": .1, "test": .2}`; they sum to 1.
            seed: Another seed gives another partition.
        """
        uids = self.collect(["uid"]).to_series()
        return self.with_column(hash_split(uids, shares, seed=seed))

    def with_column(self, column: pl.Series) -> Dataset:
        """Add or replace one column, given in the order of the data points."""
        if len(column) != len(self):
            raise SchemaError(f"`{column.name}` has {len(column)} values; the dataset has {len(self)} data points.")
        chunks, start = [], 0
        for chunk in self.chunks:
            length = int(chunk.frame.select(pl.len()).collect().item())
            values = column.slice(start, length)
            start += length
            hashes = {name: value for name, value in chunk.hashes.items() if name != column.name}
            chunks.append(Chunk(chunk.frame.with_columns(values), hashes))
        return Dataset(tuple(chunks), pl.Schema({**self.schema, column.name: column.dtype}))


def hash_split(uids: pl.Series, shares: Mapping[str, float], *, seed: int = 0) -> pl.Series:
    """Return the split of each uid: a String column named `split`."""
    if abs(sum(shares.values()) - 1) > 1e-6 or min(shares.values()) < 0:
        raise SchemaError(f"The shares of the splits must be positive and sum to 1; they are {dict(shares)}.")
    names, bounds = list(shares), np.cumsum(list(shares.values()))
    position = np.array([xxhash.xxh3_64_intdigest(uid.encode(), seed) / 2**64 for uid in uids.to_list()])
    index = np.minimum(np.searchsorted(bounds, position, side="right"), len(names) - 1)
    return pl.Series("split", names, dtype=pl.String).gather(index)


def _with_keys(table: pl.DataFrame, uid: str | None) -> pl.DataFrame:
    for name in table.columns:
        if "@" in name or (name.startswith("^") and name.endswith("$")):
            raise SchemaError(f"The field name `{name}` is not allowed: rename it without `@` and without `^...$`.")
    if uid is not None and uid not in table.columns:
        raise UnknownFieldError(uid, available=table.columns)
    source = uid if uid is not None else "uid" if "uid" in table.columns else None
    is_numbered = "row_id" not in table.columns
    if is_numbered:
        table = table.with_row_index("row_id")
    keys = [pl.col("row_id").cast(pl.Int64), pl.col(source or "row_id").cast(pl.String).alias("uid")]
    table = table.select(*keys, pl.exclude("row_id", "uid"))
    if source is not None or not is_numbered:
        _check_unique(table, source)
    return table


def _check_unique(table: pl.DataFrame, source: str | None) -> None:
    uids = table.get_column("uid")
    if uids.null_count():
        row = uids.is_null().arg_true()[0]
        raise IngestError(f"Row {row} has no `{source}`. Every data point needs one: fill it, or leave `uid` out.")
    if uids.n_unique() < len(uids):
        repeated = uids.filter(uids.is_duplicated())
        raise IngestError(
            f"`{source or 'row_id'}` must be unique, but `{repeated[0]}` and {repeated.n_unique() - 1} other values "
            "occur more than once. Remove the repeated rows, or name another field as uid."
        )
    row_ids = table.get_column("row_id")
    if len(row_ids) > 1 and not (row_ids.diff(null_behavior="drop") > 0).all():
        raise IngestError("`row_id` must increase from row to row. Leave it out, and Nacre numbers the data points.")


def _cut(table: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Yield the rows chunk by chunk: chunk c holds the row ids from c * 65,536 on."""
    if not len(table):
        return
    numbers = (table.get_column("row_id") // CHUNK_ROWS).to_numpy()
    bounds = [0, *((numbers[1:] != numbers[:-1]).nonzero()[0] + 1).tolist(), len(table)]
    for start, stop in pairwise(bounds):
        yield table.slice(start, stop - start)
