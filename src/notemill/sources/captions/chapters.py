"""The chapters of a recording: those its page has, or those its description lists; pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from notemill.markup.lines import one_line
from notemill.sources.captions.clock import MOST_S, seconds_of
from notemill.sources.captions.numbers import seconds
from notemill.sources.draft import Chapter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_MOST: Final = 1_000
_MOST_TITLE: Final = 300
_LEAST_LISTED: Final = 3
"""A description lists chapters if the first is at 0:00 and at least three grow: YouTube's rule,
https://support.google.com/youtube/answer/9884579."""

_MOST_LINES: Final = 5_000
_MOST_LINE: Final = 500
# What yt-dlp calls the time before the first chapter. As it stands, Obsidian takes it for a tag.
_UNTITLED: Final = re.compile(r"<Untitled Chapter ([0-9]{1,4})>", re.IGNORECASE)
_TIME: Final = r"(?:[0-9]{1,3}:)?[0-9]{1,3}:[0-9]{2}"
_DASH: Final = "\\-\u2013\u2014"
_BETWEEN: Final = rf"[\s{_DASH}:|\u2022.~]"
_TIME_FIRST: Final = re.compile(
    # Bullets, numbers and pictures may stand before the time, the end of the chapter behind it.
    rf"(?:[0-9]{{1,3}}[.)]\s+)?[^\w\n]{{0,12}}(?P<time>{_TIME})(?![0-9:])[)\]]?"
    rf"(?:\s*[{_DASH}]\s*[(\[]?{_TIME}(?![0-9:])[)\]]?)?{_BETWEEN}*+(?P<title>\S.*)"
)
_TIME_LAST: Final = re.compile(
    rf"(?P<title>\S.*?){_BETWEEN}*+[(\[]?(?<![0-9:])(?P<time>{_TIME})[)\]]?\s*"
)


def chapters_of(found: object, duration_s: float | None) -> tuple[tuple[Chapter, ...], int]:
    """Return the chapters that a page's data lists, and how many of them lie beyond the end.

    They come in order of time. Those of no length are left out, and of several that begin in the
    same second, all but the first.
    """
    listed = [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []
    chapters: list[Chapter] = []
    beyond = 0
    for one in listed[:_MOST]:
        start, end = seconds(one.get("start_time")), seconds(one.get("end_time"))
        title = one.get("title")
        if start is None or start == end or not isinstance(title, str):
            continue
        if start >= (duration_s if duration_s is not None else MOST_S):
            beyond += 1
            continue
        chapters.append(Chapter(_titled(title), start))
    settled = in_order(chapters)
    return () if _is_whole(listed, duration_s) else settled, beyond


def _is_whole(listed: Sequence[Mapping[str, object]], duration_s: float | None) -> bool:
    """Tell whether there is one chapter alone, from the beginning to the end: it parts nothing."""
    if len(listed) != 1 or duration_s is None:
        return False
    start, end = seconds(listed[0].get("start_time")), seconds(listed[0].get("end_time"))
    return start is not None and end is not None and int(start) == 0 and end + 1 >= duration_s


def in_order(chapters: Iterable[Chapter]) -> tuple[Chapter, ...]:
    """Return chapters with a title in order of time, the first of each second."""
    kept: dict[int, Chapter] = {}
    for one in sorted(chapters, key=lambda one: one.start_s):
        if one.title:
            kept.setdefault(int(one.start_s), one)
    return tuple(kept.values())


def listed_in(description: str, duration_s: float | None) -> tuple[Chapter, ...]:
    """Return the chapters that the lines of a description list, () if they are none."""
    chapters: list[Chapter] = []
    for title, start in _timed_lines(description.split("\n")[:_MOST_LINES]):
        if not chapters and start > 0:
            continue
        if chapters and start <= chapters[-1].start_s:
            if len(chapters) >= _LEAST_LISTED:
                break
            chapters = []
            if start > 0:
                continue
        if duration_s is not None and start >= duration_s:
            break
        chapters.append(Chapter(title, start))
    return tuple(chapters[:_MOST]) if len(chapters) >= _LEAST_LISTED else ()


def _timed_lines(lines: Sequence[str]) -> Iterator[tuple[str, float]]:
    for line in lines:
        if ":" not in line or len(line) > _MOST_LINE:
            continue
        found = _TIME_FIRST.match(line) or _TIME_LAST.fullmatch(line)
        start = seconds_of(found["time"]) if found else None
        title = _titled(found["title"]) if found else ""
        if start is not None and title:
            yield title, start


def _titled(written: str) -> str:
    """Return a chapter's title on one line; the name made up for one without is made readable."""
    title = one_line(written[: 4 * _MOST_TITLE])[:_MOST_TITLE].rstrip()
    return _UNTITLED.sub(r"Untitled chapter \1", title)
