"""`nacre.yaml`: one screen that says what a project does, checked before anything runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from nacre.data import LabelSchema, schema_from_spec
from nacre.errors import SchemaError, SpecError, did_you_mean
from nacre.functions import Function, Slice, condition_from_spec, function_from_spec
from nacre.label_models import label_model_from_spec
from nacre.models import model_from_spec
from nacre.workspace import check_project_name

KEYS = ("project", "data", "schema", "functions", "slices", "label_model", "model", "training")
READER_KEYS = ("format", "nulls", "encoding", "separator", "header", "dtypes", "rename", "fields")
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
    _check_keys("nacre.yaml", spec, allowed=KEYS, needed=("project", "data", "schema", "functions", "model"))
    check_project_name(spec["project"])
    with _within("data"):
        data = _data(spec["data"])
    with _within("schema"):
        schema = schema_from_spec(spec["schema"])
    label_model = _model_spec("label_model", spec.get("label_model", "class_conditional"))
    model = _model_spec("model", spec["model"])
    with _within("label_model"):
        label_model_from_spec(label_model)
    with _within("model"):
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
    for name, part in _entries("functions", spec):
        with _within(f"functions: {name}"):
            found.append(function_from_spec(name, part))
    return tuple(found)


def _slices(spec: Any) -> tuple[Slice, ...]:
    found = []
    for name, part in _entries("slices", spec):
        with _within(f"slices: {name}"):
            found.append(Slice(name, condition_from_spec(part)))
    return tuple(found)


def _parse(text: str, path: Path) -> Any:
    import yaml

    try:
        return yaml.load(text, Loader=_loader(yaml))
    except yaml.YAMLError as error:
        place = getattr(error, "problem_mark", None)
        where = f" at line {place.line + 1}, column {place.column + 1}" if place else ""
        raise SpecError(f"`{path}` is not valid YAML{where}: {getattr(error, 'problem', None) or error}.") from error
    except RecursionError as error:
        raise SpecError(f"`{path}` is nested too deep to be a recipe.") from error
    except ValueError as error:  # a date that no calendar has
        raise SpecError(f"`{path}` holds a value that cannot be read: {error}. Put text in quotes.") from error


def _loader(yaml: Any) -> Any:
    """A safe loader that refuses what a recipe, which JSON and forms can hold as well, has no use for.

    A key written twice: YAML would silently keep the last function of a name. Aliases: a few lines of them grow to
    gigabytes.
    """

    class Loader(yaml.SafeLoader):  # type: ignore[misc]
        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.AliasEvent):
                mark = self.peek_event().start_mark
                raise yaml.composer.ComposerError(None, None, "a recipe has no aliases; repeat the value", mark)
            return super().compose_node(parent, index)

        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            seen = set()
            for key_node, _ in node.value:
                key = (key_node.tag, key_node.value if isinstance(key_node, yaml.ScalarNode) else key_node.start_mark)
                if key in seen:
                    problem = f"the key `{key_node.value}` occurs twice"
                    raise yaml.constructor.ConstructorError(None, None, problem, key_node.start_mark)
                seen.add(key)
            return super().construct_mapping(node, deep)

    return Loader


def _data(spec: Any) -> DataRecipe:
    if isinstance(spec, str):
        spec = {"source": spec}
    _check_keys("data", spec, allowed=DATA_KEYS, needed=("source",))
    for key in ("source", "uid", "truth", "format", "encoding", "separator"):
        if key in spec and not isinstance(spec[key], str):
            raise SpecError(f"`{key}` is text; found {spec[key]!r}.")
    options = {key: spec[key] for key in READER_KEYS if key in spec}
    if isinstance(options.get("nulls", ()), str) or not _are_texts(options.get("nulls", ())):
        raise SpecError(f'`nulls` is a list of words that mean "missing", in quotes; found {options["nulls"]!r}.')
    for key in ("dtypes", "rename"):
        if key in options and not isinstance(options[key], Mapping):
            raise SpecError(f"`{key}` is written as `{{field: ...}}`; found {options[key]!r}.")
    if "header" in options and not isinstance(options["header"], bool):
        raise SpecError(f"`header` is true or false; found {options['header']!r}.")
    if "fields" in options and not _are_texts(options["fields"]):
        raise SpecError(f"`fields` is a list of field names; found {options['fields']!r}.")
    split = _split(spec.get("split", {"by": "hash"}))
    return DataRecipe(spec["source"], spec.get("uid"), split, spec.get("truth"), options)


def _are_texts(values: Any) -> bool:
    return isinstance(values, list | tuple) and all(isinstance(value, str) for value in values)


def _split(spec: Any) -> HashSplit | str:
    if isinstance(spec, str):
        return spec
    _check_keys("split", spec, allowed=("by", "seed", *SPLITS), needed=("by",))
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
    _check_keys("training", spec, allowed=("clamp_truth",), needed=())
    value = spec.get("clamp_truth", False)
    if not isinstance(value, bool):
        raise SpecError(f"`clamp_truth` is true or false; found {value!r}.")
    return value


def _entries(what: str, spec: Any) -> Iterator[tuple[str, Any]]:
    if not isinstance(spec, Mapping):
        raise SpecError(f"`{what}` is written as `name: {{...}}`, one entry each; found {spec!r}.")
    for name, part in spec.items():
        if not isinstance(name, str):
            raise SpecError(f"A name in `{what}` is text; YAML reads this one as {name!r}. Put it in quotes.")
        yield name, part


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


@contextmanager
def _within(where: str) -> Iterator[None]:
    """Say where in the file an error is."""
    try:
        yield
    except SchemaError as error:
        raise SpecError(f"In `{where}`: {error}") from error
