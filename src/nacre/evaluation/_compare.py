"""Two runs side by side, on the prompts that both answered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, TypeAlias

import numpy as np
import polars as pl

from nacre.displays import html_fragment
from nacre.errors import SchemaError
from nacre.evaluation._cell_changes import Changes, is_clear, slice_changes
from nacre.evaluation._cell_means import slice_means
from nacre.evaluation._charts import changes_chart
from nacre.evaluation._columns import ALL, Booleans, run_columns, slice_masks
from nacre.evaluation._pairs import Pairs, changed_evaluators, paired
from nacre.evaluation._scores import Scores
from nacre.evaluation._text_table import check_place, counted, slice_table, table_size
from nacre.evaluation._verdicts import Shift, comparison_verdict, not_comparable_on
from nacre.metrics import Metric, benjamini_hochberg

Test: TypeAlias = Literal["McNemar", "sign flip"]
_WORDS = {True: ", better", False: ", worse", None: ""}


@dataclass(frozen=True)
class Change:
    """What one criterion did on one slice from the first run to the second, on responses that both have scored.

    Args:
        slice: The slice.
        criterion: The criterion.
        before: Mean of the first run.
        after: Mean of the second run.
        difference: `after - before`, paired.
        n_gained: How many responses went up (pass now, where a response passes or fails).
        n_lost: How many went down.
        n_not_compared: How many responses to the shared prompts lack a score in either run.
        p: How surprising the difference would be by chance; None where nothing can be compared.
        p_adjusted: The same after Benjamini & Hochberg over all slices and criteria.
        test: Where `p` comes from: `McNemar` for pass or fail, also of ordered classes; `sign flip` for numbers,
            preferences and repeated prompts.
        is_changed: Whether the adjusted p is at most .05 and the interval of the difference excludes zero.
        lower_is_better: Whether a small mean is good.
        is_comparable: Whether the evaluators are the same in both runs. Else nothing is said to have changed, and the
            difference has no `p_adjusted`.
    """

    slice: str
    criterion: str
    before: Metric
    after: Metric
    difference: Metric
    n_gained: int
    n_lost: int
    n_not_compared: int
    p: float | None
    p_adjusted: float | None
    test: Test
    is_changed: bool
    lower_is_better: bool = False
    is_comparable: bool = True

    @property
    def is_better(self) -> bool | None:
        """Whether it got better; None where no change can be told."""
        return (self.difference.value < 0) == self.lower_is_better if self.is_changed else None

    def __str__(self) -> str:
        return f"{self.difference}{_WORDS[self.is_better]}{'' if self.is_comparable else ', not comparable'}"

    def to_dict(self) -> dict[str, Any]:
        """Return the change as JSON."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        shown = {name: value.to_dict() if isinstance(value, Metric) else value for name, value in values.items()}
        return {**shown, "is_better": self.is_better}


