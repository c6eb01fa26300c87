"""YAML 1.2 from untrusted files: plain data only, and no more of it than was written."""

from __future__ import annotations

import re
from typing import Any

from nacre.errors import IngestError

MAX_NODES = 2_000_000  # after aliases are followed: a few lines of them grow to gigabytes

# YAML 1.1, which pyyaml reads, takes `yes` for true and `10:00` for 600; tools written in JavaScript do not.
_SCALARS = (
    ("tag:yaml.org,2002:bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("tag:yaml.org,2002:null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("tag:yaml.org,2002:int", r"[-+]?(0|[1-9][0-9]*)|0x[0-9a-fA-F]+", "-+0123456789"),
    ("tag:yaml.org,2002:float", r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*)([eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("tag:yaml.org,2002:merge", r"<<", "<"),
)


def parse_yaml(data: bytes, name: str) -> Any:
    """Return what a YAML text holds."""
    import yaml

    try:
        loader = _loader(yaml)(data.decode("utf-8-sig"))
        root = loader.get_single_node()
        if root is None:
            raise IngestError(f"{name} is empty. Check that it was written completely.")
        _check(yaml, root, name)
        return loader.construct_document(root)
    except IngestError:  # which is a ValueError, and says what is wrong
        raise
    except UnicodeDecodeError as error:
        raise IngestError(f"{name} is not UTF-8 ({error}). Save it as UTF-8.") from error
    except yaml.YAMLError as error:
        place = getattr(error, "problem_mark", None)
        where = f", line {place.line + 1}, column {place.column + 1}" if place else ""
        raise IngestError(
            f"{name}{where}: this is no YAML that can be read ({getattr(error, 'problem', None) or error}). Correct it."
        ) from error
    except RecursionError as error:
        raise IngestError(f"{name} is nested too deep. Write it flatter.") from error
    except ValueError as error:
        raise IngestError(f"{name} holds a value that cannot be read: {error}. Put text in quotes.") from error


def _loader(yaml: Any) -> Any:
    class Loader(yaml.SafeLoader):  # type: ignore[misc]
        yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 (the attribute that pyyaml fills)

    for tag, pattern, first in _SCALARS:
        Loader.add_implicit_resolver(tag, re.compile(rf"^(?:{pattern})$"), list(first))
    return Loader


def _check(yaml: Any, root: Any, name: str) -> None:
    """Refuse a document that grows without end, or gives a key twice."""
    sizes: dict[int, int | None] = {}

    def size(node: Any) -> int:
        known = sizes.get(id(node), 0)
        if known is None:
            raise IngestError(
                f"{name}, line {node.start_mark.line + 1}: a part holds itself. Repeat the value instead."
            )
        if known:
            return known
        sizes[id(node)] = None
        children: list[Any] = []
        if isinstance(node, yaml.SequenceNode):
            children = node.value
        elif isinstance(node, yaml.MappingNode):
            _check_keys(yaml, node, name)
            children = [part for pair in node.value for part in pair]
        total = 1 + sum(map(size, children))
        if total > MAX_NODES:
            raise IngestError(f"{name} grows to more than {MAX_NODES:,} values by its aliases. Write them out.")
        sizes[id(node)] = total
        return total

    size(root)


def _check_keys(yaml: Any, node: Any, name: str) -> None:
    seen = set()
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode) or key.tag == "tag:yaml.org,2002:merge":
            continue
        if key.value in seen:
            raise IngestError(
                f"{name}, line {key.start_mark.line + 1}: the key `{key.value}` occurs twice. Remove or rename one."
            )
        seen.add(key.value)
