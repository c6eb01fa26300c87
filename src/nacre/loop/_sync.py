"""Bring a project to what its recipe says: data, schema, functions, slices, ground truth."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from nacre._hashing import hash_file, hash_text
from nacre.data import Batches, Dataset, Number, VoteSchema, find_files, read_batches
from nacre.errors import IngestError, SchemaError
from nacre.functions import Code, Context, Existing, Function, Slice
from nacre.loop._recipe import HashSplit, Recipe
from nacre.workspace import Imported, Truth

if TYPE_CHECKING:
    from nacre.workspace import Project

SOURCE, REFUSED = "source", "refused"
_COLUMN = "column "  # how the source of ground truth begins that a recipe names


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

    Each change is an event of the project, also one of a code file that the recipe names. Nothing happens where the
    recipe says what the project has already.

    Args:
        project: The project.
        recipe: What it should be.
        refused: Where bad rows go; without it one bad row stops the import.
    """
    synced = import_source(project, recipe, refused=refused)
    context = Context(folder=recipe.folder)
    code = {part.name: part.resolve(context).fingerprint for part in recipe.functions if isinstance(part, Code)}
    _set_schema(project, recipe)
    _delete_others(project.functions, recipe.functions)
    project.functions.put_all({function.name: function for function in recipe.functions}, code=code)
    _delete_others(project.slices, recipe.slices)
    project.slices.put_all({part.name: part for part in recipe.slices})
    for name in ("label_model", "model"):
        project.settings[name] = dict(getattr(recipe, name))
    return synced


def import_source(
    project: Project,
    recipe: Recipe,
    *,
    source: Path | None = None,
    drop: Path | None = None,
    refused: Path | None = None,
) -> Synced:
    """Make the data of a project what its sources say.

    The sources are that of the recipe and the files that were imported beside it. Where one was edited, or the recipe
    reads or splits them in another way, all are read again; a data point keeps its row id by its uid, and only chunks
    that changed are computed again.

    Args:
        project: The project.
        recipe: How to read and split.
        source: A file to import beside the source of the recipe.
        drop: A file that was imported so, to leave out from now on, and its data points with it.
        refused: Where bad rows go, from now on; where none was ever named one bad row stops the import.
    """
    refused = _refused_file(project, refused)
    added = [file for file in _added(project, recipe, source) if drop is None or file != str(drop.resolve())]
    sources = [str(recipe.folder / recipe.data.source), *added]
    options, split = recipe.data.options, _split_rule(recipe)
    _check_there(list(project.settings.get(SOURCE, {}).get("added", [])), dropped=drop)
    now = {
        "path": recipe.data.source,
        "content": _content(sources, options.get("format")),
        "added": added,
        "how": {"uid": recipe.data.uid, "split": split, "options": dict(options)},
    }
    if project.data.version is not None and project.settings.get(SOURCE) == now:
        return Synced(None)
    with _refused_parts(refused, len(sources)) as parts:
        readers = [
            read_batches(path, uid=recipe.data.uid, refused=part, **options)
            for path, part in zip(sources, parts, strict=True)
        ]
        rows = _rows(readers)
        if recipe.data.uid is None:
            rows = _in_place(project, rows, recipe.data.source)
        imported = project.data.replace(rows, uid="uid", **split)
    project.settings[SOURCE] = now
    if refused is not None:
        project.settings[REFUSED] = str(refused.resolve())
    return Synced(imported, sum(reader.n_refused for reader in readers))


def _refused_file(project: Project, refused: Path | None) -> Path | None:
    """Return where bad rows go: a source that was accepted without them must not stop a later import."""
    known = project.settings.get(REFUSED)
    return refused if refused is not None or known is None else Path(known)


def _check_there(added: list[str], *, dropped: Path | None) -> None:
    for file in added:
        is_dropped = dropped is not None and file == str(dropped.resolve())
        if not Path(file).exists() and not is_dropped:
            raise IngestError(
                f"`{file}`, which was imported beside the source of the recipe, is gone. Put it back, or leave out its "
                f"data points with `nacre import --drop {file}`."
            )


def _added(project: Project, recipe: Recipe, source: Path | None) -> list[str]:
    """Return the files beside the source of the recipe."""
    added: list[str] = list(project.settings.get(SOURCE, {}).get("added", []))
    if source is None:
        return added
    file, own = source.resolve(), (recipe.folder / recipe.data.source).resolve()
    return added if file == own or str(file) in added else [*added, str(file)]


