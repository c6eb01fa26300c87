"""One pass over the data: every column of every chunk, computed once or taken from the store."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from nacre._hashing import hash_text
from nacre._progress import Progress, Silent
from nacre.data import Chunk, Dataset
from nacre.engine._derived import Derived, split_name, with_derived
from nacre.engine._store import ColumnStore
from nacre.engine._workers import CodeTask, Workers

REVISION = "1"  # raise it when the engine computes something differently: every stored column is then stale


@dataclass(frozen=True)
class Column:
    """A column to compute: what it depends on, and how.

    Args:
        key: Hash of everything the column depends on beside the data that it reads.
        reads: The fields and derived columns that it reads.
        expr: The column as an expression; all expressions of a chunk run as one query.
        compute: Otherwise, what makes the frame `value` (and `error`, `confidence`, `rationale`) of a chunk.
        code: What a worker process needs to do the same, where `compute` calls an importable Python function.
    """

    key: str
    reads: tuple[str, ...]
    expr: pl.Expr | None = None
    compute: Callable[[pl.DataFrame], pl.DataFrame] | None = None
    code: CodeTask | None = None


@dataclass(frozen=True)
class ComputedChunk:
    """The columns of one chunk, in the order asked for, beside its row ids."""

    row_ids: pl.Series
    frames: tuple[pl.DataFrame, ...]


def compute_columns(
    columns: Sequence[Column],
    data: Dataset,
    *,
    store: ColumnStore | None = None,
    derived: Mapping[str, Derived] | None = None,
    n_jobs: int | None = None,
    retry_errors: bool = False,
    progress: Progress | None = None,
) -> Iterator[ComputedChunk]:
    """Yield the columns chunk by chunk, each column of a chunk computed only where the store lacks it.

    Args:
        columns: What to compute.
        data: The data points.
        store: Where computed columns are kept. Without one nothing is hashed.
        derived: How the derived columns among `reads` are made, by suffix.
        n_jobs: Worker processes for importable Python functions; None and 1 run them in this process.
        retry_errors: Compute stored columns that hold errors again.
        progress: What is told of each finished chunk. Raising `CancelledError` there keeps what is done.
    """
    progress = progress or Silent()
    progress.start("functions", len(data.chunks))
    with Workers(n_jobs) as workers:
        for chunk in data.chunks:
            yield _compute_chunk(columns, chunk, store, derived or {}, workers, retry_errors)
            progress.advance()


def _compute_chunk(
    columns: Sequence[Column],
    chunk: Chunk,
    store: ColumnStore | None,
    derived: Mapping[str, Derived],
    workers: Workers,
    retry_errors: bool,
) -> ComputedChunk:
    keys = _chunk_keys(columns, chunk, derived) if store is not None else [None] * len(columns)
    frames = [_stored(store, key, retry_errors) for key in keys]
    missing = [position for position, frame in enumerate(frames) if frame is None]
    reads = dict.fromkeys(name for position in missing for name in columns[position].reads)
    table = with_derived(chunk, reads, derived, store)
    for position, frame in zip(missing, _compute([columns[i] for i in missing], table, workers), strict=True):
        frames[position] = frame
        if store is not None and (key := keys[position]) is not None:
            store.put(key, frame)
    return ComputedChunk(table.get_column("row_id"), tuple(frame for frame in frames if frame is not None))


def _chunk_keys(columns: Sequence[Column], chunk: Chunk, derived: Mapping[str, Derived]) -> list[str | None]:
    names = {name for column in columns for name in column.reads}
    hashes = {name: _field_hash(name, chunk, derived) for name in names}
    return [hash_text(column.key, *(hashes[name] for name in column.reads), REVISION) for column in columns]


def _field_hash(name: str, chunk: Chunk, derived: Mapping[str, Derived]) -> str:
    field, suffix = split_name(name)
    return hash_text(chunk.hash(field), derived[suffix].fingerprint) if suffix else chunk.hash(field)


def _stored(store: ColumnStore | None, key: str | None, retry_errors: bool) -> pl.DataFrame | None:
    frame = store.get(key) if store is not None and key is not None else None
    return None if frame is not None and retry_errors and "error" in frame.columns else frame


def _compute(columns: Sequence[Column], table: pl.DataFrame, workers: Workers) -> list[pl.DataFrame]:
    fused = {f"c{i}": column.expr for i, column in enumerate(columns) if column.expr is not None}
    results = table.select(**fused) if fused else table.clear()
    running = {
        i: workers.submit(column.code, table.select(column.reads))
        for i, column in enumerate(columns)
        if column.code is not None and workers.is_active
    }
    frames = []
    for i, column in enumerate(columns):
        if column.expr is not None:
            frames.append(results.select(pl.col(f"c{i}").alias("value")))
        elif i in running:
            frames.append(running[i]())
        elif column.compute is not None:
            frames.append(column.compute(table))
    return frames
