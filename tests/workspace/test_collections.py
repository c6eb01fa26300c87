import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nacre.workspace
from nacre.data import Classes
from nacre.errors import SchemaError, SpecError, UnknownNameError, WorkspaceError
from nacre.functions import Code, Keyword, Pattern, Rule, Slice

CASH = Rule("cash", Keyword("body", ("free cash",)), label="spam")
LUNCH = Rule("lunch", Keyword("body", ("lunch",)), label="ham")


def test_functions_behave_like_a_dict_in_order_of_arrival(project):
    project.functions.add(LUNCH, CASH)
    project.functions["lunch"] = Rule("lunch", Pattern("body", "lunch|dinner"), label="ham")

    assert list(project.functions) == ["lunch", "cash"]
    assert project.functions["cash"] == CASH
    assert [function.name for function in project.functions.values()] == ["lunch", "cash"]
    assert ("cash" in project.functions, "other" in project.functions) == (True, False)


def test_a_version_is_made_only_when_the_spec_changes(project):
    project.functions.add(CASH)
    n_events = len(project.events)

    project.functions["cash"] = Rule("any name", Keyword("body", ("free cash",)), label="spam")

    assert len(project.events) == n_events


def test_renaming_keeps_version_fingerprint_and_history(project):
    project.functions.add(CASH)
    version = project.functions.version("cash")

    project.functions.rename("cash", "free_cash")

    assert list(project.functions) == ["free_cash"]
    assert project.functions.version("free_cash") == version
    assert project.functions["free_cash"].fingerprint == CASH.fingerprint
    assert [event.action for event in project.functions.history("free_cash")] == ["set", "rename"]


def test_history_stops_where_another_object_had_the_name(project):
    project.functions.add(CASH)
    project.functions.rename("cash", "old")
    project.functions["cash"] = LUNCH

    assert [event.action for event in project.functions.history("cash")] == ["set"]
    assert [event.action for event in project.functions.history("old")] == ["set", "rename"]


def test_renaming_to_a_name_in_use_is_refused(project):
    project.functions.add(CASH, LUNCH)

    with pytest.raises(WorkspaceError, match="a function `lunch` already"):
        project.functions.rename("cash", "lunch")
    with pytest.raises(UnknownNameError, match=r"no function `chash`.*Did you mean `cash`"):
        project.functions.rename("chash", "x")


def test_deleting_is_an_event_that_can_be_undone_and_redone(project):
    project.functions.add(CASH)

    del project.functions["cash"]
    deleted = project.events.last(1)[0]
    assert "cash" not in project.functions

    undone = project.undo(deleted.id)
    assert project.functions["cash"] == CASH
    project.undo(undone.id)
    assert "cash" not in project.functions


def test_undo_goes_back_one_change_and_restore_to_any(project):
    for word in ("one", "two", "three"):
        project.functions["f"] = Rule("f", Keyword("body", (word,)), label="spam")
    events = project.functions.history("f")

    project.undo(events[2].id)
    assert project.functions["f"].when.keywords == ("two",)
    project.restore(events[0].id)
    assert project.functions["f"].when.keywords == ("one",)
    assert [event.action for event in project.functions.history("f")] == ["set"] * 3 + ["undo", "restore"]


def test_undoing_a_change_that_others_built_on_is_refused(project):
    for word in ("one", "two"):
        project.functions["f"] = Rule("f", Keyword("body", (word,)), label="spam")
    first = project.functions.history("f")[0]

    with pytest.raises(WorkspaceError, match="has changed since event"):
        project.undo(first.id)


def test_a_renaming_can_be_undone(project):
    project.functions.add(CASH)
    event = project.functions.rename("cash", "free_cash")

    project.undo(event.id)

    assert list(project.functions) == ["cash"]


def test_a_change_made_from_an_old_version_is_refused_when_asked(project):
    project.functions.add(CASH)
    seen = project.functions.version("cash")
    project.functions["cash"] = LUNCH

    with pytest.raises(WorkspaceError, match="was changed meanwhile"):
        project.functions.put("cash", CASH, expected=seen)
    assert project.functions["cash"].label == "ham"


