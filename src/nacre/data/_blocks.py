"""Rows on their way in: what every reader gives to the checks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypedDict

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nacre.data._refusals import Fault

# A block ends when it holds this much text, however few its rows: cells of 10 MB must not add up.
BLOCK_CHARACTERS = 1 << 24


@dataclass
class Block:
    """Some rows of one file, typed.

    Attributes:
        source: The file, or what the rows came from, as messages show it.
        unit: What `numbers` count: "line" or "row".
        frame: The rows.
        numbers: Where each row stands in its source, from 1.
        raw: Returns the i-th row as it was written.
        faults: What was already found to be wrong, with rows that are not in `frame` (index -1).
    """

    source: str
    unit: str
    frame: pl.DataFrame
    numbers: NDArray[np.int64]
    raw: Callable[[int], str]
    faults: list[Fault] = field(default_factory=list)


class Rows(Protocol):
    """A source whose columns are known, read block by block, as often as needed."""

    @property
    def schema(self) -> pl.Schema: ...

    def blocks(self, batch_rows: int) -> Iterator[Block]: ...


class ReadOptions(TypedDict, total=False):
    """How a source is read; `nacre.data.read` documents each."""

    fields: Sequence[str] | None
    dtypes: Mapping[str, str | pl.DataType | type[pl.DataType]] | None
    nulls: Sequence[str]
    rename: Mapping[str, str]
    separator: str | None
    header: bool | None
    encoding: str | None


@dataclass(frozen=True)
class Options:
    """Checked options of reading."""

    uid: str | None = None
    fields: tuple[str, ...] | None = None
    dtypes: Mapping[str, pl.DataType] = field(default_factory=dict)
    nulls: tuple[str, ...] = ()
    rename: Mapping[str, str] = field(default_factory=dict)
    separator: str | None = None
    header: bool | None = None
    encoding: str | None = None

    @property
    def verbatim(self) -> frozenset[str]:
        """Columns that stay text as written, because they name things."""
        return frozenset({"uid", "split", *([] if self.uid is None else [self.uid])}) - self.dtypes.keys()
