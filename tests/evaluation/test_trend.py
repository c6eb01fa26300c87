import polars as pl

from nacre.evaluation import Criterion, trend
from planted_scores import planted_members, planted_scores

POLITE = Criterion("polite", target=0.9)


def test_each_run_has_a_row_per_slice_and_criterion():
    runs = [("v1", planted_scores({POLITE: [0, 0, 1, 1]})), ("v2", planted_scores({POLITE: [1, 0, 1, 1]}))]

    frame = trend(runs, planted_members(odd=[False, True, False, True]))

    assert frame.select("run", "slice", "mean", "n", "target").rows() == [
        ("v1", "all", 0.5, 4, 0.9),
        ("v1", "odd", 0.5, 2, 0.9),
        ("v2", "all", 0.75, 4, 0.9),
        ("v2", "odd", 0.5, 2, 0.9),
    ]


def test_slices_may_differ_from_run_to_run():
    runs = [("v1", planted_scores({POLITE: [0, 1]})), ("v2", planted_scores({POLITE: [1, 1, 0]}))]
    members = {"v1": planted_members(es=[True, False]), "v2": planted_members(es=[False, True, True])}

    frame = trend(runs, members).filter(slice="es")

    assert frame["mean"].to_list() == [0.0, 0.5]


def test_a_step_that_may_be_the_evaluators_is_marked():
    runs = [
        (name, planted_scores({POLITE: [0, 1]}, fingerprints={"polite": version}))
        for name, version in (("v1", "old"), ("v2", "new"), ("v3", "new"))
    ]

    assert trend(runs)["is_comparable"].to_list() == [False, True, True]


def test_no_runs_are_an_empty_trend():
    assert trend([]).equals(pl.DataFrame(schema=trend([]).schema))
