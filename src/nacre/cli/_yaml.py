"""Values as YAML, for recipes that a person goes on with."""

from __future__ import annotations

from typing import Any


def written(value: Any) -> str:
    """Return a value as one line of YAML."""
    import yaml

    text = yaml.safe_dump(value, default_flow_style=True, width=10_000, sort_keys=False, allow_unicode=True)
    return str(text).strip().removesuffix("...").strip()


def quoted(name: str) -> str:
    """Return a name of a field as SQL takes it."""
    return '"' + name.replace('"', '""') + '"'
