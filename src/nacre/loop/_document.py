"""The analysis of an iteration as JSON, kept with it, so that looking at it computes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from nacre.analysis import MAX_ROWS
from nacre.errors import UnknownNameError, WorkspaceError
from nacre.metrics import confusion

if TYPE_CHECKING:
    import polars as pl

    from nacre.loop._turn import Analysis
    from nacre.workspace import Project

FILE = "analysis.json"


def analysis_document(analysis: Analysis, failures: pl.DataFrame) -> dict[str, Any]:
    """Return an analysis as JSON; lists of rows end after 1,000, so that showing a document stays fast.

    Args:
        analysis: What one iteration is like.
        failures: Rows on which functions failed, with the message.
    """
    outcomes, summary = analysis.outcomes, analysis.summary
    known = outcomes.is_known
    table = confusion(outcomes.truth[known], outcomes.prediction[known], len(outcomes.classes))
    estimated = analysis.estimated.group_by("function", maintain_order=True).first()
    functions = summary.functions.join(
        estimated.select("function", estimated="precision", estimated_n="n"), on="function", how="left"
    )
    return {
        "quality": analysis.quality.to_dict(),
        "coverage": {"coverage": summary.coverage, "overlap": summary.overlap, "conflict": summary.conflict},
        "functions": functions.to_dicts(),
        "failures": failures.head(MAX_ROWS).to_dicts(),
        "n_failures": len(failures),
        "confusion": {"classes": list(outcomes.classes), "counts": table.tolist()},
        "causes": analysis.causes.to_dict(),
        "groups": [group.to_dict() for group in analysis.groups],
        "discovered": [found.to_dict() for found in analysis.discovered],
        "value": analysis.value.to_dicts(),
        "duplicates": [group.to_dict() for group in analysis.duplicates],
        "advice": None if analysis.advice is None else str(analysis.advice).splitlines(),
        "suggestions": [suggestion.to_dict() for suggestion in analysis.suggestions],
        "actions": [action.to_dict() for action in analysis.actions],
        "comparison": None if analysis.comparison is None else analysis.comparison.to_dict(),
    }


def save_document(document: dict[str, Any], folder: Path) -> None:
    """Write a document to an empty folder."""
    options = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
    (folder / FILE).write_bytes(orjson.dumps(document, option=options, default=str))


def read_document(project: Project, number: int | None = None) -> dict[str, Any]:
    """Return the analysis of an iteration, by default the newest that has one.

    Raises:
        WorkspaceError: No iteration was analysed yet.
    """
    analysed = [
        iteration
        for iteration in project.iterations
        if "analysis" in iteration.detail and number in (None, iteration.number)
    ]
    if not analysed:
        numbers = [str(iteration.number) for iteration in project.iterations if "analysis" in iteration.detail]
        if number is not None:
            raise UnknownNameError("analysed iteration", str(number), available=numbers)
        raise WorkspaceError(f"No iteration of `{project.name}` has been analysed. `nacre run` does that.")
    newest = analysed[-1]
    document: dict[str, Any] = orjson.loads(
        (project.artifacts.get_folder(newest.detail["analysis"]) / FILE).read_bytes()
    )
    return {"iteration": newest.number, "note": newest.note, **document}
