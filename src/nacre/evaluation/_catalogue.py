"""The catalogue: criteria that most systems share, with a function that scores each without any model."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, wraps
from types import MappingProxyType
from typing import Any

from nacre._hashing import hash_json
from nacre.data import Number
from nacre.errors import SpecError, UnknownNameError, did_you_mean
from nacre.evaluation._criterion import PASS_FAIL, Criterion
from nacre.evaluation._format import length, valid_json
from nacre.evaluation._overlap import (
    completeness,
    contains_reference,
    exact_match,
    groundedness,
    normalized_match,
    token_f1,
)
from nacre.evaluation._personal_data import no_personal_data
from nacre.evaluation._same_language import same_language
from nacre.evaluation._wording import answers, mentions, no_competitor, no_mention, no_refusal, polite, refuses
from nacre.functions import Code, Condition, Function

REVISION = 1  # raise it when a Python function of the catalogue scores something differently; a test reminds of it
SHARE = Number(0, 1)


@dataclass(frozen=True)
class CatalogueEntry:
    """A criterion with what makes the function that scores it.

    Args:
        criterion: The criterion; one with numbers passes from `passes` on, which the setting `at_least` changes.
        make: Returns the function or condition for settings, which are its keyword arguments.
    """

    criterion: Criterion
    make: Callable[..., Any]

    @property
    def settings(self) -> Mapping[str, inspect.Parameter]:
        """What can be set."""
        return inspect.signature(self.make).parameters

    @property
    def about(self) -> str:
        """What it does, in a sentence."""
        return (self.make.__doc__ or "").strip().splitlines()[0]


@dataclass(frozen=True)
class CatalogueCode(Code):
    """A Python function of the catalogue, which is what its name, settings and revision say."""

    @cached_property
    def fingerprint(self) -> str:
        return hash_json({"catalogue": self.version})


def _entry(make: Callable[..., Any], description: str, *, passes: float | None = None) -> tuple[str, CatalogueEntry]:
    scale = PASS_FAIL if passes is None else SHARE
    return make.__name__, CatalogueEntry(Criterion(make.__name__, description, scale, passes), make)


CATALOGUE: Mapping[str, CatalogueEntry] = MappingProxyType(
    dict(
        [
            _entry(exact_match, "The response is the reference."),
            _entry(normalized_match, "The response is the reference, case, punctuation and articles aside."),
            _entry(contains_reference, "The response contains the reference."),
            _entry(token_f1, "The response has the words of the reference and few others.", passes=0.5),
            _entry(completeness, "The response covers what the reference says.", passes=0.5),
            _entry(groundedness, "The contexts support what the response says.", passes=0.8),
            _entry(polite, "The response insults and blames nobody."),
            _entry(answers, "There is a response."),
            _entry(refuses, "The response declines to answer."),
            _entry(no_refusal, "The response does not decline to answer."),
            _entry(no_personal_data, "The response gives away no personal data."),
            _entry(mentions, "The response mentions what it should."),
            _entry(no_mention, "The response mentions nothing that it should not."),
            _entry(no_competitor, "The response mentions no competitor."),
            _entry(same_language, "The response is written in the language of the prompt."),
            _entry(valid_json, "The response is valid JSON."),
            _entry(length, "The response is as long as it should be."),
        ]
    )
)
"""What `catalogue_evaluator`, and `catalogue` in `nacre.yaml`, can make."""


def from_catalogue(
    entry: str, criterion: Criterion | str, settings: Mapping[str, Any]
) -> tuple[Criterion, Function | Condition]:
    """Return the criterion and the function of an entry of the catalogue.

    Args:
        entry: Its name.
        criterion: The criterion to score, or a name for the entry's own.
        settings: Its settings, as JSON.
    """
    if entry not in CATALOGUE:
        raise UnknownNameError("evaluator in the catalogue", str(entry), available=CATALOGUE)
    found, rest = CATALOGUE[entry], dict(settings)
    at_least = rest.pop("at_least", None) if found.criterion.kind == "number" else None
    _check_settings(entry, found, rest)
    made = found.make(**rest)
    passes = found.criterion.passes if at_least is None else at_least
    if isinstance(criterion, str):
        criterion = replace(found.criterion, name=criterion, passes=passes)
    elif criterion.scale == PASS_FAIL and found.criterion.kind == "number":
        replace(found.criterion, passes=passes)  # refuses what is no share
        made, rest = _passing(made, passes), {**rest, "at_least": passes}
    elif criterion.scale != found.criterion.scale:
        scale = "PASS_FAIL" if found.criterion.scale == PASS_FAIL else f"{SHARE} or PASS_FAIL"
        raise SpecError(f"`{entry}` of the catalogue scores on {scale}; `{criterion.name}` has {criterion.scale}.")
    elif at_least is not None:
        raise SpecError(
            f"From which number a response passes says `passes` of `{criterion.name}`; leave `at_least` out."
        )
    if isinstance(made, Condition) or not inspect.isfunction(made):
        return criterion, made
    return criterion, CatalogueCode(entry, made, hash_json([entry, rest, REVISION]))


def to_json(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings with lists for tuples and sets."""
    plain = {key: sorted(value) if isinstance(value, set | frozenset) else value for key, value in settings.items()}
    return {key: list(value) if isinstance(value, tuple) else value for key, value in plain.items()}


def _check_settings(entry: str, found: CatalogueEntry, settings: Mapping[str, Any]) -> None:
    known = (*found.settings, *(["at_least"] if found.criterion.kind == "number" else []))
    for name in settings:
        if name not in known:
            has = f"it has {', '.join(known)}" if known else "it has none"
            raise SpecError(f"`{entry}` of the catalogue has no setting `{name}`; {has}.{did_you_mean(name, known)}")
    for name, parameter in found.settings.items():
        if parameter.default is parameter.empty and name not in settings:
            raise SpecError(f"`{entry}` of the catalogue needs `{name}`: {found.about}")
        if isinstance(parameter.default, bool) and not isinstance(settings.get(name, False), bool):
            raise SpecError(f"`{name}` of `{entry}` is true or false; found {settings[name]!r}.")


def _passing(score: Callable[..., Any], at_least: Any) -> Callable[..., Any]:
    @wraps(score)
    def passes(*values: Any) -> Any:
        answer = score(*values)
        if answer is None:
            return None
        share, reason = answer
        return share >= at_least, f"{share:.2f}; {reason}" if reason else f"{share:.2f}"

    return passes
