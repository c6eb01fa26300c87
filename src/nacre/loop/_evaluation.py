"""Run the benchmark of a project: score its responses, and keep that as a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from nacre._hashing import hash_json, hash_series
from nacre._progress import Progress, Silent
from nacre.data import Dataset
from nacre.errors import SchemaError
from nacre.evaluation import Scores, evaluate, evaluation_matrix
from nacre.labeling import slice_members
from nacre.loop._evaluation_benchmark import code_note, with_benchmark
from nacre.loop._evaluation_recipe import EvaluationRecipe
from nacre.loop._evaluation_responses import recipe_responses
from nacre.loop._evaluation_sync import (
    check_names,
    import_experts,
    import_scores,
    imported_scores,
    sync_evaluation,
)
from nacre.loop._resources import embedding_note, project_context
from nacre.workspace import Run, RunContent

if TYPE_CHECKING:
    from nacre.workspace import Project


@dataclass(frozen=True)
class Evaluated:
    """What running a benchmark did.

    Args:
        run: The run.
        is_new: Whether anything differs from the run before; where nothing does, that run stands.
        notes: What the reader should know.
    """

    run: Run
    is_new: bool
    notes: tuple[str, ...] = ()


def run_benchmark(
    project: Project,
    recipe: EvaluationRecipe,
    *,
    responses: Path | None = None,
    system: str | None = None,
    note: str | None = None,
    retry_errors: bool = False,
    progress: Progress | None = None,
) -> Evaluated:
    """Score the responses of a project and keep that as a run; what was scored before is not scored again.

    Args:
        project: The project.
        recipe: How responses are judged.
        responses: Other responses than those of the recipe, such as those of the next version of the system.
        system: Only the responses of this system, where the file has those of several.
        note: What the run is for.
        retry_errors: Try responses again on which an evaluator failed before.
        progress: What is told of the progress.

    Raises:
        SchemaError: Nothing scores the responses.
    """
    progress = progress or Silent()
    own, recipe = recipe, with_benchmark(recipe)
    sync_evaluation(project, recipe)
    found = recipe_responses(recipe, responses, system=system)
    data, recipe = found.data, _with_criteria(recipe, found.scores)
    import_experts(project, recipe, data)
    import_scores(project, recipe, data)
    voters = [evaluator.voter for evaluator in recipe.evaluators]
    reads = [name for part in recipe.slices for name in part.when.reads]
    context = project_context(project, voters, data, folder=recipe.folder, reads=reads)
    scores = evaluate(
        recipe.evaluators, data, store=project.columns, context=context, retry_errors=retry_errors, progress=progress
    )
    scores = _with_others(recipe, scores, [found.scores, imported_scores(project, recipe.criteria, data)])
    members = slice_members(recipe.slices, data, context=context, store=project.columns)
    content = _content(project, recipe, scores, data=data, members=members)
    run = project.runs.add(content, note=note or "", metrics=_metrics(scores, members))
    notes = [*found.notes, code_note(own, recipe.evaluators), embedding_note(context)]
    if run is None and note is not None:
        notes.append("Nothing changed since the run before, which stands: the note is unused.")
    newest = project.runs.newest
    assert newest is not None  # just added, or there before
    return Evaluated(run or newest, run is not None, tuple(line for line in notes if line))


def _with_criteria(recipe: EvaluationRecipe, scores: Scores | None) -> EvaluationRecipe:
    """Add the criteria that scores of another tool came with."""
    known = {criterion.name for criterion in recipe.criteria}
    others = () if scores is None else tuple(part for part in scores.criteria if part.name not in known)
    return replace(recipe, criteria=(*recipe.criteria, *others))


def _with_others(recipe: EvaluationRecipe, scores: Scores, others: Sequence[Scores | None]) -> Scores:
    """Add the scores of other tools."""
    frame, evaluators = scores.frame, dict(scores.evaluators)
    for part in others:
        if part is not None:
            check_names(part, recipe)
            frame = pl.concat([frame, part.frame.select(frame.columns)])
            evaluators |= part.evaluators
    if not evaluators:
        raise SchemaError(
            "Nothing scores the responses. Add `evaluators` to `evaluation` in nacre.yaml, or import scores with "
            "`nacre import FILE --as scores`."
        )
    return Scores(frame, recipe.criteria, evaluators)


def _metrics(scores: Scores, members: pl.DataFrame) -> dict[str, dict[str, Any]]:
    """Return the means by slice and criterion, so that a list of runs needs no scores."""
    metrics: dict[str, dict[str, Any]] = {}
    for cell in evaluation_matrix(scores, members).cells.values():
        metrics.setdefault(cell.slice, {})[cell.criterion] = cell.mean.to_dict()
    return metrics


def _content(
    project: Project, recipe: EvaluationRecipe, scores: Scores, *, data: Dataset, members: pl.DataFrame
) -> RunContent:
    frame = data.collect()
    prompts = frame.get_column("prompt_id").unique().sort()
    systems = frame.get_column("system").unique().to_list() if "system" in frame.columns else []
    counts = scores.counts().drop("criterion").to_dicts()
    benchmark = {
        "prompts": hash_series(prompts),
        "criteria": [criterion.fingerprint for criterion in recipe.criteria],
        "evaluators": dict(scores.evaluators),
        "slices": {part.name: part.when.spec() for part in recipe.slices},
    }
    return RunContent(
        responses=project.artifacts.put_frame(frame),
        scores=project.artifacts.put_frame(scores.frame),
        members=project.artifacts.put_frame(members),
        benchmark=hash_json(benchmark),
        criteria={criterion.name: criterion.spec() for criterion in recipe.criteria},
        evaluators=dict(scores.evaluators),
        counts={row.pop("evaluator"): row for row in counts},
        n_responses=len(frame),
        n_prompts=len(prompts),
        system=systems[0] if len(systems) == 1 else None,
    )
