"""How a run was made: its recipe, versions, and what the figures mean."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from nacre.displays import Chart, Code, Column, Details, Section, table
from nacre.loop import SPLIT, export_recipe
from nacre.report._subject import Subject
from nacre.report._words import count

_LONG = 40  # lines of a recipe that are shown at once
_PACKAGES = ("nacre", "polars", "numpy", "scipy", "scikit-learn")
_HASH_CHARACTERS = 12
_CONVENTIONS = (
    (
        "intervals",
        "95 %. Rates have Wilson's, F1 and calibration a bootstrap of 2,000 draws, changes a paired bootstrap. Below "
        "30 cases a figure is grey and says that there are too few.",
    ),
    (
        "accuracy of the end model",
        f"On {SPLIT}, whose ground truth trained nothing; it only sets the class balance of the label model and "
        "chooses what to do next. So it is slightly too good: the sealed test split gives the figure to quote.",
    ),
    (
        "accuracy of labels",
        "Everywhere (convention A): a unit without votes counts as a guess among all classes. Where functions vote "
        "(convention C): a unit without votes is left out. Ties share their credit.",
    ),
    (
        "coverage, overlap, conflict",
        "Shares of all units: with a vote, with two or more, with votes that exclude each other.",
    ),
    (
        "rank without truth",
        "How often the label model, with a function left out, agrees with its votes. It is mostly too low and knows "
        "nothing of errors that functions share, so it ranks functions and is no rate.",
    ),
    (
        "expected gain",
        "In accuracy on this split, by the rules of each cause; good for ranking, not for promises.",
    ),
    (
        "test split",
        "Sealed: nothing in this report was computed on it.",
    ),
)


def recipe_section(subject: Subject) -> Section:
    """Show all that is needed to make the same again."""
    lines = export_recipe(subject.project, subject.recipe)
    n_lines = lines.count("\n")
    shown = Details("The recipe", [Code(lines)], note=count(n_lines, "line"), is_open=n_lines <= _LONG, anchor="recipe")
    conventions = table(
        [{"figure": figure, "means": means} for figure, means in _CONVENTIONS],
        (Column("figure"), Column("means", "what it means")),
        caption="What the figures mean",
    )
    return Section("How it was made", [shown, conventions, _versions(subject)])


def _versions(subject: Subject) -> Chart:
    rows = [{"what": what, "version": found} for what, found in _found_versions(subject)]
    return table(rows, (Column("what", ""), Column("version", type="code")), caption="Versions")


def _found_versions(subject: Subject) -> Iterator[tuple[str, str]]:
    project = subject.project
    yield "data", _short(project.data.version)
    yield "training set", _short(subject.trained.stored.training_set)
    if "current" in project.models:
        yield "end model", _short(project.models["current"].folder)
    yield "Python", platform.python_version()
    for package in _PACKAGES:
        try:
            yield package, version(package)
        except PackageNotFoundError:
            continue


def _short(content: str | None) -> str:
    return "-" if content is None else content[:_HASH_CHARACTERS]
