"""Labels and scores that people or other tools gave to responses, tied to the text of prompt and response.

A label is about a response, not about its place in a file: it holds in every run in which the same response to the
same prompt comes again, and in no other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from nacre.data import utc_times
from nacre.errors import IngestError
from nacre.loop._evaluation_recipe import TableRecipe
from nacre.loop._label_sheet import ROW, read_sheet
from nacre.loop._response_keys import WHERE, check_certain, found_by_text, lookup_columns, plain_texts, text_keys

PLACES = ("key", "uid", "prompt_id", "prompt", "row")
_TEXTS = ("key", "uid", "prompt_id", "prompt", "response", "criterion", "score", "annotator", "explanation", "golden")
_MORE_TEXTS = ("system", "evaluator", "rationale", "at", "weight")
_CONTENT = ("response", "criterion", "score", "annotator", "evaluator", "explanation", "rationale")


def read_labels(
    path: Path,
    *,
    table: TableRecipe | None,
    responses: pl.DataFrame,
    criteria: Sequence[str],
    before: pl.DataFrame | None = None,
    refused: Path | None = None,
) -> pl.DataFrame:
    """Return the labels in a file: a row per label, with `key`, `prompt_id` and `repeat` of its response.

    A file has a row per label, with `criterion` and `score`, or a row per response and a column per criterion. One that
    names prompts says nothing of a response that came after it: only labels that are new or edited since `before` are
    about the responses that are there now.

    Args:
        path: The file.
        table: What the recipe says of it.
        responses: What `response_keys` returned.
        criteria: The names of the criteria.
        before: The labels that were read from this file before.
        refused: A file for rows that cannot be read; without it one of them is an error.

    Raises:
        IngestError: The file does not say which response a label is about, or names one that is not there or twice.
    """
    recipe = TableRecipe(str(path)) if table is None else table
    texts = (*_TEXTS, *_MORE_TEXTS, *criteria)
    sheet = read_sheet(path, fields=recipe.fields, options=recipe.options, texts=texts, refused=refused)
    scored = _with_scores(_numbered(_rearmed(sheet), path), recipe.values, criteria, path)
    labels = _labels(scored, responses, before, path)
    _check_once(labels, path)
    return labels.drop(ROW)


def _rearmed(table: pl.DataFrame) -> pl.DataFrame:
    """Take back what the export of a sheet for experts did to text that a spreadsheet would run."""
    if "key" not in table.columns:
        return table
    texts = [name for name in ("prompt_id", "prompt", "response") if name in table.columns]
    return table.with_columns(pl.col(name).str.replace(r"^'([=+\-@\t\r])", "$1") for name in texts)


def _numbered(table: pl.DataFrame, path: Path) -> pl.DataFrame:
    """Return the sheet with `repeat` as whole numbers; a spreadsheet may hold it as text, or empty."""
    if "repeat" not in table.columns:
        return table
    text = pl.col("repeat").cast(pl.String).str.strip_chars().str.replace(r"\.0+$", "")
    numbered = table.with_columns(repeat=text.replace("", None).cast(pl.Int64, strict=False))
    wrong = table.filter(numbered.get_column("repeat").is_null() & table.select(text).to_series().str.len_chars().gt(0))
    if len(wrong):
        raise IngestError(
            f"{path}, row {wrong.item(0, ROW)}: `repeat` is {wrong.item(0, 'repeat')!r}; expected a whole number, or "
            "nothing. Leave the column as it was exported."
        )
    return numbered.drop("repeat") if numbered.get_column("repeat").is_null().all() else numbered


def _with_scores(
    table: pl.DataFrame, values: Mapping[str, str | None], criteria: Sequence[str], path: Path
) -> pl.DataFrame:
    """Return a row per label that is one, with `criterion` and `score`."""
    if "score" not in table.columns:
        table = _long(table, criteria, path)
    if "criterion" not in table.columns:
        if len(criteria) != 1:
            raise IngestError(f"{path} has `score` and does not say of which `criterion`: {', '.join(criteria)}.")
        table = table.with_columns(criterion=pl.lit(criteria[0]))
    score = pl.col("score").cast(pl.String).str.strip_chars()
    if values:
        score = score.str.replace(r"^(-?\d+)\.0+$", "$1").replace(values)
    table = table.with_columns(score)
    return table.filter(pl.col("score").fill_null("") != "")


def _labels(table: pl.DataFrame, responses: pl.DataFrame, before: pl.DataFrame | None, path: Path) -> pl.DataFrame:
    """Return labels with `key`, `prompt_id` and `repeat` of their response."""
    place = next((name for name in PLACES if name in table.columns), None)
    if place is None or (place == "prompt" and "response" not in table.columns):
        there = ", ".join(name for name in table.columns if name != ROW)
        raise IngestError(
            f"{path} does not say which response a label is about. It needs a column `uid`, `prompt_id` (and "
            f"`repeat`), `prompt` and `response`, or `row`; it has {there}."
        )
    if place in ("key", "prompt"):
        if place == "prompt":
            table = table.with_columns(key=text_keys(table.get_column("prompt"), table.get_column("response")))
        table = found_by_text(table, responses)
        _check_found(table, place, path)
        return _with_place(table, responses)
    return _looked_up(table, place, responses, before=before, path=path)


def with_times(labels: pl.DataFrame) -> pl.DataFrame:
    """Return labels with `at` as a time, where they have it: files write times in different ways."""
    return labels.with_columns(at=utc_times(labels.get_column("at"))) if "at" in labels.columns else labels


def _long(table: pl.DataFrame, criteria: Sequence[str], path: Path) -> pl.DataFrame:
    columns = [name for name in criteria if name in table.columns]
    if not columns:
        raise IngestError(
            f"{path} holds no labels: it needs `criterion` and `score`, or a column for a criterion "
            f"({', '.join(criteria)}); it has {', '.join(name for name in table.columns if name != ROW)}."
        )
    texts = [pl.col(name).cast(pl.String) for name in columns]
    rest = [name for name in table.columns if name not in columns]
    return table.with_columns(texts).unpivot(columns, index=rest, variable_name="criterion", value_name="score")


def _looked_up(
    table: pl.DataFrame, place: str, responses: pl.DataFrame, *, before: pl.DataFrame | None, path: Path
) -> pl.DataFrame:
    """Return labels with the key of the response that they name."""
    there, on = _there(table, place, responses)
    rest = table.drop([name for name in WHERE if name in table.columns and name not in on])
    found = rest.join(there, on=on, how="left", maintain_order="left")
    if "response" in table.columns:
        found = _of_another_response(found)
    if before is not None:
        same = [name for name in (*on, *_CONTENT) if name in rest.columns and name in before.columns]
        known = before.unique(same, keep="first").select(*same, *(pl.col(name).alias(f"@{name}") for name in WHERE))
        found = found.join(known, on=same, how="left", nulls_equal=True, maintain_order="left")
        found = found.with_columns(pl.coalesce(f"@{name}", name).alias(name) for name in WHERE)
        found = found.with_columns(pl.col("@key").is_not_null().alias("@is_known")).drop(f"@{name}" for name in WHERE)
    if place == "prompt_id":
        is_new = found if before is None else found.filter(~pl.col("@is_known"))
        check_certain(is_new, responses, on, path)
    _check_found(found, place, path)
    return found.drop("@is_known", strict=False).drop("prompt_there", "response_there")


def _check_once(labels: pl.DataFrame, path: Path) -> None:
    """Refuse two labels of one response by the same person; the error says where they are."""
    who = [name for name in ("annotator", "evaluator") if name in labels.columns]
    keys = [*WHERE, "criterion", *who]
    repeated = labels.filter(labels.select(keys).is_duplicated())
    if len(repeated):
        first = repeated.row(0, named=True)
        same = repeated.filter(pl.all_horizontal(pl.col(name).eq_missing(first[name]) for name in keys))
        rows = " and ".join(map(str, same.get_column(ROW).to_list()))
        name = next((f"`{first[key]}`" for key in who if first[key] is not None), "One expert")
        raise IngestError(
            f"{path}, rows {rows}: {name} labels the same response on `{first['criterion']}` more than once. Keep one "
            "label of each: what a sheet of `nacre export experts-sample` holds twice is for another expert, whose "
            "name goes into `annotator`; leave it empty where there is none."
        )


def _check_found(labels: pl.DataFrame, place: str, path: Path) -> None:
    missing = labels.get_column("key").is_null()
    if missing.any():
        raise IngestError(
            f"{path} labels {int(missing.sum()):,} responses that are not there; the first has the `{place}` "
            f"{labels.filter(missing).item(0, place)!r}. Label responses of this project; those that a run evaluated "
            "last, or else those of nacre.yaml."
        )


def _there(table: pl.DataFrame, place: str, responses: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """Return what to look up, and by which columns."""
    texts = {"prompt": "prompt_there", "response": "response_there"}
    if place == "row":
        there = responses.select(pl.col("row_id").alias("row"), *WHERE, *texts).rename(texts)
        return there, ["row"]
    if place == "uid":
        return responses.select("uid", *WHERE, *texts).rename(texts), ["uid"]
    on = lookup_columns(table, responses)
    there = responses.select(*WHERE, *texts, "system").rename(texts)
    there = there if "system" in on else there.drop("system")
    return there.unique(on, keep="first", maintain_order=True), on


def _with_place(table: pl.DataFrame, responses: pl.DataFrame) -> pl.DataFrame:
    """Keep prompt id and repeat that the labels name, and fill in the others."""
    missing = [name for name in WHERE[1:] if name not in table.columns]
    on = ["key", "system"] if "system" in lookup_columns(table, responses) else ["key"]
    there = responses.unique(on, keep="first", maintain_order=True).select(*on, *missing)
    return table.join(there, on=on, how="left", nulls_equal=True, maintain_order="left")


def _of_another_response(found: pl.DataFrame) -> pl.DataFrame:
    """Tie labels to the response that they quote, where another one to the prompt is there by now."""
    quoted, there = (plain_texts(found.get_column(name)) for name in ("response", "response_there"))
    is_other = quoted.is_not_null() & quoted.ne_missing(there)
    others = found.filter(is_other)
    keys = text_keys(others.get_column("prompt_there"), others.get_column("response"))
    place = is_other.cast(pl.Int64).cum_sum() - 1
    key = pl.when(is_other).then(keys.gather(place.clip(0)) if len(keys) else pl.col("key")).otherwise(pl.col("key"))
    return found.with_columns(key=key)
