"""What a benchmark reports: numbers beside their targets, printed, and kept for `docs/benchmarks.md`."""

from __future__ import annotations

import argparse
import json
import operator
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

RECORDED = Path(__file__).parent / "recorded.json"


@dataclass(frozen=True)
class Figure:
    """One measured number.

    Args:
        work: What was done.
        value: What is compared with the target.
        unit: Of `value`: `x` for a ratio, `s`, `MB`, `%`.
        target: The bar, such as `>= 150`; None where the number is only shown.
        ours: What Nacre took.
        peer: Who else did the same work, and what it took.
        note: What a reader must know to read the number.
    """

    work: str
    value: float
    unit: str = "x"
    target: str | None = None
    ours: str = ""
    peer: str = ""
    note: str = ""

    @property
    def is_met(self) -> bool | None:
        """Whether the target is reached; None without one."""
        if self.target is None:
            return None
        sign, bar = self.target.split()
        compare = {">=": operator.ge, "<=": operator.le, "=": operator.eq}[sign]
        return bool(compare(self.value, float(bar)))

    @property
    def shown(self) -> str:
        """The value as text."""
        number = f"{self.value:,.0f}" if abs(self.value) >= 100 else f"{self.value:.3g}"
        return f"{number}{'' if self.unit in ('x', '') else ' '}{self.unit}"

    def __str__(self) -> str:
        target = "" if self.target is None else f" (target {self.target}{'' if self.is_met else ', SHORT'})"
        sides = "; ".join(part for part in (f"Nacre {self.ours}" if self.ours else "", self.peer, self.note) if part)
        return f"{self.work}: {self.shown}{target}{'  ' + sides if sides else ''}"


@dataclass(frozen=True)
class Options:
    """How a benchmark was called: `size` scales the rows, `record` also runs the peer cells that take minutes."""

    size: float
    record: bool

    def rows(self, n: int) -> int:
        """Return how many rows to take where the full size is `n`."""
        return max(1_000, round(n * self.size))


def main(benchmark: Callable[[Options], list[Figure]]) -> None:
    """Run one benchmark from the command line."""
    parser = argparse.ArgumentParser(description=benchmark.__doc__)
    parser.add_argument("--size", type=float, default=1.0, help="scale of the number of rows, for a quick look")
    parser.add_argument("--record", action="store_true", help="also run the large peer cells, and keep them")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    arguments = parser.parse_args()
    figures = benchmark(Options(arguments.size, arguments.record))
    if arguments.json is not None:
        content = [asdict(figure) | {"is_met": figure.is_met, "shown": figure.shown} for figure in figures]
        arguments.json.write_text(json.dumps(content))
    for figure in figures:
        print(figure)


def recorded(cell: str) -> dict[str, Any] | None:
    """Return a peer cell that was measured once: seconds, cpu, peak_mb, date, machine, versions."""
    cells = json.loads(RECORDED.read_text()) if RECORDED.exists() else {}
    found: dict[str, Any] | None = cells.get(cell)
    return found


def record(cell: str, result: dict[str, Any], machine: str) -> None:
    """Keep a peer cell with its date and machine."""
    cells = json.loads(RECORDED.read_text()) if RECORDED.exists() else {}
    cells[cell] = {**result, "date": time.strftime("%Y-%m-%d"), "machine": machine}
    RECORDED.write_text(json.dumps(cells, indent=2, sort_keys=True) + "\n")
