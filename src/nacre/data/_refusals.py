"""Rows that cannot be imported: the error that names one, or the file that collects them."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import orjson

from nacre.data._aside import written_aside
from nacre.errors import IngestError

RAW_CHARACTERS = 2_000
_SHOWN_CHARACTERS = 80


@dataclass(frozen=True)
class Fault:
    """What is wrong with one row of a block.

    Attributes:
        index: Position of the row in its block, or -1 when the row could not even be cut into columns.
        number: Line or row as the user counts it, from 1.
        column: The column, where the fault has one.
        problem: What was found and what was expected.
        advice: What to do.
        raw: The row as it was written, where it was not cut into columns.
    """

    index: int
    number: int
    column: str | None
    problem: str
    advice: str = ""
    raw: str = ""


@dataclass
class Refusals:
    """Where bad rows go: into the file at `path`, or, without one, into the error that ends the import.

    Use it as a context manager: the file is written aside and takes its name when the block ends without error.
    """

    path: Path | None
    n_rows: int = 0
    _stream: IO[bytes] | None = None
    _opened: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        if self.path is not None:
            partial = self._opened.enter_context(written_aside(self.path))
            self._stream = self._opened.enter_context(partial.open("wb"))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.__exit__(kind, error, trace)
        self._stream = None

    def add(self, source: str, unit: str, fault: Fault) -> None:
        """Collect one bad row, or raise `IngestError` for it."""
        if self._stream is None:
            raise fault_error(source, unit, fault)
        self.n_rows += 1
        record = {
            "source": source,
            "row": fault.number,
            "column": fault.column,
            "reason": fault.problem,
            "raw": printable(fault.raw[:RAW_CHARACTERS]),
        }
        self._stream.write(orjson.dumps(record) + b"\n")


def fault_error(source: str, unit: str, fault: Fault) -> IngestError:
    """Return the error that names file, row, column, what was found and expected, and what to do."""
    column = "" if fault.column is None else f", column `{fault.column}`"
    advice = f" {fault.advice}" if fault.advice else ""
    return IngestError(
        f"{source}, {unit} {fault.number}{column}: {fault.problem}{advice} Nothing was imported: correct the row, or "
        "name a file in `refused` that collects bad rows and import the others."
    )


def printable(text: str) -> str:
    """Return text with an escape for each surrogate, which stands for a byte that is no UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode()


def shown(value: object) -> str:
    """Return a value as messages show it: in backticks, on one line, cut when long.

    Examples:
        >>> shown("free cash"), shown({"a": 1})
        ('`free cash`', '`{"a":1}`')
        >>> shown("a" * 100)[-24:]
        'aaa...` (100 characters)'
    """
    text = value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
    line = printable(text).replace("\n", "\\n").replace("\r", "\\r")
    if len(line) <= _SHOWN_CHARACTERS:
        return f"`{line}`"
    return f"`{line[:_SHOWN_CHARACTERS]}...` ({len(text):,} characters)"
