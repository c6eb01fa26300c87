"""What a data point can be labeled with, and how a vote on it is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nacre.errors import SchemaError, SpecError, UnknownNameError, did_you_mean

_NEGATION = "not "


class Holds(Protocol):
    """Where something holds, and where in the text: what a schema turns into votes."""

    def expr(self) -> pl.Expr: ...

    def spans(self) -> pl.Expr | None: ...


@dataclass(frozen=True)
class Classes:
    """Exactly one of `names` is right.

    Args:
        names: The classes; a vote for the i-th is stored as the code i.
        ordered: Whether the classes are points of a scale, lowest first.
        groups: Pairs of a name and some of the classes. A vote for a group says "one of these": a coarse vote, or
            a negative one ("not spam" is the group of all other classes). The i-th group has the code -2-i.

    Examples:
        >>> schema = Classes(("ham", "offer", "spam"), groups=(("not spam", ("ham", "offer")),))
        >>> schema.code("offer"), schema.code("not spam")
        (1, -2)
        >>> schema.shares(-2)
        array([0.5, 0.5, 0. ])
    """

    names: tuple[str, ...]
    ordered: bool = False
    groups: tuple[tuple[str, tuple[str, ...]], ...] = ()

    kind: ClassVar[str] = "classes"
    dtype: ClassVar[pl.DataType] = pl.Int16()

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", _checked_names(self.names))
        object.__setattr__(self, "groups", tuple((name, tuple(members)) for name, members in self.groups))
        if not isinstance(self.ordered, bool):
            raise SchemaError(f"`ordered` is true or false; found {self.ordered!r}.")
        for name, members in self.groups:
            if name in self.names or not members or not set(members) < set(self.names):
                raise SchemaError(
                    f"The group `{name}` has the classes {', '.join(members) or 'none'}. A group needs a name of "
                    f"its own and some, not all, of the classes {', '.join(self.names)}."
                )

    def spec(self) -> dict[str, Any]:
        """Return the schema as JSON."""
        spec: dict[str, Any] = {self.kind: list(self.names)}
        if self.ordered:
            spec["ordered"] = True
        if self.groups:
            spec["groups"] = {name: list(members) for name, members in self.groups}
        return spec

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes that a label model gives probabilities for."""
        return self.names

    def code(self, label: str) -> int:
        """Return the code that a vote for `label` is stored as."""
        if label in self.names:
            return self.names.index(label)
        group_names = [name for name, _ in self.groups]
        if label in group_names:
            return -2 - group_names.index(label)
        raise UnknownNameError("class", label, available=(*self.names, *group_names))

    def label(self, code: int) -> str:
        """Return the name of a class or group from its code."""
        return self.names[code] if code >= 0 else self.groups[-2 - code][0]

    def shares(self, code: int) -> NDArray[np.float64]:
        """Return how a vote is shared among the classes: an array [n_classes] that sums to 1."""
        members = (self.names[code],) if code >= 0 else self.groups[-2 - code][1]
        return np.array([(name in members) / len(members) for name in self.names])

    def stored(self, condition: Holds) -> pl.Expr:
        """Return the part of a condition from which every vote of a rule can be built."""
        return condition.expr()

    def vote(self, condition: Holds, label: str, otherwise: str | None = None) -> pl.Expr:
        """Return the vote column of a rule: `label` where the condition holds, elsewhere `otherwise` or null."""
        vote = pl.lit(self.code(label), dtype=pl.Int16)  # raises when the code does not fit; a cast would wrap
        rest = pl.lit(None, dtype=pl.Int16) if otherwise is None else pl.lit(self.code(otherwise), dtype=pl.Int16)
        return pl.when(condition.expr()).then(vote).otherwise(rest)


