import pytest

from nacre.errors import UnknownNameError, WorkspaceError
from nacre.workspace import RunContent


def content(scores="a1", **changes):
    counts = {"polite": {"scored": 3, "abstained": 0, "unparsable": 0, "failed": 0}}
    given = {
        "responses": "b1",
        "scores": scores,
        "members": "c1",
        "benchmark": "d1",
        "criteria": {"polite": {}},
        "evaluators": {"polite": "f1"},
        "counts": counts,
        "n_responses": 3,
        "n_prompts": 2,
    }
    return RunContent(**{**given, **changes})


@pytest.fixture
def runs(project):
    return project.runs


def test_a_run_is_kept_with_who_when_and_what_for(runs):
    kept = runs.add(content(), note="first", metrics={"all": {}})

    assert runs[1] == kept == runs.newest
    assert (kept.number, kept.note, kept.content, kept.name) == (1, "first", content(), "1 (first)")


def test_the_same_content_makes_no_second_run(runs):
    runs.add(content(), note="first")

    assert runs.add(content(), note="again") is None
    assert len(runs) == 1


def test_content_that_comes_back_is_a_new_run(runs):
    for scores in ("a1", "a2", "a1"):
        runs.add(content(scores))

    assert [run.content.scores for run in runs] == ["a1", "a2", "a1"]


@pytest.mark.parametrize(("name", "number"), [(2, 2), ("2", 2), ("base", 3), ("other", 2)])
def test_a_run_is_found_by_number_or_by_the_newest_note(runs, name, number):
    for scores, note in (("a1", "base"), ("a2", "other"), ("a3", "base")):
        runs.add(content(scores), note=note)

    assert runs[name].number == number


def test_a_number_is_that_of_a_run_before_it_is_a_note(runs):
    for scores, note in (("a1", "base"), ("a2", "1"), ("a3", "7")):
        runs.add(content(scores), note=note)

    assert [runs["1"].number, runs["7"].number] == [1, 3]


def test_a_run_that_is_not_there_is_named_with_those_that_are(runs):
    runs.add(content(), note="base")

    with pytest.raises(UnknownNameError, match=r"no run `bas`; there are 1 \(base\)"):
        runs["bas"]


def test_a_run_records_what_happened_and_is_never_taken_back(project):
    project.runs.add(content())
    event = project.events.last(1)[0]

    assert str(event).endswith("finish run `1`")
    for take_back in (project.undo, project.restore):
        with pytest.raises(WorkspaceError, match="stays: it records what happened"):
            take_back(event.id)


def test_the_changes_of_a_run_are_the_edits_since_the_run_before(project):
    project.evaluators["polite"] = {"criterion": "polite"}
    project.runs.add(content())
    project.settings["embedding"] = {"a": 1}
    project.evaluators["polite"] = {"criterion": "polite", "catalogue": "polite"}
    project.runs.add(content("a2"))

    assert [(event.kind, event.before is None) for event in project.runs.changes(1)] == [("evaluator", True)]
    assert [(event.kind, event.before is None) for event in project.runs.changes(2)] == [("evaluator", False)]


def test_a_run_whose_frames_are_gone_is_a_problem(project):
    project.runs.add(content())

    assert len(project.problems()) == 3
