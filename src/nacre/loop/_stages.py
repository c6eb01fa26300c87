"""One turn of the labeling loop, from data to what is wrong with the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nacre._hashing import hash_frame
from nacre._progress import Progress, Silent
from nacre.analysis import Outcomes
from nacre.data import Dataset, MultiLabel, Number, Spans, VoteSchema
from nacre.engine import split_name
from nacre.errors import SchemaError
from nacre.functions import Context, Function
from nacre.label_models import (
    LabelModel,
    OneVsRest,
    TokenWise,
    class_balance,
    label_model_from_spec,
    with_ground_truth,
)
from nacre.labeling import LabelMatrix, apply, read_fields
from nacre.loop._recipe import Recipe
from nacre.loop._resources import embedding_folders, project_context
from nacre.loop._units import Codes, rows_in, split_rows, unit_truth
from nacre.models import EndModel, load_model, model_from_spec, predict_all

if TYPE_CHECKING:
    from nacre.workspace import Project, TrainedModel

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Labels:
    """What functions and label model say about all data points.

    Args:
        data: The data points.
        context: What the names in functions and models stand for.
        rows: Row ids by split.
        truth: What is true of each unit, see `encode_truth`.
        label_matrix: The votes of all units.
        label_model: The fitted label model; None until it is fitted.
        proba: Its probabilities, [n_units, n_classes].
        balance: How frequent each class is; None where that is unknown.
    """

    data: Dataset
    context: Context
    rows: Mapping[str, pl.Series]
    truth: Codes
    label_matrix: LabelMatrix
    label_model: LabelModel | None = None
    proba: Floats | None = None
    balance: Floats | None = None

    def units(self, split: str) -> NDArray[np.bool_]:
        """Return which units are in a split: [n_units]."""
        return rows_in(self.label_matrix, self.rows.get(split, pl.Series(dtype=pl.Int64)))


@dataclass(frozen=True)
class Trained:
    """An end model and what it says about all data points.

    Args:
        model: The fitted model.
        stored: Where the project keeps it, and its training set.
        n_rows: How many data points it was trained on.
        proba: Its probabilities, [n_units, n_classes].
    """

    model: EndModel
    stored: TrainedModel
    n_rows: int
    proba: Floats


def apply_functions(
    project: Project,
    recipe: Recipe,
    *,
    n_jobs: int | None = None,
    retry_errors: bool = False,
    progress: Progress | None = None,
) -> Labels:
    """Apply the functions of a project to all of its data points."""
    schema = _votable(project)
    data = project.data.read()
    functions = list(project.functions.values())
    if not functions:
        raise SchemaError("There are no functions yet. Add some under `functions` in nacre.yaml.")
    reads = model_from_spec(recipe.model).reads
    context = project_context(project, functions, data, folder=recipe.folder, reads=reads)
    _refuse_truth_as_evidence(recipe, functions, context)
    label_matrix = apply(
        functions,
        data,
        schema,
        store=project.columns,
        context=context,
        n_jobs=n_jobs,
        retry_errors=retry_errors,
        progress=progress,
    )
    truth = project.truth
    known = unit_truth(data, None if truth is None else truth.votes, label_matrix)
    return Labels(data, context, split_rows(data), known, label_matrix)


def fit_label_model(labels: Labels, recipe: Recipe) -> Labels:
    """Fit the label model on train and say how probable each class is everywhere.

    How frequent the classes are comes from the ground truth of valid, which is never trained on.
    """
    if "train" not in labels.rows:
        found = ", ".join(f"`{name}`" for name in sorted(labels.rows)) or "none"
        raise SchemaError(f"No data point is in the split `train`; there are {found}. Call them train, valid, test.")
    train, valid = labels.units("train"), labels.units("valid")
    schema = labels.label_matrix.schema
    balance = _balance(labels.truth[valid], schema)
    label_model = _label_model(recipe.label_model, schema, balance)
    y = labels.truth[train] if recipe.clamp_truth else None
    label_model.fit(labels.label_matrix.where(train), y)
    proba = label_model.predict_proba(labels.label_matrix)
    return replace(labels, label_model=label_model, proba=proba, balance=balance)


def train_model(
    project: Project,
    recipe: Recipe,
    labels: Labels,
    *,
    note: str | None = None,
    progress: Progress | None = None,
) -> Trained:
    """Train the end model on train, where functions voted, or take the one that was trained on the same before.

    A model that is trained on a new training set opens an iteration; with a `note`, any model that is trained does.
    """
    progress = progress or Silent()
    schema = labels.label_matrix.schema
    frame = _training_frame(labels, clamp_truth=recipe.clamp_truth)
    training_set = project.training_sets.add("current", frame, lineage=_lineage(project, recipe))
    spec = dict(recipe.model)
    model = model_from_spec(spec)
    fields = read_fields(
        labels.data, model.reads, rows=frame.get_column("row_id"), context=labels.context, store=project.columns
    )
    content = hash_frame(fields)
    known = _model_trained_before(project, (training_set.frame, content, spec), schema)
    if known is not None:
        model, stored = known
    else:
        progress.start("end model", 1)
        model.fit(fields, _target(frame, schema), schema)
        stored = project.models.add(
            "current",
            model.save,
            training_set=training_set.frame,
            content=content,
            spec=spec,
            embeddings=embedding_folders(project, labels.context, model.reads),
            note=note,
        )
        progress.advance()
    proba = predict_all(model, labels.data, context=labels.context, store=project.columns, progress=progress)
    return Trained(model, stored, len(frame), proba)


def split_outcomes(labels: Labels, trained: Trained, split: str) -> Outcomes:
    """Return votes, probabilities and truth of one split, for analysis."""
    units = labels.units(split)
    assert labels.proba is not None  # the label model was fitted before
    return Outcomes.of(
        labels.label_matrix.where(units),
        labels.truth[units],
        label_proba=labels.proba[units],
        proba=trained.proba[units],
        class_balance=labels.balance,
    )


def _refuse_truth_as_evidence(recipe: Recipe, functions: Sequence[Function], context: Context) -> None:
    """Ground truth that functions or models read would measure itself: every figure would be too good."""
    truth = recipe.data.truth
    readers = {function.name: function.resolve(context).reads for function in functions}
    readers |= {"the end model": model_from_spec(recipe.model).reads}
    for name, reads in readers.items():
        if truth in [split_name(column)[0] for column in reads]:
            raise SchemaError(
                f"`{name}` reads the field `{truth}`, which is the ground truth: it would only measure itself. Name "
                "another field, or take `truth` out of `data` in nacre.yaml."
            )


def _votable(project: Project) -> VoteSchema:
    schema = project.schema
    if isinstance(schema, Number):
        raise SchemaError("The loop labels with classes, several labels or spans; there is none for `Number` yet.")
    return schema


def _balance(truth: Codes, schema: VoteSchema) -> Floats | None:
    if not (truth >= 0).any():
        return None
    if isinstance(schema, MultiLabel):
        known = np.maximum((truth >= 0).sum(axis=0), 0)
        shares: Floats = ((truth == 1).sum(axis=0) + 1) / (known + 2)
        return shares
    return class_balance(truth, len(schema.classes))


def _label_model(spec: Mapping[str, Any], schema: VoteSchema, balance: Floats | None) -> LabelModel:
    """Return the label model of the recipe, with the class balance where it takes one and names none."""
    model = label_model_from_spec(spec)
    if isinstance(schema, MultiLabel) and not isinstance(model, OneVsRest):
        model = OneVsRest(model=model)
    elif isinstance(schema, Spans) and not isinstance(model, TokenWise):
        model = TokenWise(model=model)
    takes_balance = getattr(model, "class_balance", False) is None
    if balance is not None and takes_balance:
        model.class_balance = tuple(balance.tolist())  # type: ignore[attr-defined]
    elif isinstance(model, TokenWise) and balance is not None and getattr(model.model, "class_balance", 0) is None:
        model.model.class_balance = tuple(balance.tolist())  # type: ignore[attr-defined]
    return model


def _training_frame(labels: Labels, *, clamp_truth: bool) -> pl.DataFrame:
    """Return `row_id` and `proba` of the data points to train on: those of train with any vote.

    `proba` is a list of probabilities; for spans a list of such lists, one per token.
    """
    assert labels.proba is not None
    proba, train = labels.proba, labels.units("train")
    used = train & labels.label_matrix.is_covered
    if clamp_truth:
        proba = _clamped(proba, labels)
        used |= train & _is_known(labels.truth)
    kept = labels.label_matrix.units.select("row_id").with_columns(
        pl.Series("proba", proba, dtype=pl.List(pl.Float64)), pl.Series("used", used)
    )
    if not isinstance(labels.label_matrix.schema, Spans):
        frame = kept.filter("used").drop("used")
    else:
        rows = kept.group_by("row_id", maintain_order=True).agg("proba", pl.col("used").any())
        frame = rows.filter("used").drop("used")
    if frame.is_empty():
        raise SchemaError("No function votes on any data point of train, so there is nothing to train on.")
    return frame


def _clamped(proba: Floats, labels: Labels) -> Floats:
    if labels.truth.ndim == 1:
        return with_ground_truth(proba, labels.truth)
    return np.where(labels.truth >= 0, labels.truth, proba)


def _is_known(truth: Codes) -> NDArray[np.bool_]:
    is_known: NDArray[np.bool_] = truth.reshape(len(truth), -1).max(axis=1, initial=-1) >= 0
    return is_known


def _target(frame: pl.DataFrame, schema: VoteSchema) -> Floats:
    """Return the probabilities of a training set as an array [n_units, n_classes]."""
    proba = frame.get_column("proba")
    if isinstance(schema, Spans):
        proba = proba.explode(empty_as_null=False)
    return proba.explode(empty_as_null=False).to_numpy().reshape(-1, len(schema.classes))


def _lineage(project: Project, recipe: Recipe) -> dict[str, Any]:
    return {
        "data": project.data.version,
        "functions": {name: project.functions.version(name) for name in project.functions},
        "label_model": dict(recipe.label_model),
    }


def _model_trained_before(
    project: Project, made_of: tuple[str, str, Any], schema: VoteSchema
) -> tuple[EndModel, TrainedModel] | None:
    """Return the newest model where training set, the fields it reads, settings and classes are the same."""
    if "current" not in project.models:
        return None
    stored = project.models["current"]
    if (stored.training_set, stored.content, dict(stored.spec)) != made_of:
        return None
    model = load_model(project.artifacts.get_folder(stored.folder))
    return (model, stored) if model.classes_ == schema.classes else None
