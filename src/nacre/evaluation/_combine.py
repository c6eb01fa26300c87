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
from nacre.evaluation._criterion import Criterion
from nacre.evaluation._scores import COLUMNS, KEYS, Scores
from nacre.label_models import ClassConditional, LabelModel
from nacre.labeling import LabelMatrix

TIE = 1e-6  # probabilities that differ by less are as good as equal


def combine(scores: Scores, *, compared_with: Sequence[Scores] = (), label_model: LabelModel | None = None) -> Scores:
    """Return scores with one evaluator per criterion, called like the criterion.

    Several evaluators of classes are votes for a label model, which learns from where they agree how far each can be
    trusted; the score is the most probable class, and the rationale tells its probability and who said what. Where
    the classes are equally probable, the combination abstains. Several evaluators of a number are averaged.

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
        [('polite', 1.0, 'probability 0.97: please pass, thanks pass'),
         ('polite', 0.0, 'probability 0.97: please fail, thanks fail')]
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
        name, model = criterion.name, ClassConditional() if label_model is None else deepcopy(label_model)
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


def _fingerprint(scores: Scores, names: tuple[str, ...], criterion: Criterion, model: LabelModel) -> str:
    """Return the hash of what the combination depends on; none where an evaluator has none."""
    parts = [scores.evaluators[name] for name in names]
    weighing = model.spec() if isinstance(criterion.scale, Classes) else "mean"
    return hash_json([weighing, parts]) if all(parts) else ""


def _combined(
    runs: Collection[pl.DataFrame], order: tuple[str, ...], criterion: Criterion, model: LabelModel
) -> Iterator[pl.DataFrame]:
    """Yield a row per response of each run, of which several evaluators score the criterion."""
    scored = [rows.filter(pl.col("status") == SCORED) for rows in runs]
    if isinstance(criterion.scale, Classes):
        found = _most_probable(scored, order, criterion.scale, model)
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


def _most_probable(
    runs: Sequence[pl.DataFrame], order: tuple[str, ...], scale: Classes, model: LabelModel
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
    proba = model.fit(matrix).predict_proba(matrix)
    best = units.with_columns(
        pl.Series("best", proba.argmax(axis=1).astype(np.float32)),
        pl.Series("probability", proba.max(axis=1).round(2)),
        pl.Series("tied", _is_tied(proba)),
    )
    return [_told(best.filter(run=run), scored, order, scale) for run, scored in enumerate(runs)]


def _told(best: pl.DataFrame, scored: pl.DataFrame, order: tuple[str, ...], scale: Classes) -> pl.DataFrame:
    name = pl.col("value").cast(pl.Int64).replace_strict(dict(enumerate(scale.names)), return_dtype=pl.String)
    table = best.join(scored.group_by("row_id").agg(said=_who_said_what(order, name)), on="row_id")
    text = pl.format("probability {}: {}", "probability", "said")
    return table.select("row_id", pl.when(~pl.col("tied")).then("best").alias("value"), text.alias("rationale"))


def _is_tied(proba: NDArray[np.float64]) -> NDArray[np.bool_]:
    top = np.sort(proba, axis=1)[:, -2:]
    tied: NDArray[np.bool_] = top[:, 1] - top[:, 0] < TIE
    return tied


def _who_said_what(names: tuple[str, ...], shown: pl.Expr) -> pl.Expr:
    order = pl.col("evaluator").replace_strict({name: place for place, name in enumerate(names)})
    return pl.format("{} {}", "evaluator", shown).sort_by(order).str.join(", ")
