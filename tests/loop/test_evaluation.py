import unicodedata
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl
import pytest
import yaml

from nacre.errors import IngestError, SchemaError, SpecError, UnknownFieldError, UnknownNameError, WorkspaceError
from nacre.loop import (
    alignments,
    compare_runs,
    distrusted,
    evaluated_dataset,
    evaluated_rows,
    evaluation_notes,
    export_benchmark,
    export_project,
    export_responses,
    export_sample,
    export_scores,
    import_experts,
    import_scores,
    next_steps,
    project_evaluation,
    read_project,
    record_alignments,
    run_scores,
    run_trend,
)
from planted_evaluations import CODE, RECIPE, Evaluation, N, responses, with_evaluation


@pytest.fixture
def help_desk(tmp_path):
    return Evaluation(tmp_path)


def looked_at(evaluation, run=None, **options):
    return project_evaluation(evaluation.project, evaluation.recipe, run, **options)


def imported(evaluation, text, importer=import_experts, **options):
    path = evaluation.folder / "labels.csv"
    path.write_text(text, encoding="utf-8")
    data = evaluated_dataset(evaluation.project, evaluation.recipe)
    found = importer(evaluation.project, evaluation.recipe, data, path, **options)
    return None if found is None else found.n


def test_a_run_holds_the_scores_of_all_responses(help_desk):
    run = help_desk.run(note="first").run

    wide = run_scores(help_desk.project, run).wide()
    assert (run.number, run.note, run.content.n_responses, run.content.n_prompts) == (1, "first", N, N)
    assert wide.get_column("polite").to_list() == [float(number % 3 == 0) for number in range(N)]
    assert wide.get_column("overlap").to_list() == [2.0 * (number % 2 == 0) for number in range(N)]
    assert run.metrics["all"]["polite"]["value"] == pytest.approx(1 / 3)
    assert run.metrics["spanish"]["polite"]["value"] == 1


def test_a_run_without_a_change_is_none(help_desk):
    first = help_desk.run()
    second = help_desk.run(note="again")

    assert (first.is_new, second.is_new) == (True, False)
    assert second.run == first.run
    assert "the note is unused" in second.notes[0]
    assert len(help_desk.project.runs) == 1


def only_polite(description):
    return with_evaluation(
        criteria={"polite": description}, evaluators={"polite": RECIPE["evaluation"]["evaluators"]["polite"]}
    )


def test_runs_without_a_common_criterion_are_told_and_not_compared(tmp_path):
    evaluation = Evaluation(tmp_path, only_polite("Friendly."))
    evaluation.run()
    evaluation.path.write_text(yaml.safe_dump(only_polite("Friendly, and short.")), encoding="utf-8")
    evaluation.run()

    found = looked_at(evaluation)
    assert found.baseline.number == 1
    assert found.comparison is None
    assert "Run 1 is not compared." in evaluation_notes(found)[0]
    assert "no criterion in common" in found.not_compared


@pytest.mark.parametrize("baseline", [None, 1])
def test_runs_without_a_common_prompt_are_told_and_not_compared(help_desk, baseline):
    help_desk.run()
    assert not looked_at(help_desk).not_compared
    help_desk.path.write_text(yaml.safe_dump(with_evaluation(baseline=baseline)), encoding="utf-8")
    responses().with_columns(id="new" + pl.col("id")).write_ndjson(help_desk.folder / "responses.jsonl")
    help_desk.run()

    found = looked_at(help_desk)
    assert (found.baseline, found.comparison) == (None, None)
    assert "a prompt of run 2, by `prompt_id`, so nothing is compared" in found.not_compared
    assert not looked_at(help_desk, 1).not_compared


def test_responses_without_an_answer_are_counted(tmp_path):
    silent = pl.when(pl.int_range(pl.len()) % 4 == 1).then(pl.lit(None)).otherwise("response")
    evaluation = Evaluation(tmp_path, frame=responses().with_columns(response=silent))
    evaluation.run()

    assert evaluation_notes(looked_at(evaluation))[0].startswith(f"{N // 4} of {N} responses have no answer.")


def test_a_criterion_that_nothing_scores_is_named(tmp_path):
    criteria = {**RECIPE["evaluation"]["criteria"], "helpful": "Solves it."}
    evaluation = Evaluation(tmp_path, with_evaluation(criteria=criteria))
    evaluation.run()

    found = looked_at(evaluation)
    assert "Nothing scores `helpful`" in evaluation_notes(found)[0]
    assert "Nothing scores `helpful`" in next_steps(found)[0].title


def test_prompts_under_one_name_and_rows_word_for_word_are_told(tmp_path):
    every = pl.concat([responses(), responses(3)])
    evaluation = Evaluation(tmp_path, frame=every.with_columns(id=pl.col("id").replace({"q7": "q6"})))

    about_names, about_rows = evaluation.run().notes
    assert about_names.startswith("1 of 119 values of `prompt_id` stand for several prompts, such as `q6` for 2:")
    assert about_rows.startswith("3 rows repeat prompt and response of another word for word")


