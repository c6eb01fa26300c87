"""`nacre export`: training sets, predictions, votes and the recipe in files of common formats."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nacre.cli._output import print_text
from nacre.cli._project import RECIPE, File, opened, opened_evaluation, opened_project

EVALUATED = ("responses", "scores", "experts-sample", "benchmark")


def export(
    what: Annotated[
        str, typer.Argument(help="training-set, votes, data, recipe, responses, scores, experts-sample or benchmark.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="CSV, JSON Lines, Parquet, Arrow; or YAML.")],
    file: File = RECIPE,
    escape_formulas: Annotated[bool, typer.Option(help="In CSV, disarm text that a spreadsheet would run.")] = False,
    n: Annotated[int, typer.Option("-n", help="How many responses experts label in all.")] = 50,
    criterion: Annotated[str | None, typer.Option("--criterion", "-c", help="What the sample is for.")] = None,
    run: Annotated[str | None, typer.Option("--run", "-r", help="An earlier run, by number or note.")] = None,
) -> None:
    """Write what the project made to a file.

    `training-set`: the data points that the end model was trained on, with their probabilities. `votes`: a row per
    vote, `row_id, uid, function, vote`. `data`: all data points. `recipe`: the project as it stands, for example after
    `nacre restore`.

    `responses`: those of a run, with slices and scores. `scores`: a row per score. `experts-sample`: responses for
    experts to label, with a column per criterion to fill in; `nacre import FILE --as experts` takes it back.
    `benchmark`: prompts, slices, criteria and evaluators in one file, for `benchmark` in another nacre.yaml.
    """
    if what in EVALUATED:
        _export_evaluated(what, output, file, escape_formulas, n, criterion, run)
    elif what == "recipe":
        _export_recipe(output, file)
    else:
        _export_labeled(what, output, file, escape_formulas)
    print_text(str(output))


def _export_labeled(what: str, output: Path, file: Path, escape_formulas: bool) -> None:
    from nacre.data import write
    from nacre.loop import export_frame

    with opened(file) as (project, recipe):
        write(export_frame(project, recipe, what), output, escape_formulas=escape_formulas)


def _export_recipe(output: Path, file: Path) -> None:
    from nacre.data import written_aside
    from nacre.loop import export_project

    with opened_project(file) as (project, recipe), written_aside(output) as partial:
        partial.write_text(export_project(project, recipe), encoding="utf-8")


def _export_evaluated(
    what: str, output: Path, file: Path, escape_formulas: bool, n: int, criterion: str | None, run: str | None
) -> None:
    from nacre.data import write
    from nacre.loop import export_benchmark, export_responses, export_sample, export_scores, project_evaluation

    with opened_evaluation(file) as (project, recipe):
        evaluation = project_evaluation(project, recipe, run)
        if what == "benchmark":
            export_benchmark(evaluation, output)
            return
        if what == "experts-sample":
            frame = export_sample(evaluation, n, criterion=criterion)
        else:
            frame = (export_responses if what == "responses" else export_scores)(evaluation)
        write(frame, output, escape_formulas=escape_formulas)
