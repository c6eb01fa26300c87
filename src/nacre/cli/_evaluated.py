"""What running a benchmark prints: counts, the matrix, what to doubt, and what changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nacre.cli._output import print_text

if TYPE_CHECKING:
    from nacre.loop import Evaluated, EvaluationRecipe
    from nacre.workspace import Project, Run


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


def evaluated_document(project: Project, recipe: EvaluationRecipe, evaluated: Evaluated) -> dict[str, Any]:
    """Return what running a benchmark did as JSON."""
    return {
        **run_summary(evaluated.run),
        "is_new": evaluated.is_new,
        "notes": list(evaluated.notes),
    }


def print_evaluated(project: Project, recipe: EvaluationRecipe, evaluated: Evaluated) -> None:
    """Print what running a benchmark did, the result first."""
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


def _print_counts(run: Run) -> None:
    """Print how many scores there are, and whatever is none."""
    totals: dict[str, int] = {}
    for counts in run.content.counts.values():
        for status, n in counts.items():
            totals[status] = totals.get(status, 0) + n
    words = [f"{n:,} {status}" for status, n in totals.items() if n or status == "scored"]
    print_text(f"scores        {len(run.content.evaluators)} evaluators: {', '.join(words)}")
