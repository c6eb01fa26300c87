"""promptfoo: what `promptfoo eval --output` writes, as JSON, JSON Lines or YAML."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from nacre._hashing import hash_json
from nacre.exchange._draft import Draft
from nacre.exchange._format import Format
from nacre.exchange._messages import are_messages, conversation_of
from nacre.exchange._promptfoo_tests import prompt_id_of
from nacre.exchange._shapes import check_shape
from nacre.exchange._source import Source
from nacre.exchange._values import number_of, text_of

_REFERENCE_VARS = ("reference", "expected", "answer", "gold", "ground_truth", "expected_output")


_RESULT = {
    "prompt": {},
    "vars": {},
    "testCase": {"metadata": {}, "assert": [{}]},
    "response": {},
    "gradingResult": {"componentResults": [{"assertion": {}, "score": float}]},
}


def _is_results(source: Source) -> bool:
    results = source.document.get("results")
    nested = isinstance(results, Mapping) and isinstance(results.get("results"), list)
    return nested or {"gradingResult", "vars", "promptIdx"} <= source.names


def _found(source: Source) -> Iterator[tuple[str, Mapping[str, Any]]]:
    results = source.document.get("results")
    check_shape(source.document, {"results": {"results": [{}]}}, source)
    if not isinstance(results, Mapping):
        for row in source.rows:
            check_shape(row.values, _RESULT, source, row.where)
            yield row.where, row.values
        return
    for number, result in enumerate(results.get("results") or []):
        where = f"results[{number}]"
        check_shape(result or "null", _RESULT, source, where)
        yield where, result


def _read(source: Source, draft: Draft) -> None:
    results = list(_found(source))
    config = source.document.get("config")
    for key in ("scenarios", "redteam", "derivedMetrics", "extensions"):
        if isinstance(config, Mapping) and config.get(key):
            draft.note(f"config.{key}", f"`{key}`", "a setting of promptfoo that Nacre has no counterpart for.")
    labels = {text_of((result.get("prompt") or {}).get("label")) for _, result in results}
    thresholds = _uniform_thresholds(results)
    names = {name for _, result in results for name, _ in _components(result)}
    for where, result in results:
        row_id = _add(where, result, source, draft, has_templates=len(labels) > 1)
        for name, component in _components(result):
            _score(row_id, name, component, draft, thresholds)
        if _has_failed(result):
            _fail(row_id, where, result, draft, names)


def _add(where: str, result: Mapping[str, Any], source: Source, draft: Draft, *, has_templates: bool) -> int:
    prompt = result.get("prompt") or {}
    raw = text_of(prompt.get("raw"))
    if raw is None:
        raise source.error(where, "prompt.raw", "found no value, expected the prompt.", "Export the results again.")
    test = result.get("testCase") or {}
    values = result.get("vars") or {}
    fields = {str(name): text_of(value) for name, value in values.items() if not str(name).startswith("_")}
    metadata = dict(test.get("metadata") or {})
    if test.get("description"):
        metadata["description"] = test["description"]
    response = result.get("response") or {}
    text, told = _as_chat(raw, where, draft)
    row = {
        **{name: value for name, value in fields.items() if name not in ("prompt", "response", "repeat")},
        "prompt_id": prompt_id_of(values) if values else hash_json(raw)[:16],
        "system": _system(result, has_templates=has_templates),
        "reference": next((fields[name] for name in _REFERENCE_VARS if fields.get(name)), None),
        "metadata": metadata or None,
        **({} if told is None else {"system_message": told}),
    }
    return draft.response(text, text_of(response.get("output")), **row)


def _as_chat(raw: str, where: str, draft: Draft) -> tuple[str, str | None]:
    """Return the prompt; one that is a JSON list of messages is read as a chat."""
    if raw.lstrip().startswith("["):
        try:
            messages = orjson.loads(raw)
        except orjson.JSONDecodeError:
            return raw, None
        if are_messages(messages):
            chat = conversation_of(messages, lambda what, why: draft.note(where, what, why))
            return chat.prompt, chat.system_message
    return raw, None


def _system(result: Mapping[str, Any], *, has_templates: bool) -> str | None:
    provider = result.get("provider")
    name = text_of(provider.get("label") or provider.get("id")) if isinstance(provider, Mapping) else text_of(provider)
    label = text_of((result.get("prompt") or {}).get("label"))
    return f"{name} | {label}" if has_templates else name


def _components(result: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the results of single assertions, named by their metric or type; a second of a name is numbered."""
    grading = result.get("gradingResult") or {}
    seen: Counter[str] = Counter()
    named = []
    for component in grading.get("componentResults") or []:
        assertion = component.get("assertion") or {}
        name = str(assertion.get("metric") or assertion.get("type") or "assert-set")
        seen[name] += 1
        named.append((name if seen[name] == 1 else f"{name} {seen[name]}", component))
    return named


def _uniform_thresholds(results: list[tuple[str, Mapping[str, Any]]]) -> dict[str, float | None]:
    found: dict[str, set[Any]] = {}
    for _, result in results:
        for name, component in _components(result):
            found.setdefault(name, set()).add(text_of((component.get("assertion") or {}).get("threshold")))
    same = {name: next(iter(values)) for name, values in found.items() if len(values) == 1}
    return {name: number_of(same.get(name)) for name in found}


def _score(
    row_id: int, name: str, component: Mapping[str, Any], draft: Draft, thresholds: Mapping[str, float | None]
) -> None:
    score, passed = component.get("score"), component.get("pass")
    draft.answers(name, description=_description(component))
    is_graded = isinstance(score, int | float) and score not in (0, 1)
    value = score if is_graded else passed
    if is_graded:
        draft.answers(name).passes = thresholds.get(name)
    draft.score(row_id, name, value, rationale=text_of(component.get("reason")))


def _description(component: Mapping[str, Any]) -> str:
    assertion = component.get("assertion") or {}
    value = text_of(assertion.get("value"))
    return f"{assertion.get('type')}: {value}" if assertion.get("metric") and value else ""


def _has_failed(result: Mapping[str, Any]) -> bool:
    return result.get("failureReason") == 2 or bool(result.get("error") and not result.get("gradingResult"))


def _fail(row_id: int, where: str, result: Mapping[str, Any], draft: Draft, names: set[str]) -> None:
    """Give every assertion of the test that the failed response cannot be scored."""
    message = text_of(result.get("error")) or "The provider failed."
    draft.note(where, f"error `{message[:120]}`", "the response is missing and counts as no score.")
    assertions = (result.get("testCase") or {}).get("assert") or []
    for name, _ in _components({"gradingResult": {"componentResults": [{"assertion": part} for part in assertions]}}):
        if name in names:
            draft.score(row_id, name, None, error=message)


PROMPTFOO_RESULTS = Format("promptfoo_results", _is_results, _read)
