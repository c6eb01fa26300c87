"""Find the parts of the data where a model errs more than elsewhere, and check them on data that did not find them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from nacre.analysis._candidate_load import load_rows, own_fields, sampled
from nacre.analysis._candidates import Booleans, Candidates, describe, evaluate, find_candidates, name_of
from nacre.analysis._suggest_clusters import find_clusters, vectors_of
from nacre.data import Dataset
from nacre.errors import SchemaError
from nacre.functions import Condition, Context, Slice
from nacre.metrics import Metric, wilson

Floats = NDArray[np.float64]
MAX_PARENTS = 30  # strong conditions that are combined with others
MAX_PARTNERS = 100
PAIR_GAIN = 0.01  # a pair must be this much less likely by chance than either part
MIN_FRESH = 0.5  # share of a slice that lies outside the slices before it


@dataclass(frozen=True)
class DiscoveredSlice:
    """A slice where errors are more frequent, with the evidence of both halves.

    Args:
        slice: The named condition.
        n_rows: How many of the rows looked at it holds.
        found: Error rate on the half that found it: too high by selection.
        confirmed: Error rate on the other half, the one to believe.
        rest: Error rate of the other rows of that half.
        p_found: How likely so many errors would be by chance, on the half that found it.
        p_confirmed: The same on the other half, rows of earlier slices left out.
        is_confirmed: Whether the other half agrees, all slices that were tried on it taken into account.
    """

    slice: Slice
    n_rows: int
    found: Metric
    confirmed: Metric
    rest: Metric
    p_found: float
    p_confirmed: float
    is_confirmed: bool

    def to_dict(self) -> dict[str, Any]:
        """Return the slice and its evidence as JSON."""
        return {
            "name": self.slice.name,
            "when": self.slice.when.spec(),
            "n_rows": self.n_rows,
            "found": self.found.to_dict(),
            "confirmed": self.confirmed.to_dict(),
            "rest": self.rest.to_dict(),
            "p_found": self.p_found,
            "p_confirmed": self.p_confirmed,
            "is_confirmed": self.is_confirmed,
        }


def discover_slices(
    data: Dataset | Any,
    errors: ArrayLike,
    *,
    fields: Sequence[str] | None = None,
    context: Context | None = None,
    n: int = 5,
    min_rows: int = 30,
    alpha: float = 0.05,
    sample_rows: int = 10_000,
    random_state: int = 0,
) -> list[DiscoveredSlice]:
    """Return up to n slices where errors are more frequent than elsewhere, the surest first.

    Conditions are drawn from the data without looking at errors: words and phrases, field values, thresholds,
    lengths, languages, regions of an embedding; then pairs of the strongest. A random half finds them: an exact
    hypergeometric test for errors, Welch's for a loss, with the false discovery rate held at `alpha` (Benjamini &
    Hochberg 1995); each next slice must lie mostly outside those before it. The other half tests the few that were
    found, at `alpha` again. Slices that it does not confirm are returned too, marked.

    Args:
        data: The data points that were predicted, or a frame.
        errors: Which of them are wrong: a mask [n_rows]; or the loss of each, which is compared by its mean.
        fields: What conditions may read; `text@language` and `text@minilm` are columns too. Without it, see
            `suggest_functions`. Leave out truth and prediction, which explain errors without a cause.
        context: The embeddings.
        n: How many slices at most.
        min_rows: Least size of a slice.
        alpha: False discovery rate.
        sample_rows: Of a larger dataset, a uniform sample of so many rows is looked at.
        random_state: Another number, other halves.

    Examples:
        >>> fruit = ["apple", "pear", "plum", "fig"] * 150
        >>> basket = pl.DataFrame({"fruit": fruit, "grams": [row * 7 % 101 for row in range(600)]})
        >>> wrong = [name == "fig" and row % 8 != 7 or row % 20 == 0 for row, name in enumerate(fruit)]
        >>> (found,) = discover_slices(basket, wrong)
        >>> found.slice.name, found.n_rows, found.is_confirmed
        ('fruit_fig', 150, True)
    """
    dataset = data if isinstance(data, Dataset) else Dataset.from_frame(data)
    loss = _checked(errors, len(dataset))
    context = context or Context()
    positions = sampled(len(dataset), sample_rows, random_state=random_state)
    reads = own_fields(dataset, fields, context)
    frame, loss = load_rows(dataset, positions, reads, context), loss[positions]
    candidates = _candidates(frame, reads, min_rows, random_state)
    finds = np.zeros(len(frame), dtype=np.bool_)
    finds[np.random.default_rng(random_state).permutation(len(frame))[: len(frame) // 2]] = True
    chosen = _found(frame, candidates, np.where(finds, loss, np.nan), n, min_rows, alpha)
    return _confirmed(chosen, loss, finds, alpha)


_Item: TypeAlias = tuple[float, tuple[int, ...]]  # how likely by chance, and the conditions that hold together


class _Pool(NamedTuple):
    items: list[_Item]
    n_tests: int


@dataclass(frozen=True, eq=False)
class _Found:
    when: Condition
    rows: Booleans
    p: float


def _checked(errors: ArrayLike, n_rows: int) -> Floats:
    loss = np.asarray(errors, dtype=np.float64)
    if loss.shape != (n_rows,) or not np.isfinite(loss).all():
        raise SchemaError(f"`errors` has the shape {loss.shape}; expected a finite value for each of {n_rows:,} rows.")
    return loss


def _candidates(frame: pl.DataFrame, names: Sequence[str], min_rows: int, random_state: int) -> Candidates:
    candidates = find_candidates(frame, names, min_rows=min_rows)
    conditions: list[Condition] = []
    for name in names:
        if frame.schema[name].is_nested():
            clusters = find_clusters(vectors_of(frame.get_column(name)), random_state)
            conditions += [cluster.near(name, cluster.radius()) for cluster in clusters]
    return candidates.extended(conditions, list(evaluate(frame, conditions).T))


def _found(
    frame: pl.DataFrame, candidates: Candidates, loss: Floats, n: int, min_rows: int, alpha: float
) -> list[_Found]:
    """Return the slices of one half, `loss` being NaN on the other."""
    half = np.flatnonzero(~np.isnan(loss))
    y, holds = loss[half], candidates.holds[half].tocsc()
    is_large = np.diff(holds.indptr) >= min_rows // 2
    p = np.where(is_large, p_values(y, np.asarray(holds.sum(axis=0)), y @ holds, (y**2) @ holds), 1.0)
    pool: list[tuple[float, tuple[int, ...]]] = [
        (float(p[index]), (int(index),)) for index in np.flatnonzero(p < alpha)
    ]
    pairs = _pairs(candidates, p, y, half, min_rows)
    pool += pairs.items
    limit = _threshold(np.array([chance for chance, _ in pool]), int(is_large.sum()) + pairs.n_tests, alpha)
    found: list[_Found] = []
    taken = np.zeros(len(frame), dtype=np.bool_)
    for chance, parts in sorted(pool, key=lambda item: (item[0], len(item[1]), item[1])):
        if chance > limit or len(found) == n:
            break
        when, rows = _condition(candidates, parts), _rows(candidates, parts)
        if (rows & ~taken).sum() < MIN_FRESH * rows.sum():
            continue
        rows = evaluate(frame, [when])[:, 0]
        if rows.sum() >= min_rows and p_of(loss, rows, taken | np.isnan(loss)) <= limit:
            found.append(_Found(when, rows, chance))
            taken |= rows
    return found


def _pairs(candidates: Candidates, p: Floats, y: Floats, half: NDArray[np.int64], min_rows: int) -> _Pool:
    """Return pairs of a strong condition and another, where they are less likely by chance than either part.

    Partners are the strong ones and whatever is no term, however weak alone: fields matter by what they interact with.
    """
    order = [int(index) for index in np.argsort(p, kind="stable") if p[index] < 1]
    parents = order[:MAX_PARENTS]
    n_terms = len(candidates.terms)
    partners = [*parents, *[index for index in order[MAX_PARENTS:] if index >= n_terms][:MAX_PARTNERS]]
    first, second = np.nonzero(np.arange(len(partners)) > np.arange(len(parents))[:, None])
    if not len(first):
        return _Pool([], 0)
    masks = np.array([candidates.rows(index)[half] for index in partners], dtype=np.float64)
    inside, n = masks[: len(parents)], masks[: len(parents)] @ masks.T
    total, squares = (inside * y) @ masks.T, (inside * y**2) @ masks.T
    n, total, squares = (array[first, second] for array in (n, total, squares))
    is_large = n >= min_rows // 2
    chances = np.where(is_large, p_values(y, n, total, squares), 1.0)
    pool: list[_Item] = [
        (chance, (parents[a], partners[b]))
        for a, b, chance in zip(first.tolist(), second.tolist(), chances.tolist(), strict=True)
        if chance < PAIR_GAIN * min(p[parents[a]], p[partners[b]])
    ]
    return _Pool(pool, int(is_large.sum()))


def _condition(candidates: Candidates, parts: tuple[int, ...]) -> Condition:
    first, *others = map(candidates.condition, parts)
    return first & others[0] if others else first


def _rows(candidates: Candidates, parts: tuple[int, ...]) -> Booleans:
    rows: Booleans = np.logical_and.reduce([candidates.rows(index) for index in parts])
    return rows


def p_of(loss: Floats, rows: Booleans, left_out: Booleans) -> float:
    """Return how likely so much more loss on some rows would be by chance, other rows left out."""
    y, inside = loss[~left_out], rows[~left_out].astype(np.float64)
    return float(p_values(y, inside.sum(keepdims=True), np.array([inside @ y]), np.array([inside @ y**2]))[0])


def p_values(y: Floats, n: Floats, total: Floats, squares: Floats) -> Floats:
    """Return the one-sided chance of each group's total: [n_groups].

    Errors (0 and 1): P(X >= total), X hypergeometric, which is exact whatever the size. A loss: Welch's test.

    Args:
        y: Errors or losses of all rows.
        n: Size of each group.
        total: Sum of y in each group.
        squares: Sum of y^2 in each group.
    """
    from scipy.special import ndtr
    from scipy.stats import hypergeom

    rest = len(y) - n
    is_testable = (n > 1) & (rest > 1)
    if np.isin(y, (0, 1)).all():
        chance = hypergeom.sf(total - 1, len(y), y.sum(), n)
        return np.where(is_testable, chance, 1.0)
    inside, outside = np.maximum(n, 2), np.maximum(rest, 2)
    mean, other = total / inside, (y.sum() - total) / outside
    variance = np.maximum(squares / inside - mean**2, 0) / (inside - 1)
    variance += np.maximum(((y**2).sum() - squares) / outside - other**2, 0) / (outside - 1)
    z = np.divide(mean - other, np.sqrt(variance), out=np.zeros(len(n)), where=variance > 0)
    return np.where(is_testable, ndtr(-z), 1.0)


def _threshold(p: Floats, n_tests: int, alpha: float) -> float:
    """Return the largest p that Benjamini and Hochberg accept: max p_(i) <= alpha i / n_tests; below 0 where none."""
    ordered = np.sort(p)
    accepted = ordered[ordered <= alpha * np.arange(1, len(ordered) + 1) / n_tests]
    return float(accepted[-1]) if len(accepted) else -1.0


def _confirmed(found: Sequence[_Found], loss: Floats, finds: Booleans, alpha: float) -> list[DiscoveredSlice]:
    chances, before = [], np.zeros(len(loss), dtype=np.bool_)
    for item in found:
        chances.append(p_of(loss, item.rows, before | finds))
        before = before | item.rows
    limit = _threshold(np.array(chances), max(len(chances), 1), alpha)
    names: list[str] = []
    slices = []
    for item, chance in zip(found, chances, strict=True):
        names.append(name_of(describe(item.when), names))
        slices.append(
            DiscoveredSlice(
                slice=Slice(names[-1], item.when),
                n_rows=int(item.rows.sum()),
                found=_rate(loss[item.rows & finds]),
                confirmed=_rate(loss[item.rows & ~finds]),
                rest=_rate(loss[~item.rows & ~finds]),
                p_found=item.p,
                p_confirmed=chance,
                is_confirmed=chance <= limit,
            )
        )
    return sorted(slices, key=lambda item: (not item.is_confirmed, item.p_confirmed))


def _rate(values: Floats) -> Metric:
    """Return an error rate with Wilson's interval; of a loss the mean, with the normal interval."""
    n = len(values)
    if np.isin(values, (0, 1)).all():
        return wilson(float(values.sum()), n)
    mean, half = float(values.mean()), 1.96 * float(values.std(ddof=1)) / n**0.5 if n > 1 else np.inf
    return Metric(mean, mean - half, mean + half, n)