def test_an_error_about_responses_names_their_file(tmp_path):
    frame = responses().with_columns(question=pl.when(pl.col("id") != "q2").then("question"))
    with pytest.raises(SchemaError, match=r"responses\.jsonl: .*has no prompt"):
        Evaluation(tmp_path, frame=frame).run()


def test_a_system_is_named_as_a_shell_takes_it(tmp_path):
    both = pl.concat([responses().with_columns(system=pl.lit(name)) for name in ("GPT-4 Vanilla", "b")])
    notes = Evaluation(tmp_path, frame=both).run().notes
    assert any("--system 'GPT-4 Vanilla'" in note for note in notes)


def test_a_score_that_there_is_not_is_refused(help_desk):
    help_desk.run()
    found = looked_at(help_desk)

    with pytest.raises(UnknownNameError, match=r"no score `wron`; .*Did you mean `wrong`"):
        evaluated_rows(found, criterion="correct", score="wron")
    assert evaluated_rows(found, criterion="correct", score="partly") == []
    assert evaluated_rows(found, score="failed") == []


def test_of_classes_that_fail_the_lowest_comes_first(tmp_path):
    code = "def overlap(outputs):\n    return 'wrong' if outputs == 'no' else 'partly'\n"
    evaluation = Evaluation(tmp_path)
    (tmp_path / "evaluators.py").write_text(code, encoding="utf-8")
    evaluation.run()

    rows = evaluated_rows(looked_at(evaluation), criterion="correct")
    said = [line["score"] for row in rows for line in row["scores"] if line["criterion"] == "correct"]
    assert said == sorted(said, reverse=True)
    assert set(said) == {"wrong", "partly"}


def test_an_evaluation_and_its_runs_are_shown_in_short(help_desk):
    help_desk.run(note="first")
    found = looked_at(help_desk)

    assert repr(found) == "ProjectEvaluation(help, run 1 (first))"
    assert str(found.matrix) in str(found)
    assert found._repr_html_() == found.matrix._repr_html_()
    assert repr(help_desk.project.runs) == "Runs(1 (first))"
    assert repr(found.run).startswith(f"Run(1 (first), {N} responses, ")


def test_each_edit_before_a_run_is_one_of_its_changes(help_desk):
    help_desk.run()
    (help_desk.folder / "evaluators.py").write_text(CODE.replace('"wrong"', '"partly"'), encoding="utf-8")
    second = help_desk.run(note="partly is not wrong").run

    assert [(event.name, event.action) for event in help_desk.project.runs.changes(second.number)] == [
        ("overlap", "edit")
    ]
    changed = looked_at(help_desk).matrix
    assert changed.changed_evaluators == ("overlap",)


def test_an_edited_evaluator_alone_is_computed_again(help_desk, monkeypatch):
    help_desk.run()
    stored = []
    put = type(help_desk.project.columns).put
    monkeypatch.setattr(
        type(help_desk.project.columns), "put", lambda store, key, frame: (stored.append(key), put(store, key, frame))
    )
    (help_desk.folder / "evaluators.py").write_text(CODE.replace('"wrong"', '"partly"'), encoding="utf-8")
    help_desk.run()

    assert len(stored) == 1


def test_a_failed_response_is_no_score_until_it_is_tried_again(tmp_path):
    frame = responses().with_columns(
        pl.when(pl.col("id") == "q7").then(pl.lit("")).otherwise("response").alias("response")
    )
    evaluation = Evaluation(tmp_path, frame=frame)

    counts = evaluation.run().run.content.counts["overlap"]
    assert counts == {"scored": N - 1, "abstained": 0, "unparsable": 0, "failed": 1}
    assert looked_at(evaluation).matrix.cell("all", "correct").missing["failed"] == 1
    first = next_steps(looked_at(evaluation))[0]
    assert first.title.startswith("Scores that are failed: 1, most of them by `overlap` (1).")
    assert first.what_to_type == "nacre run --retry-errors"
    assert not evaluation.run(retry_errors=True).is_new


def test_another_file_of_responses_is_another_run(help_desk):
    responses(polite=1).write_ndjson(help_desk.folder / "new.jsonl")
    help_desk.run(note="old")
    help_desk.run(note="new", responses=help_desk.folder / "new.jsonl")

    comparison = compare_runs(help_desk.project, help_desk.recipe, "old")
    assert comparison.change("all", "polite").is_better
    assert comparison.n_paired == N
    trend = run_trend(help_desk.project).filter(slice="all", criterion="polite")
    assert trend.get_column("mean").to_list() == pytest.approx([1 / 3, 1])


def test_a_run_is_compared_with_the_one_before_or_the_baseline_of_the_recipe(help_desk):
    for step in (1, 2, 3):
        responses(polite=step).write_ndjson(help_desk.folder / "responses.jsonl")
        help_desk.run()

    assert looked_at(help_desk, 1).baseline is None
    assert looked_at(help_desk).baseline.number == 2
    assert looked_at(help_desk, baseline=1).baseline.number == 1
    help_desk.path.write_text(help_desk.path.read_text() + "  baseline: 1\n", encoding="utf-8")
    assert looked_at(help_desk).baseline.number == 1


