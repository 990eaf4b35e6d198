"""Links that stand in both notes of a pair and that the ledger does not know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notemill.stores.pairs import TAKEN_OVER, PairState
from notemill.workflows.links.taking_over import take_over
from tests.notemill.workflows.kept import NOW, kept

if TYPE_CHECKING:
    from pathlib import Path


def note(*related: str) -> str:
    """Return a note with these entries in its property."""
    entries = "".join(f'  - "{one}"\n' for one in related)
    return f"---\nrelated:\n{entries}---\nWords of its own.\n"


def test_what_stands_in_both_notes_is_taken_over(tmp_path: Path) -> None:
    """It is a pair from another computer, which stands, and is taken over once."""
    notes = {"a.md": note("[[b]]"), "b.md": note("[[a]]")}
    with kept(tmp_path, notes) as one:
        assert take_over(one.scene(), one.links, {}, now=NOW) == 1
        (pair,) = one.links.pairs()
        assert (pair.a, pair.b, pair.state) == ("a.md", "b.md", PairState.WRITTEN)
        assert pair.run == TAKEN_OVER
        known = {pair.id: pair}
        assert take_over(one.scene(), one.links, known, now=NOW) == 0


def test_a_link_in_one_note_alone_decides_nothing(tmp_path: Path) -> None:
    """Whoever wrote that note would decide for the other one."""
    notes = {"a.md": note("[[b]]"), "b.md": "Words.\n"}
    with kept(tmp_path, notes) as one:
        assert take_over(one.scene(), one.links, {}, now=NOW) == 0
        assert one.links.pairs() == []


def test_what_hidden_notes_say_is_not_read(tmp_path: Path) -> None:
    """A pair with a hidden note is not taken over."""
    notes = {"a.md": note("[[b]]"), "b.md": note("[[a]]")}
    with kept(tmp_path, notes, hidden=("b.md",)) as one:
        assert take_over(one.scene(), one.links, {}, now=NOW) == 0
