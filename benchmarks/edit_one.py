"""Editing one function of fifty: only its column is computed again, and the label model starts where it was."""

from __future__ import annotations

from dataclasses import replace

import inputs
import numpy as np
from figures import Figure, Options, main
from serve import timed
from sides import median, shown

from nacre.data import Classes, Dataset
from nacre.engine import MemoryStore
from nacre.functions import Pattern, Rule
from nacre.label_models import ClassConditional
from nacre.labeling import LabelMatrix, apply

SCHEMA = Classes(inputs.CLASSES)


def benchmark(options: Options) -> list[Figure]:
    """Measure how soon a user sees what an edit changed."""
    n = options.rows(1_000_000)
    series, source = inputs.utterances(n)
    data = Dataset.from_frame(series.to_frame("text"))
    functions, store = inputs.fifty_rules(), MemoryStore()
    all_times, matrix = timed(lambda: apply(functions, data, SCHEMA, store=store))
    model = ClassConditional(warm_start=True)
    full, _ = timed(lambda: model.fit(matrix))
    edits, refits, differences = [], [], []
    for i in range(4):
        edited = [*functions]
        edited[7] = _edited(functions[7], i)
        times, changed = timed(lambda edited=edited: _votes_and_summary(edited, data, store))
        edits.append(times)
        sample = changed.where(np.sort(np.random.default_rng(0).choice(n, min(n, 100_000), replace=False)))
        times, _ = timed(lambda sample=sample: model.fit(sample))
        refits.append(times)
        fresh = apply([edited[7]], data, SCHEMA)
        differences.append(int((changed.select(["f7"]).votes != fresh.votes).nnz))
    edit, refit = median(edits[1:]), median(refits[1:])
    return [
        Figure(
            f"edit one of 50 functions on {n:,} rows: votes, coverage, conflict",
            edit["seconds"],
            "s",
            "<= 1",
            ours=shown(edit),
            note=f"{source}; all 50 computed from nothing {shown(all_times)}",
        ),
        Figure(
            "warm-started refit on 100,000 rows",
            refit["seconds"],
            "s",
            "<= 2",
            ours=shown(refit),
            note=f"full fit of all rows {shown(full)}",
        ),
        Figure("votes of the edited function that differ from a fresh pass", max(differences), "votes", "= 0"),
    ]


def _edited(rule: Rule, i: int) -> Rule:
    words = ("please", "sure", "want", "need")
    return replace(rule, when=Pattern("text", rf"(?i)\b{words[i]}\b"))


def _votes_and_summary(functions: list[Rule], data: Dataset, store: MemoryStore) -> LabelMatrix:
    matrix = apply(functions, data, SCHEMA, store=store)
    matrix.summary()
    return matrix


if __name__ == "__main__":
    main(benchmark)
