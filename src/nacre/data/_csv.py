"""Rows of CSV and TSV files."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from io import StringIO
from itertools import islice

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nacre.data._blocks import BLOCK_CHARACTERS, Block, Options
from nacre.data._files import DataFile, encoding_of, open_bytes, open_text, reading
from nacre.data._names import check_same_names, checked_names, selected
from nacre.data._plain_csv import plain_blocks
from nacre.data._refusals import RAW_CHARACTERS, Fault, fault_error, shown
from nacre.data._text_types import Evidence, cast_text, without_nulls
from nacre.errors import IngestError

LARGEST_CELL = 1 << 28
# What the first pass read is kept for the second while it is no larger than this.
_KEPT_BYTES = 1 << 28
_KEPT_LINES = 50
_SEPARATORS = {";": "a semicolon", "\t": "a tab", "|": "a bar", ",": "a comma"}
_VALUE = r"^\s*-?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$|^\d{4}-\d{2}-\d{2}"


@dataclass
class _Text:
    """Rows as text, before types are known."""

    file: DataFile
    frame: pl.DataFrame
    numbers: NDArray[np.int64]
    faults: list[Fault]


@dataclass
class CsvRows:
    """The rows of CSV files with the same columns; the first pass finds the types in all of them.

    Args:
        files: The files.
        options: How to read them.
        strict: Raise for the first row that cannot be cut into columns; otherwise `blocks` lists such rows.
    """

    files: list[DataFile]
    options: Options
    strict: bool
    _kept: list[_Text] | None = field(default_factory=list)

    @cached_property
    def schema(self) -> pl.Schema:
        """The columns and the types that most of their values have."""
        evidence: dict[str, Evidence] = {}
        names: list[str] = []
        size = 0
        for text in self._texts(1 << 16):
            if self.strict and text.faults:
                raise fault_error(text.file.name, "line", text.faults[0])
            names = text.frame.columns
            for column in text.frame.iter_columns():
                if column.name not in self.options.verbatim and column.name not in self.options.dtypes:
                    stripped = column.drop_nulls().str.strip_chars()
                    evidence.setdefault(column.name, Evidence()).add(stripped.filter(stripped != ""))
            size += int(text.frame.estimated_size())
            if self._kept is not None:
                self._kept.append(text)
            if size > _KEPT_BYTES:
                self._kept = None
        found = {name: evidence[name].dtype() if name in evidence else pl.String() for name in names}
        return pl.Schema({name: self.options.dtypes.get(name, dtype) for name, dtype in found.items()})

    def blocks(self, batch_rows: int) -> Iterator[Block]:
        """Yield the typed rows."""
        schema = self.schema
        for text in self._kept_parts(batch_rows) if self._kept is not None else self._texts(batch_rows):
            yield _typed(text, schema)

    def _kept_parts(self, batch_rows: int) -> Iterator[_Text]:
        for text in self._kept or ():
            yield from _sliced(text, batch_rows)

    def _texts(self, batch_rows: int) -> Iterator[_Text]:
        first: tuple[str, ...] | None = None
        for file in self.files:
            with reading(file):
                names, n_lines = _header(file, self._separator(file), self.options)
                if first is None:
                    first = names
                else:
                    check_same_names(names, first, file.name, self.files[0].name)
                for text in self._rows(file, names, n_lines, batch_rows):
                    columns = selected(first, self.options)
                    frame = text.frame.select(without_nulls(text.frame[name], self.options.nulls) for name in columns)
                    yield replace(text, frame=frame)

    def _rows(self, file: DataFile, names: tuple[str, ...], n_lines: int, batch_rows: int) -> Iterator[_Text]:
        """Yield the rows after the first `n_lines` lines: the fast way as far as it goes, then the careful one."""
        yield _Text(file, pl.DataFrame(schema=dict.fromkeys(names, pl.String)), np.empty(0, dtype=np.int64), [])
        encoding = self.options.encoding or encoding_of(file)
        if encoding.startswith("utf-8"):
            with open_bytes(file) as stream:
                for block in plain_blocks(stream, names, self._separator(file), n_lines):
                    if block is None:
                        break
                    n_lines = block.n_lines
                    yield from _sliced(_Text(file, block.frame, block.numbers, []), batch_rows)
                else:
                    return
        with open_text(file, encoding) as stream:
            records = _Records(stream, self._separator(file), n_lines)
            for cells, numbers, faults in _cut(records, len(names), batch_rows):
                frame, garbled = _frame(cells, names, numbers)
                faults = sorted(faults + garbled, key=lambda fault: fault.number)
                yield _Text(file, frame, np.array(numbers, dtype=np.int64), faults)

    def _separator(self, file: DataFile) -> str:
        return self.options.separator or ("\t" if file.format == "tsv" else ",")


class _Records:
    """The records of a stream, each with the line it starts on; a broken one is a fault."""

    def __init__(self, stream: Iterable[str], separator: str, n_skipped: int = 0) -> None:
        csv.field_size_limit(max(csv.field_size_limit(), LARGEST_CELL))
        if len(separator) != 1:
            raise IngestError(f"The separator must be one character; it is `{separator}`.")
        self.separator = separator
        self._recent: list[str] = []
        self._n_skipped = n_skipped
        self._reader = csv.reader(self._lines(stream), delimiter=separator, strict=True)

    @property
    def n_lines(self) -> int:
        """Lines read so far."""
        return self._n_skipped + self._reader.line_num

    def _lines(self, stream: Iterable[str]) -> Iterator[str]:
        for line in islice(stream, self._n_skipped, None):
            if len(self._recent) < _KEPT_LINES:
                self._recent.append(line)
            yield line.removeprefix("\ufeff") if self.n_lines == 0 else line

    def __iter__(self) -> Iterator[tuple[int, list[str] | Fault]]:
        reader, recent, skipped = self._reader, self._recent, self._n_skipped
        while True:
            start = skipped + reader.line_num + 1
            recent.clear()
            try:
                for cells in reader:
                    yield start, cells
                    start = skipped + reader.line_num + 1
                    recent.clear()
                return
            except csv.Error as error:
                yield start, self._fault(start, str(error))

    def _fault(self, start: int, error: str) -> Fault:
        end = self.n_lines
        place = f"lines {start} to {end}" if end > start else "the line"
        raw = "".join(self._recent)[:RAW_CHARACTERS]
        if "unexpected end" in error:
            problem = f"a quote is opened and never closed, so {place} cannot be cut into columns."
        elif "field larger" in error:
            problem = f"a cell of {place} is longer than {LARGEST_CELL:,} characters; probably a quote is not closed."
        else:
            problem = f"the quotes are broken, so {place} cannot be cut into columns ({error})."
        return Fault(-1, start, None, problem, 'Quote a cell as `"..."`, and a quote inside it as `""`.', raw)


def _header(file: DataFile, separator: str, options: Options) -> tuple[tuple[str, ...], int]:
    """Return the names of the columns, and how many lines stand before the first row."""
    with open_text(file, options.encoding) as stream:
        records = _Records(stream, separator)
        number, cells = next((record for record in records if record[1]), (0, []))
        n_lines = records.n_lines
    if isinstance(cells, Fault):
        raise fault_error(file.name, "line", cells)
    if not cells:
        raise IngestError(f"{file.name} is empty. Check that it was written completely.")
    if options.header is False:
        names = [f"column_{position}" for position in range(1, len(cells) + 1)]
        return checked_names(names, file.name, options), 0
    _check_text(cells, number, file)
    _check_separator(cells, separator, file)
    if options.header is None:
        _check_header(cells, file)
    return checked_names([name.strip() for name in cells], file.name, options), n_lines


def _check_text(cells: list[str], number: int, file: DataFile) -> None:
    for position, cell in enumerate(cells, start=1):
        if (problem := _garbled(cell)) is not None:
            raise fault_error(file.name, "line", Fault(-1, number, str(position), *problem))


def _check_separator(cells: list[str], separator: str, file: DataFile) -> None:
    others = [other for other in _SEPARATORS if other != separator and other in cells[0]]
    if len(cells) == 1 and others:
        raise IngestError(
            f"{file.name} has one column, {shown(cells[0])}; it seems to be separated by {_SEPARATORS[others[0]]}, "
            f'not by {_SEPARATORS.get(separator, separator)}. Pass `separator="{others[0]}"`.'.replace("\t", "\\t")
        )


def _check_header(cells: list[str], file: DataFile) -> None:
    values = pl.Series(cells, dtype=pl.String)
    found = values.filter(values.str.contains(_VALUE))
    if len(found):
        raise IngestError(
            f"{file.name} seems to have no header: its first line holds the value {shown(found[0])} where the name of "
            "a column is expected. Pass `header=False` to number the columns, or `header=True` if it is a name."
        )


def _cut(records: _Records, width: int, batch_rows: int) -> Iterator[tuple[list[list[str]], list[int], list[Fault]]]:
    """Yield up to `batch_rows` rows of the right length, with the faults among them."""
    rows: list[list[str]] = []
    numbers: list[int] = []
    faults: list[Fault] = []
    size = 0
    for number, cells in records:
        if isinstance(cells, Fault):
            faults.append(cells)
        elif len(cells) == width:
            rows.append(cells)
            numbers.append(number)
            size += sum(map(len, cells))
        elif cells:
            faults.append(_ragged(cells, number, width, records.separator))
        if len(rows) == batch_rows or size > BLOCK_CHARACTERS or len(faults) >= batch_rows:
            yield rows, numbers, faults
            rows, numbers, faults, size = [], [], [], 0
    yield rows, numbers, faults


def _ragged(cells: list[str], number: int, width: int, separator: str) -> Fault:
    problem = f"found {len(cells)} columns, expected {width} as in the first line."
    return Fault(-1, number, None, problem, f'Quote cells that contain `{separator}` as `"..."`.', _line(cells))


def _line(cells: Iterable[object]) -> str:
    text = StringIO()
    csv.writer(text, lineterminator="").writerow(cells)
    return text.getvalue()[:RAW_CHARACTERS]


def _frame(rows: list[list[str]], names: tuple[str, ...], numbers: list[int]) -> tuple[pl.DataFrame, list[Fault]]:
    """Return rows as a frame of text, and a fault for each row with bytes that are no text."""
    faults: dict[int, Fault] = {}
    columns = []
    for name, cells in zip(names, zip(*rows, strict=True) if rows else ([] for _ in names), strict=True):
        try:
            column = pl.Series(name, cells, dtype=pl.String)
            broken = column.str.contains("\0", literal=True).arg_true().to_list()
        except UnicodeEncodeError:
            clean = [cell.encode("utf-8", "replace").decode() for cell in cells]
            column = pl.Series(name, clean, dtype=pl.String)
            broken = [index for index, cell in enumerate(cells) if _garbled(cell) is not None]
        for index in broken:
            problem, advice = _garbled(cells[index]) or ("", "")
            faults.setdefault(index, Fault(index, numbers[index], name, problem, advice, _line(rows[index])))
        columns.append(column)
    return pl.DataFrame(columns), list(faults.values())


def _garbled(cell: str) -> tuple[str, str] | None:
    """Return problem and advice when a cell holds what is no text: a NUL byte, or bytes that are no UTF-8."""
    if "\0" in cell:
        advice = 'Remove the NUL bytes; a file in UTF-16 without a mark needs `encoding="utf-16-le"`.'
        return f"found a NUL byte in {shown(cell.replace(chr(0), '<NUL>'))}, expected text.", advice
    byte = next((ord(letter) - 0xDC00 for letter in cell if 0xDC80 <= ord(letter) <= 0xDCFF), None)
    if byte is None:
        return None
    problem = f"found the byte 0x{byte:02X} in {shown(cell)}, expected UTF-8."
    return problem, 'If the file is in a Western encoding, pass `encoding="cp1252"`.'


def _sliced(text: _Text, batch_rows: int) -> Iterator[_Text]:
    """Yield a text in parts of up to `batch_rows` rows, each with the faults that stand before its next row."""
    faults = text.faults
    for start in range(0, max(len(text.frame), 1), batch_rows):
        stop = start + batch_rows
        end = text.numbers[stop] if stop < len(text.numbers) else np.inf
        here = [replace(fault, index=max(fault.index - start, -1)) for fault in faults if fault.number < end]
        faults = faults[len(here) :]
        yield _Text(text.file, text.frame[start:stop], text.numbers[start:stop], here)


def _typed(text: _Text, schema: pl.Schema) -> Block:
    faults = list(text.faults)
    columns = []
    for column in text.frame.iter_columns():
        typed, bad = cast_text(column, schema[column.name], text.numbers)
        columns.append(typed)
        faults.extend(bad)
    raw: Callable[[int], str] = lambda index: _line(text.frame.row(index))  # noqa: E731
    return Block(text.file.name, "line", pl.DataFrame(columns), text.numbers, raw, faults)
