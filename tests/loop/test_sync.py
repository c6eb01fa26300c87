import json

import polars as pl
import pytest

from nacre.data import Classes
from nacre.errors import IngestError, SchemaError, UnknownFieldError
from nacre.loop import import_source
from nacre.loop import run as run_project
from nacre.loop._sync import sync
from nacre.workspace import Truth
from planted_projects import MAIL, changed, mail, opened, run, write_project

FRAME = mail(40)


def synced(path, **options):
    with opened(path) as (project, recipe):
        return sync(project, recipe, **options)


def events(path):
    with opened(path) as (project, _):
        return [(event.kind, event.name, event.action) for event in project.events]


def data(path):
    with opened(path) as (project, _):
        return project.data.read().collect()


def columns(path):
    return set((path.parent / ".nacre" / "columns").rglob("*.arrow"))


def test_what_has_not_changed_is_not_imported_again(tmp_path):
    path = write_project(tmp_path, MAIL, FRAME)

    first = synced(path)
    before = events(path)
    again = synced(path)

    assert (first.imported.n_added, first.imported.n_rows) == (40, 40)
    assert again.imported is None
    assert events(path) == before


def test_an_edited_cell_is_imported_and_rows_keep_their_ids(tmp_path):
    path = write_project(tmp_path, MAIL, FRAME)
    synced(path)
    before = data(path)
    edited = FRAME.with_columns(text=pl.when(pl.col("id") == "m7").then(pl.lit("prize")).otherwise("text"))
    edited.sort("id", descending=True).write_parquet(tmp_path / "mail.parquet")

    imported = synced(path).imported

    assert (imported.n_added, imported.n_skipped, imported.n_rows) == (0, 40, 40)
    after = data(path)
    assert after.select("row_id", "uid").equals(before.select("row_id", "uid"))
    assert after.filter(uid="m7")["text"].item() == "prize"


def test_appended_and_removed_rows(tmp_path):
    path = write_project(tmp_path, MAIL, FRAME)
    synced(path)
    mail(45)[5:].write_parquet(tmp_path / "mail.parquet")

    imported = synced(path).imported

    assert (imported.n_added, imported.n_rows) == (5, 40)
    assert data(path)["row_id"].to_list() == list(range(5, 45))


def test_another_split_another_uid_and_another_word_for_missing_are_read_again(tmp_path):
    path = write_project(tmp_path, MAIL, FRAME)
    synced(path)
    shares = {"by": "hash", "train": 0.1, "valid": 0.1, "test": 0.8}
    write_project(tmp_path, changed(MAIL, data={"split": shares}))
    assert synced(path).imported is not None
    assert (data(path)["split"] == "test").mean() > 0.5

    (tmp_path / "mail.csv").write_text("id,text,weak,label\na,lunch,NA,ham\nb,prize,spam,spam\n")
    spec = changed(MAIL, data={"source": "mail.csv"})
    write_project(tmp_path, spec)
    synced(path)
    assert data(path)["weak"].to_list() == ["NA", "spam"]
    write_project(tmp_path, changed(spec, data={"nulls": ["NA"]}))
    synced(path)
    assert data(path)["weak"].to_list() == [None, "spam"]
    write_project(tmp_path, changed(spec, data={"nulls": ["NA"], "uid": None}))
    synced(path)
    assert data(path)["uid"].to_list() == ["0", "1"]


def test_data_without_uid_is_numbered(tmp_path):
    path = write_project(tmp_path, changed(MAIL, data={"uid": None}), FRAME)

    synced(path)

    assert data(path)["uid"].to_list() == [str(number) for number in range(40)]


def test_a_removed_function_is_gone_and_a_renamed_one_is_not_computed_again(tmp_path):
    path = write_project(tmp_path, MAIL, FRAME)
    run(path, until="apply")
    stored = columns(path)
    functions = {("won" if name == "prize" else name): part for name, part in MAIL["functions"].items()}
    del functions["loan"]
    write_project(tmp_path, {**MAIL, "functions": functions})

    turn = run(path, until="apply")

    assert set(turn.labels.label_matrix.functions) == {"won", "lunch", "weak"}
    assert columns(path) == stored
    assert events(path)[-3:] == [
        ("function", "prize", "delete"),
        ("function", "loan", "delete"),
        ("function", "won", "set"),
    ]


