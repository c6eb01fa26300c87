"""Score responses with evaluators; what was scored before is not scored again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from nacre._hashing import hash_text
from nacre._progress import Progress
from nacre.data import Chunk, Classes, Dataset
from nacre.engine import Column, ColumnStore, compute_columns
from nacre.errors import SchemaError
from nacre.evaluation._answers import ABSTAINED, SCORED, SCORES, STATUS
from nacre.evaluation._evaluator import Evaluator
from nacre.evaluation._responses import PYTHON_NAMES, read_responses
from nacre.evaluation._scores import COLUMNS, IMPORTED, KEYS, Scores
from nacre.functions import Context, Declarative, Existing, PythonFields
from nacre.labeling import check_functions, derived_columns


def evaluate(
    evaluators: Sequence[Evaluator],
    responses: Dataset | Any,
    *,
    store: ColumnStore | None = None,
    context: Context | None = None,
    retry_errors: bool = False,
    progress: Progress | None = None,
) -> Scores:
    """Return the scores of responses.

    Args:
        evaluators: What scores. Names must differ.
        responses: Responses as `read_responses` returns them, or a frame that becomes some.
        store: Keeps scores per evaluator and block of responses: a stopped evaluation goes on where it was, and an
            edited evaluator alone is computed again.
        context: What the names in evaluators stand for.
        retry_errors: Try responses again on which an evaluator failed before.
        progress: What is told of each finished block.

    Raises:
        UnknownFieldError: An evaluator reads a field that the responses lack; raised before anything is scored.
    """
    _check(evaluators)
    data = _with_python_names(responses if _is_read(responses) else read_responses(responses))
    context = context or Context()
    resolved = [evaluator.resolve(context) for evaluator in evaluators]
    derived = derived_columns([name for evaluator in resolved for name in evaluator.reads], context)
    for evaluator in resolved:
        scale = evaluator.criterion.scale
        check_functions([evaluator.voter], data, derived, scale if isinstance(scale, Classes) else None)
    fields = PythonFields()
    columns = [_column(evaluator, fields) for evaluator in resolved]
    parts: list[list[pl.DataFrame]] = [[] for _ in resolved]
    computed = compute_columns(
        columns, data, store=store, derived=derived, retry_errors=retry_errors, progress=progress
    )
    for block, chunk in zip(data.chunks, computed, strict=True):
        keys = block.read(KEYS.names())
        for part, evaluator, score in zip(parts, resolved, chunk.frames, strict=True):
            part.append(_long(keys, evaluator, score))
    frames = [part for parts_of_one in parts for part in parts_of_one]
    frame = pl.concat(frames) if frames else pl.DataFrame(schema=COLUMNS)
    criteria = tuple({evaluator.criterion.name: evaluator.criterion for evaluator in evaluators}.values())
    # Whoever wrote a field of the responses is as unknown as who made scores that are imported.
    made = {
        part.name: f"{IMPORTED}{part.fingerprint}" if isinstance(part.function, Existing) else part.fingerprint
        for part in resolved
    }
    return Scores(frame, criteria, made)


def _check(evaluators: Any) -> None:
    if isinstance(evaluators, Evaluator) or not isinstance(evaluators, Sequence):
        raise SchemaError("`evaluate` takes a list of evaluators. Put a single one in brackets: `[evaluator]`.")
    for evaluator in evaluators:
        if not isinstance(evaluator, Evaluator):
            raise SchemaError(f"`evaluate` takes `Evaluator(name, criterion, function)`; found {evaluator!r}.")
    names = [evaluator.name for evaluator in evaluators]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise SchemaError(f"Evaluators need different names; {', '.join(repeated)} occurs more than once.")
    criteria: dict[str, Any] = {}
    for evaluator in evaluators:
        if criteria.setdefault(evaluator.criterion.name, evaluator.criterion) != evaluator.criterion:
            raise SchemaError(f"Two criteria are called `{evaluator.criterion.name}`; give one another name.")


def _is_read(responses: Any) -> bool:
    return isinstance(responses, Dataset) and {"prompt", "response", "prompt_id", "repeat"} <= set(responses.schema)


def _with_python_names(data: Dataset) -> Dataset:
    """Add the names by which Python functions call prompt and response, unless fields are called so."""
    names = {name: pl.col(field) for name, field in PYTHON_NAMES.items() if name not in data.schema}
    chunks = tuple(Chunk(chunk.frame.with_columns(**names), chunk.hashes) for chunk in data.chunks)
    return Dataset(chunks, pl.Schema({**data.schema, **dict.fromkeys(names, pl.String())}))


def _column(evaluator: Evaluator, fields: PythonFields) -> Column:
    function, criterion = evaluator.voter, evaluator.criterion
    key = hash_text("score", function.fingerprint, criterion.fingerprint)
    if isinstance(function, Declarative) and isinstance(criterion.scale, Classes):
        return Column(key, function.reads, expr=function.expr(criterion.scale).cast(pl.Float32))
    return Column(key, function.reads, compute=lambda chunk: _stored(evaluator.score(chunk, fields)))


def _stored(scores: pl.DataFrame) -> pl.DataFrame:
    """Return a column to store; a message is an error, of which the store knows that it can be tried again."""
    kept = [name for name in ("rationale", "message") if scores.get_column(name).null_count() < len(scores)]
    return scores.select("value", "status", *kept).rename({"message": "error"}, strict=False)


def _long(keys: pl.DataFrame, evaluator: Evaluator, scores: pl.DataFrame) -> pl.DataFrame:
    if "status" not in scores.columns:  # a condition or rule, which cannot fail
        status = pl.when(pl.col("value").is_null()).then(pl.lit(ABSTAINED)).otherwise(pl.lit(SCORED))
        scores = scores.with_columns(status=status)
    scores = scores.rename({"error": "message"}, strict=False).cast({"status": STATUS})
    missing = [pl.lit(None, dtype=SCORES[name]).alias(name) for name in SCORES if name not in scores.columns]
    names = {"evaluator": pl.lit(evaluator.name), "criterion": pl.lit(evaluator.criterion.name)}
    return pl.concat([keys, scores], how="horizontal").with_columns(*missing, **names).select(COLUMNS.names())
