"""The types of JSON values: found in all of them, then checked value by value."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, chain
from typing import Any

import orjson
import polars as pl

# Objects with more keys than this are maps, not records: as a struct they would have a column per key.
MAXIMAL_KEYS = 200
_OVERFLOW = 2.0**63
_KINDS: dict[type, str] = {bool: "boolean", int: "number", float: "number", str: "text", list: "list", dict: "object"}
_WORDS = {
    "boolean": "true or false",
    "number": "a number",
    "integer": "a whole number that fits 64 bits",
    "text": "text",
    "list": "a list",
    "object": "an object",
}


@dataclass
class Shape:
    """How many values of each kind were seen, and the shapes inside lists and objects."""

    kinds: Counter[str] = field(default_factory=Counter)
    fractions: int = 0
    items: Shape | None = None
    keys: dict[str, Shape] = field(default_factory=dict)

    def add(self, values: Sequence[Any]) -> None:
        """Count values; None is missing."""
        types = Counter(map(type, values))
        for found, count in types.items():
            if found in _KINDS:
                self.kinds[_KINDS[found]] += count
            elif found is not type(None):
                self.kinds[found.__name__] += count
        if float in types:
            self.fractions += sum(type(value) is float and not _is_overflow(value) for value in values)
        if list in types:
            self.items = self.items or Shape()
            self.items.add(list(chain.from_iterable(value for value in values if type(value) is list)))
        if dict in types and len(self.keys) <= MAXIMAL_KEYS:
            self._add_objects([value for value in values if type(value) is dict])

    def _add_objects(self, objects: list[dict[str, Any]]) -> None:
        for key in dict.fromkeys(chain.from_iterable(objects)):
            self.keys.setdefault(key, Shape()).add([value.get(key) for value in objects])
            if len(self.keys) > MAXIMAL_KEYS:
                return

    def dtype(self) -> pl.DataType:
        """Return the type of most values; ties go to the kind that was seen first."""
        if not self.kinds:
            return pl.String()
        kind = max(self.kinds, key=lambda name: self.kinds[name])
        if kind == "number":
            return pl.Float64() if self.fractions else pl.Int64()
        if kind == "list":
            return pl.List((self.items or Shape()).dtype())
        if kind == "object" and 0 < len(self.keys) <= MAXIMAL_KEYS:
            return pl.Struct({key: shape.dtype() for key, shape in self.keys.items()})
        return pl.Boolean() if kind == "boolean" else pl.String()

    @property
    def holds_maps(self) -> bool:
        """Whether the values are objects that are kept as JSON text, because their keys are data."""
        return "object" in self.kinds and self.dtype() == pl.String and self.kinds["text"] <= self.kinds["object"]


def _is_overflow(value: float) -> bool:
    # A whole number beyond 64 bits reaches us as a float that has lost its last digits.
    return math.isinf(value) or (abs(value) >= _OVERFLOW and value.is_integer())


def faulty_values(path: str, values: Sequence[Any], dtype: pl.DataType) -> Iterator[tuple[int, str, Any, str]]:
    """Yield position, path, value and what was expected for the first misfit of each value that is not of `dtype`."""
    types = set(map(type, values)) - {type(None)}
    allowed, kind = _allowed(dtype)
    faulty: set[int] = set()
    if types - allowed or (kind == "integer" and not _fit(values)) or (kind == "number" and not _finite(values)):
        for index, value in enumerate(values):
            if value is not None and not (type(value) in allowed and _is_exact(value, kind)):
                faulty.add(index)
                yield index, path, value, _WORDS.get(kind, kind)
    for index, *rest in _faulty_inside(path, values, dtype):
        if index not in faulty:
            faulty.add(index)
            yield index, *rest


def _fit(values: Sequence[Any]) -> bool:
    numbers = [value for value in values if value is not None]
    return not numbers or (min(numbers) >= -_OVERFLOW and max(numbers) < _OVERFLOW)


def _finite(values: Sequence[Any]) -> bool:
    return all(math.isfinite(value) for value in values if value is not None)


def _is_exact(value: Any, kind: str) -> bool:
    if kind == "integer":
        return bool(-_OVERFLOW <= value < _OVERFLOW)
    return kind != "number" or math.isfinite(value)


def _faulty_inside(path: str, values: Sequence[Any], dtype: pl.DataType) -> Iterator[tuple[int, str, Any, str]]:
    if isinstance(dtype, pl.List):
        owners = [index for index, value in enumerate(values) if type(value) is list for _ in value]
        items = list(chain.from_iterable(value for value in values if type(value) is list))
        for index, *rest in faulty_values(f"{path}[]", items, _instance(dtype.inner)):
            yield owners[index], *rest
    if isinstance(dtype, pl.Struct):
        owners = [index for index, value in enumerate(values) if type(value) is dict]
        for part in dtype.fields:
            inside = [values[owner].get(part.name) for owner in owners]
            for index, *rest in faulty_values(f"{path}.{part.name}", inside, _instance(part.dtype)):
                yield owners[index], *rest


def _allowed(dtype: pl.DataType) -> tuple[set[type], str]:
    if dtype.is_integer():
        return {int}, "integer"
    if dtype.is_float():
        return {int, float}, "number"
    found: dict[Any, tuple[set[type], str]] = {
        pl.Boolean: ({bool}, "boolean"),
        pl.List: ({list}, "list"),
        pl.Struct: ({dict}, "object"),
    }
    return found.get(dtype.base_type(), ({str}, "text"))


def _instance(dtype: Any) -> pl.DataType:
    return dtype if isinstance(dtype, pl.DataType) else dtype()


def series_of(name: str, values: Sequence[Any], dtype: pl.DataType) -> pl.Series:
    """Return checked values as a column; a key that an object lacks is missing."""
    if isinstance(dtype, pl.List):
        return _list_series(name, values, _instance(dtype.inner))
    if isinstance(dtype, pl.Struct):
        objects = [{} if value is None else value for value in values]
        parts = [
            series_of(part.name, [value.get(part.name) for value in objects], _instance(part.dtype))
            for part in dtype.fields
        ]
        missing = pl.Series([value is None for value in values], dtype=pl.Boolean)
        return pl.select(pl.when(~missing).then(pl.struct(parts))).to_series().alias(name)
    return pl.Series(name, values, dtype=dtype, strict=False)


def _list_series(name: str, values: Sequence[Any], inner: pl.DataType) -> pl.Series:
    import pyarrow as pa

    items = series_of("item", list(chain.from_iterable(value for value in values if value is not None)), inner)
    ends = accumulate((0 if value is None else len(value) for value in values), initial=0)
    missing = pa.array([value is None for value in values], type=pa.bool_())
    lists = pa.LargeListArray.from_arrays(pa.array(list(ends), type=pa.int64()), items.to_arrow(), mask=missing)
    return pl.Series(name, lists, dtype=pl.List(inner))


def as_text(values: Sequence[Any]) -> list[str | None]:
    """Return values as text: text as it is, anything else as JSON."""
    return [
        value if value is None or type(value) is str else orjson.dumps(value, default=str).decode() for value in values
    ]
