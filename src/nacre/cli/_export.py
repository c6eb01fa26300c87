"""`nacre export`: training sets, predictions, votes and the recipe in files of common formats."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nacre.cli._output import print_text
from nacre.cli._project import RECIPE, File, opened


def export(
    what: Annotated[str, typer.Argument(help="training-set, votes, data or recipe.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="CSV, JSON Lines, Parquet, Arrow; or YAML.")],
    file: File = RECIPE,
    escape_formulas: Annotated[bool, typer.Option(help="In CSV, disarm text that a spreadsheet would run.")] = False,
) -> None:
    """Write what the project made to a file.

    `training-set`: the data points that the end model was trained on, with their probabilities. `votes`: a row per
    vote, `row_id, uid, function, vote`. `data`: all data points. `recipe`: the functions and settings as they stand,
    for example after `nacre restore`.
    """
    from nacre.data import write
    from nacre.loop import export_frame, export_recipe

    with opened(file) as (project, recipe):
        if what == "recipe":
            output.write_text(export_recipe(project, recipe), encoding="utf-8")
        else:
            write(export_frame(project, recipe, what), output, escape_formulas=escape_formulas)
    print_text(str(output))
