"""`nacre.yaml` as it is read: YAML without traps, unknown keys refused, and errors that say where they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nacre.errors import SchemaError, SpecError, UnknownNameError, did_you_mean

READER_KEYS = ("format", "nulls", "encoding", "separator", "header", "dtypes", "rename", "fields")


def read_spec(path: Path) -> Any:
    """Return what a `nacre.yaml` says; nothing that it names is opened or run."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise SpecError(f"There is no `{path}`. `nacre init` writes one, or name another with --file.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"`{path}` cannot be read as UTF-8 text: {error}.") from error
    return _parse(text, path)


def reader_options(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return how a source is read, as arguments of the reader."""
    check_texts(spec, ("format", "encoding", "separator"))
    options: dict[str, Any] = {key: spec[key] for key in READER_KEYS if key in spec}
    if isinstance(options.get("nulls", ()), str) or not _are_texts(options.get("nulls", ())):
        raise SpecError(f'`nulls` is a list of words that mean "missing", in quotes; found {options["nulls"]!r}.')
    for key in ("dtypes", "rename"):
        if key in options and not isinstance(options[key], Mapping):
            raise SpecError(f"`{key}` is written as `{{field: ...}}`; found {options[key]!r}.")
    if "header" in options and not isinstance(options["header"], bool):
        raise SpecError(f"`header` is true or false; found {options['header']!r}.")
    if "fields" in options and not _are_texts(options["fields"]):
        raise SpecError(f"`fields` is a list of field names; found {options['fields']!r}.")
    return options


def check_texts(spec: Mapping[str, Any], keys: Sequence[str]) -> None:
    """Raise where one of these keys is there and no text."""
    for key in keys:
        if key in spec and not isinstance(spec[key], str):
            raise SpecError(f"`{key}` is text; found {spec[key]!r}.")


def named_parts(what: str, spec: Any) -> Iterator[tuple[str, Any]]:
    """Yield name and spec of each entry."""
    if not isinstance(spec, Mapping):
        raise SpecError(f"`{what}` is written as `name: {{...}}`, one entry each; found {spec!r}.")
    for name, part in spec.items():
        if not isinstance(name, str):
            raise SpecError(f"A name in `{what}` is text; YAML reads this one as {name!r}. Put it in quotes.")
        yield name, part


def check_keys(what: str, spec: Any, *, allowed: tuple[str, ...], needed: tuple[str, ...]) -> None:
    """Raise for a key that is not known, and for one that is missing."""
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
def within(where: str) -> Iterator[None]:
    """Say where in the file an error is."""
    try:
        yield
    except (SchemaError, UnknownNameError) as error:
        raise SpecError(f"In `{where}`: {error}") from error


def _are_texts(values: Any) -> bool:
    return isinstance(values, list | tuple) and all(isinstance(value, str) for value in values)


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
