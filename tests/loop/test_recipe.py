from pathlib import Path

import pytest

from nacre.data import Classes
from nacre.errors import SpecError
from nacre.loop import read_recipe

RECIPE = """\
project: mail
data: {source: mail.csv, uid: id, truth: label}
schema: {classes: [ham, spam]}
functions:
  cash: {label: spam, when: {keyword: [body, free cash]}}
slices: {html: {expression: has_html}}
model: {text_linear: {fields: [body]}}
"""


def recipe(folder, text):
    path = folder / "nacre.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_recipe(path)


def message(folder, text):
    with pytest.raises(SpecError) as error:
        recipe(folder, text)
    return str(error.value)


def test_a_recipe_says_it_all_and_the_rest_has_defaults(tmp_path):
    found = recipe(tmp_path, RECIPE)

    assert (found.project, found.folder, found.schema) == ("mail", tmp_path, Classes(("ham", "spam")))
    assert (found.data.source, found.data.uid, found.data.truth) == ("mail.csv", "id", "label")
    assert dict(found.data.split.shares) == {"train": 0.7, "valid": 0.1, "test": 0.2}
    assert [function.name for function in found.functions] == ["cash"]
    assert [part.name for part in found.slices] == ["html"]
    assert (found.label_model, found.model) == ({"class_conditional": {}}, {"text_linear": {"fields": ["body"]}})
    assert found.clamp_truth is False


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        pytest.param("{source: a.csv, split: fold}", "fold", id="a field"),
        pytest.param("a.csv", {"train": 0.7, "valid": 0.1, "test": 0.2}, id="only a source"),
        pytest.param("{source: a.csv, split: {by: hash, train: 1}}", {"train": 1}, id="everything is train"),
        pytest.param("{source: a.csv, split: {by: hash, train: .5, test: .5}}", {"train": 0.5, "test": 0.5}, id="two"),
    ],
)
def test_splits(tmp_path, written, expected):
    found = recipe(tmp_path, RECIPE.replace("{source: mail.csv, uid: id, truth: label}", written)).data.split

    assert (found if isinstance(found, str) else dict(found.shares)) == expected


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param("slices:", "slice:", "no key `slice`.*Did you mean `slices`", id="an unknown key"),
        pytest.param("uid: id", "uidd: id", "no key `uidd`.*Did you mean `uid`", id="an unknown key of data"),
        pytest.param("label: spam", "lable: spam", "Did you mean `label`", id="an unknown key of a rule"),
        pytest.param("keyword:", "keywrod:", "functions: cash.*Did you mean `keyword`", id="an unknown condition"),
        pytest.param("expression:", "expresion:", "slices: html.*Did you mean `expression`", id="an unknown slice"),
        pytest.param("text_linear:", "text_liner:", "`model`.*Did you mean `text_linear`", id="an unknown model"),
        pytest.param("{fields: [body]}", "{field: [body]}", "no `field`.*Did you mean `fields`", id="a setting"),
        pytest.param("classes:", "clases:", "`schema`", id="an unknown schema"),
        pytest.param("project: mail\n", "", "lacks `project`", id="a needed key is missing"),
        pytest.param("source: mail.csv, ", "", "lacks `source`", id="no source"),
        pytest.param("project: mail", "project: 7", "7 is no name", id="a number as project"),
        pytest.param("source: mail.csv", "source: [a, b]", "`source` is text", id="a list as source"),
        pytest.param("uid: id", "uid: 3", "`uid` is text; found 3", id="a number as uid"),
        pytest.param("truth: label", "truth: yes", "`truth` is text; found True", id="yes is true in YAML"),
        pytest.param("truth: label", "nulls: NA", "list of words", id="nulls as text"),
        pytest.param("truth: label", "nulls: [no]", "in quotes; found \\[False\\]", id="a null that YAML reads"),
        pytest.param("[ham, spam]", "[yes, no]", "class names", id="classes that YAML reads as true and false"),
        pytest.param("[ham, spam]", "[ham, ham]", "different class names", id="a class twice"),
        pytest.param("[ham, spam]", "ham", "list of names", id="classes as text"),
        pytest.param("[ham, spam]}", "[ham, spam], groups: {some: 3}}", "`schema`", id="a group of a number"),
        pytest.param("  cash: {", "  7: {", "is text; YAML reads this one as 7", id="a function named by a number"),
        pytest.param("  cash: {", "  - cash: {", "`functions` is written as", id="functions as a list"),
        pytest.param("[body, free cash]", "[body, [419]]", "cash", id="a keyword that is a number"),
        pytest.param("[body, free cash]", "[body, null]", "cash", id="a keyword that is nothing"),
        pytest.param("label: spam", "label: null", "cash", id="a label that is nothing"),
        pytest.param("has_html", "SELECT 1", "slices: html", id="a slice that is no expression"),
        pytest.param("truth: label", "split: {train: 1}", "`split` lacks `by`", id="a split without by"),
        pytest.param("truth: label", "split: {by: [fold]}", "`split` is the name of a field", id="a split by a list"),
        pytest.param("truth: label", "split: {by: hash, dev: .3}", "no key `dev`", id="another split"),
        pytest.param("truth: label", "split: {by: hash, train: .5}", "must sum to 1", id="shares below 1"),
        pytest.param(
            "truth: label", "split: {by: hash, train: 1.5, test: -.5}", "between 0 and 1", id="a negative share"
        ),
        pytest.param(
            "truth: label", "split: {by: hash, train: .nan}", "between 0 and 1", id="a share that is no number"
        ),
        pytest.param("truth: label", "split: {by: hash, train: yes}", "between 0 and 1", id="a share that is true"),
        pytest.param("truth: label", "split: {by: hash, seed: a, train: 1}", "whole number", id="a seed that is text"),
        pytest.param("model: {", "label_model: snorkel\nmodel: {", "no label model `snorkel`", id="a label model"),
        pytest.param(
            "model: {",
            "label_model: {class_conditional: {precision: high}}\nmodel: {",
            "`precision` of `class_conditional` is a number or a number for each name; found 'high'",
            id="a setting of another type",
        ),
        pytest.param("model: {", "training: {clamp: yes}\nmodel: {", "no key `clamp`", id="a training option"),
        pytest.param("model: {", "training: {clamp_truth: 1}\nmodel: {", "true or false", id="a truth value"),
        pytest.param(
            "model: {text_linear: {fields: [body]}}", "model: [a, b]", "written as a name", id="a list as model"
        ),
        pytest.param("model: {text_linear: {fields: [body]}}", "", "lacks `model`", id="no model"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, old, new, expected):
    assert old in RECIPE

    with pytest.raises(SpecError, match=expected):
        recipe(tmp_path, RECIPE.replace(old, new))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(RECIPE + "  \tx: 1\n", "not valid YAML at line 8, column 3", id="a tab"),
        pytest.param(RECIPE + "a: [1, 2\n", "not valid YAML", id="an open bracket"),
        pytest.param(RECIPE + "project: other\n", "line 8, column 1: the key `project` occurs twice", id="a key twice"),
        pytest.param(
            RECIPE.replace("slices:", "  cash: {label: ham, when: {keyword: [body, hi]}}\nslices:"),
            "the key `cash` occurs twice",
            id="a function twice",
        ),
        pytest.param("a: &a [x]\nb: *a\n", "line 2, column 4: a recipe has no aliases", id="an alias"),
        pytest.param("a: &a [*a]\n", "no aliases", id="a list that holds itself"),
        pytest.param(
            "a: &a [x, x]\n"
            + "".join(
                f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefghi", "bcdefghij", strict=True)
            ),
            "no aliases",
            id="a billion laughs",
        ),
        pytest.param("<<: {a: b}\nproject: x\n", "no key `a`", id="a merge"),
        pytest.param(
            "project: !!python/object/apply:os.system [exit]\n", "could not determine a constructor", id="a Python call"
        ),
        pytest.param("project: !!python/name:os.system\n", "could not determine a constructor", id="a Python name"),
        pytest.param("project: !cash x\n", "could not determine a constructor", id="a tag"),
        pytest.param("project: 2002-02-31\n", "cannot be read.*quotes", id="a date that is none"),
        pytest.param("[" * 5_000 + "]" * 5_000, "nested too deep", id="nested 5,000 deep"),
        pytest.param("a: b\n---\nc: d\n", "not valid YAML", id="two documents"),
        pytest.param("", "written as `key: value`; found None", id="empty"),
        pytest.param("- a\n", "written as `key: value`", id="a list"),
        pytest.param("free cash\n", "written as `key: value`", id="text"),
        pytest.param("? [a, b]\n: c\n", "not valid YAML", id="a list as key"),
        pytest.param(RECIPE.encode() + b"# caf\xe9\n", "cannot be read as UTF-8", id="Latin-1"),
        pytest.param(RECIPE.encode("utf-16"), "cannot be read as UTF-8", id="UTF-16"),
        pytest.param(RECIPE + "# \x07\n", "not valid YAML", id="a control character"),
        pytest.param(b"\x00\x01\x02", "not valid YAML", id="binary"),
    ],
)
def test_a_file_that_is_no_recipe_is_refused(tmp_path, text, expected):
    with pytest.raises(SpecError, match=expected):
        recipe(tmp_path, text)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("../../etc", id="a path"),
        pytest.param("..", id="the folder above"),
        pytest.param("a/b", id="a slash"),
        pytest.param("a\\\\b", id="a backslash"),
        pytest.param("", id="empty"),
        pytest.param(" ", id="a space"),
        pytest.param("a\\0b", id="a zero"),
        pytest.param("a\\nb", id="a line break"),
        pytest.param("x" * 101, id="too long"),
        pytest.param("café", id="letters that some systems write in two ways"),
        pytest.param("-rf", id="an option"),
    ],
)
def test_hostile_project_names_are_refused(tmp_path, name):
    assert "is no name for a project" in message(tmp_path, RECIPE.replace("project: mail", f'project: "{name}"'))


def test_a_missing_recipe_says_how_to_get_one(tmp_path):
    with pytest.raises(SpecError, match="nacre init"):
        read_recipe(tmp_path / "nacre.yaml")


def test_a_folder_is_no_recipe(tmp_path):
    with pytest.raises(SpecError, match="cannot be read"):
        read_recipe(Path(tmp_path))


def test_reading_a_recipe_opens_and_runs_nothing(tmp_path):
    (tmp_path / "functions.py").write_text("raise SystemExit('was run')\n")
    text = RECIPE.replace("  cash:", "  code: {code: functions.py:f}\n  cash:")

    assert [function.name for function in recipe(tmp_path, text).functions] == ["code", "cash"]
