"""Chat messages become a prompt and a response."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeGuard

from nacre.exchange._tables import json_text

Note = Callable[[str, str], None]  # what stayed behind, and why
_SYSTEM_ROLES = ("system", "developer")
_TEXT_PARTS = ("text", "input_text", "output_text")


class Conversation(NamedTuple):
    """What was asked, what was answered, and what the system was told before.

    An answer without text, such as a call of a tool, is answered with None.
    """

    prompt: str
    response: str | None
    system_message: str | None
    is_answered: bool


def conversation_of(messages: Sequence[Mapping[str, Any]], note: Note) -> Conversation:
    """Return the last message, where the assistant wrote it, as the response, and what came before as the prompt.

    A single message of the user is the prompt as it is; several become paragraphs that begin with their role.

    Examples:
        >>> messages = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]
        >>> conversation_of(messages, print)
        Conversation(prompt='Hi', response='Hello', system_message=None, is_answered=True)
    """
    told = [message for message in messages if message.get("role") in _SYSTEM_ROLES]
    said = [message for message in messages if message.get("role") not in _SYSTEM_ROLES]
    answered = bool(said) and said[-1].get("role") == "assistant"
    asked = said[:-1] if answered else said
    texts = [content_text(message, note) or "" for message in asked]
    if len(asked) == 1 and asked[0].get("role") == "user":
        prompt = texts[0]
    else:
        prompt = "\n\n".join(f"{message.get('role')}: {text}" for message, text in zip(asked, texts, strict=True))
    system_message = "\n\n".join(content_text(message, note) or "" for message in told) or None
    response = content_text(said[-1], note) if answered else None
    return Conversation(prompt, response, system_message, answered)


def content_text(message: Mapping[str, Any], note: Note) -> str | None:
    """Return the text of a message; parts that are no text are noted."""
    for key in ("tool_calls", "function_call"):
        if message.get(key):
            note(f"`{key}` of a message", "Nacre evaluates what was said, not the tools that were called.")
    content = message.get("content")
    if content is None or isinstance(content, str):
        return content
    if not isinstance(content, list):
        return json_text(content)
    texts = []
    for part in content:
        kind = part.get("type") if isinstance(part, Mapping) else None
        if isinstance(part, str):
            texts.append(part)
        elif kind in _TEXT_PARTS and isinstance(part.get("text"), str):
            texts.append(part["text"])
        else:
            note(f"the `{kind}` part of a message", "only text is evaluated.")
    return "\n".join(texts)


def are_messages(value: Any) -> TypeGuard[list[Mapping[str, Any]]]:
    """Return whether a value is a list of messages."""
    return (
        isinstance(value, list) and bool(value) and all(isinstance(part, Mapping) and "role" in part for part in value)
    )
