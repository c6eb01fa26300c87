import json

import polars as pl
import pytest

from nacre.errors import IngestError, SpecError
from nacre.exchange import read_evaluation, write_evaluation


def lines(folder, name, *rows):
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def request(name, *messages, url="/v1/chat/completions"):
    return {"custom_id": name, "method": "POST", "url": url, "body": {"model": "m", "messages": list(messages)}}


def answer(name, text):
    body = {"model": "m-1", "choices": [{"message": {"role": "assistant", "content": text}}]}
    return {"id": "batch_req_1", "custom_id": name, "response": {"status_code": 200, "body": body}, "error": None}


USER = {"role": "user", "content": "Hi"}


def test_the_last_assistant_message_is_the_response(tmp_path):
    system = {"role": "system", "content": "Be kind."}
    turns = [USER, {"role": "assistant", "content": "Hello"}, {"role": "user", "content": "Bye"}]
    path = lines(
        tmp_path,
        "chat.jsonl",
        {"messages": [system, USER, {"role": "assistant", "content": "Hello"}], "topic": "greeting"},
        {"messages": [*turns, {"role": "assistant", "content": "Farewell"}]},
        {"messages": turns},
    )

    imported = read_evaluation(path)

    assert imported.format == "openai_chat"
    assert imported.responses.select("prompt", "response", "system_message", "topic").rows() == [
        ("Hi", "Hello", "Be kind.", "greeting"),
        ("user: Hi\n\nassistant: Hello\n\nuser: Bye", "Farewell", None, None),
    ]
    assert imported.prompts.height == 1  # nobody answered the last one


def test_calls_of_tools_and_pictures_are_named(tmp_path):
    picture = {"role": "user", "content": [{"type": "image_url", "image_url": {}}, {"type": "text", "text": "What?"}]}
    call = {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]}

    imported = read_evaluation(lines(tmp_path, "chat.jsonl", {"messages": [picture, call], "tools": []}))

    assert imported.responses.select("prompt", "response").rows() == [("What?", None)]
    assert [part.what for part in imported.unsupported] == [
        "the `image_url` part of a message",
        "`tool_calls` of a message",
        "`tools`",
    ]


def test_messages_that_are_none_name_line_and_remedy(tmp_path):
    path = lines(tmp_path, "chat.jsonl", {"messages": [USER]}, {"messages": "Hi"})

    with pytest.raises(IngestError, match=r"line 2, column `messages`: found Hi, expected a list of messages"):
        read_evaluation(path)


def test_answers_of_a_batch_join_their_prompts(tmp_path):
    asked = lines(tmp_path, "in.jsonl", request("a", USER), request("b", {"role": "user", "content": "Bye"}))
    failed = {"custom_id": "a", "response": None, "error": {"code": "rate_limit", "message": "too many"}}
    path = lines(tmp_path, "out.jsonl", answer("b", "Farewell"), failed)

    imported = read_evaluation(path, prompts=asked)

    assert imported.format == "openai_batch"
    assert imported.responses.select("prompt_id", "prompt", "response", "system").rows() == [
        ("b", "Bye", "Farewell", "m-1"),
        ("a", "Hi", None, None),
    ]
    assert [part.what for part in imported.unsupported] == ["error `rate_limit`"]


def test_the_responses_api_is_read(tmp_path):
    asked = {
        "custom_id": "a",
        "url": "/v1/responses",
        "body": {"model": "m", "input": "Hi", "instructions": "Be kind."},
    }
    said = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hello"}]}
    body = {"model": "m", "output": [{"type": "reasoning"}, said]}
    path = lines(tmp_path, "out.jsonl", {"custom_id": "a", "response": {"status_code": 200, "body": body}})

    responses = read_evaluation(path, prompts=lines(tmp_path, "in.jsonl", asked)).responses

    assert responses.select("prompt", "response", "system_message").row(0) == ("Hi", "Hello", "Be kind.")


def test_answers_without_their_prompts_are_refused(tmp_path):
    with pytest.raises(IngestError, match="Name the file that was sent in `prompts=`"):
        read_evaluation(lines(tmp_path, "out.jsonl", answer("a", "Hello")))


def test_an_answer_to_no_prompt_is_refused(tmp_path):
    asked = lines(tmp_path, "in.jsonl", request("b", USER))

    with pytest.raises(IngestError, match=r"line 1, column `custom_id`: found `a`, which .*in\.jsonl does not hold"):
        read_evaluation(lines(tmp_path, "out.jsonl", answer("a", "Hello")), prompts=asked)


def test_requests_for_embeddings_are_refused(tmp_path):
    path = lines(tmp_path, "in.jsonl", {"custom_id": "a", "url": "/v1/embeddings", "body": {"input": [1]}})

    with pytest.raises(IngestError, match="Embeddings and moderations are not evaluated"):
        read_evaluation(path)


def test_a_written_batch_asks_every_prompt_once_and_comes_back(tmp_path):
    prompts = pl.DataFrame({"prompt": ["Hi", "Hi", "Bye"], "system_message": ["Be kind."] * 3})
    sent = tmp_path / "in.jsonl"

    left = write_evaluation(sent, prompts, format="openai_batch", model="m")

    rows = [json.loads(line) for line in sent.read_text().splitlines()]
    assert left == ()
    assert len(rows) == 2
    assert rows[0]["body"]["messages"] == [{"role": "system", "content": "Be kind."}, USER]
    answers = lines(tmp_path, "out.jsonl", *(answer(row["custom_id"], "ok") for row in rows))
    assert read_evaluation(answers, prompts=sent).responses.get_column("prompt").to_list() == ["Hi", "Bye"]


def test_a_batch_needs_a_model(tmp_path):
    with pytest.raises(SpecError, match="pass `model=`"):
        write_evaluation(tmp_path / "in.jsonl", pl.DataFrame({"prompt": ["Hi"]}), format="openai_batch")


def test_a_written_chat_reads_as_it_was(tmp_path):
    responses = pl.DataFrame({"prompt": ["Hi"], "response": ["Hello"], "system_message": ["Be kind."]})

    assert write_evaluation(tmp_path / "chat.jsonl", responses, format="openai_chat") == ()

    again = read_evaluation(tmp_path / "chat.jsonl").responses
    assert again.select(responses.columns).rows() == responses.rows()
