from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

import nacre.workspace
from nacre._hashing import hash_series
from nacre.data import CHUNK_ROWS, Dataset, hash_split
from nacre.errors import IngestError, UnknownFieldError, WorkspaceError

SHARES = {"train": 0.7, "valid": 0.1, "test": 0.2}


def numbered(start, stop):
    return pl.DataFrame({"uid": [f"u{i}" for i in range(start, stop)], "x": range(start, stop)})


def assert_consistent(data):
    """Row ids increase, uids are unique, known hashes are those of the content, chunks end at 65,536 row ids."""
    dataset = data.read()
    rows = dataset.collect()
    assert rows["row_id"].is_sorted()
    assert rows["row_id"].n_unique() == rows["uid"].n_unique() == len(rows) == len(data)
    for chunk in dataset.chunks:
        frame = chunk.frame.collect()
        assert frame["row_id"][0] // CHUNK_ROWS == frame["row_id"][-1] // CHUNK_ROWS
        assert {name: hash_series(frame[name]) for name in dataset.schema} == dict(chunk.hashes)
        assert frame.schema == dataset.schema


def test_data_points_come_back_as_they_went_in(project, mail):
    imported = project.data.add(mail)

    assert imported[:3] == (3, 0, 3)
    assert_frame_equal(project.data.read().collect(), mail.with_row_index("row_id").cast({"row_id": pl.Int64}))
    assert_consistent(project.data)


def test_without_a_uid_the_row_id_identifies_a_data_point(project):
    project.data.add({"body": ["a", "b"]})
    project.data.add({"body": ["c"]})

    assert project.data.read().collect()["uid"].to_list() == ["0", "1", "2"]


@pytest.mark.parametrize(
    "frames",
    [
        pytest.param(lambda: numbered(0, 10), id="a frame"),
        pytest.param(lambda: iter([numbered(0, 4), numbered(4, 4), numbered(4, 10)]), id="an iterator of frames"),
        pytest.param(lambda: Dataset.from_frame(numbered(0, 10)), id="a dataset"),
        pytest.param(lambda: numbered(0, 10).to_pandas(), id="a pandas frame"),
    ],
)
def test_every_form_of_input_gives_the_same_data(project, frames):
    project.data.add(frames())

    assert_frame_equal(project.data.read().collect().drop("row_id"), numbered(0, 10))


def test_appending_rewrites_only_the_last_chunk(project):
    project.data.add(numbered(0, CHUNK_ROWS + 10))
    before = project.data.read()

    project.data.add(iter([numbered(CHUNK_ROWS + 10, CHUNK_ROWS + 20), numbered(CHUNK_ROWS + 20, 2 * CHUNK_ROWS + 5)]))

    after = project.data.read()
    assert [len(chunk.frame.collect()) for chunk in after.chunks] == [CHUNK_ROWS, CHUNK_ROWS, 5]
    assert after.chunks[0].hashes == before.chunks[0].hashes
    assert len(before.collect()) == CHUNK_ROWS + 10  # the version before is still there
    assert after.collect()["x"].to_list() == list(range(2 * CHUNK_ROWS + 5))
    assert_consistent(project.data)


@pytest.mark.parametrize("uid_field", [None, "id"])
def test_the_uid_field_and_the_split_of_the_first_import_hold_for_the_next(project, uid_field):
    frame = numbered(0, 100).rename({"uid": uid_field or "uid"})
    project.data.add(frame[:50], uid=uid_field, split=SHARES, seed=3)

    project.data.add(frame[50:])

    rows = project.data.read().collect()
    expected = hash_split(rows["uid"], SHARES, seed=3)
    assert rows["split"].to_list() == expected.to_list()
    assert rows["uid"].to_list() == numbered(0, 100)["uid"].to_list()


def test_a_given_column_can_be_the_split(project):
    project.data.add({"body": ["a", "b"], "fold": ["train", "test"]}, split="fold")

    assert project.data.read().split("test").collect()["body"].to_list() == ["b"]


def test_a_new_field_is_null_in_older_data_points(project, mail):
    project.data.add(mail)
    project.data.add(pl.DataFrame({"uid": ["d"], "sender": [["x@y"]], "body": ["hi"]}))

    rows = project.data.read().collect()

    assert rows.columns == ["row_id", "uid", "body", "length", "sender"]
    assert rows["sender"].to_list() == [None, None, None, ["x@y"]]
    assert rows["length"].to_list() == [9, 6, None, None]
    assert_consistent(project.data)


