"""The label models that work on their own, by the name that specs use; meta-estimators are made of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from nacre.errors import SpecError, WorkspaceError, did_you_mean
from nacre.label_models._class_conditional import ClassConditional
from nacre.label_models._dawid_skene import DawidSkene
from nacre.label_models._label_model import LabelModel
from nacre.label_models._majority_vote import MajorityVote
from nacre.label_models._matrix_completion import MatrixCompletion
from nacre.label_models._stored import read_folder
from nacre.label_models._weighted_vote import WeightedVote

Kinds = Mapping[str, Any]

PLAIN: Kinds = MappingProxyType(
    {model.kind: model for model in (MajorityVote, WeightedVote, ClassConditional, MatrixCompletion, DawidSkene)}
)


def make(spec: Any, kinds: Kinds = PLAIN) -> LabelModel:
    """Return the label model that a spec describes: a kind, or `{kind: settings}`."""
    written: Any = {spec: None} if isinstance(spec, str) else spec
    if not isinstance(written, Mapping) or len(written) != 1:
        raise SpecError(
            "A label model is one name with its settings, such as `class_conditional: {precision: .85}`, not "
            f"{spec!r}."
        )
    [(kind, settings)] = written.items()
    if kind not in kinds:
        raise SpecError(
            f"There is no label model `{kind}`; there are {', '.join(kinds)}.{did_you_mean(str(kind), kinds)}"
        )
    if not isinstance(settings or {}, Mapping):
        raise SpecError(f"The settings of `{kind}` are names with values, not {settings!r}.")
    model: LabelModel = kinds[kind].from_settings(settings or {})
    return model


def read(folder: Path, kinds: Kinds = PLAIN) -> LabelModel:
    """Read a fitted label model of any kind from its folder."""
    content, _ = read_folder(folder)
    kind = next(iter(content["label_model"]), "nothing")
    if kind not in kinds:
        raise WorkspaceError(f"{folder} holds a `{kind}`, which this version of Nacre does not know. Update Nacre.")
    model: LabelModel = kinds[kind].load(folder)
    return model


def with_model(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a meta-estimator with its inner spec made a label model."""
    model = settings.get("model")
    return {**settings, "model": make(model)} if isinstance(model, Mapping | str) else dict(settings)
