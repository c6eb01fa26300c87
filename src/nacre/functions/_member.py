"""Membership in a set, a dictionary, an ontology or a knowledge base."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import polars as pl

from nacre._hashing import hash_text
from nacre.errors import SpecError
from nacre.functions._condition import Condition, check_field
from nacre.functions._dictionary import Dictionary
from nacre.functions._knowledge import as_json, is_source, read_source, read_terms
from nacre.functions._matching import fold_case

if TYPE_CHECKING:
    from nacre.functions._context import Context


@dataclass(frozen=True)
class Member(Condition):
    """Hold where the value of `field` is in a set, or a term of the set occurs in it.

    Values are compared as text, without white space around them.

    Args:
        field: The field to read.
        of: The set: values; an object of terms with their parent, their synonyms, or both; or where that is kept,
            `{"file": "blacklist.txt"}` (one value a line, or CSV, JSON, Parquet) or `{"knowledge": "drugs"}`, a name
            of the context.
        within: Look for the terms as whole words or phrases in a text, instead of comparing the whole value.
        under: In a hierarchy, these terms and everything below them; without it every term.
        column: The column of a table that holds the terms; otherwise `term`, else the first.
        ignore_case: Whether upper and lower case are the same.

    Examples:
        >>> capital = Member("city", ("Paris", "Rome"))
        >>> trips = pl.DataFrame({"city": ["paris", "Lyon", None], "note": ["tea", "a strong Espresso", "decaf"]})
        >>> trips.select(capital.expr()).to_series().to_list()
        [True, False, False]
        >>> drinks = {"espresso": "coffee", "coffee": "drink", "tea": "drink"}
        >>> coffee = Member("note", drinks, within=True, under="coffee")
        >>> trips.select(coffee.expr()).to_series().to_list()
        [False, True, False]
    """

    field: str
    of: Any = dataclasses.field(hash=False)
    within: bool = False
    under: tuple[str, ...] = ()
    column: str | None = None
    ignore_case: bool = True
    terms: pl.Series | None = dataclasses.field(default=None, compare=False, repr=False)
    """The terms themselves, once they are resolved."""

    kind: ClassVar[str] = "member"

    def __post_init__(self) -> None:
        check_field(self.kind, self.field)
        under = (self.under,) if isinstance(self.under, str) else tuple(self.under)
        object.__setattr__(self, "under", under)
        if isinstance(self.of, str | int | float) or self.of is None:
            raise SpecError(
                f"`member` on `{self.field}` takes a list of values or where they are kept, such as "
                f"`{{file: values.txt}}`; found {self.of!r}."
            )
        object.__setattr__(self, "of", as_json(self.of if isinstance(self.of, Mapping) else tuple(self.of)))
        if self.terms is None and not is_source(self.of):
            object.__setattr__(self, "terms", self._terms(self.of))

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.field,)

    def resolve(self, context: Context) -> Member:
        if not is_source(self.of):
            return self
        return dataclasses.replace(self, terms=self._terms(read_source(self.of, context)))

    def expr(self) -> pl.Expr:
        if self.within:
            return Dictionary(self._resolved()).contains(self._text())
        value = pl.col(self.field).cast(pl.String).str.strip_chars()
        value = fold_case(value) if self.ignore_case else value
        return value.is_in(self._resolved().implode()).fill_null(False)

    def spans(self) -> pl.Expr | None:
        return Dictionary(self._resolved()).spans(self._text()) if self.within else None

    def identity(self) -> Any:
        if self.terms is None:
            return self.spec()
        # What the terms are, and not where they are kept: a file may move.
        return {self.kind: [self.field, self.within, self.ignore_case, hash_text(*self.terms.to_list())]}

    def _text(self) -> pl.Expr:
        return fold_case(pl.col(self.field)) if self.ignore_case else pl.col(self.field)

    def _resolved(self) -> pl.Series:
        if self.terms is None:
            raise SpecError(f"`member` on `{self.field}` names {self.of}, which is read when functions are applied.")
        return self.terms

    def _terms(self, content: Any) -> pl.Series:
        terms = read_terms(content, self.column)
        series = pl.Series("terms", terms.under(self.under) if self.under else terms.all(), dtype=pl.String)
        if self.ignore_case:
            series = series.to_frame().select(fold_case(pl.col("terms"))).to_series()
        if not len(series):
            raise SpecError(f"`member` on `{self.field}` has an empty set: {self.of} holds no value.")
        return series.unique().sort()