def test_a_new_field_is_null_in_older_chunks_whatever_is_read(project):
    project.data.add(numbered(0, CHUNK_ROWS))
    project.data.add(pl.DataFrame({"uid": ["new"], "x": [1], "y": [2.5]}))

    dataset = project.data.read()

    assert dataset.frame.select("y").collect()["y"].null_count() == CHUNK_ROWS
    assert dataset.where(pl.col("y") > 2).collect()["uid"].to_list() == ["new"]
    assert_consistent(project.data)


def test_a_field_without_values_takes_the_type_of_its_first_value(project):
    project.data.add(pl.DataFrame({"uid": ["a"], "x": [None]}))
    project.data.add(pl.DataFrame({"uid": ["b"], "x": ["text"]}))
    project.data.add(pl.DataFrame({"uid": ["c"], "x": [None]}))

    assert project.data.read().collect()["x"].to_list() == [None, "text", None]
    assert_consistent(project.data)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        pytest.param([1, 2], [3.0], [1, 2, 3], id="whole numbers as floats"),
        pytest.param([1.5], [2], [1.5, 2.0], id="whole numbers among floats"),
        pytest.param([1], [2.5], None, id="a fraction among whole numbers"),
        pytest.param(["007"], [7], None, id="a number among texts"),
        pytest.param([True], [1], None, id="a number among truth values"),
        pytest.param([["a"]], ["a"], None, id="a text among lists"),
        pytest.param([{"a": 1}], [{"a": 1, "b": 2}], None, id="a structure with more in it"),
        pytest.param([["a"]], [[]], [["a"], []], id="empty lists"),
    ],
)
def test_values_of_another_type_join_only_when_none_changes(project, first, second, expected):
    project.data.add(pl.DataFrame({"uid": [f"a{i}" for i in range(len(first))], "x": first}))

    def add():
        project.data.add(pl.DataFrame({"uid": [f"b{i}" for i in range(len(second))], "x": second}))

    if expected is None:
        with pytest.raises(IngestError, match="The field `x` is"):
            add()
        assert len(project.data) == len(first)
    else:
        add()
        assert project.data.read().collect()["x"].to_list() == expected


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        pytest.param([{"uid": ["d", "d"]}], "`d` and 0 other values occur more than once", id="repeated in a frame"),
        pytest.param([{"uid": ["d"]}, {"uid": ["e"]}, {"uid": ["d"]}], "occur more than once", id="repeated later"),
        pytest.param([{"uid": ["d", "b"]}], "1 of the 2 data points are here already.*`b`", id="imported before"),
        pytest.param([{"uid": ["d", None]}], "Row 1 has no `uid`", id="missing"),
        pytest.param([{"uid": ["d"]}, {"uid": [None]}], "Row 1 has no `uid`", id="missing later"),
        pytest.param([{"uid": ["d"], "a@b": [1]}], "`a@b` is not allowed", id="name of a derived column"),
        pytest.param([{"row_id": [7]}], "`row_id` is taken", id="own row ids"),
    ],
)
def test_bad_data_is_refused_as_a_whole(workspace, project, mail, frames, message):
    project.data.add(mail)
    version = project.data.version

    with pytest.raises(IngestError, match=message):
        project.data.add(pl.DataFrame(frame, strict=False) for frame in frames)

    assert project.data.version == version
    assert workspace.check() == []
    assert not list((workspace.path / "data" / "spam" / ".staging").glob("*"))


def test_an_error_of_the_source_leaves_nothing_behind(project, mail):
    def broken():
        yield mail
        raise RuntimeError("the line was cut")

    with pytest.raises(RuntimeError, match="the line was cut"):
        project.data.add(broken())

    assert len(project.data) == 0
    assert project.data.version is None


def test_an_unknown_uid_field_names_those_there_are(project, mail):
    with pytest.raises(UnknownFieldError, match="no field `id`"):
        project.data.add(mail, uid="id")


def test_a_split_beside_a_column_split_is_refused(project):
    with pytest.raises(IngestError, match="has a column `split` already"):
        project.data.add({"body": ["a"], "split": ["train"]}, split=SHARES)


def test_only_new_data_points_are_added_when_asked(project, mail):
    project.data.add(mail[:2])

    imported = project.data.add_new(mail)

    assert imported[:3] == (1, 2, 3)
    assert project.data.read().collect()["row_id"].to_list() == [0, 1, 2]
    assert project.data.add_new(mail)[:3] == (0, 3, 3)


def test_row_ids_are_not_used_again_after_an_undo(project):
    project.data.add(numbered(0, 3))
    project.data.add(numbered(3, 6))
    project.undo(project.events.last(1)[0].id)

    project.data.add(numbered(6, 8))

    assert project.data.read().collect()["row_id"].to_list() == [0, 1, 2, 6, 7]
    assert_consistent(project.data)


def test_earlier_versions_can_be_read(project):
    first = project.data.add(numbered(0, 3)).version
    project.data.add(numbered(3, 6))

    assert len(project.data.read(first)) == 3


