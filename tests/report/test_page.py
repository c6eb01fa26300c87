"""The report of a run: whole, true to its intervals, and inert whatever the data says."""

import re
from html.parser import HTMLParser

import numpy as np
import polars as pl
import pytest

from nacre.displays import Code, Columns, Details, Section, render_page
from nacre.errors import SchemaError, WorkspaceError
from nacre.loop import run as run_project
from nacre.loop._recipe import recipe_from_spec
from nacre.report import report_page, write_report

SECTIONS = ["Result", "What to do next", "Errors", "Functions", "Label model", "What changed", "How it was made"]
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"


def mails(n=600, seed=0):
    """E-mails whose words tell their class most of the time, and a slice that the words mislead about."""
    rng = np.random.default_rng(seed)
    is_spam, is_odd = rng.random(n) < 0.5, rng.random(n) < 0.2
    said = np.where(is_odd, ~is_spam, is_spam)
    words = np.where(said, "win free cash today", "lunch with the team")
    tails = rng.choice(["see you", "call me", "more soon", "thanks"], n)
    return pl.DataFrame(
        {
            "id": [f"mail-{place}" for place in range(n)],
            "subject": np.where(is_odd, "newsletter", "hello").tolist(),
            "body": [f"{word} {tail} {place % 7}" for place, (word, tail) in enumerate(zip(words, tails, strict=True))],
            "label": np.where(is_spam, "spam", "ham").tolist(),
        }
    )


CASH = {"label": "spam", "when": {"keyword": ["body", ["free cash"]]}}
LUNCH = {"label": "ham", "when": {"keyword": ["body", ["lunch"]]}}
NEWSLETTER_HAM = {
    "label": "ham",
    "when": {"all": [{"keyword": ["subject", "newsletter"]}, {"keyword": ["body", "cash"]}]},
}


def spec_of(**changes):
    return {
        "project": "mail",
        "data": {"source": "mail.parquet", "uid": "id", "truth": "label"},
        "schema": {"classes": ["ham", "spam"]},
        "functions": {"cash": CASH, "lunch": LUNCH},
        "slices": {"newsletters": {"keyword": ["subject", "newsletter"]}},
        "model": {"text_linear": {"fields": ["subject", "body"]}},
    } | changes


@pytest.fixture
def turn_of(workspace, tmp_path):
    """Run a recipe on a frame, in the project of its name."""

    def turn(spec, frame=None, **options):
        (mails() if frame is None else frame).write_parquet(tmp_path / spec["data"]["source"])
        recipe = recipe_from_spec(spec, folder=tmp_path)
        project = workspace.project(spec["project"])
        return project, recipe, run_project(project, recipe, **options)

    return turn


def blocks_of(block):
    """Yield a block of a page with all that is inside."""
    yield block
    if isinstance(block, (Section, Details, Columns)):
        for inner in block.content:
            yield from blocks_of(inner)


def section_of(page, title):
    return next(section for section in page.sections if section.title == title)


def words_of(block):
    """Return the paragraphs in a block."""
    return " ".join(inner for inner in blocks_of(block) if isinstance(inner, str))


def charts_of(block, kind):
    return [inner for inner in blocks_of(block) if getattr(inner, "type", None) == kind]


def table_with(block, column):
    return next(
        chart for chart in charts_of(block, "table") if column in [shown["name"] for shown in chart.spec["columns"]]
    )


