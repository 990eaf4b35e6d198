"""`notemill link` with vectors of meaning: made once, weighed, and nothing private sent for them."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import sys
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from notemill.embedding import minilm
from notemill.vault.state_files import DERIVED_FILE
from tests.notemill.cli.test_link import NOTES, ends
from tests.notemill.cli.test_notemill import Shell
from tests.notemill.embedding.test_endpoint import Service, serving
from tests.notemill.workflows.notes import write_notes

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """A shell with a vault without any link."""
    shell = Shell(tmp_path, monkeypatch, capsys)
    monkeypatch.delenv("NOTEMILL_EMBEDDING")
    shell.vault = write_notes(tmp_path / "linked", NOTES)
    return shell


def vectors_kept(folder: Path) -> int:
    """Return how many vectors are kept of the one vault."""
    (path,) = folder.rglob(DERIVED_FILE)
    with closing(sqlite3.connect(path)) as db:
        return int(db.execute("SELECT count(*) FROM vectors").fetchone()[0])


@pytest.mark.skipif(not minilm.is_installed(), reason="the extra `embed` is not installed")
def test_what_is_installed_is_used_and_what_it_made_is_kept(shell: Shell, tmp_path: Path) -> None:
    """Without a word said the model on the machine is asked; a second look finds the same."""
    assert shell("link", shell.vault, "--json") == 0, shell.err
    found = shell.report["pairs"]
    assert ("Rye bread.md", "Sourdough.md") in ends(found)
    assert vectors_kept(tmp_path) > 0
    assert shell("link", shell.vault, "--json") == 0
    assert shell.report["pairs"] == found


def test_off_makes_no_vectors(shell: Shell, tmp_path: Path) -> None:
    """Words and links are enough to go by."""
    assert shell("link", shell.vault, "--embedding", "off", "--json") == 0, shell.err
    assert ("Rye bread.md", "Sourdough.md") in ends(shell.report["pairs"])
    assert vectors_kept(tmp_path) == 0


@pytest.mark.loopback
def test_a_service_never_gets_an_excluded_note(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the text nor the name of what must not leave the machine is sent."""
    hidden = "---\nnotemill: ignore\n---\nA sourdough starter that nobody may know of: hush.\n"
    (shell.vault / "Hidden starter.md").write_text(hidden)
    with serving(Service()) as service:
        monkeypatch.setenv("OPENAI_BASE_URL", service.url)
        code = shell(
            "link", shell.vault, "--embedding", "openai", "--exclude", "Garden/**", "--json"
        )
    assert code == 0, shell.err
    sent = json.dumps(service.asked)
    assert "Sourdough" in sent
    assert "ferments" in sent
    for private in ("hush", "Hidden", "Compost", "Mulch"):
        assert private not in sent


@pytest.mark.loopback
def test_a_service_that_refuses_ends_the_command_with_what_to_do(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is written or proposed, and the message names the way out."""
    from aiohttp import web  # noqa: PLC0415  # only this test answers by itself

    service = Service()
    service.script = [
        lambda _: web.json_response({"error": {"message": "no such key"}}, status=401)
    ]
    with serving(service):
        monkeypatch.setenv("OPENAI_BASE_URL", service.url)
        assert shell("link", shell.vault, "--embedding", "openai") != 0
    assert "no such key" in shell.err
    assert "Traceback" not in shell.err


@pytest.mark.loopback
@pytest.mark.parametrize("watched", [True, False])
def test_who_watches_may_go_on_with_words_alone(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, *, watched: bool
) -> None:
    """Ctrl-C at a terminal ends the wait for a model, not the command; elsewhere it ends both."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: watched)
    service = Service()
    service.hold = True

    def interrupt() -> None:
        service.reached.wait()
        os.kill(os.getpid(), signal.SIGINT)

    with serving(service):
        monkeypatch.setenv("OPENAI_BASE_URL", service.url)
        impatience = threading.Thread(target=interrupt)
        impatience.start()
        code = shell("link", shell.vault, "--embedding", "openai", "--json")
        impatience.join()
    assert (code, "continuing with words alone" in shell.err) == (
        (0, True) if watched else (4, False)
    )
    if watched:
        assert ("Rye bread.md", "Sourdough.md") in ends(shell.report["pairs"])
