"""What to do next: actions by expected gain, and functions to accept."""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from nacre.analysis import Action, Suggestion
from nacre.data import Classes
from nacre.displays import Block, Code, Details, Section
from nacre.loop import SPLIT, entries
from nacre.report._subject import Subject
from nacre.report._words import count, points

_EVIDENCE = {
    "accept_suggestion": "row",
    "cover_slice": "row",
    "fix_function": "row",
    "drop_duplicates": "vote",
}
_NOTHING = (
    "There are no errors to explain, so the analysis proposes nothing. Add harder slices or more rows with ground "
    "truth; or look at the test split once, and stop."
)
_UNMEASURED = (
    f"Add ground truth to {SPLIT}: what is wrong, and what to do about it, can only be ranked where it is measured."
)
_NO_SUGGESTIONS = (
    "No function stood out on the labelled rows of train. Suggestions need some ground truth there; a few dozen rows "
    "of each class are enough."
)


def next_section(subject: Subject) -> Section:
    """Rank what could be done by expected gain per minute of work."""
    actions = subject.analysis.actions
    content: list[Block] = []
    if actions:
        content.append(
            "What is broken or missing comes first; the rest is ranked by expected gain of accuracy per minute of "
            "work. The gains are estimates from this split, made to compare the lines with each other; only the next "
            "iteration measures them."
        )
        content += [_action(action, place) for place, action in enumerate(actions)]
    else:
        content.append(_NOTHING if subject.is_measured else _UNMEASURED)
    return Section("What to do next", [*content, *_suggestions(subject)])


def _action(action: Action, place: int) -> Details:
    evidence = count(action.evidence, _EVIDENCE.get(action.kind, "error"))
    note = f"{points(action.expected_gain)} in {max(1, round(action.minutes))} min, {evidence}"
    lines = [Code(_pasted(action.what_to_type))] if action.what_to_type else []
    return Details(f"{place + 1}. {action.title}", (_basis(action), *lines), note=note, is_open=place == 0)


def _basis(action: Action) -> str:
    basis = action.basis
    return f"The estimate {basis}." if action.expected_gain > 0 else f"{basis[:1].upper()}{basis[1:]}."


def _pasted(what_to_type: str) -> str:
    """Return lines for `nacre.yaml` one entry each; anything else as it is."""
    key, _, value = what_to_type.partition(": {")
    if key not in ("functions", "slices"):
        return what_to_type
    return entries(key, orjson.loads("{" + value))


def _suggestions(subject: Subject) -> Iterator[Section]:
    suggestions = subject.analysis.suggestions
    if not isinstance(subject.labels.label_matrix.schema, Classes):
        return  # they are proposed for classes only
    rows = [_suggestion(suggestion, place) for place, suggestion in enumerate(suggestions)]
    yield Section("Functions to accept", rows or [_NO_SUGGESTIONS], anchor="suggestions")


def _suggestion(suggestion: Suggestion, place: int) -> Details:
    function = suggestion.function
    measured = suggestion.precision or suggestion.proposed_on
    told = (
        f"votes `{function.label}` on {count(suggestion.rows, 'row')}, {suggestion.new_rows:,} of them not covered yet "
        f"and {suggestion.conflicts:,} in conflict"
    )
    return Details(
        f"`{function.name}`",
        (suggestion.why, Code(entries("functions", {function.name: function.spec()}))),
        metric=measured,
        note=told,
        is_open=place == 0,
    )
