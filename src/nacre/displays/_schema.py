"""Check a JSON value against the part of JSON Schema that charts use, with a message for people."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from nacre.errors import SchemaError, did_you_mean

Schema = Mapping[str, Any]

TEXT: Schema = {"type": "string"}
INTEGER: Schema = {"type": "integer"}
COUNT: Schema = {"type": "integer", "minimum": 0}
NUMBER: Schema = {"type": "number"}
NUMBER_OR_NULL: Schema = {"type": ["number", "null"]}
FORMAT: Schema = {"enum": ["share", "percent", "number"]}
ANCHOR: Schema = {"type": "string", "pattern": "^#[A-Za-z0-9_.-]+$"}
TEXTS: Schema = {"type": "array", "items": TEXT}

_TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (Mapping,),
    "array": (list, tuple),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


def record(required: Mapping[str, Schema], **optional: Schema) -> Schema:
    """Return the schema of an object with these properties and no other."""
    return {
        "type": "object",
        "properties": {**required, **optional},
        "required": list(required),
        "additionalProperties": False,
    }


MEASURE: Schema = record({"value": NUMBER_OR_NULL, "low": NUMBER_OR_NULL, "high": NUMBER_OR_NULL, "n": COUNT})


def check(value: object, schema: Schema, *, path: str) -> None:
    """Raise `SchemaError` where `value` does not follow `schema`; `path` names the value in the message."""
    _check_type(value, schema, path)
    _check_limits(value, schema, path)
    if isinstance(value, Mapping):
        _check_object(value, schema, path)
    elif isinstance(value, (list, tuple)):
        _check_array(value, schema, path)


def _check_type(value: object, schema: Schema, path: str) -> None:
    if "type" not in schema:
        return
    names = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    if not any(_is_a(value, name) for name in names):
        raise SchemaError(f"`{path}` is {value!r:.80}; expected {' or '.join(names)}.")


def _is_a(value: object, name: str) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    if isinstance(value, float) and not math.isfinite(value):
        return False  # JSON has neither NaN nor infinity
    return isinstance(value, _TYPES[name])


def _check_limits(value: object, schema: Schema, path: str) -> None:
    if "enum" in schema and value not in schema["enum"]:
        raise SchemaError(f"`{path}` is {value!r:.80}; expected one of {', '.join(map(str, schema['enum']))}.")
    if "minimum" in schema and isinstance(value, (int, float)) and value < schema["minimum"]:
        raise SchemaError(f"`{path}` is {value}; expected at least {schema['minimum']}.")
    if "pattern" in schema and isinstance(value, str) and not re.search(schema["pattern"], value):
        raise SchemaError(f"`{path}` is {value!r:.80}; expected text that matches {schema['pattern']}.")


def _check_object(value: Mapping[str, object], schema: Schema, path: str) -> None:
    properties: Mapping[str, Any] = schema.get("properties", {})
    missing = [name for name in schema.get("required", ()) if name not in value]
    if missing:
        raise SchemaError(f"`{path}` lacks `{missing[0]}`; it has {', '.join(value) or 'nothing'}.")
    for key, item in value.items():
        inner = properties.get(key, schema.get("additionalProperties"))
        if inner is False:
            hint = did_you_mean(key, properties)
            raise SchemaError(f"`{path}` has the unknown key `{key}`; known are {', '.join(properties)}.{hint}")
        if isinstance(inner, Mapping):
            check(item, inner, path=f"{path}.{key}")


def _check_array(value: Sequence[object], schema: Schema, path: str) -> None:
    if len(value) < schema.get("minItems", 0):
        raise SchemaError(f"`{path}` has {len(value)} items; expected at least {schema['minItems']}.")
    if "items" in schema:
        for place, item in enumerate(value):
            check(item, schema["items"], path=f"{path}[{place}]")
