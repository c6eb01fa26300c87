"""The folder of `nacre demo`: started anew, but never over what the user wrote."""

from importlib import resources

import pytest

from documents import copy_demo
from nacre.cli._demo_command import FILES, RECIPES, _write_project
from nacre.errors import WorkspaceError

DEMO = resources.files("nacre.cli").joinpath("_demo")


@pytest.fixture
def demo(tmp_path):
    """A folder as `nacre demo` leaves it, or nearly so."""
    folder = tmp_path / "demo"
    (folder / ".nacre").mkdir(parents=True)
    (folder / ".nacre" / "kept").touch()
    for name in (*FILES, *RECIPES):
        (folder / name).write_bytes(DEMO.joinpath(name).read_bytes())
    return folder


@pytest.mark.parametrize("name", ["nacre.yaml", "functions.py"])
def test_a_demo_that_was_edited_is_not_overwritten(nacre, demo, name):
    edited = (demo / name).read_text() + "\n# mine\n"
    (demo / name).write_text(edited)

    message = nacre("demo", demo, code=1)

    assert f"whose {name} was edited" in message
    assert "Choose another folder" in message
    assert "--force" in message
    assert (demo / name).read_text() == edited
    assert (demo / ".nacre" / "kept").exists()


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_demo_that_was_not_edited_starts_anew(tmp_path, demo, recipe):
    copy_demo(tmp_path)  # skips where the e-mails are not here
    (demo / "nacre.yaml").write_bytes(DEMO.joinpath(recipe).read_bytes())

    _write_project(demo)

    assert not (demo / ".nacre").exists()
    assert (demo / "nacre.yaml").read_bytes() == DEMO.joinpath(RECIPES[0]).read_bytes()


def test_an_edited_demo_starts_anew_where_that_is_forced(tmp_path, demo):
    copy_demo(tmp_path)
    (demo / "nacre.yaml").write_text("project: free-cash\n")

    _write_project(demo, is_forced=True)

    assert not (demo / ".nacre").exists()
    assert (demo / "nacre.yaml").read_bytes() == DEMO.joinpath(RECIPES[0]).read_bytes()


def test_a_folder_with_something_else_is_never_overwritten(tmp_path):
    (tmp_path / "thesis.tex").touch()

    with pytest.raises(WorkspaceError, match="holds something else"):
        _write_project(tmp_path, is_forced=True)
