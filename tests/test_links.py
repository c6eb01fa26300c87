import re

import pytest

from documents import DOCS

ROOT = DOCS.parent
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page):
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    files = [target for target in targets if "://" not in target]

    assert [target for target in files if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_tests_and_modules_that_a_page_names_exist(page):
    named = re.findall(r"`((?:tests|src|benchmarks|scripts|examples|docs)/[\w/.-]*)`", page.read_text(encoding="utf-8"))

    assert [name for name in named if not (ROOT / name).exists()] == []
