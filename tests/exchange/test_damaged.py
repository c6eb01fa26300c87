"""Files that a tool would not write: an import gives what can be read, or says what is wrong; nothing else."""

import json
import random
from pathlib import Path

import pytest
import yaml

from nacre.errors import NacreError
from nacre.exchange import read_evaluation

FILES = Path(__file__).parent / "files"
N_DAMAGES = 40
VALUES = [
    None, 1, -1.5, True, "", [], {}, "x", ["x"], [1], [None], {"a": 1}, {"a": {"b": []}}, [{"a": 1}], "file://a",
    "{{x}}", 10**30, [[1]], "\x00", "^a$",
]  # fmt: skip
CHAT = {
    "messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": [{"type": "text", "text": "Ho"}]}]
}
REQUEST = {"custom_id": "a", "url": "/v1/chat/completions", "body": {"model": "m", "messages": CHAT["messages"][:1]}}
ANSWER = {"custom_id": "a", "response": {"body": {"choices": [{"message": CHAT["messages"][1]}]}}, "error": None}


def documents():
    """Yield name, format and content of what may be damaged."""
    for path in sorted(FILES.iterdir()):
        if path.suffix == ".json":
            yield path.name, read_evaluation(path).format, json.loads(path.read_text())
        elif path.suffix == ".jsonl" and "verdicts" not in path.name:
            rows = [json.loads(line) for line in path.read_text().splitlines()]
            yield path.name, read_evaluation(path).format, rows
        elif path.suffix == ".yaml":
            yield path.name, "promptfoo", yaml.safe_load(path.read_text())
    yield "chat", "openai_chat", [CHAT, CHAT]
    yield "batch", "openai_batch", [REQUEST, {**REQUEST, "custom_id": "b"}]
    yield "answers", "openai_batch", [ANSWER, ANSWER]


def places(value, path=()):
    """Yield the path of every value inside."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in children:
        if key not in ("events", "events_data", "trace", "spans"):
            yield (*path, key)
            yield from places(inner, (*path, key))


def damaged(document, generator):
    """Return a copy in which one place is gone or holds something else."""
    copy = json.loads(json.dumps(document))
    *path, last = generator.choice(list(places(copy)))
    holder = copy
    for key in path:
        holder = holder[key]
    if generator.random() < 0.2:
        del holder[last]
    else:
        holder[last] = json.loads(json.dumps(generator.choice(VALUES)))
    return copy


def imported_or_none(path, format, prompts):
    """Return the import, or None where it was refused; any other error than a refusal goes on."""
    try:
        return read_evaluation(path, format=format, prompts=prompts)
    except NacreError:
        return None


@pytest.mark.parametrize(
    ("name", "format", "document"), list(documents()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_damaged_file_is_read_or_refused_with_a_message(tmp_path, name, format, document):
    generator = random.Random(name)
    asked = tmp_path / "asked.jsonl"
    asked.write_text(json.dumps(REQUEST) + "\n")
    path = tmp_path / "damaged.json"
    n_read = 0

    for _ in range(N_DAMAGES):
        path.write_text(json.dumps(damaged(document, generator)))
        imported = imported_or_none(path, format, asked if name == "answers" else None)
        if imported is not None:
            n_read += 1
            assert imported.responses.height or imported.prompts is not None or imported.evaluators

    assert n_read > 0
