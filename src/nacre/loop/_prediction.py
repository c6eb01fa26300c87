"""Predictions of a project's newest end model, on its own data or on new data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from nacre._progress import Progress
from nacre.data import Dataset, Spans, read
from nacre.errors import WorkspaceError
from nacre.functions import Context
from nacre.labeling import read_fields
from nacre.loop._recipe import Recipe
from nacre.loop._resources import stored_embeddings
from nacre.models import EndModel, load_model

if TYPE_CHECKING:
    from nacre.workspace import Project


def predict_source(
    project: Project,
    recipe: Recipe,
    *,
    source: Path | None = None,
    refused: Path | None = None,
    progress: Progress | None = None,
) -> pl.DataFrame:
    """Return `uid`, `prediction` and, but for spans, the probability of each class.

    Args:
        project: The project.
        recipe: How to read data.
        source: New data; None takes the data of the project.
        refused: Where bad rows go; without it one bad row stops everything.
        progress: What is told of each finished chunk.
    """
    if "current" not in project.models:
        raise WorkspaceError(f"`{project.name}` has no end model yet. `nacre run` trains one.")
    trained = project.models["current"]
    model = load_model(project.artifacts.get_folder(trained.folder))
    context = Context(embeddings=stored_embeddings(project, trained.embeddings), folder=recipe.folder)
    if source is None:
        data = project.data.read()
    else:
        data = read(source, uid=recipe.data.uid, refused=refused, **recipe.data.options)
    if progress is not None:
        progress.start("predict", len(data.chunks))
    store = project.columns if source is None else None
    parts = []
    for part in [Dataset((chunk,), data.schema) for chunk in data.chunks] or [data]:
        parts.append(_predictions(model, read_fields(part, ("uid", *model.reads), context=context, store=store)))
        if progress is not None:
            progress.advance()
    return pl.concat(parts)


def _predictions(model: EndModel, fields: pl.DataFrame) -> pl.DataFrame:
    answers = model.predict(fields)
    uid = fields.get_column("uid")
    if answers.dtype == Spans.dtype:
        return pl.DataFrame([uid, _named_spans(answers, model.classes_)])
    proba = model.predict_proba(fields)
    columns = [pl.Series(f"p({name})", proba[:, place]) for place, name in enumerate(model.classes_)]
    return pl.DataFrame([uid, _named(answers, model.classes_), *columns])


def _named(answers: pl.Series, classes: tuple[str, ...]) -> pl.Series:
    names = pl.Series(classes, dtype=pl.String)
    if answers.dtype.is_integer():
        return names.gather(answers).alias("prediction")
    present = answers.struct.field("present").to_list()
    return pl.Series("prediction", [[classes[code] for code in codes] for codes in present], dtype=pl.List(pl.String))


def _named_spans(answers: pl.Series, classes: tuple[str, ...]) -> pl.Series:
    """Return spans with the names of their labels; class 0 of tokens is "O"."""
    named = [
        [{"start": span["start"], "end": span["end"], "label": classes[span["label"] + 1]} for span in spans or []]
        for spans in answers.to_list()
    ]
    dtype = pl.List(pl.Struct({"start": pl.UInt32, "end": pl.UInt32, "label": pl.String}))
    return pl.Series("prediction", named, dtype=dtype)
