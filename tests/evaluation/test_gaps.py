import numpy as np

from nacre.evaluation import Criterion, Gap, evaluation_matrix
from planted_scores import planted_members, planted_scores

POLITE, CORRECT = Criterion("polite"), Criterion("correct")


def test_empty_and_thin_slices_say_how_many_prompts_are_wanted():
    members = planted_members(dental=np.zeros(50, dtype=bool), spanish=np.arange(50) < 24, english=np.arange(50) >= 5)

    gaps = evaluation_matrix(planted_scores({POLITE: np.ones(50)}), members).gaps

    assert gaps == (Gap("dental", "empty", 0, 30), Gap("spanish", "thin", 24, 6))


def test_repeats_of_a_prompt_do_not_fill_a_slice():
    scores = planted_scores({POLITE: np.ones(40)}, prompts=np.repeat(np.arange(10), 4))

    assert evaluation_matrix(scores).gaps == (Gap("all", "thin", 10, 20),)


def test_a_slice_without_a_score_on_a_criterion_is_a_gap():
    is_spanish = np.arange(100) < 40
    scores = planted_scores({POLITE: np.ones(100), CORRECT: np.where(is_spanish, np.nan, 1)})

    gaps = evaluation_matrix(scores, planted_members(spanish=is_spanish)).gaps

    assert gaps == (Gap("spanish", "not scored", 40, 0, "correct"),)


def test_a_criterion_without_any_score_is_one_gap_and_not_one_per_slice():
    scores = planted_scores({POLITE: np.ones(90), CORRECT: np.full(90, np.nan)})

    gaps = evaluation_matrix(scores, planted_members(half=np.arange(90) < 45)).gaps

    assert gaps == (Gap("all", "not scored", 90, 0, "correct"),)
