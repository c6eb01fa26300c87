"""Write responses and scores as files that other tools read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from nacre.data import Dataset, to_polars, write, written_aside
from nacre.errors import SchemaError, SpecError, UnknownNameError
from nacre.evaluation import Scores, read_responses
from nacre.exchange._draft import prompt_columns
from nacre.exchange._format import Export, Format
from nacre.exchange._formats import FORMATS
from nacre.exchange._imported import Unsupported

EXPORT_FORMATS = tuple(name for name, format in FORMATS.items() if format.write is not None)


def write_evaluation(
    path: str | Path,
    responses: Dataset | Any,
    scores: Scores | None = None,
    *,
    format: str = "table",
    model: str | None = None,
    force: bool = False,
) -> tuple[Unsupported, ...]:
    r"""Write responses, or reference prompts, to a file and return what the format could not hold.

    `table` holds all: a row per response with `NAME/score`, `NAME/status` and, where there are any, `NAME/rationale`
    and `NAME/message` of each evaluator. The file is written aside and then takes its name: a reader sees the old
    file or the whole new one.

    Args:
        path: The file; its suffix chooses between JSON, JSON Lines, CSV and Parquet where the format leaves a choice.
        responses: Responses, with the names that `read_responses` gives them; without a `response` they are prompts.
        scores: What evaluators said of the responses.
        format: One of `EXPORT_FORMATS`.
        model: For `openai_batch`: the model that answers.
        force: Whether a file that is there may be replaced.

    Raises:
        SchemaError: The file is there, or the scores are about other responses.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> answers = pl.DataFrame({"prompt": ["2 + 2?"], "response": ["4"]})
        >>> with TemporaryDirectory() as folder:
        ...     left = write_evaluation(Path(folder) / "cases.jsonl", answers, format="ragas")
        ...     text = (Path(folder) / "cases.jsonl").read_text()
        >>> text, left
        ('{"user_input":"2 + 2?","response":"4"}\n', ())
    """
    if format not in EXPORT_FORMATS:
        raise UnknownNameError("export format", format, available=EXPORT_FORMATS)
    chosen, target = FORMATS[format], Path(path)
    suffix = _suffix(target, chosen)
    if target.exists() and not force:
        raise SchemaError(f"`{target}` is there. Name another file, or pass `force=True` to replace it.")
    export = Export(_table(responses), scores, suffix, model)
    if scores is not None:
        _check_scores(scores, export.responses)
    written = chosen.write(export) if chosen.write is not None else []
    _put(written, target, suffix)
    return tuple(export.notes.values())


def _suffix(path: Path, format: Format) -> str:
    suffix = path.suffix.lower()
    if suffix not in format.suffixes:
        expected = " or ".join(format.suffixes)
        raise SpecError(f"`{format.name}` is written to {expected} files; found `{path.name}`.")
    return suffix


def _table(responses: Dataset | Any) -> pl.DataFrame:
    frame = responses.collect() if isinstance(responses, Dataset) else to_polars(responses)
    if "response" in frame.columns:
        return read_responses(frame).collect()
    table = read_responses(frame.with_columns(response=pl.lit(None, dtype=pl.String))).collect()
    return table.select("row_id", *prompt_columns(table.columns))


def _check_scores(scores: Scores, responses: pl.DataFrame) -> None:
    lost = scores.responses.join(responses, on="row_id", how="anti")
    if len(lost):
        raise SchemaError(
            f"The scores name the response {lost.item(0, 'row_id')}, which is not among the {len(responses):,} "
            "responses. Pass the responses that were scored."
        )


def _put(written: list[dict[str, Any]] | Mapping[str, Any] | pl.DataFrame, path: Path, suffix: str) -> None:
    if isinstance(written, pl.DataFrame):
        write(written, path)
    elif suffix == ".csv":
        write(pl.DataFrame(written, infer_schema_length=None), path)
    else:
        with written_aside(path) as partial:
            partial.write_bytes(_text(written, suffix))


def _text(written: list[dict[str, Any]] | Mapping[str, Any], suffix: str) -> bytes:
    if suffix == ".jsonl":
        return b"".join(orjson.dumps(row, default=str) + b"\n" for row in written)
    if suffix == ".json":
        return orjson.dumps(written, default=str, option=orjson.OPT_INDENT_2) + b"\n"
    import yaml

    return str(yaml.safe_dump(written, allow_unicode=True, sort_keys=False, width=120)).encode()