class Elements(HTMLParser):
    """The names and attributes of all elements."""

    def __init__(self, html):
        super().__init__()
        self.names, self.attributes = [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.names.append(tag)
        self.attributes += attrs


def test_the_first_report_has_every_part_and_says_what_comes_next(turn_of):
    page = report_page(*turn_of(spec_of(), note="two functions"))

    assert [section.title for section in page.sections] == SECTIONS
    assert page.title == "mail, iteration 1"
    assert page.lead.startswith("The end model has an accuracy of .")
    assert page.facts["iteration"] == "two functions"
    assert re.fullmatch(r"train \d+ . valid \d+ . test \d+, sealed", page.facts["split"])
    assert "first iteration" in words_of(section_of(page, "What changed"))
    assert "</html>" in render_page(page)


def test_each_look_at_the_test_split_is_told(turn_of):
    project, recipe, turn = turn_of(spec_of())
    project.look_at_test("curious")

    assert report_page(project, recipe, turn).facts["split"].endswith("looked at once")


def test_the_causes_are_a_column_that_adds_up(turn_of):
    project, recipe, turn = turn_of(spec_of())

    errors = section_of(report_page(project, recipe, turn), "Errors")
    *causes, total = table_with(errors, "cause").values

    assert len(causes) == 5
    assert sum(row["n"] for row in causes) == total["n"] == turn.analysis.causes.n_errors > 0
    opened = [inner for inner in blocks_of(errors) if isinstance(inner, Details) and inner.anchor.startswith("cause-")]
    assert [row["at"] for row in causes if row["n"]] == [f"#{details.anchor}" for details in opened]
    assert all(charts_of(details, "evidence_text")[0].values for details in opened)


def test_example_rows_show_what_functions_saw_how_they_voted_and_the_truth(turn_of):
    errors = section_of(report_page(*turn_of(spec_of())), "Errors")

    row = next(row for chart in charts_of(errors, "evidence_text") for row in chart.values if row["votes"])

    (span,) = row["spans"]
    assert row["text"][span["start"] : span["end"]] in ("free cash", "lunch")
    assert row["text"].startswith("newsletter\n")
    assert row["lead"] == len("newsletter\n")
    assert row["votes"][span["function"]] in ("ham", "spam")
    assert row["labels"]["truth"] != row["labels"]["predicted"]
    assert set(row["facts"]) == {"confidence"}


def test_a_second_report_compares_with_the_first(turn_of):
    turn_of(spec_of(functions={"cash": CASH | {"label": "ham"}, "lunch": LUNCH}), note="wrong")

    page = report_page(*turn_of(spec_of(), note="right"))

    assert page.lead.startswith("Accuracy rose since iteration 1, +.")
    result, changed = section_of(page, "Result"), section_of(page, "What changed")
    (line,) = charts_of(result, "timeline")
    assert [row["title"] for row in line.values] == ["wrong", "right"]
    assert "changed function `cash`" in line.values[1]["changes"]
    assert [row["label"] for row in charts_of(result, "stacked_bars")[0].values] == ["iteration 1", "iteration 2"]
    assert [(row["function"], row["kind"]) for row in table_with(changed, "kind").values] == [("cash", "changed")]
    fixed = next(inner for inner in blocks_of(changed) if isinstance(inner, Details) and inner.title == "Fixed")
    assert charts_of(fixed, "evidence_text")[0].values[0]["facts"]["other votes of"] == "cash"


def test_what_is_not_clear_is_not_called_a_change(turn_of):
    turn_of(spec_of())
    more = {"cash": CASH, "lunch": LUNCH, "seven": {"label": "ham", "when": {"keyword": ["body", "6"]}}}

    _, _, turn = run = turn_of(spec_of(functions=more))

    assert not turn.analysis.comparison.slices["all"].is_clear
    assert report_page(*run).lead.startswith("No clear change of accuracy since iteration 1,")


def test_the_timeline_keeps_the_change_of_every_iteration(turn_of):
    turn_of(spec_of(functions={"cash": CASH | {"label": "ham"}, "lunch": LUNCH}))
    _, _, second = turn_of(spec_of())

    page = report_page(*turn_of(spec_of(functions={"cash": CASH, "lunch": LUNCH, "odd": NEWSLETTER_HAM})))

    first_row, second_row, third_row = charts_of(section_of(page, "Result"), "timeline")[0].values
    assert "change" not in first_row
    assert second_row["change"]["value"] == pytest.approx(second.analysis.comparison.slices["all"].change.value)
    assert "change" in third_row


def test_suggestions_can_be_pasted(turn_of):
    word = pl.when(pl.col("label") == "spam").then(pl.lit(" prize")).otherwise(pl.lit(" notes"))
    frame = mails().with_columns(pl.col("body") + word)

    _, _, turn = run = turn_of(spec_of(functions={"cash": CASH}), frame)

    page = report_page(*run)
    accept = next(inner for inner in blocks_of(page.sections[1]) if getattr(inner, "anchor", "") == "suggestions")
    lines = [inner.lines for inner in blocks_of(accept) if isinstance(inner, Code)]
    assert len(lines) == len(turn.analysis.suggestions) > 0
    assert all(text.startswith("functions:\n  ") for text in lines)


def test_no_error_is_no_proof_of_none(turn_of):
    frame = mails().filter(pl.col("subject") == "hello")

    page = report_page(*turn_of(spec_of(), frame))

    assert "That is no proof of none" in words_of(section_of(page, "Errors"))
    assert "</html>" in render_page(page)


def test_without_any_truth_the_report_says_so_and_what_to_do(turn_of):
    spec = spec_of(data={"source": "mail.parquet", "uid": "id"})
    turn_of(spec_of(data=spec["data"], functions={"cash": CASH}))

    page = report_page(*turn_of(spec))

    assert [section.title for section in page.sections] == SECTIONS
    assert page.lead.startswith("Nothing is measured yet")
    assert "name the field that holds the answers" in words_of(section_of(page, "Result"))
    assert "Add ground truth" in words_of(section_of(page, "What to do next"))
    assert "</html>" in render_page(page)


def test_without_truth_on_train_no_accuracy_of_functions_is_shown(turn_of):
    rng = np.random.default_rng(1)
    splits = rng.choice(["train", "valid", "test"], 600)
    frame = mails().with_columns(pl.Series("split", splits))
    frame = frame.with_columns(pl.when(pl.col("split") != "train").then("label").alias("label"))
    spec = spec_of(data={"source": "mail.parquet", "uid": "id", "truth": "label", "split": "split"}, slices={})

    page = report_page(*turn_of(spec, frame))

    functions = section_of(page, "Functions")
    assert "Train has no ground truth" in words_of(functions)
    assert "accuracy" not in [column["name"] for column in table_with(functions, "estimate").spec["columns"]]
    assert "There are no slices yet" in words_of(section_of(page, "Result"))


def test_functions_that_fail_are_listed_with_their_message(turn_of, tmp_path):
    (tmp_path / "functions.py").write_text("def odd(body):\n    return 'spam' if 1 / (len(body) % 2) else None\n")

    page = report_page(*turn_of(spec_of(functions={"cash": CASH, "lunch": LUNCH, "odd": {"code": "functions.py:odd"}})))

    functions = section_of(page, "Functions")
    (row,) = table_with(functions, "message").values
    assert row["function"] == "odd"
    assert "division by zero" in row["message"]
    flags = {row["function"]: row["flags"] for row in table_with(functions, "flags").values}
    assert "fails on" in flags["odd"]
    assert not flags["cash"]


def multi_label():
    rng = np.random.default_rng(2)
    is_sport, is_money = rng.random(300) < 0.4, rng.random(300) < 0.3
    texts = [
        f"{'goal match' if sport else 'quiet'} {'bank price' if money else 'day'} {place % 5}"
        for place, (sport, money) in enumerate(zip(is_sport, is_money, strict=True))
    ]
    labels = [
        [name for name, holds in (("sport", sport), ("money", money)) if holds != (place % 9 == 0)]
        for place, (sport, money) in enumerate(zip(is_sport.tolist(), is_money.tolist(), strict=True))
    ]
    spec = {
        "project": "topics",
        "data": {"source": "topics.parquet", "truth": "labels"},
        "schema": {"multi_label": ["sport", "money"]},
        "functions": {
            "goal": {"label": "sport", "when": {"keyword": ["text", "goal"]}},
            "bank": {"label": "money", "when": {"keyword": ["text", "bank"]}},
        },
        "model": {"text_linear": {"fields": ["text"]}},
    }
    return spec, pl.DataFrame({"text": texts, "labels": labels})


def spans():
    rng = np.random.default_rng(3)
    places, texts, truth = ("Berlin", "Lagos", "Quito"), [], []
    for row in range(200):
        place = places[rng.integers(3)]
        texts.append(f"she saw {place} in {'May' if row % 3 else 'Rome'} again")
        truth.append([{"start": 8, "end": 8 + len(place), "label": "PLACE"}] if row % 4 else [])
    spec = {
        "project": "places",
        "data": {"source": "places.parquet", "truth": "truth"},
        "schema": {"spans": {"names": ["PLACE"], "field": "text"}},
        "functions": {
            "capital": {"label": "PLACE", "when": {"keyword": ["text", ["Berlin", "Quito", "Rome"]]}},
            "lagos": {"label": "PLACE", "when": {"keyword": ["text", ["Lagos"]]}},
        },
        "model": {"token_tagger": {"field": "text"}},
    }
    return spec, pl.DataFrame({"text": texts, "truth": truth})


@pytest.mark.parametrize(
    ("made", "unit"), [(multi_label, "data points and classes"), (spans, "tokens")], ids=["several labels", "spans"]
)
def test_reports_count_the_units_of_the_schema(turn_of, made, unit):
    run = turn_of(*made())

    page = report_page(*run)

    assert [section.title for section in page.sections] == SECTIONS
    assert f"({unit} of valid; n counts data points)" in page.lead
    assert charts_of(section_of(page, "Errors"), "evidence_text")
    assert "</html>" in render_page(page)


def test_intervals_of_tokens_resample_data_points(turn_of):
    project, recipe, turn = turn_of(*spans())
    n_texts = turn.labels.rows["valid"].len()

    page = report_page(project, recipe, turn)

    by_class = table_with(section_of(page, "Errors"), "recall")
    assert "resample whole data points" in by_class.spec["note"]
    for row in by_class.values:
        assert row["recall"]["n"] <= n_texts
        assert row["n"] >= row["recall"]["n"]
    assert all(row["truth"]["n"] == n_texts for row in table_with(section_of(page, "Label model"), "truth").values)


def test_a_label_shows_only_what_its_own_functions_saw(turn_of):
    errors = section_of(report_page(*turn_of(*multi_label())), "Errors")

    for row in (row for chart in charts_of(errors, "evidence_text") for row in chart.values):
        assert {span["function"] for span in row["spans"]} <= set(row["votes"])


def test_wrong_tokens_show_the_spans_of_truth_model_and_functions(turn_of):
    errors = section_of(report_page(*turn_of(*spans())), "Errors")

    rows = [row for chart in charts_of(errors, "evidence_text") for row in chart.values]

    assert {"end model", "capital"} <= {span["function"] for row in rows for span in row["spans"]}
    for row in rows:
        marked = {row["text"][span["start"] : span["end"]] for span in row["spans"]}
        assert marked <= {"Berlin", "Lagos", "Quito", "Rome"}
        assert set(row["votes"].values()) == {"PLACE"}


def test_hostile_data_stays_text(turn_of):
    frame = mails().with_columns(
        pl.col("body") + f" {HOSTILE}", pl.col("id") + HOSTILE, pl.col("label").replace("ham", HOSTILE)
    )
    functions = {
        f"cash {HOSTILE}": CASH,
        "lunch": LUNCH | {"label": HOSTILE},
        "alert": {"label": "spam", "when": {"keyword": ["body", HOSTILE]}},
    }
    spec = spec_of(
        schema={"classes": [HOSTILE, "spam"]},
        functions=functions,
        slices={HOSTILE: {"keyword": ["body", "alert"]}},
    )

    run = turn_of(spec, frame, note=HOSTILE)
    html = render_page(report_page(*run))

    elements = Elements(html)
    assert elements.names.count("script") == 1
    assert "img" not in elements.names
    assert not [name for name, _ in elements.attributes if name.startswith("on") or name == "src"]
    assert "&lt;/script&gt;&lt;script&gt;alert(1)" in html


def test_a_report_is_written_whole_or_not_at_all(turn_of, tmp_path):
    run = turn_of(spec_of())
    path = tmp_path / "reports" / "mail.html"

    write_report(*run, path)

    assert path.read_text(encoding="utf-8") == render_page(report_page(*run))
    assert [found.name for found in path.parent.iterdir()] == ["mail.html"]
    with pytest.raises(SchemaError, match="is no file"):
        write_report(*run, path.parent)
    assert [found.name for found in path.parent.iterdir()] == ["mail.html"]


def test_a_run_that_stopped_early_has_no_report(turn_of):
    run = turn_of(spec_of(), until="label")

    with pytest.raises(WorkspaceError, match="stopped before the analysis"):
        report_page(*run)
