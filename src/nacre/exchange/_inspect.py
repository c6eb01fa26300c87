"""inspect_ai: logs of runs, as JSON and as `.eval` archives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nacre.exchange._archive import opened_archive
from nacre.exchange._draft import PARTLY, Draft
from nacre.exchange._format import Format
from nacre.exchange._messages import are_messages, content_text, conversation_of
from nacre.exchange._shapes import check_shape
from nacre.exchange._source import Source
from nacre.exchange._tables import json_text
from nacre.exchange._values import text_of

CREDIT = {"C": "correct", "P": PARTLY, "I": "incorrect", "N": "incorrect"}  # N: no answer, which is worth nothing
_HEADERS = ("header.json", "_journal/start.json")  # a run that was stopped has only the second
_READ = {
    "id", "epoch", "input", "target", "output", "scores", "metadata", "messages", "error", "choices", "uuid", "store",
    "model_usage", "role_usage", "started_at", "completed_at", "total_time", "working_time", "error_retries",
    "turn_count",
}  # fmt: skip
_LEFT = {
    "events": "the transcript of a sample; inspect_ai shows it.",
    "events_data": "the transcript of a sample; inspect_ai shows it.",
    "attachments": "texts that the transcript refers to.",
    "files": "files of the sandbox.",
    "sandbox": "the sandbox of a sample.",
    "setup": "the sandbox of a sample.",
    "limit": "the sample was stopped by a limit; its scores are kept.",
}


_SAMPLE = {
    "epoch": float,
    "messages": [{}],
    "metadata": {},
    "output": {"choices": [{"message": {}}]},
    "scores": {},
}


def _is_inspect(source: Source) -> bool:
    if source.kind == "archive":
        with opened_archive(source.path) as archive:
            return any(name in archive.names for name in _HEADERS)
    return {"eval", "status", "version"} <= source.names


def _read(source: Source, draft: Draft) -> None:
    if source.kind != "archive":
        log = source.document
        check_shape(log, {"samples": [_SAMPLE]}, source)
        samples = log.get("samples") or []
        _read_log(log, ((f"samples[{number}]", sample) for number, sample in enumerate(samples)), source, draft)
        return
    with opened_archive(source.path) as archive:
        header = archive.json(next(name for name in _HEADERS if name in archive.names))
        members = [name for name in archive.names if name.startswith("samples/") and name.endswith(".json")]
        _read_log(header, ((name, archive.json(name)) for name in members), source, draft)


def _read_log(log: Any, samples: Iterator[tuple[str, Any]], source: Source, draft: Draft) -> None:
    run = log.get("eval") if isinstance(log, Mapping) else None
    if not isinstance(run, Mapping):
        raise source.error("", "eval", "found no record of the run, expected one.", "Write the log again.")
    status = log.get("status", "started")
    if status != "success":
        draft.note("status", f"the run ended as `{status}`", "the samples that it finished are imported.")
    for key in ("results", "reductions"):
        if log.get(key):
            draft.note(key, f"`{key}`", "means over samples are computed anew, with their intervals.")
    found = False
    for where, sample in samples:
        found = True
        check_shape(sample or "null", _SAMPLE, source, where)
        _add(where, sample, text_of(run.get("model")), source, draft)
    if not found:
        draft.note("samples", "no samples", "the log was written without them (`--no-log-samples`).")


def _add(where: str, sample: Mapping[str, Any], model: str | None, source: Source, draft: Draft) -> None:
    def note(what: str, why: str) -> None:
        draft.note(where, what, why)

    for key in sample.keys() - _READ:
        if sample[key]:
            note(f"`{key}`", _LEFT.get(key, "Nacre has no place for it."))
    prompt, told = _prompt(where, sample, source, note)
    target = sample.get("target")
    if isinstance(target, list) and len(target) > 1:
        note("several targets", "the first is the reference; all are in the field `targets`.")
    row_id = draft.response(
        prompt,
        _response(sample, note),
        prompt_id=text_of(sample.get("id")),
        repeat=max(int(sample.get("epoch") or 1) - 1, 0),
        system=model,
        reference=text_of(target[0] if isinstance(target, list) and target else target) or None,
        targets=target if isinstance(target, list) else None,
        choices=sample.get("choices") or None,
        metadata=sample.get("metadata") or None,
        system_message=told,
    )
    failure = sample.get("error")
    message = text_of(failure.get("message")) if isinstance(failure, Mapping) else text_of(failure)
    for name, score in (sample.get("scores") or {}).items():
        _score(row_id, str(name), score, message, draft, note)
    if message:
        note(f"error `{message[:120]}`", "the sample failed; its response is missing and counts as no score.")


def _prompt(where: str, sample: Mapping[str, Any], source: Source, note: Any) -> tuple[str, str | None]:
    """Return the prompt, and what a system message said."""
    asked = sample.get("input")
    if isinstance(asked, str):
        told = [message for message in sample.get("messages") or [] if message.get("role") == "system"]
        return asked, "\n\n".join(content_text(message, note) or "" for message in told) or None
    if not are_messages(asked):
        raise source.error(where, "input", "found neither text nor messages.", "Write the log again.")
    chat = conversation_of(asked, note)
    return chat.prompt, chat.system_message


def _response(sample: Mapping[str, Any], note: Any) -> str | None:
    """Return the first choice of the output; None where the sample failed."""
    output = sample.get("output") or {}
    choices = output.get("choices") or []
    if not choices:
        return text_of(output.get("completion")) or None
    if len(choices) > 1:
        note("further choices of an output", "the first is the response.")
    message = choices[0].get("message")
    return content_text(message, note) if isinstance(message, Mapping) else None


def _score(row_id: int, name: str, score: Any, failure: str | None, draft: Draft, note: Any) -> None:
    value = score.get("value") if isinstance(score, Mapping) else score
    rationale = text_of(score.get("explanation")) if isinstance(score, Mapping) else None
    if isinstance(value, Mapping):  # a scorer of several things
        for part, inner in value.items():
            _score(row_id, f"{name}/{part}", {"value": inner, "explanation": rationale}, failure, draft, note)
        return
    if isinstance(value, list):
        note(f"the list that `{name}` scored", "a score is one value; name its parts in a dict.")
        return
    draft.score(row_id, name, _answer(value), rationale=rationale, error=failure)


def _answer(value: Any) -> Any:
    if isinstance(value, str) and value in CREDIT:
        return CREDIT[value]
    return value if value is None or isinstance(value, str | bool | int | float) else json_text(value)


INSPECT = Format("inspect", _is_inspect, _read)
