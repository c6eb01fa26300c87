"""`nacre.yaml`: one screen that says what a project does, checked before anything runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from nacre.data import LabelSchema, schema_from_spec
from nacre.errors import SpecError, did_you_mean
from nacre.functions import Function, Slice, condition_from_spec, function_from_spec

KEYS = ("project", "data", "schema", "functions", "slices", "label_model", "model", "training")
DATA_KEYS = ("source", "uid", "split", "truth", "format", "nulls")
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


def read_recipe(path: Path) -> Recipe:
    """Read a `nacre.yaml`; nothing that it names is opened or run."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise SpecError(f"There is no `{path}`. `nacre init` writes one, or name another with --file.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"`{path}` cannot be read as UTF-8 text: {error}.") from error
    return recipe_from_spec(_parse(text, path), folder=path.parent)


def recipe_from_spec(spec: Any, *, folder: Path) -> Recipe:
    """Return the recipe that a parsed `nacre.yaml` describes."""
    _check_keys("nacre.yaml", spec, allowed=KEYS, needed=("project", "data", "schema", "functions"))
    project = spec["project"]
    if not isinstance(project, str) or not project.isprintable() or not project.strip() or set(project) & set("/\\"):
        raise SpecError(f"`project` is a name without slashes; found {project!r}.")
    return Recipe(
        project=project,
        data=_data(spec["data"]),
        schema=_in("schema", lambda: schema_from_spec(spec["schema"])),
        functions=tuple(
            _in(f"functions: {name}", lambda name=name, part=part: function_from_spec(name, part))
            for name, part in _entries("functions", spec["functions"])
        ),
        slices=tuple(
            Slice(name, _in(f"slices: {name}", lambda part=part: condition_from_spec(part)))
            for name, part in _entries("slices", spec.get("slices") or {})
        ),
        label_model=_model_spec("label_model", spec.get("label_model", "class_conditional")),
        model=_model_spec("model", spec.get("model", "text_linear")),
        clamp_truth=_clamp_truth(spec.get("training") or {}),
        folder=folder,
    )


def _parse(text: str, path: Path) -> Any:
    import yaml

    try:
        return yaml.load(text, Loader=_loader(yaml))
    except yaml.YAMLError as error:
        place = getattr(error, "problem_mark", None)
        where = f" at line {place.line + 1}, column {place.column + 1}" if place else ""
        raise SpecError(f"`{path}` is not valid YAML{where}: {getattr(error, 'problem', error)}.") from error


def _loader(yaml: Any) -> Any:
    """A safe loader that refuses a key written twice: YAML would silently keep the last function of a name."""

    class Loader(yaml.SafeLoader):  # type: ignore[misc]
        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            seen = set()
            for key_node, _ in node.value:
                key = self.construct_object(key_node, deep=True)
                if isinstance(key, str) and key in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"the key `{key}` occurs twice", key_node.start_mark
                    )
                seen.add(key if isinstance(key, str) else repr(key))
            return super().construct_mapping(node, deep)

    return Loader


def _data(spec: Any) -> DataRecipe:
    if isinstance(spec, str):
        spec = {"source": spec}
    _check_keys("data", spec, allowed=DATA_KEYS, needed=("source",))
    options = {key: spec[key] for key in ("format", "nulls") if key in spec}
    split = _split(spec.get("split", {"by": "hash"}))
    return DataRecipe(str(spec["source"]), spec.get("uid"), split, spec.get("truth"), options)


def _split(spec: Any) -> HashSplit | str:
    if isinstance(spec, str):
        return spec
    _check_keys("data: split", spec, allowed=("by", "seed", *SPLITS), needed=("by",))
    if spec["by"] != "hash":
        return str(spec["by"])
    given = {name: spec[name] for name in SPLITS if name in spec}
    for name, share in given.items():
        if not isinstance(share, int | float) or isinstance(share, bool) or not 0 <= share <= 1:
            raise SpecError(f"`data: split` takes shares between 0 and 1; `{name}` is {share!r}.")
    shares = given or dict(DEFAULT_SHARES)
    if abs(sum(shares.values()) - 1) > 1e-6:
        raise SpecError(f"The shares of `data: split` must sum to 1; {shares} sum to {sum(shares.values()):g}.")
    return HashSplit(shares, int(spec.get("seed", 0)))


def _model_spec(what: str, spec: Any) -> Mapping[str, Any]:
    if isinstance(spec, str):
        return {spec: {}}
    if not isinstance(spec, Mapping) or len(spec) != 1:
        raise SpecError(f"`{what}` is written as a name or `{{name: {{parameter: value}}}}`; found {spec!r}.")
    ((kind, parameters),) = spec.items()
    return {str(kind): dict(parameters or {})}


def _clamp_truth(spec: Any) -> bool:
    _check_keys("training", spec, allowed=("clamp_truth",), needed=())
    value = spec.get("clamp_truth", False)
    if not isinstance(value, bool):
        raise SpecError(f"`clamp_truth` is true or false; found {value!r}.")
    return value


def _entries(what: str, spec: Any) -> list[tuple[str, Any]]:
    if not isinstance(spec, Mapping):
        raise SpecError(f"`{what}` is written as `name: {{...}}`, one entry each; found {spec!r}.")
    return [(str(name), part) for name, part in spec.items()]


def _check_keys(what: str, spec: Any, *, allowed: tuple[str, ...], needed: tuple[str, ...]) -> None:
    if not isinstance(spec, Mapping):
        raise SpecError(f"`{what}` is written as `key: value`; found {spec!r}.")
    for key in spec:
        if key not in allowed:
            hint = did_you_mean(str(key), allowed)
            raise SpecError(f"`{what}` has no key `{key}`; it has {', '.join(allowed)}.{hint}")
    for key in needed:
        if key not in spec:
            raise SpecError(f"`{what}` lacks `{key}`; found {', '.join(map(str, spec)) or 'nothing'}.")


def _in(where: str, make: Any) -> Any:
    """Say where in the file an error is."""
    try:
        return make()
    except SpecError as error:
        raise SpecError(f"In `{where}`: {error}") from error
