"""A draft: what was read of one source, with the places of all of it, before it is a note.

Every reader makes one of these and none knows another. What was spoken is cues with their seconds,
what was written is blocks of Markdown with their pages; a draft has one of the two. A transcript
without times is written: nothing in it has a second, so it is blocks, and no second is made up.
Positions come from the source alone: a model is shown numbers of pieces and returns numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class SourceKind(StrEnum):
    """What a source is."""

    VIDEO = "video"
    TRANSCRIPT = "transcript"
    ARTICLE = "article"
    DOCUMENT = "document"
    EPISODE = "episode"


class Captions(StrEnum):
    """Who wrote down what is said."""

    MANUAL = "manual"
    AUTOMATIC = "automatic"
    PUBLISHED = "published"
    """A transcript that the publisher offers, as podcasts do."""
    UNKNOWN = ""


@dataclass(frozen=True, slots=True)
class Cue:
    """What is said in one go: plain text on one line, from when to when, in seconds.

    A draft's cues begin at growing seconds; several begin at the same one where several speak.
    """

    start_s: float
    end_s: float
    text: str
    speaker: str = ""


@dataclass(frozen=True, slots=True)
class Chapter:
    """A part of a talk: its title in plain text, and the second at which it begins."""

    title: str
    start_s: float


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of written text: one block of Markdown (a paragraph, heading, list, table, code).

    `page` is the page of a document on which it begins, counted from 1.
    """

    markdown: str
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """What was read of one source.

    `keys` tell whether two sources are the same, the strongest first: `youtube:` and the video's
    id; the canonical address of a page; `feed:` with what tells an episode from others; `sha256:`
    and the digest of a file's bytes. Two drafts with a key in common are one source.

    `source` is what the property of that name says: an address, or a file's name. `published` is
    YYYY-MM-DD or empty, and never guessed. `language` is a code such as `de`, or empty. All text
    but `blocks` is plain, on one line, and not escaped. Chapters begin at growing seconds within
    the duration. `notices` are sentences for the owner: what was left out, and what is not certain.
    """

    kind: SourceKind
    keys: tuple[str, ...]
    source: str
    title: str
    method: str
    """How the text was read: `captions file`, `yt-dlp`, `youtube-transcript-api`, `page`, …"""
    authors: tuple[str, ...] = ()
    channel: str = ""
    published: str = ""
    language: str = ""
    description: str = ""
    """The source's own, as it has it; not what a note says of itself."""
    image: str = ""
    duration_s: float | None = None
    captions: Captions = Captions.UNKNOWN
    chapters: tuple[Chapter, ...] = ()
    cues: tuple[Cue, ...] = ()
    blocks: tuple[Block, ...] = ()
    notices: tuple[str, ...] = ()

    @property
    def is_talk(self) -> bool:
        """Whether its text is what somebody said."""
        return bool(self.cues) or self.kind in (SourceKind.VIDEO, SourceKind.TRANSCRIPT)

    @property
    def video(self) -> str:
        """The id of the YouTube video that it is, or ''."""
        return next(
            (one.removeprefix(VIDEO_KEY) for one in self.keys if one.startswith(VIDEO_KEY)), ""
        )


VIDEO_KEY: Final = "youtube:"
FEED_KEY: Final = "feed:"
DIGEST_KEY: Final = "sha256:"
