"""What a format promises about its objects, checked before anything is read from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nacre.exchange._source import Source
from nacre.exchange._tables import json_text

Shape = (
    Any  # `{key: shape}` an object, `[shape]` a list of them, `str` a text, `float` a number; None may stand for each
)
SHOWN_CHARACTERS = 60


def check_shape(value: Any, shape: Shape, source: Source, where: str = "") -> None:
    """Raise `IngestError` for the first place where a value has another type than the format says.

    Keys that the shape does not name may hold anything.
    """
    for path, found, expected in _faults(value, shape, ()):
        raise source.error(
            where,
            ".".join(path) or None,
            f"found {json_text(found)[:SHOWN_CHARACTERS]}, expected {expected}.",
            "Export the file again, or correct the place.",
        )


def _faults(value: Any, shape: Shape, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any, str]]:
    if value is None:
        return
    if isinstance(shape, dict):
        if not isinstance(value, Mapping):
            yield path, value, "an object"
            return
        for key, inner in shape.items():
            yield from _faults(value.get(key), inner, (*path, key))
    elif isinstance(shape, list):
        if not isinstance(value, list):
            yield path, value, "a list"
            return
        for number, part in enumerate(value):
            place = (*path, str(number))
            if part is None:
                yield place, part, "an object"
            yield from _faults(part, shape[0], place)
    elif shape is float and (isinstance(value, bool) or not isinstance(value, int | float)):
        yield path, value, "a number"
    elif shape is str and not isinstance(value, str):
        yield path, value, "a text"
