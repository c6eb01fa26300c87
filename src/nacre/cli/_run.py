"""`nacre run`: once round the loop."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nacre.cli._evaluated import evaluated_document, print_evaluated
from nacre.cli._output import print_json, print_text, progress_bar
from nacre.cli._project import RECIPE, File, Json, opened_project
from nacre.errors import SpecError

if TYPE_CHECKING:
    from nacre.loop import Analysis, EvaluationRecipe, ProjectRecipe, Recipe, Stage, Turn
    from nacre.workspace import Project


@dataclass(frozen=True)
class Given:
    """What was typed beside the stage."""

    folder: Path
    note: str | None
    refused: Path | None
    responses: Path | None
    system: str | None
    jobs: int | None
    retry_errors: bool
    report: Path | None
    json: bool


def run(
    file: File = RECIPE,
    until: Annotated[
        str | None,
        typer.Option(
            help="The last stage: import, apply, label, train, analyse or evaluate; by default all there are."
        ),
    ] = None,
    note: Annotated[str | None, typer.Option("--note", "-m", help="What this iteration or run is for.")] = None,
    refused: Annotated[Path | None, typer.Option(help="Put bad rows in this file and import the others.")] = None,
    responses: Annotated[
        Path | None, typer.Option(help="Evaluate the responses in this file instead of those of the recipe.")
    ] = None,
    system: Annotated[str | None, typer.Option(help="Evaluate only the responses of this system.")] = None,
    jobs: Annotated[int | None, typer.Option(help="Processes for Python functions; by default one a core.")] = None,
    retry_errors: Annotated[bool, typer.Option(help="Try rows again on which a function failed.")] = False,
    report: Annotated[Path | None, typer.Option(help="Where the report goes; by default beside the recipe.")] = None,
    json: Json = False,
) -> None:
    """Import, apply functions, fit the label model, train, say what to repair first; then evaluate responses.

    A project runs the stages that its nacre.yaml describes. What has not changed since the last run is not computed
    again.
    """
    if report is not None and report.suffix.lower() not in (".html", ".htm"):
        raise SpecError(f"The report is a page, but `{report}` does not end with .html. Name another file.")
    given = Given(file.parent, note, refused, responses, system, jobs, retry_errors, report, json)
    document: dict[str, Any] = {}
    with opened_project(file, create=True) as (project, recipe):
        stage = _last_stage(recipe, until)
        if recipe.labeling is not None:
            document |= _label(project, recipe.labeling, stage, given)
            report = None  # it is that of the labeling part
        if recipe.evaluation is not None and stage == "evaluate":
            page = report or file.parent / "evaluation.html"
            document["evaluation"] = _evaluate(project, recipe.evaluation, page, given)
    if json:
        print_json(document)


def _label(project: Project, recipe: Recipe, stage: Stage, given: Given) -> dict[str, Any]:
    """Go once round the loop, print what it did, and return that as JSON."""
    from nacre.engine import default_jobs
    from nacre.loop import run as run_labeling
    from nacre.report import write_report

    with progress_bar() as progress:
        turn = run_labeling(
            project,
            recipe,
            until=stage,
            note=given.note,
            refused=given.refused,
            n_jobs=given.jobs or default_jobs(),
            retry_errors=given.retry_errors,
            progress=progress,
        )
    page = None
    if turn.analysis is not None:
        page = given.report or given.folder / "report.html"
        write_report(project, recipe, turn, page)
    if not given.json:
        print_run(turn, page)
    return run_document(turn, page)


def _evaluate(project: Project, recipe: EvaluationRecipe, page: Path, given: Given) -> dict[str, Any]:
    """Run the benchmark, print what it found, and return that as JSON."""
    from nacre.loop import project_evaluation, record_alignments, run_benchmark
    from nacre.report import write_evaluation_report

    with progress_bar() as progress:
        evaluated = run_benchmark(
            project,
            recipe,
            responses=given.responses,
            system=given.system,
            note=given.note,
            retry_errors=given.retry_errors,
            progress=progress,
        )
    evaluation = project_evaluation(project, recipe, evaluated.run.number)
    record_alignments(evaluation)
    write_evaluation_report(evaluation, page)
    if not given.json:
        print_evaluated(evaluated, evaluation)
        print_text(f"\nreport        {page}")
    return {**evaluated_document(evaluated, evaluation), "report": str(page)}


def _last_stage(recipe: ProjectRecipe, until: str | None) -> Stage:
    """Return the last stage to run, or say why there is no such stage."""
    from nacre.loop import check_stage

    stage = check_stage(until or "evaluate")
    if recipe.evaluation is None and until == "evaluate":
        raise SpecError(f"`{recipe.project}` has no responses to evaluate: its nacre.yaml lacks `evaluation`.")
    if recipe.labeling is None and stage != "evaluate":
        raise SpecError(
            f"`{recipe.project}` labels nothing: its nacre.yaml has `evaluation` alone, the stage `evaluate`."
        )
    return stage


def run_document(turn: Turn, report: Path | None) -> dict[str, Any]:
    """Return what a run did as JSON."""
    imported = turn.synced.imported
    document: dict[str, Any] = {
        "imported": None if imported is None else imported._asdict(),
        "refused": turn.synced.n_refused,
        "notes": list(turn.notes),
    }
    if turn.labels is not None:
        matrix = turn.labels.label_matrix
        document |= {"rows": len(turn.labels.data), "functions": len(matrix.functions), "votes": int(matrix.votes.nnz)}
        document["errors"] = len(matrix.errors)
    if turn.trained is not None:
        document["training_rows"] = turn.trained.n_rows
    if turn.iteration is not None:
        document["iteration"] = turn.iteration.number
    if turn.analysis is not None:
        document["quality"] = turn.analysis.quality.to_dict()
        document["causes"] = {cause.name: cause.n for cause in turn.analysis.causes.causes}
        document["actions"] = [action.to_dict() for action in turn.analysis.actions]
    document["report"] = None if report is None else str(report)
    return document


def print_run(turn: Turn, report: Path | None) -> None:
    """Print what a run did, the result first."""
    from nacre.report import count

    imported = turn.synced.imported
    if imported is not None:
        known = f", {imported.n_skipped:,} were there already" if imported.n_skipped else ""
        refused = f", {turn.synced.n_refused:,} refused" if turn.synced.n_refused else ""
        print_text(f"imported      {count(imported.n_added, 'data point')}{known}{refused}")
    if turn.labels is not None:
        matrix = turn.labels.label_matrix
        splits = ", ".join(f"{name} {len(rows):,}" for name, rows in sorted(turn.labels.rows.items()))
        print_text(f"data          {count(len(turn.labels.data), 'data point')}: {splits}")
        print_text(f"votes         {count(len(matrix.functions), 'function')}, {count(matrix.votes.nnz, 'vote')}")
    if turn.trained is not None:
        print_text(f"training set  {count(turn.trained.n_rows, 'data point')} of train")
    if turn.analysis is not None:
        _print_analysis(turn)
    for note in turn.notes:
        print_text(f"note          {note}")
    if report is not None:
        print_text(f"\nreport        {report}")


def _print_analysis(turn: Turn) -> None:
    from nacre.report import told_note

    analysis, iteration = turn.analysis, turn.iteration
    assert analysis is not None
    first = analysis.quality.slices[0]
    if iteration is not None:
        print_text(f"iteration     {iteration.number}  {told_note(iteration.note)}")
    if first.n:
        _print_quality(analysis)
    if analysis.actions:
        print_text("\nwhat to do next")
        for number, action in enumerate(analysis.actions[:3], start=1):
            print_text(f"  {number}. {action.title}{_expected(action.expected_gain)}")


def _expected(gain: float) -> str:
    return f" (expected +{gain:.3f})" if round(gain, 3) > 0 else ""


def _print_quality(analysis: Analysis) -> None:
    from nacre.report import count

    first = analysis.quality.slices[0]
    counted = "" if analysis.quality.unit == "data point" else "; n counts data points"
    print_text(f"\naccuracy on valid, {count(first.n, analysis.quality.unit)} with ground truth{counted}")
    print_text(f"  majority vote  {first.majority_vote}")
    print_text(f"  label model    {first.label_model}")
    print_text(f"  end model      {first.end_model}")
    for line in analysis.quality.slices[1:]:
        print_text(f"    {line.slice:<13}{line.end_model}")
    if analysis.comparison is not None:
        print_text("\nsince the iteration before")
        for name, part in analysis.comparison.slices.items():
            print_text(f"  {name:<15}{_change(part)}")
    print_text(f"\n{analysis.causes}")


def _change(part: Any) -> str:
    change = part.change
    clear = "" if part.is_clear else "  no clear change"
    return f"{change.value:+.3f} [{change.low:+.3f}, {change.high:+.3f}]  {part.gained} gained, {part.lost} lost{clear}"
