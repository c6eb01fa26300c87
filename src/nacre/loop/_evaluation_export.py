"""What leaves an evaluation: responses with their scores, all scores, and a sample for experts to label."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import polars as pl

from nacre._hashing import hash_frame
from nacre.data import Dataset
from nacre.errors import SchemaError
from nacre.evaluation import ExpertLabels, ExpertSample, sample_for_experts
from nacre.loop._evaluated_rows import readable_scores
from nacre.loop._project_evaluation import ProjectEvaluation
from nacre.loop._response_keys import WHERE, response_keys

_SHOWN = ("prompt", "response", "reference", "contexts")
_WRITTEN = ("annotator", "explanation", "golden")


def export_responses(evaluation: ProjectEvaluation) -> pl.DataFrame:
    """Return the responses with a column per slice and per evaluator: `in(spanish)`, `score(polite)`."""
    members = evaluation.members.rename({name: f"in({name})" for name in evaluation.members.columns[1:]})
    scores = readable_scores(evaluation.scores).with_columns(pl.format("score({})", "evaluator").alias("evaluator"))
    names = [f"score({name})" for name in evaluation.scores.evaluators]
    wide = scores.pivot(on="evaluator", on_columns=names, index="row_id", values="score")
    for name in (*members.columns[1:], *names):
        if name in evaluation.responses.columns:
            raise SchemaError(
                f"The responses have a field `{name}`, which is what this export calls a column of its own. Rename the "
                "field in their file."
            )
    both = evaluation.responses.join(members, on="row_id", how="left", maintain_order="left")
    return both.join(wide, on="row_id", how="left", maintain_order="left")


def export_scores(evaluation: ProjectEvaluation) -> pl.DataFrame:
    """Return a row per score: response, evaluator, criterion, `score` in words, status, rationale and message."""
    uids = evaluation.responses.select("row_id", "uid")
    scores = readable_scores(evaluation.scores).join(uids, on="row_id", how="left", maintain_order="left")
    return scores.select("row_id", "uid", pl.exclude("row_id", "uid")).with_columns(pl.col("status").cast(pl.String))


def export_sample(
    evaluation: ProjectEvaluation,
    n: int,
    *,
    criterion: str | None = None,
    evaluator: str | None = None,
    write: Callable[[pl.DataFrame], object] | None = None,
) -> pl.DataFrame:
    """Return responses for experts to label: a column per criterion to fill in, and `key` and `weight` to leave alone.

    Where an evaluator is least known to be right, more responses are chosen; `weight` makes up for that. A tenth of the
    responses comes twice, for a second expert. The project remembers the sample, so that a further one completes it.

    Args:
        evaluation: The run.
        n: How many responses experts label in all, those of an earlier sample of the same scores included.
        criterion: What the sample is for; by default the first criterion.
        evaluator: Whose scores are to be held against experts; by default the first of the criterion.
        write: Takes the sheet. A sample is remembered once that is done: one that nobody got is none.
    """
    evaluator = evaluator or _evaluator(evaluation, criterion)
    criterion = evaluation.scores.criterion_of(evaluator).name
    pilot = _pilot(evaluation, criterion, evaluator)
    sample = sample_for_experts(evaluation.scores, evaluator, n, members=evaluation.members, pilot=pilot)
    keyed = response_keys(Dataset.from_frame(evaluation.responses))
    sheet = _sheet(evaluation, sample, keyed)
    if write is not None:
        write(sheet)
    chosen = sample.frame.select("row_id", "weight", is_pilot="is_labelled")
    weights = keyed.join(chosen, on="row_id", how="inner").select(*WHERE, "weight", "is_pilot")
    detail = _detail(evaluation, criterion, evaluator)
    evaluation.project.samples.add(f"{criterion[:100]} {hash_frame(weights)[:8]}", weights, detail=detail)
    return sheet


def _detail(evaluation: ProjectEvaluation, criterion: str, evaluator: str) -> dict[str, str]:
    """Return what a sample is for: samples that agree in it are parts of one."""
    return {"criterion": criterion, "scores": evaluation.run.content.scores, "evaluator": evaluator}


def _evaluator(evaluation: ProjectEvaluation, criterion: str | None) -> str:
    names = [criterion] if criterion is not None else [known.name for known in evaluation.scores.criteria]
    for name in names:
        if found := evaluation.scores.evaluators_of(name):
            return found[0]
    raise SchemaError(f"Nothing scores {', '.join(f'`{name}`' for name in names)}, so there is nothing to check.")


def _pilot(evaluation: ProjectEvaluation, criterion: str, evaluator: str) -> ExpertLabels | None:
    """Return the labels of earlier samples of the same scores."""
    samples = evaluation.project.samples
    detail = _detail(evaluation, criterion, evaluator)
    earlier = [samples.read(name) for name, table in samples.items() if table.detail == detail]
    if not earlier or evaluation.experts is None:
        return None
    keyed = response_keys(Dataset.from_frame(evaluation.responses))
    chosen = keyed.join(pl.concat(earlier), on=WHERE, how="semi")
    pilot = evaluation.experts.where(chosen.get_column("row_id"))
    return pilot if len(pilot.of(criterion)) else None


def _sheet(evaluation: ProjectEvaluation, sample: ExpertSample, keyed: pl.DataFrame) -> pl.DataFrame:
    shown = [name for name in _SHOWN if name in evaluation.responses.columns]
    rows = sample.to_label.join(evaluation.responses.select("row_id", *shown), on="row_id", how="left")
    rows = rows.join(keyed.select("row_id", "key", "prompt_id", "repeat"), on="row_id", how="left").sort("row_id")
    first = rows.with_columns(annotator=pl.lit("expert"))
    second = rows.filter(pl.col("is_repeated")).with_columns(annotator=pl.lit("second expert"))
    empty = [pl.lit(None, dtype=pl.String).alias(name) for name in (*_to_fill_in(evaluation), *_WRITTEN[1:])]
    sheet = pl.concat([first, second]).with_columns(pl.col(pl.String).str.replace_all("\0", "", literal=True), *empty)
    return sheet.select("key", "prompt_id", "repeat", *shown, *_to_fill_in(evaluation), *_WRITTEN, "weight")


def _to_fill_in(evaluation: ProjectEvaluation) -> Sequence[str]:
    return [criterion.name for criterion in evaluation.scores.criteria]