def test_reading_before_the_first_import_says_what_to_do(project):
    with pytest.raises(WorkspaceError, match="has no data yet"):
        project.data.read()


def test_an_empty_frame_makes_an_empty_dataset(project):
    project.data.add(numbered(0, 0))

    assert project.data.read().collect().shape == (0, 3)
    project.data.add(numbered(0, 2))
    assert len(project.data) == 2


def test_a_missing_chunk_is_named(workspace, project, mail):
    project.data.add(mail)
    (chunk,) = (workspace.path / "data" / "spam").glob("*.arrow")
    content = chunk.read_bytes()
    chunk.write_bytes(content[:-1])

    with pytest.raises(WorkspaceError, match=r"has \d+ bytes instead of"):
        project.data.read()
    chunk.write_bytes(content[:100] + bytes([content[100] ^ 1]) + content[101:])
    assert "is damaged" in workspace.check()[0]
    chunk.unlink()
    with pytest.raises(WorkspaceError, match="is missing"):
        project.data.read()


def test_names_of_folders_are_not_patterns(tmp_path, mail):
    with nacre.workspace.open(tmp_path / "a[1]*?{x}", user="ann") as workspace:
        project = workspace.project("spam")
        project.data.add(mail)
        project.data.add({"uid": ["d"], "body": ["hi"]})

        assert len(project.data.read().collect()) == 4


@settings(max_examples=15, deadline=None)
@given(cuts=st.lists(st.integers(0, 300), max_size=6), steps=st.integers(1, 60_000))
def test_any_cut_into_imports_and_frames_gives_the_same_data(tmp_path_factory, cuts, steps):
    rows = numbered(0, 300 * steps // 100)
    bounds = sorted({0, len(rows), *(cut * len(rows) // 300 for cut in cuts)})
    with nacre.workspace.open(tmp_path_factory.mktemp("workspace"), user="ann") as workspace:
        data = workspace.project("spam").data

        for start, stop in pairwise(bounds):
            data.add(rows[start:stop].iter_slices(70_000))

        assert_frame_equal(data.read().collect().drop("row_id"), rows)
        assert_consistent(data)
        assert workspace.check() == []


def test_replacing_keeps_row_ids_and_what_did_not_change(project):
    project.data.add(numbered(0, 2 * CHUNK_ROWS), split=SHARES)
    before = project.data.read()
    edited = numbered(0, 2 * CHUNK_ROWS + 1).with_columns(x=pl.when(uid="u5").then(-1).otherwise("x"))

    imported = project.data.replace(edited.filter(pl.col("uid") != "u7").iter_slices(50_000))

    after = project.data.read()
    assert imported[:3] == (1, 2 * CHUNK_ROWS - 1, 2 * CHUNK_ROWS)
    assert after.chunks[0].hash("x") != before.chunks[0].hash("x")
    assert after.chunks[1].hashes == before.chunks[1].hashes
    rows = after.collect().filter(pl.col("uid").is_in(["u5", "u6", "u8", f"u{2 * CHUNK_ROWS}"]))
    assert rows["row_id"].to_list() == [5, 6, 8, 2 * CHUNK_ROWS]
    assert rows["x"].to_list() == [-1, 6, 8, 2 * CHUNK_ROWS]
    assert_consistent(project.data)


def test_replacing_accepts_any_order_and_changes_fields(project):
    project.data.add(pl.DataFrame({"uid": ["a", "b", "c"], "x": [1, 2, 3], "old": [0, 0, 0]}))

    frames = [{"uid": ["new", "c"], "x": ["n", "c"]}, {"uid": ["a", "late"], "x": ["a", "l"], "y": [1, 2]}]
    project.data.replace([pl.DataFrame(frame) for frame in frames])

    assert project.data.read().collect().rows() == [
        (0, "a", "a", 1),
        (2, "c", "c", None),
        (3, "new", "n", None),
        (4, "late", "l", 2),
    ]
    assert_consistent(project.data)


def test_replacing_by_the_same_makes_no_version(project, mail):
    version = project.data.add(mail).version

    assert project.data.replace(mail).version == version
    assert len(project.data.history()) == 1


def test_replacing_without_uids_goes_by_position(project):
    project.data.add({"body": ["a", "b"]})

    project.data.replace({"body": ["a", "B", "c"]})

    assert project.data.read().collect().rows() == [(0, "0", "a"), (1, "1", "B"), (2, "2", "c")]


def test_a_replacement_with_repeated_uids_is_refused(project, mail):
    project.data.add(mail)

    with pytest.raises(IngestError, match="occur more than once"):
        project.data.replace({"uid": ["a", "a"]})
    assert len(project.data) == 3