@dataclass(frozen=True)
class MultiLabel:
    """Any number of `names` are right.

    A vote says which classes are present and which are absent, and nothing about the others. The code of a class
    is its position; "not NAME" says that it is absent.

    Examples:
        >>> schema = MultiLabel(("politics", "sport"))
        >>> schema.code("sport"), schema.code("not sport")
        (1, -3)
    """

    names: tuple[str, ...]

    kind: ClassVar[str] = "multi_label"
    dtype: ClassVar[pl.DataType] = pl.Struct({"present": pl.List(pl.Int16), "absent": pl.List(pl.Int16)})

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", _checked_names(self.names, least=1))

    def spec(self) -> dict[str, Any]:
        """Return the schema as JSON."""
        return {self.kind: list(self.names)}

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes that a label model gives probabilities for, each on its own."""
        return self.names

    def code(self, label: str) -> int:
        """Return c where class c is said to be present, -2-c where it is said to be absent."""
        if label in self.names:
            return self.names.index(label)
        if label.removeprefix(_NEGATION) in self.names:
            return -2 - self.names.index(label.removeprefix(_NEGATION))
        raise UnknownNameError("class", label, available=self.names)

    def label(self, code: int) -> str:
        """Return the name of a class, or "not NAME", from its code."""
        return self.names[code] if code >= 0 else _NEGATION + self.names[-2 - code]

    def shares(self, code: int) -> NDArray[np.float64]:
        """Refuse: presence and absence of a class are no shares of one label."""
        raise SchemaError("Classes of a `MultiLabel` schema do not exclude each other: wrap the model in `OneVsRest`.")

    def stored(self, condition: Holds) -> pl.Expr:
        """Return the part of a condition from which every vote of a rule can be built."""
        return condition.expr()

    def vote(self, condition: Holds, label: str, otherwise: str | None = None) -> pl.Expr:
        """Return the vote column of a rule; `otherwise="not NAME"` makes the rule exhaustive."""
        rest = pl.lit(None, dtype=self.dtype) if otherwise is None else self._constant(self.code(otherwise))
        return pl.when(condition.expr()).then(self._constant(self.code(label))).otherwise(rest)

    def _constant(self, code: int) -> pl.Expr:
        present, absent = ([code], []) if code >= 0 else ([], [-2 - code])
        return pl.lit(pl.Series([{"present": present, "absent": absent}], dtype=self.dtype)).first()


@dataclass(frozen=True)
class Spans:
    """Parts of the text in `field` carry one of `names`.

    Args:
        names: The labels of a span.
        field: The text field.
        tokens: A field with the tokens of each text, `List[Struct{start, end}]` in characters; None takes the words
            of the derived column `FIELD@words`. A token is the unit that a label model works on, and has the class
            "O" where no span covers it.
    """

    names: tuple[str, ...]
    field: str
    tokens: str | None = None

    kind: ClassVar[str] = "spans"
    outside: ClassVar[str] = "O"
    dtype: ClassVar[pl.DataType] = pl.List(pl.Struct({"start": pl.UInt32, "end": pl.UInt32, "label": pl.Int16}))

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", _checked_names(self.names, least=1))
        if not isinstance(self.field, str) or not isinstance(self.tokens, str | None):
            raise SchemaError(f"`Spans` names fields; found field={self.field!r}, tokens={self.tokens!r}.")
        if self.outside in self.names:
            raise SchemaError(
                f"`{self.outside}` is the class of a token outside every span; give the label another name."
            )

    def spec(self) -> dict[str, Any]:
        """Return the schema as JSON."""
        tokens = {} if self.tokens is None else {"tokens": self.tokens}
        return {self.kind: {"names": list(self.names), "field": self.field, **tokens}}

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes of a token: "O", then the labels of spans."""
        return (self.outside, *self.names)

    @property
    def token_field(self) -> str:
        """The field or derived column that holds the tokens."""
        return self.tokens if self.tokens is not None else f"{self.field}@words"

    def code(self, label: str) -> int:
        """Return the code of a span label as stored in votes (one less than its class on tokens)."""
        if label not in self.names:
            raise UnknownNameError("class", label, available=self.names)
        return self.names.index(label)

    def label(self, code: int) -> str:
        """Return the name of the class of a token: 0 is "O"."""
        return self.classes[code]

    def shares(self, code: int) -> NDArray[np.float64]:
        """Return the one-hot array [n_classes] of a token's class."""
        shares = np.zeros(len(self.classes))
        shares[code] = 1.0
        return shares

    def stored(self, condition: Holds) -> pl.Expr:
        """Return the part of a condition from which every vote of a rule can be built."""
        spans = condition.spans()
        if spans is None:
            raise SchemaError(f"{condition!r} has no place in the text, so it cannot vote for spans of `{self.field}`.")
        return spans

    def vote(self, condition: Holds, label: str, otherwise: str | None = None) -> pl.Expr:
        """Return the vote column of a rule; `otherwise="O"` says that a text without a match holds no span at all."""
        if otherwise not in (None, self.outside):
            raise SchemaError(
                f"A rule on spans can only say otherwise=`{self.outside}` (nothing here), not `{otherwise}`."
            )
        element = pl.element()
        labelled = pl.struct(
            element.struct.field("start").cast(pl.UInt32),
            element.struct.field("end").cast(pl.UInt32),
            pl.lit(self.code(label), dtype=pl.Int16).alias("label"),
        )
        spans = self.stored(condition).list.eval(labelled).cast(self.dtype)
        found = spans.list.len() > 0
        rest = pl.lit(None if otherwise is None else pl.Series([[]], dtype=self.dtype), dtype=self.dtype)
        return pl.when(found).then(spans).otherwise(rest if otherwise is None else rest.first())


