"""What a note must not get, whatever a hint or a reply says."""

from __future__ import annotations

import pytest

from notemill.index import facts_of
from notemill.workflows.curation.withheld import LISTED, STATE, why_withheld

PAGE = b"```dataview\nLIST FROM #books\n```\n"


@pytest.mark.parametrize(
    ("tag", "why"),
    [
        ("Review", STATE),
        ("books", LISTED),
        ("Books/novels", LISTED),
        ("bookshop", ""),
        ("garden", ""),
    ],
)
def test_a_state_and_what_the_note_lists_are_withheld(tag: str, why: str) -> None:
    """A page that lists the notes of a tag would list itself, also with one below it."""
    page = facts_of("Books.md", PAGE, size=len(PAGE), mtime_ns=0)
    assert why_withheld(tag, page, {"review"}) == why