@dataclass(frozen=True, eq=False)
class Comparison:
    """What changed from one run to another.

    Args:
        slices: The slices, `all` first.
        criteria: The criteria of both runs, then `all criteria`.
        changes: The change of each slice and criterion.
        n_paired: How many responses both runs have, by prompt and repeat; how many prompts where `is_by_prompt`.
        n_only_before: How many only the first has: they are left out.
        n_only_after: How many only the second has: they are left out.
        left_out: Criteria that only one run has, or that mean something else in the other.
        changed_evaluators: Evaluators that differ between the runs: what they score may have changed for that.
        verdict: One sentence, never stronger than the intervals: the whole, then losses, the largest first, then gains.
        names: What the runs are called.
        pairs: The responses of both runs; read them with `rows`.
        masks: The responses of the second run in each slice.
    """

    slices: tuple[str, ...]
    criteria: tuple[str, ...]
    changes: Mapping[tuple[str, str], Change]
    n_paired: int
    n_only_before: int
    n_only_after: int
    left_out: tuple[str, ...]
    changed_evaluators: tuple[str, ...]
    verdict: str
    names: tuple[str, str]
    pairs: Pairs
    masks: Mapping[str, Booleans]

    def change(self, slice: str, criterion: str) -> Change:
        """Return the change of a slice on a criterion."""
        check_place(slice, criterion, self.slices, self.criteria)
        return self.changes[slice, criterion]

    def rows(self, slice: str, criterion: str) -> pl.DataFrame:
        """Return the compared responses, those that lost most first and those without both scores last.

        Columns are `row_id`, `row_id_before`, `prompt_id`, `repeat`, `before` and `after` (values as stored) and
        `change`, of what the criterion counts. Where `is_by_prompt`, a row is a prompt: values are means, and the
        other columns those of its first response.
        """
        check_place(slice, criterion, self.slices, self.criteria)
        pairs, place = self.pairs, self.pairs.after.names.index(criterion)
        mask = pairs.members(self.masks[slice][np.newaxis])[0]
        table = pairs.after.responses.filter(mask).with_columns(
            pairs.before.responses.get_column("row_id").filter(pl.Series(mask)).alias("row_id_before"),
            pl.Series("before", pairs.before.values[mask, place]).fill_nan(None),
            pl.Series("after", pairs.after.values[mask, place]).fill_nan(None),
            pl.Series("change", pairs.differences[mask, place]).fill_nan(None),
        )
        columns = ["row_id", "row_id_before", "prompt_id", "repeat", "before", "after", "change"]
        return table.select(columns).sort("change", "row_id", nulls_last=True)

    @property
    def is_by_prompt(self) -> bool:
        """Whether the means of prompts are compared, as the runs do not have the same repeats of every prompt."""
        return self.pairs.is_by_prompt

    @property
    def is_rate(self) -> dict[str, bool]:
        """Which criteria are shares from 0 to 1; the others are numbers."""
        return dict(zip(self.criteria, self.pairs.after.is_rate.tolist(), strict=True))

    def __repr__(self) -> str:
        size = table_size(self.slices, self.criteria)
        return f"Comparison({' -> '.join(self.names)}, {size}, {counted(self.n_paired, 'pair')})"

    def __str__(self) -> str:
        table = slice_table(self.slices, self.criteria, lambda slice, criterion: str(self.changes[slice, criterion]))
        return f"{self.verdict}\n\n{table}"

    def _repr_html_(self) -> str:
        """Return the changes on all responses as they look in a notebook."""
        changes = [self.change(ALL, name).to_dict() for name in self.criteria if self.is_rate[name]]
        return html_fragment(changes_chart(changes, title=self.verdict, names=self.names))

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as JSON, without the responses."""
        return {
            "slices": list(self.slices),
            "criteria": list(self.criteria),
            "is_rate": self.is_rate,
            "changes": [change.to_dict() for change in self.changes.values()],
            "n_paired": self.n_paired,
            "is_by_prompt": self.is_by_prompt,
            "n_only_before": self.n_only_before,
            "n_only_after": self.n_only_after,
            "left_out": list(self.left_out),
            "changed_evaluators": list(self.changed_evaluators),
            "verdict": self.verdict,
            "names": list(self.names),
        }


def compare(
    before: Scores,
    after: Scores,
    members: pl.DataFrame | None = None,
    *,
    names: tuple[str, str] = ("before", "after"),
) -> Comparison:
    """Return what changed from one run to another, slice by slice and criterion by criterion.

    Compared are responses to the same prompt and repeat that both runs have scored, on criteria that mean the same in
    both; what is left out is counted and named. Where the runs do not repeat the same prompts equally often, as one
    has more repeats or systems, the mean of all responses to a prompt is compared. Several evaluators of a criterion
    are combined by one label model for both runs. A change is one where p, adjusted for the number of slices and
    criteria, is at most .05 and the interval excludes zero.

    Args:
        before: Scores of the first run.
        after: Scores of the second run.
        members: Which responses of the second run belong to which slice, as `nacre.labeling.slice_members` returns it.
        names: What the runs are called in the verdict.

    Raises:
        SchemaError: The runs share no prompt or no criterion.

    Examples:
        >>> from nacre.evaluation import Criterion, Evaluator, evaluate
        >>> from nacre.functions import Keyword
        >>> please = Evaluator("please", Criterion("polite"), Keyword("response", ("please",)))
        >>> prompts = [f"{n}?" for n in range(60)]
        >>> old = evaluate([please], pl.DataFrame({"prompt": prompts, "response": ["No", "No", "Please"] * 20}))
        >>> new = evaluate([please], pl.DataFrame({"prompt": prompts, "response": ["No", "Please", "Please"] * 20}))
        >>> comparison = compare(old, new, names=("v1", "v2"))
        >>> comparison
        Comparison(v1 -> v2, 0 slices, 1 criterion, 60 pairs)
        >>> print(comparison)
        v2 is better than v1 on polite, by .33 [.22-.45] n=60.
        <BLANKLINE>
        slice  polite
        all    .33 [.22-.45] n=60, better
    """
    old, new = run_columns([before, after])
    masks = slice_masks(new.columns.responses, members)
    pairs = paired(old, new)
    if not len(pairs):
        raise SchemaError(
            "The runs have no prompt in common, by `prompt_id` and `repeat`. Compare runs of one benchmark."
        )
    if not pairs.after.names:
        raise SchemaError("The runs have no criterion in common that means the same in both.")
    return _comparison(pairs.with_all_criteria(), masks, names, changed_evaluators(old, new))


def _comparison(
    pairs: Pairs, masks: Mapping[str, Booleans], names: tuple[str, str], changed: tuple[str, ...]
) -> Comparison:
    changes = {(change.slice, change.criterion): change for change in _changes(pairs, masks)}
    return Comparison(
        slices=tuple(masks),
        criteria=pairs.after.names,
        changes=changes,
        n_paired=len(pairs),
        n_only_before=pairs.n_only_before,
        n_only_after=pairs.n_only_after,
        left_out=pairs.left_out,
        changed_evaluators=changed,
        verdict=_verdict(changes.values(), names, pairs, masks),
        names=names,
        pairs=pairs,
        masks=masks,
    )


def _changes(pairs: Pairs, masks: Mapping[str, Booleans]) -> Iterator[Change]:
    kept = pairs.members(np.array(list(masks.values())))
    found = slice_changes(pairs, kept)
    adjusted = benjamini_hochberg(np.where(pairs.is_comparable, found.p, np.nan))
    is_both = ~np.isnan(pairs.differences)
    before, after = (
        slice_means(
            replace(run, responses=pairs.after.responses, outcomes=np.where(is_both, run.outcomes, np.nan)), kept
        )
        for run in (pairs.before, pairs.after)
    )
    sizes = kept.sum(axis=1)
    for row, name in enumerate(masks):
        for place, criterion in enumerate(pairs.after.names):
            cell = row, place
            difference, p_adjusted = found.metric(row, place), float(adjusted[cell])
            yield Change(
                slice=name,
                criterion=criterion,
                before=before.metric(row, place),
                after=after.metric(row, place),
                difference=difference,
                n_gained=int(found.n_gained[cell]),
                n_lost=int(found.n_lost[cell]),
                n_not_compared=int(sizes[row] - found.n_pairs[cell]),
                p=float(found.p[cell]) if difference.n else None,
                p_adjusted=None if np.isnan(p_adjusted) else p_adjusted,
                test=_test(pairs, found, cell),
                is_changed=is_clear(difference, p_adjusted),
                lower_is_better=pairs.after.lower_is_better[place],
                is_comparable=bool(pairs.is_comparable[place]),
            )


def _test(pairs: Pairs, found: Changes, cell: tuple[int, int]) -> Test:
    is_single = found.n[cell] == found.n_pairs[cell]
    return "McNemar" if pairs.is_binary[cell[1]] and is_single else "sign flip"


def _verdict(
    changes: Iterable[Change],
    names: tuple[str, str],
    pairs: Pairs,
    masks: Mapping[str, Booleans],
) -> str:
    is_rate = dict(zip(pairs.after.names, pairs.after.is_rate.tolist(), strict=True))
    shifts = [
        Shift(
            slice=change.slice,
            criterion=change.criterion,
            change=change.difference,
            p=change.p,
            p_adjusted=change.p_adjusted,
            is_better=change.is_better,
            is_rate=is_rate[change.criterion],
            lower_is_better=change.lower_is_better,
        )
        for change in changes
        if change.p is not None and change.p_adjusted is not None
    ]
    parts = [not_comparable_on(pairs.not_comparable)] if pairs.not_comparable else []
    if criteria := [name for name, is_so in zip(pairs.after.names, pairs.is_comparable, strict=True) if is_so]:
        parts.append(comparison_verdict(shifts, names, criteria))
    if n_empty := sum(not kept.any() for kept in pairs.members(np.array(list(masks.values())))):
        parts.append(f"{counted(n_empty, 'slice')} without a compared response")
    if pairs.is_by_prompt:
        parts.append("compared by the mean of each prompt, as the runs do not have the same repeats")
    if n_left_out := pairs.n_only_before + pairs.n_only_after:
        parts.append(f"{counted(n_left_out, 'response')} without a partner left out")
    return "; ".join(parts) + "."
