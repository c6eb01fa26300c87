"""The installed program, driven from outside."""

import json
import re
import subprocess

import polars as pl
import pytest
import yaml

from nacre.loop import read_recipe
from planted_projects import MAIL, changed, mail, write_project

pytestmark = pytest.mark.e2e

SHOWS = ("functions", "errors", "groups", "slices", "actions", "suggestions", "failures", "iterations", "events")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def test_from_nothing_to_predictions(nacre):
    """What a newcomer types."""
    mail().write_csv(nacre.folder / "mail.csv")

    assert "type `nacre run`" in nacre("init", "spam", "--data", "mail.csv")
    nacre.folder /= "spam"
    assert "400 data points imported" in nacre("import")
    assert "Nothing to import" in nacre("import")
    recipe = yaml.safe_load((nacre.folder / "nacre.yaml").read_text())
    assert recipe["data"]["source"] == "../mail.csv"
    assert (recipe["data"]["uid"], recipe["data"]["truth"]) == ("id", "label")
    assert recipe["schema"] == {"classes": ["ham", "spam"]}
    write_project(nacre.folder, {**recipe, "functions": MAIL["functions"]})
    out = nacre("run")
    assert "iteration     1" in out
    assert "end model" in out
    assert "report        report.html" in out
    assert (nacre.folder / "report.html").read_text().startswith("<!doctype html>")
    assert "400 predictions" in nacre("predict", "-o", "predictions.csv")
    assert pl.read_csv(nacre.folder / "predictions.csv").columns == ["uid", "prediction", "p(ham)", "p(spam)"]


def test_init_without_data_writes_an_example(nacre):
    out = nacre("init", "my project!")

    recipe = read_recipe(nacre.folder / "my project!" / "nacre.yaml")
    assert "`nacre run`" in out
    assert recipe.project == "my-project"
    assert "There is no file `" in nacre("run", "-f", "my project!/nacre.yaml", code=1)
    assert "is there already" in nacre("init", "my project!", code=1)


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        pytest.param({"id": [1, 1], "text": ["a b", "c"]}, {"uid": None}, id="an id that repeats"),
        pytest.param({"text": ["a", "b"], "label": ["x", "x"]}, {"truth": None}, id="one class"),
        pytest.param({"text": ["a", "b"], "split": ["train", "valid"]}, {"split": "split"}, id="splits"),
        pytest.param({'a "b" c': ["a", "b"]}, {}, id="a name with quotes"),
        pytest.param({"class": ["a text", "b text"]}, {"truth": "class"}, id="only a class"),
        pytest.param({"x": [1.0, 2.5], "Größe m": [1, None]}, {}, id="numbers"),
        pytest.param({"text": [None, None], "x": [1, 2]}, {}, id="nothing but missing"),
    ],
)
def test_what_init_writes_runs_on_any_table(nacre, frame, expected):
    if expected == {"truth": "class"}:
        frame = {**frame, "note": ["ab", "c"]}
    pl.DataFrame(frame).write_parquet(nacre.folder / "table.parquet")

    nacre("init", "--data", "table.parquet")

    data = yaml.safe_load((nacre.folder / "nacre.yaml").read_text())["data"]
    assert {key: data.get(key) for key in expected} == expected
    nacre("run", "--until", "apply")


@pytest.mark.parametrize("what", SHOWS)
def test_show_as_text_and_as_json(finished, what):
    text = finished("show", what)
    found = finished.json("show", what)

    assert text.strip()
    assert not CONTROL.search(text.replace("\n", ""))
    assert found is not None
    if what == "functions":
        assert [row["function"] for row in found["functions"]] == list(MAIL["functions"])
        assert all(name in text for name in MAIL["functions"])
    if what == "iterations":
        assert [(row["iteration"], row["note"], row["author"]) for row in found] == [(1, "first", "ann")]
        assert 0.9 < found[0]["accuracy"]["value"] <= 1
    if what == "slices":
        assert [row["slice"] for row in found["slices"]] == ["all", "long"]


def test_the_rows_behind_a_cause(finished):
    causes = finished.json("show", "errors")
    worst = max(causes, key=lambda cause: cause["n"])

    rows = finished.json("show", "errors", "--cause", worst["name"], "--rows", "2")
    text = finished("show", "errors", "--cause", worst["name"], "--rows", "2")

    assert 1 <= len(rows) <= 2
    assert rows[0]["data"]["text"] in text
    assert rows[0]["truth"] != rows[0]["prediction"]
    assert "There is no cause `x`" in finished("show", "errors", "--cause", "x", code=1)