def test_changing_the_label_of_a_rule_computes_nothing(tmp_path):
    path = write_project(tmp_path, MAIL, FRAME)
    run(path, until="apply")
    stored = columns(path)
    write_project(tmp_path, changed(MAIL, functions={"prize": {**MAIL["functions"]["prize"], "label": "ham"}}))

    run(path, until="apply")

    assert columns(path) == stored


def test_truth_that_is_no_class_is_refused_with_its_row(tmp_path):
    odd = FRAME.with_columns(label=pl.when(pl.col("id") == "m3").then(pl.lit("spma")).otherwise("label"))
    path = write_project(tmp_path, MAIL, odd)

    with pytest.raises(IngestError, match=r"`label` has 1 values.*row 3, uid `m3`.*`spma`.*Did you mean `spam`"):
        synced(path)


def test_truth_that_is_missing_here_and_there_is_unknown_there(tmp_path):
    path = write_project(tmp_path, MAIL, FRAME.with_columns(label=pl.when(pl.col("id") != "m3").then(pl.col("label"))))

    synced(path)

    with opened(path) as (project, _):
        assert len(project.truth) == 39
        assert project.truth.source == "column `label` of mail.parquet"


def test_truth_in_a_field_that_is_not_there(tmp_path):
    path = write_project(tmp_path, changed(MAIL, data={"truth": "lable"}), FRAME)

    with pytest.raises(UnknownFieldError, match="Did you mean `label`"):
        synced(path)


def test_the_classes_may_change_with_their_column(tmp_path):
    path = write_project(tmp_path, MAIL, FRAME)
    synced(path)
    spec = changed(MAIL, schema={"classes": ["spam", "ham"]})
    write_project(tmp_path, spec)
    synced(path)
    write_project(tmp_path, changed(spec, data={"truth": None}))

    with opened(path) as (project, recipe):
        assert project.truth.schema == Classes(("spam", "ham"))
        sync(project, recipe)
        assert project.truth is None


def test_truth_that_was_set_in_python_stays(tmp_path):
    path = write_project(tmp_path, changed(MAIL, data={"truth": None}), FRAME)
    synced(path)
    votes = pl.DataFrame({"row_id": [1], "value": [0]}, schema={"row_id": pl.Int64, "value": pl.Int16})
    with opened(path) as (project, recipe):
        project.truth = Truth(votes, recipe.schema, "five experts")

        sync(project, recipe)

        assert project.truth.source == "five experts"
    write_project(tmp_path, changed(MAIL, data={"truth": None}, schema={"classes": ["spam", "ham"]}))
    with pytest.raises(SchemaError, match="would change what its stored votes mean"):
        synced(path)


@pytest.mark.parametrize("source", ["part-*.csv", "parts", "parts/*.csv", "par*/**/*.csv"])
def test_globs_and_folders(tmp_path, source):
    for folder in (tmp_path, tmp_path / "parts"):
        folder.mkdir(exist_ok=True)
        FRAME[:20].write_csv(folder / "part-1.csv")
    path = write_project(tmp_path, changed(MAIL, data={"source": source}))
    assert synced(path).imported.n_rows == 20
    assert synced(path).imported is None

    for folder in (tmp_path, tmp_path / "parts"):
        FRAME[20:].write_csv(folder / "part-2.csv")

    assert synced(path).imported.n_added == 20
    assert synced(path).imported is None


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param("mial.parquet", "no file", id="a file"),
        pytest.param("*.jsonl", "No file matches", id="a glob"),
        pytest.param("mail.doc", "does not say what it holds", id="another format"),
    ],
)
def test_a_source_that_cannot_be_read(tmp_path, source, expected):
    (tmp_path / "mail.doc").write_text("x")
    path = write_project(tmp_path, changed(MAIL, data={"source": source}))

    with pytest.raises(IngestError, match=expected):
        synced(path)


