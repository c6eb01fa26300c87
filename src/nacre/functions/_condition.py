"""Conditions: where something holds, and where in the text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, fields
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, Self

import polars as pl

from nacre._hashing import hash_json
from nacre.errors import SchemaError, SpecError, UnknownFieldError
from nacre.functions._matching import no_spans, unite_spans

if TYPE_CHECKING:
    from nacre.functions._context import Context


class Condition:
    """Hold or not hold on each data point; never anything between.

    Subclasses are frozen dataclasses whose fields are JSON. `&`, `|` and `~` compose conditions to any depth.
    """

    kind: ClassVar[str]

    @property
    def reads(self) -> tuple[str, ...]:
        """The fields, or derived columns such as `text@minilm`, that the condition reads."""
        raise NotImplementedError

    def resolve(self, context: Context) -> Condition:
        """Return the condition with names replaced by values: a member set, a centre vector. Once per pass."""
        return self

    def expr(self) -> pl.Expr:
        """Return where the condition holds: Boolean, never null, so that `~` is well defined."""
        raise NotImplementedError

    def spans(self) -> pl.Expr | None:
        """Return where in the text it holds, `List[Struct{start, end}]` in characters; None for no place."""
        return None

    def check(self, fields: Mapping[str, pl.DataType]) -> None:
        """Refuse fields of types that the condition cannot be computed on, before any data is read.

        Args:
            fields: The type of each field and derived column in `reads`.
        """
        two_rows = two_null_rows(self.reads, fields)
        types = ", ".join(f"`{name}` is {fields[name]}" for name in self.reads)
        try:
            column = two_rows.select(self.expr()).to_series()
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
            reason = str(error).strip().splitlines()[0]
            raise SchemaError(f"`{self.kind}` does not fit its fields: {types}. {reason}") from error
        if column.dtype != pl.Boolean or len(column) != 2:
            raise SchemaError(
                f"`{self.kind}` must be true or false on each row, but gives {column.dtype} where {types}: {self!r}."
            )

    def spec(self) -> dict[str, Any]:
        """Return the condition as JSON: `{kind: {field: value}}`, fields at their default left out."""
        return {self.kind: dataclass_spec(self)}

    def identity(self) -> Any:
        """Return what the votes depend on beside the data: the spec with content in place of names."""
        return self.spec()

    @property
    def fingerprint(self) -> str:
        """Hash of the identity; that of a resolved condition covers every file and model it names."""
        return hash_json(self.identity())

    def __and__(self, other: Condition) -> AllOf:
        return AllOf((*_parts(self, AllOf), *_parts(other, AllOf)))

    def __or__(self, other: Condition) -> AnyOf:
        return AnyOf((*_parts(self, AnyOf), *_parts(other, AnyOf)))

    def __invert__(self) -> Condition:
        return self.condition if isinstance(self, Not) else Not(self)

    def __bool__(self) -> bool:
        raise TypeError("A condition has no truth value: compose with `&`, `|` and `~`, not `and`, `or`, `not`.")


@dataclass(frozen=True)
class _Several(Condition):
    """What `AllOf` and `AnyOf` share: everything but what they say and where."""

    conditions: tuple[Condition, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "conditions", tuple(self.conditions))
        if not self.conditions:
            raise SpecError(f"`{self.kind}` needs at least one condition; it has none.")
        for part in self.conditions:
            _check_condition(self.kind, part)

    @property
    def reads(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for part in self.conditions for name in part.reads))

    def resolve(self, context: Context) -> Self:
        return type(self)(tuple(part.resolve(context) for part in self.conditions))

    def check(self, fields: Mapping[str, pl.DataType]) -> None:
        for part in self.conditions:
            part.check(fields)

    def spec(self) -> dict[str, Any]:
        return {self.kind: [part.spec() for part in self.conditions]}

    def identity(self) -> Any:
        return {self.kind: [part.identity() for part in self.conditions]}


@dataclass(frozen=True)
class AllOf(_Several):
    """Hold where every one of `conditions` holds; its spans are those of the first."""

    kind: ClassVar[str] = "all"

    def expr(self) -> pl.Expr:
        return pl.all_horizontal([part.expr() for part in self.conditions])

    def spans(self) -> pl.Expr | None:
        first, *others = self.conditions
        spans = first.spans()
        if spans is None or not others:
            return spans
        return pl.when(pl.all_horizontal([part.expr() for part in others])).then(spans).otherwise(no_spans())


@dataclass(frozen=True)
class AnyOf(_Several):
    """Hold where at least one of `conditions` holds; its spans are those of all of them, united."""

    kind: ClassVar[str] = "any"

    def expr(self) -> pl.Expr:
        return pl.any_horizontal([part.expr() for part in self.conditions])

    def spans(self) -> pl.Expr | None:
        spans = [part.spans() for part in self.conditions]
        known = [part for part in spans if part is not None]
        return unite_spans(known) if len(known) == len(spans) else None


@dataclass(frozen=True)
class Not(Condition):
    """Hold where `condition` does not."""

    condition: Condition

    kind: ClassVar[str] = "not"

    def __post_init__(self) -> None:
        _check_condition(self.kind, self.condition)

    @property
    def reads(self) -> tuple[str, ...]:
        return self.condition.reads

    def resolve(self, context: Context) -> Condition:
        return Not(self.condition.resolve(context))

    def check(self, fields: Mapping[str, pl.DataType]) -> None:
        self.condition.check(fields)

    def expr(self) -> pl.Expr:
        return ~self.condition.expr()

    def spec(self) -> dict[str, Any]:
        return {self.kind: self.condition.spec()}

    def identity(self) -> Any:
        return {self.kind: self.condition.identity()}


def check_field(kind: str, name: object) -> None:
    """Refuse what is no name of a field."""
    if not isinstance(name, str) or not name:
        raise SpecError(f"`{kind}` reads a field by its name; found {name!r}.")
    if name == "*" or (name.startswith("^") and name.endswith("$")):
        raise SpecError(f"`{kind}` reads one field; `{name}` would select several. Name them one by one.")


def two_null_rows(reads: Iterable[str], fields: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """Return a small table with the fields that are read, on which an expression shows whether it can be computed."""
    types = {}
    for name in reads:
        if name not in fields:
            raise UnknownFieldError(name, available=fields)
        types[name] = fields[name]
    return _two_null_rows(tuple(types.items()))


@lru_cache(maxsize=1024)  # rules read the same few fields, and making a table takes longer than checking it
def _two_null_rows(types: tuple[tuple[str, pl.DataType], ...]) -> pl.DataFrame:
    return pl.DataFrame(schema=dict(types)).clear(2)


def dataclass_spec(value: Any, skip: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the fields of a dataclass that differ from their default, as JSON; what does not compare is left out."""
    spec = {}
    for field in fields(value):
        content = getattr(value, field.name)
        default = field.default if field.default_factory is MISSING else field.default_factory()
        if field.compare and field.name not in skip and (default is MISSING or content != default):
            spec[field.name] = to_json(content)
    return spec


def to_json(value: Any) -> Any:
    """Return a value of a spec with lists for tuples."""
    if isinstance(value, Mapping):
        return {key: to_json(item) for key, item in value.items()}
    return [to_json(item) for item in value] if isinstance(value, tuple | list) else value


def _parts(condition: Condition, kind: type[AllOf] | type[AnyOf]) -> tuple[Condition, ...]:
    return condition.conditions if isinstance(condition, kind) else (condition,)


def _check_condition(kind: str, part: object) -> None:
    if not isinstance(part, Condition):
        raise SpecError(f"`{kind}` takes conditions; found `{part!r}`, which is a {type(part).__name__}.")
