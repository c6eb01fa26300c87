"""Answers of Python functions, models and files become votes; one bad answer spoils only its row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from nacre.data import Classes, MultiLabel, Spans, VoteSchema
from nacre.errors import NacreError, SchemaError
from nacre.functions._function import Votes


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
    values: list[Any] = []
    messages: list[str | None] = [None] * len(answers) if errors is None else list(errors)
    codes: dict[Any, Any] = {}
    for row, answer in enumerate(answers):
        try:
            values.append(None if answer is None else _vote(answer, schema, codes))
        except (NacreError, TypeError, ValueError) as error:
            values.append(None)
            messages[row] = str(error)
    column = pl.Series("value", values, dtype=schema.dtype)
    return Votes(column, pl.Series("error", messages, dtype=pl.String) if any(messages) else None)


def _vote(answer: Any, schema: VoteSchema, codes: dict[Any, Any]) -> Any:
    if isinstance(schema, Classes):
        if not isinstance(answer, str):
            raise SchemaError(f"Expected the name of a class or None, found {answer!r}.")
        if answer not in codes:
            codes[answer] = schema.code(answer)
        return codes[answer]
    if isinstance(schema, MultiLabel):
        names = [answer] if isinstance(answer, str) else list(answer)
        vote = [schema.code(name) for name in names]
        return {"present": [code for code in vote if code >= 0], "absent": [-2 - code for code in vote if code < 0]}
    return [_span(span, schema) for span in answer]


def _span(span: Any, schema: Spans) -> dict[str, int]:
    start, end, name = (span["start"], span["end"], span["label"]) if isinstance(span, dict) else span
    if not (isinstance(start, int) and isinstance(end, int) and 0 <= start < end):
        raise SchemaError(f"A span is (start, end, label) in characters with 0 <= start < end; found {span!r}.")
    return {"start": start, "end": end, "label": schema.code(name)}
