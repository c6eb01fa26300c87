"""Small readings of what tools write: texts, contexts, words for pass and fail."""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from nacre.exchange._tables import json_text

_PASS = {"pass", "passed", "yes", "true", "correct", "c"}
_FAIL = {"fail", "failed", "no", "false", "incorrect", "i"}
MAX_LITERAL = 1_000_000


def pass_or_fail(value: Any) -> str | None:
    """Return `pass` or `fail` where a value says so.

    Examples:
        >>> [pass_or_fail(value) for value in (True, "I", "No", 0.5)]
        ['pass', 'fail', 'fail', None]
    """
    if isinstance(value, bool):
        return "pass" if value else "fail"
    word = value.strip().casefold() if isinstance(value, str) else ""
    return "pass" if word in _PASS else "fail" if word in _FAIL else None


def text_of(value: Any) -> str | None:
    """Return a value as text: text as it is, numbers as written, anything else as JSON; None stays None."""
    if value is None or isinstance(value, str):
        return value
    return json_text(value)


def number_of(text: str | None) -> float | None:
    """Return the number that a text writes, where it writes one."""
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def contexts_of(value: Any, *, separator: str = "") -> list[str] | None:
    """Return a list of contexts, however a tool wrote it into one cell.

    Args:
        value: A list, a list written as text, or one text.
        separator: What the tool puts between several.

    Examples:
        >>> contexts_of("['a', 'b']"), contexts_of("a|b", separator="|"), contexts_of("a|b"), contexts_of("")
        (['a', 'b'], ['a', 'b'], ['a|b'], None)
    """
    if value is None or value == "":
        return None
    if isinstance(value, str):
        found = _list_of(value)
        if found is None:
            return value.split(separator) if separator else [value]
        return found
    if isinstance(value, Sequence):
        texts = [text_of(part.get("context") or part) if isinstance(part, Mapping) else text_of(part) for part in value]
        return [text for text in texts if text is not None]
    return [json_text(value)]


def _list_of(text: str) -> list[str] | None:
    """Return the list that JSON or, as pandas writes it into CSV, Python notation holds."""
    if not text.lstrip().startswith("[") or len(text) > MAX_LITERAL:
        return None
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        try:
            found = ast.literal_eval(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            return None
    return [json_text(part) for part in found] if isinstance(found, list) else None


def object_of(value: Any) -> Mapping[str, Any] | None:
    """Return the object that a cell holds, also where it was written as JSON text."""
    if isinstance(value, Mapping):
        return value
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            found = orjson.loads(value)
        except orjson.JSONDecodeError:
            return None
        return found if isinstance(found, Mapping) else None
    return None
