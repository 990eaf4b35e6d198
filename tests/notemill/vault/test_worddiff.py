"""Word diffs over a note's source: both versions can be read from one, and none is too long."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notemill.vault.proposal import set_properties
from notemill.vault.worddiff import MAX_LINE, MAX_LINES, Edit, WordDiff, word_diff

LINES = st.lists(
    st.sampled_from(["a b c", "a b d", "", "- [[a link]]", "> quoted", "tags: [soil]"]), max_size=9
)


def version(diff: WordDiff, left_out: Edit) -> list[str]:
    """Return the lines of one version: those with a number, without what the other has."""
    lines = []
    for line in diff.lines:
        number = line.new if left_out is Edit.DEL else line.old
        if number is not None:
            pieces = (one.text for one in line.pieces if one.edit is not left_out)
            lines.append((number, "".join(pieces)))
    assert [number for number, _ in lines] == list(range(1, len(lines) + 1))
    return [text for _, text in lines]


@given(LINES, LINES)
def test_both_versions_can_be_read_from_a_diff(old: list[str], new: list[str]) -> None:
    """Whatever changes, each version's lines stand in it, in order and with their numbers."""
    diff = word_diff("\n".join(old).encode(), "\n".join(new).encode())
    assert version(diff, Edit.INS) == "\n".join(old).splitlines()
    assert version(diff, Edit.DEL) == "\n".join(new).splitlines()


def test_only_the_words_that_change_are_marked() -> None:
    """A tag more is a few characters more; links and quotes around it stand as they were written."""
    raw = b"---\ntags: [soil]\n---\nSee [[Worms|the worms]].\n> Dig less.\n"
    diff = word_diff(raw, set_properties(raw, {"tags": ["soil", "garden/soil"]}))
    changed = [line for line in diff.lines if line.changed]
    marked = [one for line in changed for one in line.pieces if one.edit is not Edit.SAME]
    assert all(one.edit is Edit.INS for one in marked)
    assert "garden/soil" in "".join(one.text for one in marked)
    texts = ["".join(one.text for one in line.pieces) for line in diff.lines]
    assert "See [[Worms|the worms]]." in texts
    assert "> Dig less." in texts


def test_lines_with_nothing_in_common_are_two() -> None:
    """A text that takes the place of quite another is not shown as a few words of it changed."""
    diff = word_diff(b"Compost.\n", b"Zebra!\n")
    assert [[one.edit for one in line.pieces] for line in diff.lines] == [[Edit.DEL], [Edit.INS]]


@pytest.mark.parametrize("at", [0, 5_000])
def test_a_long_note_is_shown_around_its_change(at: int) -> None:
    """What is shown of any note has a bound, the change is in it, and the rest is counted."""
    lines = [f"line {n} " + "x" * MAX_LINE * (n == at) for n in range(9_000)]
    new = [*lines[:at], "something new", *lines[at:]]
    diff = word_diff("\n".join(lines).encode(), "\n".join(new).encode())
    assert len(diff.lines) == MAX_LINES
    assert diff.above + len(diff.lines) + diff.below == len(new)
    assert any(one.edit is Edit.INS for line in diff.lines for one in line.pieces)
    assert max(len(one.text) for line in diff.lines for one in line.pieces) <= MAX_LINE


def test_bytes_that_are_no_text_are_shown_as_such() -> None:
    """A note in another encoding is shown with replacement characters, and breaks nothing."""
    diff = word_diff(b"caf\xe9 au lait\n", b"caf\xe9 au lait\nmore\n")
    assert version(diff, Edit.DEL) == ["caf\ufffd au lait", "more"]
