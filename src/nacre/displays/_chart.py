"""A chart as data: what every renderer (notebook, report, web application) takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nacre.displays._html import Html
from nacre.displays._schema import Schema


@dataclass(frozen=True)
class Chart:
    """A JSON document that says what to draw.

    Attributes:
        type: The kind of chart, such as `table`.
        spec: How to show the values: titles, columns, classes.
        values: The data, one JSON object per row.
    """

    type: str
    spec: Mapping[str, Any] = field(default_factory=dict)
    values: Sequence[Mapping[str, Any]] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON document."""
        return {"type": self.type, "spec": dict(self.spec), "values": [dict(row) for row in self.values]}


def _same(chart: Chart) -> Chart:
    return chart


def _fits(chart: Chart) -> None:
    return None


@dataclass(frozen=True)
class Kind:
    """What a type of chart knows about itself.

    Attributes:
        type: Its name.
        spec: The schema of `spec`.
        row: The schema of one row of `values`.
        render: Draws a checked chart.
        as_table: Says the same as a table, for terminals and screen readers.
        check_rows: Checks what the schema cannot say.
        is_drawn: Whether numbers are only drawn, so that the page offers the table beside it.
        least_rows: How many rows it needs at least.
    """

    type: str
    spec: Schema
    row: Schema
    render: Callable[[Chart], Html]
    as_table: Callable[[Chart], Chart] = _same
    check_rows: Callable[[Chart], None] = _fits
    is_drawn: bool = False
    least_rows: int = 0
