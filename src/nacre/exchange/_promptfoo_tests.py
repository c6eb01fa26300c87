"""Prompts and tests of a promptfoo configuration: templates filled in, files beside it read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from nacre._hashing import hash_json
from nacre.errors import IngestError
from nacre.exchange._draft import Draft
from nacre.exchange._shapes import check_shape
from nacre.exchange._source import MAX_YAML, Source
from nacre.exchange._values import object_of, text_of

MAX_TESTS = 1_000_000
_VARIABLE = re.compile(r"\{\{-?\s*([A-Za-z_]\w*(?:\.\w+)*)\s*-?\}\}")
_EXPECTED = re.compile(r"^((?:not-)?[a-z][a-z:-]*)(?:\(([\d.]+)\))?:\s*(.*)$", re.DOTALL)


_TEST = {"assert": [{}], "metadata": {}, "description": str}


class TemplateError(Exception):
    """A template that needs more than values put in."""


@dataclass(frozen=True)
class Test:
    """One test with its variables; variables with several values became several tests.

    Args:
        where: Where it stands.
        spec: The test as written, with what holds for every test.
        variables: Values by name.
    """

    where: str
    spec: Mapping[str, Any]
    variables: Mapping[str, Any]

    @property
    def prompt_id(self) -> str:
        """The same for every prompt template and for the results of the test."""
        return prompt_id_of(self.variables)


def prompt_id_of(variables: Mapping[str, Any]) -> str:
    """Return what identifies a test by its variables; promptfoo parses text that is JSON, so it counts as parsed."""
    return hash_json({str(name): object_of(value) or value for name, value in variables.items()})[:16]


def filled(template: str, variables: Mapping[str, Any]) -> str:
    """Return a template with its variables put in; one that is not there is empty, as in promptfoo.

    Examples:
        >>> filled("Hi {{ name }}{{ mark }}", {"name": "Ada"})
        'Hi Ada'
    """

    def value(found: re.Match[str]) -> str:
        current: Any = variables
        for part in found[1].split("."):
            current = current.get(part) if isinstance(current, Mapping) else None
        return text_of(current) or ""

    if any(mark in _VARIABLE.sub("", template) for mark in ("{{", "{%", "{#")):
        raise TemplateError("its template computes. Write the text with plain `{{variable}}` only.")
    return _VARIABLE.sub(value, template)


def resolved(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return variables with those put in that their texts name; other braces are text."""

    def value(found: re.Match[str]) -> str:
        return text_of(variables[found[1]]) or "" if found[1] in variables else found[0]

    return {name: _VARIABLE.sub(value, text) if isinstance(text, str) else text for name, text in variables.items()}


def prompts_of(config: Mapping[str, Any], source: Source, draft: Draft) -> list[tuple[str, str]]:
    """Return label and template of each prompt."""
    given = config.get("prompts") or ["{{prompt}}"]
    if isinstance(given, Mapping):
        given = [{"raw": path, "label": label} for path, label in given.items()]
    found: list[tuple[str, str]] = []
    for number, prompt in enumerate(given if isinstance(given, list) else [given]):
        where = f"prompts[{number}]"
        if not isinstance(prompt, str | Mapping):
            draft.note(where, f"`{prompt!r:.60}`", "a prompt is a text, or has its text under `raw`.")
            continue
        text = prompt if isinstance(prompt, str) else text_of(prompt.get("raw") or prompt.get("id"))
        label = None if isinstance(prompt, str) else text_of(prompt.get("label"))
        if text is None:
            draft.note(where, "a prompt without text", "write its text under `raw`.")
        elif text.startswith("file://"):
            found += _prompts_in_file(where, text, label, source, draft)
        else:
            found.append((label or text, text))
    return found


def _prompts_in_file(where: str, name: str, label: str | None, source: Source, draft: Draft) -> list[tuple[str, str]]:
    if not name.endswith((".txt", ".md")):
        draft.note(where, f"`{name}`", "prompts come from `.txt` and `.md` files; write this one here.")
        return []
    path = _beside(name, source)
    text = path.read_text(encoding="utf-8")
    parts = [part.strip() for part in re.split(r"^---$", text, flags=re.MULTILINE)]
    return [(label or part, part) for part in parts if part]


