import json

import polars as pl
import pytest

from nacre.data import write
from nacre.errors import IngestError, UnknownFieldError, WorkspaceError
from nacre.loop import predict_source
from planted_projects import KINDS, MAIL, changed, mail, opened, run, write_project


@pytest.fixture(params=KINDS)
def finished(request, tmp_path):
    make, spec = KINDS[request.param]
    path = write_project(tmp_path, spec, make())
    turn = run(path, until="train")
    with opened(path) as (project, recipe):
        yield request.param, project, recipe, turn


def test_predictions_name_what_they_predict(finished):
    kind, project, recipe, _ = finished

    predictions = predict_source(project, recipe)

    expected = {
        "mail": (pl.String, ["p(ham)", "p(spam)"]),
        "posts": (pl.List(pl.String), ["p(drugs)", "p(symptoms)"]),
        "notes": (pl.List(pl.Struct({"start": pl.UInt32, "end": pl.UInt32, "label": pl.String})), []),
    }
    dtype, columns = expected[kind]
    assert predictions.columns == ["uid", "prediction", *columns]
    assert predictions["prediction"].dtype == dtype
    data = project.data.read().collect()
    assert predictions["uid"].to_list() == data["uid"].to_list()
    truth = data[recipe.data.truth].to_list()
    right = [found == true for found, true in zip(predictions["prediction"].to_list(), truth, strict=True)]
    assert sum(right) / len(right) > (0.35 if kind == "notes" else 0.85)  # all spans of a note must be right


def test_new_data_needs_neither_truth_nor_split(finished, tmp_path):
    kind, project, recipe, _ = finished
    make, _ = KINDS[kind]
    known = predict_source(project, recipe)
    path = tmp_path / "new.jsonl"
    write(make().select("id", "text"), path)

    predictions = predict_source(project, recipe, source=path)

    assert predictions.drop("uid").equals(known.drop("uid"))


def test_predictions_leave_in_any_format(finished, tmp_path):
    kind, project, recipe, _ = finished
    predictions = predict_source(project, recipe)

    for suffix in ("parquet", "arrow", "jsonl", "csv"):
        write(predictions, tmp_path / f"predictions.{suffix}")

    assert pl.read_parquet(tmp_path / "predictions.parquet").equals(predictions)
    rows = [json.loads(line) for line in (tmp_path / "predictions.jsonl").read_text().splitlines()]
    assert [row["prediction"] for row in rows] == predictions["prediction"].to_list()
    cells = pl.read_csv(tmp_path / "predictions.csv")["prediction"].to_list()
    assert (cells if kind == "mail" else [json.loads(cell) for cell in cells]) == predictions["prediction"].to_list()


def test_missing_and_odd_texts_get_a_prediction(tmp_path):
    path = write_project(tmp_path, MAIL, mail())
    run(path, until="train")
    odd = [None, "", "   ", "\U0001f4b0" * 10, "x" * 200_000, "lunch\x00coffee"]
    pl.DataFrame({"id": [str(i) for i in range(len(odd))], "text": odd}).write_parquet(tmp_path / "odd.parquet")

    with opened(path) as (project, recipe):
        predictions = predict_source(project, recipe, source=tmp_path / "odd.parquet")

    assert predictions["prediction"].null_count() == 0
    assert predictions.select(pl.sum_horizontal("p(ham)", "p(spam)").is_between(0.999, 1.001).all()).item()


@pytest.mark.parametrize(
    ("frame", "error", "expected"),
    [
        pytest.param({"id": ["a"], "body": ["x"]}, UnknownFieldError, "`text`", id="a field is missing"),
        pytest.param({"text": ["x"]}, UnknownFieldError, "`id`", id="the uid is missing"),
        pytest.param({"id": ["a", "a"], "text": ["x", "y"]}, IngestError, "has too", id="a uid twice"),
    ],
)
def test_new_data_that_does_not_fit(tmp_path, frame, error, expected):
    path = write_project(tmp_path, MAIL, mail())
    run(path, until="train")
    pl.DataFrame(frame).write_parquet(tmp_path / "new.parquet")

    with opened(path) as (project, recipe), pytest.raises(error, match=expected):
        predict_source(project, recipe, source=tmp_path / "new.parquet")


def test_without_a_model_there_is_nothing_to_predict_with(tmp_path):
    path = write_project(tmp_path, MAIL, mail())
    run(path, until="label")

    with opened(path) as (project, recipe), pytest.raises(WorkspaceError, match="no end model yet"):
        predict_source(project, recipe)


def test_no_rows_give_no_predictions(tmp_path):
    path = write_project(tmp_path, MAIL, mail())
    run(path, until="train")
    mail().clear().select("id", "text").write_parquet(tmp_path / "none.parquet")

    with opened(path) as (project, recipe):
        predictions = predict_source(project, recipe, source=tmp_path / "none.parquet")

    assert len(predictions) == 0
    assert predictions.columns == ["uid", "prediction", "p(ham)", "p(spam)"]


def test_models_of_embeddings_predict_new_texts(tmp_path, monkeypatch):
    (tmp_path / "models").mkdir()
    monkeypatch.setenv("NACRE_MODELS", str(tmp_path / "models"))
    model = {"embedding_linear": {"field": "text", "embedding": "tfidf_svd"}}
    path = write_project(tmp_path, changed({**MAIL, "model": model}), mail())
    run(path, until="train")
    mail(100, seed=1).write_parquet(tmp_path / "new.parquet")

    with opened(path) as (project, recipe):
        predictions = predict_source(project, recipe, source=tmp_path / "new.parquet")

    assert (predictions["prediction"] == mail(100, seed=1)["label"]).mean() > 0.8
