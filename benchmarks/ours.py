"""What Nacre does in a process of its own, where memory is measured or both sides take turns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import evaluators
import inputs
import numpy as np
import polars as pl
import row_functions
from serve import serve, timed

from nacre.data import CHUNK_ROWS, Classes, Number
from nacre.evaluation import Criterion, Evaluator, Scores, evaluate
from nacre.functions import Code
from nacre.label_models import ClassConditional, DawidSkene, MatrixCompletion
from nacre.labeling import LabelMatrix, apply
from nacre.workspace import DirectoryStore
from nacre.workspace import open as open_workspace

SCHEMA = Classes(inputs.CLASSES)
CONDITIONS = {
    "ten": inputs.ten_conditions,
    "patterns": inputs.ten_patterns,
    "compositions": inputs.ten_compositions,
}


def apply_rules(texts: str, conditions: str, out: str | None = None, copies: int = 1) -> dict[str, Any]:
    """Apply rules to a frame in memory; `copies` repeats the functions under other names."""
    frame = pl.read_parquet(texts)
    functions = inputs.rules(CONDITIONS[conditions]() * copies)  # nothing is cached, so copies cost as much
    times, matrix = timed(lambda: apply(functions, frame, SCHEMA))
    if out is not None:
        np.save(out, matrix.to_dense().astype(np.int8))
    return {**times}


def apply_python(texts: str, out: str | None = None, n_jobs: int | None = None) -> dict[str, Any]:
    """Apply the ten Python functions."""
    frame = pl.read_parquet(texts)
    functions = [Code(call.__name__, call) for call in row_functions.ALL]
    times, matrix = timed(lambda: apply(functions, frame, SCHEMA, n_jobs=n_jobs))
    if out is not None:
        np.save(out, matrix.to_dense().astype(np.int8))
    return {**times}


def import_texts(folder: str, n: int) -> dict[str, Any]:
    """Import `n` short texts into a workspace."""
    series, source = inputs.utterances(n)
    frames = (pl.DataFrame([series.slice(start, CHUNK_ROWS)]) for start in range(0, n, CHUNK_ROWS))
    with open_workspace(folder, user="bench") as workspace:
        times, _ = timed(lambda: workspace.project("texts").data.add(frames))
    return {**times, "source": source}


def apply_on_disk(folder: str, conditions: str, store: str) -> dict[str, Any]:
    """Apply rules to the data of a workspace, chunk by chunk, and store the votes."""
    functions = inputs.rules(CONDITIONS[conditions]())
    with open_workspace(folder, user="bench") as workspace:
        data = workspace.project("texts").data.read()
        times, matrix = timed(lambda: apply(functions, data, SCHEMA, store=DirectoryStore(Path(store))))
    return {**times, "rows": matrix.n_units, "votes": int(matrix.votes.nnz)}


def fit_label_model(votes: str, k: int, model: str, out: str | None = None) -> dict[str, Any]:
    """Fit a label model on dense votes and predict."""
    schema = Classes(tuple(f"c{code}" for code in range(k)))
    matrix = LabelMatrix.from_dense(np.load(votes, mmap_mode="r"), schema)
    chosen = {"class_conditional": ClassConditional, "matrix_completion": MatrixCompletion}[model]()
    times, proba = timed(lambda: chosen.fit(matrix).predict_proba(matrix))
    if out is not None:
        symbols = np.array([tuple(symbol) for symbol in matrix.symbols])
        np.savez(out, mu=chosen.vote_probabilities_, symbols=symbols, proba=proba)
    return {**times, "votes": int(matrix.votes.nnz)}


def fit_dawid_skene(votes: str, k: int, out: str, iterations: int | None = None) -> dict[str, Any]:
    """Aggregate recorded votes in long form; with `iterations` take so many, without a prior, as crowd-kit does."""
    frame = pl.read_parquet(votes).rename({"task": "row_id", "worker": "annotator"})
    schema = Classes(tuple(f"c{code}" for code in range(k)))
    model = DawidSkene() if iterations is None else DawidSkene(max_iter=iterations, tol=0, prior_mass=0)
    times, proba = timed(lambda: model.fit(frame, schema=schema).predict_proba(frame))
    tasks = frame.get_column("row_id").unique().sort()
    pl.DataFrame({"task": tasks, "label": proba.argmax(axis=1)}).write_parquet(out)
    return {**times, "iterations": len(model.trace_)}


def evaluate_responses(responses: str, store: str, out: str | None = None) -> dict[str, Any]:
    """Score the responses of a file with three Python evaluators and store every score; nothing is stored before."""

    def work() -> Scores:
        return evaluate(
            [
                Evaluator("polite", Criterion("polite"), Code("polite", evaluators.polite)),
                Evaluator("complete", Criterion("complete", scale=Number(0, 1)), Code("complete", evaluators.complete)),
                Evaluator("brief", Criterion("brief"), Code("brief", evaluators.brief)),
            ],
            pl.read_parquet(responses),
            store=DirectoryStore(Path(store)),
        )

    times, scores = timed(work)
    if out is not None:
        scores.wide().write_parquet(out)
    return {**times, "scored": int(scores.frame.get_column("value").count())}


if __name__ == "__main__":
    serve(apply_rules, apply_python, import_texts, apply_on_disk, fit_label_model, fit_dawid_skene, evaluate_responses)
