"""One score per response and criterion, where several evaluators score the same."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from copy import deepcopy

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nacre._hashing import hash_json
from nacre.data import Classes
from nacre.evaluation._answers import ABSTAINED, SCORED, STATUS
from nacre.evaluation._criterion import PASS_FAIL, PREFERENCE, Criterion
from nacre.evaluation._scores import COLUMNS, IMPORTED, KEYS, Scores, is_imported
from nacre.label_models import ClassConditional, LabelModel, MajorityVote
from nacre.labeling import LabelMatrix

TIE = 1e-6  # probabilities that differ by less are as good as equal
_MOST_STEPS, _CLOSE = 100, 1e-9
Floats = NDArray[np.float64]


def combine(scores: Scores, *, compared_with: Sequence[Scores] = (), label_model: LabelModel | None = None) -> Scores:
    """Return scores with one evaluator per criterion, called like the criterion.

    Several evaluators of classes are votes for a label model, which learns from where they agree how far each can be
    trusted. The score is the mean of what it expects: the probability of a pass, or between lost, tied and won; were
    it the most probable class, every doubt would count the same way. Of other ordered classes it is the most probable
    one, and where several are, the combination abstains. The rationale tells the largest probability and who said
    what, or that they tie. Several evaluators of a number are averaged.

    Each class is as frequent as the evaluators say, so that the mean of all scores is the mean of the evaluators,
    whatever is learned about a single response. A label model that is given knows itself how frequent classes are.

    Runs that are compared need one label model, else the weights of their votes differ beside their votes: the same
    verdicts would be other scores. `evaluation_matrix`, `compare` and `trend` see to that; so the combined scores of a
    run depend a little on which runs it is shown beside.

    A response that no evaluator scored stays what it was: abstained, unparsable or failed.

    Args:
        scores: Scores of any number of evaluators per criterion.
        compared_with: Other runs that the result is compared with: the label model learns from the votes of all, an
            evaluator being the one of the same name.
        label_model: What weighs the votes, fitted anew for each criterion; `ClassConditional()` by default.

    Examples:
        >>> from nacre.evaluation import Evaluator, evaluate
        >>> from nacre.functions import Keyword, Pattern
        >>> polite = Criterion("polite")
        >>> answers = pl.DataFrame({"prompt": ["a", "b"], "response": ["Thank you, please wait.", "No."]})
        >>> please = Evaluator("please", polite, Keyword("response", ("please",)))
        >>> thanks = Evaluator("thanks", polite, Pattern("response", "(?i)thank"))
        >>> combine(evaluate([please, thanks], answers)).frame.select("evaluator", "value", "rationale").rows()
        [('polite', 0.97..., 'probability 0.97: please pass, thanks pass'),
         ('polite', 0.02..., 'probability 0.97: please fail, thanks fail')]
    """
    return combine_together([scores, *compared_with], label_model=label_model)[0]


def combine_together(runs: Sequence[Scores], *, label_model: LabelModel | None = None) -> tuple[Scores, ...]:
    """Return each run with one evaluator per criterion, weighed by one label model for all runs.

    A criterion that means something else in another run has a label model of its own there; where a run has one
    evaluator of a criterion, its scores stay.
    """
    parts: list[dict[str, pl.DataFrame]] = [{} for _ in runs]
    fingerprints: list[dict[str, str]] = [{} for _ in runs]
    order = tuple(dict.fromkeys(name for run in runs for name in run.evaluators))
    for criterion in {criterion.fingerprint: criterion for run in runs for criterion in run.criteria}.values():
        name, model = criterion.name, deepcopy(label_model)
        several: dict[int, pl.DataFrame] = {}
        for place, run in enumerate(runs):
            has_it = any(known.fingerprint == criterion.fingerprint for known in run.criteria)
            evaluators = run.evaluators_of(name) if has_it else ()
            if not evaluators:
                continue
            parts[place][name] = run.frame.filter(pl.col("criterion") == name)
            fingerprints[place][name] = run.evaluators[evaluators[0]]
            if len(evaluators) > 1:
                several[place] = parts[place][name]
                fingerprints[place][name] = _fingerprint(run, evaluators, criterion, model)
        for place, rows in zip(several, _combined(several.values(), order, criterion, model), strict=True):
            parts[place][name] = rows
    return tuple(_assembled(*each) for each in zip(runs, parts, fingerprints, strict=True))


def _assembled(run: Scores, parts: Mapping[str, pl.DataFrame], fingerprints: Mapping[str, str]) -> Scores:
    criteria = tuple(criterion for criterion in run.criteria if criterion.name in parts)
    frames = [
        parts[criterion.name].with_columns(evaluator=pl.lit(criterion.name)).select(COLUMNS.names())
        for criterion in criteria
    ]
    frame = pl.concat(frames, rechunk=True) if frames else pl.DataFrame(schema=COLUMNS)
    return Scores(frame, criteria, {criterion.name: fingerprints[criterion.name] for criterion in criteria})


def _fingerprint(scores: Scores, names: tuple[str, ...], criterion: Criterion, model: LabelModel | None) -> str:
    """Return the hash of what the combination depends on; it is imported where one of its parts is."""
    parts = [scores.evaluators[name] for name in names]
    weighing = (model or ClassConditional()).spec() if isinstance(criterion.scale, Classes) else "mean"
    found = hash_json([weighing, parts])
    return f"{IMPORTED}{found}" if any(map(is_imported, parts)) else found


def _combined(
    runs: Collection[pl.DataFrame], order: tuple[str, ...], criterion: Criterion, model: LabelModel | None
) -> Iterator[pl.DataFrame]:
    """Yield a row per response of each run, of which several evaluators score the criterion."""
    scored = [rows.filter(pl.col("status") == SCORED) for rows in runs]
    if isinstance(criterion.scale, Classes):
        found = _expected(scored, order, criterion.scale, model)
    else:
        found = [_averaged(part, order) for part in scored]
    for rows, values in zip(runs, found, strict=True):
        yield _with_reasons(rows, values, criterion)


def _averaged(scored: pl.DataFrame, order: tuple[str, ...]) -> pl.DataFrame:
    shown = pl.col("value").round(4).cast(pl.String)
    found = scored.group_by("row_id").agg(pl.col("value").mean(), rationale=_who_said_what(order, shown))
    return found.with_columns(rationale=pl.format("mean of {}", "rationale"))


def _with_reasons(rows: pl.DataFrame, found: pl.DataFrame, criterion: Criterion) -> pl.DataFrame:
    responses = rows.select(KEYS.names()).unique(subset="row_id").sort("row_id")
    unscored = rows.filter(pl.col("status") != SCORED).group_by("row_id")
    reasons = unscored.agg(status=pl.col("status").max(), message=pl.col("message").drop_nulls().first())
    table = responses.join(found, on="row_id", how="left").join(reasons, on="row_id", how="left")
    was_scored = pl.col("rationale").is_not_null()  # also where equally probable classes leave no value
    status = pl.when(pl.col("value").is_not_null()).then(pl.lit(SCORED)).when(was_scored).then(pl.lit(ABSTAINED))
    return table.sort("row_id").with_columns(
        pl.col("value").cast(pl.Float32),
        criterion=pl.lit(criterion.name),
        status=status.otherwise(pl.col("status").cast(pl.String)).cast(STATUS),
        message=pl.when(~was_scored).then("message"),
    )


def _expected(
    runs: Sequence[pl.DataFrame], order: tuple[str, ...], scale: Classes, model: LabelModel | None
) -> list[pl.DataFrame]:
    """Return `row_id`, `value` and `rationale` of the responses of each run that at least one evaluator scored."""
    empty = pl.DataFrame(schema={name: COLUMNS[name] for name in ("row_id", "value", "rationale")})
    votes = [
        scored.select(pl.lit(run).alias("run"), "row_id", "evaluator", vote=pl.col("value").cast(pl.Int16))
        for run, scored in enumerate(runs)
    ]
    table = pl.concat(votes) if votes else empty
    if table.is_empty():
        return [empty for _ in runs]
    units = table.select("run", "row_id").unique().sort("run", "row_id").with_row_index("unit")
    numbered = table.join(units, on=["run", "row_id"], how="left", maintain_order="left")
    matrix = LabelMatrix.from_long(numbered.select("vote", row_id="unit", function="evaluator"), scale)
    proba = _probabilities(matrix, model)
    found = proba @ np.arange(len(scale.names)) if _is_linear(scale) else proba.argmax(axis=1)
    best = units.with_columns(
        pl.Series("found", found.astype(np.float32)),
        pl.Series("probability", proba.max(axis=1).round(2)),
        pl.Series("tied", _is_tied(proba)),
    )
    return [_told(best.filter(run=run), scored, order, scale) for run, scored in enumerate(runs)]


def _told(best: pl.DataFrame, scored: pl.DataFrame, order: tuple[str, ...], scale: Classes) -> pl.DataFrame:
    name = pl.col("value").cast(pl.Int64).replace_strict(dict(enumerate(scale.names)), return_dtype=pl.String)
    table = best.join(scored.group_by("row_id").agg(said=_who_said_what(order, name)), on="row_id")
    value = pl.col("found") if _is_linear(scale) else pl.when(~pl.col("tied")).then("found")
    tied = pl.when("tied").then(pl.format("tied: {}", "said"))
    text = tied.otherwise(pl.format("probability {}: {}", "probability", "said"))
    return table.select("row_id", value.alias("value"), text.alias("rationale"))


def _is_linear(scale: Classes) -> bool:
    """Whether what a cell averages is linear in the code, so that the mean of a code says all about it."""
    return scale in (PASS_FAIL, PREFERENCE)


def _probabilities(matrix: LabelMatrix, model: LabelModel | None) -> Floats:
    """Return the probability of each class; without a label model, classes as frequent as the votes say."""
    if model is not None:
        return model.fit(matrix).predict_proba(matrix)
    shares = MajorityVote().fit(matrix).predict_proba(matrix).mean(axis=0)
    n = len(matrix.units)
    balance = (n * shares + 1) / (n + len(shares))  # no class is impossible (Laplace)
    proba = ClassConditional(class_balance=balance.tolist()).fit(matrix).predict_proba(matrix)
    return _with_means(proba, shares)


def _with_means(proba: Floats, means: Floats) -> Floats:
    """Return probabilities with these means: those given, times a factor for each class (Deming & Stephan 1940)."""
    for _ in range(_MOST_STEPS):
        found = proba.mean(axis=0)
        if np.abs(found - means).max() < _CLOSE:
            break
        weighed = proba * np.divide(means, found, out=np.zeros_like(means), where=found > 0)
        proba = weighed / weighed.sum(axis=1, keepdims=True)
    return proba


def _is_tied(proba: Floats) -> NDArray[np.bool_]:
    top = np.sort(proba, axis=1)[:, -2:]
    tied: NDArray[np.bool_] = top[:, 1] - top[:, 0] < TIE
    return tied


def _who_said_what(names: tuple[str, ...], shown: pl.Expr) -> pl.Expr:
    order = pl.col("evaluator").replace_strict({name: place for place, name in enumerate(names)})
    return pl.format("{} {}", "evaluator", shown).sort_by(order).str.join(", ")
