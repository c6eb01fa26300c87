"""Rules: a condition with an answer, the labeling function of most users; and slices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import polars as pl

from nacre._hashing import hash_text
from nacre.data import Spans, VoteSchema
from nacre.errors import SpecError
from nacre.functions._condition import Condition
from nacre.functions._function import Declarative

if TYPE_CHECKING:
    from nacre.functions._context import Context


@dataclass(frozen=True)
class Rule(Declarative):
    """Vote for `label` where `when` holds; elsewhere for `otherwise`, or abstain.

    Examples:
        >>> from nacre.data import Classes
        >>> from nacre.functions import Keyword
        >>> free = Rule("free_cash", Keyword("body", ("free cash",)), label="spam")
        >>> emails = pl.DataFrame({"body": ["Claim your FREE CASH now", "See you at noon", None]})
        >>> emails.select(free.expr(Classes(("ham", "spam")))).to_series().to_list()
        [1, None, None]
    """

    name: str
    when: Condition
    label: str
    otherwise: str | None = None

    kind: ClassVar[str] = "rule"

    def __post_init__(self) -> None:
        if not isinstance(self.when, Condition):
            raise SpecError(f"`when` of the rule `{self.name}` takes a condition; found `{self.when!r}`.")
        for label in (self.label, *([] if self.otherwise is None else [self.otherwise])):
            if not isinstance(label, str) or not label:
                raise SpecError(f"The rule `{self.name}` votes for a class by its name; found {label!r}.")

    @property
    def reads(self) -> tuple[str, ...]:
        return self.when.reads

    def resolve(self, context: Context) -> Self:
        return replace(self, when=self.when.resolve(context))

    def spec(self) -> dict[str, Any]:
        rest = {} if self.otherwise is None else {"otherwise": self.otherwise}
        return {"label": self.label, "when": self.when.spec(), **rest}

    def identity(self) -> Any:
        return {**self.spec(), "when": self.when.identity()}

    def check(self, fields: Mapping[str, pl.DataType], schema: VoteSchema) -> None:
        self.when.check(fields)
        if isinstance(schema, Spans):  # what is stored is places, not where the condition holds
            super().check(fields, schema)
        else:
            schema.vote(self.when, self.label, otherwise=self.otherwise)

    def expr(self, schema: VoteSchema) -> pl.Expr:
        return schema.vote(self.when, self.label, otherwise=self.otherwise).alias(self.name)

    def stored_key(self, schema: VoteSchema) -> str:
        # The condition alone: changing the label recomputes nothing.
        return hash_text(self.when.fingerprint, "spans" if schema.kind == "spans" else "holds")

    def stored(self, schema: VoteSchema) -> pl.Expr:
        return schema.stored(self.when)

    def from_stored(self, column: pl.Expr, schema: VoteSchema) -> pl.Expr:
        return schema.vote(_Stored(column), self.label, otherwise=self.otherwise)


@dataclass(frozen=True)
class Slice:
    """A part of the data that is looked at by itself: a named condition.

    Examples:
        >>> from nacre.functions import Pattern
        >>> reply = Slice("reply", Pattern("subject", "^Re: "))
        >>> reply.when.reads
        ('subject',)
    """

    name: str
    when: Condition


class _Stored:
    """A condition that was computed before: its column is where it holds, or its spans."""

    def __init__(self, column: pl.Expr) -> None:
        self._column = column

    def expr(self) -> pl.Expr:
        return self._column

    def spans(self) -> pl.Expr:
        return self._column
