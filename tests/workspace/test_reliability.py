"""Processes that are killed, work at once, or meet a disk that is full or closed."""

import os
import random
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

import polars as pl
import pytest

import nacre.workspace
from nacre.data import CHUNK_ROWS, Classes
from nacre.functions import Code, Keyword, Rule
from nacre.labeling import apply

needs_posix = pytest.mark.skipif(os.name != "posix", reason="needs signals and permissions of POSIX")

PRELUDE = """
import os, signal, sys
import polars as pl
import nacre.workspace
from nacre.errors import WorkspaceError
from nacre.functions import Keyword, Rule
def batch(start, n=10):
    return pl.DataFrame({"uid": [f"u{i}" for i in range(start, start + n)], "x": range(start, start + n)})
workspace = nacre.workspace.open(sys.argv[1], user=sys.argv[2])
project = workspace.project("spam")
"""


def start(script, *arguments):
    code = PRELUDE + textwrap.dedent(script)
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def finish(process):
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    return output


DIE = """
def die(*arguments, **options):
    os.kill(os.getpid(), signal.SIGKILL)
import nacre.workspace._chunk_files as chunk_files, nacre.workspace._data as data, nacre.workspace._files as files
from nacre.workspace._journal import Entry
put = Entry.put
def put_and_die(*arguments, **options):
    put(*arguments, **options)
    die()
"""


@needs_posix
@pytest.mark.parametrize(
    ("point", "n_rows"),
    [
        pytest.param("chunk_files.flush = die", 10, id="while a chunk is written"),
        pytest.param("data.flush_folder = die", 10, id="after the chunks have moved"),
        pytest.param("Entry.put = put_and_die", 10, id="inside the transaction"),
        pytest.param("files.shutil.rmtree = die", 20, id="after the transaction"),
    ],
)
def test_an_import_that_is_killed_is_whole_or_absent(tmp_path, point, n_rows):
    killed = start(f"project.data.add(batch(0))\n{DIE}{point}\nproject.data.add(batch(10))", tmp_path, "ann")
    killed.communicate(timeout=120)
    assert killed.returncode == -signal.SIGKILL

    with nacre.workspace.open(tmp_path) as workspace:
        project = workspace.project("spam")
        assert workspace.check() == []
        assert len(project.data.read().collect()) == n_rows
        assert not list((tmp_path / "data" / "spam" / ".staging").glob("*"))

        rows = pl.DataFrame({"uid": [f"u{i}" for i in range(30)], "x": range(30)})
        project.data.add_new(rows)
        assert project.data.read().collect()["x"].to_list() == list(range(30))
        assert project.data.read().collect()["row_id"].to_list() == list(range(30))
        assert len(list((tmp_path / "data" / "spam").glob("*.arrow"))) == len(project.data.history())


@needs_posix
@pytest.mark.slow
def test_imports_killed_at_random_lose_and_double_nothing(tmp_path):
    randomness = random.Random(0)
    acknowledged = 0
    for _ in range(8):
        process = start(
            """
            while True:
                project.functions.add(Rule("f", Keyword("body", (f"w{len(project.data)}",)), label="spam"))
                print(project.data.add(batch(len(project.data))).n_rows, flush=True)
            """,
            tmp_path,
            "ann",
        )
        first = process.stdout.readline()
        time.sleep(randomness.uniform(0, 0.3))
        process.kill()
        acknowledged = max(map(int, [first, *process.communicate()[0].split()]))

        with nacre.workspace.open(tmp_path) as workspace:
            rows = workspace.project("spam").data.read().collect()
            assert workspace.check() == []
            assert len(rows) in (acknowledged, acknowledged + 10)  # the import in flight, if it was whole
            assert rows["x"].to_list() == rows["row_id"].to_list() == list(range(len(rows)))


@needs_posix
def test_applying_functions_goes_on_after_a_kill(tmp_path):
    rows = pl.DataFrame({"body": ["free cash", "lunch", None] * CHUNK_ROWS})
    (tmp_path / "functions.py").write_text("def cash(body):\n    return 'spam' if 'cash' in body else None\n")
    with nacre.workspace.open(tmp_path / "w") as workspace:
        project = workspace.project("spam")
        project.data.add(rows)
        project.functions.add(Code("cash", f"{tmp_path / 'functions.py'}:cash"))
    script = """
        from nacre.data import Classes
        from nacre.labeling import apply
        class KillAfterTwo:
            chunks = 0
            def start(self, stage, total): ...
            def advance(self, n=1):
                self.chunks += n
                if self.chunks == 2:
                    os.kill(os.getpid(), signal.SIGKILL)
        functions, data = list(project.functions.values()), project.data.read()
        apply(functions, data, Classes(("ham", "spam")), store=workspace.columns, progress=KillAfterTwo())
    """
    killed = start(script, tmp_path / "w", "ann")
    killed.communicate(timeout=120)
    assert killed.returncode == -signal.SIGKILL

    with nacre.workspace.open(tmp_path / "w") as workspace:
        project = workspace.project("spam")
        kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "w" / "columns").rglob("*.arrow")}
        functions, data, schema = list(project.functions.values()), project.data.read(), Classes(("ham", "spam"))
        resumed = apply(functions, data, schema, store=workspace.columns)
        fresh = apply(functions, data, schema)

        assert len(kept) == 2
        assert len(list((tmp_path / "w" / "columns").rglob("*.arrow"))) == 3
        assert {path: path.stat().st_mtime_ns for path in kept} == kept
        assert (resumed.to_dense() == fresh.to_dense()).all()
        assert resumed.errors.equals(fresh.errors)


