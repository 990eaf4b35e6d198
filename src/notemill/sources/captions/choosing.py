"""Which of several tracks of one video is read: what was said, as well as anybody wrote it; pure.

Neither "made by a person" nor "English" tells it: a person may have translated, and viewers' chat
is listed among tracks made by people. The video's own language comes first, then a person's track
of it before a program's, then `xx-orig` before what may be a translation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notemill.errors import SourceError
from notemill.sources.captions.forms import is_chat, spoken
from notemill.sources.captions.tracks import base_of, is_original
from notemill.text.terms import language_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notemill.sources.captions.info import Metadata
    from notemill.sources.captions.tracks import Track

# By how much they tell: json3 has each line once, with the times of its words.
_FORMATS: Final = ("json3", "srv3", "vtt", "srt", "srv2", "srv1", "ttml", "json")
_MOST_TRACKS: Final = 200


def ranked(known: Metadata, tracks: Sequence[Track]) -> list[Track]:
    """Return tracks in the order in which to try them, without those that are a chat."""
    candidates = [one for one in tracks[:_MOST_TRACKS] if not is_chat(one)]
    own = known.language or _own_language(known, candidates)
    return sorted(candidates, key=lambda one: _rank(one, own, known))


def is_automatic(track: Track, known: Metadata) -> bool | None:
    """Tell whether a program wrote a track down, None where only its form can tell."""
    if track.automatic is not None:
        return track.automatic
    if is_original(track.language):
        return True
    by_hand, by_program = track.language in known.manual, track.language in known.automatic
    # Both are listed under one language: whoever downloaded may have taken either.
    return None if by_hand == by_program else by_program


def _rank(track: Track, own: str, known: Metadata) -> tuple[object, ...]:
    automatic = is_automatic(track, known)
    is_own = bool(own) and base_of(track.language) == base_of(own)
    return (
        0 if is_own else 1 if is_original(track.language) else 2,
        {False: 0, None: 1, True: 2}[automatic],
        track.language != own,
        not is_original(track.language),
        _FORMATS.index(track.format) if track.format in _FORMATS else len(_FORMATS),
        track.language,
        track.name,
    )


def _own_language(known: Metadata, tracks: Sequence[Track]) -> str:
    """Return a video's language where nobody says it, as its tracks or its title tell it.

    A track named as the original is; so is one with times of its words, for translations have none.
    """
    languages = {base_of(one.language) for one in tracks}
    if len(languages) <= 1:
        return next(iter(languages), "")
    originals = {base_of(one.language) for one in tracks if is_original(one.language)}
    if len(originals) == 1:
        return originals.pop()
    listened = {base_of(one.language) for one in tracks if _has_word_times(one)}
    if len(listened) == 1:
        return listened.pop()
    told = language_of(f"{known.title}. {known.description}")
    return told if told in languages else ""


def _has_word_times(track: Track) -> bool:
    try:
        return spoken(track).automatic is True
    except SourceError:
        return False
