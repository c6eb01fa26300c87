import pytest

from documents import DOCS, follow


@pytest.mark.parametrize("page", sorted(DOCS.glob("how-to/*.md")), ids=lambda page: page.stem)
def test_a_how_to_gives_what_it_shows(page, tmp_path):
    follow(page, tmp_path)
