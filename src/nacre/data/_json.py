"""Rows of JSON Lines files and of JSON arrays."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import orjson
import polars as pl
from numpy.typing import NDArray

from nacre.data._blocks import BLOCK_CHARACTERS, Block, Options
from nacre.data._files import DataFile, encoding_of, open_bytes, open_text, reading
from nacre.data._json_types import Shape, as_text, faulty_values, series_of
from nacre.data._names import checked_names, selected
from nacre.data._refusals import RAW_CHARACTERS, Fault, fault_error, shown
from nacre.data._text_types import Evidence, cast_text
from nacre.errors import IngestError

_WORDS = {dict: "an object", list: "an array", str: "text", bool: "true or false", type(None): "null"}
DEEPEST = 50
_NATIVE = (pl.String, pl.Int64, pl.Float64, pl.Boolean)


@dataclass
class _Objects:
    """Parsed rows, before types are known."""

    file: DataFile
    rows: list[dict[str, Any]]
    numbers: list[int]
    faults: list[Fault]

    def column(self, key: str) -> list[Any]:
        """Return the values of one column; None where a row lacks it."""
        return [row.get(key) for row in self.rows]


@dataclass
class JsonRows:
    """The rows of JSON files; the first pass finds columns and types in all of them."""

    files: list[DataFile]
    options: Options
    strict: bool

    @cached_property
    def schema(self) -> pl.Schema:
        """The columns in the order of their first appearance, and the types that most of their values have."""
        return pl.Schema({name: self._dtype(name) for name in selected(list(self._keys), self.options)})

    @cached_property
    def _shapes(self) -> tuple[dict[str, Shape], dict[str, Evidence]]:
        shapes: dict[str, Shape] = {}
        texts: dict[str, Evidence] = {}
        for objects in self._objects(1 << 16):
            if self.strict and objects.faults:
                raise fault_error(objects.file.name, self._unit, objects.faults[0])
            for key in dict.fromkeys(name for row in objects.rows for name in row):
                values = self._without_nulls(objects.column(key))
                shapes.setdefault(key, Shape()).add(values)
                words = pl.Series([value for value in values if type(value) is str], dtype=pl.String)
                texts.setdefault(key, Evidence()).add(words)
        return shapes, texts

    @cached_property
    def _keys(self) -> dict[str, str]:
        """The columns: their name here, and the key in the file."""
        keys = tuple(self._shapes[0])
        if not keys:
            raise IngestError(
                f"{self.files[0].name} holds no object with a key. Expected one JSON object per data point, such as "
                '`{"text": "Free cash"}`.'
            )
        return dict(zip(checked_names(keys, self.files[0].name, self.options), keys, strict=True))

    def _dtype(self, name: str) -> pl.DataType:
        if name in self.options.dtypes or name in self.options.verbatim:
            return self.options.dtypes.get(name, pl.String())
        shape, text = self._shapes[0][self._keys[name]], self._shapes[1][self._keys[name]]
        dtype = shape.dtype()
        times = text.dates + text.times + text.zoned
        # JSON says what is text; it has no times, so text that is a time in every row is read as one.
        return text.dtype() if dtype == pl.String and 0 < times == sum(shape.kinds.values()) else dtype

    def _without_nulls(self, values: list[Any]) -> list[Any]:
        nulls = self.options.nulls
        return (
            [None if type(value) is str and value.strip() in nulls else value for value in values] if nulls else values
        )

    @property
    def _unit(self) -> str:
        return "line" if self.files[0].format == "jsonl" else "row"

    def blocks(self, batch_rows: int) -> Iterator[Block]:
        """Yield the typed rows."""
        schema = self.schema
        for objects in self._objects(batch_rows):
            numbers = np.array(objects.numbers, dtype=np.int64)
            faults = objects.faults
            columns = []
            for name, dtype in schema.items():
                column, bad = self._column(name, self._without_nulls(objects.column(self._keys[name])), dtype, numbers)
                columns.append(column)
                faults = faults + bad
            rows = objects.rows
            yield Block(objects.file.name, self._unit, pl.DataFrame(columns), numbers, _Raw(rows), faults)

    def _column(
        self, name: str, values: list[Any], dtype: pl.DataType, numbers: NDArray[np.int64]
    ) -> tuple[pl.Series, list[Fault]]:
        maps = dtype == pl.String and self._shapes[0][self._keys[name]].holds_maps
        asked = name in self.options.dtypes or name in self.options.verbatim or maps
        if (dtype == pl.String and asked) or not (dtype.is_nested() or dtype in _NATIVE):
            return cast_text(pl.Series(name, as_text(values), dtype=pl.String), dtype, numbers)
        faults = []
        for index, path, value, expected in faulty_values(name, values, dtype):
            values[index] = None
            advice = f'To keep such a column as text, pass `dtypes={{"{name}": "text"}}`.'
            problem = f"found {shown(value)}, expected {expected}."
            faults.append(Fault(index, int(numbers[index]), path, problem, advice))
        return series_of(name, values, dtype), faults

    def _objects(self, batch_rows: int) -> Iterator[_Objects]:
        for file in self.files:
            with reading(file):
                parsed = (
                    parse_lines(file, self.options.encoding)
                    if file.format == "jsonl"
                    else parse_array(file, self.options)
                )
                yield from _batches(file, parsed, batch_rows)


@dataclass(frozen=True)
class _Raw:
    rows: Sequence[dict[str, Any]]

    def __call__(self, index: int) -> str:
        return orjson.dumps(self.rows[index]).decode()[:RAW_CHARACTERS]


def _batches(
    file: DataFile, parsed: Iterator[tuple[int, int, dict[str, Any] | Fault]], batch_rows: int
) -> Iterator[_Objects]:
    objects, total = _Objects(file, [], [], []), 0
    for number, size, row in parsed:
        total += size
        if isinstance(row, Fault):
            objects.faults.append(row)
        else:
            objects.rows.append(row)
            objects.numbers.append(number)
        if len(objects.rows) == batch_rows or len(objects.faults) >= batch_rows or total > BLOCK_CHARACTERS:
            yield objects
            objects, total = _Objects(file, [], [], []), 0
    yield objects


def parse_lines(file: DataFile, encoding: str | None) -> Iterator[tuple[int, int, dict[str, Any] | Fault]]:
    """Yield number, size and object of each line that is not blank."""
    for number, line in enumerate(_raw_lines(file, encoding), start=1):
        if not line.strip():
            continue
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            yield number, len(line), _broken(number, line, error)
            continue
        is_nested = line.count(b"{") > 1 or b"[" in line
        if is_nested and _is_deep(line, row):
            problem = f"the values are nested deeper than {DEEPEST} levels, expected fewer."
            yield number, len(line), Fault(-1, number, None, problem, "Write inner values as text.", _text(line))
        elif type(row) is not dict:
            kind = _WORDS.get(type(row), "a number")
            problem = f"found {kind}, {shown(_text(line))}, expected a JSON object."
            advice = 'Write one object per line; a file that is one array needs `format="json"`.'
            yield number, len(line), Fault(-1, number, None, problem, advice, _text(line))
        elif (key := _repeated_key(line, _n_keys(row) if is_nested else len(row))) is not None:
            problem = f"the key occurs twice in {shown(_text(line))}, expected once."
            yield number, len(line), Fault(-1, number, key, problem, "Remove or rename one.", _text(line))
        else:
            yield number, len(line), row


def _raw_lines(file: DataFile, encoding: str | None) -> Iterator[bytes]:
    chosen = encoding or encoding_of(file)
    if chosen.startswith("utf-8"):
        with open_bytes(file) as stream:
            for number, line in enumerate(stream):
                yield line.removeprefix(b"\xef\xbb\xbf") if number == 0 else line
    else:
        with open_text(file, chosen) as text:
            yield from (line.encode("utf-8", "surrogateescape") for line in text)


def _broken(number: int, line: bytes, error: orjson.JSONDecodeError) -> Fault:
    text = _text(line)
    try:
        line.decode()
    except UnicodeDecodeError as wrong:
        problem = f"found the byte 0x{line[wrong.start]:02X} in {shown(text)}, expected UTF-8."
        return Fault(-1, number, None, problem, 'In a Western encoding, pass `encoding="cp1252"`.', text)
    if b"\0" in line:
        return Fault(-1, number, None, "found a NUL byte, expected JSON.", "Remove the NUL bytes.", text)
    if text.rstrip() == "[" and number == 1:
        advice = 'This seems to be one JSON array over several lines: pass `format="json"`.'
    elif "NaN" in text or "Infinity" in text:
        advice = "JSON has no NaN and no infinity: write null."
    else:
        advice = "Write one complete JSON object per line."
    reason = str(error.msg)
    problem = f"found {shown(text)}, which is no JSON ({reason}, at character {error.colno})."
    return Fault(-1, number, None, problem, advice, text)


def _text(line: bytes) -> str:
    return line[:RAW_CHARACTERS].decode("utf-8", "backslashreplace").rstrip("\r\n")


def parse_array(file: DataFile, options: Options) -> Iterator[tuple[int, int, dict[str, Any] | Fault]]:
    """Yield number, size and object of each element of a JSON array."""
    data = b"".join(_raw_lines(file, options.encoding))
    try:
        rows = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise IngestError(_broken_array(file, data, error)) from error
    if type(rows) is not list:
        keys = f" with the keys {', '.join(list(rows)[:5])}" if type(rows) is dict else ""
        raise IngestError(
            f"{file.name} holds {_WORDS.get(type(rows), 'a number')}{keys}; expected an array of objects, one per data "
            "point. Write the array alone, or one object per line into a .jsonl file."
        )
    if _is_deep(data, rows):
        raise IngestError(f"{file.name} nests values deeper than {DEEPEST} levels. Write inner values as text.")
    size = len(data) // max(len(rows), 1)
    repeated = _repeated_in_elements(data) if _may_repeat(data, _n_keys(rows)) else {}
    for number, row in enumerate(rows, start=1):
        if type(row) is not dict:
            problem = f"found {_WORDS.get(type(row), 'a number')}, {shown(row)}, expected a JSON object."
            yield number, size, Fault(-1, number, None, problem, "", orjson.dumps(row).decode())
        elif number in repeated:
            raw = orjson.dumps(row).decode()
            yield number, size, Fault(-1, number, repeated[number], "the key occurs twice, expected once.", "", raw)
        else:
            yield number, size, row


def _broken_array(file: DataFile, data: bytes, error: orjson.JSONDecodeError) -> str:
    if "after document" in str(error.msg):
        return f'{file.name} holds more than one JSON value: if it has one object per line, pass `format="jsonl"`.'
    try:
        data.decode()
    except UnicodeDecodeError as wrong:
        line = data[: wrong.start].count(b"\n") + 1
        byte = f"0x{data[wrong.start]:02X}"
        return f'{file.name}, line {line}: found the byte {byte}, expected UTF-8. Perhaps pass `encoding="cp1252"`.'
    return (
        f"{file.name}, line {error.lineno}: this is no JSON ({error.msg}, at character {error.colno}). Correct the "
        "file, or write one object per line into a .jsonl file, of which single lines can be refused."
    )


def _is_deep(text: bytes, value: Any) -> bool:
    """Return whether lists and objects are nested deeper than Arrow can carry."""
    if text.count(b"[") + text.count(b"{") <= DEEPEST:
        return False
    level, depth = [value], 0
    while level:
        level = [
            item
            for outer in level
            if type(outer) in (dict, list)
            for item in (outer.values() if type(outer) is dict else outer)
        ]
        depth += 1
    return depth > DEEPEST


def _repeated_key(line: bytes, n_keys: int) -> str | None:
    return _first_repeated(json.loads(line, object_pairs_hook=_marked)) if _may_repeat(line, n_keys) else None


def _may_repeat(text: bytes, n_keys: int) -> bool:
    """Return whether a key may be repeated: there are more things that look like keys than keys."""
    return text.count(b'":') + text.count(b'" :') > n_keys


def _n_keys(value: Any) -> int:
    if type(value) is dict:
        return len(value) + sum(_n_keys(item) for item in value.values() if type(item) in (dict, list))
    if type(value) is list:
        return sum(_n_keys(item) for item in value if type(item) in (dict, list))
    return 0


class _Marked(dict[str, Any]):
    repeated: str | None = None


def _marked(pairs: list[tuple[str, Any]]) -> _Marked:
    marked = _Marked(pairs)
    if len(marked) < len(pairs):
        names = [name for name, _ in pairs]
        marked.repeated = next(name for name in names if names.count(name) > 1)
    return marked


def _first_repeated(value: Any) -> str | None:
    if isinstance(value, _Marked):
        if value.repeated is not None:
            return value.repeated
        value = list(value.values())
    if isinstance(value, list):
        return next((key for item in value if (key := _first_repeated(item)) is not None), None)
    return None


def _repeated_in_elements(data: bytes) -> dict[int, str]:
    elements = json.loads(data, object_pairs_hook=_marked)
    return {number: key for number, item in enumerate(elements, start=1) if (key := _first_repeated(item)) is not None}
