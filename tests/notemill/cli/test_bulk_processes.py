"""Many transcripts as one ingest in a process of its own, killed in its middle, and taken back."""

from __future__ import annotations

import contextlib
import random
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.notemill.cli.test_notemill import Shell
from tests.notemill.workflows.notes import tree, write_notes
from twolane import Reader, Settings, TwolaneError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

pytestmark = pytest.mark.loopback

TALKS = 20
PARAGRAPHS = 15
SUBJECTS = ("glaze", "harbour", "beehive", "violin", "glacier", "bakery", "telescope", "loom")
VERBS = ("carries", "slows", "warms", "records", "divides", "protects")
THINGS = (
    "the weight of water",
    "a thin layer of wax",
    "most of the daylight",
    "what rises at noon",
)
PYTHON = [sys.executable, "-c", "from notemill.cli import main; main()"]
PATIENCE_S = 60.0
LOOK_EVERY_S = 0.05


def talks(folder: Path) -> list[str]:
    """Write the transcripts, each about two subjects of its own; return their names."""
    draw = random.Random(20261129)  # noqa: S311  # the same talks for every run
    folder.mkdir()
    for number in range(TALKS):
        subjects = draw.sample(SUBJECTS, 2)
        paragraphs = [
            " ".join(
                f"The {draw.choice(subjects)} of house {draw.randrange(900)} {draw.choice(VERBS)} "
                f"{draw.choice(THINGS)}, as talk {number} measured in {draw.randrange(1900, 2020)}."
                for _ in range(6)
            )
            for _ in range(PARAGRAPHS)
        ]
        title = f"Talk {number} on the {subjects[0]}"
        (folder / f"{title}.txt").write_text("\n\n".join(paragraphs), encoding="utf-8")
    return [str(one) for one in sorted(folder.iterdir())]


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """A shell with a vault of one note."""
    shell = Shell(tmp_path, monkeypatch, capsys)
    shell.vault = write_notes(tmp_path / "mine", {"Home.md": "Home.\n"})
    return shell


def answered(home: Path) -> int:
    """Return how many answers are booked; none while the ledger is being made."""
    with contextlib.suppress(TwolaneError), Reader.open(Settings(home=home)) as reader:
        rows = reader.runs(bare=True)
        return reader.report(rows[0]).items.succeeded if rows else 0
    return 0


def killed_after_an_answer(shell: Shell, words: Sequence[str]) -> int:
    """Run a command in a process of its own, kill that once an answer is booked; return its code."""
    process = subprocess.Popen(  # noqa: S603
        [*PYTHON, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    until = time.monotonic() + PATIENCE_S
    try:
        while not answered(shell.home) and time.monotonic() < until:
            with contextlib.suppress(subprocess.TimeoutExpired):
                return process.wait(LOOK_EVERY_S)
    finally:
        process.kill()
    return process.wait()


def test_a_bulk_ingest_that_is_killed_makes_every_note_once(shell: Shell, tmp_path: Path) -> None:
    """SIGKILL after an answer: the same command ends it, does nothing then, and is undone."""
    words = ["ingest", *talks(tmp_path / "talks"), "--vault", str(shell.vault)]
    words += ["--apply", "--yes", "--json"]
    before = tree(shell.vault)
    assert killed_after_an_answer(shell, words) == -signal.SIGKILL
    assert tree(shell.vault) == before
    assert shell(*words) == 0
    report = shell.report
    made = tree(shell.vault).keys() - before.keys()
    assert len(made) == TALKS
    assert made == {one["note"] for one in report["notes"]}
    assert report["items"]["succeeded"] == TALKS
    written = tree(shell.vault)
    assert shell(*words) == 0
    assert shell.report["notes"] == []
    assert tree(shell.vault) == written
    assert shell("undo", report["run"], "--yes") == 0
    assert tree(shell.vault) == before
