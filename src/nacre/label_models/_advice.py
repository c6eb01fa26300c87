"""Whether a label model is worth its while: rules with their numbers, before any fit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from nacre.label_models._rows import blocks
from nacre.labeling import LabelMatrix, encode_truth

_FEW_CONFLICTS, _FEW_FLIPS, _MUCH_UNCOVERED = 0.02, 0.01, 0.3
_MANY_CLASSES, _MUCH_CONFLICT = 20, 0.5
_ENOUGH_LABELS = 100
_LARGEST_RATIO = 3  # of two weights in [.5, 1.5]


class Finding(NamedTuple):
    """One rule: whether it applies, the numbers that decide it, and what to do."""

    rule: str
    applies: bool
    numbers: dict[str, float]
    message: str


@dataclass(frozen=True)
class Advice:
    """What the votes say about the label model to take.

    Args:
        label_model: The kind to start with, as in specs.
        findings: The rules, in the order in which they matter.
    """

    label_model: str
    findings: tuple[Finding, ...] = field(default=())

    def __str__(self) -> str:
        words = {True: "-> applies", False: "   does not apply"}
        lines = [f"{words[finding.applies]}: {finding.message}" for finding in self.findings]
        return "\n".join([f"Start with `{self.label_model}`.", *lines])


def advise(label_matrix: LabelMatrix, y: ArrayLike | pl.Series | None = None) -> Advice:
    """Say when majority vote is enough, and what would help more than a label model.

    Args:
        label_matrix: The votes; classes that exclude each other.
        y: Ground truth where it is known, codes (-1 unknown) or names.

    Examples:
        >>> from nacre.data import Classes
        >>> votes = LabelMatrix.from_dense([[0, 0], [1, 1], [0, -1], [-1, -1]] * 50, Classes(("ham", "spam")))
        >>> print(advise(votes))
        Start with `majority_vote`.
        -> applies: conflicts on 0.0 % of the covered units, the rule needs less than 2 %. ...
    """
    findings = tuple(_findings(label_matrix, y))
    applies = {finding.rule for finding in findings if finding.applies}
    is_enough = bool(applies & {"few conflicts", "few flips", "many classes in conflict"})
    return Advice("majority_vote" if is_enough else "class_conditional", findings)


def _findings(label_matrix: LabelMatrix, y: ArrayLike | pl.Series | None) -> Iterator[Finding]:
    covered, conflict, flips = _shares(label_matrix)
    yield Finding(
        "few conflicts",
        conflict < _FEW_CONFLICTS,
        {"conflict": conflict},
        f"conflicts on {_percent(conflict)} of the covered units, the rule needs less than "
        f"{100 * _FEW_CONFLICTS:.0f} %. A label model only differs from majority vote where votes "
        "conflict; with so few, write functions instead.",
    )
    yield Finding(
        "low coverage",
        1 - covered > _MUCH_UNCOVERED,
        {"coverage": covered},
        f"no votes on {_percent(1 - covered)} of the units, the rule needs more than "
        f"{100 * _MUCH_UNCOVERED:.0f} %. There new functions gain more than a label model.",
    )
    yield Finding(
        "few flips",
        flips < _FEW_FLIPS,
        {"flips": flips},
        f"weights between .5 and 1.5 could change the majority on {_percent(flips)} of the covered units, the rule "
        f"needs less than {100 * _FEW_FLIPS:.0f} %. That is an upper bound of what weighing can do; with so few, take "
        "majority vote.",
    )
    yield _unipolar(label_matrix)
    n_classes = len(label_matrix.classes)
    yield Finding(
        "many classes in conflict",
        n_classes > _MANY_CLASSES and conflict > _MUCH_CONFLICT,
        {"n_classes": n_classes, "conflict": conflict},
        f"{n_classes} classes with conflicts on {_percent(conflict)} of the covered units, the rule needs more than "
        f"{_MANY_CLASSES} and {100 * _MUCH_CONFLICT:.0f} %. There learned confusions mislead: take majority or "
        "weighted vote.",
    )
    n_labels = 0 if y is None else int((encode_truth(y, label_matrix.schema, label_matrix.n_units) >= 0).sum())
    yield Finding(
        "enough ground truth",
        n_labels >= _ENOUGH_LABELS,
        {"n_labels": n_labels},
        f"{n_labels} units of known truth, the rule needs {_ENOUGH_LABELS}. With them, choose among majority vote, "
        "weighted vote, class-conditional and matrix completion; expect at most half a point.",
    )


def _shares(label_matrix: LabelMatrix) -> tuple[float, float, float]:
    """Return coverage, and of the covered units the shares with conflict and with a majority that weights can flip."""
    n_covered, n_flips = int(label_matrix.is_covered.sum()), 0
    for block in blocks(label_matrix.votes) if label_matrix.n_units else []:
        counts = np.sort(block @ label_matrix.class_shares, axis=1)
        n_flips += int(((counts[:, -2] > 0) & (_LARGEST_RATIO * counts[:, -2] > counts[:, -1])).sum())
    n = max(label_matrix.n_units, 1)
    return n_covered / n, label_matrix.summary().conflict * n / max(n_covered, 1), n_flips / max(n_covered, 1)


def _unipolar(label_matrix: LabelMatrix) -> Finding:
    n_answers = np.bincount(label_matrix.symbol_functions, minlength=len(label_matrix.functions))
    n_unipolar, n_voting = int((n_answers == 1).sum()), int((n_answers > 0).sum())
    return Finding(
        "unipolar functions",
        n_unipolar > 0,
        {"unipolar": n_unipolar, "functions": n_voting},
        f"{n_unipolar} of {n_voting} functions only ever give one answer, the rule needs one. Dawid-Skene "
        "without an abstain symbol learns nothing from them.",
    )


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
