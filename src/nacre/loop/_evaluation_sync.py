"""Bring a project to the evaluation part of its recipe: criteria, evaluators, slices, labels of experts, scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from nacre._hashing import hash_frame
from nacre.data import Dataset
from nacre.errors import SchemaError, UnknownNameError
from nacre.evaluation import ANYBODY, Criterion, ExpertLabels, Scores, criterion_from_spec
from nacre.functions import Code, Context
from nacre.loop._evaluation_benchmark import with_benchmark
from nacre.loop._evaluation_recipe import EvaluationRecipe, TableRecipe
from nacre.loop._label_import import ImportedLabels, imported_labels, labels_of
from nacre.loop._response_keys import WHERE, locate, response_keys
from nacre.loop._response_labels import read_labels, with_times

if TYPE_CHECKING:
    from nacre.workspace import Project, Tables


def sync_evaluation(project: Project, recipe: EvaluationRecipe) -> None:
    """Set criteria, evaluators and slices as the recipe says; each change is an event of the project."""
    context = Context(folder=recipe.folder)
    code = {
        evaluator.name: evaluator.voter.resolve(context).fingerprint
        for evaluator in recipe.evaluators
        if isinstance(evaluator.voter, Code)
    }
    criteria = {criterion.name: criterion for criterion in recipe.criteria}
    evaluators = {evaluator.name: evaluator.spec() for evaluator in recipe.evaluators}
    slices = {part.name: part for part in recipe.slices}
    project.define_evaluation(criteria, evaluators, slices, code=code)


def import_experts(
    project: Project,
    recipe: EvaluationRecipe,
    responses: Dataset,
    source: Path | None = None,
    *,
    drop: str | None = None,
    refused: Path | None = None,
    annotator: str | None = None,
) -> ImportedLabels | None:
    """Keep the labels of experts in a file and return what came, or None where they were there already.

    Args:
        project: The project.
        recipe: What the criteria are, and where its own labels of experts come from.
        responses: What the labels are about.
        source: A file beside that of the recipe; it replaces no other, not even one of its own name.
        drop: The name of imported files to leave out from now on; all versions stay in the history.
        refused: A file for rows that cannot be read; without it one of them is an error.
        annotator: Whose labels they are, whatever the file says.

    Raises:
        UnknownNameError: No file of the name `drop` was imported.
    """
    recipe = _with_criteria_of_runs(project, recipe)

    def check(labels: pl.DataFrame) -> None:
        ExpertLabels.from_frame(labels, recipe.criteria)

    def of_annotator(labels: pl.DataFrame) -> pl.DataFrame:
        return labels if annotator is None else labels_of(labels, annotator)

    tables = project.experts
    return _import(
        tables,
        recipe,
        responses,
        table=recipe.experts,
        source=source,
        drop=drop,
        refused=refused,
        check=check,
        change=of_annotator,
    )


def import_scores(
    project: Project,
    recipe: EvaluationRecipe,
    responses: Dataset,
    source: Path | None = None,
    *,
    drop: str | None = None,
    refused: Path | None = None,
) -> ImportedLabels | None:
    """Keep the scores in a file and return what came, or None where they were there already; see `import_experts`."""
    recipe = _with_criteria_of_runs(project, recipe)

    def check(labels: pl.DataFrame) -> None:
        check_names(_scores(labels, recipe.criteria, responses=None), recipe)

    tables = project.scores
    return _import(
        tables, recipe, responses, table=recipe.scores, source=source, drop=drop, refused=refused, check=check
    )


def check_names(imported: Scores, recipe: EvaluationRecipe) -> None:
    """Refuse imported scores under the name of an evaluator of the recipe."""
    for evaluator in recipe.evaluators:
        if evaluator.name in imported.evaluators:
            raise SchemaError(
                f"`{evaluator.name}` is an evaluator of nacre.yaml, so scores that are imported need another name: put "
                "it in a column `evaluator`."
            )


def expert_labels(project: Project, criteria: Sequence[Criterion], responses: Dataset) -> ExpertLabels | None:
    """Return what experts said of responses, or None where they said nothing; the latest label of an expert counts.

    Args:
        project: Where the labels are.
        criteria: What they are about; labels on other criteria are left out.
        responses: The responses that are there.
    """
    labels = _located(project.experts, ["criterion", "annotator"], criteria, responses)
    return None if labels is None else ExpertLabels.from_frame(_weighed(project, labels), criteria)


def imported_scores(project: Project, criteria: Sequence[Criterion], responses: Dataset) -> Scores | None:
    """Return the scores of other tools, or None where there are none of these responses."""
    labels = _located(project.scores, ["criterion", "evaluator"], criteria, responses)
    keys = ["row_id", "prompt_id", "repeat"]
    return None if labels is None else _scores(labels, criteria, responses=responses.collect(keys))


def _with_criteria_of_runs(project: Project, recipe: EvaluationRecipe) -> EvaluationRecipe:
    """Return the recipe with the criteria that came with the responses of the newest run."""
    recipe = with_benchmark(recipe)
    newest = project.runs.newest
    known = {} if newest is None else newest.content.criteria
    own = {criterion.name for criterion in recipe.criteria}
    others = [criterion_from_spec(name, spec) for name, spec in known.items() if name not in own]
    return replace(recipe, criteria=(*recipe.criteria, *others))


def _import(
    tables: Tables,
    recipe: EvaluationRecipe,
    responses: Dataset,
    *,
    table: TableRecipe | None,
    source: Path | None,
    drop: str | None,
    refused: Path | None,
    check: Callable[[pl.DataFrame], None],
    change: Callable[[pl.DataFrame], pl.DataFrame] = lambda labels: labels,
) -> ImportedLabels | None:
    """Keep a file of labels; without `source` that of the recipe, which is what it says now."""
    left_out = [] if drop is None else _names_of(tables, drop)
    if source is None:
        others = (name for name, kept in tables.items() if kept.detail["of_recipe"])
        left_out += [name for name in others if table is None or name != table.source]
        if table is None:
            tables.remove(left_out)
            return None
    own = table if source is None else None  # another file has its own names
    path = source if own is None and source is not None else recipe.folder / (own.source if own is not None else "")
    keyed = response_keys(responses)
    read = read_labels(
        path,
        table=own,
        responses=keyed,
        criteria=[criterion.name for criterion in recipe.criteria],
        before=tables.read(own.source) if own is not None and own.source in tables else None,
        refused=refused,
    )
    labels = change(read)
    check(_numbered(labels, keyed))
    name = own.source if own is not None else f"{path.name} {hash_frame(labels)[:8]}"
    earlier = [tables.read(other) for other in tables if other not in (name, *left_out)]
    is_last = source is not None  # the file of the recipe is read in every run, others where somebody asks for it
    is_new = tables.add(name, labels, detail={"of_recipe": source is None}, instead_of=left_out, is_last=is_last)
    return imported_labels(labels, keyed, earlier) if is_new else None


def _names_of(tables: Tables, file: str) -> list[str]:
    """Return the tables that were imported from files of this name."""
    names = [name for name in tables if name.rpartition(" ")[0] == file]
    if not names:
        raise UnknownNameError("imported file", file, available={name.rpartition(" ")[0] or name for name in tables})
    return names


def _located(
    tables: Tables, keys: Sequence[str], criteria: Sequence[Criterion], responses: Dataset
) -> pl.DataFrame | None:
    frames = tables.frames()
    if not frames:
        return None
    labels = pl.concat(map(with_times, frames), how="diagonal_relaxed")
    if "annotator" in labels.columns:
        labels = labels.with_columns(pl.col("annotator").fill_null(ANYBODY))  # a table may name nobody, another does
    known = [criterion.name for criterion in criteria]
    unique = [*WHERE, *(key for key in keys if key in labels.columns)]
    labels = _latest_last(labels.filter(pl.col("criterion").is_in(known)), unique)
    found = locate(labels.unique(unique, keep="last", maintain_order=True), response_keys(responses))
    # The same response twice, by its text, may have been labeled twice; both labels now are of one row.
    found = found.unique([name for name in ("row_id", *unique[3:])], keep="last", maintain_order=True)
    return found if len(found) else None


def _latest_last(labels: pl.DataFrame, same: Sequence[str]) -> pl.DataFrame:
    """Order labels by when they were given, where all of the same response and expert say so, else as they came."""
    if "at" not in labels.columns:
        return labels
    is_known = pl.col("at").is_not_null().all().over(same)
    return labels.sort(pl.when(is_known).then("at"), maintain_order=True)


def _weighed(project: Project, labels: pl.DataFrame) -> pl.DataFrame:
    """Give labels their weight: that of a further sample which they were the pilot of, else the one they came with.

    A further sample counts as soon as one of its own responses is labeled. Labels that came without a weight have that
    of the newest sample with their response, or none.
    """
    pilots, others = [], []
    for name, table in project.samples.items():
        criterion = pl.lit(table.detail["criterion"]).alias("criterion")
        sample = project.samples.read(name).with_columns(criterion)
        others.append(sample)
        own = sample.filter(~pl.col("is_pilot"))
        if len(own.join(labels, on=[*WHERE, "criterion"], how="semi")):
            pilots.append(sample.filter("is_pilot"))
    if "weight" not in labels.columns:
        labels = labels.with_columns(weight=pl.lit(None))
    labels = labels.with_columns(pl.col("weight").cast(pl.Float64))
    for samples, weight in ((pilots, ["@weight", "weight"]), (others, ["weight", "@weight"])):
        if samples:
            known = pl.concat(samples).select(*WHERE, "criterion", pl.col("weight").alias("@weight"))
            known = known.unique([*WHERE, "criterion"], keep="last")
            labels = labels.join(known, on=[*WHERE, "criterion"], how="left", maintain_order="left")
            labels = labels.with_columns(weight=pl.coalesce(weight)).drop("@weight")
    return labels


def _numbered(labels: pl.DataFrame, responses: pl.DataFrame) -> pl.DataFrame:
    """Give labels the number of their response, or another one where it is not there, so that they can be checked."""
    there = responses.select("row_id", *WHERE)
    others = labels.select(WHERE).unique(maintain_order=True).join(there, on=WHERE, how="anti", nulls_equal=True)
    numbers = -1 - pl.int_range(len(others), eager=True, dtype=pl.Int64)
    known = pl.concat([there.select(*WHERE, "row_id"), others.with_columns(row_id=numbers)], how="vertical_relaxed")
    return labels.join(known, on=WHERE, how="left", nulls_equal=True, maintain_order="left")


def _scores(labels: pl.DataFrame, criteria: Sequence[Criterion], *, responses: pl.DataFrame | None) -> Scores:
    if responses is None:
        responses = labels.select("row_id", *WHERE[1:]).unique("row_id", keep="first")
    return Scores.from_frame(labels, criteria, responses=responses)
