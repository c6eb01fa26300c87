"""Follow a page of the documentation as a reader would: type its blocks in order and look at what comes back.

A block with a title is a file. Python is run, and a block `text` behind it is what it prints. In a block `console`
lines that start with `$ nacre` are typed, and the lines below are what comes back. `...` stands for anything, and
numbers may differ by two hundredths or two percent, whole ones from ten on by one: other processors round differently.
"""

import contextlib
import io
import linecache
import os
import re
import shlex
import subprocess
import sys
from importlib import resources
from pathlib import Path
from typing import NamedTuple

import pytest

DOCS = Path(__file__).parents[1] / "docs"
_BLOCK = re.compile(r"^```(\w+)(?: title=\"([^\"]+)\")?\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_TOKEN = re.compile(r"(\.\.\.)|(\d[\d,]*\.?\d*|\.\d+)|(\s+)")


class Block(NamedTuple):
    language: str
    title: str
    text: str
    line: int


def blocks(page):
    """Return the blocks of a page in order."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(match[1], match[2] or "", match[3], text.count("\n", 0, match.start()) + 2)
        for match in _BLOCK.finditer(text)
    ]


def follow(page, folder):
    """Type every block of a page in a folder; fail where something else comes back than the page says."""
    names = {"__name__": "__page__"}
    printed = ""
    with contextlib.chdir(folder):
        for block in blocks(page):
            where = f"{page.name}:{block.line}"
            if block.title:
                path = Path(block.title)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(block.text, encoding="utf-8")
            elif block.language == "python":
                printed = _run(block.text, where, names)
            elif block.language == "text":
                check(block.text, printed, where)
            elif block.language == "console":
                _type(block.text, where)


def check(expected, found, where):
    """Fail where what was found is not what was expected, but for `...`, white space and small differences."""
    pattern, numbers = _as_pattern(expected.strip())
    match = re.fullmatch(pattern, found.strip(), re.DOTALL)
    is_same = match is not None and all(map(_is_close, numbers, match.groups()))
    assert is_same, f"{where} expects\n{expected}\nbut there is\n{found}"


def copy_demo(folder):
    """Put the e-mails of the demo and the files of its rules in a folder, or skip where they were not fetched."""
    source = resources.files("nacre.cli").joinpath("_demo")
    if not source.joinpath("free_cash.parquet").is_file():
        pytest.skip("the e-mails of the demo are not here; `make demo` fetches them")
    for file in source.iterdir():
        if not file.name.startswith(("nacre", "_")):
            name = "mail.parquet" if file.name == "free_cash.parquet" else file.name
            (folder / name).write_bytes(file.read_bytes())


def _run(text, where, names):
    """Run Python as a notebook does: its source can be looked up, so that functions in it know their text."""
    linecache.cache[where] = (len(text), None, text.splitlines(keepends=True), where)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(text, where, "exec"), names)
    return out.getvalue()


def _type(text, where):
    for command, expected in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", text, re.MULTILINE):
        program, *arguments = shlex.split(command)
        assert program == "nacre", f"{where} types {program}"
        environment = {**os.environ, "COLUMNS": "120", "NACRE_USER": "ann"}
        run = subprocess.run(
            [sys.executable, "-m", "nacre", *arguments],
            capture_output=True,
            text=True,
            env=environment,
            check=False,
        )
        found = run.stdout + run.stderr
        is_error = expected.startswith(("error:", '{"error"'))
        assert (run.returncode != 0) == is_error, f"{where}: `{command}` gave\n{found}"
        if expected.strip():
            check(expected, found, f"{where}, `{command}`,")


def _as_pattern(expected):
    pattern, numbers, place = "", [], 0
    for token in _TOKEN.finditer(expected):
        pattern += re.escape(expected[place : token.start()])
        place = token.end()
        if token[1]:
            pattern += ".*?"
        elif token[2]:
            numbers.append(token[2])
            pattern += r"(\d[\d,]*\.?\d*|\.\d+)"
        else:
            pattern += r"\s+"
    return pattern + re.escape(expected[place:]), numbers


def _is_close(expected, found):
    first, second = (float(number.replace(",", "").rstrip(".")) for number in (expected, found))
    if "." in expected.rstrip("."):
        return abs(first - second) <= max(0.021, 0.02 * first)
    return first == second if first < 10 else abs(first - second) <= max(1, 0.02 * first)
