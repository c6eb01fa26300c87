"""The report of an evaluation: one HTML file that needs nothing beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from nacre.displays import Block, Code, Details, Page, Section
from nacre.evaluation import ALL, ALL_CRITERIA, Cell, win_rates_chart
from nacre.metrics import MIN_N
from nacre.report._evaluation_changes import changes_section, moved_rows
from nacre.report._evaluation_definitions import definitions_section
from nacre.report._evaluation_rows import Shown, matrix_chart, rows_section, shown_rows
from nacre.report._evaluation_runs import runs_section
from nacre.report._evaluation_subject import EvaluationSubject
from nacre.report._evaluation_trust import disagreements, doubts_section, trust_section
from nacre.report._response_cards import ResponseCards
from nacre.report._words import count, interval, names

_MOST_CHARACTERS = 1_000_000
"""Of all texts in a page together, so that it stays small enough to send."""
_MOST_STEPS, _MOST_WORSE = 5, 3
_RATES = "A tie counts half. Length-controlled: the win rate that equally long responses would have."
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
            _result(subject, shown),
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
    columns = [pl.col(name).str.len_chars() for name in names]
    if "contexts" in subject.responses.columns:
        columns.append(pl.col("contexts").list.join("", ignore_nulls=True).str.len_chars())
    texts = subject.responses.select("row_id", *(column.fill_null(0).cast(pl.Int64) for column in columns))
    lengths = shown.join(texts, on="row_id").drop("row_id")
    for most in _LENGTHS:
        if lengths.select(pl.sum_horizontal(pl.all().clip(upper_bound=most).sum())).item() <= _MOST_CHARACTERS:
            return most
    return _LENGTHS[-1]


def _result(subject: EvaluationSubject, shown: Mapping[tuple[str, str], Shown]) -> Section:
    content: list[Block] = [*subject.notes, matrix_chart(subject, shown)]
    if subject.steps:
        content.append(Section("What to do next", list(_steps(subject)), anchor="next"))
    if subject.win_rates:
        content.append(Section("Win rates", list(_win_rates(subject))))
    return Section("Result", content)


def _win_rates(subject: EvaluationSubject) -> Iterator[Block]:
    for evaluator, rates in subject.win_rates.items():
        known = [rate for rate in rates if rate.raw.n]
        whole = [rate.to_dict() for rate in known if rate.slice == ALL]
        yield win_rates_chart(whole, title=f"{evaluator}: responses that win", note=_RATES)
        for system in dict.fromkeys(rate.system for rate in known):
            slices = [rate.to_dict() for rate in known if rate.system == system and rate.slice != ALL]
            if slices:
                chart = win_rates_chart(slices, title=f"{evaluator}, by slice", by="slice")
                yield Details(system or evaluator, [chart], note=f"win rates in {count(len(slices), 'slice')}")


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
    yield _headline(subject, cell)
    yield _changed(subject, cell)
    yield from _worse(subject)
    yield from _targets(subject)


def _headline(subject: EvaluationSubject, cell: Cell) -> str:
    mean, n = interval(cell.mean).partition(" n=")[0], count(cell.n_scored, "response")
    few = " That is too few to say much." if cell.mean.is_too_few else ""
    if cell.criterion == ALL_CRITERIA:
        return f"{mean} of {n} pass all criteria.{few}"
    kind = subject.criteria[cell.criterion].kind
    if kind == "preference":
        return f"The win rate on `{cell.criterion}` is {mean}, over {n}.{few}"
    if kind == "number":
        return f"The mean of `{cell.criterion}` is {mean}, over {n}.{few}"
    return f"{mean} of {n} pass `{cell.criterion}`.{few}"


def _changed(subject: EvaluationSubject, cell: Cell) -> str:
    if subject.comparison is not None:
        return subject.comparison.verdict
    if cell.change is None:
        return ""
    return subject.matrix.verdict


def _worse(subject: EvaluationSubject) -> Iterator[str]:
    """Name what clearly got worse: a better whole must not hide it."""
    if subject.comparison is None:
        return
    worse = [change for change in subject.comparison.changes.values() if change.is_better is False]
    parts = sorted(
        (change for change in worse if change.criterion != ALL_CRITERIA),
        key=lambda change: 1.0 if change.p is None else change.p,
    )
    if parts:
        shown = [
            f"`{change.criterion}` on `{change.slice}`, {interval(change.difference, signed=True).partition(' n=')[0]}"
            for change in parts[:_MOST_WORSE]
        ]
        more = f" and {len(parts) - _MOST_WORSE} more" if len(parts) > _MOST_WORSE else ""
        yield f"Clearly worse: {'; '.join(shown)}{more}."


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
