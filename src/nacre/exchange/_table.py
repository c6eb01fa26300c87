"""CSV, Parquet, Arrow and JSON Lines with one response a row: what Nacre itself writes, and anybody else."""

from __future__ import annotations

from typing import Any

import polars as pl

from nacre.data import Classes
from nacre.errors import UnknownFieldError
from nacre.evaluation import Criterion, Scores
from nacre.exchange._draft import Draft, prompt_columns
from nacre.exchange._format import Export, Format
from nacre.exchange._source import Source
from nacre.exchange._tables import column_of
from nacre.exchange._values import contexts_of, object_of

_PARTS = ("score", "status", "rationale", "message", "criterion")


def _read(source: Source, draft: Draft) -> None:
    frame = source.frame
    scored = [name.removesuffix("/score") for name in frame.columns if name.endswith("/score")]
    parts = {f"{name}/{part}" for name in scored for part in _PARTS}
    rows = frame.drop(parts & set(frame.columns))
    named = rows.rename({column: name for name, column in source.fields.items() if column in rows.columns})
    if "prompt" not in named.columns:
        missing = source.fields.get("prompt", "prompt")
        raise UnknownFieldError(missing, available=frame.columns, reader=f"the import of {source.path.name}")
    named = _with_lists(named)
    if "response" not in named.columns:
        draft.prompt_table = named.select(prompt_columns(named.columns))
        return
    draft.response_table = named
    for name in scored:
        _add_scores(name, frame, draft)


def _with_lists(frame: pl.DataFrame) -> pl.DataFrame:
    """Return contexts and metadata as lists and objects, where CSV holds them as text."""
    for name, read in (("contexts", contexts_of), ("metadata", lambda value: object_of(value) or value)):
        if frame.schema.get(name) == pl.String:
            values = [read(value) for value in frame.get_column(name).to_list()]
            frame = frame.with_columns(column_of(name, values, pl.List(pl.String()) if name == "contexts" else None))
    return frame


def _add_scores(name: str, frame: pl.DataFrame, draft: Draft) -> None:
    def values_of(part: str) -> list[Any]:
        column = f"{name}/{part}"
        return frame.get_column(column).to_list() if column in frame.columns else [None] * len(frame)

    criterion = next((value for value in values_of("criterion") if value is not None), name)
    rows = zip(values_of("score"), values_of("status"), values_of("rationale"), values_of("message"), strict=True)
    draft.answers(name, criterion=criterion)
    for row_id, (score, status, rationale, message) in enumerate(rows):
        if score is None and status is None and f"{name}/status" in frame.columns:
            continue
        error = (message or status) if status in ("failed", "unparsable") else None
        draft.score(row_id, name, score, rationale=rationale, error=error, was_parsed=status != "unparsable")


def _write(export: Export) -> pl.DataFrame:
    frame = export.responses
    if export.scores is None:
        return frame.drop("row_id", "uid", strict=False)
    for name in export.scores.evaluators:
        frame = frame.join(_columns_of(name, export.scores), on="row_id", how="left", maintain_order="left")
    return frame.drop("row_id", "uid", strict=False)


def _columns_of(name: str, scores: Scores) -> pl.DataFrame:
    rows = scores.of(name)
    criterion = scores.criterion_of(name)
    columns = {
        "row_id": pl.col("row_id"),
        f"{name}/score": _answer(criterion),
        f"{name}/status": pl.col("status").cast(pl.String),
    }
    if criterion.name != name:
        columns[f"{name}/criterion"] = pl.lit(criterion.name)
    for part in ("rationale", "message"):
        if rows.get_column(part).null_count() < len(rows):
            columns[f"{name}/{part}"] = pl.col(part)
    return rows.select(**columns)


def _answer(criterion: Criterion) -> pl.Expr:
    """Return what an evaluator answered: the name of a class, or a number."""
    if not isinstance(criterion.scale, Classes):
        return pl.col("value").cast(pl.Float64)
    names = criterion.scale.names
    return pl.col("value").cast(pl.Int64).replace_strict(dict(enumerate(names)), return_dtype=pl.String)


TABLE = Format(
    "table",
    lambda source: source.kind in ("table", "rows") and "prompt" in source.names,
    _read,
    _write,
    (".jsonl", ".csv", ".parquet", ".tsv", ".json", ".arrow"),
)
