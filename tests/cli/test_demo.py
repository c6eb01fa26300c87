"""`nacre demo`: the loop on real e-mail, twice round."""

from importlib import resources

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

NO_NETWORK = """
import pathlib, socket
connect = socket.socket.connect
def refuse(self, address):
    if self.family != socket.AF_UNIX:
        pathlib.Path({told!r}).write_text(repr(address))
        raise OSError("no network in this test")
    return connect(self, address)
socket.socket.connect = refuse
"""


@pytest.fixture(scope="module", autouse=True)
def corpus():
    path = resources.files("nacre.cli").joinpath("_demo", "free_cash.parquet")
    if not path.is_file():
        pytest.skip("the e-mails of the demo are not built: `make demo` fetches them")


@pytest.fixture
def offline(tmp_path):
    """Return variables that make a process without a network, and the file that tells of attempts to use one."""
    told = tmp_path / "network"
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(NO_NETWORK.format(told=str(told)))
    return {"PYTHONPATH": str(tmp_path / "site")}, told


def accuracy(nacre, iteration, slice_):
    rows = nacre.json("show", "slices", "-i", str(iteration))["slices"]
    return next(row["end_model"]["value"] for row in rows if row["slice"] == slice_)


@pytest.mark.parametrize("installed", [True, False], ids=["with the models at hand", "without any model"])
def test_the_demo_goes_twice_round_without_a_network(nacre, tmp_path, offline, installed):
    environment, told = offline
    if not installed:
        (tmp_path / "models").mkdir()
        environment["NACRE_MODELS"] = str(tmp_path / "models")

    out = nacre("demo", "demo", env=environment)

    assert not told.exists()
    nacre.folder /= "demo"
    report = (nacre.folder / "report.html").read_text(encoding="utf-8")
    notes = [row["note"] for row in nacre.json("show", "iterations")]
    assert notes == ["A dozen rules from an expert's notes", "Causes of error repaired"]
    assert all(f"== {note} ==" in out for note in notes)
    assert notes[1] in report
    assert "https://" not in report.split("<body")[0]
    gains = {name: accuracy(nacre, 2, name) - accuracy(nacre, 1, name) for name in ("all", "newsletters")}
    print(gains)
    assert gains["newsletters"] > 0.1
    assert gains["all"] > 0
    assert accuracy(nacre, 2, "all") > 0.9


def test_the_demo_starts_anew_but_never_over_another_project(nacre):
    (nacre.folder / "other").mkdir()
    (nacre.folder / "other" / "nacre.yaml").write_text("project: other\n")

    assert "holds something else" in nacre("demo", "other", code=1)
    assert (nacre.folder / "other" / "nacre.yaml").read_text() == "project: other\n"
