"""What can be known to be wrong before anything is computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from nacre.data import Dataset, VoteSchema
from nacre.engine import Derived, split_name
from nacre.errors import SchemaError, UnknownFieldError
from nacre.functions import Declarative, Function


def check_names(functions: Sequence[Function]) -> None:
    """Refuse functions that share a name."""
    names = [function.name for function in functions]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise SchemaError(f"Functions need different names; {', '.join(repeated)} occurs more than once.")


def check_functions(
    functions: Sequence[Function], data: Dataset, derived: Mapping[str, Derived], schema: VoteSchema | None
) -> None:
    """Refuse functions that read fields that are not there, or of types that they cannot read.

    Args:
        functions: Resolved functions.
        data: What they read.
        derived: How the derived columns among their `reads` are made.
        schema: What they vote on; None where they answer with numbers.
    """
    types: dict[str, pl.DataType] = {}
    for function in functions:
        for name in function.reads:
            if split_name(name)[0] not in data.schema:
                raise UnknownFieldError(split_name(name)[0], available=data.fields, reader=function.name)
            if name not in types:
                types[name] = _type(name, data, derived)
        if isinstance(function, Declarative) and schema is not None:
            function.check({name: types[name] for name in function.reads}, schema)


def _type(name: str, data: Dataset, derived: Mapping[str, Derived]) -> pl.DataType:
    field, suffix = split_name(name)
    if not suffix:
        return data.schema[name]
    return derived[suffix].compute(pl.Series(field, [], dtype=data.schema[field])).dtype
