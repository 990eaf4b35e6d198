"""`notemill review` at a terminal: what each key does, and what no key may do."""

from __future__ import annotations

import os
import signal
import sys
import termios
from typing import TYPE_CHECKING

import pytest
from prompt_toolkit.input.vt100_parser import Vt100Parser

from notemill.cli.keys import Key, named
from notemill.stores.deciding import Deciding
from notemill.stores.proposals import Decision, ProposalKind
from tests.notemill.proposing import BOTH, propose, propose_note, states, store_of
from tests.notemill.workflows.notes import write_notes
from tests.terminal import OnTerminal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from prompt_toolkit.key_binding import KeyPress

NAMES = ("a.md", "b.md", "c.md")
PROGRAM = "from notemill.cli import main; main()"
CTRL_C, CTRL_D, CTRL_Z, ESCAPE = "\x03", "\x04", "\x1a", "\x1b"
CLEARED = "\r\x1b[2K"
PASTE = "\x1b[200~axn axn\raxn\x1b[201~"


class Desk:
    """A vault with proposals, and terminals at which they are reviewed."""

    def __init__(self, folder: Path) -> None:
        """Make a vault of three notes with a description and a tag proposed for each: p1 to p6."""
        self.home = folder / "home"
        self.vault = write_notes(folder / "vault", {one: f"About {one}.\n" for one in NAMES})
        self._terminals: list[OnTerminal] = []

    def review(self, *words: str, columns: int = 120) -> OnTerminal:
        """Begin a review at a terminal of its own."""
        return self.run(
            (sys.executable, "-c", PROGRAM, "review", "--vault", str(self.vault), *words), columns
        )

    def run(self, words: tuple[str, ...], columns: int = 120) -> OnTerminal:
        """Run a command at a terminal of its own."""
        mine = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("ANTHROPIC_", "TWOLANE_", "NOTEMILL_"))
        }
        mine |= {
            "TWOLANE_HOME": str(self.home),
            "TWOLANE_CONFIG": os.devnull,
            "NOTEMILL_EMBEDDING": "off",
        }
        terminal = OnTerminal(words, mine, columns)
        self._terminals.append(terminal)
        return terminal

    def close(self) -> None:
        """End what still runs."""
        for one in self._terminals:
            one.kill()

    @property
    def states(self) -> str:
        """The first letters of where the proposals stand: pending, accepted, rejected."""
        return "".join(one[0] for one in states(self.home, self.vault).values())

    def elsewhere(self, decision: Decision, *ids: str) -> None:
        """Decide as another process does."""
        with store_of(self.home, self.vault) as store:
            Deciding(store).decide(ids, decision, by="page", now=2.0)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A desk whose terminals are put away."""
    desk = Desk(tmp_path)
    propose(desk.home, desk.vault, dict.fromkeys(NAMES, BOTH))
    yield desk
    desk.close()


def keys_of(*readings: str, is_paste: bool = False) -> list[str]:
    """Return the keys that readings from a terminal are taken for."""
    presses: list[KeyPress] = []
    parser = Vt100Parser(presses.append)
    found: list[str] = []
    for one in readings:
        parser.feed(one)
        parser.flush()
        found += named(presses, is_paste=is_paste)
        presses.clear()
    return found


def press(terminal: OnTerminal, typed: str) -> None:
    """Type what decides nothing, and wait until it was looked at: the bar is written again."""
    seen = terminal.screen.raw.count(CLEARED)
    terminal.type(typed)
    terminal.read_until(lambda: terminal.screen.raw.count(CLEARED) > seen)
    terminal.read_until(lambda: terminal.screen.lines[-1].endswith("q quit"))


@pytest.mark.parametrize(
    "typed",
    [
        PASTE,
        "\x1ba", "\x1bx", "\x1bA", "\x1b\x1ba",  # Alt
        "\x01", "\x18", "\x0e",  # Ctrl+A, X, N
        "\x1b[A", "\x1b[B", "\x1bOA", "\x1b[1;5A", "\x1b[3~", "\x1b[[A",  # arrows and the like
        "\x1bOn", "\x1bOx",  # the keypad, in the mode of applications
        "\x1b[a", "\x1b[97;5u", "\x1b[27;5;97~",  # as other terminals write keys with Shift, Ctrl
        "\x1b[I", "\x1b[M !!", "\x1b[<0;1;1M",  # focus and mouse
        "\t", " ", "é", "\x7f",
    ],
)  # fmt: skip
def test_what_is_no_letter_decides_nothing(typed: str) -> None:
    """Pastes, Alt, Ctrl, arrows and sequences that no terminal of ours sends hold no key for us."""
    assert not set(keys_of(typed)) & set("axnAseuq?")


def test_letters_and_signals_are_keys() -> None:
    """A letter is itself, also after Escape alone; Ctrl-C, D and Z are known."""
    assert keys_of("a", "?", ESCAPE, "x") == ["a", "?", Key.OTHER, "x"]
    assert keys_of(CTRL_C, CTRL_D, CTRL_Z) == [Key.CANCEL, Key.END, Key.SUSPEND]
    assert keys_of(f"axn{CTRL_C}", is_paste=True) == [Key.OTHER, Key.CANCEL]


@pytest.mark.loopback
def test_keys_decide_one_proposal_each(desk: Desk) -> None:
    """a, x, s and n decide in the order shown; u takes back step by step; the counts follow."""
    terminal = desk.review()
    terminal.read_line("6 left, about 1 minute")
    assert any("description: Said in one sentence." in one for one in terminal.screen.lines)
    for key, left in (("a", 5), ("x", 4), ("s", 4), ("n", 2)):
        terminal.type(key)
        terminal.read_line(f"{left} left")
    assert desk.states == "arprpr"
    for left in (4, 5, 6):
        terminal.type("u")
        terminal.read_line(f"{left} left")
    assert desk.states == "pppppp"
    terminal.type("u?")
    terminal.read_until(lambda: any("never: reject" in one for one in terminal.screen.lines))
    assert any("there is nothing to undo" in one for one in terminal.screen.lines)
    terminal.read_line("6 left")
    terminal.type("q")
    assert terminal.end() == 0
    assert "6 proposals left" in terminal.screen.lines


@pytest.mark.long
@pytest.mark.loopback
def test_what_is_no_key_leaves_the_queue_alone(desk: Desk) -> None:
    """A paste in brackets or bare, Alt, Ctrl and arrows decide nothing, whatever letters they have."""
    terminal = desk.review()
    terminal.read_line("6 left")
    assert "\x1b[?2004h" in terminal.screen.raw
    long = "." * 1_024 + "ax"  # read in two parts
    for typed in (PASTE, "\x1ba", "\x01", "\x18", "\x1b[A", "\x1bOx", ESCAPE, "axn axn\r", long):
        press(terminal, typed)
    assert "6 left" in terminal.screen.lines[-1]
    terminal.type(CTRL_D)
    assert terminal.end() == 0
    assert desk.states == "pppppp"


@pytest.mark.long
@pytest.mark.loopback
def test_all_is_what_is_shown(desk: Desk) -> None:
    """A accepts what waits of this note within the filter, nothing rejected; one u takes it back."""
    desk.elsewhere(Decision.REJECT, "p2")
    propose(desk.home, desk.vault, {"a.md": [(ProposalKind.TAG, "soil")]}, run="later")
    terminal = desk.review("--kind", "tag", "--by", "value")
    terminal.read_line("3 left")
    assert "A all 2 of this value" in terminal.screen.lines[-1]
    terminal.type("A")
    terminal.read_line("1 left")
    assert desk.states == "prpapap"
    terminal.type("u")
    terminal.read_line("3 left")
    assert desk.states == "prppppp"
    terminal.type(CTRL_D)
    assert terminal.end() == 0


@pytest.mark.long
@pytest.mark.loopback
def test_all_of_a_note_leaves_other_notes(desk: Desk) -> None:
    """By note, A is about the note that is shown, within `--only`."""
    terminal = desk.review("--only", "[bc].md")
    terminal.read_line("4 left")
    assert "A all 2 of this note" in terminal.screen.lines[-1]
    terminal.type("A")
    terminal.read_line("2 left")
    terminal.type("q")
    assert terminal.end() == 0
    assert desk.states == "ppaapp"


@pytest.mark.long
@pytest.mark.loopback
def test_a_value_is_edited_with_completion(desk: Desk) -> None:
    """Key e offers the vault's tags; what is no tag is said, and the proposal stays; Ctrl-C leaves it."""
    (desk.vault / "c.md").write_text("About c.md. #compost/heap\n")
    terminal = desk.review("--kind", "tag")
    terminal.read_line("3 left")
    terminal.type("e")
    terminal.read_line("  tag: garden/soil")
    terminal.type(" two\r")
    terminal.read_until(lambda: any("is not a tag" in one for one in terminal.screen.lines))
    terminal.read_line("3 left")
    terminal.type("e")
    terminal.read_line("  tag: garden/soil")
    terminal.type(CTRL_C)
    terminal.read_until(lambda: any("left as it is" in one for one in terminal.screen.lines))
    terminal.read_line("3 left")
    assert desk.states == "pppppp"
    terminal.type("e")
    terminal.read_until(lambda: terminal.screen.lines[-1] == "  tag: garden/soil")
    terminal.type("\x15comp")
    terminal.read_until(lambda: terminal.screen.lines[-1].strip() == "compost/heap")
    terminal.type("\t")
    terminal.read_until(lambda: "  tag: compost/heap" in terminal.screen.lines)
    terminal.type("\r")
    terminal.read_line("2 left")
    assert any("accepted: #compost/heap" in one for one in terminal.screen.lines)
    terminal.type("q")
    assert terminal.end() == 0