def test_two_processes_on_one_project_lose_and_double_nothing(tmp_path):
    script = """
        from nacre.data import Classes
        from nacre.labeling import apply
        me = sys.argv[2]
        sys.stdin.readline()
        for turn in range(4):
            rows = pl.DataFrame({"uid": [f"{me}{turn}-{i}" for i in range(20)], "body": ["free cash", "lunch"] * 10})
            project.data.add(rows)
            project.functions[f"{me}{turn}"] = Rule("f", Keyword("body", ("cash",)), label="spam")
            project.functions["shared"] = Rule("f", Keyword("body", (f"{me}{turn}",)), label="spam")
            project.tags.add([f"{me}{turn}-0"], "odd")
            functions = list(project.functions.values())
            apply(functions, project.data.read(), Classes(("ham", "spam")), store=workspace.columns)
    """
    names = ("ann", "bob")
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PRELUDE + textwrap.dedent(script), str(tmp_path), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in names
    ]
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        finish(process)

    with nacre.workspace.open(tmp_path) as workspace:
        project = workspace.project("spam")
        rows = project.data.read().collect()
        assert workspace.check() == []
        assert rows["row_id"].to_list() == list(range(160))
        assert set(rows["uid"]) == {f"{name}{turn}-{i}" for name in names for turn in range(4) for i in range(20)}
        assert set(project.functions) == {"shared", *(f"{name}{turn}" for name in names for turn in range(4))}
        shared = project.functions.history("shared")
        assert [event.before for event in shared] == [None, *(event.after for event in shared[:-1])]
        assert len(shared) == len(project.data.history()) == len(project.events.where(kind="tags")) == 8
        assert [event.id for event in project.events] == list(range(1, len(project.events) + 1))


@needs_posix
def test_a_full_disk_gives_a_clear_error_and_changes_nothing(tmp_path):
    script = """
        import random, resource
        project.data.add(batch(0))
        noise = pl.DataFrame({"uid": ["big"], "text": [random.Random(0).randbytes(400_000).hex()]})
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
        for attempt in (
            lambda: project.data.add(noise),
            lambda: project.training_sets.add("t", noise),
            lambda: workspace.columns.put("0af3", noise),
            lambda: project.settings.put("model", {"text": "x" * 400_000}),
        ):
            try:
                attempt()
            except WorkspaceError as error:
                print(error)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        assert (len(project.data), len(project.training_sets), len(project.settings)) == (10, 0, 0)
        assert workspace.check() == []
        assert project.data.add(noise).n_rows == 11
        assert workspace.check() == []
    """

    messages = finish(start(script, tmp_path, "ann")).splitlines()

    assert len(messages) == 4
    assert all("space" in message for message in messages)


@needs_posix
def test_a_workspace_that_may_only_be_read_can_be_read():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        with nacre.workspace.open(folder / "w", user="ann") as workspace:
            project = workspace.project("spam")
            project.data.add({"uid": ["a"], "body": ["free cash"]})
            project.functions.add(Rule("cash", Keyword("body", ("cash",)), label="spam"))
        paths = [folder / "w", *(folder / "w").rglob("*")]
        for path in paths:
            path.chmod(0o555 if path.is_dir() else 0o444)
        script = """
            workspace.close()
            if os.getuid() == 0:
                os.setuid(65534)
            workspace = nacre.workspace.open(sys.argv[1] + "/w", user="ann")
            project = workspace.project("spam")
            assert (len(project.data), list(project.functions), workspace.check()) == (1, ["cash"], [])
            project.data.read().collect()
            for attempt in (
                lambda: project.data.add({"uid": ["b"]}),
                lambda: project.functions.rename("cash", "x"),
                lambda: workspace.columns.put("0af3", pl.DataFrame({"value": [1]})),
                lambda: workspace.artifacts.put_folder(print),
                lambda: workspace.project("other"),
                lambda: nacre.workspace.open(sys.argv[1] + "/w/new"),
            ):
                try:
                    attempt()
                except WorkspaceError as error:
                    print(error)
        """
        try:
            with tempfile.TemporaryDirectory() as other:
                code = PRELUDE.replace("sys.argv[1]", repr(other)) + textwrap.dedent(script)
                done = subprocess.run(
                    [sys.executable, "-c", code, str(folder), "ann"], capture_output=True, text=True, check=False
                )
        finally:
            for path in paths:
                path.chmod(0o755)

    assert done.returncode == 0, done.stderr
    messages = done.stdout.splitlines()
    assert len(messages) == 6
    assert all("may be written" in message or "may only be read" in message for message in messages)
