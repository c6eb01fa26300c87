"""Evaluation with the installed program, driven from outside."""

import os
import re
import signal
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import polars as pl
import pytest
import yaml

from nacre_program import Nacre
from planted_evaluations import RECIPE, N, responses, with_evaluation, write_evaluation
from planted_projects import MAIL, mail, write_project

pytestmark = pytest.mark.e2e

SHOWS = ("matrix", "runs", "trend", "agreement", "gaps", "evaluators", "responses", "events")


@pytest.fixture
def help_desk(nacre):
    """The program in a folder with an evaluation that was never run."""
    write_evaluation(nacre.folder)
    return nacre


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory, compiled):
    """The program in a folder with two runs and labels of experts; tests only look at it."""
    program = Nacre(tmp_path_factory.mktemp("evaluated"), compiled)
    write_evaluation(program.folder)
    program("run", "--note", "base")
    labels = "".join(f"q{n},{'pass' if n % 3 == 0 else 'fail'},ann,a reason\n" for n in range(60))
    (program.folder / "experts.csv").write_text(f"prompt_id,polite,annotator,explanation\n{labels}")
    program("import", "experts.csv", "--as", "experts")
    responses(polite=2).write_ndjson(program.folder / "responses.jsonl")
    program("run", "--note", "better")
    return program


def test_a_run_tells_what_was_scored_what_is_wrong_and_what_to_do(help_desk):
    first = help_desk("run", "-m", "base")
    responses(polite=2).write_ndjson(help_desk.folder / "responses.jsonl")
    second = help_desk("run", "--until", "evaluate")

    assert "run           1  base" in first
    assert f"responses     {N} responses to {N} prompts" in first
    assert "240 scored by 2 evaluators" in first
    assert "polite" in first
    assert "gap           long: empty" in first
    assert "what to do next" in first
    assert "since run 1 (base)" in second
    assert "Nothing changed since run 2" in help_desk("run")
    assert (help_desk.folder / "evaluation.html").read_text().startswith("<!doctype html>")


def test_what_cannot_be_compared_or_scored_is_told_and_stops_no_run(help_desk):
    criteria = {**RECIPE["evaluation"]["criteria"], "helpful": "Solves it."}
    (help_desk.folder / "nacre.yaml").write_text(yaml.safe_dump(with_evaluation(criteria=criteria)))
    help_desk("run")
    frame = responses().with_columns(id="new" + pl.col("id"))
    frame.with_columns(response=pl.lit(None, pl.String)).write_ndjson(help_desk.folder / "responses.jsonl")
    told = help_desk("run")

    assert f"{N} of {N} responses have no answer" in told
    assert "Nothing scores `helpful`" in told
    assert "so nothing is compared" in told
    page = (help_desk.folder / "evaluation.html").read_text()
    assert f"{N} without an answer" in page
    assert "so nothing is compared" in page
    assert "nothing scores `helpful`" in help_desk.run("gate", "--min", "helpful >= 0.5").stderr


def test_a_run_as_json(evaluated):
    found = evaluated.json("run")["evaluation"]

    assert (found["run"], found["note"], found["is_new"], found["baseline"]) == (2, "better", False, 1)
    assert (found["responses"], found["prompts"]) == (N, N)
    assert found["evaluators"]["polite"]["scored"] == N
    assert found["matrix"]["slices"] == ["all", "spanish", "long"]
    assert found["next"][0]["title"].startswith("No prompt is in `long`")


@pytest.mark.parametrize("what", SHOWS)
def test_show_as_text_and_as_json(evaluated, what):
    text = evaluated("show", what)
    found = evaluated.json("show", what)

    assert text.strip()
    assert found
    if what == "runs":
        assert [(row["run"], row["note"], row["author"]) for row in found] == [(1, "base", "ann"), (2, "better", "ann")]
    if what == "trend":
        polite = [row for row in found if (row["slice"], row["criterion"]) == ("all", "polite")]
        assert [(row["run"], row["n"]) for row in polite] == [("1 (base)", N), ("2 (better)", N)]
    if what == "gaps":
        assert [(gap["slice"], gap["kind"]) for gap in found] == [("long", "empty")]
    if what == "evaluators":
        assert [(row["evaluator"], row["criterion"], row["scored"]) for row in found] == [
            ("polite", "polite", N),
            ("overlap", "correct", N),
        ]


