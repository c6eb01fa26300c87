"""Evaluate responses in a process that can be killed: `python resumed.py RESPONSES.parquet STORE STARTED_AT`.

Prints when the first evaluator was called, in seconds from the start of the process, and how many calls were made.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import evaluators
import polars as pl

from nacre.data import Number
from nacre.evaluation import Criterion, Evaluator, evaluate
from nacre.functions import Code
from nacre.workspace import DirectoryStore

CALLS: list[float] = []


def polite(outputs: str) -> bool:
    CALLS.append(time.time())
    return evaluators.polite(outputs)


def complete(outputs: str, reference: str) -> float:
    CALLS.append(time.time())
    return evaluators.complete(outputs, reference)


def brief(inputs: str, outputs: str) -> bool:
    CALLS.append(time.time())
    return evaluators.brief(inputs, outputs)


def run(responses: str, store: str, started: str) -> None:
    """Go on where the store says that an earlier process was, and compare the scores with those of one run."""
    of = [
        Evaluator("polite", Criterion("polite"), Code("polite", polite)),
        Evaluator("complete", Criterion("complete", scale=Number(0, 1)), Code("complete", complete)),
        Evaluator("brief", Criterion("brief"), Code("brief", brief)),
    ]
    scores = evaluate(of, pl.read_parquet(responses), store=DirectoryStore(Path(store)))
    n_calls = len(CALLS)
    whole = evaluate(of, pl.read_parquet(responses))
    different = int(scores.frame.get_column("value").ne_missing(whole.frame.get_column("value")).sum())
    print(json.dumps({"first": CALLS[0] - float(started), "calls": n_calls, "different": different}))


if __name__ == "__main__":
    run(*sys.argv[1:])
