import pytest

from documents import DOCS, copy_demo, follow


@pytest.mark.slow
def test_the_tutorial_gives_what_it_shows(tmp_path):
    copy_demo(tmp_path)

    follow(DOCS / "tutorial.md", tmp_path)