def test_the_responses_behind_a_cell(evaluated):
    found = evaluated.json("show", "responses", "-s", "spanish", "-c", "polite", "--score", "fail", "--rows", "3")
    text = evaluated("show", "responses", "-s", "spanish", "-c", "polite", "--score", "fail", "--run", "base")

    assert [row["row_id"] for row in found] == [3, 9, 15]
    assert "There is no such response" in text  # in the first run all Spanish responses were polite
    assert "Did you mean `polite`" in evaluated("show", "responses", "-c", "polit", code=1)


def test_labels_of_experts_are_shown_with_their_reason(evaluated):
    found = evaluated.json("show", "responses", "-r", "1", "--rows", "1")[0]

    assert found["experts"][0] | {"criterion": "polite"} == {
        "criterion": "polite",
        "annotator": "ann",
        "score": "fail",
        "explanation": "a reason",
        "golden": None,
    }


def test_agree_says_who_may_speak_for_the_experts(evaluated):
    found = evaluated.json("agree", "--run", "1")

    assert [line["evaluator"] for line in found["agreements"] if line["slice"] == "all"] == ["polite"]
    assert found["agreements"][0]["raw"]["value"] == pytest.approx(1)
    assert found["alignments"]["polite"]["is_aligned"] is True
    assert "polite is aligned on polite" in evaluated("agree", "--run", "1")


def test_compare_as_text_as_json_and_for_a_pull_request(evaluated):
    text = evaluated("compare", "base", "better")
    found = evaluated.json("compare", "1")
    page = evaluated("compare", "1", "--format", "md")

    assert found["verdict"] in text
    assert f"**{found['verdict']}**" in page
    assert "| all | polite |" in page
    assert "There is no run `bas`" in evaluated("compare", "bas", code=1)
    assert "Did you mean" not in evaluated("compare", "1", "--format", "html", code=1)


