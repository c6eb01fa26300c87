import datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nacre._hashing import hash_frame, hash_json, hash_series, hash_text

# A change of one of these makes every stored column of every workspace stale.
PINNED = [
    pytest.param(pl.Series([1, 2, None]), "811d5c6404c3c5991e601a834945868d", id="Int64"),
    pytest.param(pl.Series([1, 2, None], dtype=pl.Int16), "209c3d49bff582fcafdc7edc77d548ad", id="Int16"),
    pytest.param(pl.Series([0.5, None]), "301800c9a6d5f7abfd9e966178ba266c", id="Float64"),
    pytest.param(pl.Series([True, False, None]), "e54872a7e5c664110f39cf8ecfa67697", id="Boolean"),
    pytest.param(pl.Series(["a", "", None, "\U0001f600"]), "37bf0ccea1d84cfafd18a12703c5a089", id="String"),
    pytest.param(pl.Series([b"a", b"", None]), "d20395f3853815bf53bd6046cca43a0b", id="Binary"),
    pytest.param(pl.Series([datetime.date(2024, 2, 29), None]), "5d257f103e45598ff445de9daf4329b0", id="Date"),
    pytest.param(pl.Series([["a"], [], None, ["b", None]]), "370847050639db1c0156e8e00ac4caec", id="List"),
    pytest.param(pl.Series([{"start": 0, "label": "x"}, None]), "3346e0f406bb458956f2b13564666303", id="Struct"),
    pytest.param(
        pl.Series([[1.0, 2.0], None], dtype=pl.Array(pl.Float32, 2)), "efe95f870d8df2e83bc525aef3d70339", id="Array"
    ),
    pytest.param(pl.Series([None, None]), "ccecd6ed9dcb2a7bff9804c5832d3198", id="Null"),
    pytest.param(pl.Series(["a", "b"], dtype=pl.Categorical), "5f705db9e880cad4e37a738650b78873", id="Categorical"),
    pytest.param(pl.Series([datetime.datetime(2024, 2, 29, 12)]), "834c72f9722f6e3fe15d93492bf0de25", id="Datetime"),
]


@pytest.mark.parametrize(("series", "expected"), PINNED)
def test_hashes_of_columns_never_change(series, expected):
    assert hash_series(series) == expected


def test_hashes_of_texts_values_and_frames_never_change():
    assert hash_text("a", "bc") == "f310f4d71be93bc46456c91685adede6"
    assert hash_json({"b": [1, None], "a": "x"}) == "946a192d07711d40d5b6e4a3f49cf548"
    assert hash_frame(pl.DataFrame({"a": [1], "b": ["x"]})) == "7811a2bb9b7f15fabc68fc4360895c39"


columns = st.one_of(
    st.lists(st.one_of(st.none(), st.text(max_size=5)), max_size=6).map(lambda v: pl.Series(v, dtype=pl.String)),
    st.lists(st.one_of(st.none(), st.integers(-5, 5)), max_size=6).map(lambda v: pl.Series(v, dtype=pl.Int64)),
    st.lists(st.one_of(st.none(), st.booleans()), max_size=9).map(lambda v: pl.Series(v, dtype=pl.Boolean)),
    st.lists(st.one_of(st.none(), st.lists(st.text(max_size=2), max_size=3)), max_size=5).map(
        lambda v: pl.Series(v, dtype=pl.List(pl.String))
    ),
)


@given(first=columns, second=columns)
def test_columns_have_one_hash_exactly_when_they_are_equal(first, second):
    are_equal = first.dtype == second.dtype and first.to_list() == second.to_list()

    assert (hash_series(first) == hash_series(second)) == are_equal


@given(column=columns, start=st.integers(0, 4))
def test_how_a_column_lies_in_memory_does_not_matter(column, start):
    part = column[start:]
    pieces = pl.concat([column[start : start + 1], column[start + 1 :]], rechunk=False)

    assert hash_series(part) == hash_series(pl.Series(part.to_list(), dtype=column.dtype)) == hash_series(pieces)


def test_the_same_number_in_another_unit_of_time_is_another_value():
    numbers = pl.Series([1])

    assert len({hash_series(numbers.cast(pl.Datetime(unit))) for unit in ("ms", "us", "ns")}) == 3
    assert len({hash_series(numbers.cast(pl.Duration(unit))) for unit in ("ms", "us", "ns")}) == 3


@given(parts=st.lists(st.text(max_size=3), max_size=4), others=st.lists(st.text(max_size=3), max_size=4))
def test_lists_of_texts_do_not_collide_by_concatenation(parts, others):
    assert (hash_text(*parts) == hash_text(*others)) == (parts == others)