@pytest.mark.loopback
def test_the_last_decision_can_be_taken_back(desk: Desk) -> None:
    """At the end it says so; letters decide nothing, and u brings the last one back into view."""
    terminal = desk.review("--only", "a.md")
    terminal.read_line("2 left")
    terminal.type("A")
    terminal.read_line("u undo  q quit")
    assert "everything is decided" in terminal.screen.lines
    for key in "axnAs":
        press(terminal, key)
    terminal.type("u")
    terminal.read_line("2 left")
    assert desk.states == "pppppp"
    terminal.type("x")
    terminal.read_line("1 left")
    terminal.type("x")
    terminal.read_line("u undo  q quit")
    terminal.type("q")
    assert terminal.end() == 0
    assert desk.states == "rrpppp"


@pytest.mark.long
@pytest.mark.loopback
def test_nothing_to_decide_needs_no_key(desk: Desk) -> None:
    """Where nothing waits the command says so and ends."""
    terminal = desk.review("--only", "nowhere/**")
    assert terminal.end() == 0
    assert "everything is decided" in terminal.screen.lines


@pytest.mark.loopback
def test_ctrl_c_leaves_the_terminal_as_it_was(desk: Desk) -> None:
    """Decisions are kept, it ends with 4, and modes, paste and cursor are as before."""
    terminal = desk.review()
    before = terminal.modes
    terminal.read_line("6 left")
    assert terminal.modes != before
    terminal.type("a")
    terminal.read_line("5 left")
    terminal.type(CTRL_C)
    terminal.read_until(lambda: terminal.modes == before)
    assert terminal.end() == 4
    raw = terminal.screen.raw
    assert raw.rindex("\x1b[?2004l") > raw.rindex("\x1b[?2004h")
    assert "\x1b[?1049" not in raw
    assert "\x1b[?100" not in raw
    assert terminal.screen.is_clean
    assert "Traceback" not in raw
    assert desk.states == "appppp"


