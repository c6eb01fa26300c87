import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import polars as pl
import pytest

from nacre.data import Classes, Dataset
from nacre.engine import Column, Derived, MemoryStore, compute_columns
from nacre.errors import CancelledError
from nacre.functions import Code, Context, Keyword, Rule
from nacre.labeling import apply

SCHEMA = Classes(("ham", "spam"))
FUNCTIONS = textwrap.dedent(
    """
    import os

    def cash(text):
        if text == "error":
            raise ValueError("no such mail")
        if text == "die":
            os._exit(3)
        return "spam" if "cash" in text else None

    def wrong(text):
        return "spma" if "cash" in text else "ham"

    def leaves(text):
        return "ham" if text == "lunch" else None
    """
)


class CountingStore(MemoryStore):
    """A store that counts what is asked of it and put into it."""

    def __init__(self):
        super().__init__()
        self.n_puts = 0

    def put(self, key, frame):
        self.n_puts += 1
        super().put(key, frame)


@pytest.fixture
def context(tmp_path):
    (tmp_path / "functions.py").write_text(FUNCTIONS)
    return Context(folder=tmp_path)


def mail(n_chunks=3, texts=("free cash", "lunch", "error", "cash")):
    """Return a dataset of several chunks, each holding the texts and one of its own: equal chunks share a result."""
    rows = [(chunk * 65_536 + i, text) for chunk in range(n_chunks) for i, text in enumerate((*texts, f"mail {chunk}"))]
    return Dataset.from_frame(pl.DataFrame(rows, schema=["row_id", "text"], orient="row"))


def functions(*names):
    return [Code(name, f"functions.py:{name}") for name in names]


def test_worker_processes_give_what_this_process_gives(context):
    texts = ["free cash", "lunch", "error", "cash", "x"] * 200
    data = mail(2, texts)
    voters = [*functions("cash", "wrong"), Rule("rule", Keyword("text", "cash"), label="spam")]

    here = apply(voters, data, SCHEMA, context=context)
    there = apply(voters, data, SCHEMA, context=context, n_jobs=2)

    assert (there.to_dense() == here.to_dense()).all()
    assert there.errors.equals(here.errors)
    assert len(here.errors) == 400 + 800
    assert "ValueError: no such mail" in here.errors["message"].to_list()


@pytest.mark.slow
def test_a_row_that_kills_its_process_gets_an_error_and_the_others_survive(context):
    texts = ["cash", "die", "lunch"]

    label_matrix = apply(functions("cash"), mail(1, texts), SCHEMA, context=context, n_jobs=2)

    assert label_matrix.to_dense()[:, 0].tolist() == [1, -1, -1, -1]
    assert label_matrix.errors.rows() == [("cash", 1, "The worker process died on this row.")]


def test_a_file_that_cannot_be_imported_stops_a_worker_with_its_reason(context):
    (context.folder / "functions.py").write_text("import no_such_package\ndef cash(text): return None\n")

    with pytest.raises(ValueError, match="no_such_package"):
        apply(functions("cash"), mail(1), SCHEMA, context=context, n_jobs=2)


def test_only_what_changed_is_computed_again():
    store, data = CountingStore(), mail()
    rules = [Rule(f"r{i}", Keyword("text", word), label="spam") for i, word in enumerate(("cash", "free", "lunch"))]
    apply(rules, data, SCHEMA, store=store)
    assert store.n_puts == 9

    apply([*rules[:2], Rule("r2", Keyword("text", "dinner"), label="spam")], data, SCHEMA, store=store)

    assert store.n_puts == 12


def test_a_new_field_invalidates_nothing_and_new_rows_only_their_chunk():
    store, data = CountingStore(), mail()
    rule = Rule("r", Keyword("text", "cash"), label="spam")
    apply([rule], data, SCHEMA, store=store)

    apply([rule], data.with_column(pl.Series("tag", ["x"] * len(data))), SCHEMA, store=store)
    assert store.n_puts == 3
    more = pl.concat([data.collect(["row_id", "text"]), pl.DataFrame({"row_id": [2 * 65_536 + 9], "text": ["cash"]})])
    apply([rule], more, SCHEMA, store=store)

    assert store.n_puts == 4


