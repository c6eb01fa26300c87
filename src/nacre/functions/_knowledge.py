"""Sets, dictionaries and hierarchies that specs name: read from a file, from the context, or written in the spec."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import polars as pl

from nacre.data import to_polars
from nacre.errors import SpecError, UnknownFieldError, UnknownNameError, did_you_mean

if TYPE_CHECKING:
    from nacre.functions._context import Context

SOURCES = ("file", "knowledge")
SEPARATOR = "|"  # between several synonyms or parents in one cell


def is_source(value: Any) -> bool:
    """Return whether a value of a spec names knowledge instead of holding it: `{file: ...}`, `{knowledge: ...}`."""
    return isinstance(value, Mapping) and len(value) == 1 and next(iter(value)) in SOURCES


def read_source(source: Mapping[str, Any], context: Context) -> Any:
    """Return the list, object or frame that a source names."""
    ((kind, name),) = source.items()
    if not isinstance(name, str) or not name:
        raise SpecError(f"`{kind}` takes a name; found {name!r}.")
    if kind == "file":
        return _read_file(context.folder / name)
    if name not in context.knowledge:
        raise UnknownNameError("knowledge", name, available=context.knowledge)
    value = context.knowledge[name]
    return value if isinstance(value, list | tuple | set | frozenset | Mapping) else to_polars(value)


def table_column(table: pl.DataFrame, name: str) -> list[str | None]:
    """Return a column of a knowledge table as text; cells without text are None."""
    if name not in table.columns:
        raise UnknownFieldError(name, available=table.columns)
    column = table.get_column(name)
    if isinstance(column.dtype, pl.List):
        column = column.cast(pl.List(pl.String)).list.join(SEPARATOR)
    texts = column.cast(pl.String).str.strip_chars()
    return texts.replace("", None).to_list()


@dataclass
class Terms:
    """Terms with their synonyms and what they are kinds of."""

    words: dict[str, list[str]] = field(default_factory=dict)
    parents: dict[str, set[str]] = field(default_factory=dict)

    def add(self, term: str, words: Iterable[Any] = (), parents: Iterable[Any] = (), key: str | None = None) -> None:
        """Add a term; one that is there already gets further synonyms and parents."""
        key = as_text(term) if key is None else key
        self.words.setdefault(key, []).extend(filter(None, map(as_text, (term, *words))))
        self.parents.setdefault(key, set()).update(filter(None, map(as_text, parents)))

    def all(self) -> list[str]:
        """Return every term and synonym."""
        return sorted({word for words in self.words.values() for word in words})

    def under(self, ancestors: Iterable[str]) -> list[str]:
        """Return the ancestors and everything below them, with synonyms."""
        keys = {word: key for key, words in self.words.items() for word in words}
        known = {*self.words, *keys, *(parent for parents in self.parents.values() for parent in parents)}
        children: dict[str, list[str]] = {}
        for key, parents in self.parents.items():
            for parent in parents:
                children.setdefault(keys.get(parent, parent), []).append(key)
        found: set[str] = set()
        waiting = []
        for ancestor in ancestors:
            if ancestor not in known:
                raise SpecError(f"The hierarchy has no term `{ancestor}`.{did_you_mean(ancestor, known)}")
            waiting.append(keys.get(ancestor, ancestor))
        while waiting:  # a circle ends, because a term is taken once
            key = waiting.pop()
            if key not in found:
                found.add(key)
                waiting.extend(children.get(key, ()))
        return sorted({word for key in found for word in self.words.get(key, [key])})


def read_terms(content: Any, column: str | None = None) -> Terms:
    """Return the terms in a list, an object (term to parent, synonyms, or both), or a table.

    A table has the term in `column` (else in `term`, else in its first column) and, where it has them, a column
    `parent` (a term, or the `id` of one), and `synonyms` separated by `|`.
    """
    terms = Terms()
    if isinstance(content, Mapping):
        for term, value in content.items():
            entry = value if isinstance(value, Mapping) else {"synonyms" if _is_list(value) else "parent": value}
            _check_entry(str(term), entry)
            terms.add(term, _several(entry.get("synonyms")), _several(entry.get("parent")))
    elif isinstance(content, pl.DataFrame):
        _add_table(terms, content, column)
    else:
        for term in content:
            if isinstance(term, list | tuple | Mapping):
                raise SpecError(f"A set holds values; found {term!r}.")
            terms.add(term)
    terms.words.pop("", None)
    return terms


def as_text(value: Any) -> str:
    """Return a value as Polars writes it, without white space around; None is the empty text."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value).strip()


