"""alpaca_eval: the responses of a model, and what annotators said of pairs of them."""

from __future__ import annotations

from collections import Counter
from typing import Any

from nacre.exchange._draft import Draft
from nacre.exchange._format import Export, Format
from nacre.exchange._source import Row, Source
from nacre.exchange._values import text_of

CRITERION = "preferred"
_PAIR = ("instruction", "output_1", "output_2", "generator_1", "generator_2")


def required_text(row: Row, source: Source, key: str) -> str:
    """Return the text under a key, which every row needs."""
    text = text_of(row.values.get(key))
    if text is None:
        found = ", ".join(f"`{name}`" for name in row.values) or "nothing"
        raise source.error(row.where, key, f"found no value, expected a text (the row has {found}).", "Fill it.")
    return text


def _read_outputs(source: Source, draft: Draft) -> None:
    for row in source.rows:
        prompt = required_text(row, source, "instruction")
        if row.values.get("input"):
            prompt = f"{prompt}\n\n{row.values['input']}"
        rest = {
            key: value
            for key, value in row.values.items()
            if key not in ("instruction", "input", "output", "generator")
        }
        draft.response(prompt, text_of(row.values.get("output")), system=text_of(row.values.get("generator")), **rest)


def _read_annotations(source: Source, draft: Draft) -> None:
    rows = source.rows
    is_weighted = any(_is_weighted(row.values.get("preference")) for row in rows)
    if is_weighted:
        draft.note(
            "preference",
            "preferences between 1 and 2",
            "weighted by probability, so they are kept as numbers from 0 (lost) to 1 (won), not as won, tied or lost.",
        )
    numbers: dict[tuple[Any, ...], int] = {}
    seen: Counter[tuple[Any, ...]] = Counter()
    for row in rows:
        pair = tuple(text_of(row.values.get(key)) for key in _PAIR)
        annotator = text_of(row.values.get("annotator")) or CRITERION
        occurrence = (*pair, seen[*pair, annotator])  # an annotator may see a pair twice
        seen[*pair, annotator] += 1
        if occurrence not in numbers:
            numbers[occurrence] = _add_pair(row, source, draft)
        _add_preference(numbers[occurrence], annotator, row, source, draft, is_weighted)


def _add_pair(row: Row, source: Source, draft: Draft) -> int:
    values = row.values
    known = (*_PAIR, "annotator", "preference", "input")
    rest = {key: value for key, value in values.items() if key not in known and not _is_about_annotator(key)}
    return draft.response(
        required_text(row, source, "instruction"),
        text_of(values.get("output_2")),
        system=text_of(values.get("generator_2")),
        compared_response=text_of(values.get("output_1")),
        compared_system=text_of(values.get("generator_1")),
        **rest,
    )


def _is_about_annotator(key: str) -> bool:
    return key.startswith("preference_") or key in (
        "raw_completion",
        "time_per_example",
        "price_per_example",
        "date",
        "version",
    )


def _add_preference(row_id: int, annotator: str, row: Row, source: Source, draft: Draft, is_weighted: bool) -> None:
    value = row.values.get("preference")
    raw = row.values.get("preference_raw_completion", row.values.get("raw_completion"))
    draft.answers(annotator, criterion=CRITERION)
    for key in row.values:
        if _is_about_annotator(key) and not key.endswith("raw_completion"):
            draft.note(row.where, f"`{key}`", "a record of the annotator that no score needs.")
    rationale = text_of(raw)
    if value is None:
        draft.score(row_id, annotator, None, rationale=rationale, error="The annotator gave no preference.")
        return
    if isinstance(value, bool) or not isinstance(value, int | float) or not (value == 0 or 1 <= value <= 2):
        raise source.error(
            row.where,
            "preference",
            f"found {value!r}, expected 1, 2, 1.5 or 0.",
            "1: `output_1` is better; 2: `output_2`.",
        )
    share = 0.5 if value == 0 else float(value) - 1
    answer = share if is_weighted else {0.0: "lost", 0.5: "tied", 1.0: "won"}[share]
    draft.score(row_id, annotator, answer, rationale=rationale)


def _is_weighted(value: Any) -> bool:
    return isinstance(value, float) and 1 < value < 2 and value != 1.5


def _write_outputs(export: Export) -> list[dict[str, Any]]:
    export.leave(("prompt", "response", "system", "dataset"), "alpaca_eval")
    if None in export.column("response"):
        export.note("missing responses", "alpaca_eval has none; they are written as empty text.")
    columns = (export.column(name) for name in ("prompt", "response", "system", "dataset"))
    return [
        {
            "dataset": dataset or "nacre",
            "instruction": prompt,
            "output": response or "",
            "generator": system or "system",
        }
        for prompt, response, system, dataset in zip(*columns, strict=True)
    ]


def _is_outputs(source: Source) -> bool:
    return {"instruction", "output"} <= source.names


def _is_annotations(source: Source) -> bool:
    return {"instruction", "output_1", "output_2", "preference"} <= source.names


ALPACA_EVAL = Format("alpaca_eval", _is_outputs, _read_outputs, _write_outputs, (".json",))
ALPACA_EVAL_ANNOTATIONS = Format("alpaca_eval_annotations", _is_annotations, _read_annotations)
