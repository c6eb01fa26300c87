import json
from pathlib import Path

import polars as pl
import pytest

from nacre.errors import IngestError
from nacre.exchange import read_evaluation, write_evaluation

FILES = Path(__file__).parent / "files"


def written(folder, *rows):
    path = folder / "data.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_a_dataset_gives_prompts_responses_and_references():
    imported = read_evaluation(FILES / "mlflow_dataset.json")

    assert imported.responses.select("prompt", "response", "reference").row(0) == (
        "When does the harbour museum open?",
        "It opens at 10:00, please come by.",
        "10:00",
    )
    assert imported.unsupported == ()


def test_a_result_gives_scores_reasons_and_errors():
    imported = read_evaluation(FILES / "mlflow_results.jsonl")

    scores = imported.scores
    assert imported.responses.get_column("reference").to_list() == ["10:00", "counter"]
    assert {c.name: c.kind for c in imported.criteria} == {
        "polite": "pass_fail",
        "brief": "pass_fail",
        "characters": "number",
    }
    assert scores.of("polite").select("value", "rationale").rows() == [
        (1.0, "looks for please"),
        (0.0, "looks for please"),
    ]
    assert scores.of("characters").select("value", "status", "message").rows() == [
        (34.0, "scored", None),
        (None, "failed", "no answer"),
    ]
    assert {part.what for part in imported.unsupported} >= {"`trace`", "`spans`"}


def test_flattened_columns_are_read(tmp_path):
    path = tmp_path / "flat.csv"
    path.write_text("inputs/question,inputs/style,outputs,expectations/expected_response\nHi?,short,Ho,Hello\n")

    responses = read_evaluation(path).responses

    assert responses.select("prompt", "response", "reference", "style").row(0) == ("Hi?", "Ho", "Hello", "short")


def test_messages_and_answers_of_models_are_read(tmp_path):
    messages = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi"}]
    answer = {"choices": [{"message": {"content": "Hello"}}]}
    path = written(tmp_path, {"inputs": {"messages": messages}, "outputs": answer})

    responses = read_evaluation(path).responses

    assert responses.select("prompt", "response", "system_message").row(0) == ("Hi", "Hello", "Be kind.")


def test_inputs_without_a_prompt_among_them_are_kept_as_json(tmp_path):
    imported = read_evaluation(written(tmp_path, {"inputs": {"a": 1, "b": "x"}, "outputs": {"text": "y", "n": 1}}))

    assert imported.responses.select("prompt", "response").row(0) == ('{"a":1,"b":"x"}', "y")
    assert [part.what for part in imported.unsupported] == ["inputs of several parts", "`n` of the outputs"]


def test_rows_without_outputs_are_prompts(tmp_path):
    imported = read_evaluation(written(tmp_path, {"inputs": {"question": "Q"}, "expectations": {"guidelines": "kind"}}))

    assert imported.responses.is_empty()
    assert imported.prompts.select("prompt", "guidelines").row(0) == ("Q", "kind")


def test_a_row_without_inputs_is_refused(tmp_path):
    path = written(tmp_path, {"inputs": {"question": "Q"}}, {"inputs": None})

    with pytest.raises(IngestError, match=r"line 2, column `inputs`"):
        read_evaluation(path)


@pytest.mark.parametrize("suffix", ["json", "jsonl"])
def test_what_is_written_reads_as_it_was(tmp_path, suffix):
    responses = pl.DataFrame({"prompt": ["Q", "P"], "response": ["A", None], "reference": ["R", None]})
    path = tmp_path / f"data.{suffix}"

    assert write_evaluation(path, responses, format="mlflow") == ()

    again = read_evaluation(path)
    assert again.format == "mlflow"
    assert again.responses.select(responses.columns).rows() == responses.rows()
