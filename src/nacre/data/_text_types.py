"""The types of columns of text: found in all of their values, then cast cell by cell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import orjson
import polars as pl

from nacre.data._json_types import faulty_values, series_of
from nacre.data._refusals import Fault, shown

_NUMBER = r"^-?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_INTEGER = r"^-?\d+$"
_VERBATIM = r"^(-?0\d|\+)"  # 007 and +49 30 name things: as numbers they would lose their zeros and signs
_NUMBER_LIKE = r"(?i)^(-?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|nan|[+-]?inf(inity)?)$"
_BOOLEAN = r"^(?i:true|false)$"
_DATE = r"^\d{4}-\d{2}-\d{2}$"
_TIME = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?$"
_ZONED = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})$"
ZONED = pl.Datetime("us", "UTC")
NAIVE = pl.Datetime("us")


@dataclass
class Evidence:
    """How many values of a column look like what: counts add up over the blocks of all files."""

    values: int = 0
    numbers: int = 0
    fractions: int = 0
    verbatim: int = 0
    booleans: int = 0
    dates: int = 0
    times: int = 0
    zoned: int = 0

    def add(self, column: pl.Series) -> None:
        """Count the values of one block; `column` holds text without nulls and without space around it."""
        self.values += len(column)
        self.booleans += _count(column, _BOOLEAN)
        numbers = column.filter(column.str.contains(_NUMBER_LIKE))
        self.numbers += len(numbers)
        self.fractions += _count(numbers, _NUMBER) - _count(numbers, _INTEGER)
        self.verbatim += _count(column, _VERBATIM)
        dated = column.filter(column.str.contains(r"^\d{4}-\d{2}-\d{2}"))
        if len(dated):
            self.dates += _count(dated, _DATE)
            self.times += _count(dated, _TIME)
            self.zoned += _count(dated, _ZONED)

    def dtype(self) -> pl.DataType:
        """Return the type that most values have.

        A column whose values are mostly numbers or times is one of numbers or times, and the others are faults;
        true and false must be all there is, because they may be two classes among more.
        """
        if not self.values:
            return pl.String()
        if self.booleans == self.values:
            return pl.Boolean()
        if self.numbers * 2 > self.values and not self.verbatim:
            return pl.Float64() if self.fractions else pl.Int64()
        if (self.dates + self.times + self.zoned) * 2 > self.values:
            if self.zoned > self.dates + self.times:
                return ZONED
            return NAIVE if self.times else pl.Date()
        return pl.String()


def _count(column: pl.Series, pattern: str) -> int:
    return int(column.str.contains(pattern).sum())


def without_nulls(column: pl.Series, nulls: tuple[str, ...]) -> pl.Series:
    """Return text with the words for "missing", and empty cells, as null."""
    missing = column.str.strip_chars().is_in(list(nulls)) | (column == "") if nulls else column == ""
    return column.set(missing, None) if missing.any() else column


def cast_text(column: pl.Series, dtype: pl.DataType, numbers: np.ndarray) -> tuple[pl.Series, list[Fault]]:
    """Return a column of text as `dtype`, and a fault for each value that does not fit."""
    if dtype == pl.String:
        return column, []
    if dtype.is_nested():
        return _cast_json(column, dtype, numbers)
    text = column.str.strip_chars()
    text = text.set(text == "", None)
    typed = _cast(text, dtype)
    if dtype.is_float():
        typed = typed.set(~typed.is_finite(), None)
    bad = (typed.is_null() & text.is_not_null()).arg_true().to_list()
    return typed, [type_fault(index, int(numbers[index]), column.name, column[index], dtype) for index in bad]


def _cast(text: pl.Series, dtype: pl.DataType) -> pl.Series:
    if dtype == pl.Boolean:
        lower = text.str.to_lowercase()
        return pl.select(pl.when(lower.is_in(["true", "false"])).then(lower == "true")).to_series().alias(text.name)
    if dtype == pl.Date:
        return text.str.to_date("%Y-%m-%d", strict=False)
    if isinstance(dtype, pl.Datetime):
        return parsed_times(text, dtype)
    return text.cast(dtype, strict=False)


def parsed_times(text: pl.Series, dtype: pl.Datetime) -> pl.Series:
    """Return ISO 8601 text as times; null where it is something else, or lacks the zone that others have."""
    full = (
        text.str.replace(" ", "T", literal=True)
        .str.replace(r"^(.{10})$", "${1}T00:00:00")
        .str.replace(r"^(.{10}T\d{2}:\d{2})(Z|[+-].*)?$", "${1}:00${2}")
        .str.replace(r"Z$", "+00:00")
    )
    unit = dtype.time_unit
    if dtype.time_zone is None:
        return full.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", strict=False, time_unit=unit)
    times = full.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%z", strict=False, time_unit=unit, time_zone="UTC")
    return times.dt.convert_time_zone(dtype.time_zone)


def utc_times(column: pl.Series) -> pl.Series:
    """Return a column as times in UTC, which is also meant where no zone is named; null where it is no ISO 8601.

    Examples:
        >>> utc_times(pl.Series(["2026-05-03T12:00:00+02:00", "2026-05-03 10:00", "03/05/2026"])).dt.hour().to_list()
        [10, 10, None]
    """
    text = column.cast(pl.String)
    plain = parsed_times(text, pl.Datetime("us")).dt.replace_time_zone("UTC")
    return parsed_times(text, pl.Datetime("us", "UTC")).zip_with(plain.is_null(), plain)


def _cast_json(column: pl.Series, dtype: pl.DataType, numbers: np.ndarray) -> tuple[pl.Series, list[Fault]]:
    values: list[object] = []
    faults = []
    for index, text in enumerate(column.to_list()):
        try:
            values.append(None if text is None else orjson.loads(text))
        except orjson.JSONDecodeError as error:
            values.append(None)
            problem = f"found {shown(text)}, expected JSON ({error})."
            faults.append(Fault(index, int(numbers[index]), column.name, problem, _as_text(column.name)))
    for index, path, value, expected in faulty_values(column.name, values, dtype):
        values[index] = None
        problem = f"found {shown(value)}, expected {expected}."
        faults.append(Fault(index, int(numbers[index]), path, problem, _as_text(column.name)))
    return series_of(column.name, values, dtype), faults


def type_fault(index: int, number: int, name: str, value: str, dtype: pl.DataType) -> Fault:
    """Return the fault of a cell whose text is not of the type of its column."""
    problem = f"found {shown(value)}, expected {expected(dtype)}."
    # A value with digits is a wrong number or date; words such as "N/A" mean that there is none.
    missing = "" if any(map(str.isdigit, value)) else f"If it means missing, pass `nulls=({value.strip()[:20]!r},)`. "
    return Fault(index, number, name, problem, missing + _as_text(name))


def _as_text(name: str) -> str:
    return f'To read the column as text, pass `dtypes={{"{name}": "text"}}`.'


def expected(dtype: pl.DataType) -> str:
    """Return what a type expects, in words."""
    if dtype.is_integer():
        return f"a whole number that fits {dtype}"
    if dtype.is_float() or dtype.is_decimal():
        return "a finite number"
    if dtype == pl.Boolean:
        return "true or false"
    if dtype == pl.Date:
        return "a date such as 2026-01-31"
    if isinstance(dtype, pl.Datetime):
        return f"a time such as 2026-01-31T09:30:00{'' if dtype.time_zone is None else '+00:00'}"
    return {pl.String: "text", pl.List: "a list", pl.Struct: "an object"}.get(dtype.base_type(), str(dtype))
