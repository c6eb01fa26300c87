"""Conversations: lists of messages, each with a role and a content."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import polars as pl

CONVERSATION_FIELD = "messages"


def is_conversation(name: str, dtype: pl.DataType) -> bool:
    """Return whether a column holds conversations: lists of role and content, or `messages` as text."""
    if isinstance(dtype, pl.List) and isinstance(dtype.inner, pl.Struct):
        return {"role", "content"} <= {part.name for part in dtype.inner.fields}
    return name == CONVERSATION_FIELD and dtype == pl.String


def faulty_conversations(column: pl.Series) -> Iterator[tuple[int, str]]:
    """Yield position and problem of each conversation that is none.

    Text counts as a conversation when it starts with `[`, as a JSON array does.
    """
    if isinstance(column.dtype, pl.List):
        yield from _faulty_lists(column)
        return
    for index in column.str.contains(r"^\s*\[").fill_null(False).arg_true().to_list():
        if (problem := _text_problem(column[index])) is not None:
            yield index, problem


def _faulty_lists(column: pl.Series) -> Iterator[tuple[int, str]]:
    message = pl.element().struct
    role = message.field("role")
    roleless = role.cast(pl.String, strict=False).fill_null("").str.strip_chars() == ""
    name = column.name
    found = column.to_frame().select(
        pl.col(name).list.eval(roleless).list.any().fill_null(False).alias("bad"),
        pl.col(name).list.eval(roleless).list.arg_max().alias("position"),
    )
    for index in found["bad"].arg_true().to_list():
        yield index, f"message {found['position'][index] + 1} has no role, expected one such as `user`."


def _text_problem(text: str) -> str | None:
    try:
        messages = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        return f"found a conversation that is no JSON ({error.msg}, at character {error.colno})."
    for position, message in enumerate(messages, start=1):
        if (problem := _message_problem(message)) is not None:
            return f"message {position} {problem}"
    return None


def _message_problem(message: Any) -> str | None:
    if not isinstance(message, dict):
        return "is no object, expected one with the keys `role` and `content`."
    if not isinstance(message.get("role"), str) or not message["role"].strip():
        return "has no role, expected one such as `user`."
    if "content" not in message:
        return "has no content, expected a text."
    return None
