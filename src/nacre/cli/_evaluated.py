"""What running a benchmark prints: counts, the matrix, what to doubt, and what changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nacre.cli._output import print_chart, print_table, print_text

if TYPE_CHECKING:
    from nacre.evaluation import AgreementReport
    from nacre.loop import Evaluated, ProjectEvaluation
    from nacre.metrics import Metric
    from nacre.workspace import Run

ALL = "all"
MOST_CHANGES = 8


def run_summary(run: Run) -> dict[str, Any]:
    """Return a run as JSON, without responses and scores."""
    content = run.content
    return {
        "run": run.number,
        "note": run.note,
        "at": run.at.isoformat(timespec="seconds"),
        "author": run.author,
        "system": content.system,
        "responses": content.n_responses,
        "prompts": content.n_prompts,
        "benchmark": content.benchmark,
        "evaluators": {
            name: {"fingerprint": fingerprint, **content.counts.get(name, {})}
            for name, fingerprint in content.evaluators.items()
        },
    }


def evaluated_document(evaluated: Evaluated, evaluation: ProjectEvaluation) -> dict[str, Any]:
    """Return what running a benchmark did as JSON."""
    from nacre.loop import evaluation_notes, next_steps

    return {
        **run_summary(evaluated.run),
        "is_new": evaluated.is_new,
        "notes": [*evaluated.notes, *evaluation_notes(evaluation)],
        "baseline": None if evaluation.baseline is None else evaluation.baseline.number,
        "matrix": evaluation.matrix.to_dict(),
        "next": [step.to_dict() for step in next_steps(evaluation)],
    }


def print_evaluated(evaluated: Evaluated, evaluation: ProjectEvaluation) -> None:
    """Print what running a benchmark did, the result first."""
    from nacre.loop import next_steps
    from nacre.report import count

    run = evaluated.run
    told = f"  {run.note}" if run.note else ""
    print_text(f"run           {run.number}{told}")
    if not evaluated.is_new:
        print_text(f"note          Nothing changed since run {run.number}, so there is no new run.")
    content = run.content
    print_text(f"responses     {count(content.n_responses, 'response')} to {count(content.n_prompts, 'prompt')}")
    _print_counts(run)
    for note in evaluated.notes:
        print_text(f"note          {note}")
    print_matrix(evaluation)
    if steps := next_steps(evaluation):
        print_text("\nwhat to do next")
        for number, step in enumerate(steps[:3], start=1):
            print_text(f"  {number}. {step.title}" + (f"\n     {step.what_to_type}" if step.what_to_type else ""))


def _print_counts(run: Run) -> None:
    """Print how many scores there are, and whatever is none."""
    from nacre.report import count

    totals: dict[str, int] = {}
    for counts in run.content.counts.values():
        for status, n in counts.items():
            totals[status] = totals.get(status, 0) + n
    words = [f"{n:,} {status}" for status, n in totals.items() if n or status == "scored"]
    print_text(f"scores        {', '.join(words)} by {count(len(run.content.evaluators), 'evaluator')}")


def print_matrix(evaluation: ProjectEvaluation) -> None:
    """Print slices by criteria, which cells changed against the baseline, and which evaluators to doubt."""
    from nacre.evaluation import matrix_chart
    from nacre.loop import evaluation_notes

    matrix = evaluation.matrix
    for note in evaluation_notes(evaluation):
        print_text(f"note          {note}")
    print_text()
    print_chart(matrix_chart(matrix.to_dict()))
    missing = {name: cell.n_missing for name in matrix.criteria if (cell := matrix.cells[ALL, name]).n_missing}
    if missing:
        told = ", ".join(f"{n:,} on {name}" for name, n in missing.items())
        print_text(f"\nnot scored, and in no mean: {told}")
    for cell in matrix.cells.values():
        if cell.slice == ALL and cell.corrected is not None and not cell.corrected.is_too_few:
            print_text(f"\ncorrected by experts, {cell.criterion}: {cell.corrected}")
    changed = [(cell, cell.change) for cell in matrix.cells.values() if cell.is_changed and cell.change is not None]
    if evaluation.baseline is not None:
        print_text(f"\nsince run {evaluation.baseline.name}")
        print_text(f"  {matrix.verdict}")
        for cell, change in sorted(changed, key=lambda pair: pair[0].is_better is True)[:MOST_CHANGES]:
            print_text(f"  {cell.slice}, {cell.criterion}: {signed(change)}")
    elif matrix.verdict:
        print_text(f"\n{matrix.verdict}")
    for flag in matrix.rigid:
        print_text(f"doubt         {flag}")
    for gap in matrix.gaps:
        of = f" on {gap.criterion}" if gap.criterion else ""
        wanted = f", {gap.n_wanted} more wanted" if gap.n_wanted else ""
        print_text(f"gap           {gap.slice}: {gap.kind}{of}, {gap.n:,} prompts{wanted}")


def signed(change: Metric) -> str:
    """Return a change with its interval, always with a sign.

    Examples:
        >>> from nacre.metrics import Metric
        >>> signed(Metric(0.136, 0.08, 1.2, 40)), signed(Metric(0, -0.03, 0.03, 40))
        ('+.14 [+.08, +1.20] n=40', '.00 [-.03, +.03] n=40')
    """
    if not change.n:
        return "-"
    value, low, high = (_with_sign(number) for number in (change.value, change.low, change.high))
    return f"{value} [{low}, {high}] n={change.n:,}"


def _with_sign(number: float) -> str:
    text = f"{number:+.2f}".replace("+0.", "+.").replace("-0.", "-.")
    return ".00" if text in ("+.00", "-.00") else text


def print_agreement(report: AgreementReport, slice: str) -> None:
    """Print how far evaluators agree with experts, beside a constant and what experts reach among themselves."""
    from nacre.displays import Column

    lines = [line for line in report if line.slice == slice]
    rows = [
        {
            "evaluator": line.evaluator,
            "criterion": line.criterion,
            "raw": line.raw,
            "kappa": line.kappa,
            "constant": line.baseline,
            "experts": None if line.ceiling is None else line.ceiling.agreement,
            "gap": None if line.accept is None else line.accept.gap,
        }
        for line in lines
    ]
    columns = [
        Column("evaluator", "evaluator", "code"),
        Column("criterion", "criterion"),
        Column("raw", "agrees with experts", "metric"),
        Column("kappa", "kappa", "metric"),
        Column("constant", "a constant would", "number"),
        Column("experts", "experts with each other", "metric"),
        Column("gap", "accepts more than experts", "metric"),
    ]
    print_table(rows, columns, caption="" if slice == ALL else f"on {slice}")
    for name, n in report.n_tied.items():
        if n:
            print_text(f"experts tie on {n:,} responses for {name}; they are not compared")
    for name, n in report.n_not_scored.items():
        if n:
            print_text(f"{n:,} labeled responses have no score by {name}")