def test_nothing_to_look_at_before_the_first_run(help_desk):
    with pytest.raises(WorkspaceError, match="`nacre run` does that"):
        looked_at(help_desk)


def test_responses_without_anything_that_scores_them_are_refused(tmp_path):
    evaluation = Evaluation(tmp_path, with_evaluation(evaluators=None))

    with pytest.raises(SchemaError, match="Nothing scores the responses"):
        evaluation.run()


def test_a_field_that_the_file_lacks_is_named(tmp_path):
    evaluation = Evaluation(tmp_path, with_evaluation(responses={"source": "responses.jsonl", "prompt": "questoin"}))

    with pytest.raises(UnknownFieldError, match="Did you mean `question`"):
        evaluation.run()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            "prompt_id,criterion,score,annotator\nq1,polite,fail,ann\nq2,polite,pass,ann\n", id="a row a label"
        ),
        pytest.param("prompt_id,polite,annotator\nq1,fail,ann\nq2,true,ann\nq3,,ann\n", id="a column a criterion"),
        pytest.param("prompt_id,polite,annotator\nq1,0,ann\nq2,1,ann\n", id="as 0 and 1"),
        pytest.param("row,polite,annotator\n1,false,ann\n2,pass,ann\n", id="by row"),
        pytest.param("uid,polite,annotator\n1,fail,ann\n2,pass,ann\n", id="by uid"),
        pytest.param(
            "prompt,response,polite,annotator\nquestion 1?,no,fail,ann\nquestion 2?,yes,pass,ann\n", id="by text"
        ),
    ],
)
def test_labels_of_experts_in_every_form(tmp_path, text):
    evaluation = Evaluation(tmp_path, with_evaluation())
    evaluation.run()

    assert imported(evaluation, text) == 2
    assert imported(evaluation, text) is None
    labels = looked_at(evaluation).experts.of("polite")
    assert labels.select("row_id", "value", "annotator").rows() == [(1, 0.0, "ann"), (2, 1.0, "ann")]


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        pytest.param("polite\npass\n", IngestError, "does not say which response", id="no response"),
        pytest.param("prompt_id\nq1\n", IngestError, "holds no labels", id="no label"),
        pytest.param("prompt_id,score\nq1,pass\n", IngestError, "does not say of which `criterion`", id="no criterion"),
        pytest.param(
            "prompt_id,polite\nq1,pass\nx,pass\n",
            IngestError,
            "the first has the `prompt_id` 'x'",
            id="a prompt",
        ),
        pytest.param("prompt_id,polite\nq1,passs\n", SchemaError, "Did you mean `pass`", id="an unknown score"),
        pytest.param("prompt_id,polite\nq1,pass\nq1,fail\n", SchemaError, "more than once", id="a response twice"),
        pytest.param(
            "prompt_id,criterion,score\nq1,polit,pass\n", UnknownNameError, "Did you mean `polite`", id="a criterion"
        ),
    ],
)
def test_labels_that_cannot_be_taken_change_nothing(help_desk, text, error, message):
    help_desk.run()

    with pytest.raises(error, match=message):
        imported(help_desk, text)
    assert looked_at(help_desk).experts is None


def test_the_latest_label_of_an_expert_counts_and_none_is_lost(help_desk):
    help_desk.run()
    imported(help_desk, "prompt_id,polite,annotator\nq1,fail,ann\nq2,fail,ann\n")
    imported(help_desk, "prompt_id,polite,annotator\nq2,pass,ann\nq2,fail,bob\n")

    labels = looked_at(help_desk).experts.frame.sort("row_id", "annotator")
    assert labels.select("row_id", "annotator", "value").rows() == [(1, "ann", 0.0), (2, "ann", 1.0), (2, "bob", 0.0)]
    assert len(help_desk.project.experts) == 2


def test_what_was_imported_can_be_left_out_again(help_desk):
    help_desk.run()
    imported(help_desk, "prompt_id,polite\nq1,fail\n")
    data = evaluated_dataset(help_desk.project, help_desk.recipe)
    import_experts(help_desk.project, help_desk.recipe, data, drop="labels.csv")

    assert looked_at(help_desk).experts is None
    with pytest.raises(UnknownNameError, match=r"no imported file `labels.csv`"):
        import_experts(help_desk.project, help_desk.recipe, data, drop="labels.csv")


def test_labels_that_are_imported_again_are_the_latest(help_desk):
    help_desk.run()
    first, second = "prompt_id,polite\nq1,fail\n", "prompt_id,polite\nq1,pass\n"

    assert [imported(help_desk, text) for text in (first, second, first, first)] == [1, 1, 1, None]
    assert looked_at(help_desk).experts.frame.get_column("value").to_list() == [0.0]


def test_the_latest_label_is_the_one_that_was_given_last_not_the_one_that_came_last(help_desk):
    help_desk.run()
    imported(help_desk, "prompt_id,polite,at\nq1,pass,2026-05-03T12:00:00Z\nq2,pass,2026-05-03\n")
    imported(help_desk, "prompt_id,polite,at\nq1,fail,2026-05-03 09:00\nq2,fail,\n")

    labels = looked_at(help_desk).experts.frame.sort("row_id")
    assert labels.select("row_id", "value").rows() == [(1, 1.0), (2, 0.0)]


