"""Bring a project to what its recipe says: data, schema, functions, slices, ground truth."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from nacre._hashing import hash_file, hash_text
from nacre.data import Batches, Dataset, Number, VoteSchema, read_batches
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
    synced = import_source(project, recipe, refused=refused)
    project.schema = recipe.schema
    _replace(project.functions, {function.name: function for function in recipe.functions})
    _replace(project.slices, {part.name: part for part in recipe.slices})
    for name in ("label_model", "model"):
        project.settings[name] = dict(getattr(recipe, name))
    if recipe.data.truth is not None:
        _set_truth(project, recipe.data.truth, recipe.data.source)
    return synced


def import_source(
    project: Project, recipe: Recipe, *, source: Path | None = None, refused: Path | None = None
) -> Synced:
    """Make the data of a project what its sources say.

    The sources are that of the recipe and the files that were imported beside it. Where one was edited, all are read
    again; a data point keeps its row id by its uid, and only chunks that changed are computed again.

    Args:
        project: The project.
        recipe: How to read and split.
        source: A file to import beside the source of the recipe.
        refused: Where bad rows go; without it one bad row stops the import.
    """
    known = project.settings.get(SOURCE, {})
    added = list(known.get("added", []))
    if source is not None and str(source.resolve()) not in added:
        added.append(str(source.resolve()))
    paths = [recipe.folder / recipe.data.source, *map(Path, added)]
    now = {"path": recipe.data.source, "content": _content(paths), "added": added}
    if project.data.version is not None and known == now:
        return Synced(None)
    readers = [_reader(path, recipe, refused) for path in paths]
    rule = recipe.data.split
    shares, seed = (rule.shares, rule.seed) if isinstance(rule, HashSplit) else (rule, 0)
    imported = project.data.replace(chain.from_iterable(readers), uid="uid", split=shares, seed=seed)
    project.settings[SOURCE] = now
    return Synced(imported, sum(reader.n_refused for reader in readers))


def _reader(path: Path, recipe: Recipe, refused: Path | None) -> Batches:
    source: Any = path if path.exists() else str(path)  # a glob stays text
    return read_batches(source, uid=recipe.data.uid, refused=refused, **recipe.data.options)


def _content(paths: list[Path]) -> str:
    """Hash the files of the sources, so that what has not changed is not read again."""
    files = [file for path in paths for file in ([path] if path.is_file() else sorted(_matching(path)))]
    return hash_text(*(part for file in files for part in (file.name, hash_file(file))))


def _matching(source: Path) -> list[Path]:
    found = source.iterdir() if source.is_dir() else source.parent.glob(source.name) if source.parent.is_dir() else ()
    return [path for path in found if path.is_file()]


def _replace(collection: Any, wanted: dict[str, Any]) -> None:
    for name in list(collection):
        if name not in wanted:
            del collection[name]
    collection.put_all(wanted)


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
