"""Apply functions to data points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nacre._hashing import hash_text
from nacre._progress import Progress
from nacre.data import Classes, Dataset, MultiLabel, Number, Spans, VoteSchema
from nacre.engine import Column, ColumnStore, ComputedChunk, compute_columns, split_name
from nacre.errors import SchemaError
from nacre.functions import Code, Context, Declarative, Function, PythonFields, code_task
from nacre.labeling._checks import check_functions, check_names
from nacre.labeling._derived import derived_columns
from nacre.labeling._label_matrix import ERRORS, LabelMatrix, VoteEntries, assemble_votes
from nacre.labeling._token_votes import Tokens, token_arrays, token_votes


def apply(
    functions: Sequence[Function],
    data: Dataset | Any,
    schema: VoteSchema,
    *,
    store: ColumnStore | None = None,
    context: Context | None = None,
    n_jobs: int | None = None,
    retry_errors: bool = False,
    progress: Progress | None = None,
) -> LabelMatrix:
    """Return the votes of functions on data points.

    Args:
        functions: What votes. Names must differ.
        data: A dataset, or a frame that becomes one.
        schema: What is voted on.
        store: Keeps computed columns, so that only what changed is computed again.
        context: What the names in the functions stand for.
        n_jobs: Processes for Python functions that live in an importable file.
        retry_errors: Try rows again on which a function failed before.
        progress: What is told of each finished chunk.

    Raises:
        UnknownFieldError: A function reads a field that the data lacks; raised before anything is computed.

    Examples:
        >>> from nacre.functions import Keyword, Rule
        >>> mail = pl.DataFrame({"body": ["free cash", "lunch?", "FREE CASH for lunch"]})
        >>> cash = Rule("cash", Keyword("body", ("free cash",)), label="spam")
        >>> lunch = Rule("lunch", Keyword("body", ("lunch",)), label="ham")
        >>> apply([cash, lunch], mail, Classes(("ham", "spam"))).to_dense()
        array([[ 1, -1],
               [-1,  0],
               [ 1,  0]], dtype=int16)
    """
    if isinstance(schema, Number):
        raise SchemaError("Functions vote for classes; there is no label model yet for a schema `Number`.")
    _check_arguments(functions, schema)
    dataset = data if isinstance(data, Dataset) else Dataset.from_frame(data)
    context = context or Context()
    resolved = [function.resolve(context) for function in functions]
    reads = [name for function in resolved for name in function.reads]
    if isinstance(schema, Spans):
        reads.append(schema.token_field)
    derived = derived_columns(reads, context)
    check_names(resolved)
    check_functions(resolved, dataset, derived, schema)
    dataset.require(split_name(name)[0] for name in reads)
    fields = PythonFields()
    columns = [_column(function, schema, fields) for function in resolved]
    if isinstance(schema, Spans):
        columns.append(_token_column(schema))
    builder = _Builder(schema, tuple(function.name for function in resolved))
    for chunk in compute_columns(
        columns, dataset, store=store, derived=derived, n_jobs=n_jobs, retry_errors=retry_errors, progress=progress
    ):
        builder.add(chunk, resolved)
    return builder.build()


def _check_arguments(functions: Any, schema: Any) -> None:
    if not isinstance(schema, Classes | MultiLabel | Spans):
        raise SchemaError(f"`apply` takes a schema such as `Classes(('ham', 'spam'))`; found {schema!r}.")
    if hasattr(functions, "resolve") or not isinstance(functions, Sequence):
        raise SchemaError("`apply` takes a list of functions. Put a single one in brackets: `[function]`.")
    for function in functions:
        if not hasattr(function, "resolve"):  # what else a function has may only be known once it is resolved
            raise SchemaError(
                f"{function!r} is no function that votes. Write a `Rule`, or decorate a Python function that `def` "
                "made with `@labeling_function`."
            )


def _column(function: Function, schema: VoteSchema, fields: PythonFields) -> Column:
    if isinstance(function, Declarative):
        return Column(function.stored_key(schema), function.reads, expr=function.stored(schema))
    key = hash_text(function.fingerprint, repr(schema))
    if isinstance(function, Code):
        vote, code = partial(function.vote, schema=schema, fields=fields), code_task(function, schema)
    else:
        vote, code = partial(function.vote, schema=schema), None
    return Column(key, function.reads, compute=lambda chunk: vote(chunk).to_frame(), code=code)


def _token_column(schema: Spans) -> Column:
    return Column(hash_text("tokens"), (schema.token_field,), expr=pl.col(schema.token_field))


@dataclass
class _Builder:
    """Gathers votes chunk by chunk and becomes a label matrix."""

    schema: VoteSchema
    functions: tuple[str, ...]
    units: list[pl.DataFrame] = field(default_factory=list)
    errors: list[pl.DataFrame] = field(default_factory=list)
    parts: list[VoteEntries] = field(default_factory=list)

    def add(self, chunk: ComputedChunk, functions: Sequence[Function]) -> None:
        frames = list(chunk.frames)
        tokens = token_arrays(frames.pop().get_column("value")) if isinstance(self.schema, Spans) else None
        self.units.append(_units(chunk.row_ids, tokens))
        self._add_errors(frames, chunk.row_ids)
        votes = _vote_columns(frames, functions, self.schema)
        if isinstance(self.schema, Classes):  # most cells abstain: one scan of all beats one of each function
            codes = votes.select(pl.all().fill_null(-1)).to_numpy(order="c")
            self.parts.append(VoteEntries.from_dense(codes.reshape(len(chunk.row_ids), len(functions))))
        else:
            self.parts.append(_entries(votes, tokens, len(self.units[-1])))

    def _add_errors(self, frames: Sequence[pl.DataFrame], row_ids: pl.Series) -> None:
        for name, frame in zip(self.functions, frames, strict=True):
            if "error" in frame.columns:
                failed = pl.DataFrame({"row_id": row_ids, "message": frame["error"]}).drop_nulls("message")
                self.errors.append(failed.select(pl.lit(name).alias("function"), "row_id", "message"))

    def build(self) -> LabelMatrix:
        units = pl.concat(self.units) if self.units else _units(pl.Series(dtype=pl.Int64), None)
        symbols, votes = assemble_votes(self.parts)
        errors = pl.concat([pl.DataFrame(schema=ERRORS), *self.errors])
        return LabelMatrix(self.schema, self.functions, symbols, votes, units, errors)


def _vote_columns(frames: Sequence[pl.DataFrame], functions: Sequence[Function], schema: VoteSchema) -> pl.DataFrame:
    """Return the votes of each function: stored columns of rules turn into votes in one query."""
    stored = pl.DataFrame([frame.get_column("value").alias(f"c{i}") for i, frame in enumerate(frames)])
    votes = {
        f"c{i}": function.from_stored(pl.col(f"c{i}"), schema) if isinstance(function, Declarative) else pl.col(f"c{i}")
        for i, function in enumerate(functions)
    }
    return stored.select(**votes)


def _entries(votes: pl.DataFrame, tokens: Tokens | None, n_units: int) -> VoteEntries:
    """Return the votes on several labels, or on the tokens of spans."""
    found = [_labels(column) if tokens is None else token_votes(column, tokens) for column in votes]
    functions = np.repeat(np.arange(len(found)), [len(units) for units, _ in found])
    units, codes = (np.concatenate([np.zeros(0, np.int64), *(pair[i] for pair in found)]) for i in (0, 1))
    return VoteEntries.from_any_order(units, functions, codes, n_units)


def _labels(votes: pl.Series) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    present, absent = (_exploded(votes.struct.field(name)) for name in ("present", "absent"))
    return np.concatenate([present[0], absent[0]]), np.concatenate([present[1], -2 - absent[1]])


def _exploded(lists: pl.Series) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    lengths = lists.list.len().fill_null(0).to_numpy()
    codes = lists.filter(lists.list.len() > 0).explode(empty_as_null=False)
    return np.repeat(np.arange(len(lists)), lengths), codes.to_numpy().astype(np.int64)


def _units(row_ids: pl.Series, tokens: Tokens | None) -> pl.DataFrame:
    frame = pl.DataFrame({"row_id": row_ids.cast(pl.Int64)})
    if tokens is None:
        return frame
    places = pl.DataFrame({"start": tokens.start, "end": tokens.end}, schema={"start": pl.UInt32, "end": pl.UInt32})
    return frame.select(pl.col("row_id").gather(tokens.row)).with_columns(places.get_columns())
