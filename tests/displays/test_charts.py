"""What is special to a chart."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nacre import displays as ds
from nacre.displays._evidence_text import _marked
from nacre.displays._html import text
from nacre.displays._measure import change_html, measure_html, measure_text
from nacre.displays._scale import nice_domain, position, ticks

CLASSES = ("ham", "spam")


@pytest.mark.parametrize(
    ("metric", "style", "expected"),
    [
        pytest.param((0.914, 0.82, 0.96, 66), "share", ".91 [.82-.96] n=66", id="share"),
        pytest.param((1, 0.97, 1, 120), "share", "1.00 [.97-1.00] n=120", id="whole"),
        pytest.param((0.9982, 0.9951, 0.9999, 9000), "share", ".998 [.995-1.000] n=9,000", id="nearly all"),
        pytest.param((0.64, 0.6, 0.68, 1001), "percent", "64 % [60 %-68 %] n=1,001", id="percent"),
        pytest.param((-0.024, -0.05, 0.012, 400), "share", "-.02 [-.05, .01] n=400", id="below zero"),
        pytest.param((0.5, 0.1, 0.9, 29), "share", ".50 [.10-.90] n=29 too few", id="too few"),
        pytest.param((float("nan"), None, None, 0), "share", "- n=0 too few", id="nothing"),
        pytest.param((1234.5, 1200, 1300, 40), "number", "1,234 [1,200-1,300] n=40", id="number"),
    ],
)
def test_metrics_are_written_with_interval_and_n(metric, style, expected):
    assert measure_text(ds.metric("m", metric).values[0]["metric"], style) == expected


def test_metrics_on_too_few_data_points_are_grey_and_say_so():
    assert 'class="measure few"' in measure_html({"value": 0.5, "low": 0.1, "high": 0.9, "n": 29})
    assert "too few" in measure_html({"value": 0.5, "low": 0.1, "high": 0.9, "n": 29})
    assert "few" not in measure_html({"value": 0.5, "low": 0.1, "high": 0.9, "n": 30})


@pytest.mark.parametrize(
    ("low", "high", "n", "colour"),
    [
        pytest.param(0.004, 0.03, 604, "change up", id="gain"),
        pytest.param(-0.03, -0.004, 604, "change down", id="loss"),
        pytest.param(-0.004, 0.03, 604, "change", id="zero inside"),
        pytest.param(0.004, 0.03, 12, "change", id="too few"),
    ],
)
def test_a_difference_has_a_colour_only_when_its_interval_excludes_zero(low, high, n, colour):
    assert f'class="{colour}"' in change_html({"value": (low + high) / 2, "low": low, "high": high, "n": n})


def test_a_small_difference_keeps_the_digit_that_shows_it():
    assert "+.018" in change_html({"value": 0.018, "low": 0.004, "high": 0.033, "n": 604})


@given(st.lists(st.floats(-1e6, 1e6), min_size=1))
def test_axes_hold_their_values_and_end_on_round_numbers(values):
    domain = nice_domain(values)

    assert domain[0] <= min(values) + 1e-6
    assert domain[1] >= max(values) - 1e-6
    assert 1 <= len(ticks(domain)) <= 12
    assert all(0 <= position(value, domain) <= 100 for value in values)


@given(st.text(min_size=1), st.data())
def test_marking_spans_keeps_the_text(content, data):
    place = st.integers(0, len(content))
    bounds = data.draw(st.lists(st.tuples(place, place, st.sampled_from("abc")), max_size=6))
    spans = [{"start": min(a, b), "end": max(a, b), "function": name} for a, b, name in bounds]
    row = {"text": content, "spans": spans, "votes": {}}

    pieces = "".join(_marked(row, CLASSES, 0, len(content)))

    unmarked = _without_marks(pieces)
    assert unmarked == "".join(text(character) for character in content)


def _without_marks(markup):
    return re.sub(r"<sup>[^<]*</sup>|</?mark[^>]*>", "", markup)


def test_long_texts_show_what_was_marked_and_open_on_demand():
    content = "start " + "word " * 400 + "free cash" + " word" * 400
    at = content.index("free cash")
    chart = ds.evidence_text([ds.Evidence(content, [(at, at + 9, "free")], votes={"free": "spam"})], CLASSES)

    shown = ds.html_fragment(chart)
    excerpt = shown[shown.index('class="passage excerpt"') : shown.index("<details>")]

    assert "free cash" in excerpt
    assert len(excerpt) < 600
    assert f"whole text, {len(content):,} characters" in shown


def test_a_function_that_marks_every_line_does_not_fill_the_excerpt():
    content = "> quoted line of an answer\n" * 100
    spans = [(at, at + 1, "quoted") for at in range(0, len(content), 27)]

    drawn = ds.html_fragment(ds.evidence_text([ds.Evidence(content, spans)], CLASSES))

    excerpt = re.search(r'class="passage excerpt"[^>]*>(.*?)</p>', drawn, re.DOTALL).group(1)
    assert len(re.sub("<[^>]*>", "", excerpt)) < 400


def test_the_lead_of_a_text_is_a_line_of_its_own():
    content = "Your invoice\n" + "word " * 200 + "free cash"
    point = ds.Evidence(content, [(5, 12, "bill"), (len(content) - 9, len(content), "free")], lead=13)

    drawn = ds.html_fragment(ds.evidence_text([point], CLASSES))

    lead, excerpt = re.findall(r'<p[^>]*class="passage (?:first|excerpt)"[^>]*>(.*?)</p>', drawn, re.DOTALL)
    assert "invoice<sup>1</sup>" in lead
    assert "free cash<sup>2</sup>" in excerpt
    assert "invoice" not in excerpt


def test_a_narrow_interval_keeps_the_digits_that_tell_its_ends_apart():
    assert ds.measure_text(ds.measure((0.972, 0.9699, 0.9741, 23_836))) == ".972 [.970-.974] n=23,836"


def test_one_iteration_is_listed_and_not_drawn():
    one = ds.Iteration("1", {"all": (0.9, 0.8, 0.95, 100)}, title="begin")

    drawn, redrawn = (ds.html_fragment(ds.timeline(rows, title="loop")) for rows in ([one], [one, one]))

    assert "begin" in drawn
    assert "<circle" not in drawn
    assert "<circle" in redrawn


def test_marks_carry_the_number_of_their_function():
    chart = ds.evidence_text(
        [ds.Evidence("free cash", [(0, 9, "cash"), (0, 4, "free")], votes={"cash": "spam", "free": "ham"})], CLASSES
    )

    shown = ds.html_fragment(chart)

    assert '<mark class="k" title="cash, free">free<sup>2</sup></mark>' in shown
    assert '<mark class="k1" title="cash"> cash<sup>1</sup></mark>' in shown


def test_a_class_has_one_glyph_and_one_hue_everywhere():
    charts = (ds.votes({"f": "spam"}, CLASSES), ds.confusion([[1, 0], [0, 1]], CLASSES, title="c"))

    assert all(
        '<span class="glyph k1" aria-hidden="true">\N{BLACK UP-POINTING TRIANGLE}' in ds.html_fragment(c)
        for c in charts
    )


def test_beyond_twelve_classes_the_name_alone_speaks():
    assert '<span class="glyph' not in ds.html_fragment(ds.votes({"f": "7"}, [str(place) for place in range(13)]))


@pytest.mark.parametrize(("n_classes", "has_map"), [(2, False), (20, False), (21, True), (150, True)])
def test_many_classes_become_a_heat_map_with_a_ranked_list(n_classes, has_map):
    counts = np.eye(n_classes, dtype=int) * 5 + np.eye(n_classes, k=1, dtype=int)
    chart = ds.confusion(counts.tolist(), [f"intent {place}" for place in range(n_classes)], title="confusion")

    shown = ds.html_fragment(chart)

    assert ("<rect" in shown) is has_map
    assert ("Confused pairs" in shown) is (n_classes > 2)


def test_confused_pairs_are_ranked_with_their_share_of_the_truth():
    chart = ds.confusion([[8, 2, 0], [6, 4, 0], [0, 1, 9]], ["a", "b", "c"], title="confusion")

    assert ds.as_text(chart).splitlines()[3:] == [
        "b      a             6  10   60 %",
        "a      b             2  10   20 %",
        "c      b             1  10   10 %",
    ]


def test_a_missing_value_breaks_the_line():
    known, gap = {"all": (0.5, 0.4, 0.6, 40)}, {}
    chart = ds.timeline(
        [ds.Iteration(str(i), metrics) for i, metrics in enumerate((known, known, gap, known))], title="F1"
    )

    assert ds.html_fragment(chart).count("<polyline") == 1
