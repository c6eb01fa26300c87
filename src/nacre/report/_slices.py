"""Slices that nobody named: parts of the data where the end model errs more than elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

from nacre.analysis import DiscoveredSlice
from nacre.displays import Code, Column, Section, table
from nacre.loop import SPLIT, entries
from nacre.report._subject import Subject

_COLUMNS = (
    Column("name", "slice", type="code"),
    Column("n", "of valid", type="integer", help="data points in it"),
    Column("confirmed", "error rate", type="metric", help="on the half of valid that did not find the slice"),
    Column("rest", "elsewhere", type="metric", help="error rate of the other data points of that half"),
    Column("verdict", ""),
)
_HOW = (
    f"One half of {SPLIT} was searched for conditions with more errors than elsewhere; the other half, which is shown, "
    "says whether they hold. Add one to `nacre.yaml` to follow it."
)


def slices_sections(subject: Subject) -> Iterator[Section]:
    """Show the slices that were discovered, as rows to paste into `nacre.yaml`; nothing where there are none."""
    found = subject.analysis.discovered
    if found:
        specs = {part.slice.name: part.slice.when.spec() for part in found}
        chart = table([_row(part) for part in found], _COLUMNS, caption="Discovered slices")
        yield Section("Slices that nobody named", [_HOW, chart, Code(entries("slices", specs))], anchor="discovered")


def _row(part: DiscoveredSlice) -> dict[str, object]:
    return {
        "name": part.slice.name,
        "n": part.n_rows,
        "confirmed": part.confirmed,
        "rest": part.rest,
        "verdict": "confirmed" if part.is_confirmed else "not confirmed",
    }
