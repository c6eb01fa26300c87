"""Responses of a system, as data points with agreed field names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from nacre._hashing import hash_text
from nacre.data import Chunk, Dataset, to_polars
from nacre.errors import SchemaError, UnknownFieldError, did_you_mean

FIELDS = ("prompt", "response", "reference", "contexts", "metadata", "system", "prompt_id", "repeat")
PYTHON_NAMES: Mapping[str, str] = {"inputs": "prompt", "outputs": "response"}
"""How Python evaluators, here as in other tools, call the prompt and the response."""

BLOCKS = ((4_096, 65_536), (1_024, 4_096), (128, 0))
"""How long a block is, and the first response from which it is so long.

Scores are cached per evaluator and block: it is what a stop may lose, and what one more response costs.
"""

_HASHED = 4_096  # prompts that are Python strings at once


def read_responses(responses: Dataset | Any, *, fields: Mapping[str, str] | None = None) -> Dataset:
    """Return responses as data points that evaluators can read.

    Every data point has `prompt`, `response` (null where the system gave none), `prompt_id` (by default a hash of the
    prompt: equal prompts are repeats) and `repeat`; where the data holds them `reference`, `contexts` (a list of
    texts), `metadata` and `system`. Other fields stay as they are.

    Args:
        responses: A dataset or frame.
        fields: Where the data calls these fields otherwise: `{"prompt": "question"}`.

    Raises:
        UnknownFieldError: There is no prompt or response, or a field that was named.
        SchemaError: A field has a type that it cannot have, or a prompt is missing.

    Examples:
        >>> answers = pl.DataFrame({"question": ["What is 2 + 2?"] * 2, "response": ["4", None]})
        >>> data = read_responses(answers, fields={"prompt": "question"})
        >>> data.collect(["prompt", "response", "repeat"]).rows()
        [('What is 2 + 2?', '4', 0), ('What is 2 + 2?', None, 1)]
    """
    table = responses.collect() if isinstance(responses, Dataset) else to_polars(responses)
    table = renamed(table, fields or {})
    for name in ("prompt", "response"):
        if name not in table.columns:
            raise UnknownFieldError(name, available=table.columns, reader="the evaluation")
    table = table.with_columns(_text(table, name) for name in ("prompt", "response", "reference") if name in table)
    table = table.with_columns(_text(table, name) for name in ("system", "prompt_id") if name in table)
    if (missing := table.get_column("prompt").is_null()).any():
        raise SchemaError(f"Row {missing.arg_true()[0]} has no prompt. Fill it, or leave the row out.")
    if "contexts" in table.columns:
        table = table.with_columns(_contexts(table.get_column("contexts")))
    return _in_blocks(Dataset.from_frame(_with_repeats(table)))


def renamed(table: pl.DataFrame, fields: Mapping[str, str]) -> pl.DataFrame:
    """Return a table whose columns have the names that they have in responses."""
    for name, source in fields.items():
        if name not in FIELDS:
            raise SchemaError(
                f"Responses have no field `{name}`; they have {', '.join(FIELDS)}.{did_you_mean(name, FIELDS)}"
            )
        if source not in table.columns:
            raise UnknownFieldError(source, available=table.columns, reader="the evaluation")
    names = {source: name for name, source in fields.items()}
    taken = [name for name in fields if name in table.columns and name not in names]
    return table.drop(taken).rename(names)


def _text(table: pl.DataFrame, name: str) -> pl.Series:
    column = table.get_column(name)
    if column.dtype.is_nested():
        raise SchemaError(
            f"`{name}` holds {column.dtype}; expected text. Conversations are not evaluated yet: name a field with the "
            "last message, or import them with the format they come in."
        )
    return column.cast(pl.String)


def _contexts(column: pl.Series) -> pl.Series:
    if column.dtype in (pl.String, pl.Null):
        text = pl.col("contexts").cast(pl.String)
        return column.to_frame().select(pl.when(text.is_not_null()).then(pl.concat_list(text))).to_series()
    try:
        return column.cast(pl.List(pl.String))
    except pl.exceptions.PolarsError as error:
        raise SchemaError(f"`contexts` holds {column.dtype}; expected a text or a list of texts.") from error


def _with_repeats(table: pl.DataFrame) -> pl.DataFrame:
    """Add `prompt_id` where it is missing, and number the responses to a prompt where they are not."""
    if "prompt_id" not in table.columns:
        table = table.with_columns(prompt_id=_prompt_ids(table.get_column("prompt")))
    elif (missing := table.get_column("prompt_id").is_null()).any():
        raise SchemaError(f"Row {missing.arg_true()[0]} has no `prompt_id`. Fill it, or leave the field out.")
    if "repeat" not in table.columns:
        if table.get_column("prompt_id").n_unique() == len(table):  # so many groups of one would cost memory
            return table.with_columns(repeat=pl.lit(0, dtype=pl.Int64))
        groups = ["system", "prompt_id"] if "system" in table.columns else ["prompt_id"]
        return table.with_columns(repeat=pl.int_range(pl.len()).over(groups).cast(pl.Int64))
    if not table.schema["repeat"].is_integer() or table.get_column("repeat").null_count():
        raise SchemaError(f"`repeat` numbers the responses to a prompt; found {table.schema['repeat']} or nulls.")
    return table.with_columns(pl.col("repeat").cast(pl.Int64))


def _prompt_ids(prompts: pl.Series) -> pl.Series:
    """Hash each prompt, block by block: all prompts as Python strings would double the memory."""
    blocks = (prompts.slice(start, _HASHED).to_list() for start in range(0, len(prompts), _HASHED))
    ids = [pl.Series([hash_text(prompt)[:16] for prompt in block], dtype=pl.String) for block in blocks]
    return pl.concat(ids) if ids else pl.Series(dtype=pl.String)


def _in_blocks(data: Dataset) -> Dataset:
    """Cut responses into blocks whose places do not depend on how many responses follow."""
    blocks, start = [], 0
    for chunk in data.chunks:
        rest = chunk.frame.collect()
        while len(rest):
            block, rest = rest.head(_block_rows(start)), rest.slice(_block_rows(start))
            blocks.append(Chunk(block.lazy()))
            start += len(block)
    return Dataset(tuple(blocks), data.schema)


def _block_rows(start: int) -> int:
    """Return how long the block is that starts here: few responses are often scored slowly, so they are cut fine."""
    return next(rows for rows, first in BLOCKS if start >= first)
