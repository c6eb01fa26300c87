"""The commands, and what happens to their errors."""

from __future__ import annotations

import multiprocessing
import os
import sys
import warnings
from importlib import metadata
from typing import Annotated

import typer

from nacre.cli._compare import compare
from nacre.cli._demo_command import demo
from nacre.cli._export import export
from nacre.cli._gate import gate
from nacre.cli._import import import_
from nacre.cli._init import init
from nacre.cli._models import models
from nacre.cli._output import print_error, print_note, wants_json
from nacre.cli._predict import predict
from nacre.cli._restore import restore
from nacre.cli._run import run
from nacre.cli._show import show
from nacre.cli._show_evaluation import agreement, evaluators, gaps, matrix, responses, runs, trend
from nacre.errors import CancelledError, NacreError


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"nacre {metadata.version('nacre')}")
        raise typer.Exit


app = typer.Typer(
    name="nacre",
    help="Data development: from raw data and rules to a model and the cause of every error.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    add_completion=False,
)


@app.callback()
def about(
    version: Annotated[bool, typer.Option("--version", help="Print the version.", callback=_print_version)] = False,
) -> None:
    """Say what Nacre is for, or which it is."""


app.command()(demo)
app.command()(init)
app.command("import")(import_)
app.command()(run)
for look in (matrix, runs, trend, agreement, gaps, evaluators, responses):
    show.command()(look)
app.add_typer(show)
app.command()(compare)
app.command("agree")(agreement)
app.command()(gate)
app.command()(predict)
app.command()(export)
app.command()(restore)
app.add_typer(models)

FAILED, CANCELLED = 1, 130


def main() -> None:
    """Run a command.

    Exit codes: 0 done; 1 something is wrong with data, recipe or workspace, and the message says what to do; 2 the
    command was typed wrong, or `nacre gate` cannot tell; 130 stopped with Ctrl-C, and what was finished is kept.
    """
    warnings.showwarning = _print_warning
    try:
        code = _run()
        sys.stdout.flush()
    except BrokenPipeError:  # the reader of `nacre show ... | head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    sys.exit(code)


def _print_warning(message: Warning | str, *_: object, **__: object) -> None:
    """Print a warning without the line of code that it comes from."""
    print_note(str(message))


def _run() -> int:
    """Run the command that was typed and return the exit code; errors are told on standard error."""
    try:
        # With --json Typer hands its errors over instead of printing them.
        code = app(standalone_mode=not wants_json()) or 0
    except SystemExit as exited:
        code = exited.code
    except (KeyboardInterrupt, CancelledError):
        code = CANCELLED
    except BrokenPipeError:
        raise
    except NacreError as error:
        print_error(error.code, str(error))
        return FAILED
    except OSError as error:
        print_error("file", f"{error}. Check the path, its permissions and the space on the disk.")
        return FAILED
    except Exception as error:
        if not hasattr(error, "format_message"):
            raise
        print_error("usage", error.format_message())
        code = getattr(error, "exit_code", 2)
    if code == CANCELLED:
        # Ctrl-C inside a query of Polars is raised twice, and the second may cut short the end of a worker pool.
        for process in multiprocessing.active_children():
            process.kill()
        print_error("cancelled", "Stopped. Finished chunks are kept; the same command goes on from there.")
    return int(code or 0)
