"""Import what is heavy or optional only where it is used."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from nacre.errors import MissingExtraError


def require(package: str, *, extra: str) -> ModuleType:
    """Import `package`, or say which extra installs it."""
    try:
        return import_module(package)
    except ModuleNotFoundError as error:
        if error.name != package.partition(".")[0]:
            raise
        raise MissingExtraError(package, extra=extra) from error
