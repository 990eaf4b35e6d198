"""What work reports and asks, in words for a page: each event one line, or none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from notemill.app import events, ingest_events, link_events
from notemill.app.accepted import AcceptedProgress
from notemill.app.vocabulary_events import AcceptVocabulary
from twolane import format_usd

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from notemill.app.events import Event, NoteChange, Question


_WORDS: Final[dict[type, Callable[[Any], str]]] = {
    events.NotesRead: lambda one: f"{one.count:,} new or changed notes read",
    events.ServerSlow: lambda _: "waiting for the server: it may be loading its model",
    events.Surveyed: lambda one: f"{len(one.survey.notes):,} notes need work",
    events.NotesCut: lambda one: f"{one.count:,} notes are longer than the model's context: cut",
    events.Planned: lambda one: f"about {format_usd(one.offer.plan.estimated_nano)}",
    events.AskedAgain: lambda one: f"{one.count:,} failed items are retried",
    events.StageBegan: lambda one: f"stage {one.number} of {one.of}: {one.purpose}",
    events.StageVerified: lambda one: (
        f"verified: all {one.checked:,} results so far belong to their own notes"
    ),
    events.HeldBack: lambda one: f"{one.count:,} notes were left out: they are excluded by now",
    ingest_events.SourceBegun: lambda one: f"reading {one.number:,} of {one.of:,}: {one.source}",
    ingest_events.SourceUnread: lambda one: f"not read: {one.unread.source}: {one.unread.why}",
    ingest_events.SourcesRead: lambda one: (
        f"{one.new + one.enriched:,} to be made into notes,"
        f" {one.unchanged + len(one.left):,} known already, {one.unread:,} not read"
    ),
    AcceptedProgress: lambda one: f"{one.count:,} of {one.of:,} notes written or left",
    link_events.EmbeddingMade: lambda one: f"computing embeddings: {one.done:,} of {one.total:,}",
    link_events.NotesCompared: lambda one: "" if one.done else "comparing notes",
}


def told(event: Event) -> str:
    """Return an event as one line of text, '' for one that a page shows elsewhere or not at all."""
    words = _WORDS.get(type(event))
    return "" if words is None else words(event)


def question_shown(number: str, question: Question, sample: Sequence[NoteChange]) -> dict[str, Any]:
    """Return a question as JSON, with the changes that help to answer it."""
    return {
        "id": number,
        "text": question.text,
        "no": question.declined,
        "list": question.listed if isinstance(question, AcceptVocabulary) else "",
        "sample": [change_shown(one) for one in sample],
    }


def change_shown(change: NoteChange) -> dict[str, Any]:
    """Return a change of a note: its text before and after."""
    return {
        "note": change.note,
        "problem": change.problem,
        "before": change.before.decode("utf-8", "replace"),
        "after": change.after.decode("utf-8", "replace"),
    }
