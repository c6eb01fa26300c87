import polars as pl
import pytest

from nacre.data import Dataset
from nacre.errors import SchemaError, UnknownFieldError
from nacre.evaluation import read_responses

ANSWERS = pl.DataFrame({"question": ["a?", "b?", "a?"], "answer": ["1", None, "2"], "topic": ["x", "y", "x"]})
FIELDS = {"prompt": "question", "response": "answer"}


def test_fields_get_the_names_that_evaluators_read_and_others_stay():
    data = read_responses(ANSWERS, fields=FIELDS)

    assert set(data.fields) == {"prompt", "response", "topic", "prompt_id", "repeat"}
    assert data.collect(["response"]).to_series().to_list() == ["1", None, "2"]


def test_equal_prompts_are_repeats_of_one():
    table = read_responses(ANSWERS, fields=FIELDS).collect()

    assert table["repeat"].to_list() == [0, 0, 1]
    assert table["prompt_id"][0] == table["prompt_id"][2] != table["prompt_id"][1]


def test_repeats_are_counted_per_system():
    answers = pl.DataFrame({"prompt": ["a"] * 4, "response": ["r"] * 4, "system": ["v1", "v2", "v1", "v2"]})

    assert read_responses(answers).collect()["repeat"].to_list() == [0, 0, 1, 1]


def test_one_context_is_a_list_of_one_and_a_missing_one_stays_missing():
    answers = pl.DataFrame({"prompt": ["a", "b"], "response": ["r", "s"], "contexts": ["passage", None]})

    assert read_responses(answers).collect()["contexts"].to_list() == [["passage"], None]


def test_the_uid_of_the_data_stays():
    data = Dataset.from_frame(pl.DataFrame({"id": ["p", "q"], "prompt": ["a", "b"], "response": ["r", "s"]}), uid="id")

    assert read_responses(data).collect()["uid"].to_list() == ["p", "q"]


def test_blocks_are_small_and_keep_the_order_of_rows():
    answers = pl.DataFrame({"prompt": [f"p{i}" for i in range(10_000)], "response": ["r"] * 10_000})

    data = read_responses(answers)

    assert [len(chunk.read([])) for chunk in data.chunks] == [128] * 32 + [1_024] * 5 + [784]
    assert data.collect()["row_id"].is_sorted()


@pytest.mark.parametrize(
    ("answers", "fields", "error", "message"),
    [
        ({"question": ["a"], "response": ["r"]}, None, UnknownFieldError, "prompt"),
        ({"prompt": ["a"]}, None, UnknownFieldError, "response"),
        ({"prompt": ["a"], "response": ["r"]}, {"promt": "prompt"}, SchemaError, "Did you mean `prompt`"),
        ({"prompt": ["a"], "response": ["r"]}, {"prompt": "question"}, UnknownFieldError, "question"),
        ({"prompt": ["a", None], "response": ["r", "s"]}, None, SchemaError, "Row 1 has no prompt"),
        ({"prompt": [["a"]], "response": ["r"]}, None, SchemaError, "expected text"),
        ({"prompt": ["a"], "response": ["r"], "contexts": [{"a": 1}]}, None, SchemaError, "a list of texts"),
        ({"prompt": ["a"], "response": ["r"], "prompt_id": [None]}, None, SchemaError, "no `prompt_id`"),
        ({"prompt": ["a"], "response": ["r"], "repeat": ["x"]}, None, SchemaError, "numbers the responses"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_responses_that_cannot_be_read_are_refused(answers, fields, error, message):
    with pytest.raises(error) as caught:
        read_responses(pl.DataFrame(answers), fields=fields)

    assert message in str(caught.value)
