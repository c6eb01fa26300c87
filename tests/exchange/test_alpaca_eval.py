import json
from pathlib import Path

import polars as pl
import pytest

from nacre.errors import IngestError
from nacre.exchange import read_evaluation, write_evaluation

FILES = Path(__file__).parent / "files"


def annotations(folder, *rows):
    path = folder / "annotations.json"
    pair = {"instruction": "Q", "output_1": "a", "output_2": "b", "generator_1": "one", "generator_2": "two"}
    path.write_text(json.dumps([{**pair, "annotator": "x", **row} for row in rows]))
    return path


def test_outputs_of_a_model_are_responses_of_a_system():
    imported = read_evaluation(FILES / "alpaca_outputs.json")

    assert imported.format == "alpaca_eval"
    assert imported.responses.select("prompt", "response", "system", "dataset").row(1) == (
        "Where do I buy a ferry ticket?",
        "Ask around.",
        "harbour-2",
        "visitors",
    )


def test_annotations_of_the_tool_are_preferences_for_the_second_output():
    imported = read_evaluation(FILES / "alpaca_annotations.json")

    tool = json.loads((FILES / "alpaca_annotations.json").read_text())
    values = imported.scores.frame.get_column("value").to_list()
    assert imported.criteria[0].kind == "preference"
    assert [None if row["preference"] is None else (row["preference"] - 1) * 2 for row in tool] == values
    assert imported.responses.get_column("system").unique().to_list() == ["harbour-2"]
    assert imported.responses.get_column("compared_system").unique().to_list() == ["harbour-1"]
    assert imported.scores.counts().select("scored", "failed").row(0) == (3, 1)
    won = imported.criteria[0].outcome([value for value in values if value is not None])
    assert won.mean() == pytest.approx(0.5)  # the win rate that the tool printed


def test_zero_is_a_tie_as_in_old_files(tmp_path):
    imported = read_evaluation(annotations(tmp_path, {"preference": 0}, {"preference": 1.5}, {"preference": 2}))

    assert imported.scores.frame.get_column("value").to_list() == [1.0, 1.0, 2.0]


def test_weighted_preferences_are_numbers(tmp_path):
    imported = read_evaluation(annotations(tmp_path, {"preference": 1.2}, {"preference": 2.0}))

    assert imported.criteria[0].kind == "number"
    assert imported.scores.frame.get_column("value").to_list() == pytest.approx([0.2, 1.0])
    assert imported.unsupported[0].what == "preferences between 1 and 2"


def test_several_annotators_score_one_pair(tmp_path):
    rows = [{"preference": 1}, {"preference": 2, "annotator": "y"}, {"preference": 2}]

    imported = read_evaluation(annotations(tmp_path, *rows))

    assert imported.responses.height == 2  # `x` saw the pair twice
    assert imported.scores.evaluators.keys() == {"x", "y"}
    assert {criterion.name for criterion in imported.criteria} == {"preferred"}
    assert imported.scores.of("x").get_column("value").to_list() == [0.0, 2.0]


@pytest.mark.parametrize("preference", [3, -1, "two", True])
def test_a_preference_for_no_output_is_refused(tmp_path, preference):
    path = annotations(tmp_path, {"preference": 1}, {"preference": preference})

    with pytest.raises(IngestError, match=r"row 2, column `preference`: found .* expected 1, 2, 1\.5 or 0"):
        read_evaluation(path)


def test_written_outputs_read_as_they_were(tmp_path):
    responses = pl.DataFrame({"prompt": ["Q", "P"], "response": ["A", "B"], "system": ["s", "s"]})
    path = tmp_path / "outputs.json"

    assert write_evaluation(path, responses, format="alpaca_eval") == ()

    again = read_evaluation(path)
    assert again.format == "alpaca_eval"
    assert again.responses.select(responses.columns).rows() == responses.rows()
