"""Votes that came with the data: weak labels, answers of people or crowds, imports."""

from __future__ import annotations

from collections import abc
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import polars as pl

from nacre._hashing import hash_json
from nacre.data import Classes, VoteSchema
from nacre.errors import SpecError
from nacre.functions._answers import to_votes
from nacre.functions._condition import check_field, dataclass_spec
from nacre.functions._function import Votes
from nacre.functions._knowledge import as_text

if TYPE_CHECKING:
    from nacre.functions._context import Context


@dataclass(frozen=True)
class Existing:
    """Vote what a column says: names of classes, codes, or lists of names or of spans; null abstains.

    A value that is no class is an error of its row: neither a vote nor an abstention.

    Args:
        name: The name of the labeling function.
        column: The field with the answers.
        values: Classes by value, where the column says something else: `{"1": "spam"}`; null abstains.

    Examples:
        >>> from nacre.data import Classes
        >>> filter = Existing("filter", "verdict", {"junk": "spam", "?": None})
        >>> votes = filter.vote(pl.DataFrame({"verdict": ["junk", "ham", "?", "spma"]}), Classes(("ham", "spam")))
        >>> votes.values.to_list(), votes.errors.to_list()[3]
        ([1, 0, None, None], 'There is no class `spma`; there are ham, spam. Did you mean `spam`?')
    """

    name: str
    column: str
    values: abc.Mapping[str, str | None] = field(default_factory=dict, hash=False)

    kind: ClassVar[str] = "existing"

    def __post_init__(self) -> None:
        check_field(self.kind, self.column)
        if not isinstance(self.values, abc.Mapping) or not all(isinstance(v, str | None) for v in self.values.values()):
            raise SpecError(f"`values` of `{self.name}` holds a class for each value; found {self.values!r}.")
        object.__setattr__(self, "values", {as_text(key): value for key, value in self.values.items()})

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.column,)

    @cached_property
    def fingerprint(self) -> str:
        return hash_json(self.spec())

    def resolve(self, context: Context) -> Existing:
        return self

    def spec(self) -> dict[str, Any]:
        return {self.kind: dataclass_spec(self, skip=("name",))}

    def vote(self, chunk: pl.DataFrame, schema: VoteSchema) -> Votes:
        column = chunk.get_column(self.column)
        if column.dtype.is_nested():
            return to_votes([self._answer(value, schema) for value in column.to_list()], schema)
        # Few different values, many rows: each value is understood once.
        distinct = column.unique()
        votes = to_votes([self._answer(value, schema) for value in distinct.to_list()], schema)
        table = votes.to_frame().with_columns(distinct.alias("answer"))
        answers = chunk.select(answer=self.column)
        rows = answers.join(table, on="answer", how="left", nulls_equal=True, maintain_order="left")
        errors = rows.get_column("error") if "error" in rows.columns else None
        has_errors = errors is not None and errors.null_count() < len(errors)
        return Votes(rows.get_column("value"), errors if has_errors else None)

    def _answer(self, value: Any, schema: VoteSchema) -> Any:
        if isinstance(value, list):
            return [self._answer(item, schema) for item in value]
        if isinstance(value, float) and value.is_integer():
            value = int(value)  # codes beside missing values often come as 1.0
        if not isinstance(value, dict | None) and as_text(value) in self.values:
            return self.values[as_text(value)]
        if isinstance(value, int) and not isinstance(value, bool) and isinstance(schema, Classes):
            return _named(value, schema)
        return value


def _named(code: int, schema: Classes) -> Any:
    """Return the class of a code; what is no code is left, to be refused for its row."""
    if code == -1:
        return None
    is_code = -1 - len(schema.groups) <= code < len(schema.names)
    return schema.label(code) if is_code else code
