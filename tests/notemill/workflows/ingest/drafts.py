"""Drafts for tests: a talk with chapters, an article, a document with pages."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from notemill.sources.draft import Block, Captions, Chapter, Cue, Draft, SourceKind
from notemill.workflows.curation.curate import Curated
from notemill.workflows.ingest.answer import Answer, Point, Quote
from notemill.workflows.ingest.asking import Asked
from notemill.workflows.ingest.chapters import starts_of
from notemill.workflows.ingest.pieces import pieces_of

VIDEO = "aB3dE5gH7jK"
ADDRESS = f"https://www.youtube.com/watch?v={VIDEO}"
NOTHING = Curated("", (), ())


def talk(**other: Any) -> Draft:  # noqa: ANN401
    """Return a video of ten sentences, one every half minute, in two chapters."""
    cues = tuple(
        Cue(30.0 * n, 30.0 * n + 30, f"Sentence number {n} is about the kiln and its fire.")
        for n in range(10)
    )
    video = Draft(
        SourceKind.VIDEO,
        (f"youtube:{VIDEO}",),
        ADDRESS,
        "How an oven rests",
        "captions file",
        authors=("Clay Hour",),
        channel="Clay Hour",
        published="2025-03-14",
        language="en",
        duration_s=300.0,
        captions=Captions.AUTOMATIC,
        chapters=(Chapter("Firing", 0.0), Chapter("Resting & cooling", 150.0)),
        cues=cues,
    )
    return replace(video, **other)


def article(**other: Any) -> Draft:  # noqa: ANN401
    """Return an article with a heading, two paragraphs, a list and code."""
    texts = ("# Ash", "Ash \\#1 is *fine*.", "- one\n- two", "```\na\n\n\n\nb\n```", "The end.")
    page = Draft(
        SourceKind.ARTICLE,
        ("https://clay.example/ash",),
        "https://clay.example/ash",
        "Ash",
        "page",
        blocks=tuple(map(Block, texts)),
    )
    return replace(page, **other)


def asked(draft: Draft) -> Asked:
    """Return a draft as it is asked about."""
    pieces = pieces_of(draft)
    return Asked(draft, pieces, starts_of(draft, pieces))


def answered(*points: Point, quotes: tuple[Quote, ...] = (), **other: Any) -> Answer:  # noqa: ANN401
    """Return an answer without description, tags and topics."""
    return Answer(NOTHING, points, quotes, **other)
