import io
import json
import struct
import zipfile
from pathlib import Path

import polars as pl
import pytest

from nacre.errors import IngestError
from nacre.exchange import _archive, read_evaluation

FILES = Path(__file__).parent / "files"


def log(folder, *samples, status="success"):
    path = folder / "log.json"
    path.write_text(json.dumps({"version": 2, "status": status, "eval": {"model": "m"}, "samples": list(samples)}))
    return path


def sample(value, **fields):
    return {
        "id": "a",
        "epoch": 1,
        "input": "Hi",
        "target": "Hello",
        "output": {"choices": [{"message": {"role": "assistant", "content": "Hello"}}]},
        "scores": {"match": {"value": value, "explanation": "because"}},
        **fields,
    }


@pytest.mark.parametrize("suffix", ["json", "eval"])
def test_a_log_gives_responses_and_scores(suffix):
    imported = read_evaluation(FILES / f"inspect.{suffix}")

    row = imported.responses.filter(prompt_id="museum", repeat=0).row(0, named=True)
    assert imported.format == "inspect"
    assert (row["prompt"], row["response"]) == (
        "When does the harbour museum open?",
        "It opens at 10:00, please come by.",
    )
    assert (row["reference"], row["system"], row["topic"]) == ("10:00", "mockllm/model", "hours")
    assert row["system_message"] == "You answer visitors of a harbour town."
    assert imported.responses.select("prompt_id", "repeat").n_unique() == 6
    values = imported.scores.wide().filter(row_id=row["row_id"]).row(0, named=True)
    assert values["includes"] == 1.0
    assert values["brevity"] == pytest.approx(1 / (1 + 34 / 100), abs=1e-4)
    assert values["manners/polite"] == 1.0
    assert {c.name: c.kind for c in imported.criteria} == {
        "includes": "pass_fail",
        "brevity": "number",
        "manners/polite": "pass_fail",
        "manners/complete": "number",
    }


def test_both_kinds_of_logs_say_the_same():
    one, other = (read_evaluation(FILES / f"inspect.{suffix}") for suffix in ("json", "eval"))

    keys = ["prompt_id", "repeat"]
    assert one.responses.drop("row_id", "uid").sort(keys).equals(other.responses.drop("row_id", "uid").sort(keys))
    assert one.scores.wide().drop("row_id").sort(keys).equals(other.scores.wide().drop("row_id").sort(keys))


def test_what_stays_behind_is_listed_by_name():
    found = {part.what: part.n for part in read_evaluation(FILES / "inspect.json").unsupported}

    assert found == {"`results`": 1, "`reductions`": 1, "`events`": 6, "`events_data`": 6, "several targets": 2}


def test_partial_credit_makes_a_scale_of_three(tmp_path):
    values = ["C", "P", "I", "N"]
    path = log(tmp_path, *(sample(value, id=str(number)) for number, value in enumerate(values)))

    imported = read_evaluation(path)

    assert imported.criteria[0].scale.names == ("incorrect", "partly", "correct")
    assert imported.scores.frame.get_column("value").to_list() == [2.0, 1.0, 0.0, 0.0]


def test_failed_samples_are_kept_and_not_scored(tmp_path):
    failed = sample("I", id="b", output={}, error={"message": "no more tokens"})
    path = log(tmp_path, sample("C"), failed, status="error")

    imported = read_evaluation(path)

    assert imported.responses.get_column("response").to_list() == ["Hello", None]
    assert imported.scores.frame.get_column("status").to_list() == ["scored", "failed"]
    assert {part.what for part in imported.unsupported} == {"the run ended as `error`", "error `no more tokens`"}


