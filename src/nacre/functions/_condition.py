"""Conditions: where something holds, and where in the text."""

from __future__ import annotations

from dataclasses import MISSING, dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar

import polars as pl

from nacre._hashing import hash_json
from nacre.errors import SpecError
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
class AllOf(Condition):
    """Hold where every one of `conditions` holds; its spans are those of the first."""

    conditions: tuple[Condition, ...]

    kind: ClassVar[str] = "all"

    def __post_init__(self) -> None:
        _check_parts(self.kind, self.conditions)

    @property
    def reads(self) -> tuple[str, ...]:
        return unique(name for part in self.conditions for name in part.reads)

    def resolve(self, context: Context) -> Condition:
        return AllOf(tuple(part.resolve(context) for part in self.conditions))

    def expr(self) -> pl.Expr:
        return pl.all_horizontal([part.expr() for part in self.conditions])

    def spans(self) -> pl.Expr | None:
        first, *others = self.conditions
        spans = first.spans()
        if spans is None or not others:
            return spans
        return pl.when(pl.all_horizontal([part.expr() for part in others])).then(spans).otherwise(no_spans())

    def spec(self) -> dict[str, Any]:
        return {self.kind: [part.spec() for part in self.conditions]}

    def identity(self) -> Any:
        return {self.kind: [part.identity() for part in self.conditions]}


@dataclass(frozen=True)
class AnyOf(Condition):
    """Hold where at least one of `conditions` holds; its spans are those of all of them, united."""

    conditions: tuple[Condition, ...]

    kind: ClassVar[str] = "any"

    def __post_init__(self) -> None:
        _check_parts(self.kind, self.conditions)

    @property
    def reads(self) -> tuple[str, ...]:
        return unique(name for part in self.conditions for name in part.reads)

    def resolve(self, context: Context) -> Condition:
        return AnyOf(tuple(part.resolve(context) for part in self.conditions))

    def expr(self) -> pl.Expr:
        return pl.any_horizontal([part.expr() for part in self.conditions])

    def spans(self) -> pl.Expr | None:
        spans = [part.spans() for part in self.conditions]
        known = [part for part in spans if part is not None]
        return unite_spans(known) if len(known) == len(spans) else None

    def spec(self) -> dict[str, Any]:
        return {self.kind: [part.spec() for part in self.conditions]}

    def identity(self) -> Any:
        return {self.kind: [part.identity() for part in self.conditions]}


@dataclass(frozen=True)
class Not(Condition):
    """Hold where `condition` does not."""

    condition: Condition

    kind: ClassVar[str] = "not"

    @property
    def reads(self) -> tuple[str, ...]:
        return self.condition.reads

    def resolve(self, context: Context) -> Condition:
        return Not(self.condition.resolve(context))

    def expr(self) -> pl.Expr:
        return ~self.condition.expr()

    def spec(self) -> dict[str, Any]:
        return {self.kind: self.condition.spec()}

    def identity(self) -> Any:
        return {self.kind: self.condition.identity()}


def unique(names: Any) -> tuple[str, ...]:
    """Return names in order of first occurrence, each once."""
    return tuple(dict.fromkeys(names))


def dataclass_spec(value: Any, skip: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the fields of a dataclass that differ from their default; tuples become lists."""
    spec = {}
    for field in fields(value):
        content = getattr(value, field.name)
        is_default = field.default is not MISSING and content == field.default
        if field.init and not is_default and field.name not in skip:
            spec[field.name] = _to_json(content)
    return spec


def _to_json(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [_to_json(item) for item in value]
    return value


def _parts(condition: Condition, kind: type[AllOf] | type[AnyOf]) -> tuple[Condition, ...]:
    return condition.conditions if isinstance(condition, kind) else (condition,)


def _check_parts(kind: str, conditions: tuple[Condition, ...]) -> None:
    if not conditions:
        raise SpecError(f"`{kind}` needs at least one condition; it has none.")
    for part in conditions:
        if not isinstance(part, Condition):
            raise SpecError(f"`{kind}` takes conditions; found `{part!r}`, which is a {type(part).__name__}.")
