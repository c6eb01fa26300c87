"""The report of an evaluation: one HTML file that needs nothing beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from nacre.displays import Block, Code, Page, Section
from nacre.evaluation import ALL, ALL_CRITERIA, Cell
from nacre.metrics import MIN_N
from nacre.report._evaluation_changes import changes_section, moved_rows
from nacre.report._evaluation_definitions import definitions_section
from nacre.report._evaluation_rows import matrix_chart, rows_section, shown_rows
from nacre.report._evaluation_runs import runs_section
from nacre.report._evaluation_subject import EvaluationSubject
from nacre.report._evaluation_trust import disagreements, doubts_section, trust_section
from nacre.report._response_cards import ResponseCards
from nacre.report._words import count, interval, names

_MOST_CHARACTERS = 1_200_000
"""Of all texts in a page together, so that it stays small enough to send."""
_MOST_STEPS = 5
_LENGTHS = (5_000, 3_000, 2_000, 1_200, 800, 500, 300)


def evaluation_page(subject: EvaluationSubject) -> Page:
    """Return the report of an evaluation: matrix, responses behind it, changes, runs, trust, definitions."""
    shown = shown_rows(subject)
    row_ids = [row_id for rows in shown.values() for row_id in rows.row_ids]
    row_ids += [row_id for rows in moved_rows(subject).values() for row_id in rows]
    row_ids += [row_id for rows in disagreements(subject).values() for row_id in rows]
    cards = ResponseCards.of(subject, row_ids, n_characters=_n_characters(subject, row_ids))
    return Page(
        subject.title,
        [
            _result(subject),
            rows_section(subject, shown, cards),
            changes_section(subject, cards),
            runs_section(subject),
            trust_section(subject, cards),
            doubts_section(subject),
            definitions_section(subject),
        ],
        lead=" ".join(f"{line[:1].upper()}{line[1:]}" for line in _lead(subject) if line),
        facts=subject.facts,
    )


def _n_characters(subject: EvaluationSubject, row_ids: Sequence[int]) -> int:
    """Return where texts are cut: as late as their sum allows."""
    names = [name for name in ("prompt", "response", "reference") if name in subject.responses.columns]
    shown = pl.DataFrame({"row_id": pl.Series(row_ids, dtype=pl.Int64)})
    texts = shown.join(subject.responses.select("row_id", *names), on="row_id")
    lengths = texts.select(pl.col(names).str.len_chars().fill_null(0).cast(pl.Int64))
    for most in _LENGTHS:
        if lengths.select(pl.sum_horizontal(pl.all().clip(upper_bound=most).sum())).item() <= _MOST_CHARACTERS:
            return most
    return _LENGTHS[-1]


def _result(subject: EvaluationSubject) -> Section:
    content: list[Block] = [matrix_chart(subject)]
    if subject.steps:
        content.append(Section("What to do next", list(_steps(subject)), anchor="next"))
    return Section("Result", content)


def _steps(subject: EvaluationSubject) -> Iterator[Block]:
    for number, (title, what_to_type) in enumerate(subject.steps[:_MOST_STEPS], start=1):
        yield f"{number}. {title}"
        if what_to_type:
            yield Code(what_to_type)


def _lead(subject: EvaluationSubject) -> Iterator[str]:
    """Say how good it is, what changed and where it is worst, never more surely than the intervals."""
    cell = subject.headline
    if not cell.mean.n:
        yield "Nothing is scored yet."
        return
    what = "pass all criteria" if cell.criterion == ALL_CRITERIA else f"is the mean of {cell.criterion}"
    n = count(cell.n_scored, "response")
    yield (
        f"{interval(cell.mean)} {what}, over {n}."
        if cell.criterion != ALL_CRITERIA
        else (f"{interval(cell.mean).partition(' n=')[0]} of {n} {what}.")
    )
    yield _changed(subject, cell)
    yield from _targets(subject)


def _changed(subject: EvaluationSubject, cell: Cell) -> str:
    if subject.comparison is not None:
        return subject.comparison.verdict
    if cell.change is None:
        return ""
    return subject.matrix.verdict


def _targets(subject: EvaluationSubject) -> Iterator[str]:
    """Name the criteria that miss their target, and the slice that is furthest below its own."""
    every = [subject.matrix.cell(ALL, name) for name in subject.columns]
    missed = [cell.criterion for cell in every if cell.status == "missed"]
    met = [cell.criterion for cell in every if cell.status == "met"]
    if missed:
        yield f"Target missed on {names(missed)}."
    elif met:
        yield f"Target met on {names(met)}."
    slices = [
        cell
        for cell in subject.matrix.cells.values()
        if cell.slice != ALL
        and cell.status == "missed"
        and cell.mean.n >= MIN_N
        and not subject.is_number(cell.criterion)
    ]
    if slices:
        worst = min(slices, key=lambda cell: cell.mean.value - (cell.target or 0.0))
        yield f"Furthest below: `{worst.criterion}` on `{worst.slice}`, {interval(worst.mean)}."
