"""What changed from one iteration to the next, and which edits touched it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nacre.analysis._outcomes import MAX_ROWS, UNIT_KEYS, Outcomes
from nacre.analysis._unit_masks import unit_masks
from nacre.errors import SchemaError
from nacre.labeling import LabelMatrix
from nacre.metrics import Difference, difference

EditKind: TypeAlias = Literal["added", "changed", "removed"]


@dataclass(frozen=True)
class Edit:
    """A function that was added, changed or removed, and the errors it touched.

    Args:
        function: Its name.
        kind: What happened to it.
        n_votes: How many units have another vote of it now.
        n_fixed: How many errors among them are gone.
        n_new: How many of them are errors now and were not before.
    """

    function: str
    kind: EditKind
    n_votes: int
    n_fixed: int
    n_new: int


@dataclass(frozen=True, eq=False)
class IterationComparison:
    """What an iteration brought.

    Args:
        slices: The paired change of accuracy of the end model, of all units and slice by slice.
        fixed: Errors that are gone: unit, truth, prediction, votes, and `edits`, the functions whose vote changed.
        new: Errors that were none before.
        edits: The functions added, changed and removed, those that fixed most first.
    """

    slices: Mapping[str, Difference]
    fixed: pl.DataFrame
    new: pl.DataFrame
    edits: tuple[Edit, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as JSON, at most 1,000 fixed and 1,000 new errors."""
        slices = {
            name: {"change": part.change.to_dict(), "gained": part.gained, "lost": part.lost, "p": part.p}
            for name, part in self.slices.items()
        }
        edits = [vars(edit) for edit in self.edits]
        rows = {"fixed": self.fixed.head(MAX_ROWS).to_dicts(), "new": self.new.head(MAX_ROWS).to_dicts()}
        return {"slices": slices, "edits": edits, **rows}


def compare_iterations(
    before: Outcomes,
    after: Outcomes,
    members: pl.DataFrame | None = None,
    *,
    fingerprints: tuple[Mapping[str, str], Mapping[str, str]] | None = None,
) -> IterationComparison:
    """Return what changed between two iterations on the same split, judged by the truth of the second.

    Intervals resample data points, also where a unit is a token or a pair.

    Args:
        before: The outcomes of the first iteration.
        after: The outcomes of the second.
        members: Which data points belong to which slice, as `slice_members` returns it.
        fingerprints: Fingerprints of the functions of each iteration by name: a function is changed when they differ.
            Without them it is changed when a vote of it differs.
    """
    before, after = _aligned(before, after)
    known = np.flatnonzero(after.is_known)
    was_right, is_right = (part.prediction[known] == after.truth[known] for part in (before, after))
    units = after.label_matrix.units[known]
    clusters = None if after.clusters is None else after.clusters[known]
    slices = {
        name: difference(was_right[mask], is_right[mask], clusters=None if clusters is None else clusters[mask])
        for name, mask in unit_masks(units, members).items()
    }
    fixed, new = known[~was_right & is_right], known[was_right & ~is_right]
    touched = _changed_votes(before.label_matrix, after.label_matrix)
    edits = _edits(before.label_matrix, after.label_matrix, touched, fingerprints)
    counted = [
        Edit(name, kind, len(touched[name]), *(int(np.isin(touched[name], part).sum()) for part in (fixed, new)))
        for name, kind in edits.items()
    ]
    counted.sort(key=lambda edit: (-edit.n_fixed, edit.n_new, edit.function))
    return IterationComparison(
        slices, _with_edits(after, fixed, edits, touched), _with_edits(after, new, edits, touched), tuple(counted)
    )


def _aligned(before: Outcomes, after: Outcomes) -> tuple[Outcomes, Outcomes]:
    """Return both outcomes on the units that both have, in the order of the second."""
    if before.classes != after.classes:
        raise SchemaError(
            f"The iterations have different classes: {', '.join(before.classes)} and {', '.join(after.classes)}. "
            "Compare iterations of one schema."
        )
    keys = [name for name in UNIT_KEYS if name in after.label_matrix.units.columns]
    old, new = (part.label_matrix.units.select(keys).with_row_index("place") for part in (before, after))
    places = new.join(old, on=keys, how="inner", suffix="_before", maintain_order="left")
    if places.is_empty():
        raise SchemaError("The iterations have no unit in common. Compare them on the same split.")
    return _where(before, places["place_before"].to_numpy()), _where(after, places["place"].to_numpy())


def _where(outcomes: Outcomes, positions: NDArray[Any]) -> Outcomes:
    return replace(
        outcomes,
        label_matrix=outcomes.label_matrix.where(positions),
        truth=outcomes.truth[positions],
        label_proba=outcomes.label_proba[positions],
        proba=outcomes.proba[positions],
        prediction=outcomes.prediction[positions],
    )


def _changed_votes(before: LabelMatrix, after: LabelMatrix) -> dict[str, NDArray[np.int64]]:
    """Return for each function the units on which its vote is another one now."""
    names = dict.fromkeys([*after.functions, *before.functions])
    return {name: np.flatnonzero(_votes(before, name) != _votes(after, name)) for name in names}


def _votes(label_matrix: LabelMatrix, function: str) -> NDArray[np.int16]:
    if function not in label_matrix.functions:
        return np.full(label_matrix.n_units, -1, dtype=np.int16)
    return label_matrix.select([function]).to_dense()[:, 0]


def _edits(
    before: LabelMatrix,
    after: LabelMatrix,
    touched: Mapping[str, NDArray[np.int64]],
    fingerprints: tuple[Mapping[str, str], Mapping[str, str]] | None,
) -> dict[str, EditKind]:
    edits: dict[str, EditKind] = {}
    for name in touched:
        if name not in before.functions:
            edits[name] = "added"
        elif name not in after.functions:
            edits[name] = "removed"
        elif len(touched[name]) if fingerprints is None else fingerprints[0].get(name) != fingerprints[1].get(name):
            edits[name] = "changed"
    return edits


def _with_edits(
    outcomes: Outcomes,
    units: NDArray[np.int64],
    edits: Mapping[str, EditKind],
    touched: Mapping[str, NDArray[np.int64]],
) -> pl.DataFrame:
    of_unit: dict[int, list[str]] = {int(unit): [] for unit in units}
    for name in edits:
        for unit in np.intersect1d(touched[name], units).tolist():
            of_unit[unit].append(name)
    return outcomes.frame(units).with_columns(pl.Series("edits", list(of_unit.values()), dtype=pl.List(pl.String)))
