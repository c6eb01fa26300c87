"""Label models from specs and from folders."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from nacre.label_models._kinds import PLAIN, make, read
from nacre.label_models._label_model import LabelModel
from nacre.label_models._one_vs_rest import OneVsRest
from nacre.label_models._token_wise import TokenWise

LABEL_MODELS: Mapping[str, Any] = MappingProxyType({**PLAIN, OneVsRest.kind: OneVsRest, TokenWise.kind: TokenWise})
"""The kinds of label models by the name that specs use."""


def label_model_from_spec(spec: Mapping[str, Any] | str) -> LabelModel:
    """Return a label model that is not fitted yet.

    Examples:
        >>> label_model_from_spec({"class_conditional": {"precision": 0.9}}).precision
        0.9
        >>> label_model_from_spec({"token_wise": {"model": "majority_vote"}})
        TokenWise(model=MajorityVote())
    """
    return make(spec, LABEL_MODELS)


def load_label_model(folder: Path | str) -> LabelModel:
    """Read a fitted label model of any kind from the folder that `save` wrote."""
    return read(Path(folder), LABEL_MODELS)
