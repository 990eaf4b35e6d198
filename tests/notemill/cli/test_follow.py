"""`notemill follow` and `ingest --followed` as commands; what they do is tested at the service."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from notemill.sources.listed import Listed, ListedEntry
from notemill.stores.followed import Following
from notemill.stores.store import FILE, Store
from tests.notemill.cli.test_notemill import Shell

if TYPE_CHECKING:
    from pathlib import Path

VIDEO = "https://youtu.be/Wd7tK2pLm9Q"
FEED = "https://127.0.0.1/feed"


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """A shell with a vault that follows one feed, which cannot be reached."""
    shell = Shell(tmp_path, monkeypatch, capsys)
    assert shell("follow", "--vault", shell.vault) == 0
    assert "nothing is followed yet" in shell.out + shell.err
    (state,) = shell.home.rglob(FILE)
    with closing(Store(state)) as store:
        entries = tuple(ListedEntry((one,), one) for one in "ab")
        listed = Listed(FEED, FEED, "Kiln news", entries)
        Following(store).follow(listed, everything=False, now=1_700_000_000.0)
    return shell


def test_what_is_followed_is_listed(shell: Shell) -> None:
    """In a table, and as JSON of one shape."""
    assert shell("follow", "--vault", shell.vault) == 0
    assert "Kiln news" in shell.out + shell.err
    assert shell("follow", "--vault", shell.vault, "--json") == 0
    assert json.loads(shell.out) == [
        {
            "source": FEED,
            "title": "Kiln news",
            "since": 1_700_000_000.0,
            "looked_at": 1_700_000_000.0,
            "seen": 2,
            "new": 0,
        }
    ]


def test_what_is_no_list_is_refused(shell: Shell) -> None:
    """With what to do instead, and an exit code of 2."""
    assert shell("follow", VIDEO, "--vault", shell.vault) == 2
    assert "notemill ingest" in shell.err
    assert shell("follow", "--stop", "--vault", shell.vault) == 2
    assert shell("follow", "--all", "--vault", shell.vault) == 2
    assert shell("follow", "--stop", VIDEO, "--vault", shell.vault) == 2
    assert "is not followed" in shell.err


def test_what_cannot_be_reached_is_named(shell: Shell) -> None:
    """An address of this machine is never asked: not to follow it, and not for what is new."""
    assert shell("follow", "https://localhost/other", "--vault", shell.vault, "--json") == 3
    assert json.loads(shell.out) == []
    assert "https://localhost/other" in shell.err
    assert shell("ingest", "--followed", "--vault", shell.vault, "--json") == 3
    assert [one["item"] for one in shell.report["failures"]] == [FEED]
    assert shell("follow", "--vault", shell.vault) == 0
    assert "not read: " in shell.out + shell.err


def test_followed_takes_no_sources(shell: Shell) -> None:
    """Either what is followed, or what is named; with nothing followed there is nothing to do."""
    assert shell("ingest", "--followed", VIDEO, "--vault", shell.vault) == 2
    assert shell("follow", "--stop", "Kiln news", "--vault", shell.vault) == 0
    assert "no longer followed: Kiln news" in shell.out + shell.err
    assert shell("ingest", "--followed", "--vault", shell.vault) == 0
    assert "nothing is new" in shell.out + shell.err
