"""The command line."""

from nacre.cli._app import main

__all__ = ["main"]
