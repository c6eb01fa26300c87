"""The report of an evaluation: every cell leads to its rows, verdicts hold, and the page is inert and small."""

import re
from html.parser import HTMLParser

import numpy as np
import polars as pl
import pytest

from nacre.data import Classes, Number
from nacre.displays import Code, Columns, Details, Section, render_page
from nacre.evaluation import (
    PREFERENCE,
    Criterion,
    ExpertLabels,
    Scores,
    agreement,
    compare,
    evaluation_matrix,
    read_responses,
)
from nacre.loop import project_evaluation
from nacre.report import EvaluationSubject, RunLine, evaluation_page, evaluation_subject, write_evaluation_report
from planted_evaluations import Evaluation, responses, with_evaluation

SECTIONS = [
    "Result",
    "Responses behind the matrix",
    "What changed",
    "Runs so far",
    "Agreement with experts",
    "What to doubt",
    "Criteria, evaluators, slices",
]
HOSTILE = (
    "</script><script>alert(1)</script>",
    "'\"><img src=x onerror=alert(1)>",
    "<!-- --><![CDATA[ </style>",
    "nul \x00 bell \x07 escape \x1b[31m",
    "\u202eright to left\u2066 `code` {{ 7 * 7 }}",
)


def made(n=200, *, criteria=None, seed=0, word="", n_slices=2, share=0.6, experts=False, filler=""):
    """Return responses, their scores and slices, drawn at random."""
    randomness = np.random.default_rng(seed)
    criteria = criteria or [Criterion(f"polite{word}", target=0.8), Criterion(f"correct{word}", target=0.5)]
    frame = pl.DataFrame(
        {
            "prompt": [f"Question {number}? {word}" for number in range(n)],
            "response": [f"Answer {number} of {seed}. {word}{filler}" for number in range(n)],
            "reference": [f"Reference {number} {word}" for number in range(n)],
            "prompt_id": [f"q{number}{word}" for number in range(n)],
            "topic": [f"topic {number % 3} {word}" for number in range(n)],
        }
    )
    data = read_responses(frame)
    keys = data.collect(["row_id", "prompt_id", "repeat"])
    parts = [
        keys.select(
            "row_id",
            criterion=pl.lit(criterion.name),
            evaluator=pl.lit(f"{criterion.name} judge"),
            score=pl.Series(drawn(criterion, n, share, randomness), dtype=None),
            rationale=pl.lit(f"because of it {word}"),
        )
        for criterion in criteria
    ]
    scores = [Scores.from_frame(part, criteria, responses=keys) for part in parts]
    names = {name: fingerprint for part in scores for name, fingerprint in part.evaluators.items()}
    together = Scores(pl.concat([part.frame for part in scores]), tuple(criteria), names)
    members = {f"slice {place}{word}": pl.Series(randomness.random(n) < 0.4) for place in range(n_slices)}
    members = keys.select("row_id", **members, empty=pl.lit(False))
    return data.collect(), together, members, labels(keys, criteria[0], randomness) if experts else None


def drawn(criterion, n, share, randomness):
    if isinstance(criterion.scale, Number):
        return randomness.normal(100, 20, n).round(1).tolist()
    names = criterion.scale.names
    return np.where(randomness.random(n) < share, names[-1], names[0]).tolist()


def labels(keys, criterion, randomness):
    names = criterion.scale.names
    shown = [randomness.choice([names[0], names[-1]]) for _ in range(len(keys))]
    return ExpertLabels.from_frame(
        keys.select("row_id", score=pl.Series(shown), criterion=pl.lit(criterion.name)), [criterion]
    )


def subject_of(data, scores, members, experts=None, before=None, **more):
    """Return the subject of a page, compared with an earlier run where there is one."""
    baseline = None if before is None else before[1]
    matrix = evaluation_matrix(scores, members, baseline=baseline, experts=experts)
    comparison = None if before is None else compare(before[1], scores, members, names=("run 1", "run 2"))
    report = None if experts is None else agreement(scores, experts, members)
    earlier = None if before is None else before[0]
    metrics = {place: cell.mean for place, cell in matrix.cells.items()}
    options = {"runs": [RunLine("1", metrics, "as it was"), RunLine("2", metrics)]} | more
    return EvaluationSubject("help", data, scores, matrix, experts, report, {}, comparison, baseline=earlier, **options)