@pytest.mark.long
@pytest.mark.loopback
def test_ctrl_z_gives_the_shell_its_terminal(desk: Desk) -> None:
    """The shell has lines and echo while the review is stopped, and `fg` shows the proposal anew."""
    command = f'"{sys.executable}" -c "{PROGRAM}" review --vault "{desk.vault}"'
    terminal = desk.run(("env", "PS1=ready ", "sh", "-i"))
    terminal.read_line("ready")
    terminal.type(f"{command}\r")
    terminal.read_line("6 left")
    terminal.type("a")
    terminal.read_line("5 left")
    assert _reads_keys(terminal)
    terminal.type(CTRL_Z)
    terminal.read_line("ready")
    assert not _reads_keys(terminal)
    terminal.type("fg\r")
    terminal.read_line("5 left")
    terminal.type("x")
    terminal.read_line("4 left")
    terminal.type("q")
    terminal.read_line("ready")
    terminal.type("exit\r")
    terminal.end()
    assert desk.states == "arpppp"


def _reads_keys(terminal: OnTerminal) -> bool:
    """Tell whether a terminal hands keys on as they come, and does not echo them."""
    local = terminal.modes[3]
    assert isinstance(local, int)
    return not local & (termios.ICANON | termios.ECHO | termios.ISIG)


