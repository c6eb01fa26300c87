"""What a label is about: the text of a prompt and a response, wherever both come again."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import polars as pl

from nacre._hashing import hash_text
from nacre.data import Dataset
from nacre.errors import IngestError

WHERE = ("key", "prompt_id", "repeat")
_FIELDS = ("row_id", "uid", "prompt_id", "repeat", "prompt", "response")


def response_keys(responses: Dataset) -> pl.DataFrame:
    """Return `row_id`, `uid`, `prompt_id`, `repeat`, `prompt`, `response`, `system` and `key`, a hash of both texts."""
    has_system = "system" in responses.fields
    frame = responses.collect([*_FIELDS, "system"] if has_system else _FIELDS)
    if not has_system:
        frame = frame.with_columns(system=pl.lit(None, dtype=pl.String))
    return frame.with_columns(key=text_keys(frame.get_column("prompt"), frame.get_column("response")))


def text_keys(prompts: pl.Series, responses: pl.Series) -> pl.Series:
    """Return what ties a label to a prompt and a response.

    It starts with a letter, or spreadsheets would make a number of some.
    """
    texts = zip(prompts.to_list(), responses.to_list(), strict=True)
    hashes = [f"r{hash_text(_plain(prompt), _plain(response))[:16]}" for prompt, response in texts]
    return pl.Series("key", hashes, dtype=pl.String)


def plain_texts(texts: pl.Series) -> pl.Series:
    """Return texts without what editors and spreadsheets change in passing: ends of lines, white space around them."""
    plain = [None if text is None else _plain(text) for text in texts.to_list()]
    return pl.Series(texts.name, plain, dtype=pl.String)


def found_by_text(table: pl.DataFrame, responses: pl.DataFrame) -> pl.DataFrame:
    """Return labels with the key of the response that they quote, where the one that they have is of none."""
    if "response" not in table.columns or not {"prompt", "prompt_id"} & set(table.columns):
        return table
    prompts = pl.Series("prompt", [None] * len(table), dtype=pl.String)
    if "prompt_id" in table.columns:
        known = responses.select("prompt_id", "prompt").unique("prompt_id", keep="first")
        ids = table.select(pl.col("prompt_id").cast(pl.String))
        prompts = ids.join(known, on="prompt_id", how="left", maintain_order="left").get_column("prompt")
    there = responses.get_column("key").implode()
    by_id = text_keys(prompts, table.get_column("response"))
    by_text = (
        text_keys(table.get_column("prompt"), table.get_column("response")) if "prompt" in table.columns else by_id
    )
    candidates = (pl.col("key"), pl.lit(by_text), pl.lit(by_id))
    return table.with_columns(
        key=pl.coalesce(*(pl.when(key.is_in(there)).then(key) for key in candidates), pl.col("key"))
    )


def check_certain(labels: pl.DataFrame, responses: pl.DataFrame, on: list[str], path: Path) -> None:
    """Refuse labels of a prompt with several responses that do not say which one is meant."""
    several = responses.group_by(on).agg(n=pl.col("key").n_unique()).filter(pl.col("n") > 1)
    unclear = labels.join(several, on=on, how="inner", maintain_order="left")
    if "response" in unclear.columns:
        unclear = unclear.filter(pl.col("response").is_null())
    if len(unclear):
        first = unclear.row(0, named=True)
        more = [name for name in ("system", "repeat") if name not in on and responses.get_column(name).n_unique() > 1]
        raise IngestError(
            f"{path} labels {', '.join(f'`{name}` {first[name]!r}' for name in on)}, of which there are {first['n']} "
            f"responses. Say which one is meant in a column {' or '.join(f'`{name}`' for name in (*more, 'response'))}."
        )


def lookup_columns(table: pl.DataFrame, responses: pl.DataFrame) -> list[str]:
    """Return by which columns labels name responses that they name by their prompt."""
    if "system" not in table.columns or responses.get_column("system").null_count() == len(responses):
        return ["prompt_id", "repeat"] if "repeat" in table.columns else ["prompt_id"]
    # Systems that are judged together are repeats here, which a file of their labels does not know.
    is_one = not responses.select("prompt_id", "system").is_duplicated().any()
    return ["prompt_id", "system"] if is_one or "repeat" not in table.columns else ["prompt_id", "system", "repeat"]


def locate(labels: pl.DataFrame, responses: pl.DataFrame) -> pl.DataFrame:
    """Return the labels of responses that are there, with their `row_id`.

    Where several responses have the same text, the one with the same prompt id and repeat is meant, else the first.
    """
    numbered = labels.with_row_index("_label")
    found = numbered.join(responses.select("row_id", *WHERE), on="key", how="inner", suffix="_there")
    far = [pl.col(name).ne_missing(pl.col(f"{name}_there")) for name in ("prompt_id", "repeat")]
    nearest = found.sort("_label", *far, "row_id").unique("_label", keep="first", maintain_order=True)
    return nearest.select("row_id", pl.exclude("row_id", "_label", "prompt_id_there", "repeat_there"))


def _plain(text: str | None) -> str:
    lines = (text or "").replace("\0", "").replace("\r\n", "\n").replace("\r", "\n")
    return unicodedata.normalize("NFC", lines).strip()
