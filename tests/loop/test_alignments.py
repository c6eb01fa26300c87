import pytest

from nacre.loop import alignment_verdicts, distrusted, evaluated_dataset, import_experts, project_evaluation
from planted_evaluations import Evaluation


def agrees(number):
    return "pass" if number % 3 == 0 else "fail"


def contradicts(number):
    return "fail" if number % 3 == 0 else "pass"


@pytest.mark.parametrize(
    ("n", "label", "word", "is_distrusted"),
    [
        pytest.param(60, agrees, "aligned", False, id="enough that agree"),
        pytest.param(60, contradicts, "not aligned", True, id="enough that contradict"),
        pytest.param(10, contradicts, "too few", False, id="too few"),
    ],
)
def test_report_and_gate_take_their_verdict_from_one_place(tmp_path, n, label, word, is_distrusted):
    evaluation = Evaluation(tmp_path)
    evaluation.run()
    path = tmp_path / "labels.csv"
    path.write_text("prompt_id,polite\n" + "".join(f"q{number},{label(number)}\n" for number in range(n)))
    import_experts(
        evaluation.project, evaluation.recipe, evaluated_dataset(evaluation.project, evaluation.recipe), path
    )

    looked_at = project_evaluation(evaluation.project, evaluation.recipe)

    assert alignment_verdicts(looked_at)["polite"].word == word
    assert (distrusted(looked_at).get("polite", "").startswith(f"{word}: ")) == is_distrusted
