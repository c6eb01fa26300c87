"""How good labels and predictions are, slice by slice."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import polars as pl

from nacre.analysis._outcomes import Mask, Outcomes
from nacre.analysis._unit_masks import unit_masks
from nacre.metrics import Metric, accuracies, accuracy, cluster_ratios, expected_credit, macro_f1


@dataclass(frozen=True)
class SliceQuality:
    """What majority vote, label model and end model get right on one slice.

    Args:
        slice: Its name; `all` for everything.
        n: How many units with known truth it has. The n of a metric counts data points.
        coverage: Share of them with a vote.
        majority_vote: Accuracy where an uncovered unit counts 1/n_classes, convention (A).
        label_model: The same of the label model.
        majority_vote_covered: Accuracy on covered units, convention (C); read beside `coverage`.
        label_model_covered: The same of the label model.
        end_model: Accuracy of the predictions; every unit has one.
        end_model_f1: F1 of the predictions, see `Quality.f1`.
    """

    slice: str
    n: int
    coverage: Metric
    majority_vote: Metric
    label_model: Metric
    majority_vote_covered: Metric
    label_model_covered: Metric
    end_model: Metric
    end_model_f1: Metric

    def to_dict(self) -> dict[str, Any]:
        """Return the line as JSON."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value.to_dict() if isinstance(value, Metric) else value for name, value in values.items()}


@dataclass(frozen=True)
class Quality:
    """The quality of labels and predictions on a split, first of all units, then slice by slice.

    Args:
        slices: A line per slice.
        f1: Which F1 is shown: `macro F1`, or `F1 of present labels`, or `F1 of tokens in spans`.
        unit: What is counted: `data point`, `data point and class`, `token`.
    """

    slices: tuple[SliceQuality, ...]
    f1: str
    unit: str

    def to_dict(self) -> dict[str, Any]:
        """Return the table as JSON."""
        return {"f1": self.f1, "unit": self.unit, "slices": [line.to_dict() for line in self.slices]}

    def frame(self) -> pl.DataFrame:
        """Return the table as a frame; metrics are structs `value, low, high, n, is_too_few`."""
        return pl.DataFrame([line.to_dict() for line in self.slices])


def quality(outcomes: Outcomes, members: pl.DataFrame | None = None) -> Quality:
    """Return how good labels and predictions are: the label model beside majority vote, never without.

    Accuracies of labels come in two conventions for units without votes: (A) counts 1/n_classes, (C) leaves them out.
    With `MultiLabel` there is also a line for each class. Where several units share a data point (tokens, pairs with a
    class), they are not independent: intervals resample data points, and the n of a metric counts those.

    Args:
        outcomes: Votes, probabilities and truth of a split.
        members: Which data points belong to which slice, as `slice_members` returns it.

    Examples:
        >>> from nacre.data import Classes
        >>> from nacre.labeling import LabelMatrix
        >>> votes = LabelMatrix.from_dense([[0, 1], [1, 1], [-1, -1]] * 20, Classes(("ham", "spam")))
        >>> sure = [[0.3, 0.7], [0.1, 0.9], [0.5, 0.5]] * 20
        >>> line = quality(Outcomes.of(votes, [1, 1, 0] * 20, label_proba=sure, proba=sure)).slices[0]
        >>> print(line.majority_vote, line.label_model, line.label_model_covered, sep="; ")
        .67 [.54-.77] n=60; .83 [.72-.91] n=60; 1.00 [.91-1.00] n=40
    """
    name, unit = _measured(outcomes)
    masks = unit_masks(outcomes.label_matrix.units, members)
    line = _line if outcomes.clusters is None else _clustered_line
    lines = tuple(line(part, outcomes, mask & outcomes.is_known) for part, mask in masks.items())
    return Quality(lines, name, unit)


def _measured(outcomes: Outcomes) -> tuple[str, str]:
    columns = outcomes.label_matrix.units.columns
    if "label" in columns:
        return "F1 of present labels", "data point and class"
    return ("F1 of tokens in spans", "token") if "start" in columns else ("macro F1", "data point")


def _line(name: str, outcomes: Outcomes, mask: Mask) -> SliceQuality:
    truth, balance = outcomes.truth[mask], outcomes.class_balance
    covered = outcomes.label_matrix.is_covered[mask]
    majority = accuracies(truth, outcomes.vote_proba[mask], covered=covered, prior=balance)
    label = accuracies(truth, outcomes.label_proba[mask], covered=covered, prior=balance)
    return SliceQuality(
        name,
        len(truth),
        label.coverage,
        majority.expected,
        label.expected,
        majority.covered,
        label.covered,
        accuracy(truth, outcomes.prediction[mask]),
        macro_f1(truth, outcomes.prediction[mask]),
    )


def _clustered_line(name: str, outcomes: Outcomes, mask: Mask) -> SliceQuality:
    """Return the same where units share data points; F1 is that of all classes but the first, classes together."""
    assert outcomes.clusters is not None
    truth, prediction = outcomes.truth[mask], outcomes.prediction[mask]
    covered, every = outcomes.label_matrix.is_covered[mask].astype(np.float64), np.ones(len(truth))
    majority, label = (expected_credit(truth, proba[mask]) for proba in (outcomes.vote_proba, outcomes.label_proba))
    guess = (1 - covered) / len(outcomes.classes)
    hits = (truth == prediction) & (truth > 0)
    parts_and_wholes = (
        (covered, every),
        (majority * covered + guess, every),
        (label * covered + guess, every),
        (majority * covered, covered),
        (label * covered, covered),
        (truth == prediction, every),
        (2.0 * hits, (prediction > 0) * 1.0 + (truth > 0)),
    )
    parts, wholes = (np.column_stack(columns) for columns in zip(*parts_and_wholes, strict=True))
    return SliceQuality(name, len(truth), *cluster_ratios(parts, wholes, outcomes.clusters[mask]))
