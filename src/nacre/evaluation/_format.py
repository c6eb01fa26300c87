"""The form of a response: valid JSON, and length."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Any, Literal, get_args

import orjson

from nacre.errors import SpecError, did_you_mean
from nacre.evaluation._words import words

Kind = Literal["any", "object", "array"]
FENCE = re.compile(r"```[\w-]*[ \t]*\n(.*)\n[ \t]*```", re.DOTALL)
_TYPES = {"any": object, "object": dict, "array": list}


def valid_json(*, kind: Kind = "any", required: Collection[str] = (), fenced: bool = False) -> Callable[..., Any]:
    """Pass a response that is one JSON value and nothing else.

    Args:
        kind: What value: `object`, `array` or any.
        required: Keys that the object must have.
        fenced: Whether it may stand in a Markdown code block.
    """
    if kind not in get_args(Kind):
        raise SpecError(
            f"`kind` is {', '.join(get_args(Kind))}; found {kind!r}.{did_you_mean(str(kind), get_args(Kind))}"
        )
    keys = (required,) if isinstance(required, str) else tuple(required)
    if not all(isinstance(key, str) for key in keys):
        raise SpecError(f"`required` is a list of keys; found {required!r}.")
    wanted: type = dict if keys else _TYPES[kind]
    if keys and kind == "array":
        raise SpecError("`required` keys are those of an object; leave `kind: array` out.")

    def valid_json(response: str | None) -> Any:
        text = (response or "").strip()
        if fenced and (block := FENCE.fullmatch(text)):
            text = block[1]
        try:
            value: Any = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            return False, "there is no response" if not text else str(error)
        if not isinstance(value, wanted):
            return False, f"found {type(value).__name__} instead of {wanted.__name__}"
        missing = [key for key in keys if isinstance(value, dict) and key not in value]
        return not missing, f"lacks {', '.join(missing)}" if missing else None

    return valid_json


def length(
    *,
    max_words: int | None = None,
    min_words: int | None = None,
    max_characters: int | None = None,
    min_characters: int | None = None,
) -> Callable[..., Any]:
    """Pass a response whose length is within limits; both limits of a kind are included.

    A character of a script without spaces between words counts as a word.
    """
    limits = {
        "max_words": max_words,
        "min_words": min_words,
        "max_characters": max_characters,
        "min_characters": min_characters,
    }
    for name, limit in limits.items():
        if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 0):
            raise SpecError(f"`{name}` is a whole number, 0 or more; found {limit!r}.")
    if all(limit is None for limit in limits.values()):
        raise SpecError(f"`length` needs a limit: {', '.join(limits)}.")
    for unit in ("words", "characters"):
        low, high = limits[f"min_{unit}"], limits[f"max_{unit}"]
        if low is not None and high is not None and low > high:
            raise SpecError(f"`min_{unit}` is {low}, above `max_{unit}`, which is {high}.")
    counts_words = max_words is not None or min_words is not None

    def length(response: str | None) -> Any:
        n_characters = len(response or "")
        n_words = len(words(response or "")) if counts_words else 0
        is_fine = _is_within(n_words, min_words, max_words) and _is_within(n_characters, min_characters, max_characters)
        return is_fine, f"{n_words} words, {n_characters} characters" if counts_words else f"{n_characters} characters"

    return length


def _is_within(n: int, low: int | None, high: int | None) -> bool:
    return (low is None or n >= low) and (high is None or n <= high)
