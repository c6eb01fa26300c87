"""A small evaluation with planted truth: responses, evaluators, labels of experts, and a recipe that runs."""

from pathlib import Path

import polars as pl
import yaml

from nacre import workspace
from nacre.loop import EvaluationRecipe, read_evaluation_recipe, run_benchmark

N = 120
CODE = '''"""Evaluators of the project."""


def overlap(outputs, reference):
    if outputs == "":
        raise ValueError("nothing was said")
    return "right" if reference in outputs else "wrong"
'''
RECIPE = {
    "project": "help",
    "evaluation": {
        "responses": {"source": "responses.jsonl", "prompt": "question", "reference": "gold", "prompt_id": "id"},
        "criteria": {
            "polite": "Friendly, and blames nobody.",
            "correct": {"scale": {"ordinal": ["wrong", "partly", "right"]}, "passes": "right", "target": 0.8},
        },
        "evaluators": {
            "polite": {"passes": {"keyword": ["response", ["please", "thank you"]]}},
            "overlap": {"criterion": "correct", "code": "evaluators.py:overlap"},
        },
        "slices": {
            "spanish": {"keyword": ["prompt", ["hola"]]},
            "long": {"expression": "length(prompt) > 200"},
        },
    },
}


def responses(n: int = N, *, polite: int = 3, correct: int = 2) -> pl.DataFrame:
    """Return responses of which every `polite`-th says please and every `correct`-th holds the reference."""
    rows = [
        {
            "id": f"q{number}",
            "question": f"{'hola, ' if number % 3 == 0 else ''}question {number}?",
            "response": f"{'Please: ' if number % polite == 0 else ''}{'yes' if number % correct == 0 else 'no'}",
            "gold": "yes",
        }
        for number in range(n)
    ]
    return pl.DataFrame(rows)


def write_evaluation(folder: Path, recipe: dict = RECIPE, frame: pl.DataFrame | None = None) -> Path:
    """Write recipe, evaluators and responses, and return the recipe's path."""
    (folder / "evaluators.py").write_text(CODE, encoding="utf-8")
    (responses() if frame is None else frame).write_ndjson(folder / "responses.jsonl")
    path = folder / "nacre.yaml"
    path.write_text(yaml.safe_dump(recipe, sort_keys=False), encoding="utf-8")
    return path


def with_evaluation(**changes) -> dict:
    """Return the recipe with some parts of its evaluation replaced; None takes a part away."""
    parts = {**RECIPE["evaluation"], **changes}
    return {**RECIPE, "evaluation": {name: part for name, part in parts.items() if part is not None}}


class Evaluation:
    """A project that evaluates, in a folder."""

    def __init__(self, folder: Path, recipe: dict = RECIPE, frame: pl.DataFrame | None = None) -> None:
        self.folder = folder
        self.path = write_evaluation(folder, recipe, frame)
        self.workspace = workspace.open(folder / ".nacre", user="ann")
        self.project = self.workspace.project("help")

    @property
    def recipe(self) -> EvaluationRecipe:
        return read_evaluation_recipe(self.path)

    def run(self, **options):
        return run_benchmark(self.project, self.recipe, **options)
