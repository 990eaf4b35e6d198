"""Tags that a note gets from no hint and no reply, whatever it says; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notemill.markup.tags import paths_of, tag_key

if TYPE_CHECKING:
    from collections.abc import Collection

    from notemill.index import NoteFacts

STATE: Final = "left out: it stands for a state or kind of note here, and no subject"
LISTED: Final = "left out: the note is where the notes of that tag are listed"


def why_withheld(tag: str, note: NoteFacts, states: Collection[str] = ()) -> str:
    """Return why a note must not get a tag, '' if it may.

    `states` are the keys of the tags that stand for a state (see `tagging.states`), as what is below
    them does. A note whose query asks for a tag, or for one above it, would list itself.
    """
    levels = frozenset(paths_of(tag_key(tag)))
    if not levels.isdisjoint(states):
        return STATE
    return "" if levels.isdisjoint(map(tag_key, note.queried)) else LISTED
