from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from nacre.errors import SpecError
from nacre.functions import Keyword, Slice
from nacre.loop._evaluation_sync import sync_evaluation
from planted_evaluations import Evaluation


def defined(project):
    return list(project.criteria), list(project.evaluators), list(project.evaluation_slices)


def test_two_recipes_synced_at_once_leave_one_of_them_whole(tmp_path):
    evaluation = Evaluation(tmp_path)
    recipe = evaluation.recipe
    fewer = replace(recipe, criteria=recipe.criteria[:1], evaluators=recipe.evaluators[:1], slices=())

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda wanted: sync_evaluation(evaluation.project, wanted), [recipe, fewer] * 10))

    whole = (["polite", "correct"], ["polite", "overlap"], ["spanish", "long"])
    assert defined(evaluation.project) in (whole, (["polite"], ["polite"], []))


def test_a_recipe_that_cannot_be_kept_changes_nothing(tmp_path):
    evaluation = Evaluation(tmp_path)
    sync_evaluation(evaluation.project, evaluation.recipe)
    before = defined(evaluation.project)
    unkept = Slice("a\nb", Keyword("prompt", ("a",)))

    with pytest.raises(SpecError, match="printable name"):
        sync_evaluation(evaluation.project, replace(evaluation.recipe, evaluators=(), slices=(unkept,)))

    assert defined(evaluation.project) == before
