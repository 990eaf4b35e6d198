"""A change of tags before it is made, as JSON: what it does, in sentences, and its notes line by line."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from notemill.app.views.tags import places_of
from notemill.vault.linediff import diff

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from notemill.app.events import NoteChange
    from notemill.app.tag_changes import ChangePreview

MOST_SAID: Final = 40
"""The most tags, and the most notes that cannot be changed, in one list: nobody reads further."""
MOST_LINES: Final = 60
"""The most lines of one note's changes."""
MOST_LINE_CHARS: Final = 500


def preview(found: ChangePreview) -> dict[str, Any]:
    """Return a planned change with a page of its notes; `next` is the number of the first one left."""
    plan = found.plan
    after = found.start + len(found.changes)
    listing = [] if found.listing is None or found.start else [found.listing]
    return {
        "digest": found.digest,
        "changes": plan.changes,
        "total": len(plan.touched),
        "said": [*_said(found)],
        "warnings": [*_warnings(found)],
        **places_of(plan.usage.places),
        "notes": [_note(one) for one in (*listing, *found.changes)],
        "next": after if after < len(plan.touched) else None,
    }


def _said(found: ChangePreview) -> Iterator[str]:
    """Yield what would change, a sentence each."""
    plan = found.plan
    yield from _becomes(plan.becomes, "")
    yield from _becomes(found.listed, "In the vocabulary, ")
    for name, tag in plan.spellings.items():
        yield f"The vocabulary keeps #{name} as another spelling of #{tag}."
    for tag, count in islice(plan.joined.items(), MOST_SAID):
        yield f"#{tag} is in {_notes(count)} already; the two become one."
    if plan.usage.queried:
        yield f"Queries in {_notes(len(plan.usage.queried))} change with it."
    if not plan.touched:
        yield "No note changes."


def _becomes(changes: Mapping[str, str | None], where: str) -> Iterator[str]:
    for tag, new in islice(changes.items(), MOST_SAID):
        yield f"{where}#{tag} becomes #{new}." if new else f"{where}#{tag} goes."
    if (left := len(changes) - MOST_SAID) > 0:
        yield f"{where}{left:,} more tags change."


def _warnings(found: ChangePreview) -> Iterator[str]:
    """Yield what stays as it is, a sentence each."""
    plan = found.plan
    hidden = sum(one.hidden for one in plan.usage.places.values())
    if hidden:
        yield f"{hidden:,} place{_s(hidden)} in excluded notes keep{_s(hidden, 's')} the old name."
    if found.stays_in:
        yield f"The list in {found.stays_in} keeps the old name: it is yours to change."
    for one in plan.left_alone[:MOST_SAID]:
        yield f"{one.key} cannot be changed: {one.reason}"
    if (left := len(plan.left_alone) - MOST_SAID) > 0:
        yield f"{_notes(left)} more cannot be changed."
    if plan.hidden:
        yield f"{plan.hidden:,} excluded note{_s(plan.hidden)} keep{_s(plan.hidden, 's')} the tag."


def _note(change: NoteChange) -> dict[str, Any]:
    """Return the lines that change in a note, with one around them: op "-", "+", " ", or "@" for a gap."""
    lines = [] if change.problem else diff(change.before, change.after, "").split("\n")[2:]
    return {
        "note": change.note,
        "problem": change.problem,
        "lines": [
            {"op": line[:1], "text": "" if line[:1] == "@" else line[1 : MOST_LINE_CHARS + 1]}
            for line in lines[:MOST_LINES]
        ],
        "more": max(0, len(lines) - MOST_LINES),
    }


def _notes(count: int) -> str:
    return f"{count:,} note{_s(count)}"


def _s(count: int, one: str = "") -> str:
    """Return what a word ends with after a count: `one` after 1, else the other of `s` and nothing."""
    if count == 1:
        return one
    return "" if one else "s"
