"""What the reader of an evaluation should know before its numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import polars as pl

from nacre.evaluation import Scores

if TYPE_CHECKING:
    from nacre.loop._project_evaluation import ProjectEvaluation


def evaluation_notes(evaluation: ProjectEvaluation) -> tuple[str, ...]:
    """Return what to know about a run: missing answers, criteria without a score, and why it is not compared."""
    return tuple(_notes(evaluation))


def without_answer(responses: pl.DataFrame) -> int:
    """Return how many responses are null or blank.

    Examples:
        >>> without_answer(pl.DataFrame({"response": ["yes", "", " ", None]}))
        3
    """
    return int((responses.get_column("response").fill_null("").str.strip_chars() == "").sum())


def unscored_criteria(scores: Scores) -> tuple[str, ...]:
    """Return the criteria that no evaluator scores."""
    scored = {scores.criterion_of(name).name for name in scores.evaluators}
    return tuple(criterion.name for criterion in scores.criteria if criterion.name not in scored)


def _notes(evaluation: ProjectEvaluation) -> Iterator[str]:
    if n := without_answer(evaluation.responses):
        yield (
            f"{n:,} of {len(evaluation.responses):,} responses have no answer. What evaluators say of them, passes "
            "included, is in the means."
        )
    for name in unscored_criteria(evaluation.scores):
        yield f"Nothing scores `{name}`, so it is in no mean: give it an evaluator, or import scores."
    if evaluation.not_compared:
        yield evaluation.not_compared
