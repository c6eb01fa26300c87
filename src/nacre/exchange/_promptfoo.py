"""promptfoo configurations: prompts and tests become reference prompts, assertions become evaluators."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nacre._hashing import hash_text
from nacre.evaluation import Criterion, Evaluator, catalogue_evaluator
from nacre.exchange._draft import Draft
from nacre.exchange._format import Export, Format
from nacre.exchange._promptfoo_asserts import NotSupported, condition_of, required_where
from nacre.exchange._promptfoo_tests import TemplateError, Test, filled, prompts_of, resolved, tests_of
from nacre.exchange._shapes import check_shape
from nacre.exchange._source import Source
from nacre.exchange._tables import json_text
from nacre.exchange._values import text_of
from nacre.functions import AllOf, Condition

TESTS_CRITERION = "assertions"
NAME_CHARACTERS = 60
CATALOGUE_CHECKS = {"is-json": "valid_json"}
_READ = {"prompts", "tests", "defaultTest", "description", "assertionTemplates"}
_TEST_KEYS = {"vars", "assert", "metadata", "description", "providerOutput"}
_ASSERT_KEYS = {"type", "value", "metric", "threshold", "assert"}
_REFERENCE_VARS = ("reference", "expected", "answer", "gold", "ground_truth", "expected_output")


def _read(source: Source, draft: Draft) -> None:
    config = source.document
    check_shape(config, {"assertionTemplates": {}}, source)
    for key in config.keys() - _READ:
        if config[key]:
            draft.note(str(key), f"`{key}` ({text_of(config[key])!s:.60})", _why(str(key)))
    templates = prompts_of(config, source, draft)
    tests = list(tests_of(config, source, draft))
    checks = _Checks(draft)
    for test in tests:
        _add_prompts(test, templates, draft)
        for key in test.spec.keys() - _TEST_KEYS:
            draft.note(
                test.where, f"`{key}` of a test", "Nacre has no place for it; a test passes where all assertions do."
            )
        for where, assertion in _assertions(test.spec["assert"], f"{test.where}.assert", config, draft):
            checks.add(where, assertion, test)
    draft.evaluators += checks.evaluators(tests)


def _why(key: str) -> str:
    if key in ("providers", "targets"):
        return (
            "Nacre scores responses that it is given; import the results, or run the system and import its responses."
        )
    return "a setting of promptfoo that Nacre has no counterpart for."


def _add_prompts(test: Test, templates: list[tuple[str, str]], draft: Draft) -> None:
    for label, template in templates:
        try:
            variables = resolved(test.variables)
            prompt = filled(template, variables)
        except TemplateError as error:
            draft.note(test.where, f"the prompt `{label[:NAME_CHARACTERS]}`", str(error))
            continue
        texts = {name: text_of(value) for name, value in variables.items()}
        metadata = dict(test.spec["metadata"] or {})
        if test.spec.get("description"):
            metadata["description"] = test.spec["description"]
        fields = {
            **{
                name: value for name, value in texts.items() if name not in ("prompt", "response", "repeat", "contexts")
            },
            "prompt_id": test.prompt_id,
            "reference": next((texts[name] for name in _REFERENCE_VARS if texts.get(name)), None),
            "metadata": metadata or None,
            **({"template": label} if len(templates) > 1 else {}),
        }
        output = test.spec.get("providerOutput")
        if output is None:
            draft.prompt(prompt, **fields)
        else:
            draft.response(prompt, text_of(output), system=text_of(metadata.get("system")), **fields)


def _assertions(
    asserts: Any, where: str, config: Mapping[str, Any], draft: Draft
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the assertions, those of a set without threshold one by one."""
    for number, written in enumerate(asserts):
        place = f"{where}[{number}]"
        assertion = written
        if isinstance(written, Mapping) and "$ref" in written:
            name = str(written["$ref"]).removeprefix("#/assertionTemplates/")
            assertion = {**(config.get("assertionTemplates") or {}).get(name, {}), **written}
        if not isinstance(assertion, Mapping) or not isinstance(assertion.get("type"), str):
            draft.note(place, f"`{json_text(written)[:NAME_CHARACTERS]}`", "an assertion has a `type`.")
        elif assertion["type"] != "assert-set":
            yield place, assertion
        elif assertion.get("threshold") not in (None, 1):
            draft.note(place, "assert-set with a threshold", "a response passes where all assertions hold, not some.")
        else:
            yield from _assertions(assertion.get("assert") or [], f"{place}.assert", config, draft)