def test_a_file_that_cannot_be_read_takes_no_label_away(tmp_path):
    evaluation = Evaluation(tmp_path, with_evaluation(experts="experts.csv"))
    (tmp_path / "experts.csv").write_text("prompt_id,polite\nq1,fail\n", encoding="utf-8")
    evaluation.run()
    imported(evaluation, "prompt_id,polite\nq2,fail\n")
    evaluation.path.write_text(yaml.safe_dump(with_evaluation(experts="renamed.csv")), encoding="utf-8")

    with pytest.raises(IngestError, match=r"renamed.csv"):
        evaluation.run()
    with pytest.raises(IngestError, match=r"renamed.csv"):
        import_experts(
            evaluation.project,
            evaluation.recipe,
            evaluated_dataset(evaluation.project, evaluation.recipe),
            drop="labels.csv",
        )
    assert looked_at(evaluation).experts.frame.get_column("row_id").to_list() == [1, 2]


def test_a_label_stays_with_the_response_that_the_expert_read(tmp_path):
    evaluation = Evaluation(tmp_path, with_evaluation(experts="experts.csv"))
    (tmp_path / "experts.csv").write_text("prompt_id,polite\nq1,fail\nq3,pass\n", encoding="utf-8")
    evaluation.run()
    assert looked_at(evaluation).experts.frame.get_column("row_id").to_list() == [1, 3]

    changed = responses().with_columns(
        pl.when(pl.col("id") == "q1").then(pl.lit("please, no")).otherwise("response").alias("response")
    )
    changed.reverse().write_ndjson(tmp_path / "responses.jsonl")
    evaluation.run()
    assert looked_at(evaluation).experts.frame.get_column("row_id").to_list() == [N - 4]

    (tmp_path / "experts.csv").write_text("prompt_id,polite\nq1,pass\nq3,pass\n", encoding="utf-8")
    evaluation.run()
    assert sorted(looked_at(evaluation).experts.frame.get_column("row_id").to_list()) == [N - 4, N - 2]


def test_columns_of_a_file_of_the_recipe_may_have_other_names(tmp_path):
    experts = {"source": "experts.csv", "prompt_id": "id", "annotator": "who"}
    evaluation = Evaluation(tmp_path, with_evaluation(experts=experts))
    (tmp_path / "experts.csv").write_text("id,who,polite\nq1,ann,fail\n", encoding="utf-8")
    evaluation.run()

    assert looked_at(evaluation).experts.frame.select("row_id", "annotator").rows() == [(1, "ann")]
    assert imported(evaluation, "prompt_id,polite,annotator\nq2,pass,bob\n") == 1


def test_labels_of_earlier_responses_stay_when_their_prompts_are_gone(tmp_path):
    evaluation = Evaluation(tmp_path, with_evaluation(experts="experts.csv"))
    (tmp_path / "experts.csv").write_text("prompt_id,polite\nq1,fail\nq3,pass\n", encoding="utf-8")
    evaluation.run()
    responses().tail(10).write_ndjson(tmp_path / "responses.jsonl")
    evaluation.run()
    assert looked_at(evaluation).experts is None

    responses().write_ndjson(tmp_path / "responses.jsonl")
    evaluation.run()
    assert len(looked_at(evaluation).experts.frame) == 2


def test_a_run_on_other_prompts_has_nothing_to_compare_with(help_desk):
    help_desk.run()
    other = responses(6).with_columns(pl.col("id") + "x", question="another " + pl.col("question"))
    other.write_ndjson(help_desk.folder / "responses.jsonl")
    help_desk.run()

    assert looked_at(help_desk).baseline is None
    assert looked_at(help_desk).matrix.cell("all", "polite").mean.n == 6


def test_a_quoted_response_is_what_the_label_is_about(help_desk):
    help_desk.run()

    assert imported(help_desk, "prompt_id,response,polite\nq1,an older answer,pass\nq2,yes,fail\n") == 2
    assert looked_at(help_desk).experts.frame.get_column("row_id").to_list() == [2]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda text: text.replace("\n", "\r\n"), id="ends of lines"),
        pytest.param(lambda text: f" {text}\t", id="white space around"),
        pytest.param(lambda text: unicodedata.normalize("NFD", text), id="decomposed letters"),
    ],
)
def test_a_response_is_known_by_its_text_whatever_an_editor_did_to_it(tmp_path, change):
    evaluation = Evaluation(tmp_path, frame=responses(3).with_columns(response=pl.lit("Voilà:\nplease")))
    evaluation.run()
    row = {"prompt": change("question 1?"), "response": change("Voilà:\nplease"), "polite": "pass"}

    assert imported(evaluation, pl.DataFrame([row]).write_csv()) == 1
    assert looked_at(evaluation).experts.frame.get_column("row_id").to_list() == [1]


