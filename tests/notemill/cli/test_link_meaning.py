"""`notemill link` with vectors of meaning: made once, weighed, and nothing private sent for them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import sys
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from notemill.app import meaning
from notemill.embedding import minilm
from notemill.embedding.endpoint import Endpoint
from notemill.vault.state_files import DERIVED_FILE
from tests.notemill.cli.test_link import NOTES, ends
from tests.notemill.cli.test_notemill import Shell
from tests.notemill.embedding.test_endpoint import Service, serving
from tests.notemill.workflows.notes import write_notes

if TYPE_CHECKING:
    from pathlib import Path

    from aiohttp import web


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """A shell with a vault without any link."""
    shell = Shell(tmp_path, monkeypatch, capsys)
    monkeypatch.delenv("NOTEMILL_EMBEDDING")
    shell.vault = write_notes(tmp_path / "linked", NOTES)
    return shell


class Patient(Service):
    """Answers one request, and the others only once somebody allows it."""

    def __init__(self) -> None:
        """Start with nothing answered."""
        super().__init__()
        self.answered = threading.Event()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer the first request; the others wait until nobody listens any more."""
        if self.answered.is_set():
            await asyncio.sleep(60)
        self.answered.set()
        return await super().answer(request)


def vectors_kept(folder: Path) -> int:
    """Return how many vectors are kept of the one vault."""
    (path,) = folder.rglob(DERIVED_FILE)
    with closing(sqlite3.connect(path)) as db:
        return int(db.execute("SELECT count(*) FROM vectors").fetchone()[0])


@pytest.mark.skipif(not minilm.is_installed(), reason="the extra `embed` is not installed")
def test_what_is_installed_is_used_and_what_it_made_is_kept(shell: Shell, tmp_path: Path) -> None:
    """Pairs come by words at once, embeddings are made after them, and the next look uses those."""
    assert shell("link", shell.vault, "--json") == 0, shell.err
    words = shell.report["pairs"]
    assert ("Rye bread.md", "Sourdough.md") in ends(words)
    assert shell.report["embeddings"] == {"made": 0, "total": 9, "used": False}
    assert "compared by words and links alone: 0 of 9 notes embedded so far" in shell.err
    assert "all 9 notes are embedded now" in shell.err
    assert (made := vectors_kept(tmp_path)) > 0
    assert shell("link", shell.vault, "--json") == 0
    meant = shell.report["pairs"]
    assert shell.report["embeddings"] == {"made": 9, "total": 9, "used": True}
    assert "compared by words, links and meaning" in shell.err
    assert meant != words
    assert shell("link", shell.vault, "--json") == 0
    assert shell.report["pairs"] == meant
    assert vectors_kept(tmp_path) == made


@pytest.mark.skipif(not minilm.is_installed(), reason="the extra `embed` is not installed")
def test_a_dry_run_makes_no_vectors(shell: Shell, tmp_path: Path) -> None:
    """It shows the pairs by what there is, and keeps and sends nothing."""
    assert shell("link", shell.vault, "--dry-run") == 0, shell.err
    assert vectors_kept(tmp_path) == 0


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
@pytest.mark.parametrize("as_json", [True, False])
def test_a_service_that_refuses_is_an_error_behind_the_pairs(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, *, as_json: bool
) -> None:
    """The pairs by words are shown and kept, as one object for a script; the message says why."""
    from aiohttp import web  # noqa: PLC0415  # only this test answers by itself

    service = Service()
    service.script = [
        lambda _: web.json_response({"error": {"message": "no such key"}}, status=401)
    ]
    with serving(service):
        monkeypatch.setenv("OPENAI_BASE_URL", service.url)
        flags = ["--json"] if as_json else []
        assert shell("link", shell.vault, "--embedding", "openai", *flags) == 2
    if as_json:
        assert ("Rye bread.md", "Sourdough.md") in ends(shell.report["pairs"])
    assert "no such key" in shell.err
    assert "Traceback" not in shell.err


@pytest.mark.loopback
def test_embedding_takes_its_time_over_several_searches(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A search ends after a while whatever is left; those without a link, then the newest, come first."""
    monkeypatch.setattr(meaning, "BUDGET_S", 0)
    monkeypatch.setattr(Endpoint, "at_a_time", 6)
    (shell.vault / "Trains.md").write_text("Night trains. See [[Vienna]].\n")
    os.utime(shell.vault / "Yeast.md", (2_000_000_000, 2_000_000_000))
    made = []
    with serving(service := Patient()):
        monkeypatch.setenv("OPENAI_BASE_URL", service.url)
        for _ in range(5):
            service.answered.clear()
            assert shell("link", shell.vault, "--embedding", "openai", "--json") == 0
            made.append(shell.report["embeddings"]["made"])
            if len(made) == 1:
                assert (
                    "3 of 9 notes are embedded now; the next `notemill link` continues" in shell.err
                )
    texts = [text for body in service.asked for text in body["input"]]
    assert "yeast" in texts[0]
    assert made == [0, 3, 6, 9, 9]
    assert not any("Night trains" in text for text in texts[:12])


@pytest.mark.loopback
@pytest.mark.parametrize("watched", [True, False])
def test_who_watches_may_leave_embeddings_for_later(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, *, watched: bool
) -> None:
    """Ctrl-C at a terminal ends the wait for a model and is no failure; the pairs are out already."""
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
    assert code == (0 if watched else 4)
    assert ("0 of 9 notes are embedded now" in shell.err) is watched
    assert ("Rye bread.md", "Sourdough.md") in ends(shell.report["pairs"])
