import pytest
import yaml

from documents import DOCS, blocks, follow
from nacre.loop._project_recipe import project_from_spec

PAGES = sorted(DOCS.glob("how-to/*.md"))
REST = {
    "project": "mail",
    "data": "mail.csv",
    "schema": {"classes": ["ham", "spam"]},
    "functions": {},
    "model": {"text_linear": {"fields": ["body"]}},
}
PARTS = [
    pytest.param(block.text, id=f"{page.stem}, line {block.line}")
    for page in PAGES
    for block in blocks(page)
    if block.language == "yaml" and not block.title
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_how_to_gives_what_it_shows(page, tmp_path):
    follow(page, tmp_path)


@pytest.mark.parametrize("part", PARTS)
def test_parts_of_a_recipe_on_a_page_are_of_the_grammar(part, tmp_path):
    project_from_spec({**REST, **yaml.safe_load(part)}, folder=tmp_path)
