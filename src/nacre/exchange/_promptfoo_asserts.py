"""Assertions of promptfoo as conditions: what text can tell, a condition tells; the rest is refused by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import polars as pl

from nacre.errors import SchemaError
from nacre.exchange._values import text_of
from nacre.functions import AllOf, AnyOf, Condition, Expression, Keyword, Member, Not, Pattern

FIELD = "response"
_LENGTH = re.compile(r"^\s*output\.length\s*(<=|>=|===|==|<|>)\s*(\d+)\s*;?\s*$")
_OF_MODELS = "it asks a language model. Write an evaluator that does, or import the scores with the results."
_OF_CODE = "it runs code. Write the check in Python: `code: evaluators.py:name`."
_NOT_OF_TEXT = "it is about the call, not the response."

REASONS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(
            (
                "agent-rubric", "answer-relevance", "classifier", "context-faithfulness", "context-recall", "g-eval",
                "context-relevance", "conversation-relevance", "factuality", "llm-rubric", "model-graded-closedqa",
                "model-graded-factuality", "moderation", "pi", "search-rubric", "select-best", "similar", "guardrails",
                "similar:cosine", "similar:dot", "similar:euclidean", "max-score",
            ),
            _OF_MODELS,
        ),
        **dict.fromkeys(("javascript", "python", "ruby", "webhook"), _OF_CODE),
        **dict.fromkeys(("cost", "latency", "perplexity", "perplexity-score", "finish-reason"), _NOT_OF_TEXT),
    }
)  # fmt: skip


class NotSupported(Exception):
    """An assertion that no condition says; the text says why."""


def condition_of(kind: str, value: Any) -> Condition:
    """Return where a response fulfils an assertion.

    Raises:
        NotSupported: No condition says it.

    Examples:
        >>> condition_of("not-icontains", "as an AI")
        AllOf(conditions=(Expression(sql='response IS NOT NULL'),
                          Not(condition=Keyword(field='response', keywords=('as an AI',), match='literal'))))
    """
    inverse = kind.startswith("not-")
    base = kind.removeprefix("not-")
    if base not in CHECKS:
        raise NotSupported(REASONS.get(base, "Nacre has no condition for it. Write the check in Python."))
    try:
        condition = CHECKS[base](value)
    except SchemaError as error:
        raise NotSupported(str(error)) from error
    # A response that is missing fulfils no assertion, not even one that forbids something.
    return AllOf((Expression(f"{FIELD} IS NOT NULL"), Not(condition))) if inverse else condition


def _text(value: Any) -> str:
    if isinstance(value, list | Mapping) or value in (None, ""):
        raise NotSupported(f"it takes a text; found {value!r}.")
    text = str(text_of(value))
    if text.startswith("file://"):
        raise NotSupported("its value is in a file. Write the value here.")
    return text


def _texts(value: Any) -> list[str]:
    """Return the texts of a list, which may be one text with commas, some of them within quotes."""
    if isinstance(value, str):
        parts = re.findall(r'"((?:[^"\\]|\\.|"")*)"|([^,]+)', _text(value))
        return [part for part in ((quoted.replace('""', '"') or plain.strip()) for quoted, plain in parts) if part]
    if not isinstance(value, list) or not value:
        raise NotSupported(f"it takes a list of texts; found {value!r}.")
    return [_text(part) for part in value]


def _contains(value: Any) -> Condition:
    return Pattern(FIELD, pl.escape_regex(_text(value)))


def _icontains(value: Any) -> Condition:
    return Keyword(FIELD, (_text(value),), "literal")


def _any(value: Any) -> Condition:
    return Pattern(FIELD, "|".join(map(pl.escape_regex, _texts(value))))


def _all_of(make: Callable[[Any], Condition]) -> Callable[[Any], Condition]:
    def check(value: Any) -> Condition:
        parts = tuple(make(text) for text in _texts(value))
        return parts[0] if len(parts) == 1 else AllOf(parts)

    return check


def _equals(value: Any) -> Condition:
    if isinstance(value, list | Mapping):
        raise NotSupported("it compares JSON. Write the check in Python.")
    return Pattern(FIELD, rf"\A{pl.escape_regex(_text(value))}\z")


def _word_count(value: Any) -> Condition:
    least, most = (value.get("min"), value.get("max")) if isinstance(value, Mapping) else (value, value)
    try:
        parts: list[Condition] = [] if least is None else [_has_words(int(least))]
        parts += [] if most is None else [Expression(f"{FIELD} IS NOT NULL"), Not(_has_words(int(most) + 1))]
    except (TypeError, ValueError) as error:
        raise NotSupported(f"it takes a number, or `min` and `max`; found {value!r}.") from error
    if not parts:
        raise NotSupported("it takes a number, or `min` and `max`; found neither.")
    return parts[0] if len(parts) == 1 else AllOf(tuple(parts))


def _has_words(least: int) -> Condition:
    """Return where there are at least so many words."""
    if least < 1:
        return Expression(f"{FIELD} IS NOT NULL")
    return Pattern(FIELD, rf"(?:\S+\s+){{{least - 1}}}\S")


def _javascript(value: Any) -> Condition:
    length = _LENGTH.match(value) if isinstance(value, str) else None
    if length is None:
        raise NotSupported(_OF_CODE)
    sign = {"===": "=", "==": "="}.get(length[1], length[1])
    return Expression(f"length({FIELD}) {sign} {length[2]}")


CHECKS: Mapping[str, Callable[[Any], Condition]] = MappingProxyType(
    {
        "contains": _contains,
        "icontains": _icontains,
        "contains-any": _any,
        "icontains-any": lambda value: Keyword(FIELD, tuple(_texts(value)), "literal"),
        "contains-all": _all_of(_contains),
        "icontains-all": _all_of(_icontains),
        "equals": _equals,
        "starts-with": lambda value: Pattern(FIELD, rf"\A{pl.escape_regex(_text(value))}"),
        "regex": lambda value: Pattern(FIELD, _text(value)),
        "word-count": _word_count,
        "javascript": _javascript,
    }
)
"""How each type of assertion becomes a condition; a further type is a line here."""


def required_where(condition: Condition, prompt_ids: tuple[str, ...]) -> Condition:
    """Return a condition that only responses to these prompts have to fulfil."""
    return AnyOf((Not(Member("prompt_id", prompt_ids)), condition))
