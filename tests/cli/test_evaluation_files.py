"""Which files the commands of an evaluation write, and which they leave alone."""

import pytest

import nacre.loop
from nacre.cli._run import Given, _evaluate
from planted_evaluations import Evaluation, responses, write_evaluation


@pytest.fixture
def help_desk(nacre):
    """The program in a folder with an evaluation that was never run."""
    write_evaluation(nacre.folder)
    return nacre


@pytest.mark.e2e
def test_a_report_never_replaces_what_is_no_page(help_desk):
    before = (help_desk.folder / "nacre.yaml").read_text()

    assert "does not end with .html" in help_desk("run", "--report", "nacre.yaml", code=1)
    assert (help_desk.folder / "nacre.yaml").read_text() == before


@pytest.mark.e2e
def test_a_gate_tells_what_it_found_where_its_file_cannot_be_written(help_desk):
    help_desk("run")

    done = help_desk.run("gate", "--min", "polite>=.9", "--junit", "no_folder/gate.xml")

    assert done.returncode == 1
    assert "polite" in done.stdout
    assert "There is no folder" in done.stderr


@pytest.mark.e2e
def test_a_recipe_is_exported_whole_or_not_at_all(help_desk):
    help_desk("run")

    help_desk("export", "recipe", "-o", "copy.yaml")

    assert help_desk.folder.joinpath("copy.yaml").read_text().startswith("project: help")
    assert "There is no folder" in help_desk("export", "recipe", "-o", "no_folder/copy.yaml", code=1)
    assert not list(help_desk.folder.glob("*.partial"))


def test_a_run_tells_of_itself_though_another_ended_meanwhile(tmp_path, monkeypatch):
    evaluation = Evaluation(tmp_path)

    def run_twice(project, recipe, **options):
        done = run_benchmark(project, recipe, **options)
        responses(polite=2).write_ndjson(tmp_path / "responses.jsonl")
        run_benchmark(project, recipe)
        return done

    run_benchmark = nacre.loop.run_benchmark
    monkeypatch.setattr(nacre.loop, "run_benchmark", run_twice)
    given = Given(tmp_path, None, None, None, None, 1, False, None, True)

    document = _evaluate(evaluation.project, evaluation.recipe, tmp_path / "page.html", given)

    assert document["run"] == 1
    cells = {(cell["slice"], cell["criterion"]): cell for cell in document["matrix"]["cells"]}
    assert cells["all", "polite"]["mean"]["value"] == pytest.approx(1 / 3)


@pytest.mark.e2e
def test_options_that_would_do_nothing_are_refused(help_desk):
    help_desk("run")

    for what, *option in (("recipe", "--run", "77"), ("scores", "-n", "9"), ("benchmark", "--escape-formulas")):
        assert f"`{option[0]}` does nothing for `{what}`" in help_desk("export", what, "-o", "out.csv", *option, code=1)
    assert not (help_desk.folder / "out.csv").exists()


@pytest.mark.e2e
def test_agreement_as_json_has_one_shape_with_and_without_labels(help_desk):
    help_desk("run")
    before = help_desk.json("agree")
    labels = "".join(f"q{n},{'pass' if n % 3 == 0 else 'fail'}\n" for n in range(60))
    (help_desk.folder / "experts.csv").write_text(f"prompt_id,polite\n{labels}")
    help_desk("import", "experts.csv", "--as", "experts")

    assert before == {"agreements": [], "n_tied": {}, "n_not_scored": {}, "alignments": {}}
    assert help_desk.json("agree").keys() == before.keys()


@pytest.mark.e2e
def test_looking_at_a_project_that_was_never_run_leaves_no_trace(help_desk):
    assert "was never run" in help_desk("show", "matrix", code=1)
    assert not (help_desk.folder / ".nacre").exists()
