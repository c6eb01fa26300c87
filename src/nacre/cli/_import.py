"""`nacre import`: data points, labels of experts and scores in, whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from nacre.cli._output import print_json, print_text
from nacre.cli._project import RECIPE, File, Json, opened, opened_evaluation
from nacre.errors import SpecError, UnknownNameError

LABELS = ("experts", "scores")


def import_(
    source: Annotated[Path | None, typer.Argument(help="A file beside the source of the recipe.")] = None,
    file: File = RECIPE,
    drop: Annotated[Path | None, typer.Option(help="Leave out a file that was imported beside the source.")] = None,
    refused: Annotated[Path | None, typer.Option(help="Put bad rows in this file and import the others.")] = None,
    what: Annotated[str, typer.Option("--as", help="What the file holds: data, experts or scores.")] = "data",
    annotator: Annotated[
        str | None, typer.Option(help="Who gave the labels of experts, whatever the file says.")
    ] = None,
    json: Json = False,
) -> None:
    """Import data points, labels of experts or scores: CSV, JSON Lines, Parquet or Arrow, all of it or nothing.

    The data points become what the sources say: the source of the recipe and the files imported beside it. Importing
    the same again does nothing; a uid that occurs in two files is refused.

    `--as experts` and `--as scores` take a row per label, with `criterion` and `score`, or a column per criterion; a
    response is named by `uid`, `prompt_id` and `repeat`, or its `prompt` and `response`. No import replaces another;
    the latest label of an expert counts. How Excel saves CSV, with `;` and not in UTF-8, is found out.
    """
    if annotator is not None and what != "experts":
        raise SpecError(f"`--annotator` does nothing for `{what}`; it is for experts. Leave it out.")
    if what in LABELS:
        options = {"drop": None if drop is None else drop.name, "refused": refused}
        return _import_labels(
            what, source, file, options if annotator is None else {**options, "annotator": annotator}, json
        )
    if what == "responses":
        raise SpecError(
            "Responses are not imported: name their file under `responses` in nacre.yaml, or evaluate another one with "
            "`nacre run --responses FILE`."
        )
    if what != "data":
        raise UnknownNameError("import", what, available=("data", *LABELS))
    return _import_data(source, file, drop, refused, json)


def _import_labels(what: str, source: Path | None, file: Path, options: dict[str, Any], json: bool) -> None:
    from nacre.loop import evaluated_dataset, import_experts, import_scores

    with opened_evaluation(file, create=True) as (project, recipe):
        importer = import_experts if what == "experts" else import_scores
        responses = evaluated_dataset(project, recipe)
        imported = importer(project, recipe, responses, source, **options)
    if json:
        print_json({"imported": None} if imported is None else imported.to_dict())
    elif imported is None:
        told = "Nothing to import" if options["drop"] is None else f"{options['drop']} left out"
        print_text(f"{told}: all other {what} are there already.")
    else:
        print_text(f"{imported.n:,} {'labels of experts' if what == 'experts' else 'scores'} imported.")
        for note in imported.notes:
            print_text(note)


def _import_data(source: Path | None, file: Path, drop: Path | None, refused: Path | None, json: bool) -> None:
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
