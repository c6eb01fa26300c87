"""What commands print: text for people, JSON for programs, progress on the side."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from rich.progress import TaskID

    from nacre._progress import Progress
    from nacre.displays import Chart, Column

_JSON_FLAG = "--json"


def wants_json() -> bool:
    """Return whether the command line asks for JSON; errors need to know it before options are parsed."""
    return _JSON_FLAG in sys.argv[1:]


def print_json(value: Any) -> None:
    """Print a value as JSON on standard output."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
    sys.stdout.write(_json(value, options) + "\n")


def print_text(text: str = "") -> None:
    """Print text on standard output."""
    sys.stdout.write(_printable(text) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a file of which a reader sees all or nothing; a pipe such as `/dev/stdout` gets the text as it is."""
    from nacre.data import written_aside

    if path.exists() and not path.is_file():
        path.write_text(text, encoding="utf-8")
        return
    with written_aside(path) as aside:
        aside.write_text(text, encoding="utf-8")


def print_error(code: str, message: str) -> None:
    """Print an error on standard error: one line of JSON, or text."""
    if wants_json():
        sys.stderr.write(_json({"error": code, "message": message}) + "\n")
    else:
        sys.stderr.write(_printable(f"error: {message}\n"))


def print_note(message: str) -> None:
    """Print what the user should know, and what is no error, on standard error."""
    line = _json({"note": message}) if wants_json() else _printable(f"note: {message}")
    sys.stderr.write(line + "\n")


def _printable(text: str) -> str:
    """Return text without control characters: what data says never steers the terminal."""
    return "".join(character for character in text if character.isprintable() or character in "\n\t")


def _json(value: Any, options: int = 0) -> str:
    """Return JSON in which all control characters are escaped; the format itself demands only those below 32."""
    text = orjson.dumps(value, option=options, default=str).decode()
    return re.sub(r"[\x7f-\x9f]", lambda found: f"\\u{ord(found[0]):04x}", text)


def print_table(rows: Sequence[dict[str, Any]], columns: Sequence[Column], *, caption: str = "") -> None:
    """Print rows as a table as wide as the terminal."""
    from nacre.displays import table

    print_chart(table(rows, columns, caption=caption))


def print_chart(chart: Chart) -> None:
    """Print a chart as text as wide as the terminal."""
    import shutil

    from nacre.displays import as_text

    print_text(as_text(chart, width=min(shutil.get_terminal_size((110, 40)).columns, 160)).rstrip())


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """Show progress on standard error where a person looks at it, and nothing elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    console = Console(stderr=True)
    columns = (TextColumn("{task.description:<10}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bars(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        yield _RichProgress(bars)


class _RichProgress:
    """Progress on a bar of rich, a line per stage."""

    def __init__(self, bars: Any) -> None:
        self._bars = bars
        self._task: TaskID | None = None

    def start(self, stage: str, total: int) -> None:
        self._task = self._bars.add_task(stage, total=total)

    def advance(self, n: int = 1) -> None:
        if self._task is not None:
            self._bars.advance(self._task, n)
