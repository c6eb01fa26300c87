import numpy as np
import polars as pl
import pytest

from nacre.data import Number
from nacre.evaluation import Criterion, ExpertLabels, evaluation_matrix
from planted_scores import planted_scores

POLITE = Criterion("polite")


def flags(values, labels=None, criterion=POLITE, prompts=None):
    """Return the flags of one evaluator; labels are what experts say of the first responses."""
    experts = None
    if labels is not None:
        table = pl.DataFrame({"row_id": np.arange(len(labels)), "score": [bool(label) for label in labels]})
        experts = ExpertLabels.from_frame(table, [criterion])
    return evaluation_matrix(planted_scores({criterion: values}, prompts=prompts), experts=experts).rigid


@pytest.mark.parametrize(
    ("values", "kinds"),
    [
        pytest.param([1] * 30, ["constant"], id="one value on 30"),
        pytest.param([1] * 29, [], id="too few to tell"),
        pytest.param([0] * 400 + [1] * 4, ["near-constant"], id="99 %"),
        pytest.param([0] * 96 + [1] * 4, [], id="96 of 100 may be chance"),
        pytest.param([1] * 30 + [np.nan] * 300, ["constant"], id="abstaining does not count"),
        pytest.param([0, 1] * 40, [], id="it tells responses apart"),
    ],
)
def test_an_evaluator_with_one_value_is_flagged(values, kinds):
    assert [flag.kind for flag in flags(values)] == kinds


def test_repeats_of_a_few_prompts_do_not_show_that_an_evaluator_is_constant():
    assert flags([1] * 40, prompts=np.repeat(np.arange(10), 4)) == ()


def test_a_number_that_never_changes_is_shown():
    (flag,) = flags([2.5] * 50, criterion=Criterion("cost", scale=Number(0, 9)))

    assert (flag.value, flag.share.value, flag.share.n) == (2.5, 1.0, 50)


@pytest.mark.parametrize(
    ("labels", "is_confirmed"),
    [
        pytest.param([1] * 40, True, id="experts pass all too"),
        pytest.param([1] * 30 + [0] * 10, False, id="experts fail a quarter"),
        pytest.param([1] * 5, None, id="too few labels"),
        pytest.param(None, None, id="no labels"),
    ],
)
def test_experts_may_confirm_that_all_responses_are_alike(labels, is_confirmed):
    (flag,) = flags([1] * 60, labels)

    assert (flag.kind, flag.is_confirmed) == ("constant", is_confirmed)


@pytest.mark.parametrize(
    ("values", "labels", "kind"),
    [
        pytest.param([0] * 30 + [1] * 25, [1] * 40 + [0] * 5, "fails where experts pass", id="too strict"),
        pytest.param([1] * 40 + [0] * 20, [0] * 40 + [1] * 5, "passes where experts fail", id="too lax"),
    ],
)
def test_an_evaluator_that_contradicts_experts_is_flagged(values, labels, kind):
    flag = flags(values, labels)[0]

    assert flag.kind == kind
    assert flag.share.low > 0.5


def test_a_few_labels_do_not_show_that_an_evaluator_contradicts_experts():
    assert flags([0] * 29 + [1] * 29, [1] * 29) == ()


def test_random_evaluators_are_rarely_called_rigid():
    rng = np.random.default_rng(0)
    flagged = 0
    for _ in range(200):
        n, rate = int(rng.integers(30, 300)), rng.uniform(0.1, 0.9)
        flagged += bool(flags(rng.random(n) < rate))

    assert flagged / 200 <= 0.05


@pytest.mark.parametrize(
    ("values", "labels", "meaning"),
    [
        pytest.param([1] * 40, None, "passes everything, so it separates no responses: check with a bad", id="passes"),
        pytest.param([0] * 40, None, "fails everything, so it separates no responses: check with a good", id="fails"),
        pytest.param([1] * 400 + [0] * 3, None, "passes nearly everything, so", id="nearly"),
        pytest.param([1] * 40, [1] * 40, "passes everything, as experts do: the criterion no longer", id="confirmed"),
        pytest.param([1] * 40, [1] * 30 + [0] * 10, "passes everything, though experts fail some: tighten", id="lax"),
        pytest.param([0] * 40, [0] * 30 + [1] * 10, "fails everything, though experts pass some: loosen", id="strict"),
    ],
)
def test_a_flag_says_what_it_means(values, labels, meaning):
    flag = flags(values, labels)[0]

    assert flag.meaning.startswith(meaning)
    assert str(flag).startswith(f"polite {meaning}")


def test_a_number_that_never_changes_neither_passes_nor_fails():
    (flag,) = flags([2.5] * 50, criterion=Criterion("cost", scale=Number(0, 9)))

    assert flag.meaning == "gives 2.5 to everything, so it separates no responses: read what it scores"
