"""Conditions that follow from the names of the classes: their words, variants of them, and words that go with them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray

from nacre.analysis._candidates import Candidates
from nacre.analysis._suggest_evidence import score
from nacre.data import VoteSchema
from nacre.functions import Condition, Context, Keyword

MAX_NEAREST = 3  # further terms per class
MIN_Z = 3.0
MIN_SIMILARITY = 0.5
MAX_EMBEDDED = 500  # words that are compared with the class names
IGNORED = frozenset({"a", "an", "and", "for", "in", "no", "none", "not", "of", "on", "or", "other", "the", "to"})


def named_conditions(candidates: Candidates, schema: VoteSchema, context: Context) -> Iterator[tuple[int, Condition]]:
    """Yield pairs of a class and a keyword condition, class names first, then the terms that go with them."""
    names = [_words(name) for name in schema.classes]
    shared = {word for words in names for word in words if sum(word in other for other in names) > 1}
    own = [
        [index for index, (_, term) in enumerate(candidates.terms) if _is_variant(term, set(words) - shared)]
        for words in names
    ]
    for label, indices in enumerate(own):
        for field in dict.fromkeys(candidates.terms[index][0] for index in indices):
            variants = tuple(candidates.terms[index][1] for index in indices if candidates.terms[index][0] == field)
            yield label, Keyword(field, variants)
    nearest = [*_co_occurring(candidates, own), *_similar(candidates, names, context)]
    used = {index for indices in own for index in indices}
    by_class = [[index for label, index in nearest if label == of] for of in range(len(names))]
    for turn in zip_longest(*by_class):
        for label, index in enumerate(turn):
            if index is not None and index not in used:
                used.add(index)
                yield label, candidates.condition(index)


def _words(name: str) -> list[str]:
    """Return the words of a class name: `cardStolen`, `card-stolen` and `CARD_STOLEN` have the same."""
    parts = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    found = (word.lower() for word in re.split(r"[\W_]+", parts))
    return [word for word in found if len(word) > 2 and not word.isdigit() and word not in IGNORED]


def _is_variant(term: str, words: set[str]) -> bool:
    """Return whether a term is a form of a word: it shares the stem and differs in its ending only."""
    if term in words:
        return True
    return any(
        len(word) > 3
        and " " not in term
        and term.startswith(word[: max(4, len(word) - 2)])
        and len(term) <= len(word) + 3
        for word in words
    )


def _co_occurring(candidates: Candidates, own: list[list[int]]) -> Iterator[tuple[int, int]]:
    """Yield the terms over-represented where the name of one class is, and of no other."""
    named = np.array([_any(candidates, indices) for indices in own])
    if named.shape[0] < 2 or not named.any():
        return
    known = np.broadcast_to(named.sum(axis=0) == 1, named.shape)
    scores = score(candidates, named, known)
    n_terms = len(candidates.terms)
    for label in range(len(own)):
        z = np.where(scores.hits[label] > scores.n[label] / 2, scores.z[label], 0.0)[:n_terms]
        z[own[label]] = 0.0
        best = np.argsort(-z, kind="stable")[:MAX_NEAREST]
        yield from ((label, int(index)) for index in best if z[index] >= MIN_Z)


def _any(candidates: Candidates, indices: list[int]) -> NDArray[np.bool_]:
    none = np.zeros(candidates.holds.shape[0], dtype=np.bool_)
    named: NDArray[np.bool_] = np.logical_or.reduce([none, *(candidates.rows(index) for index in indices)])
    return named


def _similar(candidates: Candidates, names: list[list[str]], context: Context) -> Iterator[tuple[int, int]]:
    """Yield the frequent words whose vector is near that of one class name, nearer than to any other."""
    if not context.embeddings:
        return
    embedding = next(iter(context.embeddings.values()))
    n_rows = np.diff(candidates.holds.indptr)
    words = [index for index, (_, term) in enumerate(candidates.terms) if re.fullmatch(r"\w{3,}", term)]
    words.sort(key=lambda index: (-n_rows[index], index))
    words = words[:MAX_EMBEDDED]
    if not words:
        return
    vectors = embedding.embed([candidates.terms[index][1] for index in words])
    similarity = vectors @ embedding.embed([" ".join(name) for name in names]).T
    nearest = similarity.argmax(axis=1)
    for label in range(len(names)):
        mine = np.where(nearest == label, similarity[:, label], 0.0)
        best = np.argsort(-mine, kind="stable")[:MAX_NEAREST]
        yield from ((label, words[place]) for place in best if mine[place] >= MIN_SIMILARITY)
