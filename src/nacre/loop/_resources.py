"""What the names in a recipe stand for: embedding models, fitted models, files beside the recipe."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nacre.data import Dataset
from nacre.embeddings import Embedding, MiniLM, TfidfSvd, available
from nacre.engine import split_name
from nacre.functions import Code, Context, Function, Model
from nacre.models import load_model

if TYPE_CHECKING:
    from nacre.workspace import Project

EMBEDDINGS = ("minilm", "tfidf_svd")


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
    key = f"embedding:{','.join(sorted(fields))}"
    if key in project.settings:
        return TfidfSvd.load(project.artifacts.get_folder(project.settings[key]["folder"]))
    data.require(fields)
    texts = [text for field in fields for text in data.collect([field]).to_series().drop_nulls().to_list()]
    fitted = TfidfSvd().fit(texts)
    project.settings[key] = {"folder": project.artifacts.put_folder(fitted.save)}
    return fitted
