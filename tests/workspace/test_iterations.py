import math
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import polars as pl
import pytest

from nacre.errors import UnknownNameError, WorkspaceError
from nacre.functions import Keyword, Rule
from nacre.metrics import Metric
from nacre.workspace import open as open_workspace

ACCURACY = {"valid": {"all": {"accuracy": Metric(0.9, 0.85, 0.94, 200)}}}


def rule(word):
    return Rule("f", Keyword("body", (word,)), label="spam")


def fit(project, name, content):
    training_set = project.training_sets.add(f"set of {name}", pl.DataFrame({"row_id": [0], "spam": [content]}))
    return project.models.add(name, lambda folder: (folder / "x").write_text(name), training_set=training_set.frame)


def test_an_iteration_opens_by_name_and_owns_what_follows(project):
    project.functions["f"] = rule("a")
    opened = project.iterate("two functions repaired")
    project.functions["f"] = rule("b")

    assert (opened.number, opened.note, opened.author) == (1, "two functions repaired", "ann")
    assert [event.kind for event in project.iterations.events(1)] == ["iteration", "function"]
    assert [event.iteration for event in project.events] == [0, 0, 1, 1]
    assert project.iterations.current == opened


def test_a_model_on_a_new_training_set_opens_an_iteration(project):
    fit(project, "first", 0.5)
    fit(project, "again", 0.5)
    fit(project, "second", 0.7)

    assert [iteration.note for iteration in project.iterations] == ["model `first`", "model `second`"]


def test_a_model_joins_an_open_iteration_that_has_none(project):
    project.iterate("begin")
    fit(project, "first", 0.5)

    assert len(project.iterations) == 1


def test_two_runs_at_once_that_train_the_same_open_one_iteration(workspace, project):
    together = Barrier(2)

    def train(note):
        def save(folder):
            (folder / "x").write_text("the same model")
            together.wait(timeout=60)

        with open_workspace(workspace.path) as other:
            other.project(project.name).models.add("current", save, training_set="f00", note=note)

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(train, ("mine", "yours")))

    (opened,) = project.iterations
    assert opened.note in ("mine", "yours")
    assert [event.kind for event in project.events] == ["project", "iteration", "model"]


def test_another_model_with_a_note_opens_an_iteration_on_any_training_set(project):
    def write(folder, text):
        (folder / "x").write_text(text)

    for text in ("one", "two"):
        project.models.add("current", partial(write, text=text), training_set="f00", note=text)

    assert [iteration.note for iteration in project.iterations] == ["one", "two"]


def test_metrics_are_stored_by_split_and_slice(project):
    project.iterate("begin")
    project.iterations.measure(ACCURACY, detail={"causes": [1, 2]})

    project.iterations.measure({"test": {"html": {"f1": Metric(math.nan, 0, 1, 0)}}})

    stored = project.iterations[1]
    assert stored.metrics["valid"] == ACCURACY["valid"]
    assert math.isnan(stored.metrics["test"]["html"]["f1"].value)
    assert stored.detail == {"causes": [1, 2]}


@pytest.mark.parametrize("opens_first", [True, False], ids=["opened before the work", "named after the work"])
def test_edits_are_tied_to_the_metrics_that_they_moved(project, opens_first):
    for number, word in enumerate(("a", "b"), start=1):
        if opens_first:
            project.iterate(word)
        project.functions["f"] = rule(word)
        if not opens_first:
            project.iterate(word)
        project.iterations.measure(ACCURACY)
        assert [event.after for event in project.iterations.changes(number)] == [project.functions.version("f")]
    project.functions["f"] = rule("c")

    assert len(project.iterations.changes(2)) == 1


def test_measuring_needs_an_iteration(project):
    with pytest.raises(WorkspaceError, match="no iteration to measure"):
        project.iterations.measure(ACCURACY)
    with pytest.raises(UnknownNameError, match="no iteration `1`"):
        _ = project.iterations[1]
    assert project.iterations.current is None


def test_each_look_at_the_test_split_is_an_event_that_stays(project):
    look = project.look_at_test("final report")

    assert [(event.detail["reason"], event.author) for event in project.test_looks] == [("final report", "ann")]
    with pytest.raises(WorkspaceError, match="records what happened"):
        project.undo(look.id)
