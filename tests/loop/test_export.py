import numpy as np
import polars as pl
import pytest

from nacre.data import write
from nacre.errors import UnknownNameError
from nacre.loop import export_frame, export_recipe, read_recipe
from planted_projects import KINDS, MAIL, changed, mail, opened, run, write_project


@pytest.fixture(params=KINDS)
def finished(request, tmp_path):
    make, spec = KINDS[request.param]
    path = write_project(tmp_path, spec, make())
    turn = run(path, until="train")
    with opened(path) as (project, recipe):
        yield request.param, project, recipe, turn


def test_the_training_set_holds_what_the_model_learned_from(finished):
    kind, project, recipe, turn = finished

    frame = export_frame(project, recipe, "training-set")

    assert len(frame) == turn.trained.n_rows
    assert frame["split"].unique().to_list() == ["train"]
    if kind != "notes":
        labels = turn.labels
        places = np.flatnonzero(labels.label_matrix.units["row_id"].is_in(frame["row_id"].implode()).to_numpy())
        names = [f"p({name})" for name in recipe.schema.classes]
        np.testing.assert_allclose(frame.select(names).to_numpy(), labels.proba[places])


def test_votes_are_a_row_each(finished):
    kind, project, recipe, turn = finished

    frame = export_frame(project, recipe, "votes")

    assert len(frame) == turn.labels.label_matrix.votes.nnz
    keys = ["start", "end"] if kind == "notes" else []
    assert frame.columns == ["row_id", "uid", *keys, "function", "vote"]
    votes = {
        "mail": {"ham", "spam"},
        "posts": {"drugs", "not drugs", "symptoms", "not symptoms"},
        "notes": {"O", "drug", "symptom"},
    }
    assert set(frame["vote"]) == votes[kind]
    assert frame["uid"].null_count() == 0


@pytest.mark.parametrize("what", ["training-set", "votes", "data"])
def test_exports_fit_every_format(finished, tmp_path, what):
    _, project, recipe, _ = finished
    frame = export_frame(project, recipe, what)

    for suffix in ("parquet", "csv", "jsonl"):
        write(frame, tmp_path / f"out.{suffix}")

    assert pl.read_parquet(tmp_path / "out.parquet").equals(frame)


def test_a_recipe_survives_its_export(finished, tmp_path):
    _, project, recipe, _ = finished
    path = tmp_path / "exported.yaml"
    path.write_text(export_recipe(project, recipe), encoding="utf-8")

    again = read_recipe(path)

    assert again == recipe
    with opened(path) as (project, _):
        before = len(project.events)
    run(path, until="train")
    with opened(path) as (project, _):
        assert len(project.events) == before


def test_a_recipe_with_every_key_survives_its_export(tmp_path):
    spec = changed(
        MAIL,
        data={"nulls": ["NA"], "format": "csv", "source": "mail.csv"},
        training={"clamp_truth": True},
        label_model={"class_conditional": {"precision": {"prize": 0.9}}},
        functions={"größe": {"label": "ham", "when": {"not": {"keyword": ["text", ["null", "yes", "1e3", ": #"]]}}}},
    )
    spec["label_model"] = {"class_conditional": {"precision": {"prize": 0.9}}}
    mail().write_csv(tmp_path / "mail.csv")
    path = write_project(tmp_path, spec)
    run(path, until="label")
    with opened(path) as (project, recipe):
        path.write_text(export_recipe(project, recipe), encoding="utf-8")

        assert read_recipe(path) == recipe


def test_an_unknown_export(finished):
    _, project, recipe, _ = finished

    with pytest.raises(UnknownNameError, match=r"there are data, recipe, training-set, votes.*Did you mean `votes`"):
        export_frame(project, recipe, "vote")
