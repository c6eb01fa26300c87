"""What a worker process does to a chunk: import a Python function by path and call it on each row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import polars as pl

from nacre.data import VoteSchema, schema_from_spec
from nacre.engine import CodeTask, from_ipc, to_ipc
from nacre.errors import SpecError
from nacre.functions._code import Code
from nacre.functions._function import Votes


def code_task(function: Code, schema: VoteSchema) -> CodeTask | None:
    """Return what a worker needs, or None where importing a file does not give the function."""
    if function.file is None or not function.is_as_in_file:
        return None
    path, name = function.file
    payload = {
        "name": function.name,
        "path": str(path.resolve()),
        "function": name,
        "version": function.version,
        "fingerprint": function.fingerprint,
        "schema": schema.spec(),
    }
    return CodeTask(run_code, orjson.dumps(payload).decode(), lambda message: _failed(message, schema))


def run_code(payload: str, chunk: bytes) -> bytes:
    """Vote on the rows of a chunk; called in a worker process."""
    task = orjson.loads(payload)
    path = Path(task["path"])
    where = f"{path.name}:{task['function']}"
    code = Code(task["name"], where, version=task["version"], folder=path.parent)
    if code.fingerprint != task["fingerprint"]:
        raise SpecError(f"`{path}`, or a file that it imports, was edited while it was applied: apply it again.")
    schema: Any = schema_from_spec(task["schema"])
    return to_ipc(code.vote(from_ipc(chunk), schema).to_frame())


def _failed(message: str, schema: VoteSchema) -> pl.DataFrame:
    return Votes(pl.Series([None], dtype=schema.dtype), pl.Series([message])).to_frame()
