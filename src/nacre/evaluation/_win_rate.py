"""How often systems win against the response they are compared with, at any length and at equal lengths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from nacre.data import Dataset
from nacre.errors import SchemaError, UnknownFieldError, UnknownNameError
from nacre.evaluation._columns import PAIR, Booleans, Columns, Floats, columns_of, slice_masks
from nacre.evaluation._responses import read_responses
from nacre.evaluation._scores import Scores
from nacre.metrics import (
    MIN_N,
    MIN_SYSTEMS,
    GamedBaseline,
    LengthControlled,
    Metric,
    length_controlled_win_rate,
    prompt_difficulty,
    win_rate,
)


@dataclass(frozen=True)
class WinRate:
    """How often the responses of a system won in a slice.

    Args:
        system: The system; empty where the responses name none.
        slice: The responses.
        won: How many won.
        tied: How many tied.
        lost: How many lost.
        raw: The win rate; a tie counts half.
        controlled: The win rate at equal lengths; None where lengths are not known, or below 30 comparisons.
    """

    system: str
    slice: str
    won: int
    tied: int
    lost: int
    raw: Metric
    controlled: LengthControlled | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        counts = {"system": self.system, "slice": self.slice, "won": self.won, "tied": self.tied, "lost": self.lost}
        found = self.controlled
        at_equal_length = (
            None
            if found is None
            else {**found.metric.to_dict(), "length_effect": found.length_effect, "is_extreme": found.is_extreme}
        )
        return {**counts, "raw": self.raw.to_dict(), "length_controlled": at_equal_length}


def win_rates(
    scores: Scores,
    evaluator: str,
    responses: Dataset | pl.DataFrame,
    members: pl.DataFrame | None = None,
    *,
    baseline: str = "baseline",
    gamed: Sequence[str] = (),
) -> tuple[WinRate, ...]:
    """Return the win rate of each system in each slice, raw and length-controlled.

    Where 10 systems or more answered, the difficulty of the prompts is fitted jointly and taken into account. Repeats
    of a prompt count as one. See `nacre.metrics.length_controlled_win_rate`.

    Args:
        scores: Scores that hold preferences.
        evaluator: Who preferred.
        responses: The responses that were scored, all of them, with the same `row_id` or in the same order.
        members: Which responses belong to which slice, as `nacre.labeling.slice_members` returns it.
        baseline: The field with the response that each is compared with; without it no length is controlled.
        gamed: Systems that are the baseline itself, asked to be verbose or concise: they steady the correction.

    Examples:
        >>> from nacre.evaluation import PREFERENCE, Criterion
        >>> preferred = Criterion("preferred", scale=PREFERENCE)
        >>> answers = {"prompt": [f"{n}?" for n in range(40)], "response": ["Yes.", "Yes, and more"] * 20}
        >>> answers = pl.DataFrame({**answers, "baseline": ["A few words"] * 40})
        >>> verdicts = pl.DataFrame({"row_id": range(40), "criterion": "preferred", "score": ["lost", "won"] * 20})
        >>> keys = read_responses(answers).collect(["row_id", "prompt_id", "repeat"])
        >>> scores = Scores.from_frame(verdicts, [preferred], responses=keys)
        >>> (found,) = win_rates(scores, "preferred", answers)
        >>> found.won, found.lost, str(found.raw), found.controlled.length_effect > 1
        (20, 20, '.50 [.35-.65] n=40', True)
    """
    if scores.criterion_of(evaluator).kind != "preference":
        raise SchemaError(f"`{evaluator}` scores no preference. Give its criterion the scale `PREFERENCE`.")
    columns = columns_of(scores.select([evaluator]), "evaluator")
    systems, extra = _systems_and_lengths(columns, responses, baseline)
    for name in gamed:
        if name not in systems:
            raise UnknownNameError("system", name, available=set(systems.tolist()))
    masks = slice_masks(columns.responses, members)
    names = [name for name in dict.fromkeys(systems.tolist()) if name not in gamed]
    difficulty = _difficulty(columns, systems, extra, names)
    found = []
    for name in names:
        for part, mask in masks.items():
            is_gamed = [mask & (systems == other) for other in gamed]
            found.append(_win_rate((name, part), columns, mask & (systems == name), extra, difficulty, is_gamed))
    return tuple(found)


def _systems_and_lengths(
    columns: Columns, responses: Dataset | pl.DataFrame, baseline: str
) -> tuple[np.ndarray[Any, np.dtype[np.str_]], Floats]:
    """Return the system of each scored response and how much longer it is than the baseline's; NaN where unknown."""
    data = read_responses(responses)
    fields = [name for name in ("system", baseline) if name in data.schema]
    if baseline != "baseline" and baseline not in data.schema:
        raise UnknownFieldError(baseline, available=data.fields, reader="the win rate")
    table = data.collect(["row_id", *PAIR, "response", *fields])
    table = columns.responses.join(table, on="row_id", how="left", maintain_order="left", suffix="_given")
    is_other = table.select(pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"{name}_given")) for name in PAIR))
    if (others := is_other.to_series()).any():
        raise SchemaError(
            f"{int(others.sum()):,} of {len(table):,} scored responses are not among these, or belong to another "
            f"prompt; the first has the `row_id` {table.filter(others).item(0, 'row_id')}. Give the responses that "
            "were scored, with their `prompt_id` and `repeat`."
        )
    systems = table.get_column("system").fill_null("") if "system" in fields else pl.Series([""] * len(table))
    if baseline not in fields:
        return systems.to_numpy().astype(str), np.full(len(table), np.nan)
    extra = pl.col("response").str.len_chars().cast(pl.Float64) - pl.col(baseline).cast(pl.String).str.len_chars()
    return systems.to_numpy().astype(str), table.select(extra.fill_null(float("nan"))).to_series().to_numpy()


