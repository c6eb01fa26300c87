"""What good means, in words and on a scale."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nacre._hashing import hash_json
from nacre.data import Classes, Number
from nacre.errors import SpecError, did_you_mean

Scale = Classes | Number
Kind = Literal["pass_fail", "ordinal", "number", "preference"]

PASS_FAIL = Classes(("fail", "pass"), ordered=True)
PREFERENCE = Classes(("lost", "tied", "won"), ordered=True)
"""The response against the one it is compared with; a tie counts half."""

_NAMED_SCALES: dict[str, Scale] = {"pass_fail": PASS_FAIL, "preference": PREFERENCE}
_KEYS = ("description", "scale", "passes", "target", "rationale", "lower_is_better")


@dataclass(frozen=True)
class Criterion:
    """What a good response is: a name, a description for people and models, and a scale.

    Args:
        name: What it is called.
        description: What it means, as an expert would explain it to another.
        scale: `PASS_FAIL`, ordered `Classes`, a `Number`, or `PREFERENCE`.
        passes: The lowest class, or the number, from which a response passes. Without it the highest class passes;
            a number has no pass, and a preference neither.
        target: What the mean of a slice should reach: a share of responses that pass, a mean number, a win rate.
        wants_rationale: Whether a score should come with its reason.
        lower_is_better: Whether small numbers are good, as with seconds or cost.

    Examples:
        >>> complete = Criterion("complete", scale=Classes(("poor", "fair", "good"), ordered=True), passes="fair")
        >>> complete.kind, complete.outcome([0, 1, 2]).tolist()
        ('ordinal', [0.0, 1.0, 1.0])
        >>> Criterion("preferred", scale=PREFERENCE).outcome([0, 1, 2]).tolist()
        [0.0, 0.5, 1.0]
    """

    name: str
    description: str = ""
    scale: Scale = PASS_FAIL
    passes: str | float | None = None
    target: float | None = None
    wants_rationale: bool = False
    lower_is_better: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.strip():
            raise SpecError(f"A criterion needs a name; found {self.name!r}.")
        if isinstance(self.scale, Classes):
            self._check_classes(self.scale)
        elif isinstance(self.scale, Number):
            self._check_number(self.scale)
        else:
            raise SpecError(
                f"The scale of `{self.name}` is `PASS_FAIL`, ordered `Classes`, a `Number` or `PREFERENCE`; found "
                f"{self.scale!r}."
            )
        if self.target is not None:
            self._check_target(self.target)

    @property
    def kind(self) -> Kind:
        """Which kind of scale it has."""
        if isinstance(self.scale, Number):
            return "number"
        named: dict[Scale, Kind] = {PASS_FAIL: "pass_fail", PREFERENCE: "preference"}
        return named.get(self.scale, "ordinal")

    @property
    def has_pass(self) -> bool:
        """Whether a response passes or fails it, so that it is part of "all criteria"."""
        return self.kind in ("pass_fail", "ordinal") or (self.kind == "number" and self.passes is not None)

    @property
    def is_rate(self) -> bool:
        """Whether a mean of outcomes is a share: only a number is not."""
        return self.kind != "number"

    @cached_property
    def fingerprint(self) -> str:
        """Hash of all that a score depends on; the target, which is no part of it, may change freely."""
        return hash_json([self.name, self.description, self.scale.spec(), self.passes, self.lower_is_better])

    def outcome(self, values: ArrayLike) -> NDArray[np.float64]:
        """Return what a cell averages: 1 for a class that passes, a number itself, a tie .5.

        Stored values may be probabilities of a pass and means of preferences: so are several evaluators combined.
        """
        stored = np.asarray(values, dtype=np.float64)
        if self.kind == "number":
            return stored
        if self.kind in ("pass_fail", "preference"):
            return stored / 2 if self.kind == "preference" else stored
        return np.where(np.isnan(stored), np.nan, self.passed(stored).astype(np.float64))

    def passed(self, values: ArrayLike) -> NDArray[np.bool_]:
        """Return which stored values pass; NaN does not, and what is as likely to pass as to fail does."""
        stored = np.asarray(values, dtype=np.float64)
        if isinstance(self.scale, Classes):
            code = len(self.scale.names) - 1 if self.passes is None else self.scale.code(str(self.passes))
            lowest = code - 0.5
        elif self.passes is not None:
            lowest = float(self.passes)
        else:
            raise SpecError(f"`{self.name}` is a number without `passes`, so no response passes or fails it.")
        passed: NDArray[np.bool_] = stored <= lowest if self.lower_is_better else stored >= lowest
        return passed

    def spec(self) -> dict[str, Any]:
        """Return the criterion as JSON, without its name."""
        named = {scale: name for name, scale in _NAMED_SCALES.items()}
        scale: Any = named.get(self.scale)
        if scale is None:
            is_classes = isinstance(self.scale, Classes)
            scale = {"ordinal": list(self.scale.names)} if is_classes else self.scale.spec()  # type: ignore[union-attr]
        written = {
            "description": self.description,
            "scale": scale,
            "passes": self.passes,
            "target": self.target,
            "rationale": self.wants_rationale,
            "lower_is_better": self.lower_is_better,
        }
        return {key: value for key, value in written.items() if value not in (None, "", False, "pass_fail")}

    def _check_classes(self, scale: Classes) -> None:
        if not scale.ordered or scale.groups:
            raise SpecError(
                f"The classes of `{self.name}` are points of a scale, lowest first: `Classes({scale.names}, "
                "ordered=True)`, without groups."
            )
        if self.lower_is_better:
            raise SpecError(f"`lower_is_better` is for numbers; list the classes of `{self.name}` from bad to good.")
        if self.passes is not None and self.passes not in scale.names[1:]:
            raise SpecError(
                f"`passes` of `{self.name}` is one of {', '.join(scale.names[1:])}; found {self.passes!r}."
                f"{did_you_mean(str(self.passes), scale.names[1:])}"
            )
        if self.passes is not None and scale == PREFERENCE:
            raise SpecError(f"`{self.name}` compares two responses; a preference has no `passes`.")

    def _check_number(self, scale: Number) -> None:
        if self.passes is not None and not (_is_number(self.passes) and scale.low <= float(self.passes) <= scale.high):
            raise SpecError(
                f"`passes` of `{self.name}` is a number between {scale.low:g} and {scale.high:g}; found "
                f"{self.passes!r}."
            )

    def _check_target(self, target: float) -> None:
        low, high = (0.0, 1.0) if not isinstance(self.scale, Number) else (self.scale.low, self.scale.high)
        if not _is_number(target) or not low <= target <= high:
            raise SpecError(f"`target` of `{self.name}` lies between {low:g} and {high:g}; found {target!r}.")


def criterion_from_spec(name: str, spec: Any) -> Criterion:
    """Return the criterion that a spec describes; the description alone is a pass/fail criterion.

    Examples:
        >>> criterion_from_spec("polite", "Friendly, and blames nobody.").kind
        'pass_fail'
        >>> spec = {"scale": {"ordinal": ["wrong", "partly", "right"]}, "passes": "partly", "target": 0.8}
        >>> criterion_from_spec("correct", spec).spec() == spec
        True
        >>> criterion_from_spec("useful", {"scale": {"ordinal": [1, 2, 3]}, "passes": 2}).passes
        '2'
    """
    if spec is None or isinstance(spec, str):
        return Criterion(name, spec or "")
    if not isinstance(spec, Mapping):
        raise SpecError(f"The criterion `{name}` is written as a description or `key: value`; found {spec!r}.")
    for key in spec:
        if key not in _KEYS:
            hint = did_you_mean(str(key), _KEYS)
            raise SpecError(f"The criterion `{name}` has no key `{key}`; it has {', '.join(_KEYS)}.{hint}")
    for key in ("rationale", "lower_is_better"):
        if not isinstance(spec.get(key, False), bool):
            raise SpecError(f"`{key}` of `{name}` is true or false; found {spec[key]!r}.")
    description = spec.get("description") or ""
    if not isinstance(description, str):
        raise SpecError(f"`description` of `{name}` is text; found {description!r}.")
    return Criterion(
        name,
        description,
        _scale(name, spec.get("scale", "pass_fail")),
        _passes(spec),
        spec.get("target"),
        spec.get("rationale", False),
        spec.get("lower_is_better", False),
    )


def _scale(name: str, spec: Any) -> Scale:
    if isinstance(spec, str) and spec in _NAMED_SCALES:
        return _NAMED_SCALES[spec]
    if isinstance(spec, Mapping) and len(spec) == 1:
        ((kind, value),) = spec.items()
        if kind == "ordinal" and isinstance(value, list | tuple):
            return Classes(tuple(map(_class_name, value)), ordered=True)
        if kind == "number" and isinstance(value, Mapping) and set(value) == {"low", "high"}:
            if not all(_is_number(limit) for limit in value.values()):
                raise SpecError(f"The limits of `{name}` are numbers; found {value!r}.")
            return Number(**value)
    raise SpecError(
        f"The scale of `{name}` is `pass_fail`, `preference`, `{{ordinal: [lowest, ..., highest]}}` or "
        f"`{{number: {{low: 0, high: 1}}}}`; found {spec!r}."
    )


def _passes(spec: Mapping[str, Any]) -> Any:
    scale, passes = spec.get("scale"), spec.get("passes")
    return _class_name(passes) if isinstance(scale, Mapping) and "ordinal" in scale else passes


def _class_name(value: Any) -> Any:
    """Return the name of a class: of a scale from 1 to 5 the numbers as text."""
    return str(value) if _is_number(value) else value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and bool(np.isfinite(value))
