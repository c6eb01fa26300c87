"""Labels that do not exclude each other: one binary label model for each."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from nacre.data import Classes, MultiLabel
from nacre.errors import SchemaError
from nacre.label_models._checks import Floats
from nacre.label_models._kinds import read, with_model
from nacre.label_models._label_model import LabelModel
from nacre.label_models._stored import StoredLabelModel
from nacre.labeling import LabelMatrix, Symbol, encode_truth


@dataclass(kw_only=True)
class OneVsRest(StoredLabelModel):
    """Combine votes on a `MultiLabel` schema: for each class, a binary model of the votes on its presence.

    The columns of `predict_proba` are independent: each is the probability that the class is present. `y` holds
    1 (present), 0 (absent) and -1 (unknown), [n_units, n_classes].

    Args:
        model: The label model that is fitted for each class.
        class_balance: Share of the units on which each class is present, for models with a class balance; None lets
            them count ground truth.

    Attributes:
        models_: The fitted model of each class.

    Examples:
        >>> from nacre.label_models import MajorityVote
        >>> schema = MultiLabel(("politics", "sport"))
        >>> frame = pl.DataFrame({"row_id": [0, 0, 1], "function": ["a", "b", "a"], "vote": [0, -3, 1]})
        >>> votes = LabelMatrix.from_long(frame, schema)
        >>> OneVsRest(model=MajorityVote()).fit(votes).predict_proba(votes)
        array([[1. , 0. ],
               [0.5, 1. ]])
    """

    kind: ClassVar[str] = "one_vs_rest"

    model: LabelModel
    class_balance: Sequence[float] | None = None

    def fit(
        self,
        label_matrix: LabelMatrix,
        y: ArrayLike | pl.Series | None = None,
        *,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        n_classes = len(_checked(label_matrix).names)
        truth = None if y is None else encode_truth(y, label_matrix.schema, label_matrix.n_units)
        if self.class_balance is not None and len(self.class_balance) != n_classes:
            raise SchemaError(f"`class_balance` needs one share for each of {n_classes} classes.")
        models = []
        for position in range(n_classes):
            model = copy.deepcopy(self.model)
            if self.class_balance is not None and hasattr(model, "class_balance"):
                present = float(self.class_balance[position])
                model.class_balance = (1 - present, present)
            votes = of_class(label_matrix, position)
            models.append(model.fit(votes, None if truth is None else truth[:, position], sample_weight=sample_weight))
        self.classes_, self.models_ = label_matrix.classes, tuple(models)
        return self

    def predict_proba(self, label_matrix: LabelMatrix) -> Floats:
        _checked(label_matrix)
        self._check_fitted_on(label_matrix)
        columns = [model.predict_proba(of_class(label_matrix, c))[:, 1] for c, model in enumerate(self.models_)]
        return np.column_stack(columns)

    def _settings(self) -> dict[str, Any]:
        balance = None if self.class_balance is None else list(self.class_balance)
        return {"model": self.model.spec(), "class_balance": balance}

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Self:
        return super().from_settings(with_model(settings))

    def save(self, folder: Path | str) -> None:
        super().save(folder)
        for position, model in enumerate(self.models_):
            model.save(Path(folder) / str(position))

    def _restore(self, state: Mapping[str, Any], folder: Path) -> None:
        super()._restore(state, folder)
        self.models_ = tuple(read(folder / str(position)) for position in range(len(self.classes_)))

    def _content(self) -> dict[str, Any]:
        return {**super()._content(), "models": [model.fingerprint for model in self.models_]}

    def _fitted(self) -> dict[str, Any]:
        return {name: value for name, value in super()._fitted().items() if name != "models_"}


def of_class(label_matrix: LabelMatrix, position: int) -> LabelMatrix:
    """Return the votes on one class of a `MultiLabel` schema: absent (0) or present (1)."""
    name = label_matrix.classes[position]
    is_present, is_absent = (label_matrix.symbol_codes == code for code in (position, -2 - position))
    kept: NDArray[np.int64] = np.flatnonzero(is_present | is_absent)
    kept = kept[np.lexsort((is_present[kept], label_matrix.symbol_functions[kept]))]
    symbols = tuple(Symbol(label_matrix.symbols[s].function, int(is_present[s])) for s in kept.tolist())
    votes = label_matrix.votes[:, kept].tocsr()
    return replace(label_matrix, schema=Classes((f"not {name}", name)), symbols=symbols, votes=votes)


def _checked(label_matrix: LabelMatrix) -> MultiLabel:
    if not isinstance(label_matrix.schema, MultiLabel):
        raise SchemaError(
            f"`OneVsRest` combines votes on `MultiLabel`; the label matrix has `{type(label_matrix.schema).__name__}`. "
            "Use its model directly."
        )
    return label_matrix.schema