def _beside(name: str, source: Source) -> Path:
    """Return a file that the configuration names, which must lie in its folder."""
    folder = source.path.parent.resolve()
    path = (folder / name.removeprefix("file://")).resolve()
    if not path.is_relative_to(folder):
        raise IngestError(f"{source.path} names `{name}`, which is outside its folder. Copy the file beside it.")
    if not path.is_file() or path.stat().st_size > MAX_YAML:
        raise IngestError(f"{source.path} names `{name}`; there is no such file of at most {MAX_YAML:,} bytes there.")
    return path


def tests_of(config: Mapping[str, Any], source: Source, draft: Draft) -> Iterator[Test]:
    """Yield the tests, each with what `defaultTest` gives to all."""
    default = config.get("defaultTest") or {}
    if not isinstance(default, Mapping):
        draft.note("defaultTest", f"`{default}`", "write it here instead of naming a file.")
        default = {}
    check_shape(default, {**_TEST, "vars": {}}, source, "defaultTest")
    n_tests = 0
    for where, spec in _specs(config.get("tests"), source, draft):
        check_shape(spec, _TEST, source, where)
        asserts = [*(default.get("assert") or []), *(spec.get("assert") or [])]
        merged = {**default, **spec, "assert": asserts}
        merged["metadata"] = {**(default.get("metadata") or {}), **(spec.get("metadata") or {})}
        variables = {**(default.get("vars") or {}), **_mapping(spec.get("vars"), where, draft)}
        lists = {name: value for name, value in variables.items() if isinstance(value, list)}
        for values in product(*lists.values()):
            n_tests += 1
            if n_tests > MAX_TESTS:
                raise IngestError(f"{source.path} describes more than {MAX_TESTS:,} tests. Cut it into several files.")
            yield Test(where, merged, {**variables, **dict(zip(lists, values, strict=True))})


def _mapping(value: Any, where: str, draft: Draft) -> Mapping[str, Any]:
    if value is None or isinstance(value, Mapping):
        return value or {}
    draft.note(where, f"vars `{text_of(value)}`", "write the variables here instead of naming a file.")
    return {}


def _specs(tests: Any, source: Source, draft: Draft) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for number, test in enumerate(tests if isinstance(tests, list) else [tests]):
        where = f"tests[{number}]"
        if isinstance(test, Mapping):
            yield where, test
        elif isinstance(test, str):
            yield from _specs_in_file(where, test, source, draft)
        elif test is not None:
            draft.note(where, f"`{test!r}`", "a test is written as `vars:` and `assert:`.")


def _specs_in_file(where: str, name: str, source: Source, draft: Draft) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if not name.lower().endswith((".csv", ".json", ".jsonl", ".yaml", ".yml")):
        draft.note(where, f"`{name}`", "tests come from CSV, JSON, JSON Lines and YAML files; write these here.")
        return
    inner = Source(_beside(name, source))
    if inner.kind == "yaml":
        yield from _specs(inner.document.get("tests"), source, draft)
        return
    for row in inner.rows:
        place = f"{inner.path.name}, {row.where}"
        yield place, row.values if inner.kind == "rows" and "vars" in row.values else _from_table(row.values)


def _from_table(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the test of a CSV row: columns are variables, `__expected` is an assertion."""
    asserts, metadata = [], {}
    for key, value in values.items():
        if value is None or not key.startswith("__"):
            continue
        if key.startswith("__expected"):
            asserts.append(_assertion(str(text_of(value))))
        elif key.startswith("__metadata:"):
            metadata[key.removeprefix("__metadata:")] = value
        elif key == "__description":
            metadata["description"] = value
    variables = {
        key: value for key, value in values.items() if not key.startswith("__") and key not in ("row_id", "uid")
    }
    return {"vars": variables, "assert": asserts, "metadata": metadata}


def _assertion(text: str) -> dict[str, Any]:
    """Return the assertion that a cell writes as `type: value`; text alone must be equal."""
    found = _EXPECTED.match(text)
    if found is None:
        return {"type": "equals", "value": text}
    threshold = {} if found[2] is None else {"threshold": float(found[2])}
    return {"type": found[1], "value": found[3], **threshold}
