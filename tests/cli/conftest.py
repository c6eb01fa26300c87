import pytest

from nacre_program import Nacre
from planted_projects import MAIL, mail, write_project


@pytest.fixture(scope="session")
def compiled(tmp_path_factory):
    return tmp_path_factory.mktemp("compiled")


@pytest.fixture
def nacre(tmp_path, compiled):
    """The program in an empty folder."""
    return Nacre(tmp_path, compiled)


@pytest.fixture
def nacre_mail(tmp_path, compiled):
    """The program in a folder with a small project that was never run."""
    write_project(tmp_path, MAIL, mail())
    return Nacre(tmp_path, compiled)


@pytest.fixture(scope="module")
def finished(tmp_path_factory, compiled):
    """The program in a folder with a project that was run; tests only look at it."""
    folder = tmp_path_factory.mktemp("finished")
    write_project(folder, MAIL, mail())
    program = Nacre(folder, compiled)
    program("run", "--note", "first")
    return program
