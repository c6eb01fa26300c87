import sqlite3

import pytest

import nacre.workspace
from nacre.errors import SpecError, UnknownNameError, WorkspaceError


def test_a_workspace_can_be_opened_again(tmp_path, mail):
    with nacre.workspace.open(tmp_path / "new" / "workspace") as workspace:
        workspace.project("spam").data.add(mail)

    with nacre.workspace.open(tmp_path / "new" / "workspace", create=False) as workspace:
        assert workspace.projects == ("spam",)
        assert len(workspace.project("spam", create=False).data) == 3
        assert workspace.check() == []


def test_a_missing_workspace_or_project_is_made_only_when_wanted(tmp_path, workspace):
    with pytest.raises(WorkspaceError, match=r"no workspace in .*nacre init"):
        nacre.workspace.open(tmp_path / "other", create=False)
    with pytest.raises(UnknownNameError, match="no project `spam`"):
        workspace.project("spam", create=False)
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("name", ["", "../spam", "a/b", ".hidden", "a.", "x" * 101, "a\n"])
def test_names_of_projects_are_names_of_folders(workspace, name):
    with pytest.raises(SpecError, match="is no name for a project"):
        workspace.project(name)


def test_names_of_projects_differ_in_more_than_case(workspace):
    workspace.project("Free cash")

    with pytest.raises(WorkspaceError, match="differs from `free cash` only in its case"):
        workspace.project("free cash")


def test_time_and_user_are_recorded(tmp_path, monkeypatch, project):
    created = project.events[1]
    assert str(created) == "2026-07-01 12:00 ann: create project `spam`"

    monkeypatch.setenv("NACRE_USER", "bob")
    with nacre.workspace.open(tmp_path / "other") as workspace:
        assert workspace.project("spam").events[1].author == "bob"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param("format = 99", r"written by a newer Nacre \(format 99; this one reads up to 1\)", id="newer"),
        pytest.param("format = ", "cannot be read", id="not TOML"),
        pytest.param("", "has no number `format`", id="empty"),
    ],
)
def test_a_workspace_that_this_version_cannot_read_is_refused(workspace, content, message):
    (workspace.path / "workspace.toml").write_text(content)

    with pytest.raises(WorkspaceError, match=message):
        nacre.workspace.open(workspace.path)


def test_a_database_of_a_newer_version_is_refused(workspace):
    with sqlite3.connect(workspace.path / "metadata.db") as connection:
        connection.execute("UPDATE format SET version = 99")
    connection.close()

    with pytest.raises(WorkspaceError, match=r"metadata.db was written by a newer Nacre \(format 99"):
        nacre.workspace.open(workspace.path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"no database at all" * 100, "cannot be read: file is not a database", id="another file"),
        pytest.param(b"", "has no tables of Nacre", id="empty"),
    ],
)
def test_a_damaged_database_is_refused(tmp_path, content, message):
    with nacre.workspace.open(tmp_path / "w") as workspace:
        workspace.project("spam")
    (tmp_path / "w" / "metadata.db").write_bytes(content)

    with pytest.raises(WorkspaceError, match=message):
        nacre.workspace.open(tmp_path / "w")


def test_a_file_in_the_way_is_named(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(WorkspaceError, match="Could not make a workspace in"):
        nacre.workspace.open(tmp_path / "file")


def test_a_failed_change_changes_nothing(project):
    n_events = len(project.events)

    with pytest.raises(SpecError, match="must be JSON"):
        project.settings.put_all({"model": {"a": 1}, "label_model": {1, 2}})

    assert list(project.settings) == []
    assert len(project.events) == n_events


def test_what_a_killed_process_left_is_removed_after_a_day(workspace, monkeypatch):
    workspace.artifacts.put_folder(lambda folder: (folder / "x").write_text(""))
    staging = workspace.path / "models" / ".staging"
    (staging / "left").mkdir()
    (staging / "left" / "content").write_text("")
    (staging / "file").write_text("")

    nacre.workspace.open(workspace.path).close()
    assert len(list(staging.iterdir())) == 2

    monkeypatch.setattr("nacre.workspace._files.ABANDONED_AFTER", -1)
    nacre.workspace.open(workspace.path).close()
    assert list(staging.iterdir()) == []


def test_changes_that_cannot_be_seen_without_writing_are_not_ignored(workspace, monkeypatch):
    (workspace.path / "metadata.db-wal").write_bytes(b"changes")
    monkeypatch.setattr("os.access", lambda *arguments: False)

    with pytest.raises(WorkspaceError, match="Open the workspace once where it may be written"):
        nacre.workspace.open(workspace.path)
