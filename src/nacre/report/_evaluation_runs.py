"""The runs on the way here: trends per criterion and slice, and what each run changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nacre.displays import Block, Chart, Details, Format, Iteration, Section, timeline, trend
from nacre.evaluation import ALL
from nacre.metrics import Metric
from nacre.report._evaluation_subject import EvaluationSubject
from nacre.report._words import count

_MOST_RUNS, _MOST_SLICES, _MOST_POINTS = 30, 24, 1_500
_OTHER_TESTS = (
    "Runs over other prompts, criteria, evaluators or slices stand in the line too; between them a difference may come "
    "from the test and not from the system."
)


def runs_section(subject: EvaluationSubject) -> Section:
    """Follow criteria and slices over the runs."""
    runs = subject.runs[-_MOST_RUNS:]
    content: list[Block] = [_timeline(subject)]
    if len(runs) > 1:
        if not all(run.is_comparable for run in runs):
            content.append(_OTHER_TESTS)
        content += _trends(subject)
    return Section("Runs so far", content, anchor="runs")


def _timeline(subject: EvaluationSubject) -> Chart:
    headline = subject.headline.criterion
    steps = []
    for run in subject.runs[-_MOST_RUNS:]:
        mean = run.metrics.get((ALL, headline))
        metrics = {headline: mean} if mean is not None else {}
        steps.append(Iteration(run.name, metrics, title=run.note or "no note", changes=list(run.changes)))
    style: Format = "number" if subject.is_number(headline) else "share"
    title = f"{headline}, over {count(len(steps), 'run')}" if len(steps) > 1 else "The first run"
    return timeline(steps, title=title, format=style)


def _trends(subject: EvaluationSubject) -> Iterator[Block]:
    shares = [name for name in subject.matrix.criteria if not subject.is_number(name)]
    if shares:
        yield _trend(subject, [(ALL, name) for name in shares], title="All responses, by criterion")
    n_points = len(subject.matrix.criteria) * len(subject.runs[-_MOST_RUNS:])
    n_slices = min(max(_MOST_POINTS // n_points, 1), _MOST_SLICES)
    for name in subject.matrix.criteria:
        slices = [part for part in subject.matrix.slices if subject.matrix.n_responses[part]][:n_slices]
        chart = _trend(subject, [(part, name) for part in slices], title=f"{name}, by slice", by_slice=True)
        yield Details(name, [chart], note=f"by slice, {count(len(slices), 'slice')}")


def _trend(
    subject: EvaluationSubject, places: Sequence[tuple[str, str]], *, title: str, by_slice: bool = False
) -> Chart:
    runs = subject.runs[-_MOST_RUNS:]
    series: dict[str, list[Metric | None]] = {}
    targets = {}
    for slice_name, criterion in places:
        label = slice_name if by_slice else criterion
        series[label] = [run.metrics.get((slice_name, criterion)) for run in runs]
        target = subject.matrix.cell(slice_name, criterion).target
        if target is not None:
            targets[label] = target
    is_number = subject.is_number(places[0][1])
    note = "The dashed line is the target." if targets else ""
    names = [run.name for run in runs]
    return trend(series, names, title=title, format="number" if is_number else "share", targets=targets, note=note)
