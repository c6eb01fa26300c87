import re
from dataclasses import MISSING, fields

import pytest
import yaml

from documents import DOCS, blocks
from nacre.evaluation import _criterion
from nacre.functions._spec import CONDITIONS, VOTERS
from nacre.label_models import LABEL_MODELS
from nacre.loop import _evaluation_recipe, _recipe, read_recipe
from nacre.models import MODELS

PAGE = DOCS / "reference" / "yaml.md"
SECTIONS = {
    **{("functions", kind): cls for kind, cls in VOTERS.items()},
    **{("Conditions", kind): cls for kind, cls in CONDITIONS.items()},
    **{("label_model", kind): cls for kind, cls in LABEL_MODELS.items()},
    **{("model", kind): cls for kind, cls in MODELS.items()},
}


def documented():
    """Return the tables of the page: default by key, by section and kind."""
    tables, section, kind = {}, "", ""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            section, kind = line.removeprefix("## "), ""
        elif line.startswith("### "):
            kind = line.removeprefix("### ")
        if line.startswith("## ") or line.startswith("### "):
            tables[section, kind] = {}
        elif row := re.match(r"\| `(\w+)` \| (-|`.*?`) \|", line):
            tables[section, kind][row[1]] = MISSING if row[2] == "-" else _value(row[2].strip("`"))
    return tables


def _value(text):
    return None if text == "none" else yaml.safe_load(text)


def defaults(cls):
    """Return what a kind takes in a spec, with its defaults."""
    given = [field for field in fields(cls) if field.init and field.compare and field.name not in ("name", "condition")]
    values = {
        field.name: field.default if field.default_factory is MISSING else field.default_factory()
        for field in given
        if field.name != "conditions"
    }
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


@pytest.mark.parametrize("place", SECTIONS, ids="/".join)
def test_every_kind_is_documented_with_its_keys_and_defaults(place):
    assert documented()[place] == defaults(SECTIONS[place])


def test_nothing_is_documented_that_does_not_exist():
    kinds = {place for place in documented() if place[1]}

    assert kinds == {*SECTIONS, ("functions", "rule")}


@pytest.mark.parametrize(
    ("section", "keys"),
    [
        pytest.param("The file", _recipe.KEYS, id="the file"),
        pytest.param("data", _recipe.DATA_KEYS, id="data"),
        pytest.param("training", ("clamp_truth",), id="training"),
        pytest.param("evaluation", _evaluation_recipe.KEYS, id="evaluation"),
        pytest.param("responses", ("source", *_evaluation_recipe.RESPONSE_FIELDS), id="responses"),
        pytest.param("experts", ("source", "values", *_evaluation_recipe.EXPERT_FIELDS), id="experts"),
        pytest.param("scores", ("source", "values", *_evaluation_recipe.SCORE_FIELDS), id="scores"),
        pytest.param("criteria", _criterion._KEYS, id="criteria"),
    ],
)
def test_every_key_of_the_file_is_documented(section, keys):
    assert set(documented()[section, ""]) == set(keys)


def test_the_file_on_the_page_is_of_the_grammar(tmp_path):
    (block,) = blocks(PAGE)
    (tmp_path / block.title).write_text(block.text, encoding="utf-8")

    recipe = read_recipe(tmp_path / block.title)

    assert [function.name for function in recipe.functions] == ["free_cash", "blacklist", "exclaims"]
