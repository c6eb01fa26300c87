"""Answers of Python evaluators and imported scores become points on a scale; one bad answer spoils only its row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
import polars as pl

from nacre.data import Classes, Number
from nacre.errors import SchemaError
from nacre.evaluation._criterion import PASS_FAIL, Criterion
from nacre.functions import Votes

MAX_SHOWN = 200
SCORED, ABSTAINED, UNPARSABLE, FAILED = "scored", "abstained", "unparsable", "failed"
STATUS = pl.Enum([SCORED, ABSTAINED, UNPARSABLE, FAILED])
_TRUE_OR_FALSE = {"true": True, "false": False, "1": True, "0": False}
SCORES = pl.Schema({"value": pl.Float32(), "status": STATUS, "rationale": pl.String(), "message": pl.String()})


def to_scores(answers: Sequence[Any], errors: Sequence[str | None] | None, criterion: Criterion) -> pl.DataFrame:
    """Return `value`, `status`, `rationale` and `message` of each answer.

    Args:
        answers: One a response: a class by name (or the number that is its name), true or false for pass/fail, a
            number for a number, None to abstain; or a pair of that and the reason; or a mapping with `score` and
            `rationale`.
        errors: What went wrong before, per response.
        criterion: What the answers are about.

    Examples:
        >>> answers = [True, ("fail", "rude"), "maybe", None]
        >>> to_scores(answers, None, Criterion("polite")).select("value", "status").rows()
        [(1.0, 'scored'), (0.0, 'scored'), (None, 'unparsable'), (None, 'abstained')]
    """
    values: list[float | None] = []
    status: list[str] = []
    rationales: list[str | None] = []
    messages: list[str | None] = list(errors) if errors is not None else [None] * len(answers)
    known: dict[Any, float] = {}
    for row, answer in enumerate(answers):
        value, rationale = None, None
        if messages[row] is not None:
            status.append(FAILED)
        elif answer is None:
            status.append(ABSTAINED)
        else:
            point, rationale = _with_rationale(answer)
            try:
                value = _point(point, criterion, known)
                status.append(SCORED if point is not None else ABSTAINED)
            except SchemaError as error:
                status.append(UNPARSABLE)
                messages[row] = str(error)
        values.append(value)
        rationales.append(rationale)
    columns = {"value": values, "status": status, "rationale": rationales, "message": messages}
    return pl.DataFrame(columns, schema=SCORES)


def as_answer(score: Any, criterion: Criterion) -> Any:
    """Return a score of a table as an evaluator would answer; a table of several criteria holds every score as text.

    Empty text is no answer, a whole number may name a class, and true and false (or 1 and 0) are pass and fail.

    Examples:
        >>> [as_answer(score, Criterion("polite")) for score in ("True", "0", 1, " ", "pass")]
        [True, False, True, None, 'pass']
    """
    if isinstance(score, np.generic):
        score = score.item()
    if isinstance(score, str) and not score.strip():
        return None
    if isinstance(criterion.scale, Classes):
        if isinstance(score, float) and score.is_integer():
            score = int(score)  # whole numbers beside missing ones often come as 1.0
        if isinstance(score, int) and not isinstance(score, bool):
            score = str(score)
        is_text_of_pass_fail = criterion.scale == PASS_FAIL and isinstance(score, str)
        return _TRUE_OR_FALSE.get(score.strip().casefold(), score) if is_text_of_pass_fail else score
    if isinstance(score, str):
        with suppress(ValueError):
            return float(score)
    return score


def scores_of_votes(votes: Votes, *, not_scored: str) -> pl.DataFrame:
    """Return `value`, `status`, `rationale` and `message` of votes for classes; a row with an error is `not_scored`."""
    nothing = pl.Series([None] * len(votes.values), dtype=pl.String)
    table = pl.DataFrame(
        {
            "value": votes.values.cast(pl.Float32),
            "rationale": nothing if votes.rationale is None else votes.rationale,
            "message": nothing if votes.errors is None else votes.errors,
        }
    )
    failed = pl.when(pl.col("message").is_not_null()).then(pl.lit(not_scored))
    status = failed.when(pl.col("value").is_null()).then(pl.lit(ABSTAINED)).otherwise(pl.lit(SCORED))
    return table.with_columns(status=status.cast(STATUS)).select(SCORES.names())


def _with_rationale(answer: Any) -> tuple[Any, str | None]:
    if isinstance(answer, tuple) and len(answer) == 2:
        return answer[0], None if answer[1] is None else str(answer[1])
    if isinstance(answer, Mapping) and "score" in answer:
        rationale = answer.get("rationale")
        return answer["score"], None if rationale is None else str(rationale)
    return answer, None


def _point(answer: Any, criterion: Criterion, known: dict[Any, float]) -> float | None:
    if answer is None:
        return None
    if isinstance(answer, np.generic):
        answer = answer.item()
    key = (type(answer), answer) if isinstance(answer, str | bool | int | float) else None
    if key is not None and key in known:
        return known[key]
    point = _number(answer, criterion.scale) if isinstance(criterion.scale, Number) else _class(answer, criterion.scale)
    if key is not None:
        known[key] = point
    return point


def _class(answer: Any, scale: Classes) -> float:
    if isinstance(answer, bool) and scale == PASS_FAIL:
        return float(answer)
    if isinstance(answer, int | float) and not isinstance(answer, bool) and f"{answer:g}" in scale.names:
        return float(scale.code(f"{answer:g}"))  # classes that are called 1, 2, 3
    if isinstance(answer, str) and answer.strip().casefold() in (names := [name.casefold() for name in scale.names]):
        return float(names.index(answer.strip().casefold()))
    raise SchemaError(f"Expected {' or '.join(scale.names)}, found {_shown(answer)}.")


def _number(answer: Any, scale: Number) -> float:
    if isinstance(answer, bool) or not isinstance(answer, int | float) or not scale.low <= answer <= scale.high:
        raise SchemaError(f"Expected a number from {scale.low:g} to {scale.high:g}, found {_shown(answer)}.")
    return float(answer)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}..."
