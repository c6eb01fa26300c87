"""Specs as the lines of `nacre.yaml` that people read and paste: one entry a line where it fits."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

ENTRIES = ("functions", "slices", "criteria", "evaluators")
_WIDTH = 100


def recipe_text(spec: Mapping[str, Any]) -> str:
    """Return the text of a `nacre.yaml`.

    Examples:
        >>> print(recipe_text({"project": "mail", "schema": {"classes": ["ham", "spam"]}}), end="")
        project: mail
        schema: {classes: [ham, spam]}
    """
    return "".join(f"{_part(key, value)}\n" for key, value in spec.items())


def _part(key: str, value: Any) -> str:
    if key == "evaluation":
        lines = (line for part, spec in value.items() for line in _part(part, spec).split("\n"))
        return "\n".join([f"{key}:", *(f"  {line}" for line in lines)])
    return entries(key, value) if key in ENTRIES else "\n".join(_entry(key, value))


def entries(key: str, specs: Mapping[str, Any]) -> str:
    """Return specs by name as the lines of one key of `nacre.yaml`.

    Examples:
        >>> print(entries("functions", {"free": {"label": "spam", "when": {"keyword": ["body", "free cash"]}}}))
        functions:
          free: {label: spam, when: {keyword: [body, free cash]}}
    """
    if not specs:
        return f"{key}: {{}}"
    lines = (f"  {line}" for name, spec in specs.items() for line in _entry(name, spec, indent=2))
    return "\n".join([f"{key}:", *lines])


def _entry(name: str, spec: Any, indent: int = 0) -> Iterator[str]:
    """Yield one line where it fits, else a line per key."""
    line = f"{_flow(name)}: {_flow(spec)}"
    if len(line) + indent <= _WIDTH or not isinstance(spec, Mapping) or not spec:
        yield line
        return
    yield f"{_flow(name)}:"
    for key, value in spec.items():
        # Inside brackets and quotes YAML folds further lines, however deep they begin.
        yield re.sub(r"\n *", "\n" + " " * (indent + 4), f"  {_flow(key)}: {_flow(value, width=_WIDTH - indent)}")


def _flow(value: Any, width: float = math.inf) -> str:
    """Return a JSON value in the brackets of YAML."""
    import yaml

    plain = orjson.loads(orjson.dumps(value, default=dict))  # tuples become lists, mappings dicts
    shown: str = yaml.dump(
        plain, Dumper=_dumper(yaml), default_flow_style=True, sort_keys=False, allow_unicode=True, width=width
    )
    return shown.removesuffix("\n").removesuffix("\n...")


def _dumper(yaml: Any) -> Any:
    """A safe dumper that escapes line breaks: a name over several lines could be no key."""

    class Dumper(yaml.SafeDumper):  # type: ignore[misc]
        def represent_str(self, data: str) -> Any:
            style = '"' if len(data.splitlines()) > 1 or data != data.rstrip("\n\r\x85\u2028\u2029") else None
            return self.represent_scalar("tag:yaml.org,2002:str", data, style=style)

    Dumper.add_representer(str, Dumper.represent_str)
    return Dumper
