"""A benchmark file in a recipe: prompts, slices, criteria and evaluators that several projects share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nacre.evaluation import Benchmark, Evaluator
from nacre.functions import Code, Context
from nacre.loop._evaluation_recipe import EvaluationRecipe

if TYPE_CHECKING:
    from nacre.loop._project_evaluation import ProjectEvaluation

_OF_RESPONSES = ("row_id", "uid", "response", "system", "repeat")


def recipe_benchmark(recipe: EvaluationRecipe) -> Benchmark | None:
    """Return the benchmark that a recipe names; Python code is looked for beside the recipe."""
    if recipe.benchmark is None:
        return None
    return Benchmark.load(recipe.folder / recipe.benchmark, context=Context(folder=recipe.folder))


def with_benchmark(recipe: EvaluationRecipe) -> EvaluationRecipe:
    """Return a recipe with what its benchmark holds; what the recipe says itself comes on top."""
    benchmark = recipe_benchmark(recipe)
    if benchmark is None:
        return recipe
    return replace(
        recipe,
        criteria=_merged(benchmark.criteria, recipe.criteria),
        evaluators=_merged(benchmark.evaluators, recipe.evaluators),
        slices=_merged(benchmark.slices, recipe.slices),
    )


def code_note(recipe: EvaluationRecipe, evaluators: Iterable[Evaluator]) -> str:
    """Return which code runs because a benchmark file names it, or nothing.

    Args:
        recipe: The recipe as it was read.
        evaluators: Its evaluators with those of the benchmark.
    """
    own = {evaluator.name for evaluator in recipe.evaluators}
    brought = (part.voter for part in evaluators if part.name not in own)
    names = dict.fromkeys(str(voter.spec()["code"]) for voter in brought if isinstance(voter, Code))
    return f"Code that {recipe.benchmark} names was run: {', '.join(names)}." if names else ""


def export_benchmark(evaluation: ProjectEvaluation, path: Path) -> None:
    """Write prompts, slices, criteria and evaluators of a run as one file, which `benchmark` in a recipe takes."""
    rows = evaluation.responses
    prompts = rows.drop(name for name in _OF_RESPONSES if name in rows.columns)
    recipe = evaluation.recipe
    Benchmark(
        recipe.project,
        prompts.unique("prompt_id", keep="first", maintain_order=True),
        recipe.slices,
        recipe.criteria,
        recipe.evaluators,
        Context(folder=recipe.folder),
    ).save(path)


def _merged(shared: Iterable[Any], own: Iterable[Any]) -> tuple[Any, ...]:
    return tuple({part.name: part for part in (*shared, *own)}.values())
