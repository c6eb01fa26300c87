"""Conditions that the data itself proposes, with the rows on which each holds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nacre.analysis._candidate_fields import field_conditions, is_category
from nacre.analysis._candidate_terms import find_terms
from nacre.engine import split_name
from nacre.functions import AllOf, AnyOf, Condition, Expression, Keyword, Near, Not, Pattern, Says

if TYPE_CHECKING:
    from scipy.sparse import csc_array

Booleans = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Candidates:
    """Many conditions, and the rows on which each holds.

    Terms become `Keyword` conditions only when they are asked for: there may be a hundred thousand.

    Args:
        terms: Pairs of a field and a term.
        others: Conditions that are no terms; they follow the terms.
        holds: Boolean `csc_array` [n_rows, n_terms + n_others].
    """

    terms: tuple[tuple[str, str], ...]
    others: tuple[Condition, ...]
    holds: csc_array

    def __len__(self) -> int:
        return len(self.terms) + len(self.others)

    def condition(self, index: int) -> Condition:
        """Return one condition."""
        if index >= len(self.terms):
            return self.others[index - len(self.terms)]
        field, term = self.terms[index]
        return Keyword(field, (term,))

    def count(self, weights: NDArray[Any]) -> NDArray[np.float64]:
        """Return the sums of weights [..., n_rows] over the rows of each condition: [..., n_candidates]."""
        sums: NDArray[np.float64] = np.asarray(weights, dtype=np.float64) @ self._counting
        return sums

    def rows(self, index: int) -> Booleans:
        """Return on which rows one condition holds, as the tokens say."""
        mask = np.zeros(self.holds.shape[0], dtype=np.bool_)
        mask[self.holds.indices[self.holds.indptr[index] : self.holds.indptr[index + 1]]] = True
        return mask

    def select(self, indices: NDArray[np.int64]) -> Candidates:
        """Keep some candidates, in order."""
        indices = np.sort(indices)
        n_terms = len(self.terms)
        terms = tuple(self.terms[index] for index in indices[indices < n_terms].tolist())
        others = tuple(self.others[index - n_terms] for index in indices[indices >= n_terms].tolist())
        return Candidates(terms, others, self.holds[:, indices])

    def extended(self, conditions: Sequence[Condition], masks: Sequence[Booleans]) -> Candidates:
        """Add conditions whose rows are known."""
        from scipy.sparse import csc_array, hstack

        if not conditions:
            return self
        holds = hstack([self.holds, csc_array(np.column_stack(masks))], format="csc")
        return Candidates(self.terms, (*self.others, *conditions), holds)

    @property
    def _counting(self) -> Any:
        # Products of Boolean matrices are Boolean; one byte a cell would overflow.
        return self.holds.astype(np.float64)


def find_candidates(frame: pl.DataFrame, fields: Iterable[str], *, min_rows: int = 5) -> Candidates:
    """Return the terms of the text fields, and values, thresholds and lengths of all fields.

    Each holds for at least `min_rows` rows, and for some not.

    Examples:
        >>> mail = pl.DataFrame({"body": ["free cash", "cash free", "lunch", "lunch now"], "links": [3, 4, 0, 0]})
        >>> found = find_candidates(mail, mail.columns, min_rows=2)
        >>> [describe(found.condition(index)) for index in range(len(found))][:4]
        ['body has "cash"', 'body has "free"', 'body has "lunch"', 'length(body) >= 9']
    """
    from scipy.sparse import csc_array, hstack

    terms: list[tuple[str, str]] = []
    blocks: list[Any] = []
    conditions: list[Condition] = []
    for name in fields:
        column = frame.get_column(name)
        field, suffix = split_name(name)
        if suffix == "language":
            codes = column.value_counts(name="n").drop_nulls().filter(pl.col("n") >= min_rows).get_column(name)
            conditions += [Says(field, code) for code in codes.sort().to_list()]
        if suffix:
            continue
        if column.dtype == pl.String and not is_category(column):
            found = find_terms(column, min_rows=min_rows)
            terms += [(name, term) for term in found.names]
            blocks.append(found.holds)
        conditions += field_conditions(column, min_rows)
    masks = evaluate(frame, conditions)
    holds = hstack([csc_array((len(frame), 0), dtype=np.bool_), *blocks, csc_array(masks)], format="csc")
    found_all = Candidates(tuple(terms), tuple(conditions), holds)
    n_rows = np.diff(holds.indptr)
    return found_all.select(np.flatnonzero((n_rows >= min_rows) & (n_rows < len(frame))))


def evaluate(frame: pl.DataFrame, conditions: Sequence[Condition]) -> Booleans:
    """Return on which rows each condition holds, by its own expression: [n_rows, n_conditions]."""
    if not conditions:
        return np.zeros((len(frame), 0), dtype=np.bool_)
    columns = {str(index): condition.expr() for index, condition in enumerate(conditions)}
    return frame.select(**columns).to_numpy().astype(np.bool_)


def describe(condition: Condition) -> str:
    """Return a condition in words.

    Examples:
        >>> describe(Keyword("body", ("cash", "prize")) & ~Expression("has_html"))
        'body has "cash" or "prize" and not has_html'
    """
    if isinstance(condition, Keyword):
        keywords = " or ".join(f'"{keyword}"' for keyword in condition.keywords)
        return f"{condition.field} has {keywords}"
    if isinstance(condition, Pattern):
        return f"{condition.field} matches {condition.pattern}"
    if isinstance(condition, Expression):
        return re.sub(r'"(\w+)"', r"\1", condition.sql).replace(" AND ", " and ")
    if isinstance(condition, AllOf | AnyOf):
        return (" and " if isinstance(condition, AllOf) else " or ").join(map(describe, condition.conditions))
    if isinstance(condition, Not):
        return f"not {describe(condition.condition)}"
    if isinstance(condition, Says):
        return f"{condition.field} is in language {condition.language}"
    if isinstance(condition, Near):
        return f"{condition.field} is near a cluster"
    return f"{condition.kind} on {', '.join(condition.reads)}"


def name_of(text: str, taken: Iterable[str] = ()) -> str:
    """Return a short name that is not taken: letters, digits and underscores.

    Examples:
        >>> name_of('body has "free cash"'), name_of("length(body) < 9"), name_of("cash", taken=["cash"])
        ('body_has_free_cash', 'length_body_below_9', 'cash_2')
    """
    words = re.sub(r"\W+", "_", text.lower().replace(">=", " from ").replace("<", " below "))
    base = words.strip("_")[:60].strip("_") or "unnamed"
    used, name, number = set(taken), base, 2
    while name in used:
        name, number = f"{base}_{number}", number + 1
    return name
