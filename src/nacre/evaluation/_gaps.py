"""What no prompt tests yet: slices without responses, with too few, or without scores on a criterion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np

from nacre.evaluation._columns import ALL, ALL_CRITERIA, Booleans, Columns
from nacre.evaluation._slice_sums import slice_counts
from nacre.metrics import MIN_N

GapKind: TypeAlias = Literal["empty", "thin", "not scored"]


@dataclass(frozen=True)
class Gap:
    """A slice that the responses do not cover.

    Args:
        slice: Its name.
        kind: `empty` has no response, `thin` fewer than 30 prompts, `not scored` no score on the
            criterion.
        n: How many prompts of it have a response.
        n_wanted: How many more it takes to be read.
        criterion: The criterion without a score, where the slice is `not scored`.
    """

    slice: str
    kind: GapKind
    n: int
    n_wanted: int
    criterion: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the gap as JSON."""
        return dict(vars(self))


def coverage_gaps(columns: Columns, masks: Mapping[str, Booleans]) -> tuple[Gap, ...]:
    """Return empty and thin slices, and slices without a score on a criterion that is scored elsewhere."""
    is_scored = ~np.isnan(columns.outcomes)
    shown = [place for place, name in enumerate(columns.names) if name != ALL_CRITERIA]
    n_scored = slice_counts(np.array(list(masks.values())), is_scored)
    gaps = []
    for (name, mask), counts in zip(masks.items(), n_scored, strict=True):
        n = int(mask.sum()) if columns.prompts is None else len(np.unique(columns.prompts[mask]))
        wanted = max(MIN_N - n, 0)
        if wanted:
            gaps.append(Gap(name, "thin" if n else "empty", n, wanted))
        for place in shown if n else ():
            if not counts[place] and (n_scored[0, place] or name == ALL):
                gaps.append(Gap(name, "not scored", n, wanted, columns.names[place]))
    return tuple(gaps)
