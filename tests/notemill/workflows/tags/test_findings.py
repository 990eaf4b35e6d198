"""A vault's tags looked through: what is there, and what could be better."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notemill.workflows.tags.findings import review_tags
from tests.notemill.workflows.kept import kept

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from notemill.workflows.tags.findings import TagReport


def note(*tags: str) -> str:
    """Return a note with these tags."""
    return f"---\ntags: [{', '.join(tags)}]\n---\nText.\n"


NOTES = {
    "a.md": note("soup", "asdf"),
    "b.md": note("soup"),
    "c.md": note("Soup", "fff000"),
    "bad.md": "---\ntags: [soup\n---\nText.\n",
    "Private/x.md": note("SOUP", "secret"),
}


def reviewed(folder: Path, rejected: Collection[tuple[str, str]] = ()) -> TagReport:
    """Look through the tags; `Private` is excluded."""
    with kept(folder, NOTES, hidden=("Private",)) as one:
        facts = one.sight().facts
        return review_tags(facts, privacy=one.privacy, rejected=rejected)


def test_spellings_junk_and_what_cannot_be_read_are_found(tmp_path: Path) -> None:
    """A hint is no proposal to drop; a note that cannot be read is named with its reason."""
    found = reviewed(tmp_path)
    assert [(one.tag, one.into) for one in found.merges] == [("Soup", "soup")]
    assert [one.tag for one in found.droppable] == ["asdf"]
    assert {one.tag for one in found.junk if one.is_hint} == {"fff000"}
    assert [one.key for one in found.unread] == ["bad.md"]


def test_of_hidden_notes_nothing_is_counted_but_their_number(tmp_path: Path) -> None:
    """Neither a tag nor a spelling of theirs is told."""
    found = reviewed(tmp_path)
    assert found.excluded == 1
    assert "secret" not in found.census.tags
    assert len(found.census.tags["soup"].notes) == 3


def test_what_was_turned_down_is_not_found_again(tmp_path: Path) -> None:
    """A merge and a drop, each by the keys of both tags."""
    found = reviewed(tmp_path, {("soup", "soup"), ("asdf", "")})
    assert found.merges == ()
    assert found.droppable == ()
