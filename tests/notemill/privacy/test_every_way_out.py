"""Every way in which a note can leave: requests, vectors of a service, JSON, what is on screen.

The vault has open notes, and hidden ones of each kind that are as like them as can be: they would
be linked, tagged and proposed. Each hidden note holds words that stand nowhere else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.notemill.cli.test_notemill import Shell
from tests.notemill.privacy.watched import HIDDEN, SECRETS, Watched, watching

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.loopback


@pytest.fixture
def watched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Watched]:
    """The vault, a model and a service; nothing is excluded yet."""
    with watching(Shell(tmp_path, monkeypatch, capsys), tmp_path) as made:
        yield made


def curate(way: Watched, *words: object) -> str:
    """Curate the vault; return the run."""
    report = way("curate", way.shell.vault, "--yes", "--json", "--lane", "realtime", *words)
    return str(report["run"])


def link(way: Watched, *words: object) -> str:
    """Look for links; return the run."""
    report = way("link", way.shell.vault, "--min-score", "0.01", "--yes", "--json", *words)
    return str(report["run"])


def test_without_exclusions_the_words_are_everywhere(watched: Watched) -> None:
    """What the other tests look for would be found: prompts, candidates, vectors, JSON, screen."""
    curate(watched)
    assert {"requests", "standard error"} <= watched.leaked().keys()
    link(watched, "--embedding", "openai")
    assert {"vectors", "standard output"} <= watched.leaked().keys()


@pytest.mark.parametrize(
    "words",
    [
        ("curate", "VAULT", "--dry-run", "--json"),
        ("curate", "VAULT", "--yes", "--json", "--lane", "realtime"),
        ("curate", "VAULT", "--yes", "--json", "--lane", "realtime", "--apply", "--refresh"),
        ("link", "VAULT", "--json", "--min-score", "0.01", "--embedding", "openai"),
        ("link", "VAULT", "--json", "--min-score", "0.01", "--embedding", "off", "--apply"),
        ("link", "VAULT", "--json", "--min-score", "0.01", "--ask-model", "--dry-run"),
        ("link", "VAULT", "--json", "--min-score", "0.01", "--ask-model", "--yes"),
        ("link", "allow", "--vault", "VAULT", "--json", "--yes"),
        ("tags", "VAULT", "--json"),
        ("tags", "vocabulary", "VAULT", "--json"),
        ("tags", "vocabulary", "VAULT", "--ask-model", "--yes", "--json"),
        ("tags", "vocabulary", "VAULT", "--ask-model", "--dry-run", "--json"),
        ("tags", "review", "VAULT", "--json"),
        ("tags", "accept", "--all", "--vault", "VAULT", "--dry-run", "--json"),
        ("tags", "rename", "garden", "yard", "--vault", "VAULT", "--yes", "--json"),
        ("tags", "drop", "garden", "--vault", "VAULT", "--yes", "--json"),
        ("tidy", "VAULT", "--json"),
        ("tidy", "VAULT", "--kind", "lists", "--dry-run", "--json"),
    ],
    ids=lambda words: " ".join(one for one in words if one not in ("VAULT", "--json")),
)
def test_no_command_lets_anything_of_a_hidden_note_out(
    watched: Watched, words: tuple[str, ...]
) -> None:
    """Neither a request, nor a vector, nor a line of either stream has a word of one."""
    watched.hide()
    watched(*(watched.shell.vault if one == "VAULT" else one for one in words))
    assert not watched.leaked()


def test_what_is_hidden_after_a_run_is_shown_by_no_command(
    watched: Watched, tmp_path: Path
) -> None:
    """Runs over all notes, then the exclusion: what they know of hidden notes stays in."""
    curated, linked = curate(watched), link(watched, "--embedding", "off")
    watched("tags", "vocabulary", watched.shell.vault, "--ask-model", "--yes", "--json")
    watched.hide()
    watched.sent.clear()
    output = tmp_path / "out.jsonl"
    for words, code in (
        (("show", curated, "--json"), 0),
        (("show", curated), 0),
        (("show", linked, "--json"), 0),
        (("show", linked), 0),
        (("export", curated, "-o", output), 0),
        (("tags", "review", watched.shell.vault, "--json"), 0),
        (("tags", "vocabulary", watched.shell.vault, "--json"), 0),
        (("link", watched.shell.vault, "--json", "--embedding", "off"), 0),
        (("runs", "--json"), 0),
        (("apply", linked, "--json"), None),
        (("apply", curated, "--json"), 3),
        (("curate", watched.shell.vault, "--yes", "--json", "--refresh"), 0),
    ):
        watched(*words, code=code)
        assert not watched.leaked(), words
    written = output.read_text("utf-8").casefold()
    assert not [one for one in SECRETS if one in written]
    assert written.count("\n") == 5
    assert written.count('{"type":"skipped","reason":"excluded"}') == 2
    for name, raw in HIDDEN.items():
        assert (watched.shell.vault / name).read_text("utf-8") == raw
