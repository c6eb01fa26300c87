from pathlib import Path

import polars as pl
import pytest

from nacre.errors import IngestError
from nacre.exchange import read_evaluation, write_evaluation

FILES = Path(__file__).parent / "files"
CONTEXTS = ["The museum opens at 10:00.", "It closes at 18:00."]


@pytest.mark.parametrize("suffix", ["json", "jsonl", "csv"])
def test_deepeval_datasets_give_responses_and_goldens_give_prompts(suffix):
    imported = read_evaluation(FILES / f"deepeval.{suffix}")

    assert imported.format == "deepeval"
    assert imported.responses.select("prompt", "response", "reference", "contexts", "context").row(0) == (
        "When does the harbour museum open?",
        "It opens at 10:00.",
        "It opens at 10:00.",
        CONTEXTS,
        ["Opening hours: 10 to 18."],
    )
    assert imported.responses.height == 3
    assert imported.prompts.select("prompt", "reference", "topic").rows() == [
        ("Is there a lift?", "Yes, at the north gate.", "access")
    ]
    assert [part.what for part in imported.unsupported] == ["a row without response"]


def test_a_deepeval_run_gives_scores_with_threshold_reason_and_error():
    imported = read_evaluation(FILES / "deepeval_run.json")

    assert {c.name: c.passes for c in imported.criteria} == {"Brief": 0.5, "Exact Match": 1.0}
    brief = imported.scores.of("Brief").select("value", "status", "rationale", "message").rows()
    assert brief[0] == (pytest.approx(0.7353, abs=1e-4), "scored", "18 characters", None)
    assert brief[2] == (None, "failed", None, "ValueError: no answer to measure")
    assert imported.criteria[0].passed(imported.scores.of("Brief")["value"].to_numpy()).tolist() == [True, False, False]


@pytest.mark.parametrize("suffix", ["jsonl", "csv"])
def test_ragas_datasets_and_results(suffix):
    data = read_evaluation(FILES / f"ragas.{suffix}")
    results = read_evaluation(FILES / f"ragas_results.{suffix}")

    assert data.format == results.format == "ragas"
    assert data.responses.select("prompt", "response", "reference", "contexts").row(0) == (
        "When does the harbour museum open?",
        "It opens at 10:00.",
        "At 10:00.",
        CONTEXTS,
    )
    assert data.scores is None
    wide = results.scores.wide()
    assert wide.get_column("exact_match").to_list() == [0.0, 0.0]
    assert wide.get_column("non_llm_string_similarity").to_list() == pytest.approx([0.4444, 0.2759], abs=1e-4)
    assert "exact_match" not in results.responses.columns


def test_the_older_names_of_ragas_are_read(tmp_path):
    path = tmp_path / "old.jsonl"
    path.write_text('{"question": "Q", "answer": "A", "contexts": ["c"], "ground_truths": ["R", "S"]}\n')

    imported = read_evaluation(path)

    assert imported.format == "ragas"
    assert imported.responses.select("prompt", "response", "reference", "contexts").row(0) == ("Q", "A", "R", ["c"])
    assert imported.unsupported[0].what == "further references"


def test_conversations_are_named_as_unsupported(tmp_path):
    path = tmp_path / "turns.jsonl"
    path.write_text('{"user_input": [{"content": "Hi", "type": "human"}]}\n{"user_input": "Hi", "response": "Ho"}\n')

    imported = read_evaluation(path)

    assert imported.responses.height == 1
    assert imported.unsupported[0].what == "a conversation in `user_input`"


def test_a_row_without_prompt_names_file_row_column_and_remedy(tmp_path):
    path = tmp_path / "cases.jsonl"
    path.write_text('{"input": "Q", "actual_output": "A"}\n{"input": null, "actual_output": "A"}\n')

    with pytest.raises(IngestError, match=r"cases\.jsonl, line 2, column `input`: found no value, expected the prompt"):
        read_evaluation(path)


@pytest.mark.parametrize(
    ("format", "name"),
    [("deepeval", "a.json"), ("deepeval", "a.csv"), ("deepeval", "a.jsonl"), ("ragas", "a.jsonl"), ("ragas", "a.csv")],
)
def test_what_is_written_reads_as_it_was(tmp_path, format, name):
    responses = pl.DataFrame(
        {
            "prompt": ["When?", 'Where,\n"here"?'],
            "response": ["At 10:00.", "yes"],
            "reference": ["10:00", None],
            "contexts": [['it\'s "so"', "b"], None],
        }
    )

    left = write_evaluation(tmp_path / name, responses, format=format)

    again = read_evaluation(tmp_path / name)
    assert left == ()
    assert again.format == format
    assert again.responses.select(responses.columns).rows() == responses.rows()


def test_what_a_tool_cannot_hold_is_told(tmp_path):
    responses = pl.DataFrame({"prompt": ["Q"], "response": ["A"], "topic": ["t"], "contexts": [["a|b"]], "repeat": [3]})

    left = write_evaluation(tmp_path / "a.csv", responses, format="deepeval")

    assert [part.what for part in left] == ["the field `topic`", "the field `repeat`", "contexts that hold `|`"]
