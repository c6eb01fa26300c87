import random
import subprocess
import sys

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from nacre.data import Classes
from nacre.engine import ColumnStore
from nacre.errors import SchemaError, WorkspaceError
from nacre.functions import Keyword, Rule
from nacre.labeling import apply
from nacre.workspace import DirectoryStore, Truth

FRAMES = [
    pytest.param({"value": pl.Series([1, None, -2], dtype=pl.Int16)}, id="classes"),
    pytest.param({"value": [[{"start": 0, "end": 4, "label": 0}], [], None]}, id="spans"),
    pytest.param({"value": [{"present": [0], "absent": []}, None]}, id="several labels"),
    pytest.param({"value": [None, 1], "error": ["TypeError: no", None]}, id="with errors"),
    pytest.param({"value": pl.Series([], dtype=pl.Float32)}, id="empty"),
    pytest.param({"value": pl.Series([[0.5, 1.0]], dtype=pl.Array(pl.Float32, 2))}, id="vectors"),
]


@pytest.mark.parametrize("columns", FRAMES)
def test_frames_come_back_as_they_went_in(workspace, tmp_path, columns):
    frame = pl.DataFrame(columns)
    store: ColumnStore = DirectoryStore(tmp_path / "columns")

    store.put("0af3", frame)
    content = workspace.artifacts.put_frame(frame)

    assert_frame_equal(store.get("0af3"), frame)
    assert_frame_equal(workspace.artifacts.get_frame(content), frame)
    assert workspace.artifacts.put_frame(frame) == content


def test_the_store_keeps_what_was_computed_between_projects(workspace, project, mail):
    project.data.add(mail)
    cash = Rule("cash", Keyword("body", ("free cash",)), label="spam")
    schema = Classes(("ham", "spam"))
    first = apply([cash], project.data.read(), schema, store=project.columns)
    stored = sorted((workspace.path / "columns").rglob("*.arrow"))

    again = apply([cash], project.data.read(), schema, store=workspace.columns)

    assert stored
    assert sorted((workspace.path / "columns").rglob("*.arrow")) == stored
    assert (first.to_dense() == again.to_dense()).all()


@settings(deadline=None)
@given(seed=st.integers(0, 2**32))
def test_a_damaged_column_is_no_column(tmp_path_factory, seed):
    store = DirectoryStore(tmp_path_factory.mktemp("columns"))
    store.put("0af3", pl.DataFrame({"value": [1, 2, None] * 50}))
    (path,) = store._folder.rglob("*.arrow")
    data = bytearray(path.read_bytes())
    randomness = random.Random(seed)
    position = randomness.randrange(len(data))

    data[position] ^= 1 << randomness.randrange(8)
    path.write_bytes(data)
    assert store.get("0af3") is None

    path.write_bytes(data[:position])
    assert store.get("0af3") is None


def test_a_damaged_frame_says_what_to_do(workspace):
    content = workspace.artifacts.put_frame(pl.DataFrame({"a": [1]}))
    (path,) = (workspace.path / "frames").rglob("*.arrow")
    path.write_bytes(b"x")

    with pytest.raises(WorkspaceError, match=r"is damaged.*Restore it from a backup, or make it again"):
        workspace.artifacts.get_frame(content)
    assert workspace.artifacts.put_frame(pl.DataFrame({"a": [1]})) == content
    assert workspace.artifacts.get_frame(content)["a"].to_list() == [1]
    path.unlink()
    with pytest.raises(WorkspaceError, match="is missing"):
        workspace.artifacts.get_frame(content)


def save(folder):
    (folder / "model.json").write_text("{}")
    (folder / "weights").mkdir()
    (folder / "weights" / "a.safetensors").write_bytes(b"\0" * 10)


def test_folders_are_stored_by_content(workspace):
    first, second = workspace.artifacts.put_folder(save), workspace.artifacts.put_folder(save)

    folder = workspace.artifacts.get_folder(first)

    assert first == second == folder.name
    assert (folder / "weights" / "a.safetensors").read_bytes() == b"\0" * 10
    assert not list((workspace.path / "models" / ".staging").glob("*"))


