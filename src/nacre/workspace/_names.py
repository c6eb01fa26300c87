"""What a project may be called: its name is the name of a folder."""

from __future__ import annotations

import re
from typing import Any

from nacre.errors import SpecError

_PROJECT_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9 ._-]{0,98}[A-Za-z0-9])?")


def check_project_name(name: Any) -> None:
    """Raise unless a name can be that of a project on every system."""
    if not isinstance(name, str) or not _PROJECT_NAME.fullmatch(name):
        raise SpecError(
            f"{name!r} is no name for a project. Use up to 100 letters, digits, spaces, `.`, `_` and `-`, "
            "with a letter or digit at both ends."
        )
