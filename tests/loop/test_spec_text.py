"""Specs as text: what is written is what is read."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from nacre.loop._spec_text import entries, recipe_text

names = st.text(min_size=1, max_size=200)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.text(max_size=300),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)
specs = st.dictionaries(names, values, max_size=4)


@given(specs)
def test_what_is_written_is_read_back(written):
    assert yaml.safe_load(entries("functions", written)) == {"functions": written}


@given(specs, values)
def test_a_recipe_is_read_back(functions, other):
    recipe = {"project": "mail", "functions": functions, "slices": {}, "other": other}

    assert yaml.safe_load(recipe_text(recipe)) == recipe


@pytest.mark.parametrize("word", ["a\nb", "  a", "no", "1e3", "# x", "a: b", "'", '"', "\x85", "x" * 500 + " y"])
def test_odd_text_is_quoted(word):
    written = {word: {"label": word, "when": {"keyword": {"field": word, "keywords": [word] * 30}}}}

    assert yaml.safe_load(entries("functions", written)) == {"functions": written}


def test_long_entries_take_a_line_per_key():
    text = entries("functions", {"free": {"label": "spam", "when": {"keyword": ["body", ["free cash"] * 20]}}})

    lines = text.splitlines()
    assert lines[:3] == ["functions:", "  free:", "    label: spam"]
    assert max(map(len, lines)) < 120
