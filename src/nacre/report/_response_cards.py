"""Responses of an evaluation as cards: texts, what evaluators said and why, what experts said."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from nacre.data import Classes
from nacre.displays import CardScore, ResponseCard
from nacre.evaluation import ALL, Criterion
from nacre.report._evaluation_subject import EvaluationSubject

_TEXTS = ("prompt", "response", "reference", "contexts")
_HIDDEN = (*_TEXTS, "row_id", "uid", "prompt_id", "repeat", "metadata", "split")
_N_SCORES = 8
_N_FACTS, _FACT = 4, 80
_N_RATIONALE, _N_OTHER, _N_CONTEXT = 1_000, 200, 100
_HASH = re.compile("[0-9a-f]{16}")
"""What `read_responses` calls a prompt that has no id."""

Row = Mapping[str, Any]


def score_name(value: float | None, criterion: Criterion) -> str:
    """Return a stored score as people write it.

    Examples:
        >>> score_name(1.0, Criterion("polite")), score_name(None, Criterion("polite"))
        ('pass', '-')
    """
    if value is None:
        return "-"
    if isinstance(criterion.scale, Classes):
        name = criterion.scale.names[round(value)]
        return name if value == round(value) else f"{name} ({value:.2g})"
    return f"{value:.4g}"


def passes(value: float | None, criterion: Criterion) -> bool | None:
    """Return whether a stored score passes, or None where nothing passes or fails."""
    if value is None or not criterion.has_pass:
        return None
    return bool(criterion.passed([value])[0])


@dataclass(frozen=True, eq=False)
class ResponseCards:
    """Draws responses; made by `ResponseCards.of`.

    Args:
        subject: What the report is about.
        rows: The responses by row id.
        scores: Their scores by row id.
        experts: The experts' majority by row id and criterion.
        earlier: The response of the baseline by row id.
        facts: Fields beside the texts that are shown.
        n_characters: Where longer texts are cut, so that the page stays small enough to send.
    """

    subject: EvaluationSubject
    rows: Mapping[int, Row]
    scores: Mapping[int, Sequence[Row]]
    experts: Mapping[tuple[int, str], float]
    earlier: Mapping[int, str | None]
    facts: Sequence[str]
    n_characters: int

    @classmethod
    def of(cls, subject: EvaluationSubject, row_ids: Iterable[int], *, n_characters: int) -> ResponseCards:
        """Look up responses with their scores."""
        chosen = pl.Series("row_id", sorted(set(row_ids)), dtype=pl.Int64)
        is_chosen = pl.col("row_id").is_in(chosen.implode())
        rows = {row["row_id"]: row for row in subject.responses.filter(is_chosen).iter_rows(named=True)}
        scores: dict[int, list[Row]] = {}
        for score in subject.scores.frame.filter(is_chosen).iter_rows(named=True):
            scores.setdefault(score["row_id"], []).append(score)
        experts: dict[tuple[int, str], float] = {}
        if subject.experts is not None:
            for criterion in subject.experts.criteria:
                majority = subject.experts.majority(criterion.name).filter(is_chosen & pl.col("value").is_not_null())
                experts |= {(row_id, criterion.name): value for row_id, value, *_ in majority.iter_rows()}
        return cls(subject, rows, scores, experts, _earlier(subject, chosen), _facts(subject.responses), n_characters)

    def card(self, row_id: int, *, first: str = "", with_earlier: bool = False) -> ResponseCard:
        """Return one response, the scores on the criterion `first` before the others."""
        row = self.rows[row_id]
        found = self.scores.get(row_id, [])
        ordered = [score for score in found if score["criterion"] == first]
        ordered += [score for score in found if score["criterion"] != first]
        contexts = [context for context in row.get("contexts") or () if context]
        n_each = max(self.n_characters // max(len(contexts), 1), _N_CONTEXT)
        return ResponseCard(
            _cut(row["prompt"], self.n_characters),
            None if row["response"] is None else _cut(row["response"], self.n_characters),
            self._scores(ordered, first),
            title=_title(row),
            reference=_cut(row.get("reference") or "", self.n_characters),
            contexts=[_cut(context, n_each) for context in contexts],
            facts={name: _shown(row[name]) for name in self.facts if row[name] is not None},
            earlier=_cut(self.earlier.get(row_id) or "", self.n_characters) if with_earlier else "",
        )

    def _scores(self, ordered: Sequence[Row], first: str) -> list[CardScore]:
        """Return the scores; of many that pass, their number."""
        shown = [self._score(score, is_first=score["criterion"] == first) for score in ordered]
        if len(shown) <= _N_SCORES:
            return shown
        telling = [score for score in shown if not score.passes or score.disagrees or score.criterion == first]
        n_others = len(shown) - len(telling)
        return [*telling, CardScore(f"{n_others} others", "pass", passes=True)] if n_others else telling

    def _score(self, score: Row, *, is_first: bool) -> CardScore:
        criterion = self.subject.criteria[score["criterion"]]
        expert = self.experts.get((score["row_id"], criterion.name))
        value = score["value"]
        is_pass = passes(value, criterion)
        name = criterion.name
        if score["evaluator"] != name and len(self.subject.matrix.evaluators.get(name, ())) > 1:
            name = f"{name}, {score['evaluator']}"
        told = score["rationale"] or (score["message"] if value is None else None)
        return CardScore(
            name,
            score_name(value, criterion) if value is not None else score["status"],
            is_pass,
            rationale=_cut(told or "", _N_RATIONALE if is_first else _N_OTHER) if is_first or not is_pass else "",
            expert="" if expert is None else score_name(expert, criterion),
            disagrees=expert is not None and value is not None and differs(value, expert, criterion),
        )


def _cut(text: str, n_characters: int) -> str:
    if len(text) <= n_characters:
        return text
    n_cut = len(text) - n_characters
    return f"{text[:n_characters]}\N{HORIZONTAL ELLIPSIS} ({n_cut:,} more characters are not in this page)"


def differs(value: float, expert: float, criterion: Criterion) -> bool:
    """Return whether an evaluator and the experts say something different of a response."""
    if criterion.kind == "number":
        return passes(value, criterion) != passes(expert, criterion)
    return value != expert


def _earlier(subject: EvaluationSubject, chosen: pl.Series) -> dict[int, str | None]:
    """Return what the baseline answered to the same prompts, by row id of this run."""
    if subject.comparison is None or subject.baseline is None:
        return {}
    pairs = subject.comparison.rows(ALL, subject.comparison.criteria[0]).select("row_id", "row_id_before")
    wanted = pairs.filter(pl.col("row_id").is_in(chosen.implode()))
    texts = subject.baseline.select(row_id_before="row_id", response="response")
    return dict(wanted.join(texts, on="row_id_before").select("row_id", "response").iter_rows())


def _title(row: Row) -> str:
    """Return how people call a response: its own id, else that of its prompt, else its row."""
    row_id, uid, prompt_id = str(row["row_id"]), row.get("uid"), row["prompt_id"]
    if uid is not None and str(uid) != row_id:
        return str(uid)
    repeat = f", repeat {row['repeat']}" if row["repeat"] else ""
    return f"row {row_id}" if _HASH.fullmatch(prompt_id) else f"{prompt_id}{repeat}"


def _facts(responses: pl.DataFrame) -> list[str]:
    """Return the short fields that tell responses apart, the first of them."""
    names = [name for name, dtype in responses.schema.items() if name not in _HIDDEN and not dtype.is_nested()]
    short = (name for name in names if _is_telling(responses.get_column(name)))
    return list(itertools.islice(short, _N_FACTS))


def _is_telling(column: pl.Series) -> bool:
    longest = column.cast(pl.String).str.len_chars().max() if column.dtype != pl.Binary else None
    return isinstance(longest, int) and 0 < longest <= _FACT and column.n_unique() > 1


def _shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
