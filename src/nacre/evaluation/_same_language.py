"""Whether a response is written in the language of its prompt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from nacre.data import Classes, VoteSchema
from nacre.errors import SpecError
from nacre.functions import Declarative

FIELDS = ("prompt@language", "response@language")


@dataclass(frozen=True)
class SameLanguage(Declarative):
    """Pass where both languages are known and equal, fail where they are known and differ, abstain elsewhere.

    Examples:
        >>> from nacre.evaluation import PASS_FAIL
        >>> told = pl.DataFrame([["es", "es", "es"], ["es", "en", None]], schema=list(FIELDS))
        >>> told.select(SameLanguage("same_language").expr(PASS_FAIL)).to_series().to_list()
        [1, 0, None]
    """

    name: str

    @property
    def reads(self) -> tuple[str, ...]:
        return FIELDS

    def spec(self) -> dict[str, Any]:
        return {"catalogue": "same_language"}

    def expr(self, schema: VoteSchema) -> pl.Expr:
        if not isinstance(schema, Classes):
            raise SpecError(f"`{self.name}` passes or fails a response; it cannot answer on {schema}.")
        prompt, response = map(pl.col, FIELDS)
        equal = (prompt == response).cast(pl.Int16)  # null where either is
        return equal.replace({0: schema.code("fail"), 1: schema.code("pass")}).alias(self.name)


def same_language() -> SameLanguage:
    """Pass a response in the language of its prompt; abstain where a text is too short to tell its language."""
    return SameLanguage("same_language")
