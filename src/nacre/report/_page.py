"""The report of a run: one HTML file that needs nothing beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from nacre.displays import Page
from nacre.loop import SPLIT, SPLITS, Recipe, Turn
from nacre.metrics import MIN_N, Metric
from nacre.report._changes import change_frames, changes_section
from nacre.report._errors import error_frames, errors_section
from nacre.report._examples import Examples, row_ids
from nacre.report._file import write_page
from nacre.report._functions import functions_section
from nacre.report._labels import labels_section
from nacre.report._next import next_section
from nacre.report._recipe import recipe_section
from nacre.report._result import result_section
from nacre.report._subject import Subject
from nacre.report._words import count, interval, told_note
from nacre.workspace import Project

N_MOVED = 4  # slices named in the lead


def report_page(project: Project, recipe: Recipe, turn: Turn) -> Page:
    """Return the report of a run: result, next actions, errors, functions, labels, changes, recipe.

    Args:
        project: The project.
        recipe: What was run.
        turn: What the run did, analysis included.
    """
    subject = Subject.of(project, recipe, turn)
    shown = row_ids([*error_frames(subject), *change_frames(subject)])
    examples = Examples.of(subject, shown)
    return Page(
        f"{project.name}, iteration {subject.iteration.number}",
        [
            result_section(subject),
            next_section(subject),
            errors_section(subject, examples),
            functions_section(subject),
            labels_section(subject),
            changes_section(subject, examples),
            recipe_section(subject),
        ],
        lead=" ".join(_lead(subject)),
        facts=dict(_facts(subject)),
    )


def write_report(project: Project, recipe: Recipe, turn: Turn, path: Path) -> None:
    """Write the report of a run as an HTML file, of which a reader sees all or nothing.

    Args:
        project: The project.
        recipe: What was run.
        turn: What the run did, analysis included.
        path: The file.
    """
    write_page(report_page(project, recipe, turn), path)


def _lead(subject: Subject) -> Iterator[str]:
    """Say what changed, never more surely than its interval."""
    causes = subject.analysis.causes
    if not subject.is_measured:
        yield f"Nothing is measured yet: no data point of {SPLIT} has ground truth."
        yield f"Functions vote on {subject.analysis.summary.coverage:.0%} of train."
        return
    level = interval(subject.analysis.quality.slices[0].end_model)
    counted = "" if subject.unit == "data point" else "; n counts data points"
    yield f"{_change(subject)}{level} ({_plural(subject.unit)} of {SPLIT}{counted})."
    yield from _moved_slices(subject)
    if causes.n_errors:
        worst = max(causes.causes, key=lambda cause: cause.n)
        yield f"Most frequent cause of the {count(causes.n_errors, 'error')}: {worst.title} ({worst.n:,})."


def _change(subject: Subject) -> str:
    if subject.change is None:
        return "The end model has an accuracy of "
    before, metric = f"since iteration {subject.iteration.number - 1}", subject.change.change
    told = _without_n(metric)
    if metric.n < MIN_N:
        return f"Too few data points to say whether accuracy changed {before}; it is "
    if not subject.change.is_clear:
        return f"No clear change of accuracy {before}, {told}; it is "
    return f"Accuracy {'rose' if metric.value > 0 else 'fell'} {before}, {told}, to "


def _without_n(change: Metric) -> str:
    return interval(change, signed=True).partition(" n=")[0]


def _plural(unit: str) -> str:
    return count(2, unit).removeprefix("2 ")


def _moved_slices(subject: Subject) -> Iterator[str]:
    comparison = subject.analysis.comparison
    if comparison is None:
        return
    moved = [
        f"`{name}` {_without_n(part.change)}"
        for name, part in comparison.slices.items()
        if name != "all" and part.is_clear and part.change.n >= MIN_N
    ]
    if moved:
        more = f" and {len(moved) - N_MOVED} more" if len(moved) > N_MOVED else ""
        yield f"Clear changes by slice: {', '.join(moved[:N_MOVED])}{more}."


def _facts(subject: Subject) -> Iterator[tuple[str, str]]:
    project, iteration = subject.project, subject.iteration
    yield "data", f"{subject.recipe.data.source}, version {(project.data.version or '-')[:8]}"
    yield "split", _splits(subject)
    yield "label model", next(iter(subject.recipe.label_model))
    yield "end model", next(iter(subject.recipe.model))
    yield "iteration", told_note(iteration.note)
    yield "by", f"{iteration.author}, {iteration.opened_at:%Y-%m-%d %H:%M} UTC"
    for note in subject.notes:
        yield "note", note


def _splits(subject: Subject) -> str:
    rows, looks = subject.labels.rows, len(subject.project.test_looks)
    sealed = "sealed" if not looks else f"looked at {looks} times" if looks > 1 else "looked at once"
    names = [name for name in SPLITS if name in rows] + sorted(set(rows) - set(SPLITS))
    sizes = [f"{name} {len(rows[name]):,}{f', {sealed}' if name == 'test' else ''}" for name in names]
    return " \N{MIDDLE DOT} ".join(sizes)