def test_a_sheet_whose_keys_were_damaged_comes_back_by_prompt_and_response(help_desk):
    help_desk.run()
    sheet = export_sample(looked_at(help_desk), 20, criterion="polite").with_columns(polite=pl.lit("pass"))
    assert sheet.get_column("key").str.contains("^[a-z]").all()  # no spreadsheet makes a number of it

    damaged = sheet.with_columns(key=pl.lit("1.23457E+15"))
    assert imported(help_desk, damaged.write_csv()) == len(sheet)
    assert looked_at(help_desk).experts.frame.get_column("row_id").n_unique() == 20


def two_systems():
    """Return the same prompts with the responses of two systems."""
    parts = [
        responses(6).with_columns(pl.lit(name).alias("system"), pl.lit(text).alias("response"))
        for name, text in (("old", "no"), ("new", "yes, please"))
    ]
    return pl.concat(parts)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("prompt_id,system,polite\nq1,new,pass\n", id="by system"),
        pytest.param("prompt_id,repeat,system,polite\nq1,0,new,pass\n", id="a repeat of the system's own"),
        pytest.param('prompt_id,response,polite\nq1,"yes, please",pass\n', id="by response"),
        pytest.param("prompt_id,repeat,polite\nq1,1,pass\n", id="by repeat"),
    ],
)
def test_a_label_is_about_the_response_of_its_system(tmp_path, text):
    evaluation = Evaluation(tmp_path, frame=two_systems())
    evaluation.run()

    assert imported(evaluation, text) == 1
    assert looked_at(evaluation).experts.frame.get_column("row_id").to_list() == [7]


def test_a_label_of_a_prompt_with_several_responses_must_say_which(tmp_path):
    evaluation = Evaluation(tmp_path, frame=two_systems())
    evaluation.run()

    with pytest.raises(IngestError, match=r"`prompt_id` 'q1', of which there are 2 responses.*`system` or `repeat`"):
        imported(evaluation, "prompt_id,polite\nq1,pass\n")


def test_labels_that_the_recipe_no_longer_names_are_left_out(tmp_path):
    evaluation = Evaluation(tmp_path, with_evaluation(experts="experts.csv"))
    (tmp_path / "experts.csv").write_text("prompt_id,polite\nq1,fail\n", encoding="utf-8")
    evaluation.run()
    evaluation.path.write_text(yaml.safe_dump(RECIPE), encoding="utf-8")
    evaluation.run()

    assert looked_at(evaluation).experts is None


def test_scores_of_another_tool_stand_beside_the_evaluators(help_desk):
    text = "prompt_id,evaluator,polite,correct\n" + "".join(f"q{n},judge,pass,wrong\n" for n in range(N))
    help_desk.run()

    assert imported(help_desk, text, import_scores) == 2 * N
    run = help_desk.run().run
    assert dict(run.content.evaluators) | {"polite": "", "overlap": ""} == {
        "polite": "",
        "overlap": "",
        "judge: polite": "",
        "judge: correct": "",
    }
    assert run.content.counts["judge: correct"]["scored"] == N
    means = looked_at(help_desk).evaluator_means
    assert (means["judge: polite"].value, means["judge: correct"].value) == (1, 0)


def test_imported_scores_take_no_name_of_an_evaluator(help_desk):
    with pytest.raises(SchemaError, match="`polite` is an evaluator"):
        imported(help_desk, "prompt_id,polite\nq1,pass\n", import_scores)


def test_an_imported_score_that_is_no_number_counts_as_unparsable(tmp_path):
    seconds = {"seconds": {"scale": {"number": {"low": 0, "high": 9}}}}
    evaluation = Evaluation(tmp_path, with_evaluation(criteria=seconds, evaluators=None))

    imported(evaluation, "prompt_id,seconds\nq1,3\nq2,fast\n", import_scores)

    evaluation.run()
    rows = looked_at(evaluation).scores.of("seconds").select("value", "status", "message").rows()
    assert rows == [(3, "scored", None), (None, "unparsable", "Expected a number from 0 to 9, found 'fast'.")]


def test_a_sheet_that_nobody_filled_in_holds_no_label(help_desk):
    help_desk.run()

    assert imported(help_desk, "prompt_id,polite\nq1,\n") == 0
    assert imported(help_desk, "prompt_id,polite,evaluator\nq1,,judge\n", import_scores) == 0
    assert looked_at(help_desk).experts is None
    assert not help_desk.run().is_new


def test_the_rows_behind_a_cell_come_worst_first(help_desk):
    help_desk.run()
    evaluation = looked_at(help_desk)

    rows = evaluated_rows(evaluation, slice="spanish", criterion="correct", score="wrong")
    assert [row["row_id"] for row in rows] == [n for n in range(N) if n % 3 == 0 and n % 2 == 1]
    assert rows[0]["scores"][1] == {
        "evaluator": "overlap",
        "criterion": "correct",
        "score": "wrong",
        "status": "scored",
        "rationale": None,
        "message": None,
    }
    assert [row["row_id"] for row in evaluated_rows(evaluation, n=2)] == [1, 5]
    with pytest.raises(UnknownNameError, match="Did you mean `spanish`"):
        evaluated_rows(evaluation, slice="spansh")


