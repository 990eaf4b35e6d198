"""Results for tags and the vocabulary as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twolane.front.console import report_object

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from notemill.app.tag_changes import TagsChanged
    from notemill.app.tag_tree import NotesOfTag, TagTree
    from notemill.app.vocabulary import Proposed
    from notemill.tagging.changes import Change
    from notemill.tagging.taglist import Entry, Vocabulary
    from notemill.vault.left_alone import LeftAlone
    from notemill.workflows.tags.deciding import ToDecide
    from notemill.workflows.tags.findings import TagReport
    from notemill.workflows.tags.usage import Place, Places, TagUsage


def report(found: TagReport) -> dict[str, Any]:
    """Return the tags and their possible improvements."""
    return {
        "notes": found.census.notes,
        "excluded": found.excluded,
        "tags": [
            {
                "tag": tag.name,
                "notes": len(tag.notes),
                "with_children": tag.count,
                "spellings": dict(tag.spellings),
            }
            for tag in found.census.used
        ],
        "merges": [
            {"tag": one.tag, "into": one.into, "kind": one.kind, "reason": one.reason,
             "notes": one.notes}
            for one in found.merges
        ],
        "junk": [
            {"tag": one.tag, "reason": one.reason, "notes": one.notes, "hint": one.is_hint}
            for one in found.junk
        ],
        "unread": left_alone(found.unread),
        "synonyms": [
            {"tag": one.tag, "other": one.other, "score": one.score, "reason": one.reason}
            for one in found.synonyms
        ],
    }  # fmt: skip


def changed(done: TagsChanged) -> dict[str, Any]:
    """Return what a change of tags would do, or did, and the places that keep an old name."""
    places = {**done.plan.usage.places, **done.waiting}
    return {
        "run": done.run,
        "tags": _becomes(done.plan.becomes),
        "vocabulary": _becomes(done.plan.listed),
        "spellings": [{"tag": tag, "also": name} for name, tag in done.plan.spellings.items()],
        "notes": [one.key for one in done.plan.touched],
        "written": list(done.notes),
        "queries": sorted(done.plan.usage.queried),
        **places_of(places),
        "waiting": sorted(done.waiting),
        "left_alone": left_alone(done.plan.left_alone),
        "excluded": done.plan.hidden,
        "problems": left_alone(done.failed),
    }


def _becomes(changes: Mapping[str, str | None]) -> list[dict[str, str | None]]:
    return [{"tag": tag, "becomes": new} for tag, new in changes.items()]


def places_of(places: Mapping[str, Places]) -> dict[str, Any]:
    """Return the places in which tags are meant, and how many of a tag's are in hidden notes."""
    return {
        "places": [_place(tag, one) for tag, found in places.items() for one in found.named],
        "hidden_places": {tag: found.hidden for tag, found in places.items() if found.hidden},
    }


def _place(tag: str, one: Place) -> dict[str, Any]:
    return {"tag": tag, "kind": one.kind, "item": one.file, "line": one.line, "text": one.text}


def tree(found: TagTree) -> dict[str, Any]:
    """Return the tags of a vault, parents before their children."""
    return {
        "notes": found.notes,
        "tagged": found.tagged,
        "has_vocabulary": found.has_vocabulary,
        "vocabulary": found.note,
        "tags": [
            {
                "tag": one.tag,
                "key": one.key,
                "parent": one.parent,
                "leaf": one.leaf,
                "level": one.level,
                "notes": one.notes,
                "with_children": one.below,
                "listed": one.listed,
                "aliases": list(one.aliases),
                "description": one.description,
                "spellings": dict(one.spellings),
            }
            for one in found.nodes
        ],
    }


def notes_of(found: NotesOfTag) -> dict[str, Any]:
    """Return some notes of a tag, and the number of the first one left."""
    return {
        "tag": found.tag,
        "items": [
            {"note": one.note, "title": one.title, "tags": list(one.tags)} for one in found.notes
        ],
        "total": found.total,
        "next": found.next,
    }


def accepted(done: TagsChanged) -> dict[str, Any]:
    """Return the new tags and changes that were accepted, or would be."""
    return {**changed(done), "new_tags": [one.tag for one in done.new_tags]}


def waiting(decide: ToDecide, usage: TagUsage) -> dict[str, Any]:
    """Return the pending decisions, with the number of places that a change waits for."""
    places = usage.places
    return {
        "changes": [
            {**_change(one), "places": found.count if (found := places.get(one.pair[0])) else 0}
            for one in decide.changes
        ],
        "accepted": [_change(one) for one in decide.accepted],
        "turned_down": [_change(one) for one in decide.turned_down],
        "new_tags": [
            {"tag": one.tag, "notes": list(one.notes), "runs": list(one.runs)}
            for one in decide.new_tags
        ],
    }


def _change(one: Change) -> dict[str, Any]:
    return {
        "tag": one.tag,
        "becomes": one.becomes,
        "kind": one.kind,
        "reason": one.reason,
        "notes": sorted(one.notes),
    }


def proposed(vocabulary: Proposed) -> dict[str, Any]:
    """Return a proposed vocabulary, and the runs that asked a model for it."""
    return {
        "run": vocabulary.run,
        "asked": [report_object(report) for report in vocabulary.reports],
        "vocabulary": entries(vocabulary.entries or ()),
    }


def entries(found: Iterable[Entry]) -> list[dict[str, Any]]:
    """Return the entries of a vocabulary."""
    return [
        {"tag": one.tag, "aliases": list(one.aliases), "dropped": one.dropped,
         "reason": one.reason, "description": one.description}
        for one in found
    ]  # fmt: skip


def adopted(note: str, vocabulary: Vocabulary) -> dict[str, Any]:
    """Return the list that was adopted as the vault's vocabulary."""
    return {
        "note": note,
        "tags": [one.tag for one in vocabulary.entries if not one.dropped],
        "changes": [{"tag": old, "becomes": new} for old, new in vocabulary.changes.items()],
    }


def left_alone(notes: Iterable[LeftAlone]) -> list[dict[str, str]]:
    """Return the notes left alone, each with its reason."""
    return [{"item": one.key, "message": one.reason} for one in notes]
