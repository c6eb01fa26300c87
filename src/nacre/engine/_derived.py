"""Columns made of one field: `text@minilm`, `text@words`. Made before the functions that read them, and cached."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from nacre._hashing import hash_text
from nacre.data import Chunk
from nacre.engine._store import ColumnStore


@dataclass(frozen=True)
class Derived:
    """How the column `FIELD@SUFFIX` is made of `FIELD`.

    Args:
        fingerprint: Hash of everything it depends on beside the field.
        compute: From the field to the derived column, row by row the same whatever the chunk.
        is_cached: Whether it is worth storing; what is made faster than read is not.
    """

    fingerprint: str
    compute: Callable[[pl.Series], pl.Series]
    is_cached: bool = True


def split_name(name: str) -> tuple[str, str]:
    """Return field and suffix of a column name; the suffix of a plain field is empty."""
    field, _, suffix = name.partition("@")
    return field, suffix


def with_derived(
    chunk: Chunk, names: Iterable[str], derived: Mapping[str, Derived], store: ColumnStore | None
) -> pl.DataFrame:
    """Read the fields among `names` of a chunk and add the derived columns among them."""
    names = list(names)
    plain = dict.fromkeys(name for name in names if not split_name(name)[1])
    table = chunk.read(plain)
    for name in names:
        field, suffix = split_name(name)
        if suffix:
            table = table.with_columns(_derive(chunk, field, derived[suffix], store).alias(name))
    return table


def _derive(chunk: Chunk, field: str, how: Derived, store: ColumnStore | None) -> pl.Series:
    if store is None or not how.is_cached:
        return how.compute(chunk.read([field]).get_column(field))
    key = hash_text(chunk.hash(field), how.fingerprint, "derived")
    frame = store.get(key)
    if frame is None:
        frame = pl.DataFrame([how.compute(chunk.read([field]).get_column(field)).alias("value")])
        store.put(key, frame)
    return frame.get_column("value")
