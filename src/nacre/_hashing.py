"""Content hashes that never change between versions of a library.

Every derived column is addressed by the hash of what made it. The bytes that enter are Nacre's own reading of a
column (type, length, null bits, byte lengths, bytes), never the bytes of a file or `hash_rows`, which change with
the library that writes them. Pinned vectors in the tests keep it so.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import orjson
import polars as pl
import xxhash

_BLOCK = 1 << 20
_BLOCK_ROWS = 1 << 14


def hash_text(*parts: str) -> str:
    """Hash strings, each with its length, so that no two lists of parts collide by concatenation."""
    digest = xxhash.xxh3_128()
    for part in parts:
        data = part.encode()
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.hexdigest()


def hash_json(value: object) -> str:
    """Hash a JSON value; the order of the keys of an object does not matter."""
    return xxhash.xxh3_128_hexdigest(orjson.dumps(value, option=orjson.OPT_SORT_KEYS))


def hash_file(path: Path) -> str:
    """Hash the bytes of a file."""
    digest = xxhash.xxh3_128()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def hash_frame(frame: pl.DataFrame, fields: Iterable[str] | None = None) -> str:
    """Hash columns of a frame with their names, in the order given."""
    names = tuple(frame.columns if fields is None else fields)
    return hash_text(*(part for name in names for part in (name, hash_series(frame.get_column(name)))))


def hash_series(series: pl.Series) -> str:
    """Hash the content of a column, its name left out.

    Examples:
        >>> hash_series(pl.Series(["a", None])) == hash_series(pl.Series("other", ["a", None]))
        True
        >>> hash_series(pl.Series([1, 2])) == hash_series(pl.Series([1.0, 2.0]))
        False
    """
    digest = xxhash.xxh3_128()
    _update(digest, series)
    return digest.hexdigest()


def _update(digest: xxhash.xxh3_128, series: pl.Series) -> None:
    dtype = series.dtype
    digest.update(f"{dtype.base_type().__name__}:{len(series)}:".encode())
    is_null = series.is_null()
    digest.update(np.packbits(is_null.to_numpy()).data)
    if isinstance(dtype, (pl.Categorical, pl.Enum)) or dtype.is_decimal():
        _update(digest, series.cast(pl.String))
    elif dtype == pl.String:
        _update_bytes(digest, series.fill_null("").cast(pl.Binary))
    elif dtype == pl.Binary:
        _update_bytes(digest, series.fill_null(b""))
    elif isinstance(dtype, pl.Struct):
        for field in dtype.fields:
            digest.update(f"{field.name}:".encode())
            _update(digest, series.struct.field(field.name))
    elif isinstance(dtype, pl.List):
        digest.update(series.list.len().fill_null(0).to_numpy().data)
        _update(digest, series.drop_nulls().explode(empty_as_null=False))
    elif isinstance(dtype, pl.Array):
        _update(digest, series.drop_nulls().explode(empty_as_null=False))
    elif dtype == pl.Null:
        return
    else:
        if isinstance(dtype, pl.Datetime | pl.Duration):  # the same number is another time in another unit
            digest.update(f"{dtype.time_unit}:{getattr(dtype, 'time_zone', None)}:".encode())
        values = series.to_physical() if dtype.is_temporal() else series
        digest.update(np.ascontiguousarray(_zero_nulls(values).to_numpy()).data)


def _zero_nulls(series: pl.Series) -> pl.Series:
    return series.fill_null(False) if series.dtype == pl.Boolean else series.fill_null(0)


def _update_bytes(digest: xxhash.xxh3_128, series: pl.Series) -> None:
    digest.update(series.bin.size().to_numpy().data)
    # Lists of bytes lie in one buffer, which Polars gives without pyarrow: 40 MB less to load. Block by block, because
    # a Polars column holds at most 2^32 values.
    for start in range(0, len(series), _BLOCK_ROWS):
        block = series.slice(start, _BLOCK_ROWS).cast(pl.List(pl.UInt8))
        digest.update(block.explode(empty_as_null=False).to_numpy().data)
