import json
from pathlib import Path

import polars as pl
import pytest

from nacre.errors import IngestError
from nacre.evaluation import evaluate, evaluator_from_spec
from nacre.exchange import read_evaluation, write_evaluation
from nacre.exchange._promptfoo_asserts import NotSupported, condition_of

FILES = Path(__file__).parent / "files"


def config(folder, text):
    path = folder / "promptfooconfig.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def verdicts():
    return [json.loads(line) for line in (FILES / "promptfoo_verdicts.jsonl").read_text().splitlines()]


def test_conditions_agree_with_promptfoo_on_every_assertion_and_response():
    wrong, n_checked = [], 0
    for verdict in verdicts():
        if verdict["type"].endswith("is-json"):
            continue
        condition = condition_of(verdict["type"], verdict["value"])
        responses = pl.DataFrame({"response": [verdict["response"]]})
        n_checked += 1
        if responses.select(condition.expr()).item() != verdict["passes"]:
            wrong.append(verdict)

    assert wrong == []
    assert n_checked == 720


def test_json_is_told_as_promptfoo_tells_it(tmp_path):
    found = [verdict for verdict in verdicts() if verdict["type"] == "is-json"]
    path = config(tmp_path, "prompts: [a]\ntests: [{assert: [{type: is-json}]}]")
    (evaluator,) = read_evaluation(path).evaluators
    responses = pl.DataFrame({"prompt": ["a"] * len(found), "response": [verdict["response"] for verdict in found]})

    scores = evaluate([evaluator], responses).frame.get_column("value").to_list()

    assert [value == 1 for value in scores] == [verdict["passes"] for verdict in found]


def test_a_configuration_gives_prompts_evaluators_and_what_is_left():
    imported = read_evaluation(FILES / "promptfooconfig.yaml")

    prompts = imported.prompts
    assert imported.format == "promptfoo"
    assert imported.responses.is_empty()
    assert prompts.height == 8  # two templates, three tests, one of them with two values of its variable
    assert prompts.get_column("prompt").to_list()[:2] == [
        "When does the harbour museum open?",
        "Please answer a visitor: When does the harbour museum open?",
    ]
    assert prompts.row(0, named=True)["reference"] == "10:00"
    assert prompts.row(0, named=True)["topic"] == "hours"
    assert [evaluator.name for evaluator in imported.evaluators] == ["not-contains As an AI", "assertions"]
    assert {part.what for part in imported.unsupported} == {
        '`providers` ([{"id":"file://answers.js","label":"harbour-1"}])',
        "is-json",
        "assert-set with a threshold",
        "latency",
        "is-html",
        "metric `on_topic`",
    }


def test_imported_evaluators_score_as_promptfoo_did():
    evaluators = read_evaluation(FILES / "promptfooconfig.yaml").evaluators
    results = read_evaluation(FILES / "promptfoo_results.json")

    ours = evaluate(evaluators, results.responses).wide()

    unsupported = {"is-json", "assert-set", "icontains", "icontains 2", "latency", "is-html"}
    dogs = results.responses.filter(pl.col("question").str.contains("dogs")).get_column("row_id")
    theirs = (
        results.scores.frame.filter(pl.col("status") == "scored")
        .filter(~(pl.col("evaluator").is_in(unsupported) & pl.col("row_id").is_in(dogs.implode())))
        .group_by("row_id")
        .agg(passes=pl.col("value").min())
    )
    joined = theirs.join(ours, on="row_id").with_columns(ours=pl.min_horizontal("not-contains As an AI", "assertions"))
    assert len(joined) == 6
    assert joined.get_column("ours").to_list() == joined.get_column("passes").to_list()


def test_imported_evaluators_can_be_written_into_a_recipe():
    evaluators = read_evaluation(FILES / "promptfooconfig.yaml").evaluators

    criteria = {evaluator.criterion.name: evaluator.criterion for evaluator in evaluators}
    again = [evaluator_from_spec(evaluator.name, evaluator.spec(), criteria) for evaluator in evaluators]

    assert [evaluator.fingerprint for evaluator in again] == [evaluator.fingerprint for evaluator in evaluators]


