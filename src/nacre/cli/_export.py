"""`nacre export`: what a project made, labels and evaluation, in files of common formats."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nacre.cli._output import print_text, write_text
from nacre.cli._project import RECIPE, File, opened, opened_evaluation, opened_project
from nacre.errors import SpecError

if TYPE_CHECKING:
    import polars as pl

SAMPLE = "experts-sample"
EVALUATED = ("responses", "scores", SAMPLE, "benchmark")
TABLES = ("training-set", "votes", "data", "responses", "scores", SAMPLE)


def export(
    what: Annotated[
        str, typer.Argument(help="training-set, votes, data, recipe, responses, scores, experts-sample or benchmark.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="CSV, JSON Lines, Parquet, Arrow; or YAML.")],
    file: File = RECIPE,
    escape_formulas: Annotated[
        bool | None,
        typer.Option(help="In CSV, disarm text that a spreadsheet would run; the default of experts-sample."),
    ] = None,
    n: Annotated[
        int | None,
        typer.Option("-n", help="How many responses experts label in all; by default what aligns an evaluator."),
    ] = None,
    criterion: Annotated[str | None, typer.Option("--criterion", "-c", help="What the sample is for.")] = None,
    run: Annotated[str | None, typer.Option("--run", "-r", help="An earlier run, by number or note.")] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace an experts-sample that is there; what experts wrote is lost.")
    ] = False,
) -> None:
    """Write what the project made to a file.

    `training-set`: the data points that the end model was trained on, with their probabilities. `votes`: a row per
    vote, `row_id, uid, function, vote`. `data`: all data points. `recipe`: the project as it stands, for example after
    `nacre restore`.

    `responses`: those of a run, with slices and scores. `scores`: a row per score. `experts-sample`: responses for
    experts to label, with a column per criterion to fill in; `nacre import FILE --as experts` takes it back.
    `benchmark`: prompts, slices, criteria and evaluators in one file, for `benchmark` in another nacre.yaml.
    """
    _check_use("--run", run, what, EVALUATED)
    _check_use("--escape-formulas", escape_formulas, what, TABLES)
    for option, value in (("-n", n), ("--criterion", criterion), ("--force", force or None)):
        _check_use(option, value, what, (SAMPLE,))
    if what == SAMPLE:
        _check_sheet(output, is_forced=force)
    if what in EVALUATED:
        _export_evaluated(what, output, file, escape_formulas, n, criterion, run)
    elif what == "recipe":
        _export_recipe(output, file)
    else:
        _export_labeled(what, output, file, bool(escape_formulas))
    print_text(str(output))


def _check_use(option: str, value: object, what: str, used_by: Sequence[str]) -> None:
    """Refuse an option that an export would not look at."""
    if value is not None and what not in used_by and what in (*EVALUATED, *TABLES, "recipe"):
        raise SpecError(f"`{option}` does nothing for `{what}`; it is for {', '.join(used_by)}. Leave it out.")


def _check_sheet(output: Path, *, is_forced: bool) -> None:
    if output.exists() and not is_forced:
        raise SpecError(
            f"There is a file `{output}`, and experts may have labeled in it. Name another one for the new sample, or "
            "give --force to replace it."
        )


def _export_labeled(what: str, output: Path, file: Path, escape_formulas: bool) -> None:
    from nacre.data import write
    from nacre.loop import export_frame

    with opened(file) as (project, recipe):
        write(export_frame(project, recipe, what), output, escape_formulas=escape_formulas)


def _export_recipe(output: Path, file: Path) -> None:
    from nacre.loop import export_project

    with opened_project(file) as (project, recipe):
        write_text(output, export_project(project, recipe))


def _export_evaluated(
    what: str,
    output: Path,
    file: Path,
    escape_formulas: bool | None,
    n: int | None,
    criterion: str | None,
    run: str | None,
) -> None:
    from nacre.data import write
    from nacre.evaluation import MIN_LABELS
    from nacre.loop import export_benchmark, export_responses, export_sample, export_scores, project_evaluation

    with opened_evaluation(file) as (project, recipe):
        evaluation = project_evaluation(project, recipe, run)
        if what == "benchmark":
            export_benchmark(evaluation, output)
            return
        if what == SAMPLE:
            # Labels come back by their key, so people who open the sheet can be spared the formulas of strangers.
            to_file = partial(write, path=output, escape_formulas=escape_formulas is not False)
            _print_twice(export_sample(evaluation, MIN_LABELS if n is None else n, criterion=criterion, write=to_file))
            return
        frame = (export_responses if what == "responses" else export_scores)(evaluation)
        write(frame, output, escape_formulas=bool(escape_formulas))


def _print_twice(sheet: pl.DataFrame) -> None:
    n = sheet.select("key", "prompt_id", "repeat").n_unique()
    print_text(
        f"{n:,} responses to label. {len(sheet) - n:,} of them stand there a second time, for another expert: "
        "write who labels into `annotator`, and leave those empty where there is no other."
    )
