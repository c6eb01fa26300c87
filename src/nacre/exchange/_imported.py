"""What an import gives: responses, scores, criteria, evaluators, prompts, and what could not come along."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from nacre.evaluation import Criterion, Evaluator, Scores


@dataclass(frozen=True)
class Unsupported:
    """A part of a file, or of an evaluation, that the other side has no place for.

    Args:
        where: Where it stands; the first place, where there are several.
        what: What it is called there.
        why: Why it stayed behind, and what to do instead.
        n: In how many places.
    """

    where: str
    what: str
    why: str
    n: int = 1

    def __str__(self) -> str:
        more = f" (and {self.n - 1:,} more)" if self.n > 1 else ""
        return f"{self.where}{more}: {self.what}: {self.why}"


@dataclass(frozen=True, eq=False)
class Imported:
    """An evaluation of another tool.

    Args:
        format: The format it was read from.
        responses: The responses as `read_responses` gives them; empty where the file holds prompts alone.
        scores: What the tool's scorers said of them; None where the file holds no scores.
        criteria: The criteria of the scores and evaluators.
        evaluators: Evaluators that score new responses as the tool would.
        prompts: Reference prompts: `prompt_id`, `prompt` and, where known, `reference`, `contexts`, `metadata` and
            other fields; None where every prompt of the file came with a response.
        unsupported: What the file holds that is not above.
    """

    format: str
    responses: pl.DataFrame
    scores: Scores | None = None
    criteria: tuple[Criterion, ...] = ()
    evaluators: tuple[Evaluator, ...] = ()
    prompts: pl.DataFrame | None = None
    unsupported: tuple[Unsupported, ...] = ()

    def __repr__(self) -> str:
        n_prompts = 0 if self.prompts is None else len(self.prompts)
        n_scored = 0 if self.scores is None else len(self.scores.frame)
        return (
            f"Imported({self.format}: {len(self.responses):,} responses, {n_prompts:,} prompts, {n_scored:,} scores, "
            f"{len(self.evaluators)} evaluators, {len(self.unsupported)} unsupported)"
        )
