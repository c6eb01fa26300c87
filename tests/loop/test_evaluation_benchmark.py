from nacre.loop import export_benchmark, project_evaluation
from planted_evaluations import Evaluation

SOURCE = {"source": "responses.jsonl", "prompt": "question", "prompt_id": "id"}


def shared(folder):
    """Return a project that takes all but its responses from the benchmark of another."""
    (folder / "first").mkdir()
    (folder / "second").mkdir()
    first = Evaluation(folder / "first")
    first.run()
    export_benchmark(project_evaluation(first.project, first.recipe), folder / "exam.nacre")
    return Evaluation(
        folder / "second", {"project": "help", "evaluation": {"responses": SOURCE, "benchmark": "../exam.nacre"}}
    )


def test_a_run_names_the_code_that_a_benchmark_brings(tmp_path):
    assert "Code that ../exam.nacre names was run: evaluators.py:overlap." in shared(tmp_path).run().notes
