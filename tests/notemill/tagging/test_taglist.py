"""The vocabulary as a note: what is read, what is written, and what a person decided staying so."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from notemill.markup.reading import Reading
from notemill.tagging.taglist import (
    BEGIN,
    END,
    Entry,
    read_vocabulary,
    with_entries,
    write_entries,
)
from notemill.vault.marks import holds_vocabulary

NOTE = f"""# My tags

Words of mine.

{BEGIN}
Order matters to me.

- ai (artificial-intelligence, AI) the big one
  * `agents` (agent)
- cooking - what I eat: soups (hot), bread
\t- #cooking/soup
- ~~fff~~ a hex colour
{END}
- not/a/tag
"""


def test_a_list_is_read_as_a_person_writes_it() -> None:
    """Any bullet, spaces or tabs, with `#`, backticks or the whole path; text around it is free."""
    read = read_vocabulary(NOTE)
    assert read.entries == (
        Entry("ai", ("artificial-intelligence", "AI")),
        Entry("ai/agents", ("agent",)),
        Entry("cooking", description="what I eat: soups (hot), bread"),
        Entry("cooking/soup"),
        Entry("fff", dropped=True, reason="a hex colour"),
    )
    assert read.problems == ()
    assert read.changes == {
        "artificial-intelligence": "ai", "AI": "ai", "agent": "ai/agents", "fff": None
    }  # fmt: skip


def test_what_cannot_be_read_is_named_by_its_line() -> None:
    """A tag twice, one that cannot be one and one too deep: the rest of the list holds."""
    text = f"{BEGIN}\n- a\n  - b\n    - c\n      - d\n- A\n- 2024\n- e\n{END}\n"
    read = read_vocabulary(text)
    assert [one.tag for one in read.entries] == ["a", "a/b", "a/b/c", "e"]
    assert [one.line for one in read.problems] == [5, 6, 7]
    assert "line 2" in read.problems[1].message


def test_a_spelling_belongs_to_one_tag() -> None:
    """One that is a tag of the list itself, or stands beside another, counts for nothing."""
    read = read_vocabulary(f"{BEGIN}\n- a (b, x)\n- b\n- c (X, A, C)\n{END}\n")
    assert [one.aliases for one in read.entries] == [("x",), (), ("C",)]
    assert [(one.line, one.message[:3]) for one in read.problems] == [
        (2, "'b'"), (4, "'X'"), (4, "'A'")
    ]  # fmt: skip


def test_a_second_run_adds_what_is_new_and_changes_nothing_else() -> None:
    """New tags go below their parents, new spellings beside their tag; all lines of NOTE stay."""
    proposed = [
        Entry("ai", ("ml",)),
        Entry("ai/agents", ("Agent",)),
        Entry("artificial-intelligence/models"),
        Entry("garden"),
        Entry("garden/soil", ("earth",)),
        Entry("fff/x"),
        Entry("FFF"),
        Entry("x1", dropped=True, reason="used once"),
    ]
    new = with_entries(NOTE, proposed, frozenset())
    assert new == NOTE.replace(", AI)", ", AI, ml)").replace(
        "(agent)\n", "(agent)\n  - models\n"
    ).replace(
        "hex colour\n", "hex colour\n- garden\n  - soil (earth)\n- ~~x1~~ used once\n"
    )  # fmt: skip
    assert with_entries(new, proposed, frozenset()) == new


def test_a_line_a_person_took_out_stays_out() -> None:
    """What was proposed before is not proposed again; what is new is."""
    known = frozenset({"old", "spelling"})
    new = with_entries(NOTE, [Entry("old"), Entry("ai", ("spelling",)), Entry("new")], known)
    assert new == NOTE.replace("hex colour\n", "hex colour\n- new\n")


def test_a_tag_that_has_its_place_is_not_moved() -> None:
    """Another arrangement of tags that are in the list is no news."""
    assert with_entries(NOTE, [Entry("ai/cooking", ("cooking",))], frozenset()) == NOTE


def test_a_note_without_a_list_gets_one_at_its_end() -> None:
    """Everything that was there stays, line ends as they are; what other notes got is no matter."""
    new = with_entries("# Mine\r\ntext", [Entry("a"), Entry("a/b")], frozenset({"a"}))
    assert new == f"# Mine\r\ntext\r\n{BEGIN}\r\n- a\r\n  - b\r\n{END}\r\n"


names = st.sampled_from(["a", "b-c", "日本", "é", "Über", "x_1", "🦊"])
tags = st.lists(names, min_size=1, max_size=3).map("/".join)
spellings = st.lists(st.sampled_from(["A b", "c.d", "E", "f-g"]), max_size=2, unique=True)


@st.composite
def vocabularies(draw: st.DrawFn) -> list[Entry]:
    """Return entries as they are arranged: every parent before its children."""
    wanted = draw(st.lists(tags, max_size=8, unique=True))
    paths = {"/".join(tag.split("/")[:depth]) for tag in wanted for depth in (1, 2, 3)}
    free = draw(spellings)
    said = draw(st.sampled_from(["", "what it is for", "(this) - and that"]))
    entries = [
        Entry(path, tuple(free[n : n + 1]), description=said)
        for n, path in enumerate(sorted(paths))
    ]
    gone = draw(st.lists(st.sampled_from(["fff", "1 2", "two words"]), max_size=2, unique=True))
    return entries + [Entry(one, dropped=True, reason="why") for one in gone]


@given(vocabularies(), st.sampled_from(["\n", "\r\n"]))
def test_what_is_written_is_read_back(entries: list[Entry], newline: str) -> None:
    """Reading is the inverse of writing."""
    text = f"{BEGIN}\n{write_entries(entries)}{END}\n".replace("\n", newline)
    assert read_vocabulary(text) == read_vocabulary(text.replace("\r\n", "\n"))
    assert list(read_vocabulary(text).entries) == entries


@given(vocabularies(), vocabularies(), st.text(max_size=30), st.text(max_size=30))
def test_a_run_only_ever_adds(
    mine: list[Entry], proposed: list[Entry], before: str, after: str
) -> None:
    """All characters of the note stay, in order; entries keep theirs; a second run adds nothing."""
    text = f"{before}\n{BEGIN}\n{write_entries(mine)}{END}\n{after}"
    assume(holds_vocabulary(Reading(text)))
    new = with_entries(text, proposed, frozenset())
    rest = iter(new)
    assert all(char in rest for char in text)
    assert new.startswith(f"{before}\n{BEGIN}\n")
    assert new.endswith(f"{END}\n{after}")
    read = [one.tag for one in read_vocabulary(new).entries]
    assert [tag for tag in read if tag in {one.tag for one in mine}] == [one.tag for one in mine]
    assert with_entries(new, proposed, frozenset()) == new


@pytest.mark.parametrize("mark", ["%%", "```"])
def test_a_list_shown_as_an_example_stays_and_another_is_made(mark: str) -> None:
    """In code or a comment it is no list; what is added stands behind, once."""
    text = f"{mark}\n{BEGIN}\n- soil\n{END}\n{mark}\n"
    new = with_entries(text, [Entry("garden")], frozenset())
    assert new.startswith(text)
    assert [one.tag for one in read_vocabulary(new).entries] == ["garden"]
    assert with_entries(new, [Entry("garden")], frozenset()) == new
