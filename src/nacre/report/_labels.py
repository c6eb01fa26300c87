"""The labels: label model beside majority vote, calibration, class balance."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from nacre.analysis import Outcomes
from nacre.displays import Block, Chart, Column, Columns, Details, Section, calibration, interval_bars, table
from nacre.loop import SPLIT
from nacre.metrics import calibration as measured_calibration
from nacre.report._result import shown_slices
from nacre.report._subject import Subject
from nacre.report._words import count, interval

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

_NAMES = ("majority vote", "label model")
_BALANCE = (
    Column("class", type="class"),
    Column("truth", f"truth of {SPLIT}", type="metric"),
    Column("votes", "of its votes", type="percent", help=f"share of the votes on {SPLIT}, shared votes in parts"),
    Column("labels", "label model", type="percent", help=f"mean probability on {SPLIT}"),
    Column("predictions", "end model", type="percent", help=f"share of the predictions on {SPLIT}"),
)


def labels_section(subject: Subject) -> Section:
    """Show what the label model makes of the votes, never without majority vote beside it."""
    if not subject.is_measured:
        return Section("Label model", [_trained_on(subject), *_advice(subject), _balance(subject)])
    return Section(
        "Label model",
        [
            f"{_verdict(subject)} {_trained_on(subject)}",
            *_beside_majority(subject),
            *_advice(subject),
            Columns(tuple(_calibrations(subject))),
            _balance(subject),
        ],
    )


def _verdict(subject: Subject) -> str:
    """Say which is better where both have an opinion, no stronger than the intervals allow."""
    line = subject.analysis.quality.slices[0]
    label, majority = line.label_model_covered, line.majority_vote_covered
    if label.low > majority.high:
        said = "is clearly better than majority vote"
    elif label.high < majority.low:
        said = "is clearly worse than majority vote: with these functions, take `label_model: majority_vote`"
    else:
        said = "and majority vote cannot be told apart"
    return f"Where functions vote, the label model {said}: {interval(label)} against {interval(majority)} on {SPLIT}."


def _trained_on(subject: Subject) -> str:
    kind, n = next(iter(subject.recipe.label_model)), subject.trained.n_rows
    return f"The end model was trained on what `{kind}` says of {count(n, 'data point')} of train."


def _beside_majority(subject: Subject) -> Iterator[Chart]:
    lines = shown_slices(subject)
    yield interval_bars(
        {line.slice: line.label_model_covered for line in lines},
        before={line.slice: line.majority_vote_covered for line in lines},
        names=_NAMES,
        title=f"Where functions vote: accuracy of labels on {SPLIT}",
        note="A unit without votes is left out (convention C), so read it beside the coverage.",
    )
    yield interval_bars(
        {line.slice: line.label_model for line in lines},
        before={line.slice: line.majority_vote for line in lines},
        names=_NAMES,
        title=f"Everywhere: accuracy of labels on {SPLIT}",
        note="A unit without votes counts as a guess that is right once in "
        f"{len(subject.outcomes.classes)} (convention A).",
    )


def _advice(subject: Subject) -> Iterator[Block]:
    advice = subject.analysis.advice
    if advice is None:
        return
    applying = [_sentence(finding.message) for finding in advice.findings if finding.applies]
    others = [f"Does not apply: {finding.message}" for finding in advice.findings if not finding.applies]
    yield f"By the votes alone, start with `{advice.label_model}`. {' '.join(applying)}".strip()
    if others:
        yield Details("Rules that do not apply here", others, note=count(len(others), "rule"))


def _sentence(message: str) -> str:
    return message[:1].upper() + message[1:]


def _calibrations(subject: Subject) -> Iterator[Chart]:
    outcomes = subject.outcomes
    known = outcomes.is_known
    covered = known & outcomes.label_matrix.is_covered
    yield _calibration("end model", outcomes, outcomes.proba, known)
    if covered.any():
        yield _calibration("label model, where functions vote", outcomes, outcomes.label_proba, covered)


def _calibration(what: str, outcomes: Outcomes, proba: Floats, units: Mask) -> Chart:
    clusters = None if outcomes.clusters is None else outcomes.clusters[units]
    error, bins = measured_calibration(outcomes.truth[units], proba[units], clusters=clusters)
    return calibration(
        [(part.confidence, part.accuracy) for part in bins],
        title=f"Calibration of the {what}",
        note=f"Expected calibration error {interval(error)}. Below the dashed line it is surer than it is right.",
    )


def _balance(subject: Subject) -> Chart:
    outcomes = subject.outcomes
    votes = outcomes.vote_counts.sum(axis=0)
    labels = outcomes.label_proba[outcomes.label_matrix.is_covered]
    rows = [
        {
            "class": name,
            "truth": outcomes.rate(outcomes.truth == code, outcomes.is_known),
            "votes": votes[code] / max(votes.sum(), 1),
            "labels": labels[:, code].mean() if len(labels) else None,
            "predictions": (outcomes.prediction == code).mean(),
        }
        for code, name in enumerate(outcomes.classes)
    ]
    columns = [column for column in _BALANCE if subject.is_measured or column.name != "truth"]
    return table(rows, columns, caption=f"How frequent each class is on {SPLIT}", classes=outcomes.classes)