def _difficulty(
    columns: Columns, systems: np.ndarray[Any, np.dtype[np.str_]], extra: Floats, names: Sequence[str]
) -> Floats | None:
    """Return the difficulty of the prompt of each response, where enough systems answered."""
    if len(names) < MIN_SYSTEMS or np.isnan(extra).all():
        return None
    prompts = columns.responses.get_column("prompt_id").rank("dense").to_numpy().astype(np.int64) - 1
    n_prompts = int(prompts.max()) + 1
    totals, counts, lengths = np.zeros((3, len(names), n_prompts))
    for place, name in enumerate(names):
        rows = (systems == name) & ~np.isnan(columns.outcomes[:, 0]) & ~np.isnan(extra)
        counts[place] = np.bincount(prompts[rows], minlength=n_prompts)
        totals[place] = np.bincount(prompts[rows], columns.outcomes[rows, 0], n_prompts)
        lengths[place] = np.bincount(prompts[rows], extra[rows], n_prompts)
    with np.errstate(invalid="ignore"):
        of_prompts = prompt_difficulty(totals / counts, lengths / counts)
    return np.take(of_prompts, prompts)


def _win_rate(
    names: tuple[str, str],
    columns: Columns,
    mask: Booleans,
    extra: Floats,
    difficulty: Floats | None,
    gamed: Sequence[Booleans],
) -> WinRate:
    outcomes = columns.outcomes[:, 0]
    prompts = None if columns.prompts is None else columns.prompts[mask]
    won, tied, lost = (int((outcomes[mask] == credit).sum()) for credit in (1, 0.5, 0))
    raw = win_rate(outcomes[mask], clusters=prompts)
    controlled = None
    if int((~np.isnan(outcomes[mask]) & ~np.isnan(extra[mask])).sum()) >= MIN_N:
        gammas = [None if difficulty is None else difficulty[rows] for rows in (mask, *gamed)]
        others = [
            GamedBaseline(outcomes[rows], extra[rows], gamma) for rows, gamma in zip(gamed, gammas[1:], strict=True)
        ]
        controlled = length_controlled_win_rate(
            outcomes[mask], extra[mask], difficulty=gammas[0], gamed=others, clusters=prompts
        )
    return WinRate(*names, won, tied, lost, raw, controlled)
