"""Evaluators against experts: agreement as published, what choosing a judge's prompt gains, and a quality model.

pandalm: 999 pairs, three annotators, two judges. llmbar: 419 pairs in both orders, one true answer, stored verdicts of
each judge under up to eleven prompts. A row is an order, both orders of a pair stay together, and intervals resample
pairs. 60 % of the labels choose the prompt by kappa, 40 % report. mediqa: answers to 150 health questions that experts
graded, against a model trained on what they said of answers to 208 others.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from figures import Figure, Options, main
from inputs import dataset

from nacre.evaluation import (
    PASS_FAIL,
    PREFERENCE,
    Agreement,
    Choice,
    Criterion,
    Evaluator,
    ExpertLabels,
    Scores,
    agreement,
    choose_best,
    evaluate,
)
from nacre.functions import Context, Expression, Keyword, Model, Slice
from nacre.labeling import slice_members
from nacre.metrics import krippendorff_alpha
from nacre.models import TabularLinear

BETTER = Criterion("better", scale=PREFERENCE)
JUDGES = ("GPT-4", "ChatGPT", "PaLM2", "LLaMA2", "Falcon")
SIMPLEST = "Vanilla_NoRules"
WITHOUT_VERDICTS = ("Metrics", "Reference", "Rating_Metrics", "Rating_Reference")
SPLITS = 20
MEDIQA = "llmeval_mediqa_health_qa"
ACCEPTABLE = Criterion("acceptable", "At least incomplete, not merely related.")
SLICES = [
    Slice(
        "about treatment",
        Keyword("prompt", ("treatment", "treatments", "treat", "treated", "cure", "drug", "medication")),
    ),
    Slice("longer than 2,980 characters", Expression("length > 8")),
    Slice("ranked first", Expression("system_rank == 1")),
]
PUBLISHED = {"gpt35": (0.698, 0.476), "pandalm7b": (0.668, 0.435)}
PUBLISHED_ALPHA, PUBLISHED_CEILING = 0.8642, 0.9199


def benchmark(options: Options) -> list[Figure]:
    """Measure agreement and choose prompts."""
    folders = {name: dataset(name) for name in ("pandalm", "llmbar", MEDIQA)}
    for name in [name for name, folder in folders.items() if folder is None]:
        print(f"{name} is missing: NACRE_DATA does not hold it")
    pandalm, llmbar, mediqa = folders.values()
    n_splits = max(2, round(SPLITS * options.size))
    return [
        *(_pandalm(pandalm) if pandalm is not None else []),
        *(figure for judge in JUDGES if llmbar is not None for figure in _llmbar(llmbar, judge, n_splits)),
        *(_mediqa(mediqa) if mediqa is not None else []),
    ]


def _pandalm(folder: Path) -> list[Figure]:
    table = pl.read_parquet(folder / "testset.parquet").rename({"idx": "row_id"})
    outcome = {"0": "tied", "1": "won", "2": "lost", "Tie": "tied"}
    read = pl.col("judge_gpt35", "judge_pandalm7b", "^annotator.$").cast(pl.String).replace(outcome)
    said = table.select("row_id", read).rename({"judge_gpt35": "gpt35", "judge_pandalm7b": "pandalm7b"})
    rows = said.unpivot(list(PUBLISHED), index="row_id", variable_name="evaluator", value_name="score")
    people = said.unpivot(
        pl.selectors.starts_with("annotator"), index="row_id", variable_name="annotator", value_name="score"
    )
    responses = table.select("row_id", prompt_id=pl.col("row_id").cast(pl.String), repeat=pl.lit(0, dtype=pl.Int64))
    scores = Scores.from_frame(rows.with_columns(criterion=pl.lit("better")), [BETTER], responses=responses)
    experts = ExpertLabels.from_frame(people, [BETTER])
    report = agreement(scores, experts)
    figures = []
    for name, published in PUBLISHED.items():
        found = report.of(name)
        distance = max(abs(found.raw.value - published[0]), abs(found.kappa.value - published[1]))
        shown = f"agreement {found.raw}, kappa {found.kappa}, AC1 {found.ac1}, {found.n_unparsable} unparsable"
        note = f"{found.of_ceiling:.0%} of the annotators' own {found.ceiling.agreement}" if found.ceiling else ""
        figures.append(
            Figure(f"pandalm, {name}: furthest from the published figures", distance, "", "<= 0.001", shown, note=note)
        )
    alpha, ceiling = krippendorff_alpha(experts.ratings("better").values), report.of("gpt35").ceiling
    reached = np.nan if ceiling is None else ceiling.agreement.value
    distance = max(abs(alpha.value - PUBLISHED_ALPHA), abs(reached - PUBLISHED_CEILING))
    shown = f"alpha {alpha}, ceiling {reached:.4f}"
    return [
        *figures,
        Figure("pandalm, annotators: furthest from the published figures", distance, "", "<= 0.001", shown),
    ]


def _llmbar(folder: Path, judge: str, n_splits: int) -> list[Figure]:
    versions, experts, members = _stored(folder, judge)
    choices = [choose_best(versions, experts, members=members, random_state=seed) for seed in range(n_splits)]
    first = choices[0]
    gains = 100 * np.array([choice.gain.change.value for choice in choices])
    worst, best = gains.min(), gains.max()
    return [
        Figure(
            f"llmbar, {judge}: gain of the chosen prompt on held-out labels, mean of {n_splits} splits",
            float(gains.mean()),
            "points",
            ">= 0",
            ours=_shown(first),
            note=f"beside {SIMPLEST}, of {len(versions)} prompts; {worst:.1f} to {best:.1f} points over the splits",
        )
    ]


def _shown(choice: Choice) -> str:
    change = choice.gain.change
    points = f"{100 * change.value:.1f} points [{100 * change.low:.1f}, {100 * change.high:.1f}]"
    return f"first split: {choice.best}, {points}, {change.n} pairs, p = {choice.gain.p:.2g}"


def _stored(folder: Path, judge: str) -> tuple[dict[str, Scores], ExpertLabels, pl.DataFrame]:
    """Return scores by prompt, the simplest first, with labels and the slice to stratify by."""
    items = pl.read_parquet(folder / "items.parquet").with_row_index("item")
    verdicts = pl.read_parquet(folder / "judgments.parquet").filter(pl.col("judge") == judge)
    verdicts = verdicts.filter(~pl.col("prompt").is_in(WITHOUT_VERDICTS)).sort("run")
    last = verdicts.unique(subset=["id", "prompt"], keep="last", maintain_order=True).join(items, on="id")
    rows = pl.concat([_order(last, place) for place in range(2)])
    responses = rows.select("row_id", prompt_id="id", repeat=pl.col("row_id") % 2).unique("row_id").sort("row_id")
    parts = {str(name): part for (name,), part in rows.sort("prompt", "row_id").group_by("prompt", maintain_order=True)}
    ordered = [SIMPLEST, *(name for name in parts if name != SIMPLEST)]
    labels = rows.unique("row_id").sort("row_id")
    return (
        {name: Scores.from_frame(parts[name], [BETTER], responses=responses) for name in ordered},
        ExpertLabels.from_frame(labels.select("row_id", score="truth"), [BETTER]),
        labels.select("row_id", natural=pl.col("slice") == "Natural"),
    )


def _order(verdicts: pl.DataFrame, place: int) -> pl.DataFrame:
    """Return what was said of the response shown first, in one of the two orders; null was not parsed."""
    winner, first = (("winner_ab", "1"), ("winner_ba", "2"))[place]
    said = pl.when(pl.col(winner) == first).then(pl.lit("won")).otherwise(pl.lit("lost"))
    truth = pl.when(pl.col("human").cast(pl.String) == first).then(pl.lit("won")).otherwise(pl.lit("lost"))
    return verdicts.select(
        "id",
        "prompt",
        "slice",
        row_id=2 * pl.col("item").cast(pl.Int64) + place,
        score=pl.when(pl.col(winner).is_null()).then(pl.lit("unparsed")).otherwise(said),
        truth=truth,
        criterion=pl.lit(BETTER.name),
    )


def _mediqa(folder: Path) -> list[Figure]:
    table = pl.read_parquet(folder / "data.parquet")
    words = [pl.col(name).str.to_lowercase().str.extract_all(r"\w{4,}") for name in ("question", "answer")]
    asked, told = (found.list.unique() for found in words)
    answers = table.select(
        "split",
        "system_rank",
        prompt="question",
        response="answer",
        prompt_id="qid",
        acceptable=(pl.col("reference_score") >= 3).cast(pl.Int64),
        length=pl.col("answer").str.len_chars().cast(pl.Float64).log1p(),
        overlap=asked.list.set_intersection(told).list.len() / asked.list.len().clip(1),
    )
    train = answers.filter(pl.col("split").str.starts_with("train"))
    test = answers.filter(pl.col("split") == "test").drop("split")
    fields = ("system_rank", "length", "overlap")
    model = TabularLinear(fields).fit(train, train["acceptable"].to_numpy(), PASS_FAIL)
    evaluator = Evaluator("quality", ACCEPTABLE, Model("quality", predictor="quality"))
    scores = evaluate([evaluator], test, context=Context(predictors={"quality": model}))
    labels = {"row_id": list(range(len(test))), "score": test["acceptable"].cast(pl.Boolean)}
    report = agreement(scores, ExpertLabels.from_frame(labels, [ACCEPTABLE]), slice_members(SLICES, test))
    return [_quality(line) for line in report]


def _quality(line: Agreement) -> Figure:
    gap = "" if line.accept is None else f", passes {100 * line.accept.gap.value:+.0f} points more than experts"
    return Figure(
        f"mediqa, quality model, {line.slice}: agreement",
        100 * line.raw.value,
        "%",
        ours=f"kappa {line.kappa}, AC1 {line.ac1}{gap}",
        note=f"{line.n:,} answers to {line.kappa.n} questions; a constant {100 * line.baseline:.0f} %",
    )


if __name__ == "__main__":
    main(benchmark)
