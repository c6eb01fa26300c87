import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nacre.data import CHUNK_ROWS, Dataset, hash_split
from nacre.errors import IngestError, SchemaError, UnknownFieldError, UnknownNameError

SHARES = {"train": 0.7, "valid": 0.1, "test": 0.2}


def mail(n=3):
    return pl.DataFrame({"id": [f"m{i}" for i in range(n)], "body": [f"text {i}" for i in range(n)]})


def test_rows_are_numbered_and_keep_their_uid():
    dataset = Dataset.from_frame(mail(), uid="id")

    assert dataset.collect().columns == ["row_id", "uid", "id", "body"]
    assert dataset.collect()["row_id"].to_list() == [0, 1, 2]
    assert dataset.collect()["uid"].to_list() == ["m0", "m1", "m2"]


def test_a_dataset_is_cut_in_chunks_by_row_id():
    dataset = Dataset.from_frame(pl.DataFrame({"row_id": [0, 1, CHUNK_ROWS - 1, CHUNK_ROWS, 5 * CHUNK_ROWS]}))

    assert [chunk.frame.collect().height for chunk in dataset.chunks] == [3, 1, 1]
    assert len(dataset) == 5


def test_an_empty_dataset_keeps_its_fields():
    dataset = Dataset.from_frame(mail(0), uid="id")

    assert (len(dataset), dataset.fields, dataset.chunks) == (0, ("id", "body"), ())
    assert dataset.collect().columns == ["row_id", "uid", "id", "body"]


@pytest.mark.parametrize(
    ("frame", "uid", "message"),
    [
        pytest.param({"id": ["a", "a"]}, "id", "must be unique, but `a`", id="repeated uid"),
        pytest.param({"id": ["a", None]}, "id", "Row 1 has no `id`", id="missing uid"),
        pytest.param({"row_id": [1, 1]}, None, "`row_id` must be unique", id="repeated row_id"),
        pytest.param({"row_id": [2, 1]}, None, "must increase", id="falling row_id"),
        pytest.param({"text@words": ["a"]}, None, "without `@`", id="a name of a derived column"),
        pytest.param({"^x$": ["a"]}, None, "not allowed", id="a name that Polars reads as a pattern"),
    ],
)
def test_frames_that_cannot_be_data_points_are_refused(frame, uid, message):
    with pytest.raises((IngestError, SchemaError), match=message):
        Dataset.from_frame(pl.DataFrame(frame), uid=uid)


def test_an_unknown_uid_field_is_refused_with_the_nearest_name():
    with pytest.raises(UnknownFieldError, match="Did you mean `id`"):
        Dataset.from_frame(mail(), uid="idd")


def test_where_keeps_row_ids():
    dataset = Dataset.from_frame(mail(), uid="id")

    assert dataset.where(pl.col("body") == "text 2").collect()["row_id"].to_list() == [2]
    assert dataset.where(pl.Series([0, 2])).collect()["uid"].to_list() == ["m0", "m2"]


def test_a_column_is_added_across_chunks():
    rows = pl.DataFrame({"row_id": [0, CHUNK_ROWS, 2 * CHUNK_ROWS]})

    dataset = Dataset.from_frame(rows).with_column(pl.Series("label", ["a", "b", "c"]))

    assert dataset.collect(["row_id", "label"]).rows() == [(0, "a"), (CHUNK_ROWS, "b"), (2 * CHUNK_ROWS, "c")]


def test_a_column_of_another_length_is_refused():
    with pytest.raises(SchemaError, match="has 1 values; the dataset has 3"):
        Dataset.from_frame(mail()).with_column(pl.Series("label", ["a"]))


def test_a_split_that_nobody_is_in_is_refused():
    dataset = Dataset.from_frame(mail(50), uid="id").with_hash_split({"train": 0.5, "test": 0.5})

    assert len(dataset.split("train")) + len(dataset.split("test")) == 50
    with pytest.raises(UnknownNameError, match="there are test, train"):
        dataset.split("valid")


def test_the_hash_split_is_pinned():
    uids = pl.Series([f"m{i}" for i in range(12)])

    assert "".join(split[1] for split in hash_split(uids, SHARES)) == "rererreeerrr"
    assert hash_split(uids, SHARES, seed=1).to_list() != hash_split(uids, SHARES).to_list()


@given(st.lists(st.text(), unique=True, min_size=1, max_size=30), st.integers(0, 30))
def test_the_split_of_a_uid_depends_on_nothing_else(uids, cut):
    whole = hash_split(pl.Series(uids, dtype=pl.String), SHARES).to_list()
    part = hash_split(pl.Series(uids[cut:], dtype=pl.String), SHARES).to_list()

    assert whole[cut:] == part


def test_shares_of_the_hash_split_are_kept():
    split = hash_split(pl.Series([f"m{i}" for i in range(20_000)]), SHARES).value_counts(normalize=True)

    assert dict(split.iter_rows()) == pytest.approx(SHARES, abs=0.01)


@pytest.mark.parametrize("shares", [{"train": 0.5}, {"train": 1.5, "test": -0.5}], ids=["too little", "negative"])
def test_shares_that_are_no_partition_are_refused(shares):
    with pytest.raises(SchemaError, match="sum to 1"):
        hash_split(pl.Series(["a"]), shares)


def test_the_fingerprint_is_that_of_the_content():
    one, same = (Dataset.from_frame(mail(), uid="id") for _ in range(2))
    other = Dataset.from_frame(mail().with_columns(body=pl.lit("x")), uid="id")

    assert one.fingerprint == same.fingerprint != other.fingerprint
