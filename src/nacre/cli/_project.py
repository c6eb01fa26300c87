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
    from nacre import loop

    recipe = loop.read_project(file)
    with _opened(file, recipe.project, create=create) as project:
        yield project, recipe


@contextmanager
def opened(file: Path, *, create: bool = False) -> Iterator[tuple[Project, Recipe]]:
    """Open a project that labels, with the labeling part of its recipe."""
    from nacre import loop

    recipe = loop.read_recipe(file)
    with _opened(file, recipe.project, create=create) as project:
        yield project, recipe


@contextmanager
def opened_evaluation(file: Path, *, create: bool = False) -> Iterator[tuple[Project, EvaluationRecipe]]:
    """Open a project that evaluates, with the evaluation part of its recipe."""
    from nacre import loop

    recipe = loop.read_evaluation_recipe(file)
    with _opened(file, recipe.project, create=create) as project:
        yield project, recipe


@contextmanager
def _opened(file: Path, name: str, *, create: bool) -> Iterator[Project]:
    from nacre import workspace

    folder = file.parent / WORKSPACE
    if not create and not (folder / "workspace.toml").is_file():
        raise WorkspaceError(f"The project `{name}` was never run: there is no `{folder}`. Use `nacre run`.")
    with workspace.open(folder, create=create) as opened_workspace:
        yield opened_workspace.project(name, create=create)