def test_a_damaged_folder_is_refused_and_can_be_stored_again(workspace):
    content = workspace.artifacts.put_folder(save)
    (workspace.path / "models" / content / "model.json").write_text("{ }")

    with pytest.raises(WorkspaceError, match="is damaged"):
        workspace.artifacts.get_folder(content)
    assert workspace.artifacts.put_folder(save) == content
    assert workspace.artifacts.get_folder(content).is_dir()


STORE_MANY = """
import sys
from pathlib import Path
from nacre.workspace._artifacts import Artifacts

artifacts = Artifacts(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for number in range(300):
    content = artifacts.put_folder(lambda folder: (folder / "a.json").write_text(str(number)))
    artifacts.get_folder(content)
"""


def test_processes_that_store_the_same_folders_do_not_disturb_each_other(tmp_path):
    command = [sys.executable, "-c", STORE_MANY, str(tmp_path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen(command, **pipes) for _ in range(4)]

    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    errors = [process.communicate()[1] for process in processes]

    assert errors == [""] * 4
    assert len(list((tmp_path / "models").glob("[!.]*"))) == 300


def test_a_model_that_cannot_be_saved_leaves_nothing(workspace):
    def fail(folder):
        (folder / "model.json").write_text("{}")
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        workspace.artifacts.put_folder(fail)
    assert [path.name for path in (workspace.path / "models").iterdir()] == [".staging"]


def test_training_sets_and_models_are_checked_on_disk(workspace, project):
    frame = pl.DataFrame({"row_id": [0, 1], "ham": [0.2, 0.9], "spam": [0.8, 0.1]})
    training_set = project.training_sets.add("first", frame, recipe={"model": "mean"}, lineage={"data": "abc"})
    project.models.add("linear", save, training_set=training_set.frame, spec={"text_linear": {}})

    assert_frame_equal(project.training_sets.read("first"), frame)
    assert project.training_sets["first"] == training_set
    assert (project.models.folder("linear") / "model.json").is_file()
    assert project.models["linear"].training_set == training_set.frame
    assert workspace.check() == []

    (project.models.folder("linear") / "model.json").unlink()
    assert "is damaged" in workspace.check()[0]


def test_ground_truth_is_frozen_with_its_source(workspace, project):
    project.schema = Classes(("ham", "spam"))
    votes = pl.DataFrame({"row_id": [2, 0, 1], "value": pl.Series([0, 1, None], dtype=pl.Int16)})
    assert project.truth is None

    project.truth = Truth(votes, project.schema, source="column label of mail.parquet")

    assert project.truth.votes.to_dicts() == [{"row_id": 0, "value": 1}, {"row_id": 2, "value": 0}]
    assert project.truth.source == "column label of mail.parquet"
    assert workspace.check() == []


def test_stored_votes_keep_their_meaning(project):
    project.schema = Classes(("ham", "spam"))
    votes = pl.DataFrame({"row_id": [0], "value": pl.Series([1], dtype=pl.Int16)})
    project.truth = Truth(votes, project.schema, source="ann")

    project.schema = Classes(("ham", "spam", "offer"))
    with pytest.raises(SchemaError, match="would change what its stored votes mean"):
        project.schema = Classes(("spam", "ham"))


@pytest.mark.parametrize(
    ("votes", "message"),
    [
        pytest.param({"row_id": [0], "value": ["spam"]}, "needs the columns", id="names instead of codes"),
        pytest.param(
            {"row_id": [0, 0], "value": pl.Series([1, 1], dtype=pl.Int16)}, "more than one ground truth", id="repeated"
        ),
    ],
)
def test_ground_truth_of_another_form_is_refused(votes, message):
    with pytest.raises(SchemaError, match=message):
        Truth(pl.DataFrame(votes), Classes(("ham", "spam")), source="ann")
