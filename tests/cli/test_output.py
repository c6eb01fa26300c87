"""What reaches the terminal."""

import json
import re
import subprocess
import sys

import pytest

from nacre.cli._output import print_error, print_json, print_note, print_text

EVIL = "a \x1b[2J\x1b]0;owned\x07\x9b31m\x7f b\n"
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@pytest.mark.parametrize(
    ("print_it", "stream"),
    [
        pytest.param(print_text, "out", id="text"),
        pytest.param(lambda text: print_error("spec", text), "err", id="error"),
        pytest.param(print_note, "err", id="note"),
    ],
)
def test_control_characters_of_data_never_reach_the_terminal(capsys, monkeypatch, print_it, stream):
    monkeypatch.setattr(sys, "argv", ["nacre", "run"])

    print_it(EVIL)

    printed = getattr(capsys.readouterr(), stream)
    assert "owned" in printed
    assert not CONTROL.search(printed)


def test_json_escapes_control_characters_and_keeps_the_data(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["nacre", "run", "--json"])

    print_json({"text": EVIL})
    print_note(EVIL)
    print_error("spec", EVIL)

    out, err = capsys.readouterr()
    note, error = map(json.loads, err.splitlines())
    assert not CONTROL.search(out + err)
    assert json.loads(out)["text"] == note["note"] == error["message"] == EVIL


def test_a_recipe_cannot_steer_the_terminal_through_its_error(nacre):
    (nacre.folder / "nacre.yaml").write_text('project: "a\\e]0;owned\\a\\x9b31m"\n"\\e[2Jowned": 1\n')

    text = nacre("run", code=1)

    assert "owned" in text
    assert not CONTROL.search(text)


def test_help_imports_nothing_that_is_heavy():
    program = (
        "import sys, nacre.cli\n"
        "sys.argv = ['nacre', '--help']\n"
        "try:\n    nacre.cli.main()\nexcept SystemExit:\n    pass\n"
        "print(*sys.modules, file=sys.stderr)"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    loaded = set(done.stderr.split())
    heavy = {f"nacre.{name}" for name in ("analysis", "data", "displays", "engine", "loop", "metrics", "workspace")}
    assert "nacre.cli" in loaded
    assert not loaded & (heavy | {"polars", "numpy", "yaml"})
