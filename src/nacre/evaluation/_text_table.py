"""Slices by criteria as text, for a terminal."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nacre.errors import UnknownNameError
from nacre.evaluation._columns import ALL, ALL_CRITERIA

MOST_ROWS, MOST_COLUMNS = 30, 5
_MOST_LETTERS = 32


def slice_table(slices: Sequence[str], criteria: Sequence[str], shown: Callable[[str, str], str]) -> str:
    """Return a row per slice and a column per criterion; of a large table its beginning, and how much more there is.

    The last criterion, which sums up the others, is never cut.

    Args:
        slices: The rows.
        criteria: The columns.
        shown: What a cell says.

    Examples:
        >>> print(slice_table(["all", "es"], ["polite", "correct"], lambda slice, criterion: f"{slice} {criterion}"))
        slice  polite      correct
        all    all polite  all correct
        es     es polite   es correct
    """
    columns = [*criteria[: MOST_COLUMNS - 1], criteria[-1]] if len(criteria) > MOST_COLUMNS else list(criteria)
    rows = [["slice", *columns], *([name, *(shown(name, column) for column in columns)] for name in slices[:MOST_ROWS])]
    texts = [
        [_cut(row[0]), *(_cut(text) if place == 0 else text for text in row[1:])] for place, row in enumerate(rows)
    ]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    lines = ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in texts]
    n_slices, n_criteria = max(len(slices) - MOST_ROWS, 0), len(criteria) - len(columns)
    left_out = [counted(n_slices, "slice")] * (n_slices > 0)
    left_out += [counted(n_criteria, "criterion", "criteria")] * (n_criteria > 0)
    return "\n".join([*lines, f"and {' and '.join(left_out)} more"] if left_out else lines)


def table_size(slices: Sequence[str], criteria: Sequence[str]) -> str:
    """Return how many slices and criteria a table has beside those that stand for all.

    Examples:
        >>> table_size(["all", "es"], ["polite", "correct", "all criteria"])
        '1 slice, 2 criteria'
    """
    n_slices, n_criteria = (sum(name not in (ALL, ALL_CRITERIA) for name in names) for names in (slices, criteria))
    return f"{counted(n_slices, 'slice')}, {counted(n_criteria, 'criterion', 'criteria')}"


def check_place(slice: str, criterion: str, slices: Sequence[str], criteria: Sequence[str]) -> None:
    """Refuse a slice or criterion that a table does not have."""
    for kind, name, known in (("slice", slice, slices), ("criterion", criterion, criteria)):
        if name not in known:
            raise UnknownNameError(kind, name, available=known)


def counted(n: int, one: str, many: str = "") -> str:
    """Return a number and what it counts.

    Examples:
        >>> counted(1, "slice"), counted(1_200, "slice"), counted(2, "criterion", "criteria")
        ('1 slice', '1,200 slices', '2 criteria')
    """
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def _cut(name: str) -> str:
    return name if len(name) <= _MOST_LETTERS else f"{name[: _MOST_LETTERS - 3]}..."
