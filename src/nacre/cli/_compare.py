"""`nacre compare`: two runs side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from nacre.cli._evaluated import signed
from nacre.cli._output import print_json, print_table, print_text
from nacre.cli._project import RECIPE, File, Json, opened_evaluation
from nacre.errors import UnknownNameError

if TYPE_CHECKING:
    from nacre.evaluation import Change, Comparison

FORMATS = ("text", "md", "json")


def compare(
    before: Annotated[str, typer.Argument(help="A run, by number or note.")],
    after: Annotated[str | None, typer.Argument(help="Another; by default the newest.")] = None,
    file: File = RECIPE,
    format: Annotated[str, typer.Option(help="text, md (for a pull request) or json.")] = "text",
    json: Json = False,
) -> None:
    """Say what changed from one run to another, slice by slice, on the prompts that both answered."""
    from nacre.loop import compare_runs

    if format not in FORMATS:
        raise UnknownNameError("format", format, available=FORMATS)
    with opened_evaluation(file) as (project, recipe):
        found = compare_runs(project, recipe, before, after)
    if json or format == "json":
        print_json(found.to_dict())
    elif format == "md":
        print_text(_markdown(found))
    else:
        _print(found)


def _print(found: Comparison) -> None:
    from nacre.displays import Column

    print_text(f"{found.verdict}\n")
    columns = [Column("slice", "slice"), Column("criterion", "criterion")]
    columns += [Column("before", "before"), Column("after", "after")]
    columns += [Column("change", "change"), Column("moved", "up/down"), Column("told", "clear")]
    rows = [
        {
            "slice": change.slice,
            "criterion": change.criterion,
            "before": str(change.before).split()[0],
            "after": str(change.after).split()[0],
            "change": signed(change.difference) if change.difference.n else "-",
            "moved": f"{change.n_gained}/{change.n_lost}",
            "told": _told(change, unclear=""),
        }
        for change in found.changes.values()
    ]
    print_table(rows, columns)
    for note in _notes(found):
        print_text(f"\nnote  {note}")


def _markdown(found: Comparison) -> str:
    lines = [
        f"**{found.verdict}**",
        "",
        "| slice | criterion | before | after | change | |",
        "|---|---|---|---|---|---|",
    ]
    for change in found.changes.values():
        cells = [change.slice, change.criterion, change.before, change.after, signed(change.difference), _told(change)]
        lines.append("| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |")
    return "\n".join([*lines, *(f"\n{note}" for note in _notes(found))])


def _told(change: Change, *, unclear: str = "no clear change") -> str:
    if not change.is_comparable:
        return "not comparable"
    return {True: "better", False: "worse", None: unclear}[change.is_better]


def _notes(found: Comparison) -> list[str]:
    notes = [f"{found.n_paired:,} responses compared, by prompt and repeat."]
    if found.is_by_prompt:
        notes = [f"{found.n_paired:,} prompts compared, each by its mean: the runs do not have the same repeats."]
    if found.n_only_before or found.n_only_after:
        notes.append(
            f"Left out: {found.n_only_before:,} only in the first run, {found.n_only_after:,} only in the second."
        )
    if found.left_out:
        notes.append(f"Not compared, as the criterion is not the same in both runs: {', '.join(found.left_out)}.")
    if found.changed_evaluators:
        names = ", ".join(f"`{name}`" for name in found.changed_evaluators)
        is_one = len(found.changed_evaluators) == 1
        who, own = (f"The evaluator {names} is", "its") if is_one else (f"The evaluators {names} are", "their")
        notes.append(f"{who} not the same in both runs: the change may be {own} own.")
    return notes
