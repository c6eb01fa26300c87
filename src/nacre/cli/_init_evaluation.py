"""The recipe that `nacre init --evaluation` writes: evaluators of the catalogue for a file of responses."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nacre.cli._yaml import quoted, written
from nacre.errors import NacreError, WorkspaceError

if TYPE_CHECKING:
    import polars as pl

    from nacre.data import Dataset

NAMES = {
    "prompt": ("prompt", "question", "instruction", "query", "input", "inputs"),
    "response": ("response", "answer", "output", "outputs", "actual_output", "completion"),
    "reference": ("reference", "gold", "expected", "expected_output", "ground_truth", "target", "reference_answer"),
    "contexts": ("contexts", "context", "retrieved_contexts", "retrieval_context"),
    "prompt_id": ("prompt_id", "id", "uid"),
    "system": ("system", "model", "generator"),
}
"""What files call the fields of responses; the first that is there is taken."""


@dataclass(frozen=True)
class ResponseFile:
    """What a recipe needs to know about a file of responses; the defaults are an example.

    Args:
        source: The file.
        fields: What its columns are called, by field.
        format: The format of another tool; None for a table.
        long: From how many characters on a prompt is long.
    """

    source: str = "responses.jsonl"
    fields: dict[str, str] = field(default_factory=lambda: {"prompt": "prompt", "response": "response"})
    format: str | None = None
    long: int = 200


def evaluation_recipe(project: str, data: Path | None, folder: Path) -> str:
    """Return the text of a recipe, with the fields of a file of responses where one is given."""
    found = ResponseFile() if data is None else _look(data, folder)
    responses: dict[str, Any] = {"source": found.source}
    responses |= {name: column for name, column in found.fields.items() if name != column}
    if found.format is not None:
        responses["format"] = found.format
    evaluators = "\n".join(f"    {name}: catalogue" for name in _evaluators(found))
    return f"""# How responses are judged. `nacre run` scores them and keeps that as a run.
project: {written(project)}
evaluation:
  responses: {written(responses)}

  # What good means in your words, with a target to reach. Evaluators of the catalogue bring a criterion of their name.
  criteria:
    short: {{description: Says what matters and no more., target: 0.8}}

  # What scores: conditions, Python (code: evaluators.py:name), entries of the catalogue.
  evaluators:
    short: {{passes: {{expression: {written(f"LENGTH({quoted('response')}) < 1500")}}}}}
{evaluators}

  # Parts of the responses that are looked at by themselves, such as spanish: {{says: [prompt, es]}}
  slices:
    long_prompt: {{expression: {written(f"LENGTH({quoted('prompt')}) >= {found.long}")}}}
"""


def _evaluators(found: ResponseFile) -> list[str]:
    names = ["polite", "no_refusal", "no_personal_data"]
    names += ["contains_reference"] if "reference" in found.fields else []
    return names + (["groundedness"] if "contexts" in found.fields else [])


def _look(path: Path, folder: Path) -> ResponseFile:
    """Look at a file and guess; each guess is a line that the user can read and change."""
    from nacre.data import read
    from nacre.exchange import read_evaluation

    source = os.path.relpath(path.resolve(), folder.resolve())
    table: Dataset | None = None
    with suppress(NacreError):  # no table; a tool may have written it
        table = read(path)
    fields = {} if table is None else _fields(table.fields)
    if table is not None and {"prompt", "response"} <= set(fields):
        return ResponseFile(source, fields, long=_length(table.collect([fields["prompt"]]).to_series()))
    try:
        found = read_evaluation(path)
    except NacreError as error:
        names = "" if table is None else f" It has {', '.join(table.fields)}."
        raise WorkspaceError(
            f"{path} holds no prompts and responses under a name that Nacre guesses.{names} Name the columns under "
            f"`responses`, in a recipe that is written without --data. As results of another tool: {error}"
        ) from error
    if found.responses.is_empty():
        raise WorkspaceError(
            f"{path} holds prompts and no response, as {found.format}. Give the file with what a system answered."
        )
    known = [name for name in NAMES if name in found.responses.columns]
    return ResponseFile(source, {name: name for name in known}, found.format, _length(found.responses["prompt"]))


def _fields(columns: tuple[str, ...]) -> dict[str, str]:
    known = {name.lower(): name for name in columns}
    found = {name: next((known[guess] for guess in guesses if guess in known), "") for name, guesses in NAMES.items()}
    return {name: column for name, column in found.items() if column}


def _length(prompts: pl.Series) -> int:
    """Return the length that a quarter of the prompts reach."""
    import polars as pl

    lengths = prompts.cast(pl.String).str.len_chars()
    return int(lengths.quantile(0.75) or 0)
