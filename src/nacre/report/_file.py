"""A page as a file, of which a reader sees all or nothing."""

from __future__ import annotations

from pathlib import Path

from nacre.data import written_aside
from nacre.displays import Page, render_page
from nacre.workspace import explained


def write_page(page: Page, path: Path) -> None:
    """Write a page as an HTML file; until it is whole, an earlier one stands."""
    content = render_page(page).encode()
    with explained(f"write {path}"):
        path.parent.mkdir(parents=True, exist_ok=True)
        with written_aside(path) as aside:
            aside.write_bytes(content)
