import pytest
import yaml

from nacre.errors import SpecError
from nacre.loop import read_evaluation_recipe, read_project, read_recipe
from planted_evaluations import RECIPE, with_evaluation, write_evaluation
from planted_projects import MAIL

PARTS = RECIPE["evaluation"]


def test_the_parts_of_an_evaluation(tmp_path):
    spec = with_evaluation(experts="experts.csv", baseline=1, gate="polite>=0.9")

    found = read_evaluation_recipe(write_evaluation(tmp_path, spec))

    assert (found.project, found.folder) == ("help", tmp_path)
    assert found.responses.source == "responses.jsonl"
    assert found.responses.fields == {"prompt": "question", "reference": "gold", "prompt_id": "id"}
    assert [criterion.name for criterion in found.criteria] == ["polite", "correct"]
    assert [evaluator.name for evaluator in found.evaluators] == ["polite", "overlap"]
    assert [part.name for part in found.slices] == ["spanish", "long"]
    assert (found.experts.source, found.scores) == ("experts.csv", None)
    assert (found.baseline, found.gate) == ("1", ("polite>=0.9",))


def test_an_evaluator_that_is_written_in_no_way_is_told_the_ways(tmp_path):
    path = write_evaluation(
        tmp_path, with_evaluation(evaluators={"polite": {"fail": {"keyword": ["response", ["no"]]}}})
    )
    with pytest.raises(SpecError, match=r"one of passes, fails, catalogue, .*Did you mean `fails`"):
        read_evaluation_recipe(path)


def test_what_labels_nothing_is_told_how_to_look_at_its_evaluation(tmp_path):
    with pytest.raises(SpecError, match="nacre show responses"):
        read_recipe(write_evaluation(tmp_path, RECIPE))


def test_a_project_has_a_labeling_part_an_evaluation_part_or_both(tmp_path):
    both = {**MAIL, "evaluation": PARTS}

    found = [read_project(write_evaluation(tmp_path, spec)) for spec in (MAIL, RECIPE, both)]

    has_parts = [(part.labeling is not None, part.evaluation is not None) for part in found]
    assert has_parts == [(True, False), (False, True), (True, True)]


def test_a_part_that_is_not_there_is_missed_by_name(tmp_path):
    write_evaluation(tmp_path, RECIPE)
    with pytest.raises(SpecError, match="no labeling part: it lacks `data`"):
        read_recipe(tmp_path / "nacre.yaml")

    (tmp_path / "nacre.yaml").write_text(yaml.safe_dump(MAIL), encoding="utf-8")
    with pytest.raises(SpecError, match="no evaluation part"):
        read_evaluation_recipe(tmp_path / "nacre.yaml")


def test_an_evaluator_of_the_catalogue_brings_its_criterion(tmp_path):
    spec = with_evaluation(criteria=None, evaluators={"no_personal_data": "catalogue"})

    found = read_evaluation_recipe(write_evaluation(tmp_path, spec))

    assert [criterion.name for criterion in found.criteria] == ["no_personal_data"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"respones": "a.csv"}, "no key `respones`.*Did you mean `responses`", id="an unknown key"),
        pytest.param({"responses": None}, "lacks `responses`", id="no responses"),
        pytest.param({"responses": {"prompt": "q"}}, "evaluation: responses.*lacks `source`", id="no source"),
        pytest.param(
            {"responses": {"source": "a.csv", "promt": "q"}},
            "Did you mean `prompt`",
            id="an unknown field",
        ),
        pytest.param({"responses": {"source": "a.csv", "prompt": 3}}, "`prompt` is text", id="a number as a field"),
        pytest.param({"criteria": {"polite": {"target": 2}}}, "criteria: polite.*between 0 and 1", id="a target"),
        pytest.param(
            {"evaluators": {"overlap": {"criterion": "corect", "passes": {"keyword": ["response", "yes"]}}}},
            "evaluators: overlap.*Did you mean `correct`",
            id="an unknown criterion",
        ),
        pytest.param(
            {"evaluators": {"polite": {"passes": {"keywrod": ["response", "yes"]}}}},
            "evaluators: polite.*Did you mean `keyword`",
            id="an unknown condition",
        ),
        pytest.param({"slices": {"es": {"say": ["prompt", "es"]}}}, "slices: es.*`says`", id="an unknown slice"),
        pytest.param({"criteria": None, "evaluators": None}, "needs `criteria`", id="nothing to judge by"),
        pytest.param({"baseline": [1]}, "`baseline` is the number or the note", id="a list as baseline"),
        pytest.param({"gate": {"polite": 0.9}}, "`gate` is a list of conditions", id="an object as gate"),
        pytest.param({"experts": {"source": "a.csv", "scores": "x"}}, "Did you mean `score`", id="a column of experts"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(tmp_path, changes, message):
    path = write_evaluation(tmp_path, with_evaluation(**changes))

    with pytest.raises(SpecError, match=message):
        read_project(path)


@pytest.mark.parametrize(
    "name", ["response", "key", "weight", "annotator", "explanation", "prompt_id", "criterion", "score", "contexts"]
)
def test_no_criterion_is_called_like_a_column_of_the_labels(tmp_path, name):
    spec = with_evaluation(criteria={name: "Good."}, evaluators=None)

    with pytest.raises(SpecError, match=f"No criterion can be called `{name}`"):
        read_evaluation_recipe(write_evaluation(tmp_path, spec))


def test_no_criterion_of_the_catalogue_is_called_like_a_column_either(tmp_path):
    evaluators = {"weight": {"catalogue": "length", "max_words": 9}}

    with pytest.raises(SpecError, match="No criterion can be called `weight`"):
        read_evaluation_recipe(write_evaluation(tmp_path, with_evaluation(criteria=None, evaluators=evaluators)))


@pytest.mark.parametrize("name", ["row_id", "all"])
def test_no_slice_is_called_like_a_column_of_the_members(tmp_path, name):
    spec = with_evaluation(slices={name: {"keyword": ["prompt", ["hola"]]}})

    with pytest.raises(SpecError, match=f"No slice can be called `{name}`"):
        read_evaluation_recipe(write_evaluation(tmp_path, spec))
