"""`nacre show` of an evaluation: runs, matrix, agreement, gaps, evaluators and the responses behind a number."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from nacre.cli._evaluated import ALL, print_agreement, print_matrix, run_summary
from nacre.cli._output import print_json, print_table, print_text
from nacre.cli._project import RECIPE, File, Json, opened_evaluation
from nacre.cli._show import MOST_TEXT, measured
from nacre.errors import UnknownNameError

RunName = Annotated[str | None, typer.Option("--run", "-r", help="An earlier run, by number or note.")]
Baseline = Annotated[str | None, typer.Option("--baseline", "-b", help="The run to compare with.")]
SliceName = Annotated[str, typer.Option("--slice", "-s", help="Only this slice.")]

NO_EXPERTS = (
    "No expert labeled a response of this run. `nacre export experts-sample -o sample.csv` writes some to label; "
    "`nacre import sample.csv --as experts` takes them back."
)


def runs(file: File = RECIPE, json: Json = False) -> None:
    """The runs of the benchmark, with what each was for, what it reached and what was edited for it."""
    from nacre.displays import Column

    with opened_evaluation(file) as (project, _):
        found = [
            {
                **run_summary(run),
                "metrics": run.metrics,
                "changes": [str(event) for event in project.runs.changes(run.number)],
            }
            for run in project.runs
        ]
    if json:
        return print_json(found)
    columns = [
        Column("run", "run", "integer"),
        Column("note", "note"),
        Column("system", "system"),
        Column("responses", "responses", "integer"),
        Column("passes", "all criteria", "metric"),
        Column("edits", "edits", "integer"),
        Column("author", "by"),
        Column("at", "when"),
    ]
    passes = [measured(row["metrics"]["all"].get("all criteria")) for row in found]
    rows = [{**row, "edits": len(row["changes"]), "passes": part} for row, part in zip(found, passes, strict=True)]
    return print_table(rows, columns) if rows else print_text("No run yet. `nacre run` makes the first.")


def trend(file: File = RECIPE, slice: SliceName = "all", json: Json = False) -> None:
    """The means of each run, oldest first."""
    from nacre.displays import Column
    from nacre.loop import run_trend

    with opened_evaluation(file) as (project, _):
        found = run_trend(project).to_dicts()
    if json:
        return print_json(found)
    rows: dict[str, dict[str, Any]] = {}
    criteria: dict[str, None] = {}
    for line in found:
        if line["slice"] == slice:
            criteria[line["criterion"]] = None
            row = rows.setdefault(line["run"], {"run": line["run"], "note": ""})
            row[line["criterion"]] = (line["mean"], line["low"], line["high"], line["n"])
            if not line["is_comparable"]:
                row["note"] += f"{line['criterion']} was judged otherwise. "
    if found and not rows:
        raise UnknownNameError("slice", slice, available={line["slice"] for line in found})
    columns = [Column("run", "run"), *(Column(name, name, "metric") for name in criteria), Column("note", "")]
    return print_table(list(rows.values()), columns) if rows else print_text("No run yet. `nacre run` makes the first.")


def responses(
    file: File = RECIPE,
    slice: SliceName = "all",
    criterion: Annotated[str | None, typer.Option("--criterion", "-c", help="Only scores on this criterion.")] = None,
    score: Annotated[
        str | None, typer.Option(help="Only this score, such as fail, or abstained, unparsable, failed.")
    ] = None,
    rows: Annotated[int, typer.Option(help="How many rows to show.")] = 5,
    run: RunName = None,
    json: Json = False,
) -> None:
    """The responses behind a cell of the matrix, the worst first, with scores, reasons and labels of experts."""
    from nacre.loop import evaluated_rows, project_evaluation

    with opened_evaluation(file) as (project, recipe):
        evaluation = project_evaluation(project, recipe, run)
        found = evaluated_rows(evaluation, slice=slice, criterion=criterion, score=score, n=rows)
    if json:
        return print_json(found)
    for row in found:
        _print_response(row, criterion)
    texts = (str(row.get(name)) for row in found for name in ("prompt", "response", "reference"))
    if any(len(text) > MOST_TEXT for text in texts):
        print_text(f"Texts are cut at {MOST_TEXT} characters; --json has all of them.")
    return None if found else print_text("There is no such response.")


def _print_response(row: dict[str, Any], criterion: str | None) -> None:
    print_text(f"row {row['row_id']}  {row['prompt_id']}" + (f" repeat {row['repeat']}" if row["repeat"] else ""))
    for name in ("prompt", "response", "reference"):
        if name in row:
            print_text(f"    {name}: {_short(row[name])}")
    for line in row["scores"]:
        if criterion in (None, line["criterion"]):
            told = line["score"] if line["status"] == "scored" else f"{line['status']} {line['message'] or ''}"
            reason = f"  because {_short(line['rationale'])}" if line["rationale"] else ""
            of = "" if line["evaluator"] == line["criterion"] else f" ({line['criterion']})"
            print_text(f"    {line['evaluator']}{of}: {told}{reason}")
    for line in row["experts"]:
        if criterion in (None, line["criterion"]):
            reason = f"  because {_short(line['explanation'])}" if line["explanation"] else ""
            print_text(f"    {line['annotator']} on {line['criterion']}: {line['score'] or 'undecided'}{reason}")


def _short(value: Any) -> str:
    text = "none" if value is None else " ".join(str(value).split())
    return f"{text[:MOST_TEXT]}{'...' if len(text) > MOST_TEXT else ''}"


def matrix(file: File = RECIPE, run: RunName = None, baseline: Baseline = None, json: Json = False) -> None:
    """Slices by criteria with means and intervals, what changed against a baseline, and which evaluators to doubt."""
    from nacre.loop import evaluation_notes, project_evaluation

    with opened_evaluation(file) as (project, recipe):
        evaluation = project_evaluation(project, recipe, run, baseline=baseline)
        if json:
            notes = list(evaluation_notes(evaluation))
            return print_json({"run": evaluation.run.number, "notes": notes, **evaluation.matrix.to_dict()})
        print_text(f"run {evaluation.run.name}")
        return print_matrix(evaluation)


def gaps(file: File = RECIPE, run: RunName = None, json: Json = False) -> None:
    """Slices without responses, with too few, or without scores on a criterion."""
    from nacre.displays import Column
    from nacre.loop import project_evaluation

    with opened_evaluation(file) as (project, recipe):
        found = [gap.to_dict() for gap in project_evaluation(project, recipe, run).matrix.gaps]
    if json:
        return print_json(found)
    columns = [
        Column("slice", "slice"),
        Column("kind", "gap"),
        Column("criterion", "criterion"),
        Column("n", "prompts", "integer"),
        Column("n_wanted", "more wanted", "integer"),
    ]
    return print_table(found, columns) if found else print_text("Every slice has at least 30 prompts.")


def evaluators(file: File = RECIPE, run: RunName = None, json: Json = False) -> None:
    """What each evaluator scored, abstained on and failed on, and which evaluators to doubt."""
    from nacre.displays import Column
    from nacre.loop import project_evaluation

    with opened_evaluation(file) as (project, recipe):
        evaluation = project_evaluation(project, recipe, run)
        rigid = {flag.evaluator: flag for flag in evaluation.matrix.rigid}
        means = evaluation.evaluator_means
        criteria = {name: evaluation.scores.criterion_of(name).name for name in evaluation.scores.evaluators}
        found = [
            {
                "evaluator": name,
                "criterion": criteria[name],
                "fingerprint": fingerprint,
                **evaluation.run.content.counts[name],
                "mean": means[name].to_dict(),
                "rigid": rigid[name].to_dict() if name in rigid else None,
            }
            for name, fingerprint in evaluation.run.content.evaluators.items()
        ]
    if json:
        return print_json(found)
    rows = [{**row, "mean": means[name]} for name, row in zip(means, found, strict=True)]
    columns = [
        Column("evaluator", "evaluator", "code"),
        Column("criterion", "criterion"),
        *(Column(name, name, "integer") for name in ("scored", "abstained", "unparsable", "failed")),
        Column("mean", "mean", "metric", format="number"),
    ]
    print_table(rows, columns)
    if rigid:
        print_text("\nevaluators to doubt")
    for flag in rigid.values():
        print_text(f"  {flag}")
    return None


def agreement(file: File = RECIPE, slice: SliceName = "all", run: RunName = None, json: Json = False) -> None:
    """How far each evaluator agrees with the experts, beside a constant and the experts' own agreement."""
    from nacre.evaluation import AgreementReport
    from nacre.loop import alignments, project_evaluation, record_alignments

    with opened_evaluation(file) as (project, recipe):
        evaluation = project_evaluation(project, recipe, run)
        report = evaluation.agreement
        if report is not None and evaluation.run == project.runs.newest:
            record_alignments(evaluation)
        records = alignments(evaluation)
    if json:
        told = (AgreementReport((), {}, {}) if report is None else report).to_dict()
        return print_json({**told, "alignments": {name: record.to_dict() for name, record in records.items()}})
    if report is None:
        return print_text(NO_EXPERTS)
    print_agreement(report, slice)
    where = "" if slice == ALL else "on all responses "
    for record in records.values():
        print_text(f"{where}{record}")
    return None
