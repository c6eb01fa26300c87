"""A page as a file, of which a reader sees all or nothing."""

from __future__ import annotations

import secrets
from pathlib import Path

from nacre.displays import Page, render_page
from nacre.workspace import explained


def write_page(page: Page, path: Path) -> None:
    """Write a page as an HTML file; until it is whole, an earlier one stands."""
    content = render_page(page).encode()
    aside = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    with explained(f"write {path}"):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            aside.write_bytes(content)
            aside.replace(path)
        except BaseException:
            aside.unlink(missing_ok=True)
            raise
