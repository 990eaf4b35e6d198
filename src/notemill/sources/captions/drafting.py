"""The tracks of one recording, and what is known of it, become a draft; pure."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from notemill.errors import SourceError
from notemill.markup.lines import one_line
from notemill.sources.captions.choosing import is_automatic, ranked
from notemill.sources.captions.forms import spoken
from notemill.sources.captions.info import Metadata, left_out_of, metadata
from notemill.sources.captions.names import named
from notemill.sources.captions.order import within
from notemill.sources.captions.tracks import Spoken, Track, base_of, code_of
from notemill.sources.draft import DIGEST_KEY, Captions, Draft, SourceKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

METHOD: Final = "captions file"
_MOST_NAMED: Final = 5


def draft_of(info: Mapping[str, object], tracks: Sequence[Track], *, method: str = METHOD) -> Draft:
    """Return what is said in a recording, from the best of its tracks that can be read.

    `info` is yt-dlp's dict, or empty; without an id or address in it, the track's digest is the key
    and its name the source. `method` says how the tracks were come by. Raises SourceError that names
    the tracks and says why nothing can be read of them.
    """
    by_name = _by_name(tracks)
    known = metadata({**by_name, **_told(info)})
    order = ranked(known, tracks)
    refused: list[str] = []
    for track in order:
        try:
            said = spoken(replace(track, automatic=is_automatic(track, known)))
        except SourceError as error:
            refused.append(str(error))
            continue
        if said.about:
            known = metadata({**by_name, **_told(said.about), **_told(info)})
        return _draft(known, track, said, method=method, refused=refused)
    if refused:
        raise SourceError(" ".join(refused))
    raise _no_track(tracks)


def _by_name(tracks: Sequence[Track]) -> dict[str, object]:
    """Return what the names of tracks tell, as yt-dlp has it."""
    names = [named(one.name) for one in tracks]
    first = next((one for one in names if one.video), names[0] if names else None)
    if first is None:
        return {}
    known: dict[str, object] = {"title": first.title}
    return known | {"id": first.video, "extractor": "youtube"} if first.video else known


def _told(about: Mapping[str, object]) -> dict[str, object]:
    """Return what has a value, so that nothing hides what somebody else tells."""
    return {
        name: value
        for name, value in about.items()
        if value not in (None, [])
        if not isinstance(value, str) or one_line(value)
    }


def _no_track(tracks: Sequence[Track]) -> SourceError:
    if not tracks:
        return SourceError("There is no transcript among these files; name one.")
    names = ", ".join(one.name for one in tracks[:_MOST_NAMED])
    return SourceError(
        f"{names}: there is no transcript, only the chat of a live stream;"
        " give the captions of the video."
    )


def _draft(
    known: Metadata, track: Track, said: Spoken, *, method: str, refused: Sequence[str]
) -> Draft:
    cues, wrong = within(said.cues, known.duration_s)
    language = code_of(track.language) or code_of(said.language)
    duration_s = known.duration_s or max((one.end_s for one in cues), default=0.0) or None
    # Where nobody tells how long it is, nothing is known of what comes behind the last words.
    chapters = tuple(
        one for one in known.chapters if duration_s is None or one.start_s <= duration_s
    )
    left_out = left_out_of(len(known.chapters) - len(chapters))
    return Draft(
        kind=SourceKind.VIDEO if known.keys else SourceKind.TRANSCRIPT,
        keys=known.keys or (f"{DIGEST_KEY}{sha256(track.data).hexdigest()}",),
        source=known.source or said.source or track.name,
        title=known.title or track.name,
        method=method,
        authors=known.authors,
        channel=known.channel,
        published=known.published,
        language=language or code_of(known.language),
        description=known.description,
        image=known.image,
        duration_s=duration_s,
        captions=_captions(track, said, known),
        chapters=chapters,
        cues=cues,
        blocks=said.blocks,
        notices=(
            *_translated(language, known),
            *said.notices,
            *wrong,
            *known.notices,
            *left_out,
            *refused,
        ),
    )


def _captions(track: Track, said: Spoken, known: Metadata) -> Captions:
    automatic = is_automatic(track, known)
    if said.automatic and automatic is not False:
        automatic = True
    if automatic is None:
        # Listed as both, and its form shows no program at work.
        automatic = False if track.language in known.manual else None
    if automatic is None:
        return Captions.UNKNOWN
    return Captions.AUTOMATIC if automatic else Captions.MANUAL


def _translated(language: str, known: Metadata) -> tuple[str, ...]:
    if not language or not known.language or base_of(language) == base_of(known.language):
        return ()
    told = code_of(known.language)
    return (
        f"The transcript is a translation ({language}); none in {told}, as spoken, can be read.",
    )
