"""`nacre demo`: the loop on real e-mail, twice round."""

from __future__ import annotations

import shutil
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nacre.cli._output import print_text, progress_bar
from nacre.cli._project import WORKSPACE
from nacre.cli._run import print_run
from nacre.errors import WorkspaceError

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from nacre._progress import Progress
    from nacre.loop import Recipe, Turn
    from nacre.workspace import Project

CORPUS = "free_cash.parquet"
FILES = ("functions.py", "blacklist.txt", "medicine.json", "newsletters.txt", "feeds.csv")
RECIPES = ("nacre.yaml", "nacre.repaired.yaml")
PROJECT_LINE = "project: free-cash"  # what shows that a folder holds the demo, which starts anew
N_EXPERT = 100
FIRST, SECOND = "A dozen rules from an expert's notes", "Causes of error repaired"
INTRODUCTION = """Free cash: 6,046 real e-mails of the SpamAssassin corpus, mail addresses masked.
An expert wrote a dozen rules; nobody labeled an e-mail for training beyond a hundred.
"""


def demo(
    folder: Annotated[Path, typer.Argument(help="Where the project of the demo goes.")] = Path("demo"),
    force: Annotated[
        bool, typer.Option("--force", help="Start anew where the files were edited; edits are lost.")
    ] = False,
) -> None:
    """Go twice round the loop on real e-mail: rules, model, causes of error, repair, and what it gained."""
    _write_project(folder, is_forced=force)
    print_text(INTRODUCTION)
    with progress_bar() as progress:
        first = _turn(folder, FIRST, progress)
    print_text(f"== {FIRST} ==\n")
    print_run(first, None)
    shutil.copy(folder / "nacre.repaired.yaml", folder / "nacre.yaml")
    with progress_bar() as progress:
        second = _turn(folder, SECOND, progress)
    print_text(f"\n== {SECOND} ==\n")
    print_run(second, folder / "report.html")
    print_text(f"\nGo on: edit {folder}/nacre.yaml, then `cd {folder} && nacre run`.")


def _write_project(folder: Path, *, is_forced: bool = False) -> None:
    recipe = folder / RECIPES[0]
    is_demo = recipe.is_file() and PROJECT_LINE in recipe.read_text(encoding="utf-8", errors="replace")
    if folder.exists() and not is_demo and (not folder.is_dir() or any(folder.iterdir())):
        raise WorkspaceError(f"{folder} holds something else. Name a new folder: `nacre demo FOLDER`.")
    if is_demo and not is_forced and (edited := _edited(folder)):
        raise WorkspaceError(
            f"{folder} holds a demo whose {' and '.join(edited)} was edited since. Choose another folder, `nacre demo "
            "FOLDER`, or give --force to start anew; the edits and the workspace are lost then."
        )
    if (folder / WORKSPACE).exists():
        shutil.rmtree(folder / WORKSPACE)
    source = _source()
    corpus = source.joinpath(CORPUS)
    if not corpus.is_file():
        raise WorkspaceError(
            "The e-mails of the demo are not here. In a checkout `make demo` fetches them; a built package holds them."
        )
    folder.mkdir(parents=True, exist_ok=True)
    for name in (*FILES, *RECIPES):
        (folder / name).write_bytes(source.joinpath(name).read_bytes())
    (folder / "mail.parquet").write_bytes(corpus.read_bytes())


def _edited(folder: Path) -> list[str]:
    """Return the files of a demo that are not as they were written; its recipe is either of the two."""
    shipped = {name: {_source().joinpath(name).read_bytes()} for name in (*FILES, *RECIPES)}
    shipped[RECIPES[0]] |= shipped[RECIPES[1]]
    return [name for name in shipped if (folder / name).is_file() and (folder / name).read_bytes() not in shipped[name]]


def _source() -> Traversable:
    return resources.files("nacre.cli").joinpath("_demo")


def _turn(folder: Path, note: str, progress: Progress) -> Turn:
    from nacre import loop, report, workspace

    recipe = loop.read_recipe(folder / "nacre.yaml")
    with workspace.open(folder / WORKSPACE) as opened:
        project = opened.project(recipe.project)
        if "hundred_labels" not in project.models:
            _train_on_expert_labels(project, recipe)
        turn = loop.run(project, recipe, note=note, progress=progress)
        report.write_report(project, recipe, turn, folder / "report.html")
    return turn


def _train_on_expert_labels(project: Project, recipe: Recipe) -> None:
    """Train the model behind the function `hundred` on a hundred e-mails of train that an expert labeled."""
    import polars as pl

    from nacre import loop
    from nacre.models import TextLinear

    loop.import_source(project, recipe)
    frame: Any = project.data.read().split("train").collect().sample(N_EXPERT, seed=0)
    codes = frame["label"].replace_strict({"ham": 0, "spam": 1}, return_dtype=pl.Int16)
    model = TextLinear(("subject", "body")).fit(frame, codes, recipe.schema)
    labeled = project.artifacts.put_frame(frame.select("row_id", "label"))
    project.models.add("hundred_labels", model.save, training_set=labeled, spec=model.spec(), is_end_model=False)