def test_a_comparison_is_one_table_on_a_narrow_terminal(evaluated, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")

    lines = evaluated("compare", "base", "better").splitlines()

    (head,) = (line for line in lines if line.startswith("slice"))
    assert head.split() == ["slice", "criterion", "before", "after", "change", "up/down", "clear"]
    (rule,) = (line for line in lines if line.startswith("---"))
    assert len(rule) <= 100


def test_evaluators_to_doubt_are_told_with_what_to_do(help_desk):
    spec = with_evaluation(evaluators={"fails": {"criterion": "polite", "code": "fails.py:fails"}})
    write_evaluation(help_desk.folder, spec)
    (help_desk.folder / "fails.py").write_text("def fails(response):\n    return False\n")

    told = help_desk("run")
    steps = help_desk.json("run")["evaluation"]["next"]
    shown = help_desk("show", "evaluators")

    meaning = "fails everything, so it separates no responses: check with a good response that it can pass"
    assert f"doubt         fails {meaning}" in told
    assert f"`fails` {meaning}." in [step["title"] for step in steps]
    assert f"evaluators to doubt\n  fails {meaning}" in shown


@pytest.mark.parametrize(
    ("conditions", "code"),
    [
        pytest.param(["polite>=.3"], 0, id="reached"),
        pytest.param(["polite>=.3", "polite[spanish]>=.9"], 1, id="one is missed"),
        pytest.param(["polite[long]>=.1"], 2, id="nobody can tell"),
        pytest.param([], 1, id="the targets of the criteria"),
    ],
)
def test_gate(evaluated, conditions, code):
    arguments = [part for condition in conditions for part in ("--min", condition)]

    done = evaluated.run("gate", *arguments, "--junit", "gate.xml")

    assert done.returncode == code, done.stderr
    suite = ElementTree.parse(evaluated.folder / "gate.xml").getroot()
    assert int(suite.get("tests")) == max(1, len(conditions))


def test_gate_as_json_keeps_its_exit_code(evaluated):
    done = evaluated.run("gate", "--min", "polite[spanish]>=.9", "--json")

    assert done.returncode == 1
    assert '"status": "missed"' in done.stdout


def test_experts_label_a_sample(help_desk):
    help_desk("run")
    help_desk("export", "experts-sample", "-o", "sample.csv", "-n", "40", "-c", "polite")
    sheet = pl.read_csv(help_desk.folder / "sample.csv")
    passes = pl.col("response").str.contains("Please")
    filled = sheet.with_columns(polite=pl.when(passes).then(pl.lit("pass")).otherwise(pl.lit("fail")))
    filled.write_csv(help_desk.folder / "sample.csv")

    assert "44 labels of experts imported" in help_desk("import", "sample.csv", "--as", "experts")
    assert "Nothing to import" in help_desk("import", "sample.csv", "--as", "experts")
    assert help_desk.json("agree")["agreements"][0]["raw"]["value"] == pytest.approx(1)
    help_desk("import", "--as", "experts", "--drop", "sample.csv")
    assert help_desk.json("agree")["agreements"] == []


def test_a_sheet_that_experts_may_have_filled_in_is_not_overwritten(help_desk):
    help_desk("run")
    sheet = help_desk.folder / "sample.csv"
    sheet.write_text("what experts wrote")
    export = ("export", "experts-sample", "-o", "sample.csv", "-n", "40", "-c", "polite")

    assert "give --force to replace it" in help_desk(*export, code=1)
    assert sheet.read_text() == "what experts wrote"
    help_desk(*export, "--force")
    assert sheet.read_text().startswith("key,")
    events = len(help_desk.json("show", "events"))
    help_desk("export", "experts-sample", "-o", "no/folder.csv", "-n", "60", "-c", "polite", code=1)
    assert len(help_desk.json("show", "events")) == events  # a sample that nobody got is none


def test_a_sheet_disarms_formulas_and_drops_what_no_file_can_hold_and_comes_back(help_desk):
    formula = responses(6).with_columns(
        question='=HYPERLINK("http://evil.example")' + pl.col("id"),
        response=pl.lit("+1 please\0"),
        id="=" + pl.col("id"),
    )
    formula.write_ndjson(help_desk.folder / "responses.jsonl")
    help_desk("run")
    help_desk("export", "experts-sample", "-o", "sample.csv", "-n", "6", "-c", "polite")
    path = help_desk.folder / "sample.csv"
    sheet = pl.read_csv(path)

    assert sheet.get_column("prompt").str.starts_with("'=").all()
    assert sheet.get_column("response").unique().to_list() == ["'+1 please"]
    sheet.with_columns(polite=pl.lit("pass")).write_csv(path)
    help_desk("import", "sample.csv", "--as", "experts")
    shown = help_desk.json("show", "responses", "--rows", "6")
    assert [len(row["experts"]) for row in shown] == [2 if row["row_id"] in _twice(sheet) else 1 for row in shown]
    help_desk("export", "experts-sample", "-o", "raw.csv", "-n", "6", "-c", "polite", "--no-escape-formulas")


def _twice(sheet):
    """Return the numbers of the responses that a sheet holds twice."""
    ids = sheet.filter(pl.col("annotator") == "second expert").get_column("prompt_id")
    return {int(name.removeprefix("'=q")) for name in ids}


def test_a_second_expert_with_the_same_sheet_is_told_and_can_be_named(help_desk):
    help_desk("run")
    help_desk("export", "experts-sample", "-o", "sample.csv", "-n", "20", "-c", "polite")
    sheet = pl.read_csv(help_desk.folder / "sample.csv")
    for name, score in (("ann.csv", "pass"), ("bo.csv", "fail")):
        sheet.with_columns(polite=pl.lit(score)).write_csv(help_desk.folder / name)
    help_desk("import", "ann.csv", "--as", "experts")

    told = help_desk("import", "bo.csv", "--as", "experts")
    assert "20 labels of `expert` replace earlier ones, 20 of them differ." in told
    assert "--annotator NAME" in told
    help_desk("import", "--as", "experts", "--drop", "bo.csv")
    again = help_desk.json("import", "bo.csv", "--as", "experts", "--annotator", "bo")
    assert again == {"imported": 20, "n_elsewhere": 0, "replaced": {}}
    shown = [row["experts"] for row in help_desk.json("show", "responses", "--rows", "200")]
    assert {tuple(sorted({label["annotator"] for label in labels} - {"second expert"})) for labels in shown} == {
        (),
        ("bo", "expert"),
    }
    assert "--annotator" in help_desk("import", "bo.csv", "--as", "scores", "--annotator", "bo", code=1)


def test_labels_of_no_response_are_counted_and_told(help_desk):
    help_desk("run")
    rows = [{"prompt_id": "q1", "response": text, "polite": "pass"} for text in ("no", "never said")]
    pl.DataFrame(rows).write_csv(help_desk.folder / "labels.csv")

    told = help_desk("import", "labels.csv", "--as", "experts")
    assert told.startswith("2 labels of experts imported.\n1 of them are about no response of this project")


def test_scores_of_another_tool(help_desk):
    (help_desk.folder / "judge.csv").write_text(
        "prompt_id,evaluator,polite\n" + "".join(f"q{n},judge,pass\n" for n in range(N))
    )

    assert f"{N} scores imported" in help_desk("import", "judge.csv", "--as", "scores")
    help_desk("run")
    assert [row["evaluator"] for row in help_desk.json("show", "evaluators")] == ["polite", "overlap", "judge"]
    assert "Did you mean `scores`" in help_desk("import", "judge.csv", "--as", "score", code=1)
    assert "`nacre run --responses FILE`" in help_desk("import", "judge.csv", "--as", "responses", code=1)


@pytest.mark.parametrize(("what", "name"), [("responses", "out.csv"), ("scores", "out.jsonl"), ("recipe", "out.yaml")])
def test_export(evaluated, tmp_path, what, name):
    path = tmp_path / name

    evaluated("export", what, "-o", path)

    if what == "responses":
        assert {"in(spanish)", "score(polite)", "score(overlap)"} <= set(pl.read_csv(path).columns)
    elif what == "scores":
        assert set(pl.read_ndjson(path)["score"]) == {"pass", "fail", "right", "wrong"}
    else:
        assert list(yaml.safe_load(path.read_text())["evaluation"]["criteria"]) == ["polite", "correct"]


def test_a_project_that_labels_and_evaluates(nacre):
    write_evaluation(nacre.folder)
    write_project(nacre.folder, {**MAIL, "evaluation": RECIPE["evaluation"]}, mail())

    labeled = nacre("run", "--until", "apply")
    both = nacre("run")

    assert "votes" in labeled
    assert "run           1" not in labeled
    assert "end model" in both
    assert "run           1" in both
    assert set(nacre.json("run")) >= {"iteration", "evaluation"}
    assert yaml.safe_load(nacre.run("export", "recipe", "-o", "/dev/stdout").stdout.rpartition("/dev/stdout")[0])[
        "evaluation"
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["run", "--until", "train"], "labels nothing", id="a stage of labeling"),
        pytest.param(["show", "functions"], "has no labeling part", id="functions"),
        pytest.param(["predict"], "has no labeling part", id="predict"),
        pytest.param(["show", "matrix"], "was never run", id="before the first run"),
    ],
)
def test_what_a_project_that_only_evaluates_does_not_have(help_desk, arguments, message):
    assert message in help_desk(*arguments, code=1)


