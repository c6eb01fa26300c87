"""The labeling part of `nacre.yaml`: from data to model, checked before anything runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from nacre.data import LabelSchema, schema_from_spec
from nacre.errors import SpecError
from nacre.functions import Function, Slice, condition_from_spec, function_from_spec
from nacre.label_models import label_model_from_spec
from nacre.loop._recipe_file import READER_KEYS, check_keys, check_texts, named_parts, reader_options, within
from nacre.models import model_from_spec
from nacre.workspace import check_project_name

KEYS = ("project", "data", "schema", "functions", "slices", "label_model", "model", "training", "evaluation")
DATA_KEYS = ("source", "uid", "split", "truth", *READER_KEYS)
SPLITS = ("train", "valid", "test")
DEFAULT_SHARES: Mapping[str, float] = MappingProxyType({"train": 0.7, "valid": 0.1, "test": 0.2})


@dataclass(frozen=True)
class HashSplit:
    """Each data point falls into a split by the hash of its uid."""

    shares: Mapping[str, float] = field(default_factory=lambda: DEFAULT_SHARES)
    seed: int = 0


@dataclass(frozen=True)
class DataRecipe:
    """Where the data points come from.

    Args:
        source: File, folder or glob, relative to the folder of the recipe.
        uid: The field that identifies a data point; None numbers them.
        split: How they are split, or the field that says so.
        truth: The field that holds ground truth, where there is any.
        options: Further arguments of the reader.
    """

    source: str
    uid: str | None = None
    split: HashSplit | str = field(default_factory=HashSplit)
    truth: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Recipe:
    """What a project does, from data to model.

    Args:
        project: Its name.
        data: Where the data points come from.
        schema: What they are labeled with.
        functions: The labeling functions.
        slices: The parts of the data that are looked at by themselves.
        label_model: Kind and settings of the label model.
        model: Kind and settings of the end model.
        clamp_truth: Whether ground truth of train is used where it is known (`training: {clamp_truth: true}`). Without
            it ground truth only measures.
        folder: Where relative paths start.
    """

    project: str
    data: DataRecipe
    schema: LabelSchema
    functions: tuple[Function, ...]
    slices: tuple[Slice, ...]
    label_model: Mapping[str, Any]
    model: Mapping[str, Any]
    clamp_truth: bool
    folder: Path


def recipe_from_spec(spec: Any, *, folder: Path) -> Recipe:
    """Return the labeling part of a parsed `nacre.yaml`."""
    check_keys("nacre.yaml", spec, allowed=KEYS, needed=("project", "data", "schema", "functions", "model"))
    check_project_name(spec["project"])
    with within("data"):
        data = _data(spec["data"])
    with within("schema"):
        schema = schema_from_spec(spec["schema"])
    label_model = _model_spec("label_model", spec.get("label_model", "class_conditional"))
    model = _model_spec("model", spec["model"])
    with within("label_model"):
        label_model_from_spec(label_model)
    with within("model"):
        model_from_spec(model)
    return Recipe(
        project=spec["project"],
        data=data,
        schema=schema,
        functions=_functions(spec["functions"]),
        slices=_slices(spec.get("slices") or {}),
        label_model=label_model,
        model=model,
        clamp_truth=_clamp_truth(spec.get("training") or {}),
        folder=folder,
    )


def _functions(spec: Any) -> tuple[Function, ...]:
    found = []
    for name, part in named_parts("functions", spec):
        with within(f"functions: {name}"):
            found.append(function_from_spec(name, part))
    return tuple(found)


def _slices(spec: Any) -> tuple[Slice, ...]:
    found = []
    for name, part in named_parts("slices", spec):
        with within(f"slices: {name}"):
            found.append(Slice(name, condition_from_spec(part)))
    return tuple(found)


def _data(spec: Any) -> DataRecipe:
    if isinstance(spec, str):
        spec = {"source": spec}
    check_keys("data", spec, allowed=DATA_KEYS, needed=("source",))
    check_texts(spec, ("source", "uid", "truth"))
    options = reader_options(spec)
    split = _split(spec.get("split", {"by": "hash"}))
    return DataRecipe(spec["source"], spec.get("uid"), split, spec.get("truth"), options)


def _split(spec: Any) -> HashSplit | str:
    if isinstance(spec, str):
        return spec
    check_keys("split", spec, allowed=("by", "seed", *SPLITS), needed=("by",))
    if spec["by"] != "hash":
        raise SpecError(f"`split` is the name of a field, or `{{by: hash, ...}}`; found {spec!r}.")
    seed = spec.get("seed", 0)
    if not isinstance(seed, int) or isinstance(seed, bool):
        raise SpecError(f"The `seed` of `split` is a whole number; found {seed!r}.")
    given = {name: spec[name] for name in SPLITS if name in spec}
    for name, share in given.items():
        if not isinstance(share, int | float) or isinstance(share, bool) or not 0 <= share <= 1:
            raise SpecError(f"`split` takes shares between 0 and 1; `{name}` is {share!r}.")
    shares = given or dict(DEFAULT_SHARES)
    if abs(sum(shares.values()) - 1) > 1e-6:
        raise SpecError(f"The shares of `split` must sum to 1; {shares} sum to {sum(shares.values()):g}.")
    return HashSplit(shares, seed)


def _model_spec(what: str, spec: Any) -> Mapping[str, Any]:
    if isinstance(spec, str):
        return {spec: {}}
    if not isinstance(spec, Mapping) or len(spec) != 1:
        raise SpecError(f"`{what}` is written as a name or `{{name: {{parameter: value}}}}`; found {spec!r}.")
    ((kind, settings),) = spec.items()
    return {kind: settings or {}}


def _clamp_truth(spec: Any) -> bool:
    check_keys("training", spec, allowed=("clamp_truth",), needed=())
    value = spec.get("clamp_truth", False)
    if not isinstance(value, bool):
        raise SpecError(f"`clamp_truth` is true or false; found {value!r}.")
    return value
