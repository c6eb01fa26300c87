"""Whatever stands in the data stays text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nacre import displays as ds
from nacre.displays._html import Html, prose, tag, text
from nacre.errors import SchemaError

HOSTILE = (
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "'\"><svg onload=alert(1)>",
    "</style><style>@import 'http://evil.example'</style>",
    "</title></textarea><iframe src='javascript:alert(1)'>",
    "`</code><b onmouseover=alert(1)>`",
    "<!-- --><![CDATA[",
    "&lt;script&gt;&#60;script&#62;",
    'x" onclick="alert(1)" y="',
    "nul \x00 bell \x07 escape \x1b[31m c1 \x9b lone \ud800 end",
    "\u202eright to left\u2066",
    "{{ 7 * 7 }}{% raw %}",
)


def charts_of(word):
    """Put one word wherever a chart takes text."""
    metric = (0.5, 0.4, 0.6, 40)
    kinds = ("text", "code", "class")
    row = {**dict.fromkeys(kinds, word), "metric": metric}
    columns = [
        *(ds.Column(kind, word, type=kind, help=word) for kind in kinds),
        ds.Column("metric", word, type="metric"),
    ]
    many = [f"{word}{place}" for place in range(40)]
    return (
        ds.metric(word, metric, note=word, change=metric),
        ds.table([row] * 14, columns, caption=word, note=word, classes=[word]),
        ds.interval_bars({word: metric}, before={word: metric}, names=(word, word), title=word, note=word),
        ds.histogram([0, 0.5, 1], {word: [1, 2], f"{word}2": [3, 4]}, title=word, axis=word, note=word),
        ds.confusion([[1, 2], [3, 4]], [word, f"{word}2"], title=word, note=word),
        ds.confusion([[1] * 40] * 40, many, title=word, note=word),
        ds.timeline(
            [ds.Iteration(word, {word: metric, f"{word}2": metric}, title=word, changes=[word], change=metric)] * 2,
            title=word,
            note=word,
        ),
        ds.stacked_bars({word: {word: 3, f"{word}2": 4}}, title=word, note=word),
        ds.funnel({word: 10, f"{word}2": 4}, title=word, note=word),
        ds.evidence_text([evidence_of(word), evidence_of(word * 60)], [word]),
        ds.votes({word: word, f"{word}2": None}, [word]),
        ds.calibration([(0.5, metric)], title=word, note=word),
        *evaluation_charts_of(word, metric),
    )


def evaluation_charts_of(word, metric):
    columns = [ds.MatrixColumn(word, evaluator=f"{word}2", note=word, flags=[word])]
    agrees = ds.AgreementRow(word, metric, slice=word, criterion=f"{word}2", status="stale", reason=word)
    said = ds.CardScore(word, word, passes=True, rationale=word * 60, expert=word, disagrees=True)
    card = ds.ResponseCard(word, word * 60, [said], title=word, reference=word, contexts=[word], facts={word: word})
    return (
        ds.evaluation_matrix(
            {(word, word): ds.MatrixCell(metric)},
            slices={word: 40, f"{word}2": 0},
            columns=columns,
            title=word,
            note=word,
        ),
        ds.trend({word: [metric, None]}, [word, word], title=word, targets={word: 0.5}, note=word),
        ds.agreement([agrees], title=word, note=word),
        ds.differences([ds.DifferenceRow(word, metric, 1, 2, 0.5)], title=word, heads=(word, word), note=word),
        ds.win_rate([ds.WinRateRow(word, 1, 2, 3, metric)], title=word, note=word),
        ds.responses([card, ds.ResponseCard(word, None)], title=word),
    )


def evidence_of(word):
    return ds.Evidence(
        word, [(0, 3, word)], title=word, labels={word: word}, votes={word: word}, facts={word: word}, lead=5
    )


def page_of(word):
    blocks = (
        word,
        ds.Code(word),
        ds.Details(word, charts_of(word), note=word),
        ds.Section(f"{word} again", (), anchor="again"),
    )
    return ds.Page(word, [ds.Section(word, blocks, anchor="first")], lead=word, facts={word: word})


@pytest.mark.parametrize("word", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_adds_no_element_and_no_attribute(word, read_html):
    harmless, attacked = (read_html(ds.render_page(page_of(shown))) for shown in ("harmless", word))

    assert attacked.names() <= harmless.names() | {"code"}
    assert {key for _, attributes in attacked.elements for key in attributes} <= {
        key for _, attributes in harmless.elements for key in attributes
    }
    assert [name for name, _ in attacked.elements].count("script") == 1
    assert not any(key.startswith("on") for _, attributes in attacked.elements for key in attributes)


@pytest.mark.parametrize("word", HOSTILE[:9], ids=range(9))
def test_hostile_text_is_shown_as_it_is(word, read_html):
    assert word.replace("`", "") in "".join(read_html(ds.render_page(page_of(word))).text).replace("`", "")


@pytest.mark.parametrize("word", HOSTILE, ids=range(len(HOSTILE)))
def test_pages_of_hostile_text_can_be_written_as_utf_8(word):
    page = ds.render_page(page_of(word))

    assert page.encode().decode() == page
    assert not set(page).intersection("\x00\x07\x1b\x9b\ud800")


@pytest.mark.parametrize("word", HOSTILE, ids=range(len(HOSTILE)))
def test_terminals_get_no_control_characters(word):
    for chart in charts_of(word):
        shown = ds.as_text(chart)

        assert not set(shown).intersection("\x00\x07\x1b\x9b\u202e\u2066")


def test_links_lead_into_the_page_only():
    chart = ds.interval_bars({"html": (0.5, 0.4, 0.6, 40)}, title="slices", links={"html": "javascript:alert(1)"})

    with pytest.raises(SchemaError, match="expected text that matches"):
        ds.html_fragment(chart)


@given(st.text())
def test_escaped_text_holds_no_markup(content):
    assert not set(text(content)).intersection("<>\"'")


@given(st.text())
def test_text_is_escaped_once(content):
    assert text(text(content)) == text(content)


def test_elements_escape_text_and_keep_markup():
    assert tag("p", "a < b", Html("<br>"), title='"') == '<p title="&quot;">a &lt; b<br></p>'


def test_a_single_backtick_is_no_code():
    assert prose("a ` b") == "a ` b"
