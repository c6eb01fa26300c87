"""What every export format must do: hold what it can, say what it cannot, and never replace a file unasked."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nacre.errors import SchemaError
from nacre.exchange import EXPORT_FORMATS, read_evaluation, write_evaluation

MODEL = {"openai_batch": {"model": "some-model"}}
PROMPTS_ONLY = {"openai_batch"}
# Texts of any letters; templates of promptfoo would read {{ }}, and surrogates are no text.
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="{}\0", exclude_categories=["Cc", "Cs"]), min_size=1)


def exported(folder, format, responses):
    suffix = {"promptfoo": "yaml", "openai_batch": "jsonl", "alpaca_eval": "json"}.get(format, "jsonl")
    path = folder / f"cases.{suffix}"
    left = write_evaluation(path, responses, format=format, force=True, **MODEL.get(format, {}))
    return path, left


@pytest.mark.parametrize("format", EXPORT_FORMATS)
@given(rows=st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=8, unique_by=lambda row: row[0]))
def test_prompts_and_responses_come_back_as_they_went_or_are_named(tmp_path_factory, format, rows):
    responses = pl.DataFrame(rows, schema=["prompt", "response"], orient="row")
    path, left = exported(tmp_path_factory.mktemp("exchange"), format, responses)

    if format in PROMPTS_ONLY:
        assert any("response" in str(part) for part in left)
        return
    found = read_evaluation(path, format=format).responses

    assert sorted(found.select("prompt", "response").rows()) == sorted(rows)


@pytest.mark.parametrize("format", EXPORT_FORMATS)
def test_a_file_that_is_there_is_not_replaced_unasked(tmp_path, format):
    responses = pl.DataFrame({"prompt": ["a?"], "response": ["b"]})
    path, _ = exported(tmp_path, format, responses)
    before = path.read_bytes()

    with pytest.raises(SchemaError, match="force=True"):
        write_evaluation(path, responses, format=format, **MODEL.get(format, {}))
    assert path.read_bytes() == before


@pytest.mark.parametrize("format", [name for name in EXPORT_FORMATS if name not in PROMPTS_ONLY])
@pytest.mark.parametrize("contexts", [["d"], ["d", "e"], ["d|e", "f"]], ids=["one", "two", "with a bar"])
def test_references_and_contexts_come_back_or_are_named(tmp_path, format, contexts):
    responses = pl.DataFrame({"prompt": ["a?"], "response": ["b"], "reference": ["c"], "contexts": [contexts]})
    path, left = exported(tmp_path, format, responses)
    row = read_evaluation(path, format=format).responses.row(0, named=True)

    for name, value in (("reference", "c"), ("contexts", contexts)):
        assert row.get(name) == value or any(name in str(part) for part in left), name
