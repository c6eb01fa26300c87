"""Bring a project to what its recipe says: data, schema, functions, slices, ground truth."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from nacre._hashing import hash_file, hash_text
from nacre.data import Dataset, Number, VoteSchema, read_batches
from nacre.errors import IngestError, SchemaError
from nacre.functions import Existing
from nacre.workspace._data import Imported
from nacre.workspace._recipe import HashSplit, Recipe
from nacre.workspace._truth import Truth

if TYPE_CHECKING:
    from nacre.workspace._project import Project

SOURCE = "source"


@dataclass(frozen=True)
class Synced:
    """What came of bringing a project to its recipe.

    Args:
        imported: What was imported, or None where the source had not changed.
        n_refused: Rows that were left out because they are bad; they are in the file for refused rows.
    """

    imported: Imported | None
    n_refused: int = 0


def sync(project: Project, recipe: Recipe, *, refused: Path | None = None) -> Synced:
    """Import what is new in the source and set schema, functions, slices and models as the recipe says.

    Each change is an event of the project. Nothing happens where the recipe says what the project has already.

    Args:
        project: The project.
        recipe: What it should be.
        refused: Where bad rows go; without it one bad row stops the import.
    """
    synced = _import(project, recipe, refused)
    project.schema = recipe.schema
    _replace(project.functions, {function.name: function for function in recipe.functions})
    _replace(project.slices, {part.name: part for part in recipe.slices})
    for name in ("label_model", "model"):
        project.settings[name] = dict(getattr(recipe, name))
    if recipe.data.truth is not None:
        _set_truth(project, recipe.data.truth, recipe.data.source)
    return synced


def _import(project: Project, recipe: Recipe, refused: Path | None) -> Synced:
    source = recipe.folder / recipe.data.source
    content = _content(source)
    known = project.settings.get(SOURCE, {})
    if project.data.version is not None and known.get("content") == content:
        return Synced(None)
    batches = read_batches(_as_source(source), uid=recipe.data.uid, refused=refused, **recipe.data.options)
    split = recipe.data.split
    if isinstance(split, HashSplit):
        imported = project.data.add_new(iter(batches), uid="uid", split=split.shares, seed=split.seed)
    else:
        imported = project.data.add_new(iter(batches), uid="uid", split=split)
    project.settings[SOURCE] = {"path": recipe.data.source, "content": content}
    return Synced(imported, batches.n_refused)


def _content(source: Path) -> str:
    """Hash the files of a source, so that one that has not changed is not read again."""
    files = [source] if source.is_file() else sorted(path for path in _matching(source) if path.is_file())
    return hash_text(*(part for path in files for part in (path.name, hash_file(path))))


def _matching(source: Path) -> list[Path]:
    if source.is_dir():
        return list(source.iterdir())
    return list(source.parent.glob(source.name)) if source.parent.is_dir() else []


def _as_source(source: Path) -> Any:
    return source if source.exists() else str(source)  # a glob stays text


def _replace(collection: Any, wanted: dict[str, Any]) -> None:
    for name in list(collection):
        if name not in wanted:
            del collection[name]
    for name, value in wanted.items():
        collection[name] = value


def _set_truth(project: Project, field: str, source: str) -> None:
    schema = project.schema
    if isinstance(schema, Number):
        raise SchemaError("Ground truth of a `Number` schema cannot be used yet: there is no label model for scores.")
    votes = column_votes(project.data.read(), field, schema)
    project.truth = Truth(votes, schema, f"column `{field}` of {source}")


def column_votes(data: Dataset, field: str, schema: VoteSchema) -> pl.DataFrame:
    """Return `row_id` and `value`, the votes of the schema that a field holds.

    Raises:
        IngestError: Some values are no answers of the schema.
    """
    data.require([field])
    parts = []
    for chunk in data.chunks:
        frame = chunk.read([field])
        votes = Existing("truth", field).vote(frame, schema)
        if votes.errors is not None:
            _refuse(field, frame, votes.errors)
        parts.append(pl.DataFrame([frame.get_column("row_id"), votes.values.alias("value")]))
    return pl.concat(parts) if parts else pl.DataFrame(schema={"row_id": pl.Int64, "value": schema.dtype})


def _refuse(field: str, frame: pl.DataFrame, errors: pl.Series) -> None:
    row = errors.is_not_null().arg_true()[0]
    raise IngestError(
        f"The ground truth `{field}` has {len(errors) - errors.null_count():,} values that the schema does not know, "
        f"the first in row {frame['row_id'][row]}: {errors[row]} Correct them, or leave them empty."
    )
