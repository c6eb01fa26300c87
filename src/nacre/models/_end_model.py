"""What every end model offers, and how one is made from its spec or its folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from nacre.data import LabelSchema
from nacre.errors import SpecError, WorkspaceError, did_you_mean
from nacre.models._embedding_linear import EmbeddingLinear
from nacre.models._prior import Prior
from nacre.models._stored import read_folder
from nacre.models._tabular_linear import TabularLinear
from nacre.models._text_linear import TextLinear
from nacre.models._token_tagger import TokenTagger


class EndModel(Protocol):
    """What is trained on a training set: hyper-parameters in the constructor, data in `fit`, results end in `_`."""

    kind: ClassVar[str]
    """Its name in specs."""
    classes_: tuple[str, ...]
    """What the columns of `predict_proba` stand for."""

    @property
    def reads(self) -> tuple[str, ...]:
        """The fields and derived columns that the model needs."""

    @property
    def fingerprint(self) -> str:
        """Content hash of the fitted model."""

    def fit(
        self,
        data: pl.DataFrame,
        y: ArrayLike | pl.Series,
        schema: LabelSchema,
        *,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Learn from labels or probabilities.

        A class without a training row gets a probability near 0; with rows of one class only, that class near 1.

        Args:
            data: The training rows with the fields of `reads`.
            y: Codes (-1 is left out); probabilities, one column per class (a row of zeros or NaN is left out; with
                `MultiLabel` each column on its own, NaN where unknown); or a vote column of the schema.
            schema: The possible answers.
            sample_weight: How often each row counts.
        """

    def predict_proba(self, data: pl.DataFrame) -> NDArray[np.float64]:
        """Return the probability of each class: [n_rows, n_classes], or [n_tokens, n_classes] for spans."""

    def predict(self, data: pl.DataFrame) -> pl.Series:
        """Return the answers as a vote column of the schema."""

    def spec(self) -> dict[str, Any]:
        """Return the hyper-parameters in the form of `nacre.yaml`."""

    def save(self, folder: Path | str) -> None:
        """Write the fitted model to a folder."""

    @classmethod
    def load(cls, folder: Path | str) -> Self:
        """Read a model that `save` wrote; a damaged one is refused."""


MODELS: dict[str, Any] = {
    model.kind: model for model in (TextLinear, EmbeddingLinear, TabularLinear, TokenTagger, Prior)
}
"""The kinds of end models by the name that specs use."""


def model_from_spec(spec: Mapping[str, Any]) -> EndModel:
    """Return an end model that is not fitted yet.

    Examples:
        >>> model_from_spec({"text_linear": {"fields": ["subject", "body"]}}).reads
        ('subject', 'body')
    """
    if not isinstance(spec, Mapping) or len(spec) != 1:
        raise SpecError(
            f"A model is one name with its settings, such as `text_linear: {{fields: [body]}}`, not {spec!r}."
        )
    [(kind, arguments)] = spec.items()
    if kind not in MODELS:
        raise SpecError(f"There is no model `{kind}`; there are {', '.join(MODELS)}.{did_you_mean(kind, MODELS)}")
    if not isinstance(arguments or {}, Mapping):
        raise SpecError(f"The settings of `{kind}` are names with values, not {arguments!r}.")
    model: EndModel = MODELS[kind].from_arguments(arguments or {})
    return model


def load_model(folder: Path | str) -> EndModel:
    """Read a fitted end model of any kind from the folder that `save` wrote."""
    content, _ = read_folder(Path(folder))
    kind = next(iter(content["model"]))
    if kind not in MODELS:
        raise WorkspaceError(f"{folder} holds a `{kind}`, which this version of Nacre does not know. Update Nacre.")
    model: EndModel = MODELS[kind].load(folder)
    return model
