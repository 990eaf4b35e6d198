"""What it means when YouTube gives no transcript: one table, by class and a few words; pure.

The words are those of yt-dlp 2026.10, of youtube-transcript-api 1.2 and of YouTube itself, which is
asked in English. What it said is kept behind our own sentence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notemill.errors import SourceBlockedError, SourceError, SourceRefusedError
from notemill.markup.lines import one_line

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

INSTALL: Final = "pip install 'notemill[youtube]'"
_MOST_SAID: Final = 300
_MOST_READ: Final = 4_000


@dataclass(frozen=True, slots=True)
class Fault:
    """Why there is no transcript.

    It is told by the name of an exception's class, or by words (a pattern in small letters).
    `another_way` tells whether another program may get what this one did not.
    """

    error: type[SourceError]
    sentence: str
    classes: frozenset[str] = frozenset()
    words: str = ""
    another_way: bool = False


UPCOMING: Final = Fault(
    SourceError,
    "The video has not begun; add it when it is over.",
    words=r"live event will begin|premieres? (?:in|will begin|at)|scheduled for",
)
LIVE: Final = Fault(
    SourceError,
    "The video is live; its captions are there when it is over.",
    frozenset({"UserNotLive"}),
    r"this live event is|live stream is offline",
)
NO_CAPTIONS: Final = Fault(
    SourceError,
    "The video has no captions, made by hand or by YouTube.",
    frozenset({"NoTranscriptFound", "TranscriptsDisabled"}),
    r"subtitles are disabled for this video",
)
WITHHELD: Final = Fault(
    SourceError,
    "The video has captions, and YouTube withholds them from programs; save them with a browser and"
    " give the file.",
    frozenset({"PoTokenRequired"}),
    r"missing subtitles languages|require[sd]? a po token|without a po token",
    another_way=True,
)
LIMITED: Final = Fault(
    SourceBlockedError,
    "YouTube limits how much it gives out for up to an hour; run the same command again later.",
    words=r"try again later|rate-?limited|http error 429|too many requests|429 client error",
)
BLOCKED: Final = Fault(
    SourceBlockedError,
    "YouTube takes this connection for a program's and blocks it for a while; run the same command"
    " again in some hours, or from another network.",
    frozenset({"IpBlocked", "RequestBlocked"}),
    r"confirm you.{0,3}re not a bot|ip is likely being blocked|ip has been blocked"
    r"|not a robot|unusual traffic",
    another_way=True,
)
UNREACHED: Final = Fault(
    SourceBlockedError,
    "YouTube cannot be reached; check the connection and run the same command again.",
    frozenset(
        {"ConnectionError", "ConnectTimeout", "ProxyError", "ReadTimeout", "SSLError", "Timeout"}
    ),
    r"failed to resolve|name resolution|getaddrinfo|name or service not known|timed out"
    r"|connection (?:refused|reset|aborted|broken)|network is unreachable|no route to host"
    r"|certificate verify failed|http error 5\d\d|remote end closed",
)
NO_RUNTIME: Final = Fault(
    SourceError,
    "yt-dlp found no JavaScript runtime, without which YouTube shows it little; install one with"
    f" {INSTALL}.",
    words=r"no supported javascript runtime",
)
UNKNOWN: Final = Fault(
    SourceError,
    "The video's page could not be read; YouTube may have changed, and a newer yt-dlp may read it:"
    " pip install --upgrade yt-dlp.",
    another_way=True,
)

# Looked through in this order: what a reader can do something about, then what is final. Several
# things are often said at once, such as that a private video asks for signing in.
TABLE: Final = (
    BLOCKED,
    Fault(
        SourceBlockedError,
        "YouTube asks for a captcha; open the video in a browser of this computer, answer it, and"
        " run the same command again.",
        words=r"captcha",
    ),
    LIMITED,
    Fault(
        SourceRefusedError,
        "YouTube asks for the viewer's age; open the video in a browser, save its captions and give"
        " the file.",
        frozenset({"AgeRestricted"}),
        r"confirm your age|age.restricted|inappropriate for some users|age.verif",
    ),
    Fault(
        SourceRefusedError,
        "The video is for members of the channel.",
        words=r"members?-only|join this channel|channel'?s members|this channel on level",
    ),
    Fault(
        SourceRefusedError,
        "The video has to be paid for.",
        words=r"requires payment|youtube premium|music premium|rent(?:al)? or (?:buy|purchase)"
        r"|purchase this|pay to watch",
    ),
    Fault(
        SourceRefusedError,
        "The video is private; its owner has to share it.",
        words=r"private video|video is private|playlist is private",
    ),
    Fault(
        SourceRefusedError,
        "The video is not shown in the country of this connection.",
        frozenset({"GeoRestrictedError"}),
        r"(?:in|from) your (?:country|location|region)|geo.?restrict",
    ),
    UPCOMING,
    LIVE,
    Fault(
        SourceError,
        "There is no such video; copy its address once more.",
        frozenset({"InvalidVideoId"}),
        r"incomplete youtube id|looks truncated|invalid video id|not a valid url",
    ),
    Fault(
        SourceError,
        "There is no such playlist or channel, or it has no videos; copy its address once more.",
        words=r"playlist does not exist|channel does not (?:exist|have)|does not have an? \w+ tab"
        r"|this channel (?:is not available|doesn't)|unable to recognize (?:playlist|tab)"
        r"|http error 404",
    ),
    Fault(
        SourceError,
        "The video is gone: it was removed, or its channel was.",
        frozenset({"VideoUnavailable"}),
        r"has been removed|removed by the|no longer available|account .{0,60}terminated"
        r"|video (?:is |isn't )?(?:not |no longer )?(?:un)?available|has been closed|copyright"
        r"|live event has ended|recording is not available",
    ),
    Fault(
        SourceRefusedError,
        "YouTube shows this only to people who are signed in; save the captions with a browser and"
        " give the file.",
        words=r"login (?:details|required)|log ?in to|sign in",
    ),
    WITHHELD,
    NO_CAPTIONS,
    UNREACHED,
    NO_RUNTIME,
)
_PATTERNS: Final = tuple((one, re.compile(one.words or r"(?!)")) for one in TABLE)

_TYPOGRAPHY: Final = str.maketrans("\u2019\u2018\xa0", "'' ")
_COLOR: Final = re.compile(r"\x1b\[[0-9;]*m")
_LABEL: Final = re.compile(r"(?:(?:ERROR|WARNING):\s*)?(?:\[[\w:+-]+\]\s*(?:[^\s:]+:\s+)?)?")
# What follows is advice about the other program's own settings.
_ADVICE: Final = re.compile(
    r"[.;]?\s+(?:Use --|It is recommended|For more information|See\s+http|Also see|You can manually"
    r"|Confirm you are on|please report this|You might want to use a VPN|If you are sure that)"
)


def fault_of(said: Iterable[str], *, classes: Collection[str] = ()) -> Fault | None:
    """Return what exceptions of these classes, or these texts, mean; None if nothing known."""
    texts = [one[:_MOST_READ].translate(_TYPOGRAPHY).lower() for one in said]
    for fault, pattern in _PATTERNS:
        if not fault.classes.isdisjoint(classes) or any(map(pattern.search, texts)):
            return fault
    return None


def error_of(fault: Fault, said: str = "", *, when: str = "") -> SourceError:
    """Return the error to raise: our sentence, when the video begins, and what YouTube said."""
    begins = f" It begins {when}." if when else ""
    told = in_short(said)
    return fault.error(f"{fault.sentence}{begins}{f' (“{told}”)' if told else ''}")


def in_short(said: str) -> str:
    """Return what was said on one line, without labels of the program and its advice."""
    text = _LABEL.sub("", _COLOR.sub("", said[:_MOST_READ]).lstrip(), count=1)
    if advice := _ADVICE.search(text):
        text = text[: advice.start()]
    text = one_line(text).rstrip(" .:;")
    return text if len(text) <= _MOST_SAID else f"{text[:_MOST_SAID].rstrip()} …"
