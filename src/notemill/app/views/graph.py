"""The graph as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from notemill.app.views.queue import queue_row
from notemill.workflows.links.network import Standing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from notemill.app.graph import GraphRow, GraphRows, NoteCard, Picture
    from notemill.workflows.links.network import Group, Shown


def picture(found: Picture) -> dict[str, Any]:
    """Return a picture; links are rows of two indexes of `notes` and how the link stands."""
    return {
        "focus": found.focus or None,
        "depth": found.depth,
        "shown": found.shown,
        "notes": [
            {
                **graph_note(one.row),
                "group": one.row.note.group(found.shown),
                "x": one.x,
                "y": one.y,
            }
            for one in found.notes
        ],
        "links": [[one.a, one.b, one.standing] for one in found.links],
        "groups": groups(found.groups, found.shown),
        "left_out": found.left_out,
        "box": list(found.box),
    }


def graph_note(row: GraphRow) -> dict[str, Any]:
    """Return a note of the graph with its links counted."""
    return {
        "id": row.note.id,
        "note": row.note.key,
        "title": row.note.title,
        "links": row.links,
        "written": row.written,
        "proposed": row.proposed,
    }


def groups(found: Iterable[Group], shown: Shown) -> list[dict[str, Any]]:
    """Return the top tags with a colour, and how many notes have it."""
    return [{"tag": one.tag, "notes": one.count(shown)} for one in found]


def rows(found: GraphRows) -> dict[str, Any]:
    """Return rows of the graph's table, with the links of the whole vault counted."""
    return {
        "focus": None if found.focus is None else found.focus.key,
        "notes": found.notes,
        "links": counts(found.links),
        "total": found.total,
        "items": [
            {
                **graph_note(one),
                "tags": list(one.note.tags),
                "proposed_tags": list(one.note.proposed_tags),
            }
            for one in found.rows
        ],
    }


def counts(links: Mapping[Standing, int]) -> dict[str, int]:
    """Return how many links stand how, each way named."""
    return {str(one): links.get(one, 0) for one in Standing}


def card(found: NoteCard) -> dict[str, Any]:
    """Return what is known of one note."""
    return {
        **graph_note(found.row),
        "description": found.row.note.description,
        "tags": list(found.row.note.tags),
        "proposed_tags": list(found.row.note.proposed_tags),
        "linked": [
            {"id": note.id, "note": note.key, "title": note.title, "standing": standing}
            for note, standing in found.links
        ],
        "proposals": [queue_row(one) for one in found.proposals],
        "waiting": found.waiting,
    }
