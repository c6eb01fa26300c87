"""The result: metrics with their change, slices before and after, iterations."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from nacre.analysis import SliceQuality
from nacre.displays import Block, Chart, Code, Columns, Section, interval_bars, metric, stacked_bars, timeline
from nacre.displays import Iteration as Step
from nacre.loop import SPLIT, entries
from nacre.metrics import Metric, wilson
from nacre.report._edits import changes_in_words
from nacre.report._subject import Subject
from nacre.report._words import count, interval, told_note
from nacre.workspace import Iteration

N_SERIES = 8  # slices drawn over iterations
N_BARS = 40  # slices with a bar of their own

NO_TRUTH = (
    f"No data point of {SPLIT} has ground truth, so accuracy, errors and their causes cannot be measured. Label some "
    "by hand, a few hundred tell a lot, and name the field that holds the answers:"
)
TRUTH_LINE = "data: {source: ..., truth: label}"
_NO_SLICES = (
    "There are no slices yet, so a part of the data that does badly hides in the average. A slice is a condition with "
    "a name; add some to `nacre.yaml`, and every figure here is shown for each of them."
)


def result_section(subject: Subject) -> Section:
    """Say how good the end model is, where, and how that came about."""
    if not subject.is_measured:
        return Section("Result", [_unmeasured_tile(subject), NO_TRUTH, Code(TRUTH_LINE)])
    content: list[Block] = [Columns(_tiles(subject)), _slices(subject)]
    if not subject.recipe.slices:
        content += [_NO_SLICES, Code(_slice_lines(subject))]
    return Section("Result", [*content, _timeline(subject), _causes(subject)])


def _slice_lines(subject: Subject) -> str:
    schema = subject.labels.data.schema
    texts = [name for name, dtype in schema.items() if dtype == pl.String and name not in ("uid", "split")]
    when = f"length({texts[0]}) < 100" if texts else "your_field > 0"
    return entries("slices", {"short": {"expression": when}})


def _tiles(subject: Subject) -> Sequence[Chart]:
    quality = subject.analysis.quality
    line, change = quality.slices[0], subject.change
    return (
        metric("accuracy of the end model", line.end_model, change=None if change is None else change.change),
        metric(quality.f1, line.end_model_f1, note=_was(subject, "f1")),
        metric("covered by votes", line.coverage, format="percent", note=_was(subject, "coverage")),
        metric("accuracy of the label model", line.label_model, note=_was(subject, "label_model")),
    )


def _unmeasured_tile(subject: Subject) -> Chart:
    summary = subject.analysis.summary
    return metric(
        "train covered by votes", wilson(summary.coverage * summary.n_units, summary.n_units), format="percent"
    )


def _was(subject: Subject, name: str) -> str:
    earlier = subject.earlier(name).get("all")
    return "" if earlier is None else f"was {interval(earlier)}"


def _slices(subject: Subject) -> Chart:
    lines = shown_slices(subject)
    earlier = subject.earlier("accuracy")
    links = {} if subject.analysis.comparison is None else {"all": "#what-changed"}
    hidden = len(subject.analysis.quality.slices) - len(lines)
    return interval_bars(
        {line.slice: line.end_model for line in lines},
        before={line.slice: earlier[line.slice] for line in lines if line.slice in earlier},
        names=(_name(subject.before), _name(subject.iteration)),
        title=f"Accuracy of the end model on {SPLIT}, by slice",
        links=links,
        note=f"{count(hidden, 'smaller slice')} not shown." if hidden else "",
    )


def shown_slices(subject: Subject) -> list[SliceQuality]:
    """Return all units and the largest slices, in their order."""
    first, *others = subject.analysis.quality.slices
    largest = sorted(others, key=lambda line: -line.n)[: N_BARS - 1]
    return [first, *(line for line in others if line in largest)]


def _name(iteration: Iteration | None) -> str:
    return "before" if iteration is None else f"iteration {iteration.number}"


def _timeline(subject: Subject) -> Chart:
    series = [line.slice for line in shown_slices(subject)][: N_SERIES + 1]
    steps = [_step(subject, iteration, series) for iteration in subject.measured]
    return timeline(
        steps,
        title=f"Accuracy of the end model on {SPLIT} over {len(steps)} iterations, and what each changed"
        if len(steps) > 1
        else "What this iteration set up",
        note="Changes are paired: both iterations were measured on the same data points." if len(steps) > 1 else "",
    )


def _step(subject: Subject, iteration: Iteration, series: Sequence[str]) -> Step:
    slices = iteration.metrics[SPLIT]
    change = subject.change if iteration.number == subject.iteration.number else None
    return Step(
        str(iteration.number),
        {name: slices[name]["accuracy"] for name in series if name in slices},
        title=told_note(iteration.note),
        changes=list(changes_in_words(subject.project.iterations.changes(iteration.number))),
        change=_stored_change(iteration) if change is None else change.change,
    )


def _stored_change(iteration: Iteration) -> Metric | None:
    stored = iteration.detail.get("change")
    return None if stored is None else Metric(stored["value"], stored["low"], stored["high"], stored["n"])


def _causes(subject: Subject) -> Chart:
    titles = {cause.name: cause.title for cause in subject.analysis.causes.causes}
    rows = {
        _name(iteration): {
            title: int(iteration.detail.get("causes", {}).get(name, 0)) for name, title in titles.items()
        }
        for iteration in subject.measured[-N_BARS:]
    }
    return stacked_bars(
        rows,
        title=f"Errors on {SPLIT} by cause",
        note="Each error has exactly one cause, so the bars add up and their shrinking is progress.",
    )