@dataclass(frozen=True)
class Number:
    """A number between `low` and `high` is right."""

    low: float
    high: float

    kind: ClassVar[str] = "number"
    dtype: ClassVar[pl.DataType] = pl.Float32()

    def spec(self) -> dict[str, Any]:
        """Return the schema as JSON."""
        return {self.kind: {"low": self.low, "high": self.high}}

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise SchemaError(f"`Number` needs low < high; it has low={self.low}, high={self.high}.")


VoteSchema = Classes | MultiLabel | Spans  # what functions can vote on today
LabelSchema = VoteSchema | Number


def _checked_names(names: tuple[str, ...], least: int = 2) -> tuple[str, ...]:
    names = tuple(names)
    if len(set(names)) < max(len(names), least) or not all(isinstance(name, str) and name.strip() for name in names):
        raise SchemaError(f"A schema needs at least {least} different class names that are not empty; it has {names}.")
    return names


def schema_from_spec(spec: Any) -> LabelSchema:
    """Return the schema that a spec describes: `{"classes": [...]}`, `{"multi_label": [...]}`, `{"spans": {...}}`.

    Examples:
        >>> schema_from_spec({"classes": ["ham", "spam"]})
        Classes(names=('ham', 'spam'), ordered=False, groups=())
        >>> schema_from_spec(Spans(("disease",), "text").spec())
        Spans(names=('disease',), field='text', tokens=None)
    """
    kinds: dict[str, Any] = {schema.kind: schema for schema in (Classes, MultiLabel, Spans, Number)}
    found = [key for key in spec if key in kinds] if isinstance(spec, Mapping) else []
    if len(found) != 1:
        raise SpecError(
            f"A schema is written with one of {', '.join(kinds)}, such as {{classes: [ham, spam]}}; found {spec!r}."
        )
    (kind,) = found
    value = spec[kind]
    rest = {key: item for key, item in spec.items() if key != kind}
    arguments = {**(value if isinstance(value, Mapping) else {"names": value}), **rest}
    names = [field.name for field in fields(kinds[kind])]
    for key in arguments:
        if key not in names:
            raise SpecError(f"`{kind}` has no key `{key}`; it has {', '.join(names)}.{did_you_mean(key, names)}")
    if isinstance(arguments.get("names"), str):
        raise SpecError(f"`{kind}` takes a list of names; found `{arguments['names']}`.")
    if "groups" in arguments:
        arguments["groups"] = _groups(arguments["groups"])
    try:
        schema: LabelSchema = kinds[kind](**arguments)
    except TypeError as error:
        raise SpecError(f"The schema {spec!r} is not complete: `{kind}` needs {', '.join(names)}.") from error
    return schema


def _groups(spec: Any) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return groups from `{name: [classes]}` or a list of pairs."""
    pairs = list(spec.items()) if isinstance(spec, Mapping) else spec
    is_well_formed = isinstance(pairs, list | tuple) and all(
        isinstance(pair, list | tuple) and len(pair) == 2 and isinstance(pair[1], list | tuple) for pair in pairs
    )
    if not is_well_formed:
        raise SpecError(f"`groups` is written as `{{name: [classes]}}`; found {spec!r}.")
    return tuple((str(name), tuple(members)) for name, members in pairs)
