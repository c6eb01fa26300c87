"""What the names in a recipe stand for: embedding models, fitted models, files beside the recipe."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from nacre.data import Dataset
from nacre.embeddings import Embedding, MiniLM, TfidfSvd, available
from nacre.engine import split_name
from nacre.functions import Code, Context, Function, Model
from nacre.models import load_model

if TYPE_CHECKING:
    from nacre.workspace import Project

EMBEDDINGS = ("minilm", "tfidf_svd")
MAX_TEXTS = 100_000  # distinct ones that the stand-in is fitted on


def project_context(
    project: Project, functions: Sequence[Function], data: Dataset, *, folder: Path, reads: Iterable[str] = ()
) -> Context:
    """Return what functions and models of a project need beside the data.

    Where MiniLM is not installed, TF-IDF with truncated SVD takes its place, fitted once on the data of the project
    and frozen; `embedding_note` says so.

    Args:
        project: Where models are kept.
        functions: What is applied.
        data: What it is applied to.
        folder: Where relative paths start.
        reads: Further columns that are read, such as those of the end model.
    """
    named = {function.predictor for function in functions if isinstance(function, Model) and function.predictor}
    predictors = {name: load_model(project.models.folder(name)) for name in named}
    known = Context(predictors=predictors, folder=folder)
    # What models and code read is known once they are found; what rules read is in their specs.
    found = [function.resolve(known) if isinstance(function, Code | Model) else function for function in functions]
    columns = [name for function in found for name in function.reads]
    wanted: dict[str, list[str]] = {}
    for field, suffix in map(split_name, [*columns, *reads]):
        if suffix in EMBEDDINGS and field not in wanted.setdefault(suffix, []):
            wanted[suffix].append(field)
    embeddings = {name: _embedding(name, fields, project, data) for name, fields in wanted.items()}
    return Context(embeddings=embeddings, predictors=predictors, folder=folder)


def embedding_folders(project: Project, context: Context, reads: Iterable[str]) -> dict[str, str]:
    """Return where each embedding among the columns `reads` is stored; empty for one that Nacre installs."""
    names = {suffix for _, suffix in map(split_name, reads) if suffix in context.embeddings}
    return {
        name: project.settings[_key(name)]["folder"] if isinstance(context.embeddings[name], TfidfSvd) else ""
        for name in sorted(names)
    }


def stored_embeddings(project: Project, folders: Mapping[str, str]) -> dict[str, Embedding]:
    """Return the embeddings that a model was trained with, whatever is installed now."""
    return {
        name: TfidfSvd.load(project.artifacts.get_folder(folder)) if folder else MiniLM()
        for name, folder in folders.items()
    }


def embedding_note(context: Context) -> str | None:
    """Return what to tell the reader where a simpler embedding stands in, or None."""
    replaced = [name for name, embedding in context.embeddings.items() if embedding.name != name]
    if not replaced:
        return None
    return (
        f"The embedding `{replaced[0]}` is not installed; TF-IDF with truncated SVD stands in for it. "
        "`nacre models install` fetches it."
    )


def _embedding(name: str, fields: list[str], project: Project, data: Dataset) -> Embedding:
    if name == "minilm" and "minilm" in available():
        return MiniLM()
    # Frozen under its name: a function on another field later must not change what thresholds were chosen on.
    if _key(name) in project.settings:
        return TfidfSvd.load(project.artifacts.get_folder(project.settings[_key(name)]["folder"]))
    data.require(fields)
    texts = pl.concat([data.collect([field]).to_series().cast(pl.String).alias("text") for field in fields])
    fitted = TfidfSvd().fit(texts.drop_nulls().unique(maintain_order=True).head(MAX_TEXTS).to_list())
    project.settings[_key(name)] = {"folder": project.artifacts.put_folder(fitted.save)}
    return fitted


def _key(name: str) -> str:
    return f"embedding:{name}"