class _Checks:
    """The assertions of all tests, equal ones together."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._found: dict[tuple[str, str], tuple[Condition, dict[str, None]]] = {}
        self._metrics: dict[tuple[str, str], str | None] = {}
        self._of_catalogue: dict[str, dict[str, None]] = {}

    def add(self, where: str, assertion: Mapping[str, Any], test: Test) -> None:
        kind = assertion["type"]
        for key in assertion.keys() - _ASSERT_KEYS - {"$ref"}:
            if key in ("transform", "contextTransform", "config"):
                self._draft.note(where, f"`{key}` of `{kind}`", "Nacre reads the response as it is.")
                return
            self._draft.note(where, f"`{key}` of `{kind}`", "all assertions weigh the same.")
        if kind in CATALOGUE_CHECKS and assertion.get("value") in (None, ""):
            self._of_catalogue.setdefault(kind, {})[test.prompt_id] = None
            return
        try:
            value = _filled(assertion.get("value"), resolved(test.variables))
            condition = condition_of(kind, value)
        except (NotSupported, TemplateError) as error:
            self._draft.note(where, kind, str(error))
            return
        same = (kind, json_text(value))
        self._found.setdefault(same, (condition, {}))[1][test.prompt_id] = None
        self._metrics[same] = text_of(assertion.get("metric"))

    def evaluators(self, tests: list[Test]) -> list[Evaluator]:
        """Return one evaluator per assertion of every test, and one for those that only some tests have."""
        n_tests = len({test.prompt_id for test in tests})
        made: list[Evaluator] = []
        some: list[Condition] = []
        for kind, prompts in self._of_catalogue.items():
            if len(prompts) == n_tests:
                made.append(catalogue_evaluator(CATALOGUE_CHECKS[kind], name=kind))
            else:
                why = f"not every test has it. Add `{CATALOGUE_CHECKS[kind]}` of the catalogue with a slice of them."
                self._draft.note("tests", kind, why)
        for (kind, value), (condition, prompts) in self._found.items():
            metric = self._metrics[kind, value]
            if len(prompts) == n_tests:
                name = self._free_name(metric or f"{kind} {value}", made)
                made.append(Evaluator(name, Criterion(name, f"{kind}: {value}"), condition))
                continue
            some.append(required_where(condition, tuple(prompts)))
            if metric is not None:
                self._draft.note(
                    "tests",
                    f"metric `{metric}`",
                    f"not every test has it, so it is part of the criterion `{TESTS_CRITERION}`.",
                )
        if some:
            description = "The response fulfils the assertions of its test; where a test has none, nothing can fail."
            criterion = Criterion(TESTS_CRITERION, description)
            made.append(Evaluator(TESTS_CRITERION, criterion, some[0] if len(some) == 1 else AllOf(tuple(some))))
        return made

    def _free_name(self, name: str, made: list[Evaluator]) -> str:
        short = name if len(name) <= NAME_CHARACTERS else f"{name[:NAME_CHARACTERS]} {hash_text(name)[:6]}"
        taken = {evaluator.name for evaluator in made}
        return short if short not in taken else f"{short} {hash_text(name, str(len(made)))[:6]}"


def _filled(value: Any, variables: Mapping[str, Any]) -> Any:
    if isinstance(value, str):
        return filled(value, variables)
    return [_filled(part, variables) for part in value] if isinstance(value, list) else value


def _is_config(source: Source) -> bool:
    written = "tests" in source.names or {"prompts", "providers"} <= source.names
    return source.kind in ("yaml", "object") and written


def _write(export: Export) -> Mapping[str, Any]:
    """Return a configuration whose tests hold the prompts and, where there are any, the responses."""
    export.leave(("prompt", "response", "reference", "system", "metadata", "prompt_id"), "A promptfoo test")
    names = ("prompt", "response", "reference", "metadata", "system")
    tests = []
    for prompt, response, reference, metadata, system in zip(*map(export.column, names), strict=True):
        variables = {"prompt": prompt} | ({} if reference is None else {"reference": reference})
        test: dict[str, Any] = {"vars": variables}
        about = dict(metadata) if isinstance(metadata, Mapping) else {} if metadata is None else {"metadata": metadata}
        about |= {} if system is None else {"system": system}
        if about:
            test["metadata"] = about
        if response == "":
            export.note("empty responses", "promptfoo takes an empty `providerOutput` for none, and asks the provider.")
        if any(mark in text for mark in ("{{", "{%", "{#") for text in variables.values()):
            export.note("prompts that hold `{{`, `{%` or `{#`", "promptfoo may read these as templates.")
        if response is not None:
            test["providerOutput"] = response
        tests.append(test)
    return {"description": "Written by Nacre", "prompts": ["{{prompt}}"], "providers": ["echo"], "tests": tests}


PROMPTFOO = Format("promptfoo", _is_config, _read, _write, (".yaml", ".yml"))
