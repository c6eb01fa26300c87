"""OpenAI files: chats for fine-tuning, and what goes into a batch and comes out of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nacre.errors import IngestError
from nacre.exchange._draft import Draft
from nacre.exchange._format import Export, Format, required_model
from nacre.exchange._messages import Conversation, are_messages, content_text, conversation_of
from nacre.exchange._source import Row, Source
from nacre.exchange._tables import json_text

CHAT_URL, RESPONSES_URL = "/v1/chat/completions", "/v1/responses"


def _read_chat(source: Source, draft: Draft) -> None:
    for row in source.rows:
        if not are_messages(row.values.get("messages")):
            raise source.error(
                row.where,
                "messages",
                f"found {json_text(row.values.get('messages'))[:80]}, expected a list of messages.",
                'Write each as {"role": "user", "content": "..."}.',
            )
        chat = conversation_of(row.values["messages"], _noting(draft, row.where))
        fields = {key: value for key, value in row.values.items() if key != "messages"}
        if "tools" in fields or "functions" in fields:
            draft.note(row.where, "`tools`", "Nacre evaluates what was said, not the tools that were called.")
        rest = {key: value for key, value in fields.items() if key not in ("tools", "functions", "parallel_tool_calls")}
        _add(draft, chat, rest)


def _add(draft: Draft, chat: Conversation, fields: Mapping[str, Any]) -> None:
    told = {} if chat.system_message is None else {"system_message": chat.system_message}
    if not chat.is_answered:
        draft.prompt(chat.prompt, **{**fields, **told})
    else:
        draft.response(chat.prompt, chat.response, **{**fields, **told})


def _noting(draft: Draft, where: str) -> Any:
    return lambda what, why: draft.note(where, what, why)


def _read_batch(source: Source, draft: Draft) -> None:
    asked = {} if source.prompts is None else _requests(Source(source.prompts), draft)
    answered = False
    for row in source.rows:
        if "body" in row.values:
            chat, model = _request(row, source, draft)
            told = {} if chat.system_message is None else {"system_message": chat.system_message}
            draft.prompt(chat.prompt, prompt_id=_custom_id(row, source), model=model, **told)
            continue
        answered = True
        _add_answer(row, source, draft, asked)
    if answered and source.prompts is None:
        raise IngestError(
            f"{source.path} holds the answers of a batch, but not the prompts. Name the file that was sent in "
            "`prompts=`; its `custom_id` says which prompt an answer belongs to."
        )


def _requests(source: Source, draft: Draft) -> dict[str, Conversation]:
    return {_custom_id(row, source): _request(row, source, draft)[0] for row in source.rows if "body" in row.values}


def _custom_id(row: Row, source: Source) -> str:
    name = row.values.get("custom_id")
    if not isinstance(name, str) or not name:
        raise source.error(
            row.where, "custom_id", f"found {name!r}, expected a text.", "Give every request its own id."
        )
    return name


def _request(row: Row, source: Source, draft: Draft) -> tuple[Conversation, str | None]:
    body, note = row.values["body"], _noting(draft, row.where)
    if not isinstance(body, Mapping):
        raise source.error(row.where, "body", "found no object, expected a request.", "Correct the line.")
    messages = body.get("messages", body.get("input"))
    model = body.get("model")
    if isinstance(messages, str):
        return Conversation(messages, None, body.get("instructions"), False), model
    if not are_messages(messages):
        raise source.error(
            row.where,
            "body",
            f"found a request to {row.values.get('url')} without messages, expected one to {CHAT_URL} or "
            f"{RESPONSES_URL}.",
            "Embeddings and moderations are not evaluated.",
        )
    return conversation_of(messages, note), model


def _add_answer(row: Row, source: Source, draft: Draft, asked: Mapping[str, Conversation]) -> None:
    if source.prompts is None:
        return
    name = _custom_id(row, source)
    if name not in asked:
        raise source.error(
            row.where,
            "custom_id",
            f"found `{name}`, which {source.prompts} does not hold.",
            "Name the file that was sent.",
        )
    response, error = row.values.get("response"), row.values.get("error")
    body = response.get("body") if isinstance(response, Mapping) else None
    text = _answer_text(body, _noting(draft, row.where)) if isinstance(body, Mapping) else None
    failure = _failure(error, body) if text is None else None
    if failure:
        draft.note(row.where, f"error `{failure}`", "the response is missing, and is not counted as a score.")
    chat = asked[name]
    told = {} if chat.system_message is None else {"system_message": chat.system_message}
    model = body.get("model") if isinstance(body, Mapping) else None
    draft.response(chat.prompt, text, prompt_id=name, system=model, **told)


def _answer_text(body: Mapping[str, Any], note: Any) -> str | None:
    choices = body.get("choices")
    if isinstance(choices, list) and choices and isinstance(choices[0], Mapping):
        if len(choices) > 1:
            note("further choices of an answer", "the first is the response; ask for one at a time.")
        message = choices[0].get("message")
        return content_text(message, note) if isinstance(message, Mapping) else None
    said = [part for part in body.get("output") or [] if isinstance(part, Mapping) and part.get("type") == "message"]
    texts = [content_text(part, note) or "" for part in said]
    return "\n".join(texts) if texts else None


def _failure(error: Any, body: Any) -> str:
    for found in (error, body.get("error") if isinstance(body, Mapping) else None):
        if isinstance(found, Mapping):
            return str(found.get("code") or found.get("message") or "unknown")
    return "no text in the answer"


def _messages(export: Export) -> list[list[dict[str, Any]]]:
    told = [[] if text is None else [{"role": "system", "content": text}] for text in export.column("system_message")]
    return [
        [*before, {"role": "user", "content": prompt}]
        for before, prompt in zip(told, export.column("prompt"), strict=True)
    ]


def _write_chat(export: Export) -> list[dict[str, Any]]:
    export.leave(("prompt", "response", "system_message"), "OpenAI chat")
    answers = [[] if text is None else [{"role": "assistant", "content": text}] for text in export.column("response")]
    return [{"messages": [*asked, *answer]} for asked, answer in zip(_messages(export), answers, strict=True)]


def _write_batch(export: Export) -> list[dict[str, Any]]:
    model = required_model(export)
    export.leave(("prompt", "system_message", "prompt_id"), "An OpenAI batch")
    requests: dict[str, dict[str, Any]] = {}
    for name, messages in zip(export.column("prompt_id"), _messages(export), strict=True):
        body = {"model": model, "messages": messages}
        requests.setdefault(name, {"custom_id": name, "method": "POST", "url": CHAT_URL, "body": body})
    return list(requests.values())


OPENAI_CHAT = Format("openai_chat", lambda source: "messages" in source.names, _read_chat, _write_chat, (".jsonl",))
OPENAI_BATCH = Format(
    "openai_batch",
    lambda source: "custom_id" in source.names and bool({"body", "response", "error"} & source.names),
    _read_batch,
    _write_batch,
    (".jsonl",),
)
