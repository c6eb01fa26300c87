"""How far evaluators agree with the domain experts, slice by slice, and how far experts agree with each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nacre.displays import html_fragment
from nacre.errors import SchemaError, UnknownNameError
from nacre.evaluation._answers import ABSTAINED, FAILED
from nacre.evaluation._charts import agreement_chart
from nacre.evaluation._columns import ALL, slice_masks
from nacre.evaluation._compared import (
    Compared,
    alpha_level,
    beside_experts,
    class_names,
    compared,
    points,
    repeated_prompts,
    scored_or_unparsable,
)
from nacre.evaluation._criterion import Criterion
from nacre.evaluation._experts import ExpertLabels, Ratings
from nacre.evaluation._scores import Scores
from nacre.evaluation._text_table import counted
from nacre.metrics import (
    MIN_N,
    AcceptRates,
    HumanCeiling,
    Metric,
    accept_rates,
    gwet_ac1,
    human_ceiling,
    krippendorff_alpha,
)

UNPARSED = "unparsable"
"""The verdicts that could not be parsed, beside the classes of the scale."""

Place: TypeAlias = tuple[str, pl.Series | None]


@dataclass(frozen=True, eq=False)
class Agreement:
    """How far an evaluator agrees with the experts' majority on a slice.

    What could not be parsed counts as a class of its own, which no expert chooses; what the evaluator abstained or
    failed on is not compared. A number is compared by whether it passes.

    Args:
        evaluator: Its name.
        criterion: What it scores.
        slice: Where; `all` for everything.
        n: How many responses are compared.
        raw: The share of responses where they agree.
        kappa: Cohen's kappa.
        ac1: Gwet's AC1, with the classes of the scale to choose from.
        alpha: Krippendorff's alpha of what could be parsed, on the level of the scale: nominal for pass/fail, interval
            for a number, else ordinal.
        weighted_kappa: Cohen's kappa of what could be parsed with quadratic weights; ordinal scales only.
        raw_parsed: `raw` of what could be parsed.
        kappa_parsed: `kappa` of what could be parsed.
        baseline: The agreement of the constant that agrees most: the share of the experts' most frequent class.
        ceiling: How far experts agree with each other; None where no response has labels of two.
        accept: How often experts and evaluator accept, and the gap, of what could be parsed; a preference accepts what
            won. None for a number without `passes`.
        base_rates: The share of each class, and of `unparsable`, by the experts and by the evaluator.
        classes: Names of the rows of `confusion`; its columns are these and `unparsable`.
        confusion: How many responses of each class of the experts got which verdict.
        n_abstained: How many responses with a majority the evaluator abstained on.
        n_failed: How many it failed on.
        note: Why a coefficient is missing, where one is.
    """

    evaluator: str
    criterion: str
    slice: str
    n: int
    raw: Metric
    kappa: Metric
    ac1: Metric
    alpha: Metric
    weighted_kappa: Metric | None
    raw_parsed: Metric
    kappa_parsed: Metric
    baseline: float
    ceiling: HumanCeiling | None
    accept: AcceptRates | None
    base_rates: Mapping[str, tuple[float, float]]
    classes: tuple[str, ...]
    confusion: NDArray[np.int64]
    n_abstained: int
    n_failed: int
    note: str

    @property
    def is_too_few(self) -> bool:
        """Whether there are too few responses to read anything into it; repeats of a prompt count once."""
        return self.alpha.n < MIN_N if np.isnan(self.raw.value) else self.kappa.n < MIN_N

    @property
    def n_unparsable(self) -> int:
        """How many verdicts could not be parsed."""
        return int(self.confusion[:, -1].sum())

    @property
    def of_ceiling(self) -> float | None:
        """Raw agreement over the experts' own, the headline; None without a ceiling."""
        if self.ceiling is None or not self.ceiling.agreement.value > 0:
            return None
        return self.raw.value / self.ceiling.agreement.value

    def to_dict(self) -> dict[str, Any]:
        """Return the agreement as JSON."""
        names = ("raw", "kappa", "ac1", "alpha", "weighted_kappa", "raw_parsed", "kappa_parsed")
        metrics = {name: as_json(getattr(self, name)) for name in names}
        return {
            "evaluator": self.evaluator,
            "criterion": self.criterion,
            "slice": self.slice,
            "n": self.n,
            "is_too_few": self.is_too_few,
            **metrics,
            "baseline": as_json(self.baseline),
            "ceiling": None if self.ceiling is None else {k: as_json(v) for k, v in self.ceiling._asdict().items()},
            "of_ceiling": as_json(self.of_ceiling),
            "accept": None if self.accept is None else {k: as_json(v) for k, v in self.accept._asdict().items()},
            "base_rates": {name: list(rates) for name, rates in self.base_rates.items()},
            "classes": list(self.classes),
            "confusion": self.confusion.tolist(),
            "n_unparsable": self.n_unparsable,
            "n_abstained": self.n_abstained,
            "n_failed": self.n_failed,
            "note": self.note,
        }

    def __str__(self) -> str:
        share = "" if self.of_ceiling is None else f", {self.of_ceiling:.0%} of the experts' own"
        where = "" if self.slice == ALL else f" on `{self.slice}`"
        return (
            f"{self.evaluator}{where} agrees with the experts on {self.criterion} in {self.raw}{share}; "
            f"kappa {self.kappa}; a constant {self.baseline:.2f}"
        )


