"""Answers of Python functions, models and files become votes; one bad answer spoils only its row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import index
from typing import Any

import polars as pl

from nacre.data import Classes, MultiLabel, Spans, VoteSchema
from nacre.errors import NacreError, SchemaError
from nacre.functions._function import Votes

MAX_MESSAGE = 1_000  # characters kept of what user code says about an error


def to_votes(answers: Sequence[Any], schema: VoteSchema, errors: Sequence[str | None] | None = None) -> Votes:
    """Return the votes that answers stand for.

    Args:
        answers: One a row; None abstains. For `Classes` the name of a class or group; for `MultiLabel` a name or a
            list of names ("not NAME" says absent); for `Spans` a list of `(start, end, name)`.
        schema: What the answers are about.
        errors: What went wrong before, per row.

    Examples:
        >>> from nacre.data import Classes
        >>> votes = to_votes(["spam", None, "spma"], Classes(("ham", "spam")))
        >>> votes.values.to_list(), votes.errors.to_list()[2]
        ([1, None, None], 'There is no class `spma`; there are ham, spam. Did you mean `spam`?')
    """
    messages: list[str | None] = [None] * len(answers) if errors is None else list(errors)
    values = _class_codes(answers, schema) if isinstance(schema, Classes) else None
    if values is None:
        values = _one_by_one(answers, schema, messages)
    column = pl.Series("value", values, dtype=schema.dtype)
    return Votes(column, pl.Series("error", messages, dtype=pl.String) if any(messages) else None)


def _class_codes(answers: Sequence[Any], schema: Classes) -> list[int | None] | None:
    """Return the codes of answers that are names of classes or None without a look at each; else nothing."""
    codes: dict[str | None, int | None] = {None: None}
    try:
        for answer in set(answers) - {None}:
            if not isinstance(answer, str):
                return None
            codes[answer] = schema.code(answer)
    except (NacreError, TypeError):  # an unknown class, or an answer that has no hash
        return None
    return [codes[answer] for answer in answers]


def _one_by_one(answers: Sequence[Any], schema: VoteSchema, messages: list[str | None]) -> list[Any]:
    values: list[Any] = []
    for row, answer in enumerate(answers):
        try:
            values.append(None if answer is None else _vote(answer, schema))
        except (NacreError, TypeError, ValueError, LookupError) as error:
            values.append(None)
            messages[row] = message_of(error)
    return values


def _vote(answer: Any, schema: VoteSchema) -> Any:
    if isinstance(schema, Classes):
        if not isinstance(answer, str):
            raise SchemaError(f"Expected the name of a class or None, found {_shown(answer)}.")
        return schema.code(answer)
    if isinstance(schema, MultiLabel):
        return _labels(answer, schema)
    if not isinstance(answer, Iterable) or isinstance(answer, str | Mapping):
        raise SchemaError(f"Expected a list of spans (start, end, label) or None, found {_shown(answer)}.")
    return [_span(span, schema) for span in answer]


def message_of(error: BaseException) -> str:
    """Return what an exception says, as text that any column can hold."""
    text = str(error) if isinstance(error, NacreError) else f"{type(error).__name__}: {error}"
    text = text if len(text) <= MAX_MESSAGE else f"{text[:MAX_MESSAGE]}..."
    return text.encode("utf-8", "replace").decode()


def _labels(answer: Any, schema: MultiLabel) -> dict[str, list[int]]:
    names = [answer] if isinstance(answer, str) or not isinstance(answer, Iterable) else list(answer)
    if not all(isinstance(name, str) for name in names):
        raise SchemaError(f"Expected names of classes or None, found {_shown(answer)}.")
    codes = {schema.code(name) for name in names}
    present, absent = sorted(c for c in codes if c >= 0), sorted(-2 - c for c in codes if c < 0)
    if both := set(present) & set(absent):
        raise SchemaError(f"`{schema.names[min(both)]}` is said to be both present and absent: {_shown(answer)}.")
    return {"present": present, "absent": absent}


def _span(span: Any, schema: Spans) -> dict[str, int]:
    start, end, name = (span["start"], span["end"], span["label"]) if isinstance(span, Mapping) else span
    start, end = index(start), index(end)
    if not 0 <= start < end < 2**32 or not isinstance(name, str):
        raise SchemaError(f"A span is (start, end, label) in characters with 0 <= start < end; found {_shown(span)}.")
    return {"start": start, "end": end, "label": schema.code(name)}


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:200]}..."
