"""An import in the making: rows and answers are added as they are found, then become one `Imported`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from nacre._hashing import hash_text
from nacre.data import Classes, Number
from nacre.evaluation import PASS_FAIL, PREFERENCE, Criterion, Evaluator, Scores, read_responses, to_scores
from nacre.exchange._imported import Imported, Unsupported
from nacre.exchange._tables import is_selector, table_of
from nacre.exchange._values import pass_or_fail

_PROMPT_COLUMNS = ("prompt_id", "prompt", "reference", "contexts", "metadata", "system")
PARTLY = "partly"
_CREDIT = Classes(("incorrect", PARTLY, "correct"), ordered=True)
_SCORE_KEYS = ("row_id", "prompt_id", "repeat")


@dataclass
class Answers:
    """What one scorer of the tool said, row by row.

    Args:
        criterion: What it scores.
        passes: From which number on a response passes; None where that is not known or not one number.
        lower_is_better: Whether small numbers are good.
        description: What the criterion means.
    """

    criterion: str
    passes: float | None = None
    lower_is_better: bool = False
    description: str = ""
    rows: list[int] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)
    rationales: list[str | None] = field(default_factory=list)
    errors: list[str | None] = field(default_factory=list)
    unparsable: list[int] = field(default_factory=list)


class Draft:
    """What was found in a file so far.

    Args:
        format: The name of the format.
        criteria: Criteria that are known by name; others are made from the answers.
    """

    def __init__(self, format: str, criteria: Iterable[Criterion] = ()) -> None:
        self.format = format
        self.evaluators: list[Evaluator] = []
        self.response_table: pl.DataFrame | None = None  # instead of single rows, where a file is such a table
        self.prompt_table: pl.DataFrame | None = None
        self._responses: list[Mapping[str, Any]] = []
        self._prompts: list[Mapping[str, Any]] = []
        self._answers: dict[str, Answers] = {}
        self._notes: dict[tuple[str, str], Unsupported] = {}
        self._known = {criterion.name: criterion for criterion in criteria}

    def response(self, prompt: str, response: str | None, **fields: Any) -> int:
        """Add a response and return its row; None stands for a response that the system did not give."""
        self._responses.append({"prompt": prompt, "response": response, **self._readable(fields)})
        return len(self._responses) - 1

    def prompt(self, prompt: str, **fields: Any) -> None:
        """Add a reference prompt that has no response yet."""
        given = fields.pop("prompt_id", None)
        self._prompts.append({"prompt_id": given or hash_text(prompt)[:16], "prompt": prompt, **self._readable(fields)})

    def _readable(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fields that a column can be named after."""
        for name in filter(is_selector, fields):
            self.note("fields", f"`{name}`", "a name that starts with `^` and ends with `$` is a pattern. Rename it.")
        return {name: value for name, value in fields.items() if not is_selector(name)}

    def answers(self, evaluator: str, **settings: Any) -> Answers:
        """Return what a scorer said so far; `settings` are those of `Answers`, told at the first time."""
        if evaluator not in self._answers:
            self._answers[evaluator] = Answers(**{"criterion": evaluator, **settings})
        return self._answers[evaluator]

    def score(
        self,
        row: int,
        evaluator: str,
        value: Any,
        *,
        rationale: str | None = None,
        error: str | None = None,
        was_parsed: bool = True,
    ) -> None:
        """Add what a scorer said of a response; None abstains, and an error is no score.

        Args:
            row: What `response` returned.
            evaluator: The scorer.
            value: What it said.
            rationale: Its reason.
            error: What went wrong.
            was_parsed: False where the error is that its answer could not be read.
        """
        answers = self.answers(evaluator)
        answers.rows.append(row)
        answers.values.append(value)
        answers.rationales.append(rationale)
        answers.errors.append(error)
        if not was_parsed:
            answers.unparsable.append(len(answers.rows) - 1)

    def note(self, where: str, what: str, why: str) -> None:
        """Say that a part of the file stayed behind."""
        key = (what, why)
        first = self._notes.get(key)
        self._notes[key] = Unsupported(where, what, why) if first is None else _one_more(first)

    def finish(self) -> Imported:
        """Return the import."""
        columns = {"prompt": pl.String(), "response": pl.String()}
        table = table_of(self._responses, columns) if self.response_table is None else self.response_table
        responses = read_responses(table).collect()
        made = [self._scores(name, answers, responses) for name, answers in self._answers.items() if answers.rows]
        found = [pair for pair in made if pair is not None]
        criteria = {criterion.name: criterion for criterion, _ in found}
        scores = None
        if found:
            frame = pl.concat([frame for _, frame in found])
            names = dict.fromkeys(frame.get_column("evaluator").unique(maintain_order=True).to_list(), "")
            scores = Scores(frame, tuple(criteria.values()), names)
        criteria |= {evaluator.criterion.name: evaluator.criterion for evaluator in self.evaluators}
        return Imported(
            self.format,
            responses,
            scores,
            tuple(criteria.values()),
            tuple(self.evaluators),
            self._prompt_frame(),
            tuple(self._notes.values()),
        )

    def _prompt_frame(self) -> pl.DataFrame | None:
        if self.prompt_table is not None:
            empty = self.prompt_table.with_columns(response=pl.lit(None, dtype=pl.String))
            table = read_responses(empty).collect().drop("response")
        elif self._prompts:
            table = table_of(self._prompts, {"prompt_id": pl.String(), "prompt": pl.String()})
        else:
            return None
        return table.select(prompt_columns(table.columns))

    def _scores(self, name: str, answers: Answers, responses: pl.DataFrame) -> tuple[Criterion, pl.DataFrame] | None:
        criterion = self._known.get(answers.criterion)
        if criterion is None:
            criterion = self._criterion(answers)
            if criterion is None:
                self.note(
                    "scores",
                    name,
                    "its answers are words in no known order. Name the criterion with its scale in `criteria`.",
                )
                return None
            self._known[answers.criterion] = criterion
        values = [_as_answer(value, criterion) for value in answers.values]
        scores = to_scores(values, answers.errors, criterion)
        status = scores.get_column("status").scatter(answers.unparsable, "unparsable")
        keys = responses.select(_SCORE_KEYS)[answers.rows]
        named = keys.with_columns(evaluator=pl.lit(name), criterion=pl.lit(criterion.name))
        rationales = pl.Series("rationale", answers.rationales, dtype=pl.String)
        return criterion, pl.concat([named, scores.with_columns(rationales, status)], how="horizontal")

    def _criterion(self, answers: Answers) -> Criterion | None:
        """Return the criterion whose scale all answers of its evaluators fit."""
        same = [other for other in self._answers.values() if other.criterion == answers.criterion]
        values = [value for other in same for value in other.values if value is not None]
        texts = {value.strip().casefold() for value in values if isinstance(value, str)}
        numbers = [float(value) for value in values if _is_number(value)]
        name, description = answers.criterion, answers.description
        if texts and texts <= {"lost", "tied", "won"}:
            return Criterion(name, description, PREFERENCE)
        if not numbers and all(pass_or_fail(value) is not None for value in values):
            return Criterion(name, description, PASS_FAIL)
        if PARTLY in texts and all(value == PARTLY or pass_or_fail(value) for value in values):
            return Criterion(name, description, _CREDIT)
        if len(texts) and not numbers:
            return None
        finite = [number for number in numbers if math.isfinite(number)] or [0.0]
        bounds = [*finite, 0.0, 1.0, *([] if answers.passes is None else [answers.passes])]
        scale = Number(min(bounds), max(bounds))
        passes = answers.passes
        return Criterion(name, description, scale, passes=passes, lower_is_better=answers.lower_is_better)


def _one_more(note: Unsupported) -> Unsupported:
    return Unsupported(note.where, note.what, note.why, note.n + 1)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _as_answer(value: Any, criterion: Criterion) -> Any:
    if isinstance(value, float) and math.isnan(value):
        return None
    if criterion.scale == PASS_FAIL:
        word = pass_or_fail(value)
        return value if word is None else word
    if criterion.scale == _CREDIT:
        return {"pass": "correct", "fail": "incorrect"}.get(pass_or_fail(value) or "", value)
    if isinstance(criterion.scale, Number) and isinstance(value, bool):
        return float(value)
    return value


def prompt_columns(names: Sequence[str]) -> list[str]:
    """Return the columns of reference prompts, agreed names first."""
    return [name for name in _PROMPT_COLUMNS if name in names] + [
        name for name in names if name not in (*_PROMPT_COLUMNS, "row_id", "uid", "response", "repeat")
    ]