def test_a_file_beside_the_source_stays_part_of_the_data(tmp_path):
    path = write_project(tmp_path, MAIL, FRAME[:30])
    FRAME[30:].write_csv(tmp_path / "more.csv")
    with opened(path) as (project, recipe):
        import_source(project, recipe)
        added = import_source(project, recipe, source=tmp_path / "more.csv")
        assert (added.imported.n_added, added.imported.n_rows) == (10, 40)
        assert import_source(project, recipe, source=tmp_path / "more.csv").imported is None
        assert import_source(project, recipe, source=tmp_path / "mail.parquet").imported is None
        assert import_source(project, recipe).imported is None
    mail(41)[30:].write_csv(tmp_path / "more.csv")

    assert synced(path).imported.n_added == 1


def test_bad_rows_of_all_sources_are_collected_in_one_file(tmp_path):
    (tmp_path / "mail.csv").write_text("id,text,label\na,lunch,ham\n,prize,spam\n")
    (tmp_path / "more.jsonl").write_text('{"id": "b", "text": "loan", "label": "spam"}\n{"id": "c", "text":\n')
    path = write_project(tmp_path, changed(MAIL, data={"source": "mail.csv"}, functions={"weak": None}))
    refused = tmp_path / "refused.jsonl"
    with opened(path) as (project, recipe):
        with pytest.raises(IngestError, match=r"line 3.*uid is missing"):
            import_source(project, recipe)
        assert project.data.version is None

        synced = import_source(project, recipe, source=tmp_path / "more.jsonl", refused=refused)

        assert (synced.imported.n_rows, synced.n_refused) == (2, 2)
        assert import_source(project, recipe).imported is None
    rows = [json.loads(line) for line in refused.read_text().splitlines()]
    assert [row["source"].rsplit("/")[-1] for row in rows] == ["mail.csv", "more.jsonl"]
    assert sorted(file.name for file in tmp_path.glob("refused*")) == ["refused.jsonl"]


def test_a_uid_in_two_sources_is_refused(tmp_path):
    path = write_project(tmp_path, MAIL, FRAME)
    FRAME[:3].write_csv(tmp_path / "more.csv")
    with opened(path) as (project, recipe):
        import_source(project, recipe)

        with pytest.raises(IngestError, match="`m0` and 2 other values occur more than once"):
            import_source(project, recipe, source=tmp_path / "more.csv")

        assert import_source(project, recipe).imported is None  # the file was not added


def test_a_schema_of_numbers_has_no_loop_yet(tmp_path):
    path = write_project(tmp_path, changed(MAIL, schema={"classes": None, "number": {"low": 0, "high": 1}}), FRAME)

    with opened(path) as (project, recipe), pytest.raises(SchemaError, match="`Number`"):
        run_project(project, recipe)


def test_a_source_that_was_accepted_without_bad_rows_stops_no_later_import(tmp_path):
    path = write_project(tmp_path, MAIL, mail(60))
    bad, good = tmp_path / "bad.csv", tmp_path / "good.csv"
    bad.write_text("id,text,weak,label\na1,hello,ham,ham\na2,too,many,ham,cells\n", encoding="utf-8")
    good.write_text("id,text,weak,label\nb1,hello,ham,ham\n", encoding="utf-8")

    with opened(path) as (project, recipe):
        import_source(project, recipe, source=bad, refused=tmp_path / "refused.jsonl")
        import_source(project, recipe, source=good)

        assert len(project.data) == 62


def test_a_file_that_is_gone_can_be_dropped(tmp_path):
    path = write_project(tmp_path, MAIL, mail(60))
    extra = tmp_path / "extra.csv"
    extra.write_text("id,text,weak,label\na1,hello,ham,ham\n", encoding="utf-8")

    with opened(path) as (project, recipe):
        import_source(project, recipe, source=extra)
        extra.unlink()

        with pytest.raises(IngestError, match=r"is gone. Put it back, or .*--drop"):
            import_source(project, recipe)
        import_source(project, recipe, drop=extra)

        assert len(project.data) == 60
