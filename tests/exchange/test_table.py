import tempfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nacre.data import Classes, Number
from nacre.errors import IngestError, SchemaError, SpecError, UnknownFieldError, UnknownNameError
from nacre.evaluation import Criterion, Scores, read_responses
from nacre.exchange import read_evaluation, write_evaluation

SUFFIXES = ("csv", "jsonl", "json", "parquet")
RESPONSES = pl.DataFrame(
    {
        "prompt": ["Hi", "Hi", "Bye"],
        "response": ["Hello", None, "=1+1"],
        "contexts": [["a", "b"], None, ["c"]],
        "metadata": [{"n": 1}, {"n": 2}, None],
        "topic": ["x", None, "y"],
    }
)
CRITERIA = (
    Criterion("polite"),
    Criterion("grade", scale=Classes(("poor", "fair", "good"), ordered=True)),
    Criterion("length", scale=Number(0, 100)),
)


def scores_of(responses):
    rows = [
        (0, "polite", "polite", "pass", "says hello"),
        (1, "polite", "polite", None, None),
        (2, "polite", "polite", "maybe", None),
        (0, "expert", "grade", "good", None),
        (2, "expert", "grade", "poor", "says\nnothing"),
        (0, "length", "length", 5.0, None),
    ]
    frame = pl.DataFrame(
        {
            "row_id": [row[0] for row in rows],
            "evaluator": [row[1] for row in rows],
            "criterion": [row[2] for row in rows],
            "rationale": [row[4] for row in rows],
        }
    )
    parts = []
    for name in ("polite", "expert", "length"):
        answers = [row[3] for row in rows if row[1] == name]
        part = frame.filter(evaluator=name).with_columns(score=pl.Series(answers))
        criterion = next(c for c in CRITERIA if c.name == part.item(0, "criterion"))
        parts.append(Scores.from_frame(part, [criterion], responses=responses).frame)
    return Scores(pl.concat(parts), CRITERIA, dict.fromkeys(("polite", "expert", "length"), ""))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_responses_and_scores_come_back_as_they_were(tmp_path, suffix):
    responses = read_responses(RESPONSES).collect()
    scores = scores_of(responses)
    path = tmp_path / f"run.{suffix}"

    left = write_evaluation(path, responses, scores)

    again = read_evaluation(path, criteria=CRITERIA)
    assert left == ()
    assert again.format == "table"
    assert again.responses.select(RESPONSES.columns).rows() == RESPONSES.rows()
    assert again.scores.wide().equals(scores.wide())
    columns = ["row_id", "evaluator", "criterion", "value", "status", "rationale"]
    assert again.scores.frame.select(columns).rows() == scores.frame.select(columns).rows()


def test_words_in_no_known_order_are_named_and_not_guessed(tmp_path):
    path = tmp_path / "run.csv"
    path.write_text("prompt,response,mood/score,polite/score\nHi,Ho,grim,pass\nHi,Ha,merry,fail\n")

    imported = read_evaluation(path)

    assert [criterion.name for criterion in imported.criteria] == ["polite"]
    assert imported.unsupported[0].what == "mood"
    assert "Name the criterion with its scale" in imported.unsupported[0].why


def test_columns_of_other_names_are_mapped(tmp_path):
    path = tmp_path / "run.csv"
    path.write_text("question,answer,gold\nQ,A,G\n")

    imported = read_evaluation(path, fields={"prompt": "question", "response": "answer", "reference": "gold"})

    assert imported.responses.select("prompt", "response", "reference").row(0) == ("Q", "A", "G")


def test_a_column_that_is_not_there_is_named(tmp_path):
    path = tmp_path / "run.csv"
    path.write_text("question,answer\nQ,A\n")

    with pytest.raises(UnknownFieldError, match="Did you mean `question`"):
        read_evaluation(path, fields={"prompt": "questoin", "response": "answer"})


def test_prompts_alone_are_reference_prompts(tmp_path):
    path = tmp_path / "prompts.jsonl"
    path.write_text('{"prompt": "Q", "reference": "A", "topic": "t"}\n')

    imported = read_evaluation(path)

    assert imported.responses.is_empty()
    assert imported.prompts.select("prompt", "reference", "topic").row(0) == ("Q", "A", "t")


def test_bad_rows_go_to_a_file_of_their_own(tmp_path):
    path = tmp_path / "run.csv"
    path.write_text("prompt,response,n\n" + "Q,A,1\n" * 20 + "P,B,two\n")

    with pytest.raises(IngestError, match=r"line 22, column `n`"):
        read_evaluation(path)
    with pytest.warns(UserWarning, match="1 of 21 rows were refused"):
        imported = read_evaluation(path, refused=tmp_path / "refused.jsonl")

    assert imported.responses.height == 20


def test_a_file_that_is_there_is_replaced_only_by_force(tmp_path):
    path = tmp_path / "run.csv"
    path.write_text("mine")

    with pytest.raises(SchemaError, match="pass `force=True`"):
        write_evaluation(path, RESPONSES)

    assert path.read_text() == "mine"
    write_evaluation(path, RESPONSES, force=True)
    assert path.read_text().startswith("prompt,")
    assert sorted(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("format", "name", "error", "why"),
    [
        ("table", "run.txt", SpecError, r"written to \.jsonl or \.csv"),
        ("promptfoo", "run.csv", SpecError, r"\.yaml"),
        ("inspect", "run.json", UnknownNameError, "There is no export format `inspect`"),
    ],
)
def test_formats_and_suffixes_that_do_not_fit_are_refused(tmp_path, format, name, error, why):
    with pytest.raises(error, match=why):
        write_evaluation(tmp_path / name, RESPONSES, format=format)


def test_scores_of_other_responses_are_refused(tmp_path):
    responses = read_responses(RESPONSES).collect()

    with pytest.raises(SchemaError, match="The scores name the response 2, which is not among the 2 responses"):
        write_evaluation(tmp_path / "run.csv", responses.head(2), scores_of(responses))


def test_scores_that_a_format_cannot_hold_are_named(tmp_path):
    responses = read_responses(RESPONSES).collect()

    left = write_evaluation(tmp_path / "run.jsonl", responses, scores_of(responses), format="ragas")

    assert {"the scores of `polite`", "the scores of `expert`", "the scores of `length`"} <= {
        part.what for part in left
    }


texts = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0\r"), min_size=1, max_size=20)


@given(
    rows=st.lists(st.tuples(texts, texts), min_size=1, max_size=5),
    format=st.sampled_from(["table", "deepeval", "ragas", "mlflow", "alpaca_eval", "openai_chat"]),
)
def test_texts_of_any_kind_survive_json(rows, format):
    responses = pl.DataFrame(rows, schema=["prompt", "response"], orient="row")
    suffix = ".json" if format in ("deepeval", "alpaca_eval", "mlflow") else ".jsonl"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"run{suffix}"
        write_evaluation(path, responses, format=format)
        again = read_evaluation(path, format=format).responses

    assert again.select("prompt", "response").rows() == rows
