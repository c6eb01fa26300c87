"""Read the evaluation files of other tools."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from nacre.errors import IngestError, UnknownNameError
from nacre.evaluation import Criterion
from nacre.exchange._draft import Draft
from nacre.exchange._format import Format
from nacre.exchange._formats import FORMATS
from nacre.exchange._imported import Imported
from nacre.exchange._source import Source

IMPORT_FORMATS = tuple(name for name, format in FORMATS.items() if format.read is not None)


def read_evaluation(
    path: str | Path,
    *,
    format: str | None = None,
    fields: Mapping[str, str] | None = None,
    criteria: Sequence[Criterion] = (),
    prompts: str | Path | None = None,
    refused: str | Path | None = None,
) -> Imported:
    """Return the responses, scores, evaluators and prompts that a file of another tool holds.

    promptfoo configurations and results, inspect_ai logs, deepeval, ragas and MLflow datasets and results, alpaca_eval
    outputs and annotations, OpenAI chats and batches, and tables (CSV, Parquet, Arrow, JSON Lines) with one response a
    row. What has no counterpart is listed in `unsupported`, by name. Nothing that a file names is run, and no file
    outside its folder is opened.

    Args:
        path: The file.
        format: One of `IMPORT_FORMATS`, where the content does not tell.
        fields: Of a table: what its columns are called, such as `{"prompt": "question"}`.
        criteria: Criteria that the scores are about, where their scale cannot be told from the scores.
        prompts: Of the answers of an OpenAI batch: the file that was sent.
        refused: Of a table: a file for bad rows, as for `nacre.data.read`; without it one bad row ends the import.

    Raises:
        IngestError: The file cannot be read as this format; the message names file, row, column, what was expected
            and what to do.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> line = '{"input": "2 + 2?", "actual_output": "4", "expected_output": "4"}'
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder) / "cases.jsonl"
        ...     n_characters = path.write_text(line)
        ...     imported = read_evaluation(path)
        >>> imported.format, imported.responses.select("prompt", "response", "reference").rows()
        ('deepeval', [('2 + 2?', '4', '4')])
    """
    source = Source(
        Path(path),
        None if refused is None else Path(refused),
        None if prompts is None else Path(prompts),
        fields or {},
    )
    chosen = _chosen(source, "table" if fields and format is None else format)
    draft = Draft(chosen.name, criteria)
    if chosen.read is not None:
        chosen.read(source, draft)
    imported = draft.finish()
    if imported.responses.is_empty() and imported.prompts is None and not imported.evaluators:
        left = "".join(f" {part}" for part in imported.unsupported[:3])
        raise IngestError(
            f"{source.path} holds no response and no prompt that can be read as `{chosen.name}`. Check that it was "
            f"written completely, or name another `format`.{left}"
        )
    return imported


def _chosen(source: Source, name: str | None) -> Format:
    if name is not None:
        if name not in IMPORT_FORMATS:
            raise UnknownNameError("import format", name, available=IMPORT_FORMATS)
        return FORMATS[name]
    for format in FORMATS.values():
        if format.recognises is not None and format.recognises(source):
            return format
    names = ", ".join(f"`{key}`" for key in sorted(source.names)[:12]) or "no names"
    raise IngestError(
        f"{source.path} has {names}, which is no format that Nacre knows ({', '.join(IMPORT_FORMATS)}). Name the "
        'columns of a table: `fields={"prompt": "...", "response": "..."}`, or pass `format=`.'
    )
