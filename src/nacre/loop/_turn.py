"""A turn of the loop from recipe to analysis, kept as an iteration of the project."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import polars as pl

from nacre._progress import Progress, Silent
from nacre.analysis import (
    Action,
    DiscoveredSlice,
    ErrorCauses,
    ErrorGroup,
    FunctionGroup,
    IterationComparison,
    Outcomes,
    Quality,
    Suggestion,
    compare_iterations,
    discover_slices,
    duplicate_functions,
    error_causes,
    error_groups,
    estimated_precision,
    function_groups,
    marginal_value,
    next_actions,
    quality,
    suggest_functions,
)
from nacre.data import Classes
from nacre.engine import split_name
from nacre.errors import UnknownNameError
from nacre.label_models import Advice, advise
from nacre.labeling import LabelSummary, slice_members
from nacre.loop._document import analysis_document, save_document
from nacre.loop._outcome_files import load_outcomes, save_outcomes
from nacre.loop._recipe import Recipe
from nacre.loop._resources import embedding_note
from nacre.loop._stages import Labels, Trained, apply_functions, fit_label_model, split_outcomes, train_model
from nacre.loop._sync import Synced, sync
from nacre.metrics import Metric
from nacre.workspace import Iteration

if TYPE_CHECKING:
    from nacre.workspace import Project

Stage = Literal["import", "apply", "label", "train", "analyse", "evaluate"]
STAGES: tuple[Stage, ...] = get_args(Stage)
SPLIT = "valid"  # errors are analysed here while iterating; test stays sealed
N_DEV = 200  # labelled data points of train that functions may be proposed from


@dataclass(frozen=True, eq=False)
class Analysis:
    """What one iteration is like and what is wrong with it.

    Args:
        outcomes: Votes, probabilities and truth of valid.
        members: Which data points belong to which slice.
        summary: Coverage, overlap, conflict of the functions on train, with their accuracy on its ground truth.
        estimated: Precision of the functions without ground truth.
        value: What each function adds to the others.
        quality: Label model beside majority vote, and the end model, per slice.
        causes: Why the end model errs.
        groups: Errors that belong together.
        discovered: Parts of valid with more errors than the rest that no slice names yet.
        duplicates: Functions that repeat each other.
        advice: Whether a label model is worth its while; None for several labels.
        suggestions: Functions to accept.
        actions: What to do next, the most rewarding first.
        comparison: What changed since the iteration before; None for the first.
    """

    outcomes: Outcomes
    members: pl.DataFrame
    summary: LabelSummary
    estimated: pl.DataFrame
    value: pl.DataFrame
    quality: Quality
    causes: ErrorCauses
    groups: tuple[ErrorGroup, ...]
    discovered: tuple[DiscoveredSlice, ...]
    duplicates: tuple[FunctionGroup, ...]
    advice: Advice | None
    suggestions: tuple[Suggestion, ...]
    actions: tuple[Action, ...]
    comparison: IterationComparison | None


@dataclass(frozen=True, eq=False)
class Turn:
    """What a run did; what comes after the stage that it ran until is None.

    Args:
        synced: What was imported.
        labels: Votes and probabilities of the label model.
        trained: The end model.
        iteration: The iteration that the metrics belong to.
        analysis: What is wrong, what caused it, what to do next.
        notes: What the reader should know, such as what stands in for something missing.
    """

    synced: Synced
    labels: Labels | None = None
    trained: Trained | None = None
    iteration: Iteration | None = None
    analysis: Analysis | None = None
    notes: tuple[str, ...] = ()


def run(
    project: Project,
    recipe: Recipe,
    *,
    until: Stage = "analyse",
    note: str | None = None,
    refused: Path | None = None,
    n_jobs: int | None = None,
    retry_errors: bool = False,
    progress: Progress | None = None,
) -> Turn:
    """Bring a project to its recipe and go once round the loop; what has not changed is not computed again.

    Args:
        project: The project.
        recipe: What it should be.
        until: The last stage to run; `evaluate`, which `run_benchmark` is, comes after all of them.
        note: What this iteration is for. A run that changes the training set opens an iteration.
        refused: Where bad rows of the source go; without it one bad row stops the import.
        n_jobs: Processes for Python functions that live in a file.
        retry_errors: Try rows again on which a function failed before.
        progress: What is told of the progress.
    """
    progress = progress or Silent()
    synced = sync(project, recipe, refused=refused)
    if until == "import":
        return Turn(synced)
    labels = apply_functions(project, recipe, n_jobs=n_jobs, retry_errors=retry_errors, progress=progress)
    notes = _notes(labels)
    if until == "apply":
        return Turn(synced, labels, notes=notes)
    labels = fit_label_model(labels, recipe)
    if until == "label":
        return Turn(synced, labels, notes=notes)
    before = project.iterations.current
    trained = train_model(project, recipe, labels, note=note, progress=progress)
    current = project.iterations.current
    if note is not None and current is not None and (current == before or current.note != note):
        why = "Nothing that the model is made of changed" if current == before else "Another run trained the same"
        notes += (f"{why}: iteration {current.number} goes on, the note is unused.",)
    if until == "train":
        return Turn(synced, labels, trained, current, notes=notes)
    progress.start("analysis", 1)
    analysis = analyse(project, recipe, labels, trained)
    iteration = _keep(project, labels, trained, analysis)
    progress.advance()
    return Turn(synced, labels, trained, iteration, analysis, notes)


def check_stage(name: str) -> Stage:
    """Return the stage of this name."""
    for stage in STAGES:
        if stage == name:
            return stage
    raise UnknownNameError("stage", name, available=STAGES)


def analyse(project: Project, recipe: Recipe, labels: Labels, trained: Trained) -> Analysis:
    """Say what is wrong on valid, what caused it, and what to do next; without ground truth, what votes alone tell."""
    outcomes = split_outcomes(labels, trained, SPLIT)
    slices = list(project.slices.values())
    members = slice_members(slices, labels.data, context=labels.context, store=project.columns)
    train = labels.units("train")
    label_matrix, proba = labels.label_matrix.where(train), labels.proba
    assert proba is not None  # fitted before
    measured = quality(outcomes, members)
    causes = error_causes(outcomes, model=labels.label_model)
    fields = _analysed_fields(labels, trained, recipe)
    groups = error_groups(outcomes, _rows(labels, SPLIT), fields)
    duplicates = function_groups(label_matrix, duplicate_functions(label_matrix))
    advice = advise(label_matrix) if isinstance(label_matrix.schema, Classes) else None
    suggestions = _suggestions(labels, fields)
    actions = next_actions(
        causes,
        measured,
        groups=groups,
        duplicates=duplicates,
        suggestions=suggestions,
        advice=advice,
        label_matrix=labels.label_matrix,
    )
    return Analysis(
        outcomes,
        members,
        label_matrix.summary(labels.truth[train]),
        estimated_precision(label_matrix, proba[train], model=labels.label_model),
        marginal_value(label_matrix, proba[train], model=labels.label_model),
        measured,
        causes,
        groups,
        _discovered(outcomes, _rows(labels, SPLIT), fields),
        duplicates,
        advice,
        suggestions,
        actions,
        _comparison(project, labels, outcomes, members),
    )


def _analysed_fields(labels: Labels, trained: Trained, recipe: Recipe) -> list[str]:
    """Return the fields that functions and end model read: others, such as ground truth, explain nothing."""
    names = [name for function in recipe.functions for name in function.resolve(labels.context).reads]
    fields = dict.fromkeys(split_name(name)[0] for name in [*names, *trained.model.reads])
    scalar = [name for name in fields if not labels.data.schema[name].is_nested()]
    return [name for name in scalar if name not in (recipe.data.truth, "uid", "row_id", "split")]


def _rows(labels: Labels, split: str) -> pl.DataFrame:
    return labels.data.where(labels.rows.get(split, pl.Series(dtype=pl.Int64))).collect()


def _discovered(outcomes: Outcomes, rows: pl.DataFrame, fields: list[str]) -> tuple[DiscoveredSlice, ...]:
    """Return slices with more errors than the rest, where a unit is a data point."""
    if outcomes.label_matrix.units.width > 1 or not outcomes.is_error.any():
        return ()
    known = outcomes.is_known
    return tuple(discover_slices(rows.filter(pl.Series(known)), outcomes.is_error[known], fields=fields))


def _suggestions(labels: Labels, fields: list[str]) -> tuple[Suggestion, ...]:
    """Return functions proposed from a small labelled sample of train, as an expert would label it."""
    schema = labels.label_matrix.schema
    if not isinstance(schema, Classes):
        return ()
    train = labels.units("train")
    known = np.flatnonzero(train & (labels.truth >= 0))
    sample = np.random.default_rng(0).permutation(known)[:N_DEV]
    y = np.full(labels.label_matrix.n_units, -1, dtype=np.int16)
    y[sample] = labels.truth[sample]
    data = labels.data.where(labels.rows["train"])
    label_matrix = labels.label_matrix.where(train)
    return tuple(suggest_functions(data, schema, labels=y[train], label_matrix=label_matrix, fields=fields, n=5))


def _comparison(
    project: Project, labels: Labels, outcomes: Outcomes, members: pl.DataFrame
) -> IterationComparison | None:
    current = project.iterations.current
    if current is None or current.number < 2:
        return None
    detail = project.iterations[current.number - 1].detail
    if "outcomes" not in detail:
        return None
    before = load_outcomes(project.artifacts.get_folder(detail["outcomes"]))
    if before.classes != outcomes.classes:
        return None
    fingerprints = (detail["functions"], function_fingerprints(project, labels))
    return compare_iterations(before, outcomes, members, fingerprints=fingerprints)


def function_fingerprints(project: Project, labels: Labels) -> dict[str, str]:
    """Return what each function depends on, files included, as a hash by name."""
    return {name: function.resolve(labels.context).fingerprint for name, function in project.functions.items()}


def _keep(project: Project, labels: Labels, trained: Trained, analysis: Analysis) -> Iteration:
    """Store metrics, and what the next iteration is compared with."""
    label_model = labels.label_model
    assert label_model is not None  # fitted before
    document = analysis_document(analysis, labels.label_matrix.errors)
    detail = {
        "outcomes": project.artifacts.put_folder(lambda folder: save_outcomes(analysis.outcomes, folder)),
        "label_model": project.artifacts.put_folder(label_model.save),
        "functions": function_fingerprints(project, labels),
        "model": trained.stored.folder,
        "training_set": trained.stored.training_set,
        "causes": {cause.name: cause.n for cause in analysis.causes.causes},
        "change": None if analysis.comparison is None else analysis.comparison.slices["all"].change.to_dict(),
        "analysis": project.artifacts.put_folder(lambda folder: save_document(document, folder)),
    }
    return project.iterations.measure({SPLIT: _metrics(analysis)}, detail=detail)


def _metrics(analysis: Analysis) -> Mapping[str, Mapping[str, Metric]]:
    return {
        line.slice: {
            "accuracy": line.end_model,
            "f1": line.end_model_f1,
            "coverage": line.coverage,
            "majority_vote": line.majority_vote,
            "label_model": line.label_model,
        }
        for line in analysis.quality.slices
    }


def _notes(labels: Labels) -> tuple[str, ...]:
    notes = [embedding_note(labels.context)]
    if n_errors := len(labels.label_matrix.errors):
        notes.append(f"Functions failed {n_errors:,} times; `nacre show failures` lists rows and messages.")
    if SPLIT not in labels.rows:
        notes.append(
            f"No data point is in the split `{SPLIT}`, so nothing is measured. Say how to `split` in nacre.yaml."
        )
    elif not (labels.truth[labels.units(SPLIT)] >= 0).any():
        notes.append(
            f"The split `{SPLIT}` has no ground truth, so nothing is measured. Name its field as `truth` under `data` "
            "in nacre.yaml; a few hundred labels tell a lot."
        )
    return tuple(note for note in notes if note)
