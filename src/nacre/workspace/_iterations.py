"""Iterations: turns of the development loop, which tie what was edited to what moved."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from nacre.errors import UnknownNameError, WorkspaceError
from nacre.metrics import Metric
from nacre.workspace._events import Event

if TYPE_CHECKING:
    from nacre.workspace._journal import Entry, Journal, Snapshot

KIND = "iteration"
EDITS = ("data", "schema", "function", "slice", "settings", "truth")

Metrics = Mapping[str, Mapping[str, Mapping[str, Metric]]]
"""Metrics by split, slice and name: `metrics["valid"]["all"]["accuracy"]`."""


@dataclass(frozen=True)
class Iteration:
    """One turn of the development loop.

    Args:
        number: 1 for the first.
        note: What it was for.
        opened_at: When it began.
        author: Who began it.
        metrics: Metrics by split, slice and name; empty until they are measured.
        detail: What else was stored with the metrics, as JSON.
    """

    number: int
    note: str
    opened_at: datetime
    author: str
    metrics: Metrics
    detail: Mapping[str, Any] = field(default_factory=dict)


class Iterations:
    """The iterations of a project, oldest first.

    An iteration opens with `open`, or with an end model fitted on a training set that no model of the open iteration
    was fitted on, unless that iteration is still without a model. Events from there until the next one belong to it.

    Args:
        journal: Where they are kept.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def __len__(self) -> int:
        with self._journal.read() as snapshot:
            return len(snapshot.names(KIND))

    def __iter__(self) -> Iterator[Iteration]:
        with self._journal.read() as snapshot:
            specs = snapshot.specs(KIND)
            opened = {event.name: event for event in snapshot.events(kind=KIND) if event.action == "open"}
        return (_iteration(opened[name], spec) for name, spec in specs.items())

    def __getitem__(self, number: int) -> Iteration:
        iterations = {iteration.number: iteration for iteration in self}
        if number not in iterations:
            raise UnknownNameError(KIND, str(number), available=map(str, iterations))
        return iterations[number]

    @property
    def current(self) -> Iteration | None:
        """The open iteration, or None before the first."""
        iterations = list(self)
        return iterations[-1] if iterations else None

    def open(self, note: str) -> Iteration:
        """Begin an iteration."""
        with self._journal.write() as entry:
            event = open_iteration(entry, note)
            return _iteration(event, {"note": note})

    def measure(self, metrics: Metrics, *, detail: Mapping[str, Any] | None = None) -> Iteration:
        """Store metrics with the open iteration; those of a split replace the ones stored before.

        Args:
            metrics: Metrics by split, slice and name.
            detail: What else to store, as JSON: the funnel, the causes of errors.
        """
        with self._journal.write() as entry:
            number = entry.iteration()
            if not number:
                raise WorkspaceError("There is no iteration to measure. Begin one with `iterate`, or add a model.")
            spec = entry.specs(KIND)[str(number)]
            spec["metrics"] = {**spec.get("metrics", {}), **_to_json(metrics)}
            spec["detail"] = {**spec.get("detail", {}), **(detail or {})}
            entry.put(KIND, str(number), spec, action="measure")
            opened = entry.events(kind=KIND, name=str(number))[0]
        return _iteration(opened, spec)

    def events(self, number: int) -> tuple[Event, ...]:
        """Return the events that belong to an iteration."""
        with self._journal.read() as snapshot:
            return snapshot.events(iteration=number)

    def changes(self, number: int) -> tuple[Event, ...]:
        """Return the edits behind the metrics of an iteration.

        These are the edits since the metrics of the iteration before were measured, until its own were: whether the
        iteration was opened before the work or named after it.
        """
        with self._journal.read() as snapshot:
            measured = _last_measured(snapshot)
            earlier = [event_id for other, event_id in measured.items() if other < number]
            events = snapshot.events(after=max(earlier, default=0))
        until = measured.get(number, math.inf)
        return tuple(event for event in events if event.kind in EDITS and event.id <= until)


def open_iteration(entry: Entry, note: str) -> Event:
    """Begin the next iteration."""
    name = str(entry.iteration() + 1)
    return entry.move(KIND, name, entry.add_version(KIND, {"note": note}), action="open")


def _last_measured(snapshot: Snapshot) -> dict[int, int]:
    """Return the last event by number of iteration that stored its metrics."""
    return {int(event.name): event.id for event in snapshot.events(kind=KIND) if event.action == "measure"}


def _iteration(opened: Event, spec: Mapping[str, Any]) -> Iteration:
    metrics = _from_json(spec.get("metrics", {}))
    return Iteration(int(opened.name), spec["note"], opened.at, opened.author, metrics, detail=spec.get("detail", {}))


def _to_json(metrics: Metrics) -> dict[str, Any]:
    return {
        split: {
            slice_: {name: metric.to_dict() for name, metric in values.items()} for slice_, values in slices.items()
        }
        for split, slices in metrics.items()
    }


def _from_json(metrics: Mapping[str, Any]) -> Metrics:
    return {
        split: {slice_: {name: _metric(value) for name, value in values.items()} for slice_, values in slices.items()}
        for split, slices in metrics.items()
    }


def _metric(number: Mapping[str, Any]) -> Metric:
    value, low, high = (math.nan if number[name] is None else number[name] for name in ("value", "low", "high"))
    return Metric(value, low, high, number["n"])
