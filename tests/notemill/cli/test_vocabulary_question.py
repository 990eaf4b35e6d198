"""The question whether a proposed vocabulary is used, at a terminal and without one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import pytest

from notemill.stores.proposals import ProposalState
from notemill.stores.vocabulary import StoredVocabulary
from tests.notemill.proposing import store_of
from tests.notemill.workflows.notes import tree, write_notes
from tests.terminal import OnTerminal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.loopback,
    pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo terminal"),
]

PROGRAM: Final = "from notemill.cli import main; main()"
NOTES: Final = {
    f"{folder}/{word} {n}.md": f"{word} and {word} in the {folder.lower()}, with {word}.\n" * 3
    for folder, word in (("Garden", "Compost"), ("Trains", "Signal"))
    for n in range(6)
}
ASKED: Final = "[y] use it"
CTRL_C, CTRL_D = "\x03", "\x04"
APPLIED, PENDING, REJECTED = ProposalState.APPLIED, ProposalState.PENDING, ProposalState.REJECTED
# A list that cannot be used is saved at first, a good one when it is edited again.
EDITOR: Final = """
import pathlib, sys
path = pathlib.Path(sys.argv[1])
bad = "- 2024\\n"
good = "- earth - what grows\\n  - compost - what feeds it\\n"
path.write_text(good if bad in path.read_text() else bad)
"""


class Place:
    """A vault of twelve notes in two folders, and `notemill curate` on it, offline."""

    def __init__(self, folder: Path) -> None:
        """Make the vault."""
        self.vault = write_notes(folder / "vault", NOTES)
        self.home = folder / "home"
        self.editor = folder / "editor.py"
        self.editor.write_text(EDITOR)
        self.words = (
            sys.executable,
            "-c",
            PROGRAM,
            "curate",
            str(self.vault),
            "--apply",
            "--stages",
            "none",
        )
        self._terminals: list[OnTerminal] = []

    @property
    def environment(self) -> dict[str, str]:
        """What the command finds: this home, no key, an editor that is a script."""
        ours = ("ANTHROPIC_", "TWOLANE_", "NOTEMILL_")
        mine = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        return mine | {
            "TWOLANE_HOME": str(self.home),
            "TWOLANE_CONFIG": os.devnull,
            "NOTEMILL_EMBEDDING": "off",
            "EDITOR": f"{sys.executable} {self.editor}",
            "VISUAL": "",
        }

    def asked(self, columns: int = 80) -> OnTerminal:
        """Curate at a terminal, up to the question."""
        terminal = OnTerminal(self.words, self.environment, columns)
        self._terminals.append(terminal)
        terminal.read_line(ASKED)
        return terminal

    def answered(self, typed: str) -> tuple[int, str]:
        """Curate at a terminal with this answer; return the exit code, and all that was shown."""
        terminal = self.asked()
        terminal.type(typed)
        return terminal.end(), terminal.screen.raw

    def tags(self, *states: ProposalState) -> list[str]:
        """Return the tags of the vocabulary in some states."""
        with store_of(self.home, self.vault) as store:
            return [one.tag for one in StoredVocabulary(store).tags(*states)]

    def close(self) -> None:
        """End what still runs."""
        for one in self._terminals:
            one.kill()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A place whose terminals are put away."""
    place = Place(tmp_path)
    yield place
    place.close()


def test_the_proposal_is_a_tree_on_one_screen(place: Place) -> None:
    """No line is wider than the terminal."""
    terminal = place.asked()
    shown = terminal.screen.lines
    assert any(line.split() == ["compost"] for line in shown), shown
    assert any(line.startswith("proposed vocabulary: ") for line in shown)
    assert not terminal.screen.has_scrolled


def test_yes_puts_it_in_force_and_curates_by_it(place: Place) -> None:
    """The notes get its tags in the same run."""
    code, shown = place.answered("y\n")
    assert code == 0, shown
    assert "compost" in place.tags(APPLIED)
    assert place.tags(PENDING) == []
    assert "- compost\n" in (place.vault / "Garden/Compost 1.md").read_text()


def test_an_edited_list_is_used_once_its_lines_can_be_read(place: Place) -> None:
    """A line that is no tag is named, and the same text is there to edit again."""
    terminal = place.asked()
    terminal.type("e\n")
    terminal.read_line("edit it again? [Y/n]")
    assert any("line 1" in line for line in terminal.screen.lines), terminal.screen.lines
    terminal.type("\n")
    assert terminal.end() == 0, terminal.screen.raw
    assert "edited: 2 tags" in terminal.screen.raw
    assert place.tags(APPLIED) == ["earth", "earth/compost"]


@pytest.mark.long
def test_leaving_a_bad_list_as_it_is_asks_again(place: Place) -> None:
    """What was proposed still waits, and can be used."""
    terminal = place.asked()
    before = place.tags(PENDING)
    terminal.type("e\n")
    terminal.read_line("edit it again? [Y/n]")
    terminal.type("n\n")
    terminal.read_until(lambda: terminal.screen.raw.count(ASKED) == 2)
    terminal.type("y\n")
    assert terminal.end() == 0, terminal.screen.raw
    assert place.tags(APPLIED) == before


def test_no_goes_on_without_one_and_never_asks_again(place: Place) -> None:
    """The notes are curated, and a later curation begins at once."""
    code, shown = place.answered("n\n")
    assert code == 0, shown
    assert "none is proposed again" in shown
    assert place.tags(APPLIED, PENDING) == []
    assert place.tags(REJECTED)
    again = subprocess.run(  # noqa: S603  # this test's own command
        [*place.words, "--refresh"], env=place.environment, stdin=subprocess.DEVNULL,
        capture_output=True, check=False,
    )  # fmt: skip
    assert again.returncode == 0, again.stderr


@pytest.mark.parametrize(
    ("typed", "code"),
    [("l\n", 8), pytest.param("\n", 8, marks=pytest.mark.long), (CTRL_D, 8), (CTRL_C, 4)],
    ids=["later", "Enter", "end of input", "Ctrl-C"],
)
def test_without_a_decision_nothing_is_curated(place: Place, typed: str, code: int) -> None:
    """The vocabulary waits as it was proposed; after Ctrl-C it is asked about again, too."""
    before = tree(place.vault)
    found, shown = place.answered(typed)
    assert found == code, shown
    assert tree(place.vault) == before
    waiting = place.tags(PENDING)
    assert waiting
    if code == 8:
        assert "notemill review --kind vocabulary" in " ".join(shown.split())
    else:
        place.asked()
        assert place.tags(PENDING) == waiting


@pytest.mark.long
def test_what_is_no_answer_is_asked_again(place: Place) -> None:
    """A letter that means nothing decides nothing."""
    terminal = place.asked()
    terminal.type("maybe\n")
    terminal.read_until(lambda: terminal.screen.raw.count(ASKED) == 2)
    terminal.type("l\n")
    assert terminal.end() == 8


def test_with_nobody_to_ask_it_waits_with_exit_8(place: Place) -> None:
    """The message names every way on, also as one object for scripts."""
    done = subprocess.run(  # noqa: S603  # this test's own command
        [*place.words, "--json"], env=place.environment, stdin=subprocess.DEVNULL,
        capture_output=True, check=False, text=True,
    )  # fmt: skip
    assert done.returncode == 8
    told = json.loads(done.stdout)["error"]
    assert told["exit"] == 8
    for way in ("notemill review --kind vocabulary", "--yes", "--no-vocabulary"):
        assert way in told["message"]
    assert place.tags(PENDING)
