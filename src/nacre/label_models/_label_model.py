"""What every label model offers."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Protocol, Self

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from nacre.labeling import LabelMatrix


class LabelModel(Protocol):
    """What combines votes into probabilities: settings in the constructor, data in `fit`, results end in `_`."""

    kind: ClassVar[str]
    """Its name in specs."""
    classes_: tuple[str, ...]
    """What the columns of `predict_proba` stand for."""

    @property
    def fingerprint(self) -> str:
        """Content hash of the fitted model: equal where probabilities are."""

    def fit(
        self,
        label_matrix: LabelMatrix,
        y: ArrayLike | pl.Series | None = None,
        *,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Learn how far votes can be trusted.

        Args:
            label_matrix: The votes.
            y: Ground truth of each unit where it is known: codes (-1 unknown) or class names (null unknown).
            sample_weight: How often each unit counts.
        """

    def predict_proba(self, label_matrix: LabelMatrix) -> NDArray[np.float64]:
        """Return the probability of each class: [n_units, n_classes].

        A vote that no unit of the fit had (a function that never gave this answer) is no evidence.
        """

    def spec(self) -> dict[str, Any]:
        """Return the settings in the form of `nacre.yaml`; `label_model_from_spec` reads it."""

    def save(self, folder: Path | str) -> None:
        """Write the fitted model to a folder: JSON and safetensors."""

    @classmethod
    def load(cls, folder: Path | str) -> Self:
        """Read a model that `save` wrote; a damaged one is refused."""
