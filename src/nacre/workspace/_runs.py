"""Runs: executions of a benchmark, each with its responses and scores, which never change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from nacre.errors import UnknownNameError

if TYPE_CHECKING:
    from nacre.workspace._events import Event
    from nacre.workspace._journal import Journal

KIND = "run"
EDITS = ("criterion", "evaluator", "evaluation_slice", "experts", "scores")


@dataclass(frozen=True)
class RunContent:
    """What a run is, apart from when and by whom; frames are named by their hash.

    Args:
        responses: The frame of the responses.
        scores: The frame of their scores.
        members: The frame that says which response is in which slice.
        benchmark: Hash of prompts, criteria, evaluators and slices: runs with the same are the same test.
        criteria: The criteria by name, as JSON.
        evaluators: Fingerprint of each evaluator by name; empty for scores that were imported.
        counts: How many responses each evaluator scored, abstained on, answered unparsably and failed on.
        n_responses: How many responses there are.
        n_prompts: How many prompts they answer.
        system: What answered, where the responses name exactly one.
    """

    responses: str
    scores: str
    members: str
    benchmark: str
    criteria: Mapping[str, Any]
    evaluators: Mapping[str, str]
    counts: Mapping[str, Mapping[str, int]]
    n_responses: int
    n_prompts: int
    system: str | None = None


@dataclass(frozen=True)
class Run:
    """One execution of a benchmark.

    Args:
        number: 1 for the first.
        note: What it was for.
        at: When it was done.
        author: Who did it.
        content: Responses, scores, and what made them.
        metrics: What was measured by slice and criterion, as JSON.
    """

    number: int
    note: str
    at: datetime
    author: str
    content: RunContent
    metrics: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """How people call it: number and note."""
        return f"{self.number} ({self.note})" if self.note else str(self.number)

    def __repr__(self) -> str:
        return f"Run({self.name}, {self.content.n_responses:,} responses, {self.at:%Y-%m-%d %H:%M} by {self.author})"


class Runs:
    """The runs of a project, oldest first; they are never changed and never taken back.

    Args:
        journal: Where they are kept.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def __repr__(self) -> str:
        return f"Runs({', '.join(run.name for run in self)})"

    def __len__(self) -> int:
        with self._journal.read() as snapshot:
            return len(snapshot.names(KIND))

    def __iter__(self) -> Iterator[Run]:
        with self._journal.read() as snapshot:
            specs = snapshot.specs(KIND)
            events = {event.name: event for event in snapshot.events(kind=KIND)}
        return (_run(events[name], spec) for name, spec in specs.items())

    def __getitem__(self, name: int | str) -> Run:
        """Return a run by its number, or else the newest with this note."""
        runs = list(self)
        numbered = (run for run in runs if str(run.number) == str(name))
        noted = (run for run in reversed(runs) if run.note == name)
        for run in (*numbered, *noted):
            return run
        raise UnknownNameError(KIND, str(name), available=(run.name for run in runs))

    @property
    def newest(self) -> Run | None:
        """The newest run, or None before the first."""
        runs = list(self)
        return runs[-1] if runs else None

    def add(self, content: RunContent, *, note: str = "", metrics: Mapping[str, Any] | None = None) -> Run | None:
        """Keep a run and return it, or None where the newest run is the same: nothing was measured anew.

        Args:
            content: What the run is.
            note: What it was for.
            metrics: What was measured by slice and criterion, as JSON.
        """
        with self._journal.write() as entry:
            names = entry.names(KIND)
            if names and entry.specs(KIND)[names[-1]]["content"] == vars(content):
                return None
            spec = {"note": note, "content": vars(content), "metrics": dict(metrics or {})}
            event = entry.move(KIND, str(len(names) + 1), entry.add_version(KIND, spec), action="finish")
        return _run(event, spec)

    def changes(self, number: int) -> tuple[Event, ...]:
        """Return the edits behind a run: those of criteria, evaluators, slices and labels since the run before."""
        with self._journal.read() as snapshot:
            done = {int(event.name): event.id for event in snapshot.events(kind=KIND)}
            if number not in done:
                raise UnknownNameError(KIND, str(number), available=map(str, done))
            events = snapshot.events(after=done.get(number - 1, 0))
        return tuple(event for event in events if event.kind in EDITS and event.id < done[number])

    def frames(self) -> set[str]:
        """Return the hashes of all frames that runs point to."""
        return {content for run in self for content in (run.content.responses, run.content.scores, run.content.members)}


def _run(event: Event, spec: Mapping[str, Any]) -> Run:
    content = RunContent(**spec["content"])
    return Run(int(event.name), spec["note"], event.at, event.author, content, spec["metrics"])
