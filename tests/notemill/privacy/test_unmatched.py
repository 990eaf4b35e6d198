"""An exclusion that fits no note may be a slip: it is named, and nothing is sent without a yes."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from tests.notemill.cli.test_notemill import Shell
from tests.notemill.privacy.watched import Watched, watching

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.loopback

CURATE = ("curate", "VAULT", "--yes", "--json", "--lane", "realtime", "--stages", "none")
SENDING = [
    CURATE,
    ("link", "VAULT", "--yes", "--json", "--min-score", "0.01", "--ask-model"),
    ("link", "VAULT", "--yes", "--json", "--embedding", "openai"),
    ("tags", "vocabulary", "VAULT", "--ask-model", "--yes", "--json"),
]


class Person(io.StringIO):
    """Somebody at a terminal."""

    def isatty(self) -> bool:
        """Say that it is one."""
        return True


@pytest.fixture
def watched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Watched]:
    """The vault, a model and a service; nothing is excluded yet."""
    with watching(Shell(tmp_path, monkeypatch, capsys), tmp_path) as made:
        yield made


def run(way: Watched, words: tuple[str, ...], *more: str, code: int = 0) -> None:
    """Run a command on the vault."""
    way(*(way.shell.vault if one == "VAULT" else one for one in (*words, *more)), code=code)


@pytest.mark.parametrize("words", SENDING, ids=" ".join)
def test_nothing_is_sent_while_an_exclusion_fits_no_note(
    watched: Watched, words: tuple[str, ...]
) -> None:
    """Also with --yes it ends with 8, and names the entry, its nearest and what to do."""
    watched.hide("Privat", "#helth", "Priv*/**/x.md", "#HEALTH", "private")
    run(watched, words, code=8)
    said = watched.shell.err
    assert "'Privat' matches no note of this vault; did you mean 'Private'?" in said
    assert "'#helth' matches no note" in said
    assert "'Priv*/**/x.md' matches no note" in said
    assert "'private'" not in said.replace("did you mean 'Private'", "")
    assert "--allow-unmatched" in said
    assert not watched.sent
    assert not watched.service.asked
    run(watched, words, "--allow-unmatched")
    assert watched.sent or watched.service.asked
    assert not watched.leaked().keys() & {"requests", "vectors", "standard output"}


def test_what_was_allowed_is_remembered_for_the_vault_until_it_fits(watched: Watched) -> None:
    """The config serves many vaults; but what fitted a note and does no more is a new question."""
    watched.hide("private", "#HEALTH", "Diary")
    run(watched, CURATE, "--allow-unmatched")
    run(watched, CURATE, "--refresh")
    assert "matches no note" not in watched.shell.err
    diary = watched.shell.vault / "Diary"
    diary.mkdir()
    (diary / "monday.md").write_text("A basilisk of my own.\n", "utf-8")
    run(watched, CURATE, "--refresh")
    diary.rename(watched.shell.vault / "Dairy")
    watched.sent.clear()
    run(watched, CURATE, "--refresh", code=8)
    assert "did you mean 'Dairy'?" in watched.shell.err
    assert not watched.sent


def test_a_person_at_a_terminal_is_asked_whatever_yes_says(watched: Watched) -> None:
    """No ends with 8 and sends nothing; a yes is remembered."""
    watched.hide("Diary")
    watched.shell.patch.setattr("sys.stdin", Person("n\n"))
    run(watched, CURATE, code=8)
    assert "send the notes anyway?" in watched.shell.err
    assert not watched.sent
    watched.shell.patch.setattr("sys.stdin", Person("y\n"))
    run(watched, CURATE)
    assert watched.sent
    watched.shell.patch.setattr("sys.stdin", Person(""))
    run(watched, CURATE, "--refresh")


@pytest.mark.parametrize(
    "words",
    [
        (*CURATE, "--dry-run"),
        (*CURATE, "--provider", "offline"),
        ("link", "VAULT", "--json", "--embedding", "off"),
        (
            "link",
            "VAULT",
            "--json",
            "--embedding",
            "off",
            "--ask-model",
            "--yes",
            "--provider",
            "offline",
        ),
        ("tags", "VAULT", "--json"),
        ("tags", "review", "VAULT", "--json"),
        ("tags", "vocabulary", "VAULT", "--json"),
        ("tags", "rename", "mulch", "straw", "--vault", "VAULT", "--yes", "--json"),
        ("tidy", "VAULT", "--json"),
    ],
    ids=" ".join,
)
def test_what_sends_nothing_names_it_and_goes_on(watched: Watched, words: tuple[str, ...]) -> None:
    """Where no note leaves the machine there is nothing to ask."""
    watched.hide("Diary")
    run(watched, words)
    assert "the exclusion 'Diary' matches no note of this vault" in watched.shell.err
    assert not watched.sent


def test_a_resume_asks_as_well(watched: Watched) -> None:
    """A run that waits does not go on past an exclusion with a slip."""
    watched.hide("private", "#HEALTH")
    run(watched, (*(one for one in CURATE if one not in ("none", "--yes")), "1"), code=8)
    name = watched.shell.report["run"]
    watched.hide("privat", "#HEALTH")
    before = list(watched.sent)
    watched("resume", name, "--yes", code=8)
    assert watched.sent == before
    watched.hide("private", "#HEALTH")
    watched("resume", name, "--yes")
    assert not watched.leaked()


def test_templates_and_what_obsidian_leaves_out_count_as_notes(watched: Watched) -> None:
    """A folder that is there, and left out in any case, is no slip."""
    folder = watched.shell.vault / "Templates"
    folder.mkdir()
    (folder / "daily.md").write_text("{{title}}\n", "utf-8")
    (watched.shell.vault / ".obsidian").mkdir()
    (watched.shell.vault / ".obsidian" / "templates.json").write_text('{"folder": "Templates"}')
    watched.hide("Templates")
    run(watched, CURATE)
    assert "matches no note" not in watched.shell.err
