"""What differs between two versions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Difference:
    """One place where two specs differ.

    Args:
        path: Where, as keys and positions joined by points; empty where the whole differs.
        before: The value there before; None where there was none.
        after: The value there after; None where there is none.
    """

    path: str
    before: Any
    after: Any

    def __str__(self) -> str:
        return f"{self.path or 'all'}: {self.before!r} -> {self.after!r}"


def differences(before: Any, after: Any) -> tuple[Difference, ...]:
    """Return where two JSON values differ, as deep as possible.

    Examples:
        >>> old = {"label": "spam", "when": {"keyword": ["body", ["cash"]]}}
        >>> new = {"label": "spam", "when": {"keyword": ["body", ["cash", "win"]]}}
        >>> print(*differences(old, new))
        when.keyword.1.1: None -> 'win'
    """
    return tuple(_differences("", before, after))


def _differences(path: str, before: Any, after: Any) -> Iterator[Difference]:
    if isinstance(before, dict) and isinstance(after, dict):
        keys = list(dict.fromkeys([*before, *after]))
        pairs = [(str(key), before.get(key), after.get(key)) for key in keys]
    elif isinstance(before, list) and isinstance(after, list):
        length = max(len(before), len(after))
        old, new = (values + [None] * (length - len(values)) for values in (before, after))
        pairs = [(str(i), old[i], new[i]) for i in range(length)]
    elif before != after:
        yield Difference(path, before, after)
        return
    else:
        return
    for key, old_value, new_value in pairs:
        yield from _differences(f"{path}.{key}" if path else key, old_value, new_value)