def test_two_versions_can_be_compared_and_read(project):
    project.functions.add(CASH)
    project.functions["cash"] = Rule("cash", Keyword("body", ("free cash", "win")), label="offer")
    first, second = project.functions.history("cash")

    found = project.functions.diff(first.after, second.after)

    assert {difference.path.split(".")[0] for difference in found} == {"label", "when"}
    assert found == project.diff(second.id)
    assert project.functions.at("cash", first.after) == CASH


def test_python_functions_are_kept_as_specs_that_run_only_when_applied(workspace, project, tmp_path):
    marker = tmp_path / "it-ran"
    source = tmp_path / "functions.py"
    source.write_text(f"open({str(marker)!r}, 'w').close()\ndef airport(text):\n    return 'spam'\n")

    project.functions["airport"] = Code("airport", f"{source}:airport")

    assert workspace.project("spam").functions["airport"].reads == ("text",)
    assert not marker.exists()


def test_a_function_without_a_file_cannot_be_stored(project):
    def nested():
        return lambda body: "spam"

    with pytest.raises(SpecError, match="Move it to a file"):
        project.functions["f"] = Code("f", nested())
    assert len(project.functions) == 0


@pytest.mark.parametrize("name", ["", " ", "a\nb", "x" * 201], ids=["empty", "blank", "line break", "long"])
def test_names_that_cannot_be_shown_are_refused(project, name):
    with pytest.raises(SpecError, match="printable name"):
        project.functions[name] = CASH


def test_of_several_functions_all_are_set_or_none(project):
    nested = Code("nested", lambda body: "spam")

    with pytest.raises(SpecError):
        project.functions.add(CASH, nested)
    assert len(project.functions) == 0


def test_slices_and_settings_are_versioned_too(project):
    reply = Slice("reply", Pattern("subject", "^Re: "))
    project.slices["reply"] = reply
    project.settings["label_model"] = {"class_conditional": {"precision": 0.85}}
    project.settings["label_model"] = {"majority_vote": {}}

    assert project.slices["reply"] == reply
    assert project.settings["label_model"] == {"majority_vote": {}}
    assert len(project.settings.history("label_model")) == 2
    with pytest.raises(SpecError, match="must be JSON"):
        project.settings["model"] = {1, 2}


def test_the_schema_is_one_object_with_versions(project):
    with pytest.raises(SchemaError, match="no label schema yet"):
        _ = project.schema
    project.schema = Classes(("ham", "spam"))
    project.schema = Classes(("ham", "spam"))
    project.schema = Classes(("ham", "spam", "offer"))

    assert project.schema == Classes(("ham", "spam", "offer"))
    assert len(project.events.where(kind="schema")) == 2


def test_projects_do_not_see_each_other(workspace):
    workspace.project("one").functions.add(CASH)

    other = workspace.project("two")

    assert list(other.functions) == []
    assert workspace.projects == ("one", "two")
    with pytest.raises(UnknownNameError, match="no event"):
        other.undo(workspace.project("one").events.last(1)[0].id)


def test_the_order_of_keys_is_kept(project):
    groups = (("not spam", ("ham", "offer")), ("money", ("spam", "offer")))
    project.schema = Classes(("ham", "spam", "offer"), groups=groups)

    assert project.schema.groups == groups


names = st.sampled_from("abc")
steps = st.one_of(
    st.tuples(st.just("set"), names, st.integers(0, 3)),
    st.tuples(st.just("delete"), names, st.none()),
    st.tuples(st.just("rename"), names, names),
)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    with nacre.workspace.open(tmp_path_factory.mktemp("workspace"), user="ann") as workspace:
        yield workspace


@settings(max_examples=30, deadline=None)
@given(script=st.lists(steps, max_size=12))
def test_a_collection_is_a_dict_whose_every_step_can_be_taken_back(shared, script):
    project = shared.project(f"p{len(shared.projects)}")
    states, events = [{}], []
    for action, name, value in script:
        state = dict(states[-1])
        if action == "set" and state.get(name) != value:
            state[name] = value
            project.settings[name] = value
        elif action == "delete" and name in state:
            del state[name], project.settings[name]
        elif action == "rename" and name in state and value not in state:
            state[value] = state.pop(name)
            project.settings.rename(name, value)
        else:
            continue
        assert dict(project.settings.items()) == state
        states.append(state)
        events.append(project.events.last(1)[0])

    for state, event in zip(reversed(states[:-1]), reversed(events), strict=True):
        project.undo(event.id)
        assert dict(project.settings.items()) == state
