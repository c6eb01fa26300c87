"""`nacre predict`: what the end model says about new data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nacre.cli._output import print_json, print_text, progress_bar
from nacre.cli._project import RECIPE, File, Json, opened


def predict(
    source: Annotated[Path | None, typer.Argument(help="New data; by default all data of the project.")] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="CSV, JSON Lines, Parquet or Arrow.")] = Path(
        "predictions.parquet"
    ),
    file: File = RECIPE,
    refused: Annotated[Path | None, typer.Option(help="Put bad rows in this file and predict the others.")] = None,
    json: Json = False,
) -> None:
    """Predict with the newest end model: uid, prediction, and the probability of each class."""
    from nacre.data import write
    from nacre.loop import predict_source

    with opened(file) as (project, recipe), progress_bar() as progress:
        frame = predict_source(project, recipe, source=source, refused=refused, progress=progress)
        write(frame, output)
    if json:
        print_json({"rows": len(frame), "output": str(output)})
    else:
        print_text(f"{len(frame):,} predictions: {output}")
