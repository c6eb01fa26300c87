"""The program stopped with Ctrl-C, killed, run twice at once, or in a folder that may only be read."""

import ctypes
import os
import shutil
import signal
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from nacre import workspace
from nacre.data import CHUNK_ROWS
from nacre_program import Nacre
from planted_projects import MAIL, changed, mail, write_project

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.slow,
    pytest.mark.skipif(os.name != "posix", reason="needs signals and permissions of POSIX"),
]

# Without SLOW it is fast: the same function, so that a resumed run finds what was stored.
CODE = """
import os, pathlib, time

def slow(text):
    if os.environ.get("SLOW") and text.startswith("block"):
        pathlib.Path(os.environ["SLOW"]).touch()
        time.sleep(120)
    return "ham" if "lunch" in text else None
"""


def wait_for(condition):
    until = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < until, "the moment to interrupt never came"
        time.sleep(0.01)


def stop(process, signal_number):
    os.killpg(process.pid, signal_number)
    output, errors = process.communicate(timeout=60)
    return process.returncode, output, errors


def processes_of(group):
    """Return the processes of a group that are still there."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, member_of = path.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(member_of) == group and state != "Z":
            found.append(path)
    return found


@pytest.fixture
def blocking(nacre, monkeypatch):
    """A project of two and a half chunks with a function that stops in the second one."""
    frame = pl.concat([mail(1_000)] * 160).with_row_index("n").with_columns(id=pl.format("m{}", "n")).drop("n")
    blocks = pl.col("id") == f"m{CHUNK_ROWS + 100}"
    frame = frame.with_columns(text=pl.when(blocks).then("block " + pl.col("text")).otherwise("text"))
    (nacre.folder / "functions.py").write_text(CODE)
    write_project(nacre.folder, changed(MAIL, functions={"slow": {"code": "functions.py:slow"}}), frame)
    monkeypatch.setenv("SLOW", str(nacre.folder / "in-the-second-chunk"))
    return nacre


def project_state(folder):
    with workspace.open(folder / ".nacre") as opened:
        project = opened.project("mail")
        assert opened.check() == []
        return project.data.read().collect()


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "kill -9"])
def test_applying_functions_goes_on_where_it_stopped(blocking, monkeypatch, signal_number):
    process = blocking.start("run", "--until", "apply")
    wait_for((blocking.folder / "in-the-second-chunk").exists)
    code, output, errors = stop(process, signal_number)

    assert output == ""
    if signal_number == signal.SIGINT:
        assert code == 130
        assert errors.startswith("error: Stopped.")
        assert len(errors.splitlines()) == 1
    wait_for(lambda: not processes_of(process.pid))
    stored = {path: path.stat().st_mtime_ns for path in (blocking.folder / ".nacre" / "columns").rglob("*.arrow")}
    monkeypatch.delenv("SLOW")
    resumed = blocking.json("run", "--until", "apply")
    again = blocking.json("run", "--until", "apply")

    assert len(stored) >= 5  # all functions on the first chunk
    assert {path: path.stat().st_mtime_ns for path in stored} == stored
    assert (resumed["rows"], resumed["functions"]) == (160_000, 5)
    assert resumed["votes"] == again["votes"]
    rows = project_state(blocking.folder)
    assert rows["row_id"].to_list() == list(range(160_000))
    votes = len(rows.filter(pl.col("text").str.contains("lunch")))
    blocking("export", "votes", "-o", "votes.parquet")
    assert len(pl.read_parquet(blocking.folder / "votes.parquet").filter(function="slow")) == votes


def test_workers_end_with_the_program_that_started_them(blocking):
    process = blocking.start("run", "--until", "apply", "--jobs", "2")
    wait_for((blocking.folder / "in-the-second-chunk").exists)

    process.kill()  # it alone: the workers have to notice
    process.communicate(timeout=60)

    wait_for(lambda: not processes_of(process.pid))


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "kill -9"])
def test_an_import_that_is_stopped_leaves_nothing_behind(nacre, signal_number):
    rows = pl.concat([mail(1_000)] * 400).with_row_index("n").with_columns(id=pl.format("m{}", "n")).drop("n")
    rows.write_csv(nacre.folder / "mail.csv")
    write_project(nacre.folder, changed(MAIL, data={"source": "mail.csv"}))
    staging = nacre.folder / ".nacre" / "data" / "mail" / ".staging"

    process = nacre.start("import")
    wait_for(lambda: any(staging.glob("*/part-*")) or process.poll() is not None)
    code, _, errors = stop(process, signal_number)

    assert code == (130 if signal_number == signal.SIGINT else -signal.SIGKILL), errors
    assert "no data yet" in nacre("export", "data", "-o", "data.parquet", code=1)
    assert nacre.json("import")["imported"]["n_added"] == 400_000
    found = project_state(nacre.folder)
    assert found["uid"].to_list() == rows["id"].to_list()
    assert not any(staging.glob("*"))


def test_two_runs_at_once_give_what_one_gives(nacre_mail, finished):
    both = [nacre_mail.start("run", "--json") for _ in range(2)]

    for process in both:
        _, errors = process.communicate(timeout=300)
        assert (process.returncode, errors) == (0, "")

    iterations = nacre_mail.json("show", "iterations")
    expected = finished.json("show", "iterations")
    assert [row["accuracy"] for row in iterations] == [row["accuracy"] for row in expected]
    rows = project_state(nacre_mail.folder)
    assert rows["uid"].to_list() == mail()["id"].to_list()
    assert nacre_mail.json("show", "slices") == finished.json("show", "slices")


def _obey_permissions():
    """Make root a user like any other when it comes to the permissions of files."""
    drop_from_bounding_set, override_permissions = 24, 1
    ctypes.CDLL(None).prctl(drop_from_bounding_set, override_permissions, 0, 0, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="needs capabilities of Linux where tests run as root")
def test_a_folder_that_may_only_be_read(finished, tmp_path):
    folder = tmp_path / "project"
    shutil.copytree(finished.folder, folder, ignore=shutil.ignore_patterns("*-wal", "*-shm"))
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    reader = Nacre(folder, finished.compiled)
    as_user = {"preexec_fn": _obey_permissions if os.getuid() == 0 else None}

    try:
        assert "prize" in reader("show", "functions", **as_user)
        assert "first" in reader("show", "iterations", **as_user)
        assert "400 predictions" in reader("predict", "-o", tmp_path / "predictions.csv", **as_user)
        write_denied = reader("run", **as_user, code=1)
    finally:
        for path in [folder, *folder.rglob("*")]:
            path.chmod(0o755)

    assert "may only be read" in write_denied or "may be written" in write_denied


@pytest.mark.skipif(sys.platform != "linux", reason="needs capabilities of Linux where tests run as root")
def test_a_new_project_in_a_folder_that_may_only_be_read(nacre_mail):
    nacre_mail.folder.chmod(0o555)

    try:
        told = nacre_mail("run", code=1, preexec_fn=_obey_permissions if os.getuid() == 0 else None)
    finally:
        nacre_mail.folder.chmod(0o755)

    assert "Could not make a workspace" in told
