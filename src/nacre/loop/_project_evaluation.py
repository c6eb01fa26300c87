"""A run with all that is known about it: responses, scores, slices, labels of experts, and the run before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import polars as pl

from nacre.data import Dataset
from nacre.errors import SchemaError, WorkspaceError
from nacre.evaluation import (
    ALL,
    AgreementReport,
    Comparison,
    Criterion,
    EvaluationMatrix,
    ExpertLabels,
    Scores,
    agreement,
    compare,
    criterion_from_spec,
    evaluation_matrix,
    trend,
)
from nacre.loop._evaluation_benchmark import with_benchmark
from nacre.loop._evaluation_recipe import EvaluationRecipe
from nacre.loop._evaluation_responses import recipe_responses
from nacre.loop._evaluation_sync import expert_labels
from nacre.metrics import Metric
from nacre.workspace import Event, Run

if TYPE_CHECKING:
    from nacre.workspace import Project


@dataclass(frozen=True, eq=False)
class ProjectEvaluation:
    """A run of a project and what is known about it; what follows from that is computed when it is asked for.

    Args:
        project: The project.
        recipe: The evaluation part of its recipe.
        run: The run.
        baseline: The run that it is compared with; None for the first.
    """

    project: Project
    recipe: EvaluationRecipe
    run: Run
    baseline: Run | None

    def __repr__(self) -> str:
        against = "" if self.baseline is None else f", against run {self.baseline.name}"
        return f"ProjectEvaluation({self.project.name}, run {self.run.name}{against})"

    def __str__(self) -> str:
        return f"{self!r}\n\n{self.matrix}"

    def _repr_html_(self) -> str:
        """Return the matrix as it looks in a notebook."""
        return self.matrix._repr_html_()

    @cached_property
    def responses(self) -> pl.DataFrame:
        """The responses, with all fields of the file."""
        return self.project.artifacts.get_frame(self.run.content.responses)

    @cached_property
    def scores(self) -> Scores:
        """What evaluators say of them."""
        return run_scores(self.project, self.run)

    @cached_property
    def members(self) -> pl.DataFrame:
        """Which response is in which slice: `row_id` and a Boolean column per slice."""
        return self.project.artifacts.get_frame(self.run.content.members)

    @cached_property
    def experts(self) -> ExpertLabels | None:
        """What experts say of them by now, or None where they said nothing."""
        return expert_labels(self.project, run_criteria(self.run), Dataset.from_frame(self.responses))

    @cached_property
    def baseline_scores(self) -> Scores | None:
        """What evaluators said of the responses of the baseline."""
        return None if self.baseline is None else run_scores(self.project, self.baseline)

    @cached_property
    def matrix(self) -> EvaluationMatrix:
        """Slices by criteria, against the baseline."""
        return evaluation_matrix(self.scores, self.members, baseline=self.baseline_scores, experts=self.experts)

    @property
    def comparison(self) -> Comparison | None:
        """What changed since the baseline; None without one, and where nothing in it can be compared."""
        return self._compared if isinstance(self._compared, Comparison) else None

    @cached_property
    def not_compared(self) -> str:
        """Why the run is compared with none before it; empty where it is, and for the first run."""
        if self.baseline is not None:
            told = self._compared
            return "" if isinstance(told, Comparison) else f"Run {self.baseline.name} is not compared. {told}"
        if not any(other != self.run for other in _earlier(self.project, self.recipe, self.run)):
            return ""
        if _baseline(self.project, self.recipe, self.run, None) is not None:
            return ""
        before = "No earlier run has"
        if self.recipe.baseline is not None:
            before = f"The baseline of nacre.yaml, run {self.recipe.baseline}, does not have"
        return f"{before} a prompt of run {self.run.name}, by `prompt_id`, so nothing is compared."

    @cached_property
    def _compared(self) -> Comparison | str:
        if self.baseline is None:
            return ""
        try:
            return compare_runs(self.project, self.recipe, self.baseline.number, self.run.number)
        except SchemaError as error:  # the runs have nothing in common, which is no reason to stop
            return str(error)

    @cached_property
    def evaluator_means(self) -> dict[str, Metric]:
        """The mean of each evaluator by itself."""
        by_evaluator = evaluation_matrix(self.scores, by="evaluator")
        return {name: by_evaluator.cell(ALL, name).mean for name in self.scores.evaluators}

    @cached_property
    def agreement(self) -> AgreementReport | None:
        """How far evaluators agree with the experts, or None where there are no labels."""
        return None if self.experts is None else agreement(self.scores, self.experts, self.members)

    @cached_property
    def changes(self) -> tuple[Event, ...]:
        """What was edited since the run before."""
        return self.project.runs.changes(self.run.number)


def project_evaluation(
    project: Project, recipe: EvaluationRecipe, run: int | str | None = None, *, baseline: int | str | None = None
) -> ProjectEvaluation:
    """Return what is known about a run.

    Args:
        project: The project.
        recipe: The evaluation part of its recipe.
        run: The run, by number or note; by default the newest.
        baseline: The run to compare it with; by default that of the recipe, else the run before.

    Raises:
        WorkspaceError: There is no run yet.
    """
    newest = project.runs.newest
    if newest is None:
        raise WorkspaceError(f"No responses of `{project.name}` were evaluated yet. `nacre run` does that.")
    found = newest if run is None else project.runs[run]
    return ProjectEvaluation(project, with_benchmark(recipe), found, _baseline(project, recipe, found, baseline))


def compare_runs(
    project: Project, recipe: EvaluationRecipe, before: int | str, after: int | str | None = None
) -> Comparison:
    """Return what changed from one run to another, by number or note; the second is the newest by default."""
    later = project_evaluation(project, recipe, after, baseline=before)
    earlier = project.runs[before]
    names = (f"run {earlier.name}", f"run {later.run.name}")
    return compare(run_scores(project, earlier), later.scores, later.members, names=names)


def run_trend(project: Project) -> pl.DataFrame:
    """Return a row per run, slice and criterion: its mean, interval and n, oldest run first."""
    runs = list(project.runs)
    members = {run.name: project.artifacts.get_frame(run.content.members) for run in runs}
    return trend([(run.name, run_scores(project, run)) for run in runs], members)


def evaluated_dataset(project: Project, recipe: EvaluationRecipe) -> Dataset:
    """Return the responses of the newest run; before the first, those that the recipe names."""
    newest = project.runs.newest
    if newest is None:
        return recipe_responses(recipe).data
    return Dataset.from_frame(project.artifacts.get_frame(newest.content.responses))


def run_scores(project: Project, run: Run) -> Scores:
    """Return the scores of a run."""
    frame = project.artifacts.get_frame(run.content.scores)
    return Scores(frame, tuple(run_criteria(run)), dict(run.content.evaluators))


def run_criteria(run: Run) -> Sequence[Criterion]:
    """Return the criteria of a run as they were then."""
    return [criterion_from_spec(name, spec) for name, spec in run.content.criteria.items()]


def _baseline(project: Project, recipe: EvaluationRecipe, run: Run, baseline: int | str | None) -> Run | None:
    """Return the run to compare with; one that is not asked for by name must share a prompt."""
    if baseline is not None:
        return None if (found := project.runs[baseline]) == run else found
    prompts = _prompts(project, run)
    candidates = (other for other in _earlier(project, recipe, run) if other != run)
    return next((other for other in candidates if prompts & _prompts(project, other)), None)


def _earlier(project: Project, recipe: EvaluationRecipe, run: Run) -> list[Run]:
    """Return the runs that a run may be compared with, newest first: that of the recipe, or those before."""
    if recipe.baseline is not None:
        return [project.runs[recipe.baseline]]
    return [other for other in reversed(list(project.runs)) if other.number < run.number]


def _prompts(project: Project, run: Run) -> set[str]:
    return set(project.artifacts.get_frame(run.content.responses).get_column("prompt_id").unique())
