"""What the peers do, timed; runs in the environment `.bench/`, which has no Nacre."""

from __future__ import annotations

import importlib.metadata
import re
from typing import Any

import numpy as np
from serve import serve, timed


def versions(names: list[str]) -> dict[str, Any]:
    return {"versions": {name: importlib.metadata.version(name) for name in names}}


def apply_patterns(texts: str, specs: list[dict[str, Any]], out: str, rows: int | None = None) -> dict[str, Any]:
    """Apply regular expressions with the pandas applier of snorkel."""
    from snorkel.labeling import LabelingFunction

    def search(row: Any, pattern: re.Pattern[str], code: int) -> int:
        return code if pattern.search(row.text) else -1

    functions = [
        LabelingFunction(s["name"], f=search, resources={"pattern": re.compile(s["pattern"]), "code": s["code"]})
        for s in specs
    ]
    return _apply(functions, texts, out, rows)


def apply_python(texts: str, out: str, rows: int | None = None) -> dict[str, Any]:
    """Apply the ten Python functions with the pandas applier of snorkel."""
    from row_functions import ALL
    from snorkel.labeling import LabelingFunction

    codes = {"ham": 0, "spam": 1, None: -1}
    functions = [
        LabelingFunction(call.__name__, f=lambda row, call: codes[call(row.text)], resources={"call": call})
        for call in ALL
    ]
    return _apply(functions, texts, out, rows)


def _apply(functions: list[Any], texts: str, out: str, rows: int | None) -> dict[str, Any]:
    import pandas as pd
    from snorkel.labeling import PandasLFApplier

    frame = pd.read_parquet(texts).head(rows) if rows else pd.read_parquet(texts)
    times, votes = timed(lambda: PandasLFApplier(functions).apply(frame, progress_bar=False))
    np.save(out, votes.astype(np.int8))
    return {**times, "rows": len(frame)}


def fit_snorkel(votes: str, k: int, out: str | None = None, balance: list[float] | None = None) -> dict[str, Any]:
    """Fit the label model of snorkel at its defaults and predict."""
    from snorkel.labeling.model import LabelModel

    dense = np.load(votes).astype(int)
    model = LabelModel(cardinality=k, verbose=False)

    def work() -> np.ndarray:
        model.fit(dense, class_balance=balance or [1 / k] * k, seed=1, progress_bar=False)
        return model.predict_proba(dense)

    times, proba = timed(work)
    if out is not None:
        np.savez(out, mu=model.get_conditional_probs(), proba=proba)
    return {**times}


def fit_settings(data: str, k: int, settings: list[dict[str, Any]], out: str) -> dict[str, Any]:
    """Fit the label model of snorkel under several settings; write the probabilities on valid and test."""
    from snorkel.labeling.model import LabelModel

    votes = np.load(data)
    found = {}
    for i, setting in enumerate(settings):
        model = LabelModel(cardinality=k, verbose=False)
        model.fit(votes["train"].astype(int), seed=1, progress_bar=False, **setting)
        found |= {f"{split}{i}": model.predict_proba(votes[split].astype(int)) for split in ("valid", "test")}
    np.savez(out, **found)
    return {}


def fit_dawid_skene(votes: str, out: str) -> dict[str, Any]:
    """Aggregate with crowd-kit at its defaults."""
    import pandas as pd
    from crowdkit.aggregation import DawidSkene

    frame = pd.read_parquet(votes)
    model = DawidSkene()
    times, labels = timed(lambda: model.fit_predict(frame))
    labels.rename("label").rename_axis("task").reset_index().to_parquet(out)
    return {**times, "iterations": len(model.loss_history_)}


def apply_daft(texts: str, patterns: list[str], out: str) -> dict[str, Any]:
    """Search regular expressions with Daft, reading and writing Parquet."""
    import daft

    frame = daft.read_parquet(texts)
    columns = [frame["text"].regexp(pattern).alias(f"f{i}") for i, pattern in enumerate(patterns)]
    times, _ = timed(lambda: frame.select(*columns).write_parquet(out, write_mode="overwrite"))
    return {**times}


if __name__ == "__main__":
    serve(versions, apply_patterns, apply_python, fit_snorkel, fit_settings, fit_dawid_skene, apply_daft)