def test_results_keep_failed_rows_and_never_score_them():
    imported = read_evaluation(FILES / "promptfoo_results.json")

    assert imported.responses.height == 8
    assert imported.responses.get_column("response").null_count() == 2
    assert imported.responses.get_column("system").unique().sort().to_list() == [
        "harbour-1 | polite",
        "harbour-1 | {{question}}",
    ]
    failed = imported.scores.frame.filter(pl.col("status") == "failed")
    assert failed.get_column("value").null_count() == len(failed) > 0
    assert set(failed.get_column("message")) == {"no answer in this language"}
    on_topic = imported.scores.of("on_topic")
    assert on_topic.select("value", "rationale").rows() == [(1.0, "Assertion passed")] * 2
    assert [part.what for part in imported.unsupported] == ["error `no answer in this language`"]


def test_results_are_the_same_from_json_and_json_lines():
    one, lines = (read_evaluation(FILES / f"promptfoo_results.{suffix}") for suffix in ("json", "jsonl"))

    keys = ["prompt", "response", "prompt_id", "system"]
    assert one.responses.select(keys).sort(keys).equals(lines.responses.select(keys).sort(keys))
    assert len(one.scores.frame) == len(lines.scores.frame)


def test_prompts_of_a_configuration_have_the_ids_of_its_results():
    prompts = read_evaluation(FILES / "promptfooconfig.yaml").prompts
    results = read_evaluation(FILES / "promptfoo_results.json").responses

    assert set(prompts.get_column("prompt_id")) == set(results.get_column("prompt_id"))


def test_graded_assertions_become_numbers_that_pass_from_their_threshold(tmp_path):
    path = tmp_path / "results.json"
    component = {"pass": True, "reason": "fine", "assertion": {"type": "llm-rubric", "threshold": 0.5}}
    result = {
        "prompt": {"raw": "Hi", "label": "Hi"},
        "vars": {"a": 1},
        "provider": {"id": "x"},
        "response": {"output": {"text": "Hello"}},
    }
    graded = [{**result, "gradingResult": {"componentResults": [{**component, "score": score}]}} for score in (0.7, 1)]
    path.write_text(json.dumps({"results": {"version": 3, "results": graded}}))

    imported = read_evaluation(path)

    (criterion,) = imported.criteria
    assert (criterion.kind, criterion.passes) == ("number", 0.5)
    assert imported.scores.frame.get_column("value").to_list() == pytest.approx([0.7, 1.0])
    assert imported.responses.get_column("response").to_list() == ['{"text":"Hello"}'] * 2


@pytest.mark.parametrize(
    ("kind", "value", "why"),
    [
        ("llm-rubric", "is polite", "language model"),
        ("javascript", "output.split(' ').length > 3", "runs code"),
        ("cost", None, "not the response"),
        ("regex", "(?=a)b", "look"),
        ("contains", "file://a.txt", "in a file"),
        ("contains-any", 7, "list of texts"),
        ("equals", {"a": 1}, "compares JSON"),
        ("word-count", "many", "number"),
        ("made-up", 1, "no condition"),
    ],
)
def test_assertions_that_no_condition_says_are_refused_with_a_reason(kind, value, why):
    with pytest.raises(NotSupported, match=why):
        condition_of(kind, value)


def test_unsupported_assertions_are_listed_by_name_and_place(tmp_path):
    path = config(
        tmp_path,
        "prompts: [a]\ntests:\n- assert:\n"
        "  - {type: llm-rubric, value: kind}\n  - {type: similar, value: b, weight: 2}\n",
    )

    imported = read_evaluation(path)

    assert [(part.where, part.what) for part in imported.unsupported] == [
        ("tests[0].assert[0]", "llm-rubric"),
        ("tests[0].assert[1]", "`weight` of `similar`"),
        ("tests[0].assert[1]", "similar"),
    ]


