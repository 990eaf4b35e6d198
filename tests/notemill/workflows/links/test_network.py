"""The graph of a vault: neighbourhoods ring by ring, before and after what is proposed."""

from __future__ import annotations

import pytest

from notemill.errors import NoteNotFoundError
from notemill.workflows.links.network import (
    UNTAGGED,
    GraphLink,
    GraphNote,
    Network,
    Shown,
    Standing,
    note_id,
)

KEYS = ("a.md", "b.md", "c.md", "d.md", "alone.md")


def network() -> Network:
    """Return a chain a-b-c that its owner wrote, a link c-d that is proposed, and a note alone."""
    notes = tuple(GraphNote(note_id(key), key, key, "", (), (), UNTAGGED, UNTAGGED) for key in KEYS)
    links = (
        GraphLink(0, 1, Standing.OWN),
        GraphLink(1, 2, Standing.OWN),
        GraphLink(2, 3, Standing.PROPOSED),
    )
    return Network(notes, links)


@pytest.mark.parametrize(
    ("shown", "depth", "reached"),
    [
        (Shown.BEFORE, 1, ["c.md", "b.md"]),
        (Shown.BEFORE, 2, ["c.md", "b.md", "a.md"]),
        (Shown.AFTER, 1, ["c.md", "b.md", "d.md"]),
        (Shown.AFTER, 9, ["c.md", "b.md", "d.md", "a.md"]),
    ],
)
def test_a_neighbourhood_grows_ring_by_ring(shown: Shown, depth: int, reached: list[str]) -> None:
    """Proposed links count after alone; a note that nothing leads to is never reached."""
    found = network()
    assert [KEYS[one] for one in found.around(2, depth, shown)] == reached


def test_links_among_some_notes_are_named_by_their_indexes() -> None:
    """Of a part of the graph only the links within it are given, those proposed only after."""
    found = network()
    assert found.between([3, 2, 0], Shown.BEFORE) == ()
    assert found.between([3, 2, 0], Shown.AFTER) == (GraphLink(0, 1, Standing.PROPOSED),)


def test_the_most_linked_come_in_the_order_of_their_names() -> None:
    """Few of many notes are chosen by their links and shown by their names."""
    assert [KEYS[one] for one in network().most_linked(2)] == ["b.md", "c.md"]


def test_a_note_is_found_by_its_id_alone() -> None:
    """An id leads to its note; any other text is no note, and no path is one."""
    found = network()
    assert found.place_of(note_id("d.md")) == 3
    assert found.has("d.md")
    with pytest.raises(NoteNotFoundError, match="not in the graph"):
        found.place_of("d.md")
