import numpy as np

from nacre.evaluation import ALL, Criterion, ExpertLabels, agreement, compare, evaluation_matrix, gate
from nacre.evaluation._text_table import slice_table
from planted_scores import planted_members, planted_scores

POLITE, CORRECT = Criterion("polite", target=0.9), Criterion("correct")


def runs():
    """Return two runs: the second is worse where `es`, and lacks a score."""
    es, before = np.arange(200) % 2 == 0, np.arange(200) % 10 > 0
    after = np.where(es, np.arange(200) % 4 > 0, before).astype(float)
    after[1] = np.nan
    scores = [planted_scores({POLITE: values, CORRECT: before}) for values in (before, after)]
    return *scores, planted_members(es=es)


def test_a_matrix_prints_its_verdict_and_a_row_per_slice():
    before, after, members = runs()

    matrix = evaluation_matrix(after, members, baseline=before)

    assert repr(matrix) == "EvaluationMatrix(1 slice, 2 criteria, 200 responses)"
    verdict, _, head, first, second = str(matrix).splitlines()
    assert verdict == matrix.verdict
    assert head.split() == ["slice", "polite", "correct", "all", "criteria"]
    assert first.startswith("all    .75 [.68-.80] n=199, 1 missing, missed, worse by .15  .90 [")
    assert second.startswith("es     .50 [")
    assert first.index(str(matrix.cell(ALL, "correct").mean)) == head.index("correct")


def test_a_comparison_prints_its_verdict_and_a_row_per_slice():
    before, after, members = runs()

    comparison = compare(before, after, members, names=("v1", "v2"))

    assert repr(comparison) == "Comparison(v1 -> v2, 1 slice, 2 criteria, 200 pairs)"
    lines = str(comparison).splitlines()
    assert lines[0] == comparison.verdict
    assert lines[3].startswith(f"all    {comparison.change(ALL, 'polite').difference}, worse  .00 [")


def test_a_gate_prints_a_line_per_condition():
    _, after, members = runs()

    result = gate(evaluation_matrix(after, members), ["polite >= 0.5", "polite[es] >= 0.9"])

    assert repr(result) == "GateResult(2 checks: 1 passed, 1 missed)"
    assert str(result) == "\n".join(check.message for check in result.checks)


def test_an_agreement_report_is_short():
    _, after, members = runs()
    labels = ExpertLabels.from_frame({"row_id": range(60), "score": [True, False] * 30}, [CORRECT])

    assert repr(agreement(after, labels, members)) == "AgreementReport(1 evaluator, 1 slice)"


def test_of_a_large_table_the_beginning_and_the_last_column_are_shown():
    slices, criteria = [f"slice {place}" for place in range(50)], [f"criterion {place}" for place in range(20)]

    lines = slice_table(slices, criteria, lambda slice, criterion: "x").splitlines()

    assert "criterion 3" in lines[0]
    assert lines[0].endswith("criterion 19")
    assert lines[-1] == "and 20 slices and 15 criteria more"
    assert len(lines) == 32


def test_a_long_name_is_cut():
    lines = slice_table(["a" * 80], ["polite"], lambda slice, criterion: "x").splitlines()

    assert lines[1] == f"{'a' * 29}...  x"
