"""Pages stand alone, in light and dark, with and without their script."""

import base64
import hashlib
import re
from itertools import pairwise

import pytest

from nacre import displays as ds
from nacre.errors import SchemaError


@pytest.fixture(scope="module")
def page(sample_page):
    return ds.render_page(sample_page)


def test_a_page_is_well_formed_and_small(page, read_html):
    document = read_html(page)

    assert {"main", "nav", "header", "h1", "caption", "details"} <= document.names()
    assert len(page.encode()) < 1_000_000


def test_a_page_fetches_nothing(page, read_html):
    document = read_html(page)

    assert not document.attributes("src")
    assert "link" not in document.names()
    assert all(target.startswith("#") for target in document.attributes("href"))
    assert not re.search(r"@import|url\(|https?://", page)


def test_the_policy_allows_the_one_script_by_its_hash(page, read_html):
    script = re.search(r"<script>(.*)</script>", page, re.DOTALL).group(1)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()

    policy = read_html(page).attributes("content")[0]

    assert page.count("<script") == 1
    assert "default-src 'none'" in policy
    assert policy.endswith(f"script-src 'sha256-{digest}'")


def test_links_lead_to_parts_of_the_page(page, read_html):
    document = read_html(page)
    ids = document.attributes("id")

    assert len(ids) == len(set(ids))
    assert {target[1:] for target in document.attributes("href")} <= set(ids)


def test_headings_go_down_one_level_at_a_time(page, read_html):
    levels = [int(name[1]) for name, _ in read_html(page).elements if re.fullmatch("h[1-6]", name)]

    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_light_and_dark_come_from_the_same_tokens(page):
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL).group(1)
    tokens = set(re.findall(r"var\((--[a-z0-9]+)\)", style))
    defined = set(re.findall(r"(--[a-z0-9]+):", style)) | {"--t"}

    assert tokens <= defined
    assert "prefers-color-scheme" not in style
    assert "color-scheme: light dark" in style
    assert "@media print" in style


def test_every_shown_metric_has_interval_and_n(page):
    shown = re.findall(r'<span class="measure(?: few)?">(.*?)</span></span>', page)

    assert shown
    assert all(" n=" in measure for measure in shown)


def test_lines_to_copy_keep_their_shape():
    page = ds.render_page(ds.Page("report", [ds.Section("Next", [ds.Code("functions:\n  a: {label: `b`}")])]))

    assert ">functions:\n  a: {label: `b`}</code></pre>" in page


def test_two_parts_with_one_anchor_are_refused():
    page = ds.Page("report", [ds.Section("Errors", [ds.Section("errors")])])

    with pytest.raises(SchemaError, match="Two parts of the page have the anchor `errors`"):
        ds.render_page(page)


@pytest.mark.parametrize("title", ["\u65e5\u672c", "!!!"])
def test_titles_without_latin_letters_get_anchors(title):
    assert re.fullmatch(r"s[0-9a-f]{8}", ds.anchor_name(title))


def test_the_same_report_gives_the_same_page(sample_page, page):
    assert ds.render_page(sample_page) == page
