import pytest

from nacre.errors import SpecError, WorkspaceError


@pytest.fixture
def filled(project, mail):
    project.data.add(mail)
    return project


def test_tags_are_sets(filled):
    filled.tags.add(["a", "b"], "odd")
    filled.tags.add(["a"], "hard")
    filled.tags.add(["a"], "odd")
    filled.tags.remove(["b"], "odd")

    assert filled.tags["a"] == {"odd", "hard"}
    assert filled.tags["c"] == frozenset()
    assert filled.tags.all() == {"a": {"odd", "hard"}}
    assert filled.tags.uids("odd") == ("a",)
    assert len(filled.events.where(kind="tags")) == 4


def test_a_tag_can_be_undone(filled):
    filled.tags.add(["a"], "odd")

    filled.undo(filled.events.last(1)[0].id)

    assert filled.tags["a"] == frozenset()


def test_comments_are_threads_with_authors(workspace, filled):
    filled.comments.add("a", "Is this spam?")
    second = filled.comments.add("a", "Yes, see the sender.")

    assert [comment.text for comment in filled.comments["a"]] == ["Is this spam?", "Yes, see the sender."]
    assert (second.author, second.at.isoformat()[:10]) == ("ann", "2026-07-01")
    assert filled.comments["b"] == ()
    assert list(filled.comments.all()) == ["a"]


@pytest.mark.parametrize(
    ("note", "error", "message"),
    [
        pytest.param(lambda p: p.tags.add(["a", "zz"], "odd"), WorkspaceError, "the uid `zz`", id="tag, unknown uid"),
        pytest.param(lambda p: p.comments.add("zz", "hm"), WorkspaceError, "the uid `zz`", id="comment, unknown uid"),
        pytest.param(lambda p: p.tags.add(["a"], " "), SpecError, "printable word", id="blank tag"),
        pytest.param(lambda p: p.comments.add("a", "\n"), SpecError, "some text", id="blank comment"),
    ],
)
def test_notes_without_a_place_or_content_are_refused(filled, note, error, message):
    with pytest.raises(error, match=message):
        note(filled)

    assert filled.tags.all() == {}
    assert filled.comments.all() == {}
