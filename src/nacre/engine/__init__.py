"""Compute derived columns chunk by chunk, each only once."""

from nacre.engine._derived import Derived, split_name, with_derived
from nacre.engine._pass import Column, ComputedChunk, compute_columns
from nacre.engine._store import ColumnStore, MemoryStore
from nacre.engine._workers import CodeTask, Workers, default_jobs, from_ipc, to_ipc

__all__ = [
    "CodeTask",
    "Column",
    "ColumnStore",
    "ComputedChunk",
    "Derived",
    "MemoryStore",
    "Workers",
    "compute_columns",
    "default_jobs",
    "from_ipc",
    "split_name",
    "to_ipc",
    "with_derived",
]
