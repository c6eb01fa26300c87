"""deepeval and ragas: tables whose columns have the names of the tool."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nacre.exchange._draft import Draft
from nacre.exchange._format import Export, Format
from nacre.exchange._source import Row, Source
from nacre.exchange._values import contexts_of, object_of, text_of


@dataclass(frozen=True)
class FieldNames:
    """How a tool calls the agreed fields; the first name that a row has counts.

    Args:
        tool: The tool.
        prompt: Names of the prompt.
        response: Names of the response.
        reference: Names of the reference.
        contexts: Names of the contexts.
        metadata: Names of the metadata.
        lists: Further columns that hold lists of texts.
        others: Further columns that the tool knows; numbers in columns that it does not know are scores.
        has_scores: Whether numbers in further columns are scores.
        separator: What stands between contexts that were written into one text.
    """

    tool: str
    prompt: tuple[str, ...]
    response: tuple[str, ...]
    reference: tuple[str, ...]
    contexts: tuple[str, ...]
    metadata: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    has_scores: bool = False
    separator: str = ""

    @property
    def known(self) -> frozenset[str]:
        """Every name that the tool gives a column."""
        parts = (self.prompt, self.response, self.reference, self.contexts, self.metadata, self.lists, self.others)
        return frozenset(name for part in parts for name in part)


def _first(values: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((values[name] for name in names if values.get(name) is not None), None)


def read_field_names(source: Source, draft: Draft, names: FieldNames) -> None:
    """Add rows whose columns have the names of a tool."""
    score_columns = _score_columns(source, names) if names.has_scores else ()
    for row in source.rows:
        values = row.values
        prompt = _first(values, names.prompt)
        if isinstance(prompt, list):
            draft.note(row.where, f"a conversation in `{names.prompt[0]}`", "conversations are not evaluated yet.")
            continue
        if prompt is None:
            raise source.error(
                row.where,
                names.prompt[0],
                "found no value, expected the prompt.",
                'Fill it, or name the column of the prompt: `format="table", fields={"prompt": ...}`.',
            )
        row_id = _add(row, draft, names, str(text_of(prompt)), score_columns)
        for name in score_columns if row_id is not None else ():
            draft.score(row_id, name, values.get(name))  # type: ignore[arg-type]


def _add(row: Row, draft: Draft, names: FieldNames, prompt: str, scores: tuple[str, ...]) -> int | None:
    values = row.values
    agreed = {*names.prompt, *names.response, *names.reference, *names.contexts, *names.metadata, *scores}
    agreed |= {"row_id", "uid", "repeat"}
    fields = {key: value for key, value in values.items() if key not in agreed and value is not None}
    metadata = _first(values, names.metadata)
    reference = _first(values, names.reference)
    fields |= {
        "reference": text_of(reference[0] if isinstance(reference, list) and reference else reference),
        "contexts": contexts_of(_first(values, names.contexts), separator=names.separator),
        "metadata": object_of(metadata) or metadata,
        **{
            key: contexts_of(values.get(key), separator=names.separator)
            for key in names.lists
            if values.get(key) is not None
        },
    }
    if isinstance(reference, list) and len(reference) > 1:
        draft.note(row.where, "further references", "the first is the reference.")
    response = text_of(_first(values, names.response))
    if response is None:
        draft.note(row.where, "a row without response", "it is a reference prompt, in `prompts`.")
        draft.prompt(prompt, **fields)
        return None
    return draft.response(prompt, response, **fields)


def _score_columns(source: Source, names: FieldNames) -> tuple[str, ...]:
    """Return the columns of numbers that the tool has no other use for: its metrics."""
    columns: dict[str, bool] = {}
    for row in source.rows:
        for key, value in row.values.items():
            if key not in names.known and value is not None and key not in ("row_id", "uid", "prompt_id", "repeat"):
                is_score = isinstance(value, int | float)
                columns[key] = columns.get(key, True) and is_score
    return tuple(key for key, is_score in columns.items() if is_score)


DEEPEVAL_FIELDS = FieldNames(
    "deepeval",
    ("input",),
    ("actual_output", "actualOutput"),
    ("expected_output", "expectedOutput"),
    ("retrieval_context", "retrievalContext"),
    ("additional_metadata", "metadata"),
    ("context",),
    separator="|",
)
RAGAS_FIELDS = FieldNames(
    "ragas",
    ("user_input", "question"),
    ("response", "answer"),
    ("reference", "ground_truth", "ground_truths"),
    ("retrieved_contexts", "contexts"),
    lists=("reference_contexts", "retrieved_context_ids", "reference_context_ids", "multi_responses"),
    others=(
        "rubrics",
        "persona_name",
        "query_style",
        "query_length",
        "synthesizer_name",
        "episode_done",
    ),
    has_scores=True,
)


def _write_deepeval(export: Export) -> list[dict[str, Any]]:
    export.leave(("prompt", "response", "reference", "contexts", "metadata", "context"), "deepeval")
    is_json = export.suffix == ".json"
    if not is_json and any("|" in text for texts in export.column("contexts") for text in texts or ()):
        export.note("contexts that hold `|`", "deepeval splits them there. Write a `.json` file to keep them.")
    names = ("prompt", "response", "reference", "contexts", "context", "metadata")
    return [
        {
            "input": prompt,
            "actual_output": response,
            "expected_output": reference,
            "retrieval_context": contexts if is_json or contexts is None else "|".join(contexts),
            "context": context if is_json or not isinstance(context, list) else "|".join(map(str, context)),
            "additional_metadata": metadata,
        }
        for prompt, response, reference, contexts, context, metadata in zip(*map(export.column, names), strict=True)
    ]


def _write_ragas(export: Export) -> list[dict[str, Any]]:
    export.leave(("prompt", "response", "reference", "contexts"), "ragas")
    names = {"user_input": "prompt", "retrieved_contexts": "contexts", "response": "response", "reference": "reference"}
    rows = zip(*map(export.column, names.values()), strict=True)
    return [
        {name: value for name, value in zip(names, row, strict=True) if value is not None or export.suffix == ".csv"}
        for row in rows
    ]


def _is_ragas(source: Source) -> bool:
    old = {"question", "answer"} <= source.names and bool({"ground_truth", "ground_truths", "contexts"} & source.names)
    return "user_input" in source.names or old


DEEPEVAL = Format(
    "deepeval",
    lambda source: {"input", "actual_output"} <= source.names,
    lambda source, draft: read_field_names(source, draft, DEEPEVAL_FIELDS),
    _write_deepeval,
    (".json", ".jsonl", ".csv"),
)
RAGAS = Format(
    "ragas",
    _is_ragas,
    lambda source, draft: read_field_names(source, draft, RAGAS_FIELDS),
    _write_ragas,
    (".jsonl", ".csv", ".json"),
)
