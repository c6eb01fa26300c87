"""`nacre restore`: bring something back to what it was."""

from __future__ import annotations

from typing import Annotated

import typer

from nacre.cli._output import print_text
from nacre.cli._project import RECIPE, File, opened_project


def restore(
    event: Annotated[int, typer.Argument(help="An event, by its number in `nacre show events`.")], file: File = RECIPE
) -> None:
    """Bring an object back to what it was right after an event.

    The recipe still says what it said: `nacre export recipe -o nacre.yaml` writes it as the project now stands.
    """
    with opened_project(file) as (project, _):
        done = project.restore(event)
    print_text(f"{done}\nThe next `nacre run` follows nacre.yaml again. To keep this, write the recipe first:")
    print_text("  nacre export recipe -o nacre.yaml")
