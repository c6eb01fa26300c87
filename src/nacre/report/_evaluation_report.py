"""The report of a run of a project's benchmark."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from nacre.evaluation import WinRate, win_rates
from nacre.loop import ProjectEvaluation, alignment_verdicts, evaluation_notes, next_steps, without_answer
from nacre.metrics import Metric
from nacre.report._edits import changes_in_words
from nacre.report._evaluation_page import evaluation_page
from nacre.report._evaluation_subject import EvaluationSubject, RunLine
from nacre.report._file import write_page
from nacre.report._words import count
from nacre.workspace import Run


def write_evaluation_report(evaluation: ProjectEvaluation, path: Path) -> None:
    """Write what is known about a run as an HTML file, of which a reader sees all or nothing.

    Args:
        evaluation: The run.
        path: The file.
    """
    write_page(evaluation_page(evaluation_subject(evaluation)), path)


def evaluation_subject(evaluation: ProjectEvaluation) -> EvaluationSubject:
    """Return all that the report says of a run."""
    project, run, baseline = evaluation.project, evaluation.run, evaluation.baseline
    return EvaluationSubject(
        title=f"{project.name}, run {run.number}",
        responses=evaluation.responses,
        scores=evaluation.scores,
        matrix=evaluation.matrix,
        experts=evaluation.experts,
        agreement=evaluation.agreement,
        alignment=alignment_verdicts(evaluation),
        comparison=evaluation.comparison,
        not_compared=evaluation.not_compared,
        notes=evaluation_notes(evaluation),
        baseline=None if baseline is None else project.artifacts.get_frame(baseline.content.responses),
        runs=[_line(evaluation, other) for other in project.runs if other.number <= run.number],
        win_rates=_win_rates(evaluation),
        steps=[(step.title, step.what_to_type) for step in next_steps(evaluation)],
        specs=_specs(evaluation),
        facts=dict(_facts(evaluation)),
    )


def _win_rates(evaluation: ProjectEvaluation) -> dict[str, tuple[WinRate, ...]]:
    scores = evaluation.scores
    preferred = [name for name in scores.evaluators if scores.criterion_of(name).kind == "preference"]
    return {name: win_rates(scores, name, evaluation.responses, evaluation.members) for name in preferred}


def _line(evaluation: ProjectEvaluation, run: Run) -> RunLine:
    metrics = {
        (slice_name, criterion): _metric(shown)
        for slice_name, means in run.metrics.items()
        for criterion, shown in means.items()
        if shown["value"] is not None
    }
    return RunLine(
        str(run.number),
        metrics,
        note=run.note,
        changes=list(changes_in_words(evaluation.project.runs.changes(run.number))),
        is_comparable=run.content.benchmark == evaluation.run.content.benchmark,
    )


def _metric(shown: Mapping[str, Any]) -> Metric:
    low, high = (float("nan") if shown[end] is None else shown[end] for end in ("low", "high"))
    return Metric(shown["value"], low, high, shown["n"])


def _specs(evaluation: ProjectEvaluation) -> dict[str, dict[str, object]]:
    recipe = evaluation.recipe
    return {
        "evaluators": {part.name: json.loads(json.dumps(part.spec())) for part in recipe.evaluators},
        "slices": {part.name: part.when.spec() for part in recipe.slices},
    }


def _facts(evaluation: ProjectEvaluation) -> Iterator[tuple[str, str]]:
    run, content = evaluation.run, evaluation.run.content
    prompts = count(content.n_prompts, "prompt")
    silent = without_answer(evaluation.responses)
    told = f", {silent:,} without an answer" if silent else ""
    yield "responses", f"{count(content.n_responses, 'response')} to {prompts}{told}"
    if content.system is not None:
        yield "system", content.system
    if evaluation.baseline is not None and evaluation.comparison is not None:
        yield "compared with", f"run {evaluation.baseline.name}"
    yield "experts", "none" if evaluation.experts is None else count(len(evaluation.experts.frame), "label")
    if run.note:
        yield "run", run.note
    yield "by", f"{run.author}, {run.at:%Y-%m-%d %H:%M} UTC"
