"""Training sets and the models fitted on them: frozen, with all that made them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from nacre.workspace._artifacts import Artifacts
from nacre.workspace._collections import Collection
from nacre.workspace._iterations import open_iteration

if TYPE_CHECKING:
    from nacre.workspace._journal import Entry, Journal


@dataclass(frozen=True)
class TrainingSet:
    """Frozen data points with labels or probabilities.

    Args:
        name: What it is called.
        frame: Hash of the frame.
        n_rows: How many data points it has.
        recipe: How it was made: label model, filter, thresholds, as JSON.
        lineage: Hashes of what it was made of: data, schema, functions.
    """

    name: str
    frame: str
    n_rows: int
    recipe: Mapping[str, Any] = field(default_factory=dict)
    lineage: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TrainedModel:
    """A fitted model in the workspace.

    Args:
        name: What it is called.
        folder: Hash of the folder with its files.
        training_set: Hash of the frame that it was fitted on.
        content: Hash of the fields of its data points as the model read them; empty where it is not known.
        spec: Kind and hyper-parameters, as JSON.
        metrics: What was measured, as JSON.
        embeddings: Hash of the folder of each embedding that it reads, empty for one that Nacre installs.
    """

    name: str
    folder: str
    training_set: str
    content: str = ""
    spec: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    embeddings: Mapping[str, str] = field(default_factory=dict)


class TrainingSets(Collection[TrainingSet]):
    """The training sets of a project by name.

    Args:
        journal: Where their versions are kept.
        artifacts: Where their frames are kept.
    """

    def __init__(self, journal: Journal, artifacts: Artifacts) -> None:
        decode = lambda name, spec: TrainingSet(name, **spec)  # noqa: E731
        super().__init__(journal, "training_set", encode=_without_name, decode=decode)
        self._artifacts = artifacts

    def add(
        self,
        name: str,
        frame: pl.DataFrame,
        *,
        recipe: Mapping[str, Any] | None = None,
        lineage: Mapping[str, Any] | None = None,
    ) -> TrainingSet:
        """Freeze a frame as a training set."""
        content = self._artifacts.put_frame(frame)
        self[name] = TrainingSet(name, content, len(frame), dict(recipe or {}), dict(lineage or {}))
        return self[name]

    def read(self, name: str) -> pl.DataFrame:
        """Return the frame of a training set."""
        return self._artifacts.get_frame(self[name].frame)


class Models(Collection[TrainedModel]):
    """The fitted models of a project by name.

    Args:
        journal: Where their versions are kept.
        artifacts: Where their files are kept.
    """

    def __init__(self, journal: Journal, artifacts: Artifacts) -> None:
        decode = lambda name, spec: TrainedModel(name, **spec)  # noqa: E731
        super().__init__(journal, "model", encode=_without_name, decode=decode)
        self._artifacts = artifacts

    def add(
        self,
        name: str,
        save: Callable[[Path], object],
        *,
        training_set: str,
        content: str = "",
        spec: Mapping[str, Any] | None = None,
        metrics: Mapping[str, Any] | None = None,
        embeddings: Mapping[str, str] | None = None,
        is_end_model: bool = True,
        note: str | None = None,
    ) -> TrainedModel:
        """Store a fitted model; an end model on a training set that is new to the open iteration opens the next one.

        The model that the name points to already is not stored twice and opens nothing, so that two runs at once that
        train the same open one iteration.

        Args:
            name: What to call it.
            save: Writes the model into an empty folder: `model.save`.
            training_set: Hash of the frame that it was fitted on.
            content: Hash of the fields of its data points as the model read them.
            spec: Kind and hyper-parameters, as JSON.
            metrics: What was measured, as JSON.
            embeddings: Hash of the folder of each embedding that it reads, empty for one that Nacre installs.
            is_end_model: Whether it is what the loop is about, and not a model that votes.
            note: What the next iteration is for; with a note an end model opens one on any training set.
        """
        self._check_name(name)
        folder = self._artifacts.put_folder(save)
        made_of = (dict(spec or {}), dict(metrics or {}), dict(embeddings or {}))
        model = TrainedModel(name, folder, training_set, content, *made_of)
        with self._journal.write() as entry:
            is_new = entry.add_version("model", _without_name(model)) != entry.head("model", name)
            if is_new and is_end_model and _opens_iteration(entry, None if note else training_set):
                open_iteration(entry, note or f"model `{name}`")
            entry.put("model", name, _without_name(model))
        return model

    def folder(self, name: str) -> Path:
        """Return where the files of a model are; only read there."""
        return self._artifacts.get_folder(self[name].folder)


def _opens_iteration(entry: Entry, training_set: str | None) -> bool:
    """Return whether the open iteration has models already, and none of them is of this training set."""
    number = entry.iteration()
    events = entry.events(kind="model", iteration=number) if number else ()
    fitted = {entry.spec("model", event.after)["training_set"] for event in events if event.after is not None}
    return not number or (bool(fitted) and training_set not in fitted)


def _without_name(value: TrainingSet | TrainedModel) -> dict[str, Any]:
    return {key: item for key, item in vars(value).items() if key != "name"}