def as_json(content: Any) -> Any:
    """Return knowledge written in a spec as JSON has it: YAML also knows dates, and numbers as keys."""
    if isinstance(content, Mapping):
        return {as_text(key): as_json(value) for key, value in content.items()}
    if _is_list(content):
        return tuple(as_json(item) for item in content)
    return content if isinstance(content, str | int | float | None) else as_text(content)


def _add_table(terms: Terms, table: pl.DataFrame, column: str | None) -> None:
    if not table.columns:
        return
    name = column or ("term" if "term" in table.columns else table.columns[0])
    rows = {
        part: table_column(table, part) if part in table.columns else [None] * len(table)
        for part in ("id", "parent", "synonyms")
    }
    keys = rows["id"] if "id" in table.columns and "parent" in table.columns else [None] * len(table)
    for term, key, parent, synonyms in zip(
        table_column(table, name), keys, rows["parent"], rows["synonyms"], strict=True
    ):
        if term:
            terms.add(term, (synonyms or "").split(SEPARATOR), (parent or "").split(SEPARATOR), key)


def _check_entry(term: str, entry: Mapping[str, Any]) -> None:
    for key in entry:
        if key not in ("parent", "synonyms"):
            raise SpecError(f"The term `{term}` has `parent` and `synonyms`, no `{key}`.")


def _several(value: Any) -> list[Any]:
    return list(value) if _is_list(value) else [] if value is None else [value]


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple | set | frozenset)


def _read_file(path: Path) -> Any:
    try:
        if path.suffix == ".parquet":
            return pl.read_parquet(path)
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise SpecError(f"The knowledge file `{path}` cannot be read: {error.strerror or error}.") from error
    except (UnicodeDecodeError, pl.exceptions.PolarsError) as error:
        expected = "Parquet" if path.suffix == ".parquet" else "UTF-8 text"
        raise SpecError(f"The knowledge file `{path}` is not {expected}: {error}") from error
    if path.suffix == ".json":
        return _from_json(text, path)
    if path.suffix in (".csv", ".tsv"):
        return _from_csv(text, path)
    return [line.strip() for line in text.splitlines() if line.strip()]


def _from_json(text: str, path: Path) -> Any:
    try:
        content = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise SpecError(f"The knowledge file `{path}` is not JSON: {error}.") from error
    if isinstance(content, list) and content and all(isinstance(row, dict) for row in content):
        names = dict.fromkeys(name for row in content for name in row)
        return pl.DataFrame({name: [_cell(row.get(name)) for row in content] for name in names})
    if not isinstance(content, list | dict):
        raise SpecError(f"The knowledge file `{path}` holds {type(content).__name__}; expected a list or an object.")
    return content


def _cell(value: Any) -> str | None:
    return None if value is None else SEPARATOR.join(map(as_text, _several(value)))


def _from_csv(text: str, path: Path) -> pl.DataFrame:
    try:
        return pl.read_csv(text.encode(), infer_schema=False, separator="\t" if path.suffix == ".tsv" else ",")
    except pl.exceptions.NoDataError as error:
        raise SpecError(f"The knowledge file `{path}` is empty.") from error
    except pl.exceptions.PolarsError as error:
        reason = str(error).strip().splitlines()[0]
        raise SpecError(f"The knowledge file `{path}` is not a table: {reason}") from error
