"""Label models at their defaults and the end models they train, on six published sets.

Fit on train, class balance by Laplace from valid, scored on test once. Accuracy is convention (A): an uncovered data
point credits one over the number of classes. F1 of ws_sms is convention (B): it gets the most frequent class.
"""

from __future__ import annotations

import itertools
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import inputs
import numpy as np
import polars as pl
from figures import Figure, Options, main, record, recorded
from numpy.typing import NDArray
from sides import Side, machine

from nacre.data import Classes
from nacre.label_models import ClassConditional, MajorityVote, MatrixCompletion, class_balance
from nacre.labeling import LabelMatrix
from nacre.metrics import Metric, accuracies, accuracy, binary_f1, predict
from nacre.models import TextLinear

FILES = {
    "youtube": (("train",), ("valid",)),
    "sms": (("train",), ("valid",)),
    "trec": (("train",), ("valid",)),
    "agnews": (("dev",), ("dev",)),
    "imdb": (("dev", "unlabeled"), ("dev",)),
    "chemprot": (("train", "unlabeled"), ("dev",)),
}
SETTINGS = [
    {"lr": lr, "n_epochs": n_epochs, "is_balanced": is_balanced}
    for lr, n_epochs, is_balanced in itertools.product((0.003, 0.01, 0.03), (50, 100, 200), (False, True))
]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Task:
    """One set: texts, votes and ground truth of its splits."""

    name: str
    schema: Classes
    texts: dict[str, pl.DataFrame]
    votes: dict[str, NDArray[Any]]
    truth: dict[str, NDArray[Any]]

    @property
    def balance(self) -> Floats:
        return class_balance(self.truth["valid"], len(self.schema.names))

    def matrix(self, split: str) -> LabelMatrix:
        return LabelMatrix.from_dense(self.votes[split].astype(np.int16), self.schema)

    def expected(self, split: str, proba: Floats) -> Metric:
        covered = (self.votes[split] >= 0).any(axis=1)
        return accuracies(self.truth[split], proba, covered=covered, prior=self.balance).expected

    def f1(self, split: str, proba: Floats) -> Metric:
        return binary_f1(self.truth[split], predict(proba, prior=self.balance))

    def score(self, split: str, proba: Floats) -> float:
        """Return what this set is tuned on and ranked by: F1 for sms, else accuracy."""
        return 100 * (self.f1(split, proba) if self.name == "sms" else self.expected(split, proba)).value


def benchmark(options: Options) -> list[Figure]:
    """Score label models and end models on test."""
    tasks = [task for name in FILES if (task := _task(name)) is not None]
    if len(tasks) < len(FILES):
        print(f"{len(FILES) - len(tasks)} of {len(FILES)} sets are missing: NACRE_DATA does not hold them")
    return [*_label_models(tasks, options), *_end_models(tasks)] if tasks else []


def _label_models(tasks: list[Task], options: Options) -> list[Figure]:
    scores: dict[str, list[float]] = {}
    figures = []
    for task in tasks:
        proba = _probabilities(task)
        peers = _snorkel(task, options)
        of_task = {name: task.score("test", found) for name, found in proba.items()} | peers["scores"]
        for name, score in of_task.items():
            scores.setdefault(name, []).append(score)
        metric = task.expected("test", proba["ClassConditional"])
        shown = ", ".join(f"{name} {score:.1f}" for name, score in of_task.items() if name != "ClassConditional")
        others = f"; accuracy {100 * metric.value:.1f}" if task.name == "sms" else ""
        kind = "F1 (B)" if task.name == "sms" else "accuracy (A)"
        note = f"{_interval(task.f1('test', proba['ClassConditional']) if task.name == 'sms' else metric)}{others}"
        value = of_task["ClassConditional"]
        bar = f">= {of_task['majority vote'] - 2:.2f}"
        figures.append(Figure(f"{task.name}: {kind} of ClassConditional", value, "%", bar, peer=shown, note=note))
    means = {name: float(np.mean(values)) for name, values in scores.items() if len(values) == len(tasks)}
    others = ", ".join(f"{name} {mean:.2f}" for name, mean in means.items())
    gain = means["ClassConditional"] - means["majority vote"]
    figures.append(Figure("mean: points above majority vote", gain, "points", ">= 0", peer=others, note="sms by F1"))
    if "snorkel tuned" in means:
        gain = means["ClassConditional"] - means["snorkel tuned"]
        note = f"snorkel: best of {len(SETTINGS)} settings on valid; Nacre: its defaults"
        figures.append(Figure("mean: points above tuned snorkel", gain, "points", ">= -1", note=note))
    return figures


