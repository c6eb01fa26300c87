"""`nacre import`: data points in, whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nacre.cli._output import print_json, print_text
from nacre.cli._project import RECIPE, File, Json, opened


def import_(
    source: Annotated[Path | None, typer.Argument(help="A file beside the source of the recipe.")] = None,
    file: File = RECIPE,
    drop: Annotated[Path | None, typer.Option(help="Leave out a file that was imported beside the source.")] = None,
    refused: Annotated[Path | None, typer.Option(help="Put bad rows in this file and import the others.")] = None,
    json: Json = False,
) -> None:
    """Import data points: CSV, JSON Lines, Parquet or Arrow. One bad row, and nothing is imported.

    The data points become what the sources say: the source of the recipe and the files imported beside it. Importing
    the same again does nothing; a uid that occurs in two files is refused.
    """
    from nacre.loop import import_source

    with opened(file, create=True) as (project, recipe):
        synced = import_source(project, recipe, source=source, drop=drop, refused=refused)
    imported = synced.imported
    if json:
        print_json({"imported": None if imported is None else imported._asdict(), "refused": synced.n_refused})
    elif imported is None:
        print_text("Nothing to import: the source has not changed.")
    else:
        print_text(
            f"{imported.n_added:,} data points imported, {imported.n_skipped:,} were there already, "
            f"{synced.n_refused:,} refused; the project holds {imported.n_rows:,}."
        )
        if synced.n_refused:
            print_text(f"The refused rows and why: {refused}")
