"""Votes by table: each value of a field stands for a class."""

from __future__ import annotations

import dataclasses
from collections import abc
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import polars as pl

from nacre.data import Spans, VoteSchema
from nacre.errors import SchemaError, SpecError
from nacre.functions._answers import to_votes
from nacre.functions._condition import check_field, dataclass_spec
from nacre.functions._function import Declarative
from nacre.functions._knowledge import as_json, as_text, is_source, read_source, table_column

if TYPE_CHECKING:
    from nacre.functions._context import Context


@dataclass(frozen=True)
class Mapping(Declarative):
    """Vote for the class that a table gives for the value of `field`; abstain on other values.

    Values are compared as text, without white space around them.

    Args:
        name: The name of the labeling function.
        field: The field to read.
        table: Classes by value; or where a table is kept, `{"file": "senders.csv"}` or `{"knowledge": "senders"}`,
            with the value in its first column and the class in its second.

    Examples:
        >>> from nacre.data import Classes
        >>> plan = Mapping("plan", "tariff", {"gold": "stays", "trial": "leaves"})
        >>> people = pl.DataFrame({"tariff": ["trial", "silver", None, "gold"]})
        >>> plan.vote(people, Classes(("leaves", "stays"))).values.to_list()
        [0, None, None, 1]
    """

    name: str
    field: str
    table: abc.Mapping[str, Any] = dataclasses.field(hash=False)
    answers: abc.Mapping[str, str | None] | None = dataclasses.field(default=None, compare=False, repr=False)
    """Classes by value, once they are resolved."""

    kind: ClassVar[str] = "mapping"

    def __post_init__(self) -> None:
        check_field(self.kind, self.field)
        if not isinstance(self.table, abc.Mapping):
            raise SpecError(f"`table` of `{self.name}` holds a class for each value; found {self.table!r}.")
        object.__setattr__(self, "table", as_json(self.table))
        if self.answers is None and not is_source(self.table):
            object.__setattr__(self, "answers", self._answers(self.table))

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.field,)

    def resolve(self, context: Context) -> Mapping:
        if not is_source(self.table):
            return self
        return dataclasses.replace(self, answers=self._answers(read_source(self.table, context)))

    def spec(self) -> dict[str, Any]:
        return {self.kind: dataclass_spec(self, skip=("name",))}

    def identity(self) -> Any:
        return self.spec() if self.answers is None else {self.kind: [self.field, dict(self.answers)]}

    def expr(self, schema: VoteSchema) -> pl.Expr:
        if isinstance(schema, Spans):
            raise SchemaError(f"`{self.name}` maps whole values; it cannot vote for spans of `{schema.field}`.")
        if self.answers is None:
            raise SpecError(f"`{self.name}` names {self.table}, which is read when functions are applied.")
        classes = list(dict.fromkeys(self.answers.values()))
        votes = to_votes(classes, schema)
        if votes.errors is not None:
            raise SchemaError(f"The table of `{self.name}`: {votes.errors.drop_nulls()[0]}")
        places = {value: classes.index(answer) for value, answer in self.answers.items()}
        value = pl.col(self.field).cast(pl.String).str.strip_chars()
        place = value.replace_strict(places, default=None, return_dtype=pl.UInt32)
        return pl.lit(votes.values).gather(place)

    def _answers(self, content: Any) -> dict[str, str | None]:
        if isinstance(content, pl.DataFrame):
            if len(content.columns) < 2:
                raise SpecError(f"The table of `{self.name}` needs two columns, value and class; it has fewer.")
            pairs = list(zip(*(table_column(content, name) for name in content.columns[:2]), strict=True))
        elif isinstance(content, abc.Mapping):
            pairs = list(content.items())
        else:
            raise SpecError(f"The table of `{self.name}` holds a class for each value; {self.table} holds a list.")
        answers: dict[str, str | None] = {}
        for value, label in pairs:
            key = as_text(value)
            if not isinstance(label, str | None):
                raise SpecError(
                    f"The table of `{self.name}` gives {label!r} for `{key}`; expected the name of a class."
                )
            if answers.setdefault(key, label) != label:
                raise SpecError(f"The table of `{self.name}` gives both {answers[key]} and {label} for `{key}`.")
        if not any(answers.values()):
            raise SpecError(f"The table of `{self.name}` is empty: {self.table} holds no value with a class.")
        return answers