def test_run_as_json(finished):
    found = finished.json("run")

    assert found["imported"] is None
    assert (found["rows"], found["functions"], found["errors"], found["iteration"]) == (400, 4, 0, 1)
    assert found["quality"]["slices"][0]["end_model"]["value"] > 0.9
    assert sum(found["causes"].values()) <= 20


@pytest.mark.parametrize(
    ("what", "suffix"), [("training-set", "parquet"), ("votes", "csv"), ("data", "jsonl"), ("recipe", "yaml")]
)
def test_export(finished, tmp_path, what, suffix):
    path = tmp_path / f"out.{suffix}"

    finished("export", what, "-o", path)

    if what == "training-set":
        frame = pl.read_parquet(path)
        assert frame.columns == ["row_id", "uid", "id", "text", "weak", "label", "split", "p(ham)", "p(spam)"]
        assert frame["split"].unique().to_list() == ["train"]
    elif what == "votes":
        frame = pl.read_csv(path)
        assert frame.columns == ["row_id", "uid", "function", "vote"]
        assert set(frame["function"]) == set(MAIL["functions"])
    elif what == "data":
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        assert [row["id"] for row in rows] == mail()["id"].to_list()
    else:
        recipe = read_recipe(path)
        assert {function.name for function in recipe.functions} == set(MAIL["functions"])
        assert (recipe.project, recipe.data.truth) == ("mail", "label")


def test_predict_new_data_without_truth_and_with_bad_rows(finished, tmp_path):
    new = tmp_path / "new.csv"
    new.write_text("id,text\na,we have a casino prize\nb,lunch and coffee\n,no id\n")

    assert "line 4" in finished("predict", new, "-o", tmp_path / "p.parquet", code=1)
    assert not (tmp_path / "p.parquet").exists()
    done = finished.run("predict", new, "-o", tmp_path / "p.parquet", "--refused", tmp_path / "bad.jsonl", "--json")

    assert json.loads(done.stderr)["note"].startswith("1 of 3 rows were refused")
    assert json.loads(done.stdout) == {"rows": 2, "output": str(tmp_path / "p.parquet")}
    predictions = pl.read_parquet(tmp_path / "p.parquet")
    assert predictions.select("uid", "prediction").rows() == [("a", "spam"), ("b", "ham")]
    assert len((tmp_path / "bad.jsonl").read_text().splitlines()) == 1


def test_refused_rows(nacre_mail):
    (nacre_mail.folder / "mail.csv").write_text(mail(60).write_csv() + ",a row without id,ham,ham\n")
    write_project(nacre_mail.folder, changed(MAIL, data={"source": "mail.csv"}))

    assert "`id`: the uid is missing" in nacre_mail("run", code=1)
    out = nacre_mail("run", "--refused", "bad.jsonl")

    assert "60 data points, 1 refused" in out
    assert json.loads((nacre_mail.folder / "bad.jsonl").read_text())["row"] == 62
    nacre_mail("run")


def test_restore_and_export_the_recipe(nacre_mail):
    nacre_mail("run", "--until", "label")
    spec = changed(MAIL, functions={"loan": None})
    write_project(nacre_mail.folder, spec)
    nacre_mail("run", "--until", "label")
    added = next(event for event in nacre_mail.json("show", "events") if "add function `loan`" in event["what"])

    assert "restore function `loan`" in nacre_mail("restore", added["id"])
    nacre_mail("export", "recipe", "-o", "nacre.yaml")

    recipe = read_recipe(nacre_mail.folder / "nacre.yaml")
    assert {function.name for function in recipe.functions} == set(MAIL["functions"])
    nacre_mail("run", "--until", "label")
    assert "There is no event `9999`" in nacre_mail("restore", "9999", code=1)


