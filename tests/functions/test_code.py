"""What runs is what was hashed: edits of files, of what they import, and of values in memory."""

import functools
import importlib
import re
import sys
import textwrap
import threading
from dataclasses import replace

import polars as pl
import pytest

from nacre.data import Classes
from nacre.engine import MemoryStore
from nacre.errors import SpecError
from nacre.functions import (
    Code,
    CodeFile,
    Context,
    PythonFields,
    code_fingerprint,
    code_task,
    labeling_function,
    load_function,
)
from nacre.labeling import apply

SCHEMA = Classes(("ham", "spam"))
MAIL = pl.DataFrame({"text": ["a", "b"]})
VOTE = "def f(text):\n    return 'spam' if W in text else None\n"


def write(folder, **files):
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.py".replace("/init", "/__init__")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))


def votes(function, folder=".", **arguments):
    return apply([function], MAIL, SCHEMA, context=Context(folder=folder), **arguments).to_dense()[:, 0].tolist()


@pytest.fixture
def imported(tmp_path, monkeypatch):
    """Return a function that imports a new module the way a notebook does."""
    monkeypatch.syspath_prepend(str(tmp_path))
    names = []

    def run(name, text):
        write(tmp_path, **{name: text})
        importlib.invalidate_caches()
        names.append(name)
        return importlib.import_module(name)

    yield run
    for name in names:
        sys.modules.pop(name, None)


IMPORTS = {
    "at the top": ("helper", "from helper import W\n" + VOTE),
    "in a function": ("helper", "def f(text):\n    from helper import W\n    return 'spam' if W in text else None\n"),
    "in a try": ("helper", "try:\n    from helper import W\nexcept ImportError:\n    W = 'x'\n" + VOTE),
    "of everything": ("helper", "from helper import *\n" + VOTE),
    "a package": ("lib__init", "from lib import W\n" + VOTE),
    "a module of a package": ("lib__words", "from lib.words import W\n" + VOTE),
}


@pytest.mark.parametrize(("helper", "text"), IMPORTS.values(), ids=IMPORTS)
def test_an_edited_helper_is_noticed_and_runs(tmp_path, helper, text):
    write(tmp_path, functions=text, **{"lib__init": ""} if helper == "lib__words" else {})
    store, function = MemoryStore(), Code("f", "functions.py:f")

    for word, expected in (("a", [1, -1]), ("b", [-1, 1]), ("a", [1, -1])):
        write(tmp_path, **{helper: f"W = '{word}'\n"})
        assert votes(function, tmp_path, store=store) == expected
        assert votes(function, tmp_path) == expected


def test_a_file_of_a_package_imports_relative_to_it(tmp_path):
    write(tmp_path, rules__init="", rules__words="W = 'a'\n", rules__functions="from .words import W\n" + VOTE)
    function = Code("f", "rules/functions.py:f")
    first = function.resolve(Context(folder=tmp_path)).fingerprint

    assert votes(function, tmp_path) == [1, -1]
    write(tmp_path, rules__words="W = 'b'\n")
    assert votes(function, tmp_path) == [-1, 1]
    assert function.resolve(Context(folder=tmp_path)).fingerprint != first


def test_two_projects_have_each_its_own_helper(tmp_path):
    for name, word in (("one", "a"), ("two", "b")):
        write(tmp_path / name, functions="from helper import W\n" + VOTE, helper=f"W = '{word}'\n")

    assert votes(Code("f", "functions.py:f"), tmp_path / "one") == [1, -1]
    assert votes(Code("f", "functions.py:f"), tmp_path / "two") == [-1, 1]
    assert "helper" not in sys.modules


@pytest.mark.parametrize(
    "change",
    [
        "def set_word(word):\n    global W\n    W = word\nset_word({!r})\n",
        "WORDS = []\ndef add(word):\n    WORDS.append(word)\nadd({!r})\nW = WORDS[0]\n",
        "WORDS = []\ndef add(word):\n    WORDS.append(word)\n_ = add({!r})\nW = WORDS[0]\n",
        "import sys\nif sys:\n    def word():\n        return {!r}\nW = word()\n",
    ],
    ids=["a global", "a call", "a call with a result", "a definition in an if"],
)
def test_what_a_file_does_when_it_is_imported_is_noticed(tmp_path, change):
    store, function = MemoryStore(), Code("f", "functions.py:f")
    for word, expected in (("a", [1, -1]), ("b", [-1, 1])):
        write(tmp_path, functions=change.format(word) + VOTE)
        assert votes(function, tmp_path, store=store) == expected