@pytest.fixture(scope="module")
def subject():
    return subject_of(*made(experts=True), before=made(seed=1, share=0.3))


def blocks_of(block):
    """Yield a block of a page with all that is inside."""
    yield block
    if isinstance(block, (Section, Details, Columns)):
        for inner in block.content:
            yield from blocks_of(inner)


def section_of(page, title):
    return next(section for section in page.sections if section.title == title)


def words_of(block):
    return " ".join(inner for inner in blocks_of(block) if isinstance(inner, str))


def charts_of(block, kind):
    return [inner for inner in blocks_of(block) if getattr(inner, "type", None) == kind]


class Elements(HTMLParser):
    """Names and attributes of all elements, and the text between them."""

    def __init__(self, html):
        super().__init__()
        self.names, self.attributes = [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.names.append(tag)
        self.attributes += attrs


def test_every_part_is_there(subject):
    page = evaluation_page(subject)

    assert [section.title for section in page.sections] == SECTIONS
    assert "</html>" in render_page(page)


def test_links_lead_to_parts_of_the_page(subject):
    attributes = Elements(render_page(evaluation_page(subject))).attributes
    ids = [value for name, value in attributes if name == "id"]

    assert len(ids) == len(set(ids))
    assert {value[1:] for name, value in attributes if name == "href"} <= set(ids)


def test_every_cell_leads_to_its_responses_those_that_fail_first(subject):
    page = evaluation_page(subject)
    (matrix,) = charts_of(section_of(page, "Result"), "evaluation_matrix")
    opened = {block.anchor: block for block in blocks_of(section_of(page, SECTIONS[1])) if getattr(block, "anchor", "")}

    scored = [row for row in matrix.values if row["mean"]["n"]]
    assert len(scored) == 9
    for row in scored:
        details = opened[row["link"][1:]]
        (shown,) = charts_of(details, "responses")
        first = shown.values[0]["scores"]
        assert details.title == f"{row['slice']}: {row['column']}"
        assert any(score.get("verdict") == "fails" for score in first)
        assert re.search(r"\d of the \d+ that fail, chosen at random, of \d+ responses", shown.spec["title"])


def test_an_empty_slice_is_a_row_of_the_matrix_and_a_gap(subject):
    page = evaluation_page(subject)

    (matrix,) = charts_of(section_of(page, "Result"), "evaluation_matrix")
    assert {"name": "empty", "n": 0} in matrix.spec["slices"]
    assert "empty" in [
        row["slice"]
        for chart in charts_of(section_of(page, "What to doubt"), "table")
        for row in chart.values
        if "slice" in row
    ]


def test_the_lead_says_how_good_what_changed_and_what_misses_its_target(subject):
    lead = evaluation_page(subject).lead

    assert re.match(r"\.\d+ \[\.\d+-\.\d+\] of 200 responses pass all criteria\. Run 2 is better than run 1", lead)
    assert "Target missed on `polite`" in lead


def test_what_got_clearly_worse_is_named_first():
    subject = subject_of(*made(share=0.3), before=made(seed=1, share=0.7))

    assert re.search(r"Clearly worse: `\w+` on `[\w ]+`, -\.\d+", evaluation_page(subject).lead)


def test_responses_that_got_worse_are_shown_with_what_was_said_before(subject):
    changes = section_of(evaluation_page(subject), "What changed")

    worse = next(block for block in blocks_of(changes) if getattr(block, "title", "") == "Got worse")
    (shown,) = charts_of(worse, "responses")
    for card in shown.values:
        assert card["earlier"].startswith(card["response"].split(" of ")[0] + " of 1")
        assert card["scores"][0]["verdict"] == "fails"


def test_a_first_run_has_nothing_to_compare_with():
    page = evaluation_page(subject_of(*made()))

    assert "This is the first run" in words_of(section_of(page, "What changed"))
    assert "nobody knows how far the evaluators can be trusted" in words_of(section_of(page, "Agreement with experts"))


def test_evaluators_are_shown_beside_experts_with_the_rows_on_which_they_disagree(subject):
    trust = section_of(evaluation_page(subject), "Agreement with experts")

    (overall, *_) = charts_of(trust, "agreement")
    assert [row["evaluator"] for row in overall.values] == ["polite judge"]
    (shown,) = charts_of(trust, "responses")
    assert all(card["scores"][0]["disagrees"] for card in shown.values)
    assert "not clearly better than always giving the most frequent score" in words_of(trust)


def test_a_stale_evaluator_says_so():
    data, scores, members, experts = made(experts=True)
    subject = subject_of(data, scores, members, experts)
    told = EvaluationSubject(**{**vars(subject), "alignment": {"polite judge": ("stale", "its prompt changed")}})

    trust = section_of(evaluation_page(told), "Agreement with experts")

    assert charts_of(trust, "agreement")[0].values[0]["status"] == "stale"
    assert "Stale: its prompt changed." in words_of(trust)


@pytest.mark.parametrize(
    ("criterion", "said"),
    [
        (Criterion("preferred", scale=PREFERENCE), "The win rate on `preferred` is"),
        (Criterion("words", scale=Number(0, 1000), lower_is_better=True), "The mean of `words` is"),
        (
            Criterion("correct", scale=Classes(("wrong", "partly", "right"), ordered=True)),
            "200 responses pass `correct`.",
        ),
    ],
    ids=["preference", "number", "ordinal"],
)
def test_every_kind_of_scale_has_its_words(criterion, said):
    subject = subject_of(*made(criteria=[criterion]), before=made(criteria=[criterion], seed=1))

    page = evaluation_page(subject)

    assert said in page.lead
    assert "</html>" in render_page(page)


def test_the_worst_of_a_number_that_should_be_small_are_the_largest():
    criterion = Criterion("words", scale=Number(0, 1000), lower_is_better=True)
    data, scores, members, _ = made(criteria=[criterion])

    page = evaluation_page(subject_of(data, scores, members))

    (shown, *_) = charts_of(section_of(page, SECTIONS[1]), "responses")
    largest = scores.frame["value"].max()
    assert float(shown.values[0]["scores"][0]["shown"]) == pytest.approx(largest, abs=0.1)


def test_scores_that_are_missing_are_counted_and_told():
    data, scores, members, _ = made()
    gone = scores.frame.with_columns(
        value=pl.when(pl.col("row_id") < 20).then(None).otherwise("value"),
        status=pl.when(pl.col("row_id") < 20)
        .then(pl.lit("failed"))
        .otherwise("status")
        .cast(scores.frame.schema["status"]),
        message=pl.lit("ValueError: nothing"),
    )

    page = evaluation_page(subject_of(data, Scores(gone, scores.criteria, scores.evaluators), members))

    (table,) = [chart for chart in charts_of(section_of(page, "What to doubt"), "table") if "failed" in chart.values[0]]
    assert [row["failed"] for row in table.values] == [20, 20]
    assert "Without a score, not counted: 20 failed." in words_of(section_of(page, SECTIONS[1]))


@pytest.mark.parametrize("word", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_adds_no_element_and_no_attribute(word):
    def page_of(shown):
        subject = subject_of(*made(60, word=shown, experts=True), before=made(60, word=shown, seed=1))
        return Elements(render_page(evaluation_page(subject)))

    harmless, attacked = page_of("harmless"), page_of(word)

    assert set(attacked.names) <= {*harmless.names, "code"}
    assert {name for name, _ in attacked.attributes} <= {name for name, _ in harmless.attributes}
    assert attacked.names.count("script") == 1


def test_the_page_of_many_responses_stays_small():
    options = {
        "criteria": [Criterion(f"criterion {place}", target=0.8) for place in range(6)],
        "n_slices": 10,
        "filler": "So it goes on and on, and nobody reads it. " * 60,
    }
    subject = subject_of(*made(5_000, **options), before=made(5_000, seed=1, **options))

    assert len(render_page(evaluation_page(subject)).encode()) < 3_000_000


def test_many_cells_share_the_page_and_the_others_are_named():
    criteria = [Criterion(f"criterion {place}") for place in range(15)]
    subject = subject_of(*made(100, criteria=criteria, n_slices=20))

    page = evaluation_page(subject)

    (matrix,) = charts_of(section_of(page, "Result"), "evaluation_matrix")
    linked = [row for row in matrix.values if "link" in row]
    assert {row["column"] for row in linked if row["slice"] == "all"} == {*(c.name for c in criteria), "all criteria"}
    assert len(linked) == 200
    assert "The 200 cells that matter most" in words_of(section_of(page, SECTIONS[1]))


@pytest.fixture
def evaluation(tmp_path):
    experts = {"prompt_id": [f"q{number}" for number in range(60)], "score": ["pass", "fail", "fail"] * 20}
    pl.DataFrame(experts).with_columns(criterion=pl.lit("polite"), annotator=pl.lit("Ada")).write_csv(
        tmp_path / "experts.csv"
    )
    planted = Evaluation(tmp_path, with_evaluation(experts={"source": "experts.csv"}))
    with planted.workspace:
        planted.run(note="as it was")
        responses(polite=2).write_ndjson(tmp_path / "next.jsonl")
        planted.run(responses=tmp_path / "next.jsonl", note="more polite")
        yield planted


def test_the_report_of_a_project_says_what_each_run_was_for_and_what_it_changed(evaluation):
    found = project_evaluation(evaluation.project, evaluation.recipe)

    page = evaluation_page(evaluation_subject(found))

    (line,) = charts_of(section_of(page, "Runs so far"), "timeline")
    assert [row["title"] for row in line.values] == ["as it was", "more polite"]
    assert "added evaluators `polite`, `overlap`" in line.values[0]["changes"]
    assert page.title == "help, run 2"
    assert page.facts["responses"] == "120 responses to 120 prompts"
    specs = [block.lines for block in blocks_of(section_of(page, SECTIONS[-1])) if isinstance(block, Code)]
    assert [text.partition("\n")[0] for text in specs] == ["evaluators:", "slices:"]


def test_the_report_is_written_as_a_file(evaluation, tmp_path):
    path = tmp_path / "reports" / "evaluation.html"

    write_evaluation_report(project_evaluation(evaluation.project, evaluation.recipe), path)

    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert [file.name for file in path.parent.iterdir()] == ["evaluation.html"]


def test_results_show_themselves_in_a_notebook(subject):
    for shown in (subject.matrix, subject.agreement, subject.comparison):
        assert shown._repr_html_().startswith('<div class="nacre"><style>')


def test_a_preference_shows_how_often_each_system_wins(tmp_path):
    code = 'def shorter(outputs, baseline):\n    return "won" if len(outputs) < len(baseline) else "lost"\n'
    frame = responses(60).with_columns(
        baseline=pl.lit("Please: no"),
        system=pl.when(pl.col("id").str.ends_with("1")).then(pl.lit("b")).otherwise(pl.lit("a")),
    )
    recipe = with_evaluation(
        criteria={"preferred": {"scale": "preference"}},
        evaluators={"shorter": {"criterion": "preferred", "code": "shorter.py:shorter"}},
    )
    planted = Evaluation(tmp_path, recipe, frame)
    (tmp_path / "shorter.py").write_text(code, encoding="utf-8")
    with planted.workspace:
        planted.run()

        page = evaluation_page(evaluation_subject(project_evaluation(planted.project, planted.recipe)))

    (chart, *_) = charts_of(section_of(page, "Result"), "win_rate")
    by_label = {row["label"]: (row["won"], row["lost"]) for row in chart.values}
    shorter = frame.with_columns(won=pl.col("response").str.len_chars() < 10).filter(pl.col("system") == "a")
    assert by_label["a"] == (shorter["won"].sum(), (~shorter["won"]).sum())
    assert page.lead.startswith("The win rate on `preferred` is")


def test_what_the_matrix_names_leads_to_what_is_known_of_it(subject):
    page = evaluation_page(subject)

    (matrix,) = charts_of(section_of(page, "Result"), "evaluation_matrix")
    assert [column.get("link") for column in matrix.spec["columns"]] == ["#agreement-0", "#definitions", None]
    (overview, *_) = charts_of(section_of(page, "What changed"), "differences")
    assert [row["link"] for row in overview.values] == ["#change-0", "#change-1", "#change-2"]
