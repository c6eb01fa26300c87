"""What an iteration changed: slices, edits, rows that were fixed and rows that broke."""

from __future__ import annotations

import polars as pl

from nacre.analysis import IterationComparison
from nacre.displays import Block, Chart, Column, Details, Section, table
from nacre.loop import SPLIT
from nacre.report._examples import Examples, first_rows
from nacre.report._subject import Subject
from nacre.report._words import count, share

N_ROWS = 6
_SLICES = (
    Column("slice"),
    Column("change", "change of accuracy", type="change"),
    Column("n", type="integer"),
    Column("gained", "now right", type="integer"),
    Column("lost", "now wrong", type="integer"),
    Column("p", help="McNemar's exact test, data point by data point: how often chance alone would be as uneven"),
)
_EDITS = (
    Column("function", type="code"),
    Column("kind", ""),
    Column("n_votes", "other votes", type="integer", help=f"units of {SPLIT} where its vote is another one now"),
    Column("n_fixed", "fixed among them", type="integer"),
    Column("n_new", "newly wrong", type="integer"),
)
_FIRST = (
    "This is the first iteration. Edit `nacre.yaml`, run again, and this part shows slice by slice "
    "what changed, which edits touched it, and which rows broke."
)
_OTHER_CLASSES = "The iteration before had other classes or was not measured, so the two cannot be compared."
_NO_EDITS = (
    "No function was added, changed or removed since the iteration before; what changed comes from the data, the "
    "label model or the end model."
)


def change_frames(subject: Subject) -> list[pl.DataFrame]:
    """Return the units that the section shows."""
    comparison = subject.analysis.comparison
    return [] if comparison is None else [first_rows(part, N_ROWS) for part in (comparison.fixed, comparison.new)]


def changes_section(subject: Subject, examples: Examples) -> Section:
    """Compare the iteration with the one before."""
    comparison = subject.analysis.comparison
    if comparison is None:
        return Section("What changed", [_FIRST if subject.iteration.number < 2 else _OTHER_CLASSES])
    content: list[Block] = [_slices(comparison)] if subject.is_measured else []
    content.append(_edits(comparison) if comparison.edits else _NO_EDITS)
    for title, rows, anchor in (
        ("Fixed", comparison.fixed, "fixed"),
        ("Newly wrong", comparison.new, "newly-wrong"),
    ):
        if len(rows):
            shown = first_rows(rows, N_ROWS)
            note = f"{count(len(rows), subject.unit)}, {len(shown)} shown"
            content.append(Details(title, [examples.chart(shown)], note=note, anchor=anchor))
    return Section("What changed", content)


def _slices(comparison: IterationComparison) -> Chart:
    rows = [
        {
            "slice": name,
            "change": part.change,
            "n": part.change.n,
            "gained": part.gained,
            "lost": part.lost,
            "p": "< .001" if part.p < 0.001 else share(part.p),
        }
        for name, part in comparison.slices.items()
    ]
    note = "A change has a colour only where its 95 % interval excludes zero."
    if len(rows) > 1:
        note += " Of lines without any real change, one in twenty would have one by chance."
    return table(rows, _SLICES, caption="Since the iteration before, on the same data points", note=note)


def _edits(comparison: IterationComparison) -> Chart:
    return table(
        [vars(edit) for edit in comparison.edits],
        _EDITS,
        caption="Functions that were edited",
        note="A unit may have other votes of several functions, so the columns do not add up.",
    )