def test_files_beside_the_configuration_are_read(tmp_path):
    (tmp_path / "prompts.txt").write_text("Say {{word}}\n---\nShout {{word}}\n")
    (tmp_path / "tests.csv").write_text("word,__expected,__metadata:topic\nhi,icontains: HI,greeting\nbye,bye,\n")
    path = config(tmp_path, "prompts: file://prompts.txt\nproviders: [echo]\ntests: file://tests.csv\n")

    imported = read_evaluation(path)

    assert imported.prompts.get_column("prompt").to_list() == ["Say hi", "Shout hi", "Say bye", "Shout bye"]
    assert imported.prompts.get_column("topic").to_list() == ["greeting", "greeting", None, None]
    responses = imported.prompts.select("prompt", "prompt_id").with_columns(response=pl.lit("hi"))
    scores = evaluate(imported.evaluators, responses).wide()
    assert scores.get_column("assertions").to_list() == [1.0, 1.0, 0.0, 0.0]


@pytest.mark.parametrize("name", ["file:///etc/hosts.csv", "file://../outside.csv"])
def test_files_outside_the_folder_are_not_opened(tmp_path, name):
    (tmp_path / "outside.csv").write_text("word\nsecret\n")
    inside = tmp_path / "inside"
    inside.mkdir()
    path = config(inside, f"prompts: [a]\ntests: {name}\n")

    with pytest.raises(IngestError, match="outside its folder"):
        read_evaluation(path)


def test_yaml_is_read_as_javascript_reads_it(tmp_path):
    path = config(tmp_path, "prompts: ['{{a}} {{b}} {{c}}']\ntests: [{vars: {a: yes, b: 10:00, c: 2024-01-05}}]\n")

    assert read_evaluation(path).prompts.item(0, "prompt") == "yes 10:00 2024-01-05"


def test_aliases_and_templates_of_assertions_are_followed(tmp_path):
    text = (
        "assertionTemplates: {brief: {type: javascript, value: 'output.length < 3'}}\nprompts: [a]\n"
        "x-common: &common [{$ref: '#/assertionTemplates/brief'}]\ntests: [{assert: *common}]\n"
    )

    imported = read_evaluation(config(tmp_path, text))

    (evaluator,) = imported.evaluators
    scores = evaluate([evaluator], pl.DataFrame({"prompt": ["a", "a"], "response": ["ab", "abc"]}))
    assert scores.frame.get_column("value").to_list() == [1.0, 0.0]


def test_templates_that_compute_are_refused_by_name(tmp_path):
    path = config(tmp_path, "prompts: ['{{ a | upper }}', '{{a}}']\ntests: [{vars: {a: b}}]\n")

    imported = read_evaluation(path)

    assert imported.prompts.get_column("prompt").to_list() == ["b"]
    assert any("computes" in part.why for part in imported.unsupported)


def test_a_written_configuration_holds_the_responses(tmp_path):
    responses = pl.DataFrame(
        {
            "prompt": ["yes", "10:00 # no comment", "a\nb"],
            "response": ["no", "- [x]: 'y'", "{z}"],
            "reference": ["no", None, "# r"],
            "system": ["s"] * 3,
        }
    )
    path = tmp_path / "tests.yaml"

    left = write_evaluation(path, responses, format="promptfoo")

    again = read_evaluation(path).responses
    assert left == ()
    assert again.select("prompt", "response", "reference").rows() == responses.drop("system").rows()
    assert again.get_column("system").to_list() == ["s"] * 3


@pytest.mark.parametrize("output", [{}, {"providerOutput": "Hi"}], ids=["prompts", "responses"])
def test_a_variable_that_is_called_like_a_pattern_stays_behind(tmp_path, output):
    test = {"vars": {"name": "Ada", "^.*$": "x"}, **output}
    text = json.dumps({"prompts": ["Hi {{name}}"], "providers": ["echo"], "tests": [test, test]})

    found = read_evaluation(config(tmp_path, text))

    assert "`^.*$`" in [note.what for note in found.unsupported]
    assert "^.*$" not in found.responses.columns
