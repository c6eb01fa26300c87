"""End models on disk: `model.json` for what people read, `model.safetensors` for arrays; never pickle."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
import orjson
import polars as pl
from numpy.typing import NDArray

from nacre._hashing import hash_json, hash_series, hash_text
from nacre.data import Classes, LabelSchema, MultiLabel, Number, Spans
from nacre.errors import NotFittedError, SchemaError, SpecError, UnknownFieldError, WorkspaceError, did_you_mean

_FORMAT = 1
_SCHEMAS = {schema.kind: schema for schema in (Classes, MultiLabel, Spans)}


class State(NamedTuple):
    """What a model has learned: JSON and arrays."""

    values: dict[str, Any]
    arrays: dict[str, NDArray[Any]]


class StoredModel(ABC):
    """A dataclass of hyper-parameters that `fit` completes, and that can be saved.

    Attributes:
        schema_: The label schema of the fit.
        classes_: What the columns of `predict_proba` stand for.
    """

    kind: ClassVar[str]
    schema_: Classes | MultiLabel | Spans
    classes_: tuple[str, ...]

    @property
    @abstractmethod
    def reads(self) -> tuple[str, ...]:
        """The fields that the model needs."""

    @abstractmethod
    def _state(self) -> State:
        """Return what `fit` has learned."""

    @abstractmethod
    def _restore(self, state: State) -> None:
        """Take over what an earlier `fit` has learned."""

    def spec(self) -> dict[str, Any]:
        """Return the hyper-parameters in the form of `nacre.yaml`; `model_from_spec` reads it."""
        return {self.kind: _plain(asdict(self))}  # type: ignore[call-overload]

    @classmethod
    def from_arguments(cls, arguments: Mapping[str, Any]) -> Self:
        """Make a model from the hyper-parameters of a spec."""
        names = [field.name for field in fields(cls)]  # type: ignore[arg-type]
        for name in arguments:
            if name not in names:
                raise SpecError(f"`{cls.kind}` has no `{name}`; it has {', '.join(names)}.{did_you_mean(name, names)}")
        try:
            return cls(**arguments)
        except TypeError as error:
            raise SpecError(f"`{cls.kind}` cannot be made from {dict(arguments)}: {error}.") from error

    @property
    def fingerprint(self) -> str:
        """Content hash of the fitted model: equal where predictions are."""
        return self._hash(self._content(), self._state().arrays)

    def save(self, folder: Path | str) -> None:
        """Write the fitted model to a folder."""
        from safetensors.numpy import save_file

        content, arrays = self._content(), self._state().arrays
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, folder / "model.safetensors")
        # Written last: a save that was cut short has no fingerprint that fits.
        content = {**content, "fingerprint": self._hash(content, arrays)}
        (folder / "model.json").write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2))

    @classmethod
    def load(cls, folder: Path | str) -> Self:
        """Read a model that `save` wrote; a damaged one is refused."""
        content, arrays = read_folder(Path(folder))
        if list(content["model"]) != [cls.kind]:
            raise SpecError(f"{folder} holds the model `{', '.join(content['model'])}`, not `{cls.kind}`.")
        model = cls.from_arguments(content["model"][cls.kind])
        model._take_schema(_schema_from_json(content["schema"]))
        model._restore(State(content["state"], arrays))
        if model.fingerprint != content["fingerprint"]:
            raise WorkspaceError(
                f"{folder} is damaged: its content does not fit its fingerprint. Train the model again."
            )
        return model

    def _content(self) -> dict[str, Any]:
        self._check_fitted()
        schema = {"kind": self.schema_.kind, **_plain(asdict(self.schema_))}
        return {"format": _FORMAT, "model": self.spec(), "schema": schema, "state": _plain(self._state().values)}

    def _hash(self, content: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> str:
        parts = [hash_json(content)]
        for name in sorted(arrays):
            parts += [name, str(arrays[name].shape), hash_series(pl.Series(arrays[name].ravel()))]
        return hash_text(*parts)

    def _take_schema(self, schema: LabelSchema) -> None:
        if isinstance(schema, Number):
            raise SchemaError("There is no end model for numbers yet; use `Classes`, `MultiLabel` or `Spans`.")
        self.schema_ = schema
        self.classes_ = schema.classes

    def _check_fitted(self) -> None:
        if not hasattr(self, "classes_"):
            raise NotFittedError(self)

    def _read(self, data: pl.DataFrame) -> pl.DataFrame:
        """Return the fields that the model needs."""
        for field in self.reads:
            if field not in data.columns:
                raise UnknownFieldError(field, available=data.columns)
        return data.select(self.reads)


def read_folder(folder: Path) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Read the two files of a model."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        content = orjson.loads((folder / "model.json").read_bytes())
        arrays = load_file(folder / "model.safetensors")
    except FileNotFoundError as error:
        raise WorkspaceError(
            f"There is no model in {folder}: `{Path(error.filename or '').name}` is missing."
        ) from error
    except (orjson.JSONDecodeError, SafetensorError) as error:
        raise WorkspaceError(f"The model in {folder} is damaged: {error}. Train it again.") from error
    if not isinstance(content, dict) or not {"format", "model", "schema", "state", "fingerprint"} <= set(content):
        raise WorkspaceError(f"The model in {folder} is damaged: `model.json` lacks parts. Train it again.")
    if content["format"] != _FORMAT:
        raise WorkspaceError(
            f"The model in {folder} has the format {content['format']}; this version of Nacre reads {_FORMAT}. "
            "Update Nacre, or train the model again."
        )
    return content, arrays


def _schema_from_json(schema: Mapping[str, Any]) -> LabelSchema:
    arguments = {name: value for name, value in schema.items() if name != "kind"}
    return _SCHEMAS[schema["kind"]](**arguments)


def _plain(value: Any) -> Any:
    """Return a value as JSON gives it back, tuples as lists."""
    return orjson.loads(orjson.dumps(value))
