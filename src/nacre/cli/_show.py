"""`nacre show`: what the newest run found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from nacre.cli._output import print_json, print_table, print_text
from nacre.cli._project import RECIPE, File, Json, opened, opened_project
from nacre.errors import UnknownNameError

show = typer.Typer(name="show", help="Show what the newest run found.", no_args_is_help=True)

Iteration = Annotated[int | None, typer.Option("--iteration", "-i", help="An earlier iteration, by number.")]
MOST_TEXT = 300


@show.command()
def functions(file: File = RECIPE, iteration: Iteration = None, json: Json = False) -> None:
    """Coverage, overlap, conflict and accuracy of each function on train."""
    from nacre.displays import Column

    document = _document(file, iteration)
    if json:
        return print_json({"coverage": document["coverage"], "functions": document["functions"]})
    rows = [_with_metrics(row) for row in document["functions"]]
    columns = [
        Column("function", "function", "code"),
        Column("votes_for", "votes for"),
        *(Column(name, name, "percent") for name in ("coverage", "overlap", "conflict", "only")),
        Column("errors", "errors", "integer"),
        Column("accuracy", "accuracy on train", "metric"),
    ]
    return print_table(rows, columns, caption=_share_line(document["coverage"]))


@show.command()
def errors(
    file: File = RECIPE,
    cause: Annotated[str | None, typer.Option(help="Show the rows of this cause, such as no_votes.")] = None,
    rows: Annotated[int, typer.Option(help="How many rows to show.")] = 5,
    iteration: Iteration = None,
    json: Json = False,
) -> None:
    """The causes of the remaining errors: a work list that adds up, and the rows behind each cause."""
    from nacre.displays import Column

    document = _document(file, iteration)
    causes = document["causes"]["causes"]
    if cause is not None:
        known = {part["name"]: part for part in causes}
        if cause not in known:
            raise UnknownNameError("cause", cause, available=known)
        return _print_rows(file, known[cause]["rows"][:rows], json)
    if json:
        return print_json([{key: part[key] for key in part if key not in ("rows", "functions")} for part in causes])
    print_text(f"{document['causes']['n_errors']:,} errors on valid, {document['causes']['n_units']:,} known")
    columns = [
        Column("title", "cause"),
        Column("n", "errors", "integer"),
        Column("remedy", "what to do"),
        Column("name", "nacre show errors --cause", "code"),
    ]
    return print_table(causes, columns)


@show.command()
def groups(file: File = RECIPE, iteration: Iteration = None, json: Json = False) -> None:
    """Errors that belong together, named by what they have in common."""
    from nacre.displays import Column

    found = _document(file, iteration)["groups"]
    if json:
        return print_json(found)
    rows = [{**group, "rate": measured(group["rate"])} for group in found]
    columns = [
        Column("name", "group"),
        Column("n_errors", "errors", "integer"),
        Column("n", "of", "integer"),
        Column("rate", "error rate", "metric"),
    ]
    return print_table(rows, columns) if rows else print_text("No group of errors stands out.")


@show.command()
def slices(file: File = RECIPE, iteration: Iteration = None, json: Json = False) -> None:
    """Majority vote, label model and end model on valid, slice by slice."""
    from nacre.displays import Column

    quality = _document(file, iteration)["quality"]
    if json:
        return print_json(quality)
    names = ("coverage", "majority_vote", "label_model", "end_model", "end_model_f1")
    rows = [{"slice": row["slice"], **{name: measured(row[name]) for name in names}} for row in quality["slices"]]
    columns = [
        Column("slice", "slice"),
        *(Column(name, name.replace("_", " "), "metric") for name in names[:-1]),
        Column("end_model_f1", quality["f1"], "metric"),
    ]
    return print_table(rows, columns)


@show.command()
def actions(file: File = RECIPE, iteration: Iteration = None, json: Json = False) -> None:
    """What to do next, the most accuracy per minute first."""
    found = _document(file, iteration)["actions"]
    if json:
        return print_json(found)
    for number, action in enumerate(found, start=1):
        gain, minutes = action["expected_gain"], action["minutes"]
        print_text(f"{number}. {action['title']}\n   expected +{gain:.3f}, about {minutes:.0f} min: {action['basis']}")
        for line in action["what_to_type"].splitlines():
            print_text(f"     {line}")
    return None if found else print_text("Nothing to repair.")


@show.command()
def suggestions(file: File = RECIPE, iteration: Iteration = None, json: Json = False) -> None:
    """Functions to accept, as lines for `nacre.yaml`."""
    import yaml

    found = _document(file, iteration)["suggestions"]
    if json:
        return print_json(found)
    for part in found:
        print_text(f"# {part['why']}")
        spec = yaml.safe_dump({part["name"]: part["function"]}, default_flow_style=None, width=110, allow_unicode=True)
        print_text(spec.rstrip())
    return None if found else print_text("There is nothing to suggest.")


@show.command()
def failures(file: File = RECIPE, iteration: Iteration = None, json: Json = False) -> None:
    """Rows on which functions failed, with the message; `nacre run --retry-errors` tries them again."""
    from nacre.displays import Column

    document = _document(file, iteration)
    if json:
        return print_json(document["failures"])
    columns = [Column("function", "function", "code"), Column("row_id", "row", "integer"), Column("message", "message")]
    if not document["failures"]:
        return print_text("No function failed.")
    return print_table(document["failures"][:50], columns, caption=f"{document['n_failures']:,} rows in all")


@show.command()
def iterations(file: File = RECIPE, json: Json = False) -> None:
    """The iterations, with what each brought and what was edited for it."""
    from nacre.displays import Column

    with opened_project(file) as (project, _):
        found: list[dict[str, Any]] = [
            {
                "iteration": part.number,
                "note": part.note,
                "at": part.opened_at.isoformat(timespec="seconds"),
                "author": part.author,
                "accuracy": _first_metric(part.metrics),
                "changes": [str(event) for event in project.iterations.changes(part.number)],
            }
            for part in project.iterations
        ]
    if json:
        return print_json(found)
    columns = [
        Column("iteration", "", "integer"),
        Column("note", "note"),
        Column("accuracy", "accuracy on valid", "metric"),
        Column("edits", "edits", "integer"),
        Column("author", "by"),
        Column("at", "when"),
    ]
    rows = [{**row, "edits": len(row["changes"]), "accuracy": measured(row["accuracy"])} for row in found]
    return print_table(rows, columns) if rows else print_text("No iteration yet. `nacre run` makes the first.")


@show.command()
def events(
    file: File = RECIPE,
    last: Annotated[int, typer.Option(help="How many of the newest events.")] = 20,
    json: Json = False,
) -> None:
    """What happened in the project; `nacre restore EVENT` brings an object back to what it was."""
    with opened_project(file) as (project, _):
        found = project.events.last(last)
    if json:
        return print_json(
            [{"id": event.id, "at": event.at, "author": event.author, "what": str(event)} for event in found]
        )
    for event in found:
        print_text(f"{event.id:>5}  {event.at:%Y-%m-%d %H:%M}  {event.author:<12}  {event}")
    return None


def _document(file: Any, iteration: int | None) -> dict[str, Any]:
    from nacre.loop import read_document

    with opened(file) as (project, _):
        return read_document(project, iteration)


def _print_rows(file: Any, found: Sequence[dict[str, Any]], json: bool) -> None:
    """Print data points with what both models said about them and who voted."""
    import polars as pl

    with opened(file) as (project, _):
        wanted = pl.Series("row_id", [row["row_id"] for row in found], dtype=pl.Int64)
        points = {row["row_id"]: row for row in project.data.read().where(wanted).collect().to_dicts()}
    together = [{**row, "data": points.get(row["row_id"], {})} for row in found]
    if json:
        return print_json(together)
    for row in together:
        votes = ", ".join(f"{vote['function']}: {vote['vote']}" for vote in row["votes"] or []) or "none"
        sure = "" if row["confidence"] is None else f" ({row['confidence']:.2f})"
        print_text(f"row {row['row_id']}: {row['truth']} predicted as {row['prediction']}{sure}; votes: {votes}")
        for name, value in row["data"].items():
            if name not in ("row_id", "split") and value not in (None, ""):
                text = " ".join(str(value).split())
                print_text(f"    {name}: {text[:MOST_TEXT]}{'...' if len(text) > MOST_TEXT else ''}")
    return None


def _with_metrics(row: dict[str, Any]) -> dict[str, Any]:
    known = row.get("accuracy") is not None
    accuracy = (row["accuracy"], row["low"], row["high"], row["n"]) if known else None
    return {**row, "accuracy": accuracy, "votes_for": ", ".join(row["polarity"])}


def measured(metric: dict[str, Any] | None) -> tuple[Any, Any, Any, Any] | None:
    """Return a metric of JSON as a table takes it."""
    if metric is None or metric["value"] is None:
        return None
    return (metric["value"], metric["low"], metric["high"], metric["n"])


def _first_metric(metrics: Any) -> dict[str, Any] | None:
    found = metrics.get("valid", {}).get("all", {}).get("accuracy")
    return None if found is None else found.to_dict()


def _share_line(coverage: dict[str, float]) -> str:
    return ", ".join(f"{name} {share:.1%}" for name, share in coverage.items())
