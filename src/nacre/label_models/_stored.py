"""Label models on disk: `model.json` for what people read, `model.safetensors` for arrays; never pickle."""

from __future__ import annotations

from abc import ABC
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import orjson
import polars as pl
from numpy.typing import NDArray

from nacre._hashing import hash_json, hash_series, hash_text
from nacre.errors import NotFittedError, SchemaError, SpecError, WorkspaceError, did_you_mean
from nacre.labeling import LabelMatrix

_FORMAT = 1


class StoredLabelModel(ABC):
    """A dataclass of settings whose fitted attributes (names that end in `_`) can be saved."""

    kind: ClassVar[str]
    classes_: tuple[str, ...]

    def spec(self) -> dict[str, Any]:
        return {self.kind: self._settings()}

    def _settings(self) -> dict[str, Any]:
        settings = {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]
        return _plain(settings)  # type: ignore[no-any-return]

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Self:
        """Make a model from the settings of a spec."""
        types = {field.name: str(field.type) for field in fields(cls)}  # type: ignore[arg-type]
        for name, value in settings.items():
            if name not in types:
                hint = did_you_mean(str(name), types)
                raise SpecError(f"`{cls.kind}` has no `{name}`; it has {', '.join(types)}.{hint}")
            if not _fits(value, types[name]):
                raise SpecError(f"`{name}` of `{cls.kind}` is {_in_words(types[name])}; found {value!r}.")
        try:
            return cls(**settings)
        except TypeError as error:
            raise SpecError(f"`{cls.kind}` cannot be made from {dict(settings)}: {error}.") from error

    @property
    def fingerprint(self) -> str:
        return self._hash(self._content(), self._arrays())

    def save(self, folder: Path | str) -> None:
        from safetensors.numpy import save_file

        content, arrays = self._content(), self._arrays()
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        save_file(arrays, folder / "model.safetensors")
        # Written last: a save that was cut short has no fingerprint that fits.
        content = {**content, "fingerprint": self._hash(content, arrays)}
        (folder / "model.json").write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2))

    @classmethod
    def load(cls, folder: Path | str) -> Self:
        content, arrays = read_folder(Path(folder))
        if list(content["label_model"]) != [cls.kind]:
            found = ", ".join(content["label_model"])
            raise SpecError(f"{folder} holds the label model `{found}`, not `{cls.kind}`.")
        model = cls.from_settings(content["label_model"][cls.kind])
        model._restore({**_frozen(content["state"]), **arrays}, Path(folder))
        if model.fingerprint != content["fingerprint"]:
            raise WorkspaceError(f"{folder} is damaged: its content does not fit its fingerprint. Fit the model again.")
        return model

    def _restore(self, state: Mapping[str, Any], folder: Path) -> None:
        for name, value in state.items():
            setattr(self, name, value)

    def _fitted(self) -> dict[str, Any]:
        """Return what `fit` has learned: arrays and JSON values."""
        self._check_fitted()
        return {name: value for name, value in vars(self).items() if name.endswith("_")}

    def _arrays(self) -> dict[str, NDArray[Any]]:
        fitted = self._fitted()
        return {name: np.ascontiguousarray(value) for name, value in fitted.items() if isinstance(value, np.ndarray)}

    def _content(self) -> dict[str, Any]:
        values = {name: value for name, value in self._fitted().items() if not isinstance(value, np.ndarray)}
        return {"format": _FORMAT, "label_model": self.spec(), "state": _plain(values)}

    def _hash(self, content: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> str:
        parts = [hash_json(content)]
        for name in sorted(arrays):
            parts += [name, str(arrays[name].shape), hash_series(pl.Series(arrays[name].ravel()))]
        return hash_text(*parts)

    def _check_fitted(self) -> None:
        if not hasattr(self, "classes_"):
            raise NotFittedError(self)

    def _check_fitted_on(self, label_matrix: LabelMatrix) -> None:
        self._check_fitted()
        if label_matrix.classes != self.classes_:
            raise SchemaError(
                f"The label matrix has the classes {', '.join(label_matrix.classes)}, but `{type(self).__name__}` was "
                f"fitted with {', '.join(self.classes_)}. Fit it again, or apply the functions with the schema of the "
                "fit."
            )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_KINDS: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "float": ("a number", _is_number),
    "int": ("a whole number", lambda value: _is_number(value) and value == int(value)),
    "bool": ("true or false", lambda value: isinstance(value, bool)),
    "None": ("nothing", lambda value: value is None),
    "Sequence[float]": (
        "a list of numbers",
        lambda value: isinstance(value, list | tuple) and all(map(_is_number, value)),
    ),
    "Mapping[str, float]": (
        "a number for each name",
        lambda value: isinstance(value, Mapping) and all(map(_is_number, value.values())),
    ),
}
"""What the types of settings are called and what they hold; others are checked where they are used."""


def _fits(value: Any, annotation: str) -> bool:
    parts = annotation.split(" | ")
    return any(part not in _KINDS or _KINDS[part][1](value) for part in parts)


def _in_words(annotation: str) -> str:
    return " or ".join(_KINDS[part][0] for part in annotation.split(" | "))


def read_folder(folder: Path) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Read the two files of a label model."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        content = orjson.loads((folder / "model.json").read_bytes())
        arrays = load_file(folder / "model.safetensors")
    except FileNotFoundError as error:
        missing = Path(error.filename or "model.safetensors").name
        raise WorkspaceError(f"There is no label model in {folder}: `{missing}` is missing.") from error
    except (orjson.JSONDecodeError, SafetensorError) as error:
        raise WorkspaceError(f"The label model in {folder} is damaged: {error}. Fit it again.") from error
    if not isinstance(content, dict) or not {"format", "label_model", "state", "fingerprint"} <= set(content):
        raise WorkspaceError(f"The label model in {folder} is damaged: `model.json` lacks parts. Fit it again.")
    if content["format"] != _FORMAT:
        raise WorkspaceError(
            f"The label model in {folder} has the format {content['format']}; this version of Nacre reads {_FORMAT}. "
            "Update Nacre, or fit it again."
        )
    return content, arrays


def _plain(value: Any) -> Any:
    """Return a value as JSON gives it back, tuples as lists."""
    return orjson.loads(orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY))


def _frozen(value: Any) -> Any:
    """Return a JSON value with lists as tuples."""
    if isinstance(value, dict):
        return {key: _frozen(item) for key, item in value.items()}
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value