@pytest.mark.long
@pytest.mark.loopback
@pytest.mark.parametrize("ignores", [False, True])
def test_a_terminal_that_is_closed_ends_it(desk: Desk, ignores: bool) -> None:  # noqa: FBT001
    """After a hang-up the process is gone, also where it was told to live on; decisions stay."""
    trap = "trap '' HUP; " if ignores else ""
    shell = f'{trap}exec "{sys.executable}" -c "{PROGRAM}" review --vault "{desk.vault}"'
    terminal = desk.run(("sh", "-c", shell))
    terminal.read_line("6 left")
    terminal.type("a")
    terminal.read_line("5 left")
    # Where it reads the end of its terminal before the signal comes, it ends by itself.
    assert terminal.hang_up() in ((0,) if ignores else (0, -signal.SIGHUP))
    assert desk.states == "appppp"


@pytest.mark.long
@pytest.mark.loopback
@pytest.mark.parametrize("columns", [20, 40])
def test_the_bar_is_one_line(desk: Desk, columns: int) -> None:
    """At any width the keys and the count take one line, which is taken away again."""
    terminal = desk.review(columns=columns)
    terminal.read_line("6 left")
    terminal.type("a")
    terminal.read_line("5 left")
    assert not any(one.startswith("6 left") for one in terminal.screen.lines)
    terminal.type("q")
    assert terminal.end() == 0


@pytest.mark.long
@pytest.mark.loopback
def test_two_terminals_at_one_queue(desk: Desk) -> None:
    """What the other has decided since it was shown is said and stays so; the next one is shown."""
    first, second = desk.review(), desk.review()
    for terminal in (first, second):
        terminal.read_line("6 left")
    first.type("x")
    first.read_line("5 left")
    second.type("a")
    second.read_line("5 left")
    assert any(
        "p1 was decided elsewhere in the meantime: rejected" in one for one in second.screen.lines
    )
    assert desk.states == "rppppp"
    second.type("u")
    second.read_until(lambda: any("nothing to undo" in one for one in second.screen.lines))
    assert desk.states == "rppppp"


@pytest.mark.long
@pytest.mark.loopback
def test_a_note_that_was_edited_is_shown_as_such(desk: Desk) -> None:
    """A note edited since is said to be; one that is hidden by now is passed over."""
    terminal = desk.review()
    terminal.read_line("6 left")
    assert not any("was edited" in one for one in terminal.screen.lines)
    (desk.vault / "a.md").write_text("About something else by now.\n")
    (desk.vault / "b.md").write_text("---\nnotemill: ignore\n---\nAbout b.md.\n")
    shown_before = len(terminal.screen.raw)
    terminal.type("s")
    terminal.read_until(lambda: any("edited since" in one for one in terminal.screen.lines))
    terminal.type("s")
    terminal.read_until(lambda: any("  c.md" in one for one in terminal.screen.lines))
    assert "b.md" not in terminal.screen.raw[shown_before:]
    terminal.type(CTRL_D)
    assert terminal.end() == 0


@pytest.mark.long
@pytest.mark.loopback
def test_a_note_that_does_not_exist_is_read_before_it_is_decided(desk: Desk) -> None:
    """Its first lines are there, as text; a rejection takes what is proposed for it along."""
    lines = ["# New", "\x1b[31mred", "x" * 500, *(f"line {number}" for number in range(100))]
    propose_note(desk.home, desk.vault, "In/New.md", "\n".join(lines), *BOTH)
    terminal = desk.review("--only", "In/**")
    terminal.read_line("3 left")
    shown = terminal.screen.raw
    assert all(one in shown for one in ("note: New", "In/New.md", "why: a file; 1 kB", "│ # New"))
    assert "\x1b[31mred" not in shown
    assert "63 more lines" in shown
    terminal.type("x")
    terminal.read_until(lambda: any("3 proposals" in one for one in terminal.screen.lines))
    terminal.type("q")
    assert terminal.end() == 0
    assert desk.states == "pppppprrr"


@pytest.mark.long
@pytest.mark.loopback
def test_names_and_values_are_shown_as_text(desk: Desk) -> None:
    """Control characters and marks of direction in names and values come as escapes."""
    name = "<img src=x> \x1b[31m\u202egnp.md"
    write_notes(desk.vault, {name: "Text.\n"})
    propose(desk.home, desk.vault, {name: [(ProposalKind.TOPIC, "\x1b]0;pwned\x07\u202e<b>")]})
    terminal = desk.review("--kind", "topic")
    terminal.read_line("1 left")
    for harmful in ("\x1b[31m", "\u202e", "\x1b]0;", "\x07"):
        assert harmful not in terminal.screen.raw
    assert any("<img src=x>" in one for one in terminal.screen.lines)
    terminal.type("q")
    assert terminal.end() == 0
