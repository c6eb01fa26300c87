"""MLflow: evaluation datasets, and the table that `mlflow.genai.evaluate` returns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nacre.exchange._draft import Draft
from nacre.exchange._format import Export, Format
from nacre.exchange._messages import are_messages, conversation_of
from nacre.exchange._source import Row, Source
from nacre.exchange._tables import json_text
from nacre.exchange._values import object_of, text_of

_PROMPT_KEYS = ("question", "prompt", "query", "input", "request", "text", "message", "messages")
_RESPONSE_KEYS = ("response", "output", "answer", "content", "text", "result")
_EXPECTATIONS = ("expected_response", "expected_facts", "guidelines", "expected_retrieved_context")
_TRACE = (
    "trace", "spans", "assessments", "trace_metadata", "tags", "state", "request_time", "execution_duration", "source",
    "client_request_id", "request_preview", "response_preview",
)  # fmt: skip
_SUFFIXES = ("value", "rationale", "error_message", "error_code")


def _read(source: Source, draft: Draft) -> None:
    for row in source.rows:
        values = _unflattened(row.values)
        inputs = _parsed(_first(values, ("inputs", "request")))
        if inputs is None:
            raise source.error(row.where, "inputs", "found no value, expected the inputs.", "Fill it.")
        prompt, more = _prompt(inputs, row, draft)
        scored, expected = _assessments(values)
        expected |= dict(object_of(values.get("expectations")) or {})
        response = _response(_parsed(_first(values, ("outputs", "response"))), row, draft)
        fields = {**_fields(values, row, draft), "reference": _reference(values, expected)}
        if _are_texts(more.get("contexts")):
            fields["contexts"] = more.pop("contexts")
        metadata = {**more, **{key: value for key, value in expected.items() if key != "expected_response"}}
        fields["metadata"] = metadata or None
        if response is None and "outputs" not in values and not scored:
            draft.prompt(prompt, **fields)
            continue
        row_id = draft.response(prompt, response, **fields)
        for name, parts in scored.items():
            value = parts.get("value")
            draft.score(
                row_id,
                name,
                value if value is None or isinstance(value, str | bool | int | float) else json_text(value),
                rationale=text_of(parts.get("rationale")),
                error=text_of(parts.get("error_message")) or text_of(parts.get("error_code")),
            )


def _first(values: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((values[name] for name in names if values.get(name) is not None), None)


def _unflattened(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row with `inputs/question` and `expectations/expected_response` as objects again."""
    row = {key: value for key, value in values.items() if not key.startswith(("inputs/", "expectations/"))}
    for top in ("inputs", "expectations"):
        parts = {key.removeprefix(f"{top}/"): value for key, value in values.items() if key.startswith(f"{top}/")}
        if parts:
            row[top] = {key: value for key, value in parts.items() if value is not None}
    return row


def _parsed(value: Any) -> Any:
    found = object_of(value)
    return value if found is None else {key: part for key, part in found.items() if part is not None}


def _prompt(inputs: Any, row: Row, draft: Draft) -> tuple[str, dict[str, Any]]:
    """Return the prompt among the inputs, and the other inputs."""
    if not isinstance(inputs, Mapping):
        return str(text_of(inputs)), {}
    if are_messages(inputs.get("messages")):
        chat = conversation_of(inputs["messages"], lambda what, why: draft.note(row.where, what, why))
        told = {} if chat.system_message is None else {"system_message": chat.system_message}
        return chat.prompt, {**{key: value for key, value in inputs.items() if key != "messages"}, **told}
    name = next((key for key in _PROMPT_KEYS if key in inputs), next(iter(inputs)) if len(inputs) == 1 else None)
    if name is None:
        draft.note(
            row.where, "inputs of several parts", "none is called like a prompt, so all are the prompt, as JSON."
        )
        return json_text(inputs), {}
    return str(text_of(inputs[name])), {key: value for key, value in inputs.items() if key != name}


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


def _response(outputs: Any, row: Row, draft: Draft) -> str | None:
    if not isinstance(outputs, Mapping):
        return text_of(outputs)
    if outputs.get("choices") and isinstance(outputs["choices"], list):
        message = outputs["choices"][0].get("message") or {}
        return text_of(message.get("content"))
    name = next((key for key in _RESPONSE_KEYS if key in outputs), next(iter(outputs)) if len(outputs) == 1 else None)
    if name is None:
        return json_text(outputs)
    for key in outputs.keys() - {name}:
        draft.note(row.where, f"`{key}` of the outputs", f"`{name}` is the response.")
    return text_of(outputs[name])


def _assessments(values: Mapping[str, Any]) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
    """Return what scorers said by name, and what people expected."""
    found: dict[str, dict[str, Any]] = {}
    for key, value in values.items():
        name, slash, part = key.rpartition("/")
        if slash and part in _SUFFIXES:
            found.setdefault(name, {})[part] = value
    listed = values.get("assessments")
    people = {
        str(part.get("assessment_name"))
        for part in (listed if isinstance(listed, list) else [])
        if isinstance(part, Mapping) and part.get("expectation")
    }
    expected = {name for name in found if name in people or name in _EXPECTATIONS}
    values_of = {name: found[name].get("value") for name in found if name in expected}
    return {name: parts for name, parts in found.items() if name not in expected}, values_of


def _reference(values: Mapping[str, Any], expected: Mapping[str, Any]) -> str | None:
    return text_of(expected.get("expected_response", _first(values, ("ground_truth", "targets", "target"))))


def _fields(values: Mapping[str, Any], row: Row, draft: Draft) -> dict[str, Any]:
    """Return the columns that are neither prompt, response, expectation nor score."""
    used = {"inputs", "outputs", "request", "response", "expectations", "ground_truth", "targets", "target"}
    fields = {}
    for key, value in values.items():
        if key in used or key in ("row_id", "uid") or value is None or key.rpartition("/")[2] in _SUFFIXES:
            continue
        if key in _TRACE:
            draft.note(row.where, f"`{key}`", "a record of the trace, which MLflow keeps under `trace_id`.")
        else:
            fields[key] = value
    return fields


def _write(export: Export) -> list[dict[str, Any]]:
    export.leave(("prompt", "response", "reference", "contexts"), "An MLflow dataset")
    names = ("prompt", "response", "reference", "contexts")
    rows = []
    for prompt, response, reference, contexts in zip(*map(export.column, names), strict=True):
        inputs = {"question": prompt} if contexts is None else {"question": prompt, "contexts": contexts}
        row: dict[str, Any] = {"inputs": inputs}
        if export.has_responses:
            row["outputs"] = response
        if reference is not None:
            row["expectations"] = {"expected_response": reference}
        rows.append(row)
    return rows


def _is_mlflow(source: Source) -> bool:
    names = source.names
    is_result = "request" in names and "trace_id" in names
    return is_result or "inputs" in names or any(name.startswith("inputs/") for name in names)


MLFLOW = Format("mlflow", _is_mlflow, _read, _write, (".json", ".jsonl"))
