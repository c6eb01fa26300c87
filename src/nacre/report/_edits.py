"""What was edited between two iterations or runs, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from nacre.report._words import names
from nacre.workspace import Event

_EDITED = {
    "data": "data",
    "schema": "schema",
    "truth": "ground truth",
    "label_model": "label model",
    "model": "end model",
}
_NAMED = {
    "function": ("function", "functions"),
    "slice": ("slice", "slices"),
    "criterion": ("criterion", "criteria"),
    "evaluator": ("evaluator", "evaluators"),
    "evaluation_slice": ("slice", "slices"),
}
_IMPORTED = {"experts": "labels of experts", "scores": "scores of other tools"}


def changes_in_words(events: Sequence[Event]) -> Iterator[str]:
    """Say what was edited, functions, slices and the like grouped by what happened to them."""
    kinds = {event.kind for event in events} | {event.name for event in events if event.kind == "settings"}
    if named := [words for kind, words in _EDITED.items() if kind in kinds]:
        yield f"set {', '.join(named)}"
    for kind, (one, many) in _NAMED.items():
        for verb, edited in _edits([event for event in events if event.kind == kind]).items():
            if edited:
                yield f"{verb} {many if len(edited) > 1 else one} {names(edited)}"
    for kind, what in _IMPORTED.items():
        if any(event.kind == kind for event in events):
            yield f"imported {what}"


def _edits(events: Sequence[Event]) -> Mapping[str, list[str]]:
    """Return names by what became of them from the first to the last of these events."""
    first: dict[str, Event] = {}
    last: dict[str, Event] = {}
    for event in events:
        first.setdefault(event.name, event)
        last[event.name] = event
    edited: dict[str, list[str]] = {"added": [], "changed": [], "removed": [], "renamed": []}
    for name, event in last.items():
        is_new, is_gone = first[name].before is None, event.after is None
        if event.action == "rename":
            edited["renamed"].append(name)
        elif is_new and not is_gone:
            edited["added"].append(name)
        elif is_gone and not is_new:
            edited["removed"].append(name)
        elif event.after != first[name].before:
            edited["changed"].append(name)
    return edited
