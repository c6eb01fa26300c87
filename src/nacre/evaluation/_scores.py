"""What evaluators and people said about responses: one long table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl

from nacre._hashing import hash_frame, hash_text
from nacre.data import to_polars
from nacre.errors import SchemaError, UnknownFieldError, UnknownNameError
from nacre.evaluation._answers import SCORES, STATUS, as_answer, to_scores
from nacre.evaluation._criterion import Criterion

KEYS = pl.Schema({"row_id": pl.Int64(), "prompt_id": pl.String(), "repeat": pl.Int64()})
COLUMNS = pl.Schema({**KEYS, "evaluator": pl.String(), "criterion": pl.String(), **SCORES})


IMPORTED = "imported "


def is_imported(fingerprint: str) -> bool:
    """Return whether a fingerprint is of scores that came with the data, of which nobody knows what made them.

    What is behind the word `imported` tells one field of scores from another.
    """
    return not fingerprint or fingerprint.startswith(IMPORTED)


@dataclass(frozen=True, eq=False)
class Scores:
    """Scores of responses: a row per response and evaluator.

    Only rows whose `status` is "scored" have a value; the others abstained, could not be parsed or failed, and are
    never counted as scores.

    Args:
        frame: `row_id`, `prompt_id`, `repeat` of the response, `evaluator`, `criterion`, `value` (the code of a class,
            or a number), `status`, `rationale`, `message`.
        criteria: The criteria.
        evaluators: Fingerprint of each evaluator by name; empty for scores that were imported, also as a field of the
            responses.

    Examples:
        >>> from nacre.evaluation import Evaluator, evaluate
        >>> from nacre.functions import Keyword
        >>> answers = pl.DataFrame({"prompt": ["Hi", "Bye"], "response": ["Hello, please sit", "No."]})
        >>> scores = evaluate([Evaluator("please", Criterion("polite"), Keyword("response", ("please",)))], answers)
        >>> scores
        Scores(2 responses, 1 evaluator, 2 scored)
        >>> scores.wide().select("row_id", "please").rows()
        [(0, 1.0), (1, 0.0)]
    """

    frame: pl.DataFrame
    criteria: tuple[Criterion, ...]
    evaluators: Mapping[str, str]

    @classmethod
    def from_frame(cls, frame: Any, criteria: Sequence[Criterion], *, responses: pl.DataFrame) -> Scores:
        """Make scores of a long frame of answers, such as another tool's.

        Args:
            frame: `row_id`, `criterion`, `score` (as an evaluator would answer, also as text) and where known
                `evaluator` and `rationale`. An evaluator scores one criterion: a judge of several becomes one
                evaluator each, named like `judge: polite`.
            criteria: The criteria that the frame names.
            responses: `row_id`, `prompt_id`, `repeat` of the responses.
        """
        table = to_polars(frame)
        for name in ("row_id", "criterion", "score"):
            if name not in table.columns:
                raise UnknownFieldError(name, available=table.columns, reader="the scores")
        if "evaluator" not in table.columns:
            table = table.with_columns(evaluator=pl.col("criterion"))
        table = _one_criterion_each(table)
        known = {criterion.name: criterion for criterion in criteria}
        parts = [_imported(part, known) for _, part in table.group_by("evaluator", "criterion", maintain_order=True)]
        long = pl.concat(parts) if parts else pl.DataFrame(schema=COLUMNS).drop("prompt_id", "repeat")
        repeated = long.select("row_id", "evaluator", "criterion").is_duplicated()
        if repeated.any():
            first = long.filter(repeated).row(0, named=True)
            raise SchemaError(
                f"`{first['evaluator']}` scores response {first['row_id']} more than once on `{first['criterion']}`. "
                "Keep one score, or number the responses by `repeat`."
            )
        keys = responses.select(KEYS.names()).cast(KEYS)
        joined = long.join(keys, on="row_id", how="inner", maintain_order="left")
        if len(joined) < len(long):
            lost = long.join(keys, on="row_id", how="anti").get_column("row_id")[0]
            raise SchemaError(f"The scores name the response {lost}, which is not among the responses.")
        names = dict.fromkeys(table.get_column("evaluator").to_list(), "")
        return cls(joined.select(COLUMNS.names()), tuple(criteria), names)

    @cached_property
    def fingerprint(self) -> str:
        """Content hash of all scores."""
        return hash_text(hash_frame(self.frame.cast({"status": pl.String})), *(c.fingerprint for c in self.criteria))

    @property
    def responses(self) -> pl.DataFrame:
        """`row_id`, `prompt_id`, `repeat` of each response, in order."""
        return self.frame.select(KEYS.names()).unique(subset="row_id").sort("row_id")

    def criterion(self, name: str) -> Criterion:
        """Return the criterion of this name."""
        for criterion in self.criteria:
            if criterion.name == name:
                return criterion
        raise UnknownNameError("criterion", name, available=[criterion.name for criterion in self.criteria])

    def criterion_of(self, evaluator: str) -> Criterion:
        """Return what an evaluator scores."""
        return self.criterion(self.of(evaluator).item(0, "criterion"))

    def fingerprint_of(self, evaluator: str) -> str:
        """Return what is known to be the same evaluator: its fingerprint, or of imported scores that of its verdicts.

        Who made scores that were imported cannot be told, so nothing holds for other verdicts than these.
        """
        verdicts = self.of(evaluator).select("prompt_id", "repeat", pl.col("status").cast(pl.String), "value")
        found = self.evaluators[evaluator]
        return hash_frame(verdicts.sort(pl.all())) if is_imported(found) else found

    def of(self, evaluator: str) -> pl.DataFrame:
        """Return the rows of one evaluator."""
        if evaluator not in self.evaluators:
            raise UnknownNameError("evaluator", evaluator, available=self.evaluators)
        return self.frame.filter(pl.col("evaluator") == evaluator)

    def evaluators_of(self, criterion: str) -> tuple[str, ...]:
        """Return the evaluators of a criterion, in order."""
        self.criterion(criterion)
        scored = self.frame.filter(pl.col("criterion") == criterion).get_column("evaluator").unique().to_list()
        return tuple(name for name in self.evaluators if name in scored)

    def wide(self, *, scored_only: bool = True) -> pl.DataFrame:
        """Return a row per response: `row_id`, `prompt_id`, `repeat` and the value of each evaluator."""
        rows = self.frame.filter(pl.col("status") == "scored") if scored_only else self.frame
        values = rows.pivot(on="evaluator", on_columns=list(self.evaluators), index="row_id", values="value")
        return self.responses.join(values, on="row_id", how="left", maintain_order="left")

    def counts(self) -> pl.DataFrame:
        """Return how many responses each evaluator scored, abstained on, answered unparsably and failed on."""
        status = [pl.col("status").eq(name).sum().alias(name) for name in STATUS.categories]
        return self.frame.group_by("evaluator", "criterion", maintain_order=True).agg(*status)

    def select(self, evaluators: Iterable[str]) -> Scores:
        """Keep some evaluators."""
        names = list(evaluators)
        for name in names:
            if name not in self.evaluators:
                raise UnknownNameError("evaluator", name, available=self.evaluators)
        frame = self.frame.filter(pl.col("evaluator").is_in(names))
        used = set(frame.get_column("criterion").unique().to_list())
        criteria = tuple(criterion for criterion in self.criteria if criterion.name in used)
        return Scores(frame, criteria, {name: self.evaluators[name] for name in names})

    def where(self, row_ids: pl.Series) -> Scores:
        """Keep the responses with these row ids."""
        kept = self.frame.filter(pl.col("row_id").is_in(row_ids.implode()))
        return Scores(kept, self.criteria, self.evaluators)

    def __repr__(self) -> str:
        n_responses, n_scored = self.frame["row_id"].n_unique(), int((self.frame["status"] == "scored").sum())
        return (
            f"Scores({n_responses:,} response{'s' * (n_responses != 1)}, {len(self.evaluators)} "
            f"evaluator{'s' * (len(self.evaluators) != 1)}, {n_scored:,} scored)"
        )


def _one_criterion_each(table: pl.DataFrame) -> pl.DataFrame:
    """Give a judge that scores several criteria a name for each."""
    table = table.with_columns(pl.col("evaluator", "criterion").cast(pl.String))
    table = table.with_columns(evaluator=pl.coalesce("evaluator", "criterion"))
    several = pl.col("criterion").n_unique().over("evaluator") > 1
    both = pl.format("{}: {}", "evaluator", "criterion")
    table = table.with_columns(evaluator=pl.when(several).then(both).otherwise("evaluator"))
    pairs = table.select("evaluator", "criterion").unique(maintain_order=True)
    mixed = pairs.filter(pl.col("evaluator").is_duplicated()).get_column("evaluator")
    if len(mixed):
        raise SchemaError(f"`{mixed[0]}` names several evaluators of different criteria. Give each its own name.")
    return table


def _imported(part: pl.DataFrame, criteria: Mapping[str, Criterion]) -> pl.DataFrame:
    name = part.item(0, "criterion")
    if name not in criteria:
        raise UnknownNameError("criterion", str(name), available=criteria)
    answers = [as_answer(score, criteria[name]) for score in part.get_column("score").to_list()]
    scores = to_scores(answers, None, criteria[name])
    if "rationale" in part.columns:
        scores = scores.with_columns(rationale=part.get_column("rationale").cast(pl.String))
    keys = part.select("row_id", "evaluator", "criterion").cast({"row_id": pl.Int64})
    return pl.concat([keys, scores], how="horizontal")
