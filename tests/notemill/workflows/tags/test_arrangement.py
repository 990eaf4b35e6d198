"""A vault's vocabulary: proposed, kept in one of its notes, remembered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notemill.errors import UsageError
from notemill.tagging.taglist import Entry, Vocabulary
from notemill.workflows.tags.arrangement import (
    Arrangement,
    adopt,
    keep_arrangement,
    keep_proposed,
    proposed_entries,
    read_arrangement,
    taken_over,
    vocabulary_of,
    with_proposed,
)
from notemill.workflows.tags.findings import review_tags
from tests.notemill.workflows.kept import kept

if TYPE_CHECKING:
    from pathlib import Path

BOM = b"\xef\xbb\xbf"


def test_a_vaults_tags_make_a_vocabulary(tmp_path: Path) -> None:
    """Spellings stand beside the one used most, and what says nothing is one to drop."""
    notes = {f"{n}.md": f"---\ntags: [{tag}]\n---\nText.\n" for n, tag in enumerate(
        ["soup", "soup", "soups", "asdf", "ai/agents"]
    )}  # fmt: skip
    with kept(tmp_path, notes) as one:
        entries = proposed_entries(review_tags(one.sight().facts, privacy=one.privacy))
    assert Entry("soup", ("soups",)) in entries
    assert [entry.tag for entry in entries if entry.dropped] == ["asdf"]
    assert "ai/agents" in {entry.tag for entry in entries}


def test_a_list_in_a_note_keeps_the_notes_own_bytes() -> None:
    """What is new comes in once; a byte order mark and all other lines stay."""
    raw = BOM + b"# My tags\r\n"
    entries = (Entry("soup", ("soups",)),)
    made = with_proposed(raw, entries, frozenset())
    assert made.startswith(raw)
    assert vocabulary_of(made, "Tags.md").entries == entries
    assert with_proposed(made, entries, frozenset({"soup", "soups"})) == made


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"# Nothing\n", "has no list of tags"),
        (b"\xff\xfe", "not UTF-8"),
        (
            b"<!-- notemill: tags -->\n- a\n- a\n<!-- notemill: end of tags -->\n",
            "correct these lines first: line 3",
        ),
    ],
)
def test_a_list_that_cannot_be_taken_is_refused(raw: bytes, said: str) -> None:
    """The message names the line, or how a list is made."""
    with pytest.raises(UsageError, match=said):
        vocabulary_of(raw, "Tags.md")


def test_what_a_model_arranged_is_kept_in_place_of_the_one_before(tmp_path: Path) -> None:
    """It is read back whole; where there is none, or it cannot be read, there is none."""
    with kept(tmp_path, {}) as one:
        assert read_arrangement(one.decisions) is None
        for run in ("r1", "r2"):
            made = Arrangement(run, (Entry("soup", ("Soup",)),), (("car", "auto"),))
            keep_arrangement(one.decisions, made)
        assert read_arrangement(one.decisions) == made
        one.decisions.keep_arrangement("r3", "{")
        assert read_arrangement(one.decisions) is None


def test_a_list_that_was_taken_over_is_known_as_it_was_seen(tmp_path: Path) -> None:
    """The note and its entries are remembered, and what was proposed for it beside them."""
    with kept(tmp_path, {}) as one:
        assert taken_over(one.decisions) is None
        entries = (Entry("soup", ("Soup",)), Entry("asdf", dropped=True, reason="a placeholder"))
        adopt(one.decisions, "Tags.md", Vocabulary(entries))
        found = taken_over(one.decisions)
        assert found is not None
        assert found.entries == entries
        assert one.decisions.adopted().note == "Tags.md"
        keep_proposed(one.decisions, entries)
        assert one.decisions.proposed() >= {"soup"}
