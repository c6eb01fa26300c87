"""`nacre.yaml` as a whole: a project has a labeling part, an evaluation part, or both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nacre.errors import SpecError
from nacre.loop._evaluation_recipe import EvaluationRecipe, evaluation_from_spec
from nacre.loop._recipe import KEYS, Recipe, recipe_from_spec
from nacre.loop._recipe_file import check_keys, read_spec
from nacre.workspace import check_project_name


@dataclass(frozen=True)
class ProjectRecipe:
    """All that a `nacre.yaml` says.

    Args:
        project: The name of the project.
        labeling: From data to model; None where the project only evaluates.
        evaluation: How responses are judged; None where the project only labels.
    """

    project: str
    labeling: Recipe | None
    evaluation: EvaluationRecipe | None


OF_EVALUATION = "What it evaluates is shown by `nacre show matrix`, `nacre show responses` and `nacre show evaluators`."


def read_project(path: Path) -> ProjectRecipe:
    """Read a `nacre.yaml`; nothing that it names is opened or run."""
    return project_from_spec(read_spec(path), folder=path.parent)


def read_recipe(path: Path) -> Recipe:
    """Read the labeling part of a `nacre.yaml`; nothing that it names is opened or run."""
    project = read_project(path)
    labeling = project.labeling
    if labeling is None:
        hint = "" if project.evaluation is None else f" {OF_EVALUATION}"
        raise SpecError(f"`{path}` has no labeling part: it lacks `data`, `schema`, `functions` and `model`.{hint}")
    return labeling


def read_evaluation_recipe(path: Path) -> EvaluationRecipe:
    """Read the evaluation part of a `nacre.yaml`; nothing that it names is opened or run."""
    evaluation = read_project(path).evaluation
    if evaluation is None:
        raise SpecError(
            f"`{path}` has no evaluation part: it lacks `evaluation`, which `nacre init --evaluation` writes."
        )
    return evaluation


def project_from_spec(spec: Any, *, folder: Path) -> ProjectRecipe:
    """Return what a parsed `nacre.yaml` says."""
    only_evaluates = isinstance(spec, Mapping) and "evaluation" in spec and set(spec) <= {"project", "evaluation"}
    if only_evaluates:
        check_keys("nacre.yaml", spec, allowed=KEYS, needed=("project",))
        check_project_name(spec["project"])
    labeling = None if only_evaluates else recipe_from_spec(spec, folder=folder)
    evaluation = None
    if "evaluation" in spec:
        evaluation = evaluation_from_spec(spec["project"], spec["evaluation"], folder=folder)
    return ProjectRecipe(spec["project"], labeling, evaluation)