@dataclass(frozen=True, eq=False)
class AgreementReport:
    """Agreement of every evaluator with the experts, on all responses first and then slice by slice.

    Args:
        agreements: A line per evaluator and slice.
        n_tied: How many responses experts labelled without a majority, by criterion; they are not compared.
        n_not_scored: How many responses with a majority are not scored, nor tried, by evaluator.
    """

    agreements: tuple[Agreement, ...]
    n_tied: dict[str, int]
    n_not_scored: dict[str, int]

    def of(self, evaluator: str, slice_name: str = ALL) -> Agreement:
        """Return the agreement of one evaluator on one slice."""
        of_evaluator = [line for line in self.agreements if line.evaluator == evaluator]
        if not of_evaluator:
            known = {line.evaluator for line in self.agreements}
            raise UnknownNameError("evaluator with expert labels", evaluator, available=known)
        for line in of_evaluator:
            if line.slice == slice_name:
                return line
        raise UnknownNameError("slice", slice_name, available=[line.slice for line in of_evaluator])

    def frame(self) -> pl.DataFrame:
        """Return a row per evaluator and slice; metrics are structs `value, low, high, n, is_too_few`."""
        nested = ("base_rates", "classes", "confusion", "ceiling", "accept")
        rows = []
        for line in self.agreements:
            row = {key: value for key, value in line.to_dict().items() if key not in nested}
            row["ceiling"] = None if line.ceiling is None else line.ceiling.agreement.to_dict()
            row["accept_gap"] = None if line.accept is None else line.accept.gap.to_dict()
            rows.append(row)
        return pl.DataFrame(rows, infer_schema_length=None)

    def _repr_html_(self) -> str:
        """Return the agreement on all responses as it looks in a notebook."""
        lines = [line.to_dict() for line in self.agreements if line.slice == ALL]
        return html_fragment(agreement_chart(lines, title="Evaluators beside experts"))

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON."""
        agreements = [line.to_dict() for line in self.agreements]
        return {"agreements": agreements, "n_tied": self.n_tied, "n_not_scored": self.n_not_scored}

    def __iter__(self) -> Iterator[Agreement]:
        return iter(self.agreements)

    def __len__(self) -> int:
        return len(self.agreements)

    def __repr__(self) -> str:
        slices, evaluators = ({getattr(line, name) for line in self.agreements} for name in ("slice", "evaluator"))
        shown = counted(len(evaluators), "evaluator"), counted(len(slices - {ALL}), "slice")
        return f"AgreementReport({', '.join(shown)})"

    def __str__(self) -> str:
        return "\n".join(map(str, self.agreements)) or "No evaluator scores what experts labelled."


def agreement(scores: Scores, experts: ExpertLabels, members: pl.DataFrame | None = None) -> AgreementReport:
    """Return how far each evaluator agrees with the experts' majority.

    Where prompts are repeated, responses are not independent: intervals resample prompts. Where responses were sampled
    unequally, all figures but the confusion weigh them, to describe the responses that they were sampled from.

    Args:
        scores: What evaluators say.
        experts: What experts say; criteria without labels are left out.
        members: Which responses belong to which slice, as `slice_members` returns it.

    Examples:
        >>> from nacre.evaluation import Evaluator, evaluate
        >>> from nacre.functions import Keyword
        >>> answers = pl.DataFrame({"prompt": [f"Hi {n}" for n in range(40)], "response": ["Please sit", "No"] * 20})
        >>> scores = evaluate([Evaluator("please", Criterion("polite"), Keyword("response", ("please",)))], answers)
        >>> labels = {"row_id": list(range(40)), "score": ["pass", "fail", "pass", "pass"] * 10}
        >>> print(agreement(scores, ExpertLabels.from_frame(labels, [Criterion("polite")])))
        please agrees with the experts on polite in .75 [.60-.86] n=40; kappa .50 [.27-.74] n=40; a constant 0.75
    """
    lines: list[Agreement] = []
    n_tied, n_not_scored = {}, {}
    places = _slices(scores, members)
    scored = {criterion.name: criterion for criterion in scores.criteria}
    for labelled in experts.criteria:
        if labelled.name not in scored or not len(experts.of(labelled.name)):
            continue
        criterion = scored[labelled.name]  # the scores say what passes, as the record that is bound to them
        _check_same_scale(criterion, labelled)
        majority, ratings = experts.majority(criterion.name), experts.ratings(criterion.name)
        decided = majority.filter(pl.col("value").is_not_null())
        n_tied[criterion.name] = len(majority) - len(decided)
        for name in scores.evaluators_of(criterion.name):
            pairs = beside_experts(scores, name, experts)
            n_not_scored[name] = len(decided) - len(pairs)
            lines += (_on_slice(pairs, name, criterion, ratings, place) for place in places)
    return AgreementReport(tuple(lines), n_tied, n_not_scored)


def _slices(scores: Scores, members: pl.DataFrame | None) -> list[Place]:
    """Return ids of the responses in each slice, without a list of all of them."""
    row_ids = scores.responses.get_column("row_id")
    masks = slice_masks(scores.responses, members)
    return [(name, None if name == ALL else row_ids.filter(pl.Series(mask))) for name, mask in masks.items()]


def _on_slice(pairs: pl.DataFrame, evaluator: str, criterion: Criterion, experts: Ratings, place: Place) -> Agreement:
    slice_name, row_ids = place
    rows = pairs if row_ids is None else pairs.filter(pl.col("row_id").is_in(row_ids.implode()))
    everything = compared(rows, criterion)
    parsed = everything.where(everything.is_parsed)
    kappa = everything.kappa()
    base_rates = [everything.shares(codes) for codes in (everything.truth, everything.verdicts)]
    classes = class_names(criterion)
    return Agreement(
        evaluator,
        criterion.name,
        slice_name,
        n=len(everything.truth),
        raw=everything.raw(),
        kappa=kappa,
        ac1=gwet_ac1(
            everything.truth,
            everything.verdicts,
            n_classes=len(classes),  # nobody chooses to be unparsable, and one such verdict must not change k
            **everything.design,
        ),
        alpha=krippendorff_alpha(parsed.numbers, alpha_level(criterion), **parsed.design),
        weighted_kappa=parsed.kappa("quadratic") if criterion.kind == "ordinal" else None,
        raw_parsed=parsed.raw(),
        kappa_parsed=kappa if everything.is_parsed.all() else parsed.kappa(),
        baseline=float(base_rates[0].max()) if (everything.truth >= 0).any() else np.nan,
        ceiling=_ceiling(experts, scored_or_unparsable(rows), criterion),
        accept=_accept(criterion, parsed),
        base_rates=dict(zip((*classes, UNPARSED), zip(*map(np.ndarray.tolist, base_rates), strict=True), strict=True)),
        classes=classes,
        confusion=_confusion(everything),
        n_abstained=int((rows["status"] == ABSTAINED).sum()),
        n_failed=int((rows["status"] == FAILED).sum()),
        note=_note(criterion, kappa),
    )


def _accept(criterion: Criterion, parsed: Compared) -> AcceptRates | None:
    if criterion.kind == "preference":
        return accept_rates(*(criterion.outcome(parsed.numbers.T) == 1), **parsed.design)
    return accept_rates(*criterion.passed(parsed.numbers.T), **parsed.design) if criterion.has_pass else None


def _ceiling(experts: Ratings, pairs: pl.DataFrame, criterion: Criterion) -> HumanCeiling | None:
    if criterion.kind == "number" and not criterion.has_pass:
        return None
    rows = np.isin(experts.row_ids, pairs.get_column("row_id").to_numpy())  # both in the order of the ids
    found = human_ceiling(
        points(experts.values[rows], criterion),
        clusters=repeated_prompts(pairs),
        sample_weight=experts.weights[rows],
    )
    return None if np.isnan(found.agreement.value) else found


def _confusion(pairs: Compared) -> NDArray[np.int64]:
    width, known = pairs.n_classes + 1, pairs.truth >= 0
    cells = np.bincount(pairs.truth[known] * width + pairs.verdicts[known], minlength=pairs.n_classes * width)
    return cells.reshape(pairs.n_classes, width)


def _note(criterion: Criterion, kappa: Metric) -> str:
    if criterion.kind == "number" and not criterion.has_pass:
        return f"`{criterion.name}` has no `passes`, so only alpha compares its numbers."
    if kappa.n and np.isnan(kappa.value):
        return "Experts and evaluator chose one class only, so kappa has nothing to correct."
    return ""


def _check_same_scale(scored: Criterion, labelled: Criterion) -> None:
    if scored.scale != labelled.scale:
        raise SchemaError(
            f"Experts labelled `{labelled.name}` as {labelled.spec().get('scale', 'pass_fail')}, but it is scored as "
            f"{scored.spec().get('scale', 'pass_fail')}. Use one scale for both."
        )


def as_json(value: Any) -> Any:
    """Return a metric or a number as JSON holds it: None for what is undefined."""
    if isinstance(value, Metric):
        return value.to_dict()
    return None if isinstance(value, float) and np.isnan(value) else value
