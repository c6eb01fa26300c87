"""One score per response and criterion, where several evaluators score the same."""

from __future__ import annotations

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


def combine(scores: Scores, *, label_model: LabelModel | None = None) -> Scores:
    """Return scores with one evaluator per criterion, called like the criterion.

    Several evaluators of classes are votes for a label model, which learns from where they agree how far each can be
    trusted; the score is the most probable class, and the rationale tells its probability and who said what. Where
    the classes are equally probable, the combination abstains. Several evaluators of a number are averaged.

    A response that no evaluator scored stays what it was: abstained, unparsable or failed.

    Args:
        scores: Scores of any number of evaluators per criterion.
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
    parts, fingerprints = [], {}
    for criterion in scores.criteria:
        names = scores.evaluators_of(criterion.name)
        if not names:
            continue
        rows = scores.frame.filter(pl.col("criterion") == criterion.name)
        if len(names) > 1:
            model = deepcopy(label_model) if label_model is not None else ClassConditional()
            rows = _combined(rows, names, criterion, model)
            fingerprints[criterion.name] = _fingerprint(scores, names, criterion, model)
        else:
            fingerprints[criterion.name] = scores.evaluators[names[0]]
        parts.append(rows.with_columns(evaluator=pl.lit(criterion.name)).select(COLUMNS.names()))
    frame = pl.concat(parts, rechunk=True) if parts else pl.DataFrame(schema=COLUMNS)
    criteria = tuple(criterion for criterion in scores.criteria if criterion.name in fingerprints)
    return Scores(frame, criteria, fingerprints)


def _fingerprint(scores: Scores, names: tuple[str, ...], criterion: Criterion, model: LabelModel) -> str:
    """Return the hash of what the combination depends on; none where an evaluator has none."""
    parts = [scores.evaluators[name] for name in names]
    weighing = model.spec() if isinstance(criterion.scale, Classes) else "mean"
    return hash_json([weighing, parts]) if all(parts) else ""


def _combined(rows: pl.DataFrame, names: tuple[str, ...], criterion: Criterion, model: LabelModel) -> pl.DataFrame:
    responses = rows.select(KEYS.names()).unique(subset="row_id").sort("row_id")
    scored = rows.filter(pl.col("status") == SCORED)
    if isinstance(criterion.scale, Classes):
        found = _most_probable(scored, names, criterion.scale, model)
    else:
        shown = pl.col("value").round(4).cast(pl.String)
        found = scored.group_by("row_id").agg(pl.col("value").mean(), rationale=_who_said_what(names, shown))
        found = found.with_columns(rationale=pl.format("mean of {}", "rationale"))
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


def _most_probable(scored: pl.DataFrame, names: tuple[str, ...], scale: Classes, model: LabelModel) -> pl.DataFrame:
    """Return `row_id`, `value` and `rationale` of the responses that at least one evaluator scored."""
    votes = scored.select("row_id", function="evaluator", vote=pl.col("value").cast(pl.Int16))
    if votes.is_empty():
        return pl.DataFrame(schema={name: COLUMNS[name] for name in ("row_id", "value", "rationale")})
    matrix = LabelMatrix.from_long(votes, scale)
    proba = model.fit(matrix).predict_proba(matrix)
    best = pl.DataFrame(
        {
            "row_id": matrix.units.get_column("row_id"),
            "best": proba.argmax(axis=1).astype(np.float32),
            "probability": proba.max(axis=1).round(2),
            "tied": _is_tied(proba),
        }
    )
    name = pl.col("value").cast(pl.Int64).replace_strict(dict(enumerate(scale.names)), return_dtype=pl.String)
    said = scored.group_by("row_id").agg(said=_who_said_what(names, name))
    text = pl.format("probability {}: {}", "probability", "said")
    table = best.join(said, on="row_id")
    return table.select("row_id", pl.when(~pl.col("tied")).then("best").alias("value"), text.alias("rationale"))


def _is_tied(proba: NDArray[np.float64]) -> NDArray[np.bool_]:
    top = np.sort(proba, axis=1)[:, -2:]
    tied: NDArray[np.bool_] = top[:, 1] - top[:, 0] < TIE
    return tied


def _who_said_what(names: tuple[str, ...], shown: pl.Expr) -> pl.Expr:
    order = pl.col("evaluator").replace_strict({name: place for place, name in enumerate(names)})
    return pl.format("{} {}", "evaluator", shown).sort_by(order).str.join(", ")