def test_votes_of_an_edited_file_are_not_stored_for_the_function_that_still_runs(tmp_path, imported):
    store = MemoryStore()
    module = imported("edited_constant", "W = 'a'\n" + VOTE)
    write(tmp_path, edited_constant="W = 'b'\n" + VOTE)

    assert votes(Code("f", module.f), store=store) == [1, -1]
    assert votes(Code("f", "edited_constant.py:f"), tmp_path, store=store) == [-1, 1]


def test_a_function_whose_file_was_edited_runs_in_this_process(tmp_path, imported):
    module = imported("edited_before", "W = 'a'\n" + VOTE)
    write(tmp_path, edited_before="W = 'b'\n" + VOTE)

    assert code_task(Code("f", module.f), SCHEMA) is None
    assert votes(Code("f", module.f), n_jobs=2) == [1, -1]


def test_a_decorated_function_runs_in_workers_until_its_file_is_edited(tmp_path, imported):
    text = "from nacre.functions import labeling_function\nW = 'a'\n@labeling_function\n" + VOTE
    function = imported("decorated", text).f

    assert function.fingerprint == Code("f", "decorated.py:f", folder=tmp_path).fingerprint
    assert code_task(function, SCHEMA) is not None
    write(tmp_path, decorated=text.replace("'a'", "'b'"))
    again = function.resolve(Context())
    assert code_task(again, SCHEMA) is None
    assert again.fingerprint != Code("f", "decorated.py:f", folder=tmp_path).fingerprint


def test_a_file_edited_between_hash_and_worker_is_refused(tmp_path):
    from nacre.engine import to_ipc

    write(tmp_path, functions="W = 'a'\n" + VOTE)
    task = code_task(Code("f", "functions.py:f", folder=tmp_path), SCHEMA)
    write(tmp_path, functions="W = 'b'\n" + VOTE)

    with pytest.raises(SpecError, match="was edited while it was applied"):
        task.entry(task.payload, to_ipc(MAIL))


def test_a_loaded_function_imports_its_own_helper_when_called(tmp_path):
    write(tmp_path, functions=IMPORTS["in a function"][1], helper="W = 'a'\n")

    assert votes(Code("f", load_function(CodeFile(tmp_path / "functions.py", "f")))) == [1, -1]


def test_a_value_changed_in_a_notebook_changes_the_votes():
    words = ["a"]

    @labeling_function
    def f(text):
        return "spam" if text in words else None

    store = MemoryStore()
    assert votes(f, store=store) == [1, -1]
    words[0] = "b"
    assert votes(f, store=store) == [-1, 1]


def cut(texts, length):
    return texts.str.slice(0, length)


class Cut:
    def __init__(self, length):
        self.length = length

    def __call__(self, texts):
        return texts.str.slice(0, self.length)


def cutter(length):
    return lambda texts: texts.str.slice(0, length)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(lambda s: s.str.slice(0, 5), lambda s: s.str.slice(0, 9), id="constants"),
        pytest.param(lambda s: s.str.to_lowercase(), lambda s: s.str.to_uppercase(), id="names"),
        pytest.param(cutter(5), cutter(9), id="closures"),
        pytest.param(functools.partial(cut, length=5), functools.partial(cut, length=9), id="partials"),
        pytest.param(Cut(5), Cut(9), id="callable objects"),
        pytest.param(Cut(5).__call__, Cut(9).__call__, id="methods"),
        pytest.param(lambda s, n=5: s.head(n), lambda s, n=9: s.head(n), id="defaults"),
        pytest.param(re.compile("a").sub, re.compile("b").sub, id="methods of patterns"),
    ],
)
def test_callables_that_differ_hash_differently(one, other):
    assert code_fingerprint(one) != code_fingerprint(other)
    assert code_fingerprint(one) == code_fingerprint(one)


def test_equal_closures_hash_alike():
    assert code_fingerprint(cutter(5)) == code_fingerprint(cutter(5))


def test_a_value_that_cannot_be_told_apart_is_refused_unless_the_user_answers_for_it():
    lock = threading.Lock()

    def f(text):
        with lock:
            return None

    with pytest.raises(SpecError, match=r"cannot tell `cell lock`.*version"):
        assert Code("f", f).fingerprint
    assert replace(Code("f", f), version="1").fingerprint != replace(Code("f", f), version="2").fingerprint


def test_functions_of_one_chunk_share_its_lists_but_nothing_that_one_of_them_could_change():
    chunk = pl.DataFrame({"body": ["a", "b"], "tokens": [["x"], ["y", "z"]]})
    fields = PythonFields()
    assert fields.values(chunk, "body") is fields.values(chunk, "body")
    fields.values(chunk, "tokens")[0].append("changed")
    assert fields.values(chunk, "tokens") == [["x"], ["y", "z"]]
    assert fields.values(pl.DataFrame({"body": ["c"]}), "body") == ["c"]
