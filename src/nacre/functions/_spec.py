"""The grammar: one for `nacre.yaml`, JSON and forms, checked where it enters."""

from __future__ import annotations

from collections import abc
from dataclasses import MISSING, fields
from types import MappingProxyType
from typing import Any

from nacre.errors import SpecError, did_you_mean
from nacre.functions._code import Code
from nacre.functions._condition import AllOf, AnyOf, Condition, Not
from nacre.functions._existing import Existing
from nacre.functions._expression import Expression
from nacre.functions._function import Function
from nacre.functions._keyword import Keyword
from nacre.functions._mapping import Mapping
from nacre.functions._member import Member
from nacre.functions._model import Model
from nacre.functions._near import Near
from nacre.functions._pattern import Pattern
from nacre.functions._rule import Rule
from nacre.functions._says import Says

CONDITIONS: abc.Mapping[str, type[Condition]] = MappingProxyType(
    {kind.kind: kind for kind in (AllOf, AnyOf, Not, Keyword, Pattern, Expression, Member, Near, Says)}
)
VOTERS: abc.Mapping[str, Any] = MappingProxyType({kind.kind: kind for kind in (Code, Mapping, Existing, Model)})

MAX_DEPTH = 100  # JSON, hashes and Polars walk a condition by recursion


def condition_from_spec(spec: Any) -> Condition:
    """Return the condition that a spec describes.

    The value of a kind is an object of its fields, a list of them in order, or the first alone.

    Examples:
        >>> condition_from_spec({"all": [{"keyword": ["body", "cash"]}, {"not": {"pattern": ["subject", "^Re:"]}}]})
        AllOf(conditions=(Keyword(field='body', keywords=('cash',), match='word'),
                          Not(condition=Pattern(field='subject', pattern='^Re:', lower=False))))
    """
    return _condition(spec, depth=1)


def _condition(spec: Any, depth: int) -> Condition:
    if depth > MAX_DEPTH:
        raise SpecError(
            f"A condition is nested more than {MAX_DEPTH} deep, the limit. Split it into several functions."
        )
    if not isinstance(spec, abc.Mapping) or len(spec) != 1:
        raise SpecError(f"A condition is written `{{kind: ...}}` with one kind; found {spec!r}.")
    ((kind, value),) = spec.items()
    if kind not in CONDITIONS:
        raise SpecError(
            f"There is no condition `{kind}`; there are {', '.join(CONDITIONS)}.{did_you_mean(str(kind), CONDITIONS)}"
        )
    if kind in ("all", "any"):
        if not isinstance(value, list | tuple):
            raise SpecError(f"`{kind}` takes a list of conditions; found {value!r}.")
        parts = tuple(_condition(part, depth + 1) for part in value)
        return AllOf(parts) if kind == "all" else AnyOf(parts)
    if kind == "not":
        return Not(_condition(value, depth + 1))
    condition: Condition = build(CONDITIONS[kind], kind, value)
    return condition


def function_from_spec(name: str, spec: Any) -> Function:
    """Return the function that a spec describes.

    Examples:
        >>> function_from_spec("free", {"label": "spam", "when": {"keyword": ["body", "free cash"]}}).label
        'spam'
    """
    if not isinstance(spec, abc.Mapping) or not spec:
        raise SpecError(
            f"The function `{name}` is written as an object, such as {{label: …, when: …}}; found {spec!r}."
        )
    if "when" in spec or "label" in spec:
        _check_keys(f"the rule `{name}`", spec, allowed=("label", "when", "otherwise"), needed=("label", "when"))
        return Rule(name, condition_from_spec(spec["when"]), spec["label"], spec.get("otherwise"))
    kinds = [kind for kind in spec if kind in VOTERS]
    if len(kinds) != 1:
        known = ("when", *VOTERS)
        first = str(next(iter(spec)))
        raise SpecError(
            f"The function `{name}` needs one of {', '.join(known)}; found {', '.join(map(str, spec))}."
            f"{did_you_mean(first, known)}"
        )
    (kind,) = kinds
    rest = {key: value for key, value in spec.items() if key != kind}
    function: Function = build(VOTERS[kind], kind, spec[kind], name=name, **rest)
    return function


def functions_from_specs(specs: Any) -> tuple[Function, ...]:
    """Return the functions that an object of specs by name describes, in its order."""
    if not isinstance(specs, abc.Mapping):
        raise SpecError(f"Functions are written as an object of specs by name; found {specs!r}.")
    return tuple(function_from_spec(str(name), spec) for name, spec in specs.items())


def build(cls: Any, kind: str, value: Any, **given: Any) -> Any:
    """Make a dataclass from a spec: an object of its fields, a list of them in order, or the first alone."""
    # What does not compare is filled in by `resolve` and no part of the grammar.
    known = {field.name: field for field in fields(cls) if field.init and field.compare}
    names = [name for name in known if name not in given]
    if isinstance(value, abc.Mapping):
        arguments = dict(value)
    else:
        values = list(value) if isinstance(value, list | tuple) else [value]
        if len(values) > len(names):
            raise SpecError(f"`{kind}` takes at most {len(names)} values ({', '.join(names)}); found {len(values)}.")
        arguments = dict(zip(names, values, strict=False))
    needed = [name for name, field in known.items() if field.default is MISSING and field.default_factory is MISSING]
    if repeated := [key for key in arguments if key in given]:
        raise SpecError(f"`{kind}` gives `{repeated[0]}` twice.")
    arguments |= given
    _check_keys(f"`{kind}`", arguments, allowed=tuple(known), needed=needed)
    for key, argument in arguments.items():
        _check_type(f"`{key}` of `{kind}`", argument, str(known[key].type))
    try:
        return cls(**{key: _frozen(argument) for key, argument in arguments.items()})
    except TypeError as error:  # a value of a kind that no field takes, such as null for a list
        raise SpecError(f"`{kind}` cannot be made from {value!r}: {error}.") from error


def _check_type(what: str, value: Any, annotation: str) -> None:
    expected = {"str": (str, "text"), "bool": (bool, "true or false"), "float": (int | float, "a number")}
    if annotation not in expected:
        return
    kind, words = expected[annotation]
    if not isinstance(value, kind) or (annotation == "float" and isinstance(value, bool)):
        raise SpecError(f"{what} is {words}; found {value!r}.")


def _check_keys(what: str, spec: abc.Mapping[str, Any], *, allowed: Any, needed: Any) -> None:
    for key in spec:
        if key not in allowed:
            hint = did_you_mean(str(key), allowed)
            raise SpecError(f"{what} has no key `{key}`; it has {', '.join(allowed)}.{hint}")
    missing = [key for key in needed if key not in spec]
    if missing:
        raise SpecError(f"{what} lacks `{'`, `'.join(missing)}`; found {', '.join(map(str, spec)) or 'nothing'}.")


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, list | tuple) else value
