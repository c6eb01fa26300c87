"""Dawid-Skene: what annotators confuse, learned from their answers alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, Self

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from nacre.data import Classes
from nacre.errors import SchemaError
from nacre.label_models._answers import Answers, answers_of_frame, answers_of_matrix, classes_of_frame
from nacre.label_models._checks import Floats, checked_balance
from nacre.label_models._posterior import FLOOR, SymbolLogLinear, add_log_weights, log_linear, vote_shares
from nacre.label_models._rows import Expectation, expect, row_blocks
from nacre.labeling import LabelMatrix


@dataclass(kw_only=True)
class DawidSkene(SymbolLogLinear):
    """Learn the confusion matrix of each annotator and the class balance, by EM started at vote shares.

    For people, who answer with any class. Functions that only ever give one answer tell it nothing under
    `abstain="ignore"`: use `ClassConditional` for them. It can lose to majority vote: report both. To let annotators
    with few answers share a confusion matrix, give them the same name. Source: Dawid & Skene 1979.

    `fit` and `predict_proba` take a label matrix, or recorded votes in long form: a frame `row_id, annotator, label`
    with one row per answer, several answers per annotator and row included. Results are then in ascending order of
    `row_id`, and so is `y`.

    Args:
        class_balance: Share of each class; None learns it.
        confusion: A full matrix, or one accuracy per annotator with errors spread evenly (`one_coin`).
        abstain: Whether having no answer is an answer of its own.
        prior: Answers that each annotator is believed to have given before: the same for all cells (`flat`), or 70 %
            of them right (`diagonal`), for annotators with few answers.
        prior_mass: How many: per cell for `flat`, .01 by default; per true class for `diagonal`, 4 by default.
        max_iter: Iterations at most.
        tol: Stop when the log-posterior per row changes by less.

    Attributes:
        confusion_: P(answer | true class) of each annotator, [n_annotators, n_classes, n_classes].
        class_balance_: Share of each class, [n_classes].
        trace_: Log-posterior per row after each iteration; it never falls.

    Examples:
        >>> answers = [("ann", "cat"), ("bob", "cat"), ("cid", "dog")], [("ann", "dog"), ("bob", "dog"), ("cid", "dog")]
        >>> votes = pl.DataFrame(
        ...     [(2 * i + j, *answer) for i in range(5) for j in (0, 1) for answer in answers[j]],
        ...     schema=["row_id", "annotator", "label"], orient="row",
        ... )
        >>> model = DawidSkene().fit(votes)
        >>> model.classes_, model.predict_proba(votes)[:2].round(2)
        (('cat', 'dog'), array([[1., 0.],
                                [0., 1.]]))
    """

    kind: ClassVar[str] = "dawid_skene"

    class_balance: Sequence[float] | None = None
    confusion: Literal["full", "one_coin"] = "full"
    abstain: Literal["ignore", "symbol"] = "ignore"
    prior: Literal["flat", "diagonal"] = "flat"
    prior_mass: float | None = None
    max_iter: int = 200
    tol: float = 1e-6

    def fit(
        self,
        label_matrix: LabelMatrix | pl.DataFrame,
        y: ArrayLike | pl.Series | None = None,
        *,
        sample_weight: ArrayLike | None = None,
        schema: Classes | None = None,
    ) -> Self:
        self._check_settings()
        if isinstance(label_matrix, pl.DataFrame):
            classes = Classes((schema or classes_of_frame(label_matrix)).names)
            answers = answers_of_frame(label_matrix, classes, y, sample_weight)
            self.classes_ = classes.names
        else:
            answers = answers_of_matrix(label_matrix, y, sample_weight)
            self.classes_ = label_matrix.classes
        self._maximise(answers)
        self.functions_ = answers.annotators
        self.symbol_functions_, self.symbol_codes_ = answers.functions, answers.codes
        return self

    def predict_proba(self, label_matrix: LabelMatrix | pl.DataFrame) -> Floats:
        if not isinstance(label_matrix, pl.DataFrame):
            return super().predict_proba(label_matrix)
        self._check_fitted()
        answers = answers_of_frame(label_matrix, Classes(self.classes_), None, None)
        unknown = sorted(set(answers.annotators) - set(self.functions_))
        if unknown:
            raise SchemaError(f"`DawidSkene` was not fitted on the annotator `{unknown[0]}`. Fit it again with all.")
        n_classes = len(self.classes_)
        places = np.array([self.functions_.index(name) for name in answers.annotators])
        columns = (places[:, None] * n_classes + np.arange(n_classes)).ravel()
        return add_log_weights(answers.rows.votes, self.log_weights_[columns], self.log_prior_)

    def _check_settings(self) -> None:
        for name, found, known in (
            ("confusion", self.confusion, ("full", "one_coin")),
            ("abstain", self.abstain, ("ignore", "symbol")),
            ("prior", self.prior, ("flat", "diagonal")),
        ):
            if found not in known:
                raise SchemaError(f"`{name}` is one of {', '.join(known)}; it is `{found}`.")
        if self.confusion == "one_coin" and self.abstain == "symbol":
            raise SchemaError('`confusion="one_coin"` has no probability of abstaining; use `abstain="ignore"`.')
        if self.max_iter < 1:
            raise SchemaError(f"`max_iter` is at least 1; it is {self.max_iter}.")

    def _maximise(self, answers: Answers) -> None:
        n_classes, total = len(self.classes_), answers.rows.weight.sum()
        fixed = None if self.class_balance is None else checked_balance(self.class_balance, n_classes)
        blocks, prior = row_blocks(answers.rows), self._prior_answers(answers.shares)
        uniform = np.full(n_classes, 1 / n_classes)
        expectation = expect(blocks, vote_shares(answers.shares, uniform), n_classes)
        trace: list[float] = []
        while len(trace) < self.max_iter and not (len(trace) > 1 and abs(trace[-1] - trace[-2]) < self.tol):
            balance = np.maximum(expectation.units / total, FLOOR) if fixed is None else fixed
            probabilities, log_abstain = self._probabilities(expectation, prior, answers)
            log_weights = np.log(probabilities) - log_abstain[answers.functions]
            log_prior = np.log(balance) + log_abstain.sum(axis=0)
            expectation = expect(blocks, log_linear(log_weights, log_prior), n_classes)
            penalty = (prior * np.log(probabilities)).sum() + self._abstain_mass(prior, n_classes) * log_abstain.sum()
            trace.append((expectation.log_likelihood + penalty) / total)
        self.log_weights_, self.log_prior_, self.class_balance_ = log_weights, log_prior, balance
        n_cells = len(answers.annotators) * n_classes
        self.confusion_, self.trace_ = probabilities[:n_cells].reshape(-1, n_classes, n_classes), np.array(trace)

    def _prior_answers(self, shares: Floats) -> Floats:
        """Return the pseudo-counts of each answer in each class, [n_symbols, n_classes]."""
        if self.prior == "flat":
            return np.full(shares.shape, 0.01 if self.prior_mass is None else self.prior_mass)
        wrong = 0.3 / (shares.shape[1] - 1)
        mass = 4.0 if self.prior_mass is None else self.prior_mass
        answers: Floats = mass * (wrong + (0.7 - wrong) * shares)
        return answers

    def _abstain_mass(self, prior: Floats, n_classes: int) -> float:
        return float(prior[:n_classes].mean()) if self.abstain == "symbol" else 0.0

    def _probabilities(self, expectation: Expectation, prior: Floats, answers: Answers) -> tuple[Floats, Floats]:
        """Return P(answer | class) and log P(no answer | class) of each annotator, 0 where that is no answer."""
        n_annotators, n_classes = len(answers.annotators), prior.shape[1]
        counts = np.maximum(expectation.votes + prior, FLOOR)
        totals = np.zeros((n_annotators, n_classes))
        np.add.at(totals, answers.functions, counts)
        if self.confusion == "one_coin":
            is_right = answers.shares > 0
            hits = np.bincount(answers.functions, weights=(counts * is_right).sum(axis=1), minlength=n_annotators)
            accuracy = np.clip(hits / totals.sum(axis=1), FLOOR, 1 - FLOOR)[answers.functions][:, None]
            return np.where(is_right, accuracy, (1 - accuracy) / (n_classes - 1)), np.zeros(totals.shape)
        if self.abstain == "ignore":
            return counts / totals[answers.functions], np.zeros(totals.shape)
        answered = np.zeros((n_annotators, n_classes))
        np.add.at(answered, answers.functions, expectation.votes)
        none = np.maximum(expectation.units - answered + self._abstain_mass(prior, n_classes), FLOOR)
        totals += none
        # An annotator who never answers would say something about the class balance through the prior alone.
        has_answered = answered.sum(axis=1, keepdims=True) > 0
        return counts / totals[answers.functions], np.where(has_answered, np.log(none / totals), 0.0)
