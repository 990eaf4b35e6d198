"""Tokens are valid once, and sessions outlive the server; both are kept where nobody else reads."""

from __future__ import annotations

import shutil
import stat
import sys
import time
from typing import TYPE_CHECKING

import pytest

from notemill.errors import UsageError
from notemill.web.sessions import MOST_SESSIONS, SESSION_S, TOKEN_S, Sessions, running

if TYPE_CHECKING:
    from pathlib import Path


def test_a_token_opens_one_session(tmp_path: Path) -> None:
    """A second try with the same token, and any other word, opens nothing."""
    sessions = Sessions.open(tmp_path, None, 8765)
    token = sessions.token()
    secret = sessions.enter(token)
    assert secret is not None
    assert sessions.knows(secret)
    assert sessions.enter(token) is None
    for other in ("", "x", token[:-1], "../sessions/" + token, "\0", "x" * 100_000, "é\ud800"):
        assert sessions.enter(other) is None
        assert not sessions.knows(other)


def test_a_token_and_a_secret_are_never_written_down(tmp_path: Path) -> None:
    """What lies on the disk, names of files included, opens nothing."""
    sessions = Sessions.open(tmp_path, tmp_path / "vault", 8765)
    token = sessions.token()
    secret = sessions.enter(sessions.token()) or ""
    words = [word for file in tmp_path.rglob("*") for word in (file.name, _text(file)) if word]
    assert words
    for word in words:
        assert token not in word
        assert secret not in word
        assert sessions.enter(word) is None
        assert not sessions.knows(word)


def _text(file: Path) -> str:
    return file.read_text() if file.is_file() else ""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_only_the_owner_may_read_what_is_kept(tmp_path: Path) -> None:
    """Every file and folder of sessions is closed to others."""
    sessions = Sessions.open(tmp_path / "home", None, 8765)
    sessions.enter(sessions.token())
    sessions.token()
    files = list((tmp_path / "home").rglob("*"))
    assert len(files) > 5
    assert all(stat.S_IMODE(file.stat().st_mode) & 0o077 == 0 for file in files)


def test_a_session_outlives_the_server(tmp_path: Path) -> None:
    """After a restart for the same vault at the same port a page is known, an unused link is not."""
    vault = tmp_path / "vault"
    first = Sessions.open(tmp_path, vault, 8765)
    secret = first.enter(first.token()) or ""
    unused = first.token()
    first.close()
    again = Sessions.open(tmp_path, vault, 8765)
    assert again.knows(secret)
    assert again.enter(unused) is None


def test_a_session_is_of_one_vault_and_port(tmp_path: Path) -> None:
    """Another vault's server, or the same one's at another port, does not know it."""
    first = Sessions.open(tmp_path, tmp_path / "one", 8765)
    secret = first.enter(first.token()) or ""
    for vault, port in (("two", 8765), ("one", 8766)):
        other = Sessions.open(tmp_path, tmp_path / vault, port)
        assert not other.knows(secret)
        assert other.enter(first.token()) is None
    assert first.cookie == "notemill_8765"


def test_another_process_gets_a_link_to_a_running_server(tmp_path: Path) -> None:
    """A link that is made beside the server opens a session there, once."""
    sessions = Sessions.open(tmp_path, tmp_path / "vault", 8765)
    (found,) = running(tmp_path, tmp_path / "vault")
    address, _, token = found.link().partition("/enter?token=")
    assert address == "http://127.0.0.1:8765"
    assert sessions.enter(token)
    assert sessions.enter(token) is None
    assert running(tmp_path, None) == (found,)
    assert running(tmp_path, tmp_path / "other") == ()


def test_a_server_that_has_ended_is_not_running(tmp_path: Path) -> None:
    """Its sessions stay, but it is not offered."""
    sessions = Sessions.open(tmp_path, None, 8765)
    sessions.close()
    assert running(tmp_path, None) == ()


def test_a_server_ends_where_its_state_is_gone(tmp_path: Path) -> None:
    """Whoever deletes the state folder under a running server gets no error of the program."""
    found = Sessions.open(tmp_path / "home", None, 8765)
    shutil.rmtree(tmp_path / "home")
    found.close()
    assert running(tmp_path / "home", None) == ()


def test_the_same_vault_is_served_once_at_a_port(tmp_path: Path) -> None:
    """A second server says that there is one, and what to do."""
    first = Sessions.open(tmp_path, None, 8765)
    with pytest.raises(UsageError, match=r"8765.*serve --url"):
        Sessions.open(tmp_path, None, 8765)
    first.close()


def test_sessions_and_tokens_grow_old(tmp_path: Path) -> None:
    """A link that lay about for days opens nothing, and a session ends after a month."""
    late_s = 0.0
    sessions = Sessions.open(tmp_path, None, 8765, clock=lambda: time.time() + late_s)
    secret, token = sessions.enter(sessions.token()) or "", sessions.token()
    late_s = TOKEN_S + 60.0
    assert sessions.enter(token) is None
    assert sessions.knows(secret)
    late_s = SESSION_S + 60.0
    assert not sessions.knows(secret)


def test_the_number_of_sessions_is_bounded(tmp_path: Path) -> None:
    """With one too many the oldest one ends."""
    sessions = Sessions.open(tmp_path, None, 8765)
    secrets = [sessions.enter(sessions.token()) or "" for _ in range(MOST_SESSIONS + 1)]
    assert [sessions.knows(one) for one in secrets] == [False, *(True,) * MOST_SESSIONS]
