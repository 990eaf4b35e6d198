"""Changes of tags and of form in the queue: what is found waits, what was accepted is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notemill.stores.deciding import Deciding
from notemill.stores.proposals import Decision, ProposalKind
from notemill.stores.queue import Queue
from notemill.stores.queue_rows import Filter
from notemill.tagging.changes import Change, ChangeKind
from notemill.vault.tidy import TidyKind
from notemill.workflows.tags.queueing import (
    accepted_rows,
    accepted_tag_changes,
    queue_tag_changes,
    queue_tidying,
)
from notemill.workflows.tags.tidying import plan_tidying
from tests.notemill.workflows.kept import NOW, kept

if TYPE_CHECKING:
    from pathlib import Path

NOTES = {"a.md": "---\nTags: [one]\n---\nText.\n", "b.md": "---\ntags: [one]\n---\nText.\n"}
MERGE = Change("soups", "soup", ChangeKind.MERGE, "plural", frozenset({"b.md", "a.md"}))
DROP = Change("asdf", None, ChangeKind.DROP, "a placeholder", frozenset({"a.md"}))


def test_what_was_accepted_is_what_becomes_of_tags(tmp_path: Path) -> None:
    """What only waits changes nothing, and what is found no more waits no more."""
    with kept(tmp_path, NOTES) as one:
        queue = Queue(one.store)
        queue_tag_changes(queue, [MERGE, DROP], now=NOW)
        rows = list(queue.all_of(Filter(kinds={ProposalKind.TAG_CHANGE})))
        assert {row.replaces: row.value for row in rows} == {"soups": "soup", "asdf": ""}
        assert accepted_rows(queue, ProposalKind.TAG_CHANGE) == ()
        Deciding(one.store).decide([row.id for row in rows], Decision.ACCEPT, by="me", now=NOW)
        accepted = accepted_rows(queue, ProposalKind.TAG_CHANGE)
        assert accepted_tag_changes(accepted) == {"soups": "soup", "asdf": None}


def test_only_notes_that_are_out_of_form_wait(tmp_path: Path) -> None:
    """A row for each, with the kinds of what would change."""
    with kept(tmp_path, NOTES) as one:
        queue = Queue(one.store)
        plan = plan_tidying(one.vault, one.sight().facts, list(TidyKind), privacy=one.privacy)
        queue_tidying(queue, plan.notes, now=NOW)
        (row,) = queue.all_of(Filter(kinds={ProposalKind.TIDY_CHANGE}))
        assert (row.notes, row.value) == (("a.md",), "case")
        queue_tidying(queue, [], now=NOW)
        assert list(queue.all_of(Filter(kinds={ProposalKind.TIDY_CHANGE}))) == []