@pytest.mark.parametrize(
    ("arguments", "code", "error", "expected"),
    [
        pytest.param(["run", "-f", "no.yaml"], 1, "spec", "There is no `no.yaml`", id="no recipe"),
        pytest.param(["show", "functions"], 1, "workspace", "Use `nacre run`", id="nothing was run"),
        pytest.param(["run", "--until", "trian"], 1, "unknown_name", "Did you mean `train`", id="no such stage"),
        pytest.param(["import", "no.csv"], 1, "ingest", "There is no file", id="no such file"),
        pytest.param(["run", "--no-such-option"], 2, "usage", "--no-such-option", id="no such option"),
        pytest.param(["rnu"], 2, "usage", "rnu", id="no such command"),
        pytest.param(["import", "--no-json"], 2, "usage", "--no-json", id="another option"),
        pytest.param(["show", "iterations", "extra"], 2, "usage", "extra", id="too many arguments"),
    ],
)
def test_errors_are_on_standard_error_as_text_and_as_json(nacre_mail, arguments, code, error, expected):
    text = nacre_mail.run(*arguments)
    assert (text.returncode, text.stdout) == (code, "")
    assert expected in text.stderr
    assert "\x1b" not in text.stderr

    if arguments[0] not in ("export", "restore"):  # they have nothing to say in JSON
        found = nacre_mail.run(*arguments, "--json")
        assert (found.returncode, found.stdout) == (code, "")
        assert json.loads(found.stderr)["error"] == error


@pytest.mark.parametrize(
    "arguments",
    [
        *(["show", what] for what in ("functions", "errors", "iterations", "events")),
        ["predict"],
        ["restore", "1"],
        ["export", "recipe", "-o", "recipe.yaml"],
    ],
    ids=" ".join,
)
def test_looking_at_a_project_that_was_never_run_leaves_no_trace(nacre_mail, arguments):
    before = sorted(nacre_mail.folder.rglob("*"))

    told = nacre_mail(*arguments, code=1)

    assert "The project `mail` was never run: there is no `.nacre`. Use `nacre run`." in told
    assert sorted(nacre_mail.folder.rglob("*")) == before


def test_a_project_without_a_model_and_an_export_that_there_is_not(nacre_mail):
    nacre_mail("import")

    assert "No iteration yet" in nacre_mail("show", "iterations")
    assert "`nacre run` does that" in nacre_mail("show", "functions", code=1)
    assert "no end model yet" in nacre_mail("predict", code=1)
    assert "Did you mean `votes`" in nacre_mail("export", "vote", "-o", "x.csv", code=1)


def test_files_that_cannot_be_written(finished):
    for arguments in (["export", "recipe", "-o", "no/such/recipe.yaml"], ["export", "data", "-o", "no/such/data.csv"]):
        assert "no/such" in finished(*arguments, code=1)
    assert "names no format" in finished("export", "data", "-o", "data.doc", code=1)


def test_a_reader_that_has_seen_enough(finished):
    done = subprocess.run(
        f"{finished.run('--version').args[0]} show events --json | head -c 1",
        shell=True,
        capture_output=True,
        text=True,
        check=False,
        cwd=finished.folder,
    )

    assert (done.stdout, done.stderr) == ("[", "")


def test_text_of_data_cannot_steer_the_terminal(nacre_mail):
    evil = mail().with_columns(pl.col("text") + " \x1b[2J\x1b]0;owned\x07\x9b31m")
    evil.write_parquet(nacre_mail.folder / "mail.parquet")
    spec = changed(MAIL, functions={"loan": None, "lunch": None})
    write_project(nacre_mail.folder, spec)

    out = nacre_mail("run")
    for cause in nacre_mail.json("show", "errors"):
        out += nacre_mail("show", "errors", "--cause", cause["name"])

    assert "owned" in out
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", out)


def test_help_tells_every_command(nacre):
    text = nacre("--help")

    for command in ("demo", "init", "import", "run", "show", "predict", "export", "restore", "models"):
        assert command in text
    assert nacre.run().returncode in (0, 2)
    assert "--until" in nacre("run", "--help")


def test_help_loads_no_data_library(nacre):
    done = nacre.run("--help", env={"PYTHONPROFILEIMPORTTIME": "1"})

    loaded = {line.rsplit("|")[-1].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert not loaded & {"sklearn", "scipy", "sqlalchemy", "pandas", "onnxruntime", "jinja2", "sqlglot"}


def test_models_list(nacre, tmp_path):
    (tmp_path / "models").mkdir()

    found = nacre.run("models", "list", "--json", env={"NACRE_MODELS": str(tmp_path / "models")})

    assert json.loads(found.stdout) == ["tfidf_svd"]


def test_without_truth_the_program_says_what_is_missing(nacre_mail):
    write_project(nacre_mail.folder, changed(MAIL, data={"truth": None}))

    out = nacre_mail("run")

    assert "has no ground truth, so nothing is measured" in out
    assert "accuracy on valid" not in out
    assert "prize" in nacre_mail("show", "functions")
    assert nacre_mail.json("run")["iteration"] == 1
