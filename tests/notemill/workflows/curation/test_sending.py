"""A note on its way to a model, seen once more to be one that may leave."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notemill.errors import ExternallyChangedError
from notemill.index import Index
from notemill.workflows.curation.sending import read_to_send
from tests.notemill.workflows.kept import kept

if TYPE_CHECKING:
    from pathlib import Path

NOTES = {"a.md": "---\ntags: [fruit]\n---\nApples.\n"}


def test_facts_and_text_are_of_the_note_as_it_is_now(tmp_path: Path) -> None:
    """An edit after the look is what is sent, with the tags that it has by now."""
    with kept(tmp_path, NOTES) as one:
        index = Index(tmp_path / "derived.sqlite3")
        index.refresh(one.vault, one.vault.scan())
        one.edit("a.md", "---\ntags: [pome]\n---\nPears.\n")
        facts, text = read_to_send(one.vault, index, one.privacy, "a.md")
        assert facts.all_tags == ("pome",)
        assert "Pears." in text
        index.close()


@pytest.mark.parametrize(
    ("edited", "named"),
    [
        ("---\nnotemill: ignore\n---\nApples.\n", "a note was edited"),
        ("---\ntags: [a\n---\nApples.\n", "a.md was edited"),
        ("", "a.md was edited"),
        (None, "nothing was sent"),
    ],
    ids=["hidden", "broken", "empty", "deleted"],
)
def test_what_may_not_leave_any_more_stops_the_command(
    tmp_path: Path, edited: str | None, named: str
) -> None:
    """Nothing is sent, and a hidden note is not named."""
    with kept(tmp_path, NOTES) as one:
        index = Index(tmp_path / "derived.sqlite3")
        index.refresh(one.vault, one.vault.scan())
        if edited is None:
            (one.vault.root / "a.md").unlink()
        else:
            one.edit("a.md", edited)
        with pytest.raises(ExternallyChangedError, match=named):
            read_to_send(one.vault, index, one.privacy, "a.md")
        index.close()
