"""Worker processes for Python functions that live in an importable file."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from io import BytesIO
from multiprocessing import get_context, parent_process
from typing import Self

import polars as pl

MIN_ROWS = 256  # a smaller slice is not worth its trip to another process


@dataclass(frozen=True)
class CodeTask:
    """What a worker does to a chunk.

    Args:
        entry: A module-level function of payload and chunk (Arrow IPC) that returns the result (Arrow IPC).
        payload: What to run and with what, as JSON.
        failed: The result of one row whose process died, with the message as its argument.
    """

    entry: Callable[[str, bytes], bytes]
    payload: str
    failed: Callable[[str], pl.DataFrame]


class Workers:
    """Up to `n_jobs` processes, started with `spawn` when the first task arrives.

    A row that kills its process (a crash in native code, `os._exit`) is found by halving its slice, gets an error,
    and the others keep their results.
    """

    def __init__(self, n_jobs: int | None) -> None:
        self.n_jobs = n_jobs or 1
        self._pool: ProcessPoolExecutor | None = None

    @property
    def is_active(self) -> bool:
        """Whether tasks go to other processes at all."""
        return self.n_jobs > 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:  # stopped: what the workers are at is not worth waiting for
            for process in list((getattr(self._pool, "_processes", None) or {}).values()):
                process.kill()
        self._close()

    def submit(self, task: CodeTask, table: pl.DataFrame) -> Callable[[], pl.DataFrame]:
        """Start a task on the rows of a table; calling the result waits for the outcome."""
        started = [(part, self._start(task, part)) for part in _slices(table, self.n_jobs)]
        return lambda: pl.concat([self._finish(task, part, future) for part, future in started], how="diagonal")

    def _start(self, task: CodeTask, part: pl.DataFrame) -> Future[bytes]:
        if self._pool is None:
            # spawn: a forked child inherits the threads of Polars in a state where it hangs.
            self._pool = ProcessPoolExecutor(self.n_jobs, mp_context=get_context("spawn"), initializer=_follow_parent)
        return self._pool.submit(task.entry, task.payload, to_ipc(part))

    def _finish(self, task: CodeTask, part: pl.DataFrame, future: Future[bytes]) -> pl.DataFrame:
        try:
            return from_ipc(_result(future))
        except BrokenProcessPool:
            self._close()
        return self._halve(task, part)

    def _halve(self, task: CodeTask, part: pl.DataFrame) -> pl.DataFrame:
        """Run a slice again after its process died: in halves, until the row that kills it stands alone."""
        try:
            return from_ipc(_result(self._start(task, part)))
        except BrokenProcessPool:
            self._close()
        if len(part) == 1:
            return task.failed("The worker process died on this row.")
        middle = len(part) // 2
        return pl.concat([self._halve(task, part[:middle]), self._halve(task, part[middle:])], how="diagonal")

    def _close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None


def _result(future: Future[bytes]) -> bytes:
    """Wait for a result so that Ctrl-C ends the wait: Polars lets the system restart waits that have no end."""
    while not wait([future], timeout=0.5).done:
        pass
    return future.result()


def _follow_parent() -> None:
    """Leave Ctrl-C, which reaches every process of a terminal, to the parent, and end when the parent ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def to_ipc(frame: pl.DataFrame) -> bytes:
    """Return a frame as Arrow IPC."""
    buffer = BytesIO()
    frame.write_ipc(buffer)
    return buffer.getvalue()


def from_ipc(data: bytes) -> pl.DataFrame:
    """Return the frame in Arrow IPC bytes."""
    return pl.read_ipc(BytesIO(data))


def default_jobs() -> int:
    """Return the number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _slices(table: pl.DataFrame, n_slices: int) -> Iterator[pl.DataFrame]:
    size = max(MIN_ROWS, -(-len(table) // n_slices))
    return iter(list(table.iter_slices(size)) or [table])