def _probabilities(task: Task) -> dict[str, Floats]:
    train, test = task.matrix("train"), task.matrix("test")
    balance = task.balance.tolist()
    models = {
        "majority vote": MajorityVote(),
        "ClassConditional": ClassConditional(class_balance=balance),
        "MatrixCompletion": MatrixCompletion(class_balance=balance),
    }
    return {name: model.fit(train).predict_proba(test) for name, model in models.items()}


def _snorkel(task: Task, options: Options) -> dict[str, Any]:
    """Return the scores of snorkel at its defaults and tuned on valid; they do not change, so they are recorded."""
    cell = f"snorkel LabelModel on ws_{task.name}"
    if options.record:
        record(cell, _score_snorkel(task), machine())
    return recorded(cell) or {"scores": {}}


def _score_snorkel(task: Task) -> dict[str, Any]:
    k = len(task.schema.names)
    balances = {True: task.balance.tolist(), False: [1 / k] * k}
    settings = [{"lr": 0.01, "n_epochs": 100, "is_balanced": True}, *SETTINGS]
    arguments = [
        {"lr": s["lr"], "n_epochs": s["n_epochs"], "class_balance": balances[bool(s["is_balanced"])]} for s in settings
    ]
    with tempfile.TemporaryDirectory() as name, Side("peers.py") as peers:
        data, out = Path(name) / "votes.npz", Path(name) / "proba.npz"
        np.savez(data, **task.votes)
        peers.call("fit_settings", data=str(data), k=k, settings=arguments, out=str(out))
        proba = np.load(out)
        valid = [task.score("valid", proba[f"valid{i}"]) for i in range(1, len(settings))]
        best = 1 + int(np.argmax(valid))
        scores = {
            "snorkel": task.score("test", proba["test0"]),
            "snorkel tuned": task.score("test", proba[f"test{best}"]),
        }
    return {"scores": scores, "chosen": settings[best], "settings": len(SETTINGS)}


def _end_models(tasks: list[Task]) -> list[Figure]:
    figures, gaps = [], []
    for task in tasks:
        train = task.matrix("train")
        covered = train.is_covered
        soft = ClassConditional(class_balance=task.balance.tolist()).fit(train).predict_proba(train)
        shares = MajorityVote().fit(train).predict_proba(train)
        targets = {
            "Nacre": np.where(covered[:, None], soft, 0),
            "majority vote": np.where(covered[:, None], shares, 0),
            "ground truth": task.truth["train"],
        }
        found = {name: _end_model(task, target) for name, target in targets.items()}
        low, value, high = (100 * found[name].value for name in ("majority vote", "Nacre", "ground truth"))
        gaps.append((value - low, high - low))
        shown = ", ".join(f"{name} {100 * found[name].value:.1f}" for name in ("majority vote", "ground truth"))
        note = f"{_interval(found['Nacre'])}; trained on {'dev' if task.name in ('agnews', 'imdb') else 'train'}"
        figures.append(
            Figure(f"{task.name}: accuracy of TextLinear on Nacre's labels", value, "%", peer=shown, note=note)
        )
    closed = sum(gain for gain, _ in gaps) / sum(gap for _, gap in gaps)
    note = (
        "sum of the gains over majority-vote labels / "
        "sum of the gaps to ground truth; the only ground truth used is the class balance"
    )
    figures.append(Figure("share of the gap that Nacre's labels close", 100 * closed, "%", ">= 50", note=note))
    return figures


def _end_model(task: Task, target: Any) -> Metric:
    model = TextLinear(("text",)).fit(task.texts["train"], target, task.schema)
    return accuracy(task.truth["test"], model.predict_proba(task.texts["test"]).argmax(axis=1))


def _interval(metric: Metric) -> str:
    return f"95 % interval {100 * metric.low:.1f}-{100 * metric.high:.1f}, n = {metric.n:,}"


def _task(name: str) -> Task | None:
    folder = inputs.dataset(f"ws_{name}")
    if folder is None:
        return None
    content = json.loads((folder / "lfs.json").read_text(encoding="utf-8"))
    train, valid = FILES[name]
    files = {"train": train, "valid": valid, "test": ("test",)}
    read = {split: inputs.read_split(folder, files[split], len(content["lfs"])) for split in files}
    texts, votes, truth = ({split: parts[i] for split, parts in read.items()} for i in range(3))
    labels = content["labels"]
    names = labels.values() if isinstance(labels, dict) else labels
    return Task(name, Classes(tuple(map(str, names))), texts, votes, truth)


if __name__ == "__main__":
    main(benchmark)
