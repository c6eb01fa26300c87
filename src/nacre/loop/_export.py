"""What leaves a project: frames and the recipe as it stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from nacre.data import Number
from nacre.errors import UnknownNameError
from nacre.labeling import LabelMatrix
from nacre.loop._evaluation_recipe import EvaluationRecipe
from nacre.loop._project_recipe import ProjectRecipe
from nacre.loop._recipe import HashSplit, Recipe
from nacre.loop._spec_text import recipe_text
from nacre.loop._stages import apply_functions

if TYPE_CHECKING:
    from nacre.workspace import Project


def export_frame(project: Project, recipe: Recipe, what: str) -> pl.DataFrame:
    """Return `training-set`, `votes` or `data` of a project as a frame."""
    if what not in EXPORTS:
        raise UnknownNameError("export", what, available=(*EXPORTS, "recipe"))
    return EXPORTS[what](project, recipe)


def export_recipe(project: Project, recipe: Recipe) -> str:
    """Return the text of the labeling part of a `nacre.yaml` that says what the project is now."""
    return recipe_text({"project": project.name, **_labeling(project, recipe)})


def export_project(project: Project, recipe: ProjectRecipe) -> str:
    """Return the text of a `nacre.yaml` that says what the project is now."""
    spec: dict[str, Any] = {"project": project.name}
    if recipe.labeling is not None:
        spec |= _labeling(project, recipe.labeling)
    if recipe.evaluation is not None:
        spec["evaluation"] = _evaluation(project, recipe.evaluation)
    return recipe_text(spec)


def _labeling(project: Project, recipe: Recipe) -> dict[str, Any]:
    data: dict[str, Any] = {"source": recipe.data.source, **recipe.data.options}
    if recipe.data.uid is not None:
        data["uid"] = recipe.data.uid
    split = recipe.data.split
    data["split"] = {"by": "hash", **split.shares, "seed": split.seed} if isinstance(split, HashSplit) else split
    if recipe.data.truth is not None:
        data["truth"] = recipe.data.truth
    spec: dict[str, Any] = {
        "data": data,
        "schema": project.schema.spec(),
        "functions": {name: function.spec() for name, function in project.functions.items()},
        "slices": {name: part.when.spec() for name, part in project.slices.items()},
        "label_model": project.settings.get("label_model", dict(recipe.label_model)),
        "model": project.settings.get("model", dict(recipe.model)),
    }
    if recipe.clamp_truth:
        spec["training"] = {"clamp_truth": True}
    return spec


def _evaluation(project: Project, recipe: EvaluationRecipe) -> dict[str, Any]:
    tables = {"responses": recipe.responses, "experts": recipe.experts, "scores": recipe.scores}
    spec: dict[str, Any] = {
        name: {"source": table.source, **table.fields, **table.options}
        for name, table in tables.items()
        if table is not None
    }
    if recipe.benchmark is not None:
        spec["benchmark"] = recipe.benchmark
    spec["criteria"] = {name: criterion.spec() for name, criterion in project.criteria.items()}
    spec["evaluators"] = dict(project.evaluators.items())
    spec["slices"] = {name: part.when.spec() for name, part in project.evaluation_slices.items()}
    if recipe.baseline is not None:
        spec["baseline"] = recipe.baseline
    if recipe.gate:
        spec["gate"] = list(recipe.gate)
    return spec


def _training_set(project: Project, recipe: Recipe) -> pl.DataFrame:
    """Return the data points that the end model was trained on, a probability column per class at the end."""
    frame = project.training_sets.read("current")
    rows = project.data.read().where(frame.get_column("row_id")).collect().join(frame, on="row_id", how="left")
    if frame.schema["proba"] != pl.List(pl.Float64):
        return rows  # tokens: a list of lists
    columns = [pl.col("proba").list.get(place).alias(f"p({name})") for place, name in enumerate(_classes(project))]
    return rows.with_columns(columns).drop("proba")


def _classes(project: Project) -> tuple[str, ...]:
    schema = project.schema
    return () if isinstance(schema, Number) else schema.classes


def _votes(project: Project, recipe: Recipe) -> pl.DataFrame:
    votes = long_votes(apply_functions(project, recipe).label_matrix)
    uids = project.data.read().collect(["row_id", "uid"])
    return votes.join(uids, on="row_id", how="left", maintain_order="left").select(
        "row_id", "uid", pl.exclude("row_id", "uid")
    )


def _data(project: Project, recipe: Recipe) -> pl.DataFrame:
    return project.data.read().collect()


EXPORTS: Mapping[str, Callable[[Project, Recipe], pl.DataFrame]] = MappingProxyType(
    {"training-set": _training_set, "votes": _votes, "data": _data}
)


def long_votes(label_matrix: LabelMatrix) -> pl.DataFrame:
    """Return a row per vote: the keys of its unit, `function` and `vote`."""
    rows = np.repeat(np.arange(label_matrix.n_units), np.diff(label_matrix.votes.indptr))
    symbols = pl.DataFrame(
        {
            "function": [label_matrix.functions[function] for function, _ in label_matrix.symbols],
            "vote": [label_matrix.schema.label(code) for _, code in label_matrix.symbols],
        },
        schema={"function": pl.String, "vote": pl.String},
    )
    return label_matrix.units[rows].with_columns(symbols[label_matrix.votes.indices].get_columns())