def _split_rule(recipe: Recipe) -> dict[str, Any]:
    rule = recipe.data.split
    return {"split": dict(rule.shares), "seed": rule.seed} if isinstance(rule, HashSplit) else {"split": rule}


def _content(sources: list[str], format: Any) -> str:
    """Hash the files of the sources, so that what has not changed is not read again."""
    files = [file.path for source in sources for file in find_files(source, format)]
    return hash_text(*(part for file in files for part in (file.name, hash_file(file))))


def _rows(readers: list[Batches]) -> Iterator[pl.DataFrame]:
    """Yield the rows of all sources, with their position as uid where none identifies them."""
    n_rows = 0
    for reader in readers:
        for frame in reader:
            if reader.uid is None and "row_id" not in frame.columns:
                positions = pl.int_range(n_rows, n_rows + len(frame), eager=True)
                frame = frame.with_columns(positions.cast(pl.String).alias("uid"))
            n_rows += len(frame)
            yield frame
    if not n_rows:
        raise IngestError("The source holds no data point. Name a file that has some under `source` in nacre.yaml.")


def _in_place(project: Project, rows: Iterator[pl.DataFrame], source: str) -> Iterator[pl.DataFrame]:
    """Refuse a source without uid whose rows moved: what is known of a position would be said of another text."""
    if project.data.version is None or not len(project.iterations):
        return rows
    frames = list(rows)
    old, new = project.data.read().collect(), pl.concat(frames, how="diagonal_relaxed")
    names = [name for name in old.columns if name in new.columns and name not in ("row_id", "split")]
    if not new.select(names).head(len(old)).equals(old.select(names)):
        raise IngestError(
            f"{source} was edited and has no uid, so its rows are known by their position, and they moved: tags, "
            "comments, ground truth and earlier iterations would be of other data points. Name a field that identifies "
            "them as `uid` under `data` in nacre.yaml, only append rows, or begin another project."
        )
    return iter(frames)


@contextmanager
def _refused_parts(refused: Path | None, n: int) -> Iterator[list[Path | None]]:
    """Give each source a file for its bad rows; at the end they are one."""
    if refused is None or n == 1:
        yield [refused] * n
        return
    parts = [refused.with_name(f"{refused.name}.{number}") for number in range(n)]
    try:
        yield [*parts]
        refused.write_bytes(b"".join(part.read_bytes() for part in parts))
    finally:
        for part in parts:
            part.unlink(missing_ok=True)


def _delete_others(collection: MutableMapping[str, Any], wanted: Sequence[Function | Slice]) -> None:
    kept = {part.name for part in wanted}
    for name in list(collection):
        if name not in kept:
            del collection[name]


def _set_schema(project: Project, recipe: Recipe) -> None:
    """Set schema and ground truth together: the classes of a column may change with the column."""
    schema, field = recipe.schema, recipe.data.truth
    if field is not None:
        if isinstance(schema, Number):
            raise SchemaError("Ground truth of a `Number` schema cannot be used yet: no label model is for scores.")
        votes = column_votes(project.data.read(), field, schema)
        project.define(schema, Truth(votes, schema, f"{_COLUMN}`{field}` of {recipe.data.source}"))
    elif (known := project.truth) is not None and known.source.startswith(_COLUMN):
        project.define(schema, None)
    else:  # ground truth that was set in Python stays
        project.schema = schema


def column_votes(data: Dataset, field: str, schema: VoteSchema) -> pl.DataFrame:
    """Return `row_id` and `value`, the votes of the schema that a field holds.

    Raises:
        IngestError: Some values are no answers of the schema.
    """
    data.require([field])
    parts = []
    for chunk in data.chunks:
        frame = chunk.read(["uid", field])
        votes = Existing("truth", field).vote(frame, schema)
        if votes.errors is not None:
            _refuse(field, frame, votes.errors)
        parts.append(pl.DataFrame([frame.get_column("row_id"), votes.values.alias("value")]))
    return pl.concat(parts) if parts else pl.DataFrame(schema={"row_id": pl.Int64, "value": schema.dtype})


def _refuse(field: str, frame: pl.DataFrame, errors: pl.Series) -> None:
    row = errors.is_not_null().arg_true()[0]
    raise IngestError(
        f"The ground truth `{field}` has {len(errors) - errors.null_count():,} values that the schema does not know. "
        f"The first is in row {frame['row_id'][row]}, uid `{frame['uid'][row]}`: {errors[row]} Correct the values or "
        "the schema, or leave out what is unknown."
    )
