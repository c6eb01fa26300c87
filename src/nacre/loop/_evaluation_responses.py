"""The responses that a recipe names: a table, or the results of another tool with its scores."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from nacre.data import Dataset, read
from nacre.errors import IngestError, SchemaError, UnknownFieldError, UnknownNameError
from nacre.evaluation import Scores, read_responses
from nacre.exchange import IMPORT_FORMATS, read_evaluation
from nacre.loop._evaluation_benchmark import recipe_benchmark
from nacre.loop._evaluation_recipe import EvaluationRecipe

AUTO = "auto"
TABLES = ("csv", "tsv", "jsonl", "json", "parquet", "arrow")
MAX_NOTES = 5


@dataclass(frozen=True)
class Responses:
    """Responses as they were read.

    Args:
        data: The responses.
        scores: What the tool that wrote them said of them; None of a table.
        notes: What could not be read, by name.
    """

    data: Dataset
    scores: Scores | None = None
    notes: tuple[str, ...] = ()


def recipe_responses(recipe: EvaluationRecipe, source: Path | None = None, *, system: str | None = None) -> Responses:
    """Return the responses that a recipe names.

    Args:
        recipe: How to read them.
        source: Another file to read in the same way, such as the responses of the next version of a system.
        system: Only responses of this system. Without it those of several are judged together, as repeats.
    """
    path = source or recipe.folder / recipe.responses.source
    with _naming(path):
        found = _one_system(_read(recipe, path), system)
    found = replace(found, notes=(*found.notes, *_doubtful(found.data)))
    places = found.data.collect(["row_id", "prompt_id", "repeat"])
    twice = places.filter(places.select("prompt_id", "repeat").is_duplicated()).sort("prompt_id", "repeat")
    if len(twice):
        first, second = twice.row(0, named=True), twice.row(1, named=True)
        raise SchemaError(
            f"The rows {first['row_id']} and {second['row_id']} are both repeat {first['repeat']} of the prompt "
            f"`{first['prompt_id']}`. Number the responses to a prompt by `repeat`, or leave it out."
        )
    return found


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Say in which file the responses are that cannot be read."""
    try:
        yield
    except SchemaError as error:
        if type(error) is not SchemaError:  # it names the file, or no row of it
            raise
        raise SchemaError(f"{path}: {error}") from error


def _doubtful(data: Dataset) -> Iterator[str]:
    """Say where one name stands for several prompts, and where a row is there twice."""
    rows = data.collect(["prompt_id", "prompt", "response", *(["system"] if "system" in data.fields else [])])
    prompts = rows.group_by("prompt_id", maintain_order=True).agg(n=pl.col("prompt").n_unique()).filter(pl.col("n") > 1)
    if len(prompts):
        name, n = prompts.row(0)
        yield (
            f"{len(prompts):,} of {rows['prompt_id'].n_unique():,} values of `prompt_id` stand for several prompts, "
            f"such as `{name}` for {n:,}: they count as repeats of one."
        )
    if n_twice := len(rows) - rows.drop_nulls("response").n_unique() - rows["response"].null_count():
        yield f"{n_twice:,} rows repeat prompt and response of another word for word: they count as repeats."


def _one_system(found: Responses, system: str | None) -> Responses:
    table = found.data.collect()
    if "system" not in table.columns:
        if system is not None:
            raise UnknownFieldError("system", available=found.data.fields, reader="--system")
        return found
    systems = table.get_column("system").drop_nulls().unique(maintain_order=True).to_list()
    if system is not None:
        if system not in systems:
            raise UnknownNameError("system", system, available=systems)
        return _of_rows(found, table.filter(pl.col("system") == system))
    if len(systems) < 2:
        return found
    note = f"{len(systems)} systems are judged together; `nacre run --system {shlex.quote(systems[0])}` judges one."
    repeats = pl.int_range(pl.len()).over("prompt_id").cast(pl.Int64)
    return replace(_of_rows(found, table.with_columns(repeat=repeats)), notes=(*found.notes, note))


def _of_rows(found: Responses, table: pl.DataFrame) -> Responses:
    """Return what is known of some rows, under their numbers of repeats."""
    data = read_responses(Dataset.from_frame(table))
    scores = found.scores
    if scores is not None:
        keys = table.select("row_id", "repeat")
        frame = scores.frame.drop("repeat").join(keys, on="row_id", how="inner", maintain_order="left")
        scores = replace(scores, frame=frame.select(scores.frame.columns))
    return Responses(data, scores, found.notes)


def _read(recipe: EvaluationRecipe, path: Path) -> Responses:
    table = recipe.responses
    options = dict(table.options)
    format = options.pop("format", None)
    if format is not None and format not in TABLES:
        return _of_tool(path, None if format == AUTO else str(format), recipe)
    fields = dict(table.fields)
    data = read(path, uid=fields.pop("uid", None), format=format, **options)
    benchmark = recipe_benchmark(recipe)
    if benchmark is None:
        return Responses(read_responses(data, fields=fields))
    matched = benchmark.responses_of(data, fields=fields)
    told = {
        "Prompts of the benchmark without a response": len(matched.missing),
        "Responses to prompts that the benchmark does not have, which are left out": len(matched.unknown),
    }
    return Responses(matched.data, notes=tuple(f"{what}: {n:,}." for what, n in told.items() if n))


def _of_tool(path: Path, format: str | None, recipe: EvaluationRecipe) -> Responses:
    if format is not None and format not in IMPORT_FORMATS:
        known = ", ".join((AUTO, *TABLES, *IMPORT_FORMATS))
        raise IngestError(f"There is no format `{format}` of responses; there are {known}.")
    fields = {name: column for name, column in recipe.responses.fields.items() if name != "uid"}
    found = read_evaluation(path, format=format, fields=fields or None, criteria=recipe.criteria)
    if found.responses.is_empty():
        raise IngestError(f"{path} holds prompts and no response. Name a file with what a system answered.")
    notes = [f"{path.name}, {part}" for part in found.unsupported]
    if len(notes) > MAX_NOTES:
        notes = [*notes[:MAX_NOTES], f"{path.name} holds {len(notes) - MAX_NOTES} more parts that are not read."]
    return Responses(read_responses(found.responses), _scores(found.scores, recipe), tuple(notes))


def _scores(scores: Scores | None, recipe: EvaluationRecipe) -> Scores | None:
    """Return the scores of the tool but those of evaluators that the recipe has itself."""
    if scores is None:
        return None
    own = {evaluator.name for evaluator in recipe.evaluators}
    kept = [name for name in scores.evaluators if name not in own]
    return (
        Scores(scores.frame.filter(pl.col("evaluator").is_in(kept)), scores.criteria, {name: "" for name in kept})
        if kept
        else None
    )
