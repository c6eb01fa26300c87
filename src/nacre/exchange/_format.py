"""What a format is: how it is recognised, read and written. Adding one is a file and its line in `_formats`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from nacre._hashing import hash_text
from nacre.errors import SpecError
from nacre.evaluation import Scores
from nacre.exchange._draft import Draft
from nacre.exchange._imported import Unsupported
from nacre.exchange._source import Source


@dataclass
class Export:
    """An evaluation on its way out.

    Args:
        responses: The responses, with the names that `read_responses` gives them; without `response` they are
            reference prompts.
        scores: What evaluators said of them.
        suffix: The suffix of the file, such as `.jsonl`.
        model: The model that a batch asks.
    """

    responses: pl.DataFrame
    scores: Scores | None = None
    suffix: str = ".jsonl"
    model: str | None = None
    notes: dict[str, Unsupported] = field(default_factory=dict)

    @property
    def has_responses(self) -> bool:
        """Whether there are responses, and not prompts alone."""
        return "response" in self.responses.columns

    def column(self, name: str) -> list[Any]:
        """Return the values of a column; nulls where there is no such column."""
        if name in self.responses.columns:
            return self.responses.get_column(name).to_list()
        return [None] * len(self.responses)

    def note(self, what: str, why: str) -> None:
        """Say that something has no place in the format."""
        self.notes.setdefault(what, Unsupported("export", what, why))

    def leave(self, kept: Iterable[str], tool: str) -> None:
        """Note the columns and scores that the format does not hold."""
        known = {*kept, "row_id", "uid"}
        for name in self.responses.columns:
            if name not in known and self._says_something(name):
                self.note(f"the field `{name}`", f"{tool} has no place for it. Write JSON Lines to keep it.")
        if self.scores is not None:
            for name in self.scores.evaluators:
                self.note(f"the scores of `{name}`", f"{tool} has no place for them. Write JSON Lines to keep them.")

    def _says_something(self, name: str) -> bool:
        """Return whether a column holds more than `read_responses` would find again by itself."""
        column = self.responses.get_column(name)
        if name == "repeat":
            return bool((column > 0).any())
        if name == "prompt_id":
            return column.to_list() != [hash_text(prompt)[:16] for prompt in self.column("prompt")]
        return column.null_count() < len(column)


@dataclass(frozen=True)
class Format:
    """One way in which tools write evaluations.

    Args:
        name: What `format=` calls it.
        recognises: Whether a file is of it.
        read: Adds what a file holds to a draft.
        write: Returns the objects to write, or one object for a document of YAML or JSON.
        suffixes: The suffixes of files that `write` is made for.
    """

    name: str
    recognises: Callable[[Source], bool] | None = None
    read: Callable[[Source, Draft], None] | None = None
    write: Callable[[Export], list[dict[str, Any]] | Mapping[str, Any] | pl.DataFrame] | None = None
    suffixes: tuple[str, ...] = (".jsonl", ".json")


def required_model(export: Export) -> str:
    """Return the model that a batch asks."""
    if not export.model:
        raise SpecError('A batch names the model that answers it: pass `model=`, such as `model="gpt-5-mini"`.')
    return export.model
