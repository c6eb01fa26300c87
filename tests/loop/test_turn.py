"""The whole loop on planted data: import, apply, label, train, analyse, again."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import polars as pl
import pytest

from nacre._progress import Silent
from nacre.errors import IngestError, SchemaError, UnknownFieldError, UnknownNameError, WorkspaceError
from nacre.label_models import ClassConditional, OneVsRest, TokenWise
from nacre.loop import check_stage, predict_source, read_document
from planted_projects import KINDS, MAIL, NOTES, POSTS, changed, mail, notes, opened, posts, run, write_project

TRAINED = ("model", "iteration", "training_set")


def trained(path):
    """Return what a run stores when it trains."""
    with opened(path) as (project, _):
        return [event.id for event in project.events if event.kind in TRAINED]


@pytest.mark.parametrize(
    ("kind", "label_model", "bar"),
    [
        pytest.param("mail", ClassConditional, 0.9, id="classes"),
        pytest.param("posts", OneVsRest, 0.9, id="several labels"),
        pytest.param("notes", TokenWise, 0.9, id="spans"),
    ],
)
def test_once_round_the_loop(tmp_path, kind, label_model, bar):
    make, spec = KINDS[kind]

    turn = run(write_project(tmp_path, spec, make()), note="first")

    assert isinstance(turn.labels.label_model, label_model)
    assert (turn.iteration.number, turn.iteration.note, turn.notes) == (1, "first", ())
    whole = turn.analysis.quality.slices[0]
    assert whole.end_model.value > bar
    assert whole.n == turn.analysis.causes.n_units
    assert turn.iteration.metrics["valid"]["all"]["accuracy"] == whole.end_model
    assert turn.analysis.causes.n_errors == sum(cause.n for cause in turn.analysis.causes.causes)
    assert (turn.analysis.advice is not None) == (kind == "mail")


@pytest.mark.parametrize("kind", KINDS)
def test_the_second_iteration_is_compared_with_the_first(tmp_path, kind):
    make, spec = KINDS[kind]
    path = write_project(tmp_path, spec, make())
    first = run(path)
    removed = next(iter(spec["functions"]))

    write_project(tmp_path, changed(spec, functions={removed: None}))
    second = run(path, note=f"without {removed}")

    change = second.analysis.comparison.slices["all"].change
    accuracies = [turn.analysis.quality.slices[0].end_model for turn in (first, second)]
    assert (second.iteration.number, second.iteration.note) == (2, f"without {removed}")
    assert change.value == pytest.approx(accuracies[1].value - accuracies[0].value)
    assert change.n == accuracies[0].n
    with opened(path) as (project, _):
        assert [str(event.name) for event in project.iterations.changes(2)] == [removed]


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_without_a_change_opens_no_iteration_and_trains_nothing(tmp_path, kind):
    make, spec = KINDS[kind]
    path = write_project(tmp_path, spec, make())
    first = run(path)
    write_project(tmp_path, changed(spec, functions={next(iter(spec["functions"])): None}))
    run(path)
    before = trained(path)

    third = run(path, note="nothing")

    assert third.iteration.number == 2
    assert trained(path)[: len(before)] == before
    assert len(trained(path)) == len(before)
    assert third.analysis.comparison is not None
    np.testing.assert_array_equal(third.labels.truth, first.labels.truth)


def test_going_back_is_an_iteration_of_its_own(tmp_path):
    path = write_project(tmp_path, MAIL, mail())
    first = run(path)
    write_project(tmp_path, changed(MAIL, functions={"lunch": None}))
    second = run(path)
    write_project(tmp_path, MAIL)

    third = run(path)

    assert third.iteration.number == 3
    metrics = [turn.iteration.metrics["valid"]["all"]["accuracy"] for turn in (first, second, third)]
    assert metrics[0] == metrics[2] != metrics[1]
    with opened(path) as (project, _):
        assert [part.metrics["valid"]["all"]["accuracy"] for part in project.iterations] == metrics


def test_another_end_model_is_trained_on_the_same_training_set(tmp_path):
    path = write_project(tmp_path, MAIL, mail())
    first = run(path)
    write_project(tmp_path, changed(MAIL, model={"text_linear": {"fields": ["text"], "C": 0.01}}))

    second = run(path)

    assert second.trained.stored.training_set == first.trained.stored.training_set
    assert second.iteration.number == 1
    assert second.trained.model.fingerprint != first.trained.model.fingerprint


def test_edited_texts_train_a_new_model_although_no_vote_changed(tmp_path):
    path = write_project(tmp_path, MAIL, mail())
    first = run(path)
    mail().with_columns(pl.col("text") + " regards").write_parquet(tmp_path / "mail.parquet")

    second = run(path)

    assert second.trained.stored.training_set == first.trained.stored.training_set
    assert second.trained.model.fingerprint != first.trained.model.fingerprint


def test_renamed_classes_reach_the_end_model(tmp_path):
    path = write_project(tmp_path, MAIL, mail())
    run(path)
    renamed = {"ham": "ham", "spam": "junk"}
    functions = {name: {**part, "label": renamed.get(part.get("label"))} for name, part in MAIL["functions"].items()}
    functions["weak"] = {"existing": {"column": "weak", "values": renamed}}
    spec = changed(MAIL, schema={"classes": ["ham", "junk"]}, functions=functions)
    write_project(tmp_path, spec, mail().with_columns(pl.col("label").replace(renamed)))

    turn = run(path)

    assert turn.trained.model.classes_ == ("ham", "junk")
    assert turn.analysis.comparison is None


@pytest.mark.parametrize("kind", KINDS)
def test_without_any_truth_the_loop_still_labels_and_trains(tmp_path, kind):
    make, spec = KINDS[kind]
    path = write_project(tmp_path, changed(spec, data={"truth": None}), make())

    turn = run(path)

    assert turn.trained.n_rows > 50
    assert turn.analysis.quality.slices[0].n == 0
    assert turn.labels.balance is None
    assert "has no ground truth" in turn.notes[0]
    assert turn.analysis.summary.functions["accuracy"].null_count() == len(spec["functions"])
    with opened(path) as (project, _):
        assert read_document(project)["causes"]["n_errors"] == 0


@pytest.mark.parametrize(
    "split",
    [
        pytest.param({"by": "hash", "train": 1.0}, id="all is train"),
        pytest.param({"by": "hash", "train": 0.8, "test": 0.2}, id="train and test"),
    ],
)
def test_without_a_valid_split_nothing_is_measured(tmp_path, split):
    spec = changed(MAIL, data={"split": None})
    spec["data"]["split"] = split

    turn = run(write_project(tmp_path, spec, mail()))

    assert turn.analysis.quality.slices[0].n == 0
    assert "No data point is in the split `valid`" in turn.notes[0]


def test_without_a_train_split_there_is_nothing_to_learn_from(tmp_path):
    frame = mail().with_columns(fold=pl.lit("training"))
    path = write_project(tmp_path, changed(MAIL, data={"split": "fold"}), frame)

    with pytest.raises(SchemaError, match="No data point is in the split `train`; there are `training`"):
        run(path)


def test_the_split_may_come_with_the_data(tmp_path):
    fold = pl.Series("fold", ["train", "train", "valid", None] * 100)
    path = write_project(tmp_path, changed(MAIL, data={"split": "fold"}), mail().with_columns(fold))

    turn = run(path)

    assert {name: len(rows) for name, rows in turn.labels.rows.items()} == {"train": 200, "valid": 100}
    assert turn.analysis.quality.slices[0].n == 100


@pytest.mark.parametrize("kind", KINDS)
def test_ground_truth_of_train_is_used_only_when_asked(tmp_path, kind):
    make, spec = KINDS[kind]
    path = write_project(tmp_path, changed(spec, training={"clamp_truth": True}), make())

    turn = run(path)
    with opened(path) as (project, _):
        frame = project.training_sets.read("current")
    free = run(write_project(tmp_path, spec))

    labels = turn.labels
    train = labels.units("train")
    assert turn.trained.n_rows == len(labels.rows["train"]) >= free.trained.n_rows
    proba = frame["proba"].explode() if kind == "notes" else frame["proba"]
    proba = np.array(proba.to_list())
    truth = labels.truth[train]
    expected = truth if kind == "posts" else np.eye(proba.shape[1])[truth]
    np.testing.assert_allclose(proba, expected, atol=1e-9)


def test_rows_on_which_a_function_fails_are_told_and_tried_again_when_asked(tmp_path):
    code = "def f(text):\n    if 'casino' in text: raise ValueError('no gambling')\n    return None\n"
    (tmp_path / "functions.py").write_text(code)
    path = write_project(tmp_path, changed(MAIL, functions={"f": {"code": "functions.py:f"}}), mail())

    turn = run(path)

    n_failed = len(turn.labels.label_matrix.errors)
    assert n_failed == mail()["text"].str.contains("casino").sum()
    assert turn.notes == (f"Functions failed {n_failed} times; `nacre show failures` lists rows and messages.",)
    with opened(path) as (project, _):
        document = read_document(project)
    assert document["n_failures"] == len(document["failures"]) == n_failed
    assert document["failures"][0]["function"] == "f"
    assert "no gambling" in document["failures"][0]["message"]
    assert run(path, retry_errors=True).iteration.number == 1


def test_no_functions(tmp_path):
    path = write_project(tmp_path, {**MAIL, "functions": {}}, mail())

    assert run(path, until="import").synced.imported.n_rows == 400
    with pytest.raises(SchemaError, match="no functions yet"):
        run(path)


def test_functions_that_never_vote(tmp_path):
    never = {"label": "spam", "when": {"keyword": ["text", "xyzzy"]}}
    path = write_project(tmp_path, {**MAIL, "functions": {"never": never}}, mail())

    assert run(path, until="label").labels.label_matrix.votes.nnz == 0
    with pytest.raises(SchemaError, match="No function votes on any data point of train"):
        run(path)


@pytest.mark.parametrize(
    ("function", "error", "expected"),
    [
        pytest.param({"label": "spma", "when": {"keyword": ["text", "a"]}}, UnknownNameError, "`spma`", id="class"),
        pytest.param({"label": "spam", "when": {"keyword": ["txt", "a"]}}, UnknownFieldError, "`txt`", id="field"),
        pytest.param({"code": "functions.py:f"}, SchemaError, "functions.py", id="file"),
        pytest.param({"model": {"predictor": "small"}}, UnknownNameError, "`small`", id="predictor"),
        pytest.param(
            {"label": "spam", "when": {"member": ["text", {"file": "words.txt"}]}}, SchemaError, "words.txt", id="list"
        ),
    ],
)
def test_what_a_function_names_and_is_not_there(tmp_path, function, error, expected):
    path = write_project(tmp_path, changed(MAIL, functions={"f": function}), mail())

    with pytest.raises(error, match=expected):
        run(path)


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        pytest.param({"text_linear": {"fields": ["txt"]}}, "no field `txt`", id="a field that is not there"),
        pytest.param({"token_tagger": {"field": "text"}}, "learns spans", id="a model of spans for classes"),
    ],
)
def test_an_end_model_that_does_not_fit(tmp_path, model, expected):
    path = write_project(tmp_path, {**MAIL, "model": model}, mail())

    with pytest.raises(SchemaError, match=expected):
        run(path)


def test_a_label_model_with_settings_that_make_no_sense(tmp_path):
    path = write_project(tmp_path, {**MAIL, "label_model": {"class_conditional": {"precision": 1.5}}}, mail())

    with pytest.raises(SchemaError, match="`precision` is how often a vote is right"):
        run(path)


@pytest.mark.parametrize(
    ("spec", "make", "label_model"),
    [
        pytest.param(MAIL, mail, "majority_vote", id="classes"),
        pytest.param(MAIL, mail, "dawid_skene", id="annotators"),
        pytest.param(MAIL, mail, {"matrix_completion": {}}, id="moments"),
        pytest.param(MAIL, mail, {"weighted_vote": {}}, id="weights"),
        pytest.param(POSTS, posts, {"one_vs_rest": {"model": "majority_vote"}}, id="several labels"),
        pytest.param(POSTS, posts, "majority_vote", id="several labels, wrapped"),
        pytest.param(NOTES, notes, {"token_wise": {"model": "majority_vote"}}, id="spans"),
    ],
)
def test_any_label_model_goes_round(tmp_path, spec, make, label_model):
    turn = run(write_project(tmp_path, {**spec, "label_model": label_model}, make()))

    assert turn.analysis.quality.slices[0].end_model.value > 0.7


def test_a_class_balance_in_the_recipe_is_kept(tmp_path):
    spec = {**MAIL, "label_model": {"class_conditional": {"class_balance": [0.9, 0.1]}}}

    turn = run(write_project(tmp_path, spec, mail()))

    np.testing.assert_allclose(turn.labels.label_model.class_balance_, [0.9, 0.1])


def test_the_class_balance_comes_from_valid(tmp_path):
    turn = run(write_project(tmp_path, MAIL, mail()))

    truth = turn.labels.truth[turn.labels.units("valid")]
    expected = (np.bincount(truth, minlength=2) + 1) / (len(truth) + 2)
    np.testing.assert_allclose(turn.labels.label_model.class_balance_, expected)


def test_a_simpler_embedding_stands_in_for_one_that_is_not_installed(tmp_path, monkeypatch):
    (tmp_path / "models").mkdir()
    monkeypatch.setenv("NACRE_MODELS", str(tmp_path / "models"))
    near = {"near": {"field": "text", "like": ["prize winner casino"], "min_similarity": 0.3}}
    spec = changed(MAIL, functions={"near": {"label": "spam", "when": near}})
    path = write_project(
        tmp_path, {**spec, "model": {"embedding_linear": {"field": "text", "embedding": "minilm"}}}, mail()
    )

    first = run(path)
    again = run(path)

    assert first.notes == again.notes
    assert "TF-IDF with truncated SVD stands in" in first.notes[0]
    assert again.iteration.number == 1
    assert first.analysis.quality.slices[0].end_model.value > 0.8
    votes = first.labels.label_matrix.summary(first.labels.truth).functions.filter(function="near")
    assert votes["votes"].item() > 3


def test_new_rows_do_not_fit_an_embedding_again(tmp_path, monkeypatch):
    (tmp_path / "models").mkdir()
    monkeypatch.setenv("NACRE_MODELS", str(tmp_path / "models"))
    path = write_project(
        tmp_path, {**MAIL, "model": {"embedding_linear": {"field": "text", "embedding": "minilm"}}}, mail(300)
    )
    run(path)
    with opened(path) as (project, _):
        before = {name: project.settings[name] for name in project.settings if name.startswith("embedding")}
    mail(320).write_parquet(tmp_path / "mail.parquet")

    run(path)

    with opened(path) as (project, _):
        assert len(before) == 1
        assert {name: project.settings[name] for name in before} == before


@pytest.mark.parametrize(
    ("until", "last"),
    [("import", "synced"), ("apply", "labels"), ("label", "labels"), ("train", "trained"), ("analyse", "analysis")],
)
def test_a_run_stops_where_it_should(tmp_path, until, last):
    turn = run(write_project(tmp_path, MAIL, mail(100)), until=check_stage(until))

    assert getattr(turn, last) is not None
    assert (turn.labels is not None and turn.labels.proba is not None) == (until not in ("import", "apply"))
    assert (turn.trained is not None) == (until in ("train", "analyse"))
    assert (turn.analysis is not None) == (until == "analyse")


def test_an_unknown_stage(tmp_path):
    with pytest.raises(UnknownNameError, match="Did you mean `train`"):
        check_stage("trian")


def test_empty_data(tmp_path):
    path = write_project(tmp_path, MAIL, mail().clear())

    with pytest.raises(IngestError, match="holds no data point"):
        run(path)
    with opened(path) as (project, _):
        assert project.data.version is None


def test_predict_reads_the_embedding_that_the_model_was_trained_with(tmp_path, monkeypatch):
    (tmp_path / "models").mkdir()
    monkeypatch.setenv("NACRE_MODELS", str(tmp_path / "models"))
    near = {"near": {"field": "subject", "like": ["lunch"], "min_similarity": 0.3}}
    spec = changed(MAIL, functions={"near": {"label": "ham", "when": near}})
    frame = mail().with_columns(subject=pl.lit("lunch or prize"))
    path = write_project(tmp_path, {**spec, "model": {"embedding_linear": {"field": "text"}}}, frame)

    turn = run(path)

    with opened(path) as (project, recipe):
        predictions = predict_source(project, recipe)
        fitted = [name for name in project.settings if name.startswith("embedding")]
    assert fitted == ["embedding:minilm"]
    np.testing.assert_allclose(predictions["p(spam)"], turn.trained.proba[:, 1], atol=1e-6)


class Counting:
    """An embedding that counts the texts it is given."""

    name = "minilm"
    fingerprint = "counting"
    dimension = 4

    def __init__(self):
        self.n_texts = 0

    def embed(self, texts):
        self.n_texts += len(texts)
        vectors = np.array([[len(text or ""), (text or "").count("e"), (text or "").count("o"), 1] for text in texts])
        return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def test_each_text_is_embedded_once_whatever_is_edited(tmp_path, monkeypatch):
    embedding = Counting()
    monkeypatch.setattr("nacre.loop._resources.available", lambda: ("minilm",))
    monkeypatch.setattr("nacre.loop._resources.MiniLM", lambda: embedding)
    spec = {**MAIL, "model": {"embedding_linear": {"field": "text"}}}
    path = write_project(tmp_path, spec, mail())
    run(path)

    write_project(tmp_path, changed(spec, functions={"loan": None}))
    run(path)
    with opened(path) as (project, recipe):
        predict_source(project, recipe)

    assert embedding.n_texts == len(mail())


@pytest.mark.parametrize(
    "part",
    [
        pytest.param({"functions": {"peek": {"existing": {"column": "label"}}}}, id="a function"),
        pytest.param({"model": {"text_linear": {"fields": ["text", "label"]}}}, id="the end model"),
    ],
)
def test_ground_truth_is_no_evidence(tmp_path, part):
    spec = changed(MAIL, functions=part["functions"]) if "functions" in part else {**MAIL, **part}

    with pytest.raises(SchemaError, match="reads the field `label`, which is the ground truth"):
        run(write_project(tmp_path, spec, mail(100)))


def test_rows_without_uid_may_be_appended_but_not_moved(tmp_path):
    spec = changed(MAIL, data={"uid": None})
    path = write_project(tmp_path, spec, mail(200).drop("id"))
    run(path)
    appended = mail(220).drop("id")

    appended.write_parquet(tmp_path / "mail.parquet")
    run(path)

    appended.reverse().write_parquet(tmp_path / "mail.parquet")
    with pytest.raises(IngestError, match="known by their position, and they moved"):
        run(path)
    with opened(path) as (project, _):
        assert len(project.data) == 220


def test_a_note_that_opens_nothing_is_told(tmp_path):
    path = write_project(tmp_path, MAIL, mail(150))
    run(path, note="first")

    again = run(path, note="a comment only")

    assert again.iteration.number == 1
    assert "iteration 1 goes on, the note is unused" in again.notes[-1]


def test_two_runs_at_once_open_one_iteration_and_one_note_is_told_to_be_unused(tmp_path):
    path = write_project(tmp_path, MAIL, mail())
    run(path, until="label")
    together = Barrier(2)

    class TrainTogether(Silent):
        def start(self, stage, total):
            if stage == "end model":
                together.wait(timeout=60)

    with ThreadPoolExecutor(2) as threads:
        turns = list(threads.map(lambda note: run(path, note=note, progress=TrainTogether()), ("mine", "yours")))

    with opened(path) as (project, _):
        (iteration,) = project.iterations
        assert len(project.models.history("current")) == 1
    unused = [note for turn in turns for note in turn.notes if "the note is unused" in note]
    assert iteration.note in ("mine", "yours")
    assert unused == ["Another run trained the same: iteration 1 goes on, the note is unused."]


def test_an_edited_code_file_is_an_edit_of_the_iteration(tmp_path):
    def write(answer, comment=""):
        code = f'def lunch_code(text):\n    return "{answer}" if "lunch" in text else None  # {comment}\n'
        (tmp_path / "functions.py").write_text(code)

    def edits():
        with opened(path) as (project, _):
            return [str(event).partition(": ")[2] for event in project.iterations.changes(2)]

    path = write_project(tmp_path, changed(MAIL, functions={"code": {"code": "functions.py:lunch_code"}}), mail())
    write("spam")
    run(path, note="a mistake")

    write("ham", comment="repaired")
    run(path, until="label")
    assert run(path, note="repaired").iteration.number == 2
    write("ham", comment="another comment changes nothing")
    run(path)

    assert edits() == ["edit function `code`"]
    with opened(path) as (project, _):
        edit = project.iterations.changes(2)[0]
        assert project.diff(edit.id) == ()
        for take_back in (project.undo, project.restore):
            with pytest.raises(WorkspaceError, match="an edit of a file that is not kept here"):
                take_back(edit.id)


def test_code_that_comes_back_with_its_function_is_no_edit(tmp_path):
    for name in ("one", "two"):
        (tmp_path / f"{name}.py").write_text(f"def vote(text):\n    return 'ham' if '{name}' in text else None\n")
    for number, name in enumerate(("one", "two", "one", "one")):
        spec = changed(MAIL, functions={"code": {"code": f"{name}.py:vote"}})
        run(write_project(tmp_path, spec, mail() if not number else None), until="import")

    with opened(tmp_path / "nacre.yaml") as (project, _):
        assert [event.action for event in project.functions.history("code")] == ["set", "set", "set"]
