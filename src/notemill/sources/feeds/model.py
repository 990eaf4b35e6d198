"""A feed and its episodes, as they were read; pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from notemill.sources.feeds.notes import blocks_of_notes

if TYPE_CHECKING:
    from notemill.sources.draft import Draft


@dataclass(frozen=True, slots=True)
class TranscriptLink:
    """Where a transcript of an episode lies (`podcast:transcript`).

    `type` is a media type such as `text/vtt`; `language` a code, or empty; `rel` is `captions`
    where the times are those of the recording, or empty.
    """

    address: str
    type: str
    language: str = ""
    rel: str = ""


@dataclass(frozen=True)
class Episode:
    """An entry of a feed: an episode with its show notes, or an article with its text.

    `outline` is its draft without text: most entries of a feed are known, and looked at no further.
    `notes` is its text as HTML or plain text, with addresses relative to `base`.
    `chapters_address` is where chapters in JSON lie (`podcast:chapters`), or empty.
    """

    outline: Draft
    notes: str
    base: str = ""
    transcripts: tuple[TranscriptLink, ...] = ()
    chapters_address: str = ""

    @cached_property
    def draft(self) -> Draft:
        """The draft with its text as blocks."""
        return replace(self.outline, blocks=blocks_of_notes(self.notes, self.base))


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed: its title, where it lies, and its entries, the newest first.

    `key` tells it from other feeds, wherever it was read from. `notices` are sentences for the
    owner on the feed as a whole; each draft has its own.
    """

    title: str
    address: str
    key: str
    episodes: tuple[Episode, ...]
    notices: tuple[str, ...] = ()