def test_experts_fill_in_a_sample_and_a_second_one_completes_it(help_desk):
    help_desk.run()
    sheet = export_sample(looked_at(help_desk), 40, criterion="polite")
    assert {"key", "prompt", "response", "polite", "correct", "annotator", "weight"} <= set(sheet.columns)
    assert sheet.get_column("prompt_id").n_unique() == 40
    assert sheet.get_column("annotator").value_counts().sort("annotator").rows() == [
        ("expert", 40),
        ("second expert", 4),
    ]

    filled = sheet.with_columns(
        polite=pl.when(pl.col("response").str.contains("Please")).then(pl.lit("pass")).otherwise(pl.lit("fail"))
    )
    assert imported(help_desk, filled.write_csv()) == 44
    further = export_sample(looked_at(help_desk), 60, criterion="polite")
    assert further.get_column("prompt_id").n_unique() == 20
    assert set(further.get_column("prompt_id")).isdisjoint(sheet.get_column("prompt_id"))
    assert set(looked_at(help_desk).experts.of("polite").get_column("weight")) == set(sheet.get_column("weight"))

    assert imported(help_desk, further.with_columns(polite=pl.lit("pass")).write_csv()) == len(further)
    weights = looked_at(help_desk).experts.of("polite").get_column("weight")
    assert set(weights) <= set(further.get_column("weight"))


def test_a_sample_of_other_scores_leaves_the_weights_of_an_earlier_one(help_desk):
    help_desk.run()
    sheet = export_sample(looked_at(help_desk), 40, criterion="polite").with_columns(polite=pl.lit("pass"))
    imported(help_desk, sheet.write_csv())
    before = looked_at(help_desk).experts.of("polite").get_column("weight")
    evaluators = {**RECIPE["evaluation"]["evaluators"], "polite": {"passes": {"keyword": ["response", ["yes"]]}}}
    edited = with_evaluation(slices=None, evaluators=evaluators)
    help_desk.path.write_text(yaml.safe_dump(edited), encoding="utf-8")
    help_desk.run()

    other = export_sample(looked_at(help_desk), 90, criterion="polite").with_columns(polite=pl.lit("pass"))
    assert set(other.get_column("prompt_id")) & set(sheet.get_column("prompt_id"))
    imported(help_desk, other.filter(~pl.col("prompt_id").is_in(sheet.get_column("prompt_id").implode())).write_csv())

    weights = looked_at(help_desk).experts.of("polite").get_column("weight")
    assert sorted(weights)[-44:] == pytest.approx(sorted(before))


def test_labels_from_before_the_sample_are_not_thrown_away_beside_it(help_desk):
    help_desk.run()
    imported(help_desk, "prompt_id,polite\n" + "".join(f"q{n},pass\n" for n in range(20)))
    assert set(looked_at(help_desk).experts.frame.get_column("weight")) == {1.0}

    sheet = export_sample(looked_at(help_desk), 40, criterion="polite").filter(pl.col("annotator") == "expert")
    imported(help_desk, sheet.with_columns(polite=pl.lit("fail")).write_csv())

    labels = looked_at(help_desk).experts.of("polite")
    first = labels.filter(pl.col("value") == 1).get_column("weight")
    assert first.is_empty() or first.min() >= sheet.get_column("weight").min()


def test_an_evaluator_is_trusted_as_far_as_experts_agree_with_it(help_desk):
    help_desk.run()
    assert distrusted(looked_at(help_desk)) == {}
    right = "".join(f"q{n},{'pass' if n % 3 == 0 else 'fail'},wrong\n" for n in range(60))
    imported(help_desk, f"prompt_id,polite,correct\n{right}")

    found = alignments(looked_at(help_desk))
    assert (found["polite"].is_aligned, found["overlap"].is_aligned) == (True, False)
    assert list(distrusted(looked_at(help_desk))) == ["overlap"]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("prompt_id;polite;annotator;weight\nq1;pass;J\u00fcrgen;27,5\nq2;fail;J\u00fcrgen;3\n", "cp1252"),
        ("prompt_id;polite;annotator;weight\nq1;pass;J\u00fcrgen;27,5\nq2;fail;J\u00fcrgen;3\n", "utf-8-sig"),
        ("prompt_id\tpolite\tannotator\tweight\nq1\tpass\tJ\u00fcrgen\t27.5\nq2\tfail\tJ\u00fcrgen\t3\n", "utf-8"),
    ],
    ids=["of Excel", "of Excel in UTF-8", "tabs"],
)
def test_a_sheet_is_read_as_a_spreadsheet_saves_it(help_desk, text, encoding):
    help_desk.run()
    (help_desk.folder / "sheet.csv").write_bytes(text.encode(encoding))
    data = evaluated_dataset(help_desk.project, help_desk.recipe)

    assert import_experts(help_desk.project, help_desk.recipe, data, help_desk.folder / "sheet.csv").n == 2
    labels = looked_at(help_desk).experts.frame
    assert labels.select("annotator", "value", "weight").rows() == [("J\u00fcrgen", 1, 27.5), ("J\u00fcrgen", 0, 3)]


