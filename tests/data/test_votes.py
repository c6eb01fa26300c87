import polars as pl
import pytest

from datasets import dataset
from nacre.data import Dataset, read, read_votes
from nacre.errors import IngestError, UnknownFieldError


def test_votes_keep_repeated_answers(tmp_path):
    path = tmp_path / "votes.csv"
    path.write_text("q,who,answer,at,why\n1,ann,yes,2026-01-31T10:00,sure\n1,ann,no,2026-01-31T11:00,\n")

    votes = read_votes(path, row="q", annotator="who", label="answer", time="at", explanation="why")

    assert votes.select("uid", "annotator", "label", "explanation").rows() == [
        ("1", "ann", "yes", "sure"),
        ("1", "ann", "no", None),
    ]
    assert votes.schema["time"] == pl.Datetime("us")


@pytest.mark.parametrize(
    ("answers", "error", "message"),
    [
        pytest.param(
            {"item": ["a"], "worker": [None], "label": ["x"]}, IngestError, "row 1, column `worker`", id="no one"
        ),
        pytest.param({"item": ["a"], "worker": ["w"]}, UnknownFieldError, "no field `label`", id="no column"),
        pytest.param({"item": ["z"], "worker": ["w"], "label": ["x"]}, IngestError, "1 voted data points", id="no row"),
    ],
)
def test_votes_that_cannot_be_used_are_refused(answers, error, message):
    data = Dataset.from_frame(pl.DataFrame({"uid": ["a"]}))

    with pytest.raises(error, match=message):
        read_votes(answers, data=data)


def test_votes_may_name_data_points_in_a_column_called_uid():
    votes = read_votes({"uid": [1, 1], "worker": ["a", "b"], "label": ["x", "y"]}, row="uid")

    assert votes.get_column("uid").to_list() == ["1", "1"]


def test_crowd_votes_are_read_whole():
    votes = read_votes(dataset("crowd_adult2") / "annotations.parquet")

    assert len(votes) == 92_721
    assert votes.unique(["uid", "annotator"]).height == 89_799


def test_crowd_votes_find_their_texts():
    folder = dataset("crowd_snow_rte")
    data = read(folder / "items.parquet", uid="item")

    votes = read_votes(folder / "annotations.parquet", data=data)

    assert votes.columns == ["row_id", "uid", "annotator", "label"]
    assert votes.group_by("row_id").len().get_column("len").unique().to_list() == [10]


def test_votes_without_an_answer_are_refused_into_a_file(tmp_path):
    answers = {"item": ["a", "a", "b"], "worker": ["v", "w", "v"], "label": ["x", "", "y"]}

    with pytest.warns(UserWarning, match="1 of 3 rows were refused"):
        votes = read_votes(answers, refused=tmp_path / "refused.jsonl")

    assert votes.rows() == [("a", "v", "x"), ("b", "v", "y")]
    assert '"column":"label"' in (tmp_path / "refused.jsonl").read_text()
