"""Functions: what gives votes on data points."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, Self, runtime_checkable

import polars as pl

from nacre._hashing import hash_json, hash_text
from nacre.data import VoteSchema
from nacre.errors import SchemaError
from nacre.functions._condition import two_null_rows

if TYPE_CHECKING:
    from nacre.functions._context import Context


@dataclass(frozen=True)
class Votes:
    """Votes on the data points of a chunk, one a row.

    Args:
        values: The votes, in the dtype of the schema; null abstains.
        errors: What went wrong per row (String), null where nothing did. A failed row has no vote.
        confidence: How sure the function is, 0 to 1, where it says so.
        rationale: Why, where it says so.
    """

    values: pl.Series
    errors: pl.Series | None = None
    confidence: pl.Series | None = None
    rationale: pl.Series | None = None

    def to_frame(self) -> pl.DataFrame:
        """Return the columns `value` and, where given, `error`, `confidence`, `rationale`."""
        columns = [self.values.alias("value")]
        for name, column in (("error", self.errors), ("confidence", self.confidence), ("rationale", self.rationale)):
            if column is not None:
                columns.append(column.alias(name))
        return pl.DataFrame(columns)


@runtime_checkable
class Function(Protocol):
    """What gives votes on data points."""

    @property
    def name(self) -> str: ...

    @property
    def reads(self) -> tuple[str, ...]:
        """The fields and derived columns that the votes depend on."""

    @property
    def fingerprint(self) -> str:
        """Hash of everything that the votes depend on beside the data and the schema; the name is not part of it."""

    def resolve(self, context: Context) -> Function:
        """Return the function with names replaced by what they stand for, once per pass."""

    def spec(self) -> dict[str, Any]:
        """Return the function as JSON, without its name."""

    def vote(self, chunk: pl.DataFrame, schema: VoteSchema) -> Votes:
        """Vote on each row of a chunk. Only a resolved function can."""


class Declarative:
    """A function that is a Polars expression: the engine fuses all of them into one pass.

    Subclasses have `name`, `reads`, `identity()`, `expr(schema)` and `spec()`.
    """

    name: str

    @property
    def reads(self) -> tuple[str, ...]:
        raise NotImplementedError

    def resolve(self, context: Context) -> Self:
        return self

    def spec(self) -> dict[str, Any]:
        raise NotImplementedError

    def identity(self) -> Any:
        """Return what the votes depend on beside data and schema: the spec with content in place of names."""
        return self.spec()

    @property
    def fingerprint(self) -> str:
        return hash_json(self.identity())

    def expr(self, schema: VoteSchema) -> pl.Expr:
        """Return the vote column."""
        raise NotImplementedError

    def check(self, fields: Mapping[str, pl.DataType], schema: VoteSchema) -> None:
        """Refuse fields of types that the votes cannot be computed on, before any data is read."""
        two_rows = two_null_rows(self.reads, fields)
        try:
            two_rows.select(self.stored(schema))
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
            types = ", ".join(f"`{name}` is {fields[name]}" for name in self.reads)
            reason = str(error).strip().splitlines()[0]
            raise SchemaError(f"`{self.name}` does not fit its fields: {types}. {reason}") from error

    def stored_key(self, schema: VoteSchema) -> str:
        """Return the hash of what the stored column depends on."""
        return hash_text(self.fingerprint, repr(schema))

    def stored(self, schema: VoteSchema) -> pl.Expr:
        """Return the column that is computed and stored: the votes, or what they are cheaply built from."""
        return self.expr(schema)

    def from_stored(self, column: pl.Expr, schema: VoteSchema) -> pl.Expr:
        """Return the vote column, built from the stored one."""
        return column

    def vote(self, chunk: pl.DataFrame, schema: VoteSchema) -> Votes:
        return Votes(chunk.select(self.expr(schema).alias("value")).to_series())