@pytest.mark.parametrize("repeat", ["", "0.0", " 0 "], ids=["emptied", "a decimal", "blanks"])
def test_the_repeat_of_a_sheet_may_be_text_or_empty(help_desk, repeat):
    help_desk.run()

    imported(help_desk, f"prompt_id,repeat,polite\nq1,{repeat},pass\nq2,{repeat},fail\n")

    assert looked_at(help_desk).experts.frame.get_column("value").to_list() == [1, 0]


def test_a_repeat_that_is_no_number_is_told_with_its_row(help_desk):
    help_desk.run()

    with pytest.raises(IngestError, match="row 3: `repeat` is 'second'; expected a whole number"):
        imported(help_desk, "prompt_id,repeat,polite\nq1,0,pass\nq2,second,fail\n")


def test_a_weight_that_became_a_date_is_told(help_desk):
    help_desk.run()

    with pytest.raises(IngestError, match=r"`weight` '27\. May', which is no number"):
        imported(help_desk, "prompt_id,polite,weight\nq1,pass,3.5\nq2,pass,27. May\n")


def test_two_labels_of_one_expert_are_told_with_their_rows(help_desk):
    help_desk.run()

    with pytest.raises(IngestError, match=r"rows 2 and 4: `maria` labels the same response on `polite` more than once"):
        imported(help_desk, "prompt_id,polite,annotator\nq1,pass,maria\nq2,pass,maria\nq1,pass,maria\n")


def test_bad_rows_of_labels_are_put_aside_where_asked(help_desk):
    help_desk.run()
    path = help_desk.folder / "labels.csv"
    path.write_text("prompt_id,polite\nq1,pass\nq2,fail,what\n", encoding="utf-8")
    arguments = help_desk.project, help_desk.recipe, evaluated_dataset(help_desk.project, help_desk.recipe), path

    with pytest.raises(IngestError, match="refused"):
        import_experts(*arguments)
    with pytest.warns(UserWarning, match="1 of 2 rows were refused"):
        assert import_experts(*arguments, refused=help_desk.folder / "bad.jsonl").n == 1
    assert "what" in (help_desk.folder / "bad.jsonl").read_text(encoding="utf-8")


def test_values_say_what_a_score_of_the_file_means(tmp_path):
    values = {1: "right", 2: "partly", 3: "wrong", "?": None}
    evaluation = Evaluation(tmp_path, with_evaluation(experts={"source": "experts.csv", "values": values}))
    (tmp_path / "experts.csv").write_text("prompt_id,correct\nq1,1\nq2,3.0\nq3,?\nq4,partly\n", encoding="utf-8")
    evaluation.run()

    assert looked_at(evaluation).experts.frame.get_column("value").to_list() == [2.0, 0.0, 1.0]
    wrong = Evaluation(tmp_path, with_evaluation(experts={"source": "experts.csv", "values": {True: "right"}}))
    with pytest.raises(SpecError, match="stand in quotes"):
        wrong.run()


def test_an_evaluator_that_experts_contradict_is_the_first_thing_to_repair(help_desk):
    help_desk.run()
    wrong = "".join(f"q{n},{'fail' if n % 3 == 0 else 'pass'}\n" for n in range(60))
    imported(help_desk, f"prompt_id,polite\n{wrong}")

    first, *others = next_steps(looked_at(help_desk))
    assert first.title.startswith("`polite` agrees with the experts no better than a constant: .00")
    assert first.what_to_type == "nacre agree"
    assert not any("All targets are met" in step.title for step in others)


def test_an_edited_evaluator_is_stale_where_no_expert_saw_the_new_responses(help_desk):
    help_desk.run()
    labels = "".join(f"q{n},{'right' if n % 2 == 0 else 'wrong'}\n" for n in range(60))
    imported(help_desk, f"prompt_id,correct\n{labels}")
    record_alignments(looked_at(help_desk))
    new = responses().with_columns(response="well, " + pl.col("response"))

    new.write_ndjson(help_desk.folder / "responses.jsonl")
    help_desk.run()
    assert distrusted(looked_at(help_desk)) == {}

    (help_desk.folder / "evaluators.py").write_text(CODE.replace('"wrong"', '"partly"'), encoding="utf-8")
    help_desk.run()
    assert distrusted(looked_at(help_desk))["overlap"].startswith("stale")


def test_exports_hold_slices_and_scores_in_words(help_desk):
    help_desk.run()
    evaluation = looked_at(help_desk)

    first = export_responses(evaluation).row(0, named=True)
    assert (first["in(spanish)"], first["score(polite)"], first["score(overlap)"]) == (True, "pass", "right")
    scores = export_scores(evaluation)
    assert scores.get_column("score").value_counts().sort("score").rows() == [
        ("fail", 80),
        ("pass", 40),
        ("right", 60),
        ("wrong", 60),
    ]