@pytest.mark.parametrize("arguments", [["run", "--until", "evaluate"], ["show", "matrix"], ["gate"], ["compare", "1"]])
def test_what_a_project_that_only_labels_does_not_have(nacre_mail, arguments):
    assert re.search("lacks `evaluation`|no evaluation part", nacre_mail(*arguments, code=1))


SLOW = """
import os, pathlib, time

def slow(prompt, response):
    if os.environ.get("SLOW") and prompt == "question 5000?":
        pathlib.Path(os.environ["SLOW"]).touch()
        time.sleep(120)
    return "no" not in response
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="needs signals of POSIX")
def test_a_run_that_was_killed_goes_on_where_it_was(nacre, monkeypatch):
    spec = with_evaluation(evaluators={"slow": {"criterion": "polite", "code": "slow.py:slow"}})
    write_evaluation(nacre.folder, spec, responses(9_001))
    (nacre.folder / "slow.py").write_text(SLOW)
    started = nacre.folder / "started"
    monkeypatch.setenv("SLOW", str(started))
    process = nacre.start("run")
    until = time.monotonic() + 120
    while not started.exists():
        assert time.monotonic() < until, "the second block never came"
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    monkeypatch.delenv("SLOW")
    kept = {path: path.stat().st_mtime_ns for path in columns(nacre.folder)}
    assert kept
    assert "No responses of `help` were evaluated" in nacre("show", "matrix", code=1)

    nacre("run")

    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert nacre.json("show", "evaluators")[0]["scored"] == 9_001
    assert len(columns(nacre.folder)) > len(kept)


def columns(folder: Path):
    return sorted((folder / ".nacre" / "columns").rglob("*.arrow"))


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        pytest.param(
            {"id": ["a", "b"], "question": ["Where?", "Who?"], "answer": ["Here.", "I."], "gold": ["Here", "You"]},
            {"prompt": "question", "response": "answer", "reference": "gold", "prompt_id": "id"},
            id="other names",
        ),
        pytest.param({"prompt": ["Where?"], "response": ["Here."]}, {}, id="its own names"),
        pytest.param(
            {"Prompt": ["Where?"], "Output": ["Here."], "context": ["It is here."]},
            {"prompt": "Prompt", "response": "Output", "contexts": "context"},
            id="capitals and contexts",
        ),
    ],
)
def test_what_init_writes_for_responses_runs(nacre, columns, expected):
    pl.DataFrame(columns).write_ndjson(nacre.folder / "answers.jsonl")

    nacre("init", "--evaluation", "--data", "answers.jsonl")

    recipe = yaml.safe_load((nacre.folder / "nacre.yaml").read_text())["evaluation"]
    assert recipe["responses"] == {"source": "answers.jsonl", **expected}
    assert ("contains_reference" in recipe["evaluators"]) == ("reference" in expected)
    assert ("groundedness" in recipe["evaluators"]) == ("contexts" in expected)
    assert "run           1" in nacre("run")


def test_init_takes_results_of_another_tool(nacre):
    log = Path(__file__).parents[1] / "exchange" / "files" / "inspect.eval"
    (nacre.folder / "log.eval").write_bytes(log.read_bytes())

    nacre("init", "--evaluation", "--data", "log.eval")

    assert "format: inspect" in (nacre.folder / "nacre.yaml").read_text()
    assert "includes" in nacre("run")


def test_init_says_what_is_wrong_with_results_of_a_tool(nacre):
    (nacre.folder / "damaged.json").write_text(
        '{"evalId": "e", "results": {"version": 3, "results": [{"response": 1}]}}'
    )
    told = nacre("init", "--evaluation", "--data", "damaged.json", code=1)
    assert "As results of another tool:" in told

    (nacre.folder / "config.yaml").write_text(
        "prompts: ['Say {{word}}']\nproviders: [echo]\ntests: [{vars: {word: hi}}]\n"
    )
    assert "holds prompts and no response" in nacre("init", "--evaluation", "--data", "config.yaml", code=1)
    assert not (nacre.folder / "nacre.yaml").exists()


def test_init_takes_the_generator_of_alpaca_eval_for_the_system(nacre):
    (nacre.folder / "outputs.json").write_text('[{"instruction": "Hi?", "output": "Hi.", "generator": "g"}]')
    nacre("init", "--evaluation", "--data", "outputs.json")
    assert "system: generator" in (nacre.folder / "nacre.yaml").read_text()


def test_init_says_where_it_finds_no_responses(nacre):
    pl.DataFrame({"a": [1]}).write_csv(nacre.folder / "a.csv")

    assert "no prompts and responses" in nacre("init", "--evaluation", "--data", "a.csv", code=1)
    assert not (nacre.folder / "nacre.yaml").exists()
    nacre("init", "--evaluation")
    assert "There is no file `responses.jsonl`" in nacre("run", code=1)
