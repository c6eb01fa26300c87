"""Suggest labeling functions, from a few labels and from none."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from nacre.analysis._candidate_load import load_rows, own_fields, sampled
from nacre.analysis._candidates import Booleans, Candidates, describe, evaluate, find_candidates, name_of
from nacre.analysis._suggest_choice import Bar, Choice, choose, hits_of
from nacre.analysis._suggest_clusters import find_clusters, near_conditions, vectors_of
from nacre.analysis._suggest_evidence import Scores, Standing, Truth, halves, score, standing_of, truth_of
from nacre.analysis._suggest_names import named_conditions
from nacre.analysis._suggest_trees import with_trees
from nacre.analysis._suggestion import Source, Suggestion
from nacre.data import Dataset, VoteSchema
from nacre.functions import AllOf, Condition, Context, Keyword, Near, Not, Rule
from nacre.labeling import LabelMatrix
from nacre.metrics import MIN_N, Metric, wilson

SURE = 0.8  # probability from which existing votes count as labels
MIN_VOTE_Z = 3.0
MAX_COMMON = 0.3  # share of the rows of every class from which on a word tells nothing alone


def suggest_functions(
    data: Dataset | Any,
    schema: VoteSchema,
    *,
    labels: ArrayLike | pl.Series | None = None,
    label_matrix: LabelMatrix | None = None,
    probabilities: ArrayLike | None = None,
    fields: Sequence[str] | None = None,
    context: Context | None = None,
    n: int = 10,
    min_precision: float = 0.9,
    min_rows: int = 5,
    sample_rows: int = 10_000,
    random_state: int = 0,
) -> list[Suggestion]:
    """Return labeling functions to accept or dismiss, the most useful first, each with its evidence.

    With labels: words and phrases, field values, thresholds and lengths, conjunctions found by shallow trees, and
    regions around clusters, ranked by the lower Wilson limit of precision times newly covered rows. From 40 labels on,
    half of them propose and the precision shown is that on the other half. The order and the bar look at both, so it
    is not out-of-sample: with 100 labels it was 0 to 12 points too high on three sets of short texts on which the bars
    were chosen, and 22 to 33 on three other sets (news, reviews, chemistry). Look at rows before you accept. With
    fewer labels it is in-sample, and said to be.

    A single word that more than 30 % of the labelled rows of every class have is not proposed.

    What is missing to n comes from existing votes (frequent where they are sure) and from the names of the classes.

    Args:
        data: The data points, or a frame.
        schema: `Classes` or `MultiLabel`.
        labels: Ground truth of each row where it is known: codes (-1 unknown) or class names (null unknown).
        label_matrix: Votes of the existing functions on the same rows.
        probabilities: What a label model makes of them: [n_rows, n_classes]; without it the shares of the votes.
        fields: What functions may read; `text@minilm` looks for regions. Without it all, and the longest text embedded.
        context: The embeddings.
        n: How many suggestions at most.
        min_precision: Least precision on the labels that propose, and on all.
        min_rows: Least rows on which a function must vote.
        sample_rows: Of a larger dataset so many rows are looked at: labelled ones and a uniform sample.
        random_state: Another number, another division of the labels.

    Examples:
        >>> from nacre.data import Classes
        >>> texts = ["claim cash {}", "cash here {}", "lunch at noon {}", "lunch {}?"]
        >>> mail = pl.DataFrame({"body": [text.format(number) for number in range(10) for text in texts]})
        >>> labels = pl.Series(["spam", "spam", "ham", "ham"] * 3 + [None] * 28)
        >>> for suggestion in suggest_functions(mail, Classes(("ham", "spam")), labels=labels, n=2):
        ...     print(suggestion.function.name, suggestion.rows, suggestion.new_rows)
        ham_lunch 20 20
        spam_cash 20 20
    """
    dataset = data if isinstance(data, Dataset) else Dataset.from_frame(data)
    context = context or Context()
    truth = truth_of(labels, schema, len(dataset))
    standing = standing_of(label_matrix, probabilities, dataset.collect(["row_id"]).to_series(), schema)
    reads = own_fields(dataset, fields, context, labels)
    positions = sampled(len(dataset), sample_rows, truth.is_labeled, random_state)
    frame = load_rows(dataset, positions, reads, context)
    bench = _Bench(frame, reads, schema, truth.where(positions), standing.where(positions), context, random_state)
    taken = () if label_matrix is None else label_matrix.functions
    return _as_suggestions(bench, _proposed(bench, n, min_precision, min_rows), taken)


@dataclass(frozen=True, eq=False)
class _Bench:
    """What is looked at: the rows, their labels, and what existing functions say of them."""

    frame: pl.DataFrame
    fields: tuple[str, ...]
    schema: VoteSchema
    truth: Truth
    standing: Standing
    context: Context
    random_state: int

    @cached_property
    def candidates(self) -> Candidates:
        found = find_candidates(self.frame, self.fields)
        return found.select(np.flatnonzero(~self._is_common(found)))

    @cached_property
    def halves(self) -> tuple[Truth, Truth | None]:
        return halves(self.truth, self.random_state)

    def _is_common(self, found: Candidates) -> Booleans:
        """Return which candidates are single words that are frequent in every class, as the labels say."""
        is_class = (self.truth.is_class & self.truth.is_known).astype(np.float64)
        totals = is_class.sum(axis=1, keepdims=True)
        is_labeled = totals[:, 0] > 0
        is_word = np.zeros(len(found), dtype=np.bool_)
        if is_labeled.sum() > 1:
            shares = found.count(is_class[is_labeled]) / totals[is_labeled]
            is_word[: len(found.terms)] = [" " not in term for _, term in found.terms]
            is_word &= (shares > MAX_COMMON).all(axis=0)
        return is_word

    def rows(self, condition: Condition) -> Booleans:
        mask: Booleans = evaluate(self.frame, [condition])[:, 0]
        return mask


@dataclass(frozen=True, eq=False)
class _Found:
    """A condition for a class, its rows, and who proposed it."""

    condition: Condition
    label: int
    rows: Booleans
    source: Source
    z: float | None = None


def _proposed(bench: _Bench, n: int, min_precision: float, min_rows: int) -> list[_Found]:
    found = _from_labels(bench, n, min_precision, min_rows)
    if len(found) < n and bench.standing.is_covered.any():
        found += _from_votes(bench, _covered(bench, found), n - len(found), min_precision, min_rows)
    if len(found) < n:
        found += _from_names(bench, _covered(bench, found), n - len(found), min_rows)
    return found


def _from_labels(bench: _Bench, n: int, min_precision: float, min_rows: int) -> list[_Found]:
    if not bench.truth.is_labeled.any():
        return []
    proposing, _ = bench.halves
    candidates = bench.candidates
    base = score(candidates, proposing.is_class, proposing.is_known)
    candidates = with_trees(candidates, base, proposing, bench.random_state)
    candidates = _with_regions(bench, candidates, proposing, min_rows)
    proposed = score(candidates, proposing.is_class, proposing.is_known)
    scores = score(candidates, bench.truth.is_class, bench.truth.is_known)
    bar = Bar(min_precision, min_rows, proposing, bench.truth)
    value = bar.value(proposed, scores)
    chosen = choose(candidates, value, bar, bench.standing.is_covered, n, _rows_of(bench, candidates))
    return [_found(candidates, choice, scores) for choice in chosen]


def _from_votes(bench: _Bench, covered: Booleans, n: int, min_precision: float, min_rows: int) -> list[_Found]:
    """Propose what is frequent in the rows of which existing votes are sure, for rows that they leave out."""
    proba = np.nan_to_num(bench.standing.proba)
    is_sure = bench.standing.is_covered & (proba.max(axis=0) >= SURE)
    is_known = np.broadcast_to(is_sure, proba.shape)
    scores = score(bench.candidates, proba, is_known)
    bar = Bar(min_precision, min_rows, Truth(is_known & (proba >= SURE), is_known), bench.truth)
    # Rows on which votes agree tell less than labels, since functions share their mistakes: hence the higher z.
    value = np.where(scores.z >= MIN_VOTE_Z, bar.value(scores, scores), 0.0)
    chosen = choose(bench.candidates, value, bar, covered, n, _rows_of(bench, bench.candidates))
    return [replace(_found(bench.candidates, choice, scores), source="votes") for choice in chosen]


def _from_names(bench: _Bench, covered: Booleans, n: int, min_rows: int) -> list[_Found]:
    found: list[_Found] = []
    for label, condition in named_conditions(bench.candidates, bench.schema, bench.context):
        rows = bench.rows(condition)
        bar = Bar(0.5, min_rows, bench.truth, bench.truth)
        if len(found) < n and (rows & ~covered).sum() >= min_rows and bar.holds_for(rows, label):
            found.append(_Found(condition, label, rows, "class_name"))
            covered = covered | rows
    return found


def _with_regions(bench: _Bench, candidates: Candidates, truth: Truth, min_rows: int) -> Candidates:
    conditions: list[Condition] = []
    for column in bench.fields:
        if bench.frame.schema[column].is_nested():
            clusters = find_clusters(vectors_of(bench.frame.get_column(column)), bench.random_state)
            conditions += near_conditions(column, clusters, truth, min_rows)
    return candidates.extended(conditions, list(evaluate(bench.frame, conditions).T))


def _rows_of(bench: _Bench, candidates: Candidates) -> Any:
    return lambda index: bench.rows(candidates.condition(index))


def _found(candidates: Candidates, choice: Choice, scores: Scores) -> _Found:
    condition = candidates.condition(choice.candidate)
    source: Source = "fields"
    if isinstance(condition, Keyword):
        source = "terms"
    elif isinstance(condition, Near):
        source = "cluster"
    elif condition.kind in ("all", "any"):
        source = "tree"
    return _Found(condition, choice.label, choice.rows, source, float(scores.z[choice.label, choice.candidate]))


def _covered(bench: _Bench, found: Iterable[_Found]) -> Booleans:
    covered: Booleans = np.logical_or.reduce([bench.standing.is_covered, *(item.rows for item in found)])
    return covered


def _as_suggestions(bench: _Bench, found: Sequence[_Found], names: Sequence[str]) -> list[Suggestion]:
    suggestions, taken = [], list(names)
    for item in found:
        label = bench.schema.label(item.label)
        name = name_of(f"{label} {_short(item.condition)}", taken)
        taken.append(name)
        suggestions.append(_suggestion(bench, item, Rule(name, item.condition, label)))
    return suggestions


def _suggestion(bench: _Bench, item: _Found, rule: Rule) -> Suggestion:
    rows, standing = item.rows, bench.standing
    proposed_on, precision = _measured(bench, item)
    known = item.rows & standing.is_covered
    estimated = None
    if item.source == "votes" and known.any():
        estimated = float(np.nanmean(standing.proba[item.label, known]))
    return Suggestion(
        function=rule,
        source=item.source,
        why=_why(item, rule.label, proposed_on, precision, estimated),
        rows=int(rows.sum()),
        new_rows=int((rows & ~standing.is_covered).sum()),
        conflicts=int((rows & standing.excludes[item.label]).sum()),
        n_rows=len(rows),
        proposed_on=proposed_on,
        precision=precision,
        estimated_precision=estimated,
        z=item.z,
    )


def _measured(bench: _Bench, item: _Found) -> tuple[Metric | None, Metric | None]:
    """Return the precision on labels that proposed, and on those that helped to choose; both are in-sample."""
    if not bench.truth.is_labeled.any():
        return None, None
    if item.source in ("votes", "class_name"):
        return None, wilson(*hits_of(bench.truth, item.rows, item.label))
    proposing, scoring = bench.halves
    held = None if scoring is None else wilson(*hits_of(scoring, item.rows, item.label))
    return wilson(*hits_of(proposing, item.rows, item.label)), held


def _why(
    item: _Found, label: str, proposed_on: Metric | None, precision: Metric | None, estimated: float | None
) -> str:
    begin = f"{describe(item.condition)}."
    if item.source == "class_name":
        begin = f"{begin} It goes with the name of the class {label}."
    elif item.source == "votes":
        begin = (
            f"{begin} It is frequent where existing votes are sure of {label} ({estimated or 0:.0%}); they may share a "
            "mistake."
        )
    else:
        begin = f"{begin} {_share_of('Of the labels that proposed it', proposed_on, label)}"
    if precision is None:
        known = "" if proposed_on is None else "; that is in-sample, expect less"
        return f"{begin}{known}." if known else f"{begin} Its precision elsewhere is unknown."
    if precision.n == 0:
        begin = begin if begin.endswith(".") else f"{begin}."
        return f"{begin} No other label falls on it, so its precision elsewhere is unknown."
    if proposed_on is None:
        told = _share_of("Of the labels that helped to choose it", precision, label)
        return f"{begin} {told}; that is in-sample, expect less."
    helped = _share_of("of those that helped to choose it", precision, label)
    return f"{begin}; {helped}; both in-sample, expect less."


def _share_of(labels: str, precision: Metric | None, label: str) -> str:
    """Return a precision as words, with the hint on too few labels where it belongs."""
    few = " (too few)" if precision is not None and precision.n < MIN_N else ""
    return f"{labels}, {str(precision).removesuffix(' too few')} are {label}{few}"


def _short(condition: Condition) -> str:
    """Return a few words for the name of a function: what must hold, without what must not, where both are."""
    if isinstance(condition, Keyword):
        return " ".join(map(_pronounced, condition.keywords[:2]))
    if isinstance(condition, Not):
        return f"no {_short(condition.condition)}"
    if isinstance(condition, AllOf):
        positive = [part for part in condition.conditions if not isinstance(part, Not)]
        return " ".join(map(_short, (positive or condition.conditions)[:2]))
    return describe(condition)


def _pronounced(keyword: str) -> str:
    """Return a keyword that has a letter or digit; symbols by their names, up to two."""
    return keyword if re.search(r"\w", keyword) else " ".join(unicodedata.name(sign, "sign") for sign in keyword[:2])
