import gzip
import json

import pytest

from nacre.errors import IngestError, UnknownNameError
from nacre.exchange import EXPORT_FORMATS, IMPORT_FORMATS, Unsupported, read_evaluation
from nacre.exchange._draft import Draft


def write(folder, name, data):
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


CASES = {
    "deepeval": ("a.jsonl", '{"input": "Q", "actual_output": "A"}\n'),
    "ragas": ("a.csv", "user_input,response\nQ,A\n"),
    "mlflow": ("a.json", '[{"inputs": {"question": "Q"}, "outputs": "A"}]'),
    "alpaca_eval": ("a.json", '[{"instruction": "Q", "output": "A", "generator": "g"}]'),
    "openai_chat": (
        "a.json",
        '{"messages": [{"role": "user", "content": "Q"}]}\n{"messages": [{"role": "user", "content": "P"}]}\n',
    ),
    "table": ("a.txt", '{"prompt": "Q", "response": "A"}\n{"prompt": "P", "response": "B"}\n'),
    "promptfoo": ("a.json", '{"prompts": ["Q"], "providers": ["echo"], "tests": [{"vars": {}}]}'),
    "promptfoo_results": (
        "a.yaml",
        "results: {results: [{prompt: {raw: Q, label: Q}, response: {output: A}, vars: {}}]}\n",
    ),
    "inspect": ("a.json", '{"version": 2, "status": "success", "eval": {}, "samples": [{"id": 1, "input": "Q"}]}'),
}


@pytest.mark.parametrize("format", CASES)
def test_the_content_tells_the_format(tmp_path, format):
    name, text = CASES[format]

    assert read_evaluation(write(tmp_path, name, text)).format == format


@pytest.mark.parametrize("format", ["deepeval", "mlflow", "inspect"])
def test_files_may_be_packed_with_gzip(tmp_path, format):
    name, text = CASES[format]

    assert read_evaluation(write(tmp_path, f"{name}.gz", gzip.compress(text.encode()))).format == format


def test_every_format_is_named_once():
    assert set(EXPORT_FORMATS) < set(IMPORT_FORMATS)


def test_an_unknown_format_has_a_nearest_name(tmp_path):
    with pytest.raises(UnknownNameError, match="Did you mean `deepeval`"):
        read_evaluation(write(tmp_path, *CASES["deepeval"]), format="deepval")


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("a.json", b"", "holds no data|is empty"),
        ("a.jsonl", b"", "is empty|holds no"),
        ("a.yaml", b"", "is empty"),
        ("a.json", b'{"version": 2, "eval": ', "line 1: this is no JSON"),
        ("a.json", b'{"a": "\xff\xfe"}\n', "this is no JSON"),
        ("a.jsonl", b'{"input": "Q", "actual_output": "\xff"}\n', "line 1: found the byte 0xFF"),
        ("a.jsonl", b'{"input": "Q", "actual_output": "A"}\n\0\n', "line 2: found a NUL byte"),
        ("a.jsonl", b'{"input": "Q", "actual_output": "A"}\n[1]\n', "line 2: found an array"),
        ("a.jsonl", b'{"input": "Q", "input": "P"}\n', "the key occurs twice"),
        ("a.csv", b"user_input,response\nQ,A,B\n", "line 2"),
        ("a.yaml", b"tests: [\n", "no YAML that can be read"),
        ("a.yaml", b"tests: \xff\n", "not UTF-8"),
        ("a.yaml", b"tests: !!python/object/apply:os.system [ls]\n", "no YAML that can be read"),
        ("a.yaml", b"tests: []\ntests: []\n", "the key `tests` occurs twice"),
        ("a.yaml", b"tests: &a [*a]\n", "a part holds itself"),
        ("a.yaml", b"tests: " + b"[" * 5_000 + b"]" * 5_000, "nested too deep"),
        ("a.json", b'{"tests": ' + b"[" * 50_000 + b"]" * 50_000 + b"}", "this is no JSON|nested"),
        ("a.jsonl", b'{"input": ' + b"[" * 100 + b"]" * 100 + b"}\n", "deeper than 50"),
        ("a.bin", b"\x89PNG\r\n", "holds no data that Nacre knows"),
        ("a.json", b'{"foo": 1}', "has `foo`, which is no format that Nacre knows"),
        ("a.json.gz", b"\x1f\x8b\x08\x00broken", "cannot be read"),
    ],
)  # fmt: skip
def test_broken_files_say_what_is_wrong(tmp_path, name, data, why):
    with pytest.raises(IngestError, match=why):
        read_evaluation(write(tmp_path, name, data))


def test_aliases_that_grow_to_gigabytes_are_refused(tmp_path):
    levels = "\n".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 10))
    path = write(tmp_path, "bomb.yaml", f"l0: &l0 [x]\n{levels}\ntests: []\n")

    with pytest.raises(IngestError, match=r"^\S*bomb\.yaml grows to more than"):
        read_evaluation(path)


@pytest.mark.parametrize(("name", "why"), [("missing.json", "There is no file"), ("", "is a folder")])
def test_what_is_no_file_is_refused(tmp_path, name, why):
    with pytest.raises(IngestError, match=why):
        read_evaluation(tmp_path / name)


def test_numbers_that_json_does_not_know_are_read(tmp_path):
    log = {"version": 2, "status": "success", "eval": {}, "samples": []}
    sample = {"id": 1, "input": "Q", "scores": {"a": {"value": float("nan")}, "b": {"value": float("inf")}}}
    path = write(
        tmp_path, "log.json", json.dumps({**log, "samples": [sample, {**sample, "scores": {"b": {"value": 2}}}]})
    )

    scores = read_evaluation(path).scores

    assert scores.of("a").get_column("status").to_list() == ["abstained"]
    assert scores.of("b").select("value", "status").rows() == [(None, "unparsable"), (2.0, "scored")]


def test_a_file_without_anything_to_evaluate_is_refused(tmp_path):
    path = write(tmp_path, "log.json", '{"version": 2, "status": "success", "eval": {}, "samples": []}')

    with pytest.raises(IngestError, match="holds no response and no prompt"):
        read_evaluation(path)


def test_equal_remarks_are_counted_not_repeated():
    draft = Draft("table")
    for number in range(3):
        draft.note(f"row {number}", "`x`", "no place.")

    (note,) = draft.finish().unsupported

    assert note == Unsupported("row 0", "`x`", "no place.", 3)
    assert str(note) == "row 0 (and 2 more): `x`: no place."