def test_chats_and_parts_that_are_no_text(tmp_path):
    messages = [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": [{"type": "text", "text": "Look"}, {"type": "image", "image": "data:..."}]},
        {"role": "assistant", "content": "At what?"},
        {"role": "user", "content": "This"},
    ]

    imported = read_evaluation(log(tmp_path, sample("C", input=messages)))

    assert imported.responses.item(0, "prompt") == "user: Look\n\nassistant: At what?\n\nuser: This"
    assert imported.responses.item(0, "system_message") == "Be kind."
    assert [part.what for part in imported.unsupported] == ["the `image` part of a message"]


def test_a_run_that_was_stopped_is_read_from_its_journal(tmp_path):
    path = tmp_path / "stopped.eval"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("_journal/start.json", json.dumps({"version": 2, "eval": {"model": "m"}}))
        archive.writestr("samples/a_epoch_1.json", json.dumps(sample("C")))

    imported = read_evaluation(path)

    assert imported.responses.height == 1
    assert imported.unsupported[0].what == "the run ended as `started`"


def archive_of(members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


@pytest.mark.parametrize("packed_with", ["deflate", "zstandard"])
def test_an_archive_that_unpacks_without_end_is_refused(tmp_path, monkeypatch, packed_with):
    monkeypatch.setattr(_archive, "MAX_MEMBER", 100_000)
    header = json.dumps({"version": 2, "eval": {"model": "m"}, "padding": "x" * 1_000_000})
    path = tmp_path / "bomb.eval"
    path.write_bytes(archive_of({"header.json": header}) if packed_with == "deflate" else zstandard(header.encode()))

    with pytest.raises(IngestError, match="unpacks to more than"):
        read_evaluation(path, format="inspect")


def zstandard(data, crc=0):
    """Return a zip archive with one member that zstandard packed, whose header claims to be small."""
    import pyarrow as pa

    packed = pa.compress(data, codec="zstd", asbytes=True)
    name = b"header.json"
    sizes = struct.pack("<IIIHH", crc, len(packed), 10, len(name), 0)
    local = b"PK\x03\x04" + struct.pack("<HHHHH", 63, 0, 93, 0, 33) + sizes + name
    entry = (
        b"PK\x01\x02"
        + struct.pack("<HHHHHH", 63, 63, 0, 93, 0, 33)
        + sizes
        + struct.pack("<HHHII", 0, 0, 0, 0, 0)
        + name
    )
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(entry), len(local) + len(packed), 0)
    return local + packed + entry + end


@pytest.mark.parametrize("keep", [0.3, 0.9, 0.999])
def test_an_archive_that_was_cut_off_is_refused(tmp_path, keep):
    whole = (FILES / "inspect.eval").read_bytes()
    path = tmp_path / "cut.eval"
    path.write_bytes(whole[: int(len(whole) * keep)])

    with pytest.raises(IngestError, match="cut off"):
        read_evaluation(path)


def test_a_member_whose_checksum_is_wrong_is_refused(tmp_path):
    path = tmp_path / "damaged.eval"
    path.write_bytes(zstandard(b'{"version": 2, "eval": {}}', crc=1))

    with pytest.raises(IngestError, match="checksum"):
        read_evaluation(path)


def test_a_zip_that_is_no_log_is_refused(tmp_path):
    path = tmp_path / "other.zip"
    path.write_bytes(archive_of({"a.txt": "hello"}))

    with pytest.raises(IngestError, match="no format that Nacre knows"):
        read_evaluation(path)


def test_lists_that_a_scorer_gave_are_named(tmp_path):
    imported = read_evaluation(log(tmp_path, sample([1, 2])))

    assert imported.scores is None
    assert imported.unsupported[0].what == "the list that `match` scored"


def test_metadata_of_any_shape_is_kept(tmp_path):
    path = log(
        tmp_path,
        sample("C", metadata={"topic": "a", "n": 1, "deep": {"x": []}}),
        sample("C", id="b", metadata={"topic": 2, "late": None}),
    )

    responses = read_evaluation(path).responses

    assert responses.get_column("topic").to_list() == ["a", "2"]
    assert responses.get_column("n").to_list() == [1, None]
    assert responses.schema["metadata"] == pl.Struct
