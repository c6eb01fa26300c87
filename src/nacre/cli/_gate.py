"""`nacre gate`: whether the newest run may pass."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nacre.cli._output import print_json, print_text, write_text
from nacre.cli._project import RECIPE, File, Json, opened_evaluation
from nacre.errors import SpecError

if TYPE_CHECKING:
    from nacre.evaluation import Criterion, GateCondition


def gate(
    file: File = RECIPE,
    least: Annotated[
        list[str] | None, typer.Option("--min", help="Such as 'correct[spanish]>=0.8'; else those of the recipe.")
    ] = None,
    run: Annotated[str | None, typer.Option("--run", "-r", help="An earlier run, by number or note.")] = None,
    junit: Annotated[Path | None, typer.Option(help="Write the checks as JUnit XML.")] = None,
    json: Json = False,
) -> None:
    """Exit with 1 where the bound of an interval misses what is asked for, with 2 where nobody can tell.

    Nobody can tell where there are fewer than 30 prompts, or where an evaluator changed since experts checked it or
    disagrees with them.
    """
    from nacre.evaluation import GateCondition
    from nacre.evaluation import gate as check
    from nacre.loop import distrusted, project_evaluation, unscored_criteria

    with opened_evaluation(file) as (project, recipe):
        evaluation = project_evaluation(project, recipe, run)
        conditions = least or recipe.gate or _targets(evaluation.scores.criteria)
        if not conditions:
            raise SpecError(
                "There is nothing to ask for: give --min 'correct>=0.8', a `gate`, or a `target` of a criterion."
            )
        asked = [GateCondition.parse(part) for part in conditions]
        _check_scored(asked, unscored_criteria(evaluation.scores))
        result = check(evaluation.matrix, asked, refused=distrusted(evaluation))
    if json:
        print_json({"run": evaluation.run.number, **result.to_dict()})
    else:
        for line in result.checks:
            print_text(line.message)
    if junit is not None:
        write_text(junit, result.to_junit())
    if result.exit_code:
        raise typer.Exit(result.exit_code)


def _check_scored(conditions: Sequence[GateCondition], unscored: Sequence[str]) -> None:
    for part in conditions:
        if part.criterion in unscored:
            raise SpecError(
                f"`{part}` cannot be checked, as nothing scores `{part.criterion}`. Give it an evaluator in "
                "nacre.yaml, or import scores."
            )


def _targets(criteria: Sequence[Criterion]) -> list[str]:
    """Return the targets of the criteria as conditions."""
    wanted = [part for part in criteria if part.target is not None]
    return [f"{part.name} {'<=' if part.lower_is_better else '>='} {part.target:g}" for part in wanted]
