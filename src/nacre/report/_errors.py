"""Errors: their causes with rows to look at, groups with names, confused classes."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from nacre.analysis import Cause, ErrorGroup
from nacre.displays import Block, Chart, Code, Column, Details, Section, table
from nacre.loop import SPLIT, entries
from nacre.metrics import Metric
from nacre.report._confusion import confusion_section
from nacre.report._examples import Examples, first_rows
from nacre.report._slices import slices_sections
from nacre.report._subject import Subject
from nacre.report._words import count, interval, names, points

N_ROWS_PER_CAUSE, N_ROWS_PER_GROUP = 8, 4
N_GROUPS = 12
_COLUMNS = (
    Column("cause", link="at"),
    Column("n", "errors", type="integer"),
    Column("share", type="percent", help="of all errors"),
    Column("was", type="integer", help="in the iteration before"),
    Column("note", ""),
    Column("do", "what to do"),
)
_RESPONSIBLE = (
    Column("function", type="code"),
    Column("n_wrong", "wrong votes here", type="integer"),
    Column("accuracy", f"accuracy on {SPLIT}", type="metric"),
    Column("fixed", "labels that come right", type="number", help="when the function is left out"),
    Column("broken", "that go wrong", type="number", help="when the function is left out"),
    Column("expected_fixes", "expected fixes", type="number", help="errors of the end model, after a narrower rule"),
)
_ORDER = (
    "Each error has exactly one cause: the first of the five that holds, in this order. So the column adds up, and its "
    "shrinking is progress."
)
_NO_GROUPS = "No condition and no pair of classes has clearly more errors than the rest: the errors are scattered."


def error_frames(subject: Subject) -> list[pl.DataFrame]:
    """Return the units that the section shows."""
    causes = [first_rows(cause.rows, N_ROWS_PER_CAUSE) for cause in subject.analysis.causes.causes]
    groups = [first_rows(group.rows, N_ROWS_PER_GROUP) for group in subject.analysis.groups[:N_GROUPS]]
    return [*causes, *groups]


def errors_section(subject: Subject, examples: Examples) -> Section:
    """Say why the end model errs, with rows to look at."""
    causes = subject.analysis.causes
    if not subject.is_measured:
        return Section(
            "Errors", ["Without ground truth no error is known. The part on the result says how to add some."]
        )
    if not causes.n_errors:
        worst = subject.outcomes.rate(subject.outcomes.is_error, subject.outcomes.is_known).high
        return Section(
            "Errors",
            [
                f"The end model makes no error on the {count(causes.n_units, subject.unit)} of {SPLIT} whose truth is "
                f"known. That is no proof of none: with so many of them, the error rate is below {worst:.1%} with "
                "97.5 % confidence. More rows with ground truth, or harder slices, would tell more.",
                confusion_section(subject),
            ],
        )
    opened = [_cause(cause, examples) for cause in causes.causes if cause.n]
    parts = [_groups(subject, examples), *slices_sections(subject), confusion_section(subject)]
    return Section("Errors", [_ORDER, _work_list(subject), *opened, *parts])


def _work_list(subject: Subject) -> Chart:
    causes = subject.analysis.causes
    earlier = {} if subject.before is None else subject.before.detail.get("causes", {})
    rows = [
        {
            "cause": cause.title,
            "n": cause.n,
            "share": cause.n / causes.n_errors,
            "was": earlier.get(cause.name),
            "note": cause.note,
            "do": cause.remedy if cause.n else "",
            "at": f"#cause-{cause.name}" if cause.n else None,
        }
        for cause in causes.causes
    ]
    was = sum(earlier.values()) if earlier else None
    total = {"cause": "all errors", "n": causes.n_errors, "share": 1.0, "was": was, "note": "", "do": "", "at": None}
    columns = [column for column in _COLUMNS if earlier or column.name != "was"]
    return table(
        [*rows, total],
        columns,
        caption=f"Why {count(causes.n_errors, 'error')} on {count(causes.n_units, subject.unit)} of {SPLIT}",
    )


def _cause(cause: Cause, examples: Examples) -> Details:
    shown = first_rows(cause.rows, N_ROWS_PER_CAUSE)
    content: list[Block] = [f"{cause.remedy} {_gain(cause)}"]
    if len(cause.functions):
        content.append(_responsible(cause))
    content += [_which(shown, cause.n), examples.chart(shown)]
    note = f"{count(cause.n, 'error')}{f', {cause.note}' if cause.note else ''}"
    title = cause.title[:1].upper() + cause.title[1:]
    return Details(title, content, note=note, anchor=f"cause-{cause.name}")


def _gain(cause: Cause) -> str:
    if cause.expected_gain <= 0:
        return "By the figures of this split, no gain can be expected of it."
    minutes = max(1, round(cause.minutes))
    return f"Expected of it: {points(cause.expected_gain)} in {count(minutes, 'minute')}; the estimate {cause.basis}."


def _which(shown: pl.DataFrame, n: int) -> str:
    if len(shown) >= n:
        return "All of them, the surest first:"
    n_rows = shown["row_id"].n_unique()
    where = f" in {count(n_rows, 'data point')}" if n_rows < len(shown) else ""
    return f"{len(shown)} of {n:,}{where}, those first that the end model is surest of:"


def _responsible(cause: Cause) -> Chart:
    rows = [
        row | {"accuracy": Metric(row["accuracy"], row["low"], row["high"], row["n"])}
        for row in cause.functions.iter_rows(named=True)
    ]
    return table(rows, _RESPONSIBLE, caption="Functions responsible, the most rewarding to repair first")


def _groups(subject: Subject, examples: Examples) -> Section:
    groups = subject.analysis.groups[:N_GROUPS]
    return Section(
        "Errors that belong together",
        [*(_group(group, examples) for group in groups)] or [_NO_GROUPS],
        anchor="groups",
    )


def _group(group: ErrorGroup, examples: Examples) -> Details:
    shown = first_rows(group.rows, N_ROWS_PER_GROUP)
    return Details(
        group.name,
        [*_told(group), examples.chart(shown)],
        metric=group.rate,
        note=f"{count(group.n_errors, 'error')} among {group.n:,}",
    )


def _told(group: ErrorGroup) -> Iterator[Block]:
    if group.kind == "pair":
        said = f" Its errors more often have {names(list(group.terms))}." if group.terms else ""
        yield f"The error rate of this pair, against {interval(group.rest)} elsewhere.{said}"
        return
    yield f"The error rate here is {interval(group.rate)}, elsewhere {interval(group.rest)}."
    if group.when is not None:
        spec = {"label": group.label, "when": group.when.spec()} if group.label else group.when.spec()
        yield "As a function, to narrow until it is right:" if group.label else "As a slice, to watch it:"
        yield Code(entries("functions" if group.label else "slices", {_identifier(group.name): spec}))


def _identifier(name: str) -> str:
    words = "".join(character if character.isalnum() else " " for character in name).split()
    return "_".join(words).lower()[:40] or "group"