def test_the_recipe_as_it_stands_makes_the_same_run(help_desk):
    help_desk.run()
    text = export_project(help_desk.project, read_project(help_desk.path))
    help_desk.path.write_text(text, encoding="utf-8")

    assert not help_desk.run().is_new


def test_an_empty_slice_is_the_first_thing_to_repair(help_desk):
    help_desk.run()

    steps = next_steps(looked_at(help_desk))
    assert "No prompt is in `long`" in steps[0].title
    assert any("nacre export experts-sample" in step.what_to_type for step in steps)
    assert steps[-1].what_to_type == "nacre show responses --criterion correct"


def test_a_workspace_with_runs_has_no_problems(help_desk):
    help_desk.run()
    imported(help_desk, "prompt_id,polite\nq1,fail\n")

    assert help_desk.workspace.check() == []


FILES = Path(__file__).parents[1] / "exchange" / "files"


@pytest.mark.parametrize(
    ("name", "n_responses", "evaluator"),
    [
        pytest.param("promptfoo_results.json", 8, "contains", id="promptfoo"),
        pytest.param("inspect.json", 6, "includes", id="inspect"),
        pytest.param("deepeval_run.json", 3, "Brief", id="deepeval"),
        pytest.param("alpaca_outputs.json", 4, "answers", id="alpaca_eval"),
        pytest.param("ragas_results.csv", 2, "exact_match", id="ragas"),
        pytest.param("mlflow_results.jsonl", 2, "polite", id="mlflow"),
    ],
)
def test_results_of_other_tools_are_responses_with_their_scores(tmp_path, name, n_responses, evaluator):
    (tmp_path / name).write_bytes((FILES / name).read_bytes())
    source = {"source": name, "format": "auto"}
    spec = with_evaluation(responses=source, criteria=None, evaluators={"answers": "catalogue"}, slices=None)
    evaluation = Evaluation(tmp_path, spec)

    first = evaluation.run()
    assert first.run.content.n_responses == n_responses
    assert evaluator in first.run.content.evaluators
    assert evaluator == "answers" or first.run.content.counts[evaluator]["scored"]
    assert not evaluation.run().is_new


def test_systems_in_one_file_are_judged_together_or_one_by_one(tmp_path):
    both = pl.concat(
        [responses(60, polite=polite).with_columns(system=pl.lit(name)) for name, polite in (("old", 3), ("new", 1))]
    )
    evaluation = Evaluation(tmp_path, frame=both)

    together = evaluation.run()
    assert "2 systems are judged together" in together.notes[0]
    assert (together.run.content.n_responses, together.run.content.n_prompts, together.run.content.system) == (
        120,
        60,
        None,
    )
    for name in ("old", "new"):
        assert evaluation.run(system=name).run.content.system == name
    change = compare_runs(evaluation.project, evaluation.recipe, 2, 3).change("all", "polite")
    assert change.difference.value == pytest.approx(2 / 3)
    with pytest.raises(UnknownNameError, match="there are new, old"):
        evaluation.run(system="newest")


def test_a_format_that_does_not_exist_is_named_with_those_that_do(tmp_path):
    spec = with_evaluation(responses={"source": "responses.jsonl", "format": "promptfo"})

    with pytest.raises(IngestError, match=r"no format `promptfo` of responses; there are auto, csv"):
        Evaluation(tmp_path, spec).run()


def test_a_benchmark_is_shared_as_one_file(help_desk, tmp_path):
    help_desk.run()
    export_benchmark(looked_at(help_desk), tmp_path / "exam.nacre")
    answers = pl.DataFrame({"id": ["q0", "q1", "q999"], "answer": ["Please: yes", "no", "yes"]})
    (tmp_path / "other").mkdir()
    source = {"source": "responses.jsonl", "prompt_id": "id", "response": "answer"}
    spec = {"project": "help", "evaluation": {"responses": source, "benchmark": "../exam.nacre"}}

    other = Evaluation(tmp_path / "other", spec, answers)
    done = other.run()

    assert done.notes[:2] == (
        f"Prompts of the benchmark without a response: {N - 2}.",
        "Responses to prompts that the benchmark does not have, which are left out: 1.",
    )
    scores = run_scores(other.project, done.run).wide()
    assert scores.select("prompt_id", "polite", "overlap").rows() == [("q0", 1.0, 2.0), ("q1", 0.0, 0.0)]
    assert [part.name for part in looked_at(other).recipe.slices] == ["spanish", "long"]
    assert list(other.project.criteria) == ["polite", "correct"]


def test_two_runs_at_once_that_score_the_same_are_one_run(help_desk):
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: help_desk.run(), range(4)))

    assert len(help_desk.project.runs) == 1
    assert sum(part.is_new for part in done) == 1


def test_a_repeat_that_occurs_twice_is_refused_before_anything_is_scored(tmp_path):
    evaluation = Evaluation(tmp_path, frame=pl.concat([responses(3), responses(2)]).with_columns(repeat=pl.lit(0)))

    with pytest.raises(SchemaError, match="rows 0 and 3 are both repeat 0 of the prompt `q0`"):
        evaluation.run()
    assert len(evaluation.project.runs) == 0
