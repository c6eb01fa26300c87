"""The project that a command is about: a `nacre.yaml` and the workspace beside it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nacre.errors import WorkspaceError

if TYPE_CHECKING:
    from nacre.loop import EvaluationRecipe, ProjectRecipe, Recipe
    from nacre.workspace import Project

WORKSPACE = ".nacre"

File = Annotated[Path, typer.Option("--file", "-f", help="The recipe of the project.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
RECIPE = Path("nacre.yaml")


@contextmanager
def opened_project(file: Path, *, create: bool = False) -> Iterator[tuple[Project, ProjectRecipe]]:
    """Open the project of a recipe; its workspace is the folder `.nacre` beside it.

    Args:
        file: The recipe.
        create: Whether to begin the project where there is none; looking at one leaves no trace.
    """
    from nacre import loop, workspace

    recipe = loop.read_project(file)
    folder = file.parent / WORKSPACE
    if not create and not (folder / "workspace.toml").is_file():
        raise WorkspaceError(f"The project `{recipe.project}` was never run: there is no `{folder}`. Use `nacre run`.")
    with workspace.open(folder, create=create) as opened_workspace:
        yield opened_workspace.project(recipe.project, create=create), recipe


@contextmanager
def opened(file: Path, *, create: bool = False) -> Iterator[tuple[Project, Recipe]]:
    """Open a project that labels, with the labeling part of its recipe."""
    from nacre import loop

    loop.read_recipe(file)  # says what is missing before anything is made
    with opened_project(file, create=create) as (project, recipe):
        assert recipe.labeling is not None  # read above
        yield project, recipe.labeling


@contextmanager
def opened_evaluation(file: Path, *, create: bool = False) -> Iterator[tuple[Project, EvaluationRecipe]]:
    """Open a project that evaluates, with the evaluation part of its recipe."""
    from nacre import loop

    loop.read_evaluation_recipe(file)
    with opened_project(file, create=create) as (project, recipe):
        assert recipe.evaluation is not None  # read above
        yield project, recipe.evaluation
