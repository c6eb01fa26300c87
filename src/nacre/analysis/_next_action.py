"""What to do next: a ranked list of actions, by expected gain per minute of work."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import polars as pl

from nacre.analysis._candidates import name_of
from nacre.analysis._causes import Cause, ErrorCauses
from nacre.analysis._duplicates import FunctionGroup
from nacre.analysis._groups import MIN_ERRORS, ErrorGroup
from nacre.analysis._outcomes import UNIT_KEYS
from nacre.analysis._quality import Quality
from nacre.analysis._remedies import REPAIR_MINUTES, WRITE_MINUTES
from nacre.analysis._suggestion import Suggestion
from nacre.data import MultiLabel, Spans
from nacre.label_models import Advice
from nacre.labeling import LabelMatrix
from nacre.metrics import MIN_N

ActionKind: TypeAlias = Literal[
    "review_truth",
    "write_function",
    "accept_suggestion",
    "repair_function",
    "fix_function",
    "cover_slice",
    "change_label_model",
    "add_data",
    "drop_duplicates",
]

ACCEPT_MINUTES = 1.0
DROP_MINUTES = 2.0
MUCH_FAILED = 0.01  # share of the rows from which on a failing function comes first
_ASSUMED_COVERAGE = 0.5  # of a class, where nothing votes yet
_MESSAGE_LENGTH = 80
_MANY = 100  # row ids that an action lists at most


@dataclass(frozen=True)
class Action:
    """One thing to do.

    Args:
        kind: What kind of work it is.
        title: What and why, in one sentence.
        evidence: How many errors, rows or votes speak for it.
        expected_gain: How much accuracy of the end model on the analysed split it is expected to bring.
        minutes: How long it is expected to take.
        basis: What the expectation rests on.
        rows: Up to 100 data points to look at, by `row_id`.
        what_to_type: A start: lines for `nacre.yaml`, or a call.
    """

    kind: ActionKind
    title: str
    evidence: int
    expected_gain: float
    minutes: float
    basis: str
    rows: tuple[int, ...] = ()
    what_to_type: str = ""

    @property
    def gain_per_minute(self) -> float:
        """Expected gain of a minute of work."""
        return self.expected_gain / self.minutes

    def to_dict(self) -> dict[str, Any]:
        """Return the action as JSON."""
        return {**vars(self), "rows": list(self.rows), "gain_per_minute": self.gain_per_minute}


def next_actions(
    causes: ErrorCauses,
    quality: Quality,
    *,
    groups: Sequence[ErrorGroup] = (),
    duplicates: Sequence[FunctionGroup] = (),
    suggestions: Sequence[Suggestion] = (),
    advice: Advice | None = None,
    label_matrix: LabelMatrix | None = None,
    most: int = 10,
) -> tuple[Action, ...]:
    """Return what to do next: what is broken or missing, then the most accuracy per minute first.

    First come functions that failed on more than 1 % of the rows and classes that no function votes for although
    at least five errors are of them. What is expected to gain less than .0005 is left out unless nothing else is found.

    A gain is that of the remedy of a cause (`error_causes`), in proportion to the errors that the action is about.
    What covers units without votes brings the share of uncovered units that it covers.

    Args:
        causes: The work list.
        quality: Coverage and accuracy of all units and of each slice.
        groups: Error groups: what functions could be written for.
        duplicates: Functions that repeat each other.
        suggestions: Functions that were proposed.
        advice: What the votes say about the label model to take.
        label_matrix: The votes of all rows, with the rows on which functions failed.
        most: How many actions to return.
    """
    missing = () if label_matrix is None else _classes_without_votes(label_matrix)
    failed, few_failed = ([], []) if label_matrix is None else _of_failures(causes["no_votes"], quality, label_matrix)
    by_class = [*_of_classes(causes, quality, groups, missing)]
    silent = [] if label_matrix is None else [*_of_silence(causes["no_votes"], label_matrix)]
    found = [
        *_of_truth(causes["doubtful_truth"]),
        *_of_groups(causes["no_votes"], groups, missing),
        *_of_suggestions(causes["no_votes"], quality, suggestions),
        *_of_functions(causes["wrong_votes"], causes.n_units),
        *_of_slices(causes["no_votes"], quality),
        *_of_label_model(causes["label_model"], advice),
        *_of_end_model(causes["end_model"]),
        *(_of_duplicates(group) for group in duplicates),
    ]
    many = [action for action in by_class if action.evidence >= MIN_ERRORS]
    others = [*found, *few_failed, *(action for action in by_class if action.evidence < MIN_ERRORS)]
    gaining = [action for action in others if round(action.expected_gain, 3) > 0]
    ranked = [*_ranked(failed), *_ranked(many), *_ranked([*gaining, *silent])] or _ranked(others)
    return tuple(ranked[:most])


def _ranked(actions: Sequence[Action]) -> list[Action]:
    return sorted(actions, key=lambda action: (-action.gain_per_minute, -action.evidence, action.title))


def _classes_without_votes(label_matrix: LabelMatrix) -> tuple[str, ...]:
    """Return the classes that no function votes for on any unit."""
    has_votes = np.bincount(label_matrix.votes.indices, minlength=len(label_matrix.symbols)) > 0
    codes = label_matrix.symbol_codes[has_votes]
    if isinstance(label_matrix.schema, MultiLabel):
        voted = set(codes[codes >= 0].tolist())
    else:
        voted = set(np.flatnonzero(label_matrix.class_shares[has_votes].any(axis=0)).tolist())
    names = enumerate(label_matrix.classes)
    return tuple(name for code, name in names if code not in voted and name != Spans.outside)


def _of_classes(
    causes: ErrorCauses, quality: Quality, groups: Sequence[ErrorGroup], missing: Sequence[str]
) -> Iterator[Action]:
    """Yield a function to write for each class that none votes for."""
    errors = pl.concat([cause.rows for cause in causes.causes])
    line = quality.slices[0]
    covered = line.coverage.value * line.label_model_covered.value
    reached = covered if covered > 0 else _ASSUMED_COVERAGE
    for name in missing:
        rows = errors.filter(pl.col("truth") == name)
        if len(rows):
            verb = "is" if len(rows) == 1 else "are"
            start = next((_as_function(group) for group in groups if group.label == name), None)
            yield Action(
                "write_function",
                f"Write a function that votes `{name}`: none does, and {_plural(len(rows), 'error')} {verb} {name}",
                len(rows),
                reached * len(rows) / max(causes.n_units, 1),
                WRITE_MINUTES,
                "assumes that it votes, and is right, as often as the functions of the other classes together",
                _rows(rows),
                start or f"functions: {{NAME: {{label: {json.dumps(name, ensure_ascii=False)}, when: CONDITION}}}}",
            )


def _of_failures(cause: Cause, quality: Quality, label_matrix: LabelMatrix) -> tuple[list[Action], list[Action]]:
    """Return functions that failed on many rows, and those that failed on few."""
    many, few = list[Action](), list[Action]()
    units = label_matrix.units["row_id"]
    n_rows, voted = units.n_unique(), units.filter(pl.Series(label_matrix.is_covered)).unique()
    for (name,), part in label_matrix.errors.group_by("function", maintain_order=True):
        rows = part["row_id"].unique(maintain_order=True)
        gap = int((~rows.is_in(voted.implode())).sum())
        message = part["message"][0].strip().partition("\n")[0][:_MESSAGE_LENGTH]
        action = Action(
            "fix_function",
            f"Fix `{name}`: it failed on {_plural(len(rows), 'row')} ({message})",
            len(rows),
            cause.expected_gain * _share_of_gap(gap / max(n_rows, 1), quality),
            REPAIR_MINUTES,
            "counts the rows that no other function votes on",
            tuple(rows.head(_MANY).to_list()),
            "nacre show failures",
        )
        (many if len(rows) > MUCH_FAILED * n_rows else few).append(action)
    return many, few


def _of_silence(cause: Cause, label_matrix: LabelMatrix) -> Iterator[Action]:
    """Yield functions that vote on nothing and did not fail either."""
    n_votes = np.bincount(label_matrix.symbol_functions[label_matrix.votes.indices], minlength=1)
    mean_coverage = n_votes[n_votes > 0].mean() / label_matrix.n_units if n_votes.any() else 0.0
    voting = {label_matrix.functions[function] for function in np.flatnonzero(n_votes).tolist()}
    for name in label_matrix.functions:
        if name not in voting and name not in set(label_matrix.errors["function"]):
            yield Action(
                "fix_function",
                f"`{name}` votes on nothing: check its words or its condition",
                0,
                cause.expected_gain * min(1.0, float(mean_coverage)),
                REPAIR_MINUTES,
                "assumes that it comes to vote as often as the others do",
                (),
                f"nacre show functions  # then edit `{name}` in nacre.yaml",
            )


def _of_truth(cause: Cause) -> Iterator[Action]:
    if cause.n:
        title = f"Review the ground truth of {_plural(cause.n, 'row')}: label model and end model agree against it"
        yield _of_cause("review_truth", cause, title, _show(cause))


def _of_groups(cause: Cause, groups: Sequence[ErrorGroup], missing: Sequence[str]) -> Iterator[Action]:
    """Yield a function to write for each group of errors without votes, each error once, and one for the others.

    Errors of classes that no function votes for are left to actions of their own.
    """
    per_error = cause.expected_gain / max(cause.n, 1)
    keys = [name for name in UNIT_KEYS if name in cause.rows.columns]
    remaining = cause.rows.filter(~pl.col("truth").is_in(missing))
    # Groups that say which function to write come first.
    for group in sorted(groups, key=lambda group: (group.label is None, group.when is None)):
        rows = group.rows.join(remaining, on=keys, how="semi")
        if len(rows) >= MIN_ERRORS:
            remaining = remaining.join(rows, on=keys, how="anti")
            title = f"Write a function for {group.name}: no function votes on {len(rows)} of its errors"
            # A condition is one function; the errors of a pair of classes may take several.
            minutes = WRITE_MINUTES if group.when is not None else _minutes_to_cover(cause, len(rows))
            gain, basis, snippet = per_error * len(rows), cause.basis, _as_function(group)
            yield Action("write_function", title, len(rows), gain, minutes, basis, _rows(rows), snippet)
    if len(remaining):
        title = f"Write functions for {_plural(len(remaining), 'error')} that no function votes on"
        yield Action(
            "write_function",
            title,
            len(remaining),
            per_error * len(remaining),
            _minutes_to_cover(cause, len(remaining)),
            cause.basis,
            _rows(remaining),
            _show(cause),
        )


def _minutes_to_cover(cause: Cause, n: int) -> float:
    return max(WRITE_MINUTES, cause.minutes * n / cause.n)


def _of_suggestions(cause: Cause, quality: Quality, suggestions: Sequence[Suggestion]) -> Iterator[Action]:
    for suggestion in suggestions:
        # In-sample: the lower limit is nearer to what other rows will show.
        precision = suggestion.precision.low if suggestion.precision else suggestion.estimated_precision
        covered = _share_of_gap(suggestion.new_rows / max(suggestion.n_rows, 1), quality)
        new = _plural(suggestion.new_rows, "row")
        title = f"Accept `{suggestion.function.name}`: it votes on {new} that no function covers"
        yield Action(
            "accept_suggestion",
            title,
            suggestion.new_rows,
            cause.expected_gain * covered * (1.0 if precision is None or precision != precision else precision),
            ACCEPT_MINUTES,
            cause.basis,
            (),
            _yaml(suggestion.function.name, suggestion.function.spec()),
        )


def _of_functions(cause: Cause, n_units: int) -> Iterator[Action]:
    for row in cause.functions.iter_rows(named=True):
        name = row["function"]
        wrong = cause.rows.filter(pl.col("votes").list.eval(pl.element().struct.field("function") == name).list.any())
        accuracy = f"accuracy {row['accuracy']:.2f} [{row['low']:.2f}-{row['high']:.2f}] n={row['n']}"
        few = ", too few" if row["n"] < MIN_N else ""
        yield Action(
            "repair_function",
            f"Repair `{name}`: it voted wrong on {_plural(row['n_wrong'], 'error')} ({accuracy}{few})",
            row["n_wrong"],
            row["expected_fixes"] / max(n_units, 1),
            REPAIR_MINUTES,
            cause.basis,
            _rows(wrong),
            f"nacre show functions  # then edit `{name}` in nacre.yaml",
        )


def _of_slices(cause: Cause, quality: Quality) -> Iterator[Action]:
    overall, *others = quality.slices
    for line in others:
        if line.coverage.high < overall.coverage.value:
            missing = (overall.coverage.value - line.coverage.value) * line.n / max(overall.n, 1)
            title = (
                f"Cover the slice `{line.slice}`: functions vote on {line.coverage.value:.0%} of its {line.n} units, "
                f"on {overall.coverage.value:.0%} of all"
            )
            gain = cause.expected_gain * _share_of_gap(missing, quality)
            evidence = round(line.n * (1 - line.coverage.value))
            yield Action("cover_slice", title, evidence, gain, WRITE_MINUTES, cause.basis, (), "nacre show slices")


def _of_label_model(cause: Cause, advice: Advice | None) -> Iterator[Action]:
    if cause.n:
        title = f"Look at {_plural(cause.n, 'error')} where the label model outvoted the truth ({cause.note})"
        is_majority = cause.expected_gain > 0 or (advice is not None and advice.label_model == "majority_vote")
        better = "label_model: majority_vote  # gets more of them right, or is enough here"
        precise = "label_model: {class_conditional: {precision: {FUNCTION: .95}}}  # say how precise functions are"
        yield _of_cause("change_label_model", cause, title, better if is_majority else precise)


def _of_end_model(cause: Cause) -> Iterator[Action]:
    if cause.n:
        title = f"Add training rows or fields: {_plural(cause.n, 'error')} although the labels were right"
        yield _of_cause("add_data", cause, title, _show(cause))


def _of_duplicates(group: FunctionGroup) -> Action:
    return Action(
        "drop_duplicates",
        f"Keep `{group.keep}` and drop {', '.join(f'`{name}`' for name in group.drop)}: {group.reason}",
        group.n_votes,
        0.0,
        DROP_MINUTES,
        "no gain is measured: the label model counts the same evidence once instead of "
        f"{len(group.functions)} times, and {group.n_lost} units lose their votes",
        (),
        f"# in nacre.yaml, remove: {', '.join(group.drop)}",
    )


def _of_cause(kind: ActionKind, cause: Cause, title: str, what_to_type: str) -> Action:
    return Action(
        kind, title, cause.n, cause.expected_gain, cause.minutes, cause.basis, _rows(cause.rows), what_to_type
    )


def _share_of_gap(covered: float, quality: Quality) -> float:
    """Return which part of the units without votes a share of all units is."""
    gap = 1 - quality.slices[0].coverage.value
    return min(1.0, covered / gap) if gap > 0 else 0.0


def _show(cause: Cause) -> str:
    return f"nacre show errors --cause {cause.name}"


def _rows(frame: pl.DataFrame) -> tuple[int, ...]:
    return tuple(frame["row_id"].unique(maintain_order=True).head(_MANY).to_list())


def _as_function(group: ErrorGroup) -> str:
    if group.when is not None and group.label == Spans.outside:
        return "# too many spans here: make the functions that vote on these rows stricter"
    if group.when is not None and group.label is not None:
        return _yaml(name_of(group.name), {"label": group.label, "when": group.when.spec()})
    if group.when is not None:
        return f"slices: {json.dumps({name_of(group.name): group.when.spec()}, ensure_ascii=False)}"
    return f"# a function that votes {group.name.split(' -> ')[0]} on these rows"


def _plural(n: int, noun: str) -> str:
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def _yaml(name: str, spec: dict[str, Any]) -> str:
    return f"functions: {json.dumps({name: spec}, ensure_ascii=False)}"