def test_stored_errors_are_tried_again_only_when_asked(context):
    store, data = CountingStore(), mail()
    apply(functions("cash", "leaves"), data, SCHEMA, store=store, context=context)
    assert store.n_puts == 6

    apply(functions("cash", "leaves"), data, SCHEMA, store=store, context=context)
    assert store.n_puts == 6
    again = apply(functions("cash", "leaves"), data, SCHEMA, store=store, context=context, retry_errors=True)

    assert store.n_puts == 9
    assert again.errors["row_id"].to_list() == [2, 65_538, 131_074]


class CancelAfter:
    """A progress that stops the work after some chunks."""

    def __init__(self, n_chunks):
        self.left = n_chunks

    def start(self, stage, total):
        pass

    def advance(self, n=1):
        self.left -= n
        if self.left <= 0:
            raise CancelledError("stopped")


def test_cancelling_keeps_the_chunks_that_are_done(context):
    store, data = CountingStore(), mail(4)

    with pytest.raises(CancelledError):
        apply(functions("cash"), data, SCHEMA, store=store, context=context, progress=CancelAfter(2))
    assert store.n_puts == 2
    resumed = apply(functions("cash"), data, SCHEMA, store=store, context=context)

    assert store.n_puts == 4
    assert (resumed.to_dense() == apply(functions("cash"), data, SCHEMA, context=context).to_dense()).all()


def test_a_derived_column_is_made_once_and_kept():
    calls = []

    def compute(texts):
        calls.append(len(texts))
        return texts.str.len_chars()

    store, data = MemoryStore(), mail(2)
    derived = {"length": Derived("v1", compute)}
    columns = [
        Column("a", ("text@length",), expr=pl.col("text@length") > 4),
        Column("b", ("text@length", "text"), expr=pl.col("text@length") < 9),
    ]

    first = [chunk.frames for chunk in compute_columns(columns, data, store=store, derived=derived)]
    columns[1] = Column("c", ("text@length",), expr=pl.col("text@length") < 6)
    list(compute_columns(columns, data, store=store, derived=derived))

    assert calls == [5, 5]
    assert first[0][0]["value"].to_list() == [True, True, True, False, True]


SCRIPT = """
import sys, time
from pathlib import Path
import polars as pl
from nacre.data import Classes, Dataset
from nacre.functions import Code, Context
from nacre.labeling import apply

class FolderStore:
    def __init__(self, folder):
        self.folder = Path(folder)
    def get(self, key):
        path = self.folder / key
        return pl.read_ipc(path) if path.exists() else None
    def put(self, key, frame):
        frame.write_ipc(self.folder / f"{key}.part")
        (self.folder / f"{key}.part").rename(self.folder / key)
        print("stored", flush=True)

folder = Path(sys.argv[1])
rows = [chunk * 65_536 + i for chunk in range(12) for i in range(5)]
data = Dataset.from_frame(pl.DataFrame({"row_id": rows, "text": [str(row) for row in rows]}))
context = Context(folder=folder)
store = FolderStore(folder / "store")
matrix = apply([Code("slow", "slow.py:slow")], data, Classes(("ham", "spam")), store=store, context=context)
print("votes", matrix.to_dense().sum(), flush=True)
"""
SLOW = """
import time
from pathlib import Path

def slow(text):
    time.sleep(0.01)
    with open(Path(__file__).with_name("calls.txt"), "a") as calls:
        calls.write(text + "\\n")
    return "spam"
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="kill -9 exists on POSIX systems only")
def test_after_kill_9_nothing_is_computed_twice_beyond_the_chunk_in_flight(tmp_path):
    (tmp_path / "slow.py").write_text(SLOW)
    (tmp_path / "store").mkdir()
    (tmp_path / "run.py").write_text(SCRIPT)
    command = [sys.executable, str(tmp_path / "run.py"), str(tmp_path)]

    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for _ in range(4):
            assert process.stdout.readline() == "stored\n"
        os.kill(process.pid, signal.SIGKILL)
    done = len([path for path in (tmp_path / "store").iterdir() if path.suffix != ".part"])
    resumed = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.split("\n")

    assert 4 <= done < 12
    assert resumed.count("stored") == 12 - done
    assert "votes 60" in resumed
    calls = Path(tmp_path / "calls.txt").read_text().split()
    assert len(set(calls)) == 60
    assert len(calls) - 60 <= 5
