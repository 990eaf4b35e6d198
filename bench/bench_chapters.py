"""Chapters from words alone, against equal parts: Pk on transcripts whose headings are hidden.

    python bench/bench_chapters.py FOLDER

FOLDER holds transcripts in Markdown with headings, such as a clone of
github.com/bitcointranscripts/bitcointranscripts. Those with three chapters or more, of two and a
half paragraphs at least, are read without their headings. Half of them, told by a checksum of their
path, is what the segmentation was tuned on; shown is the other half (`--tuned` shows the first).

Pk (Beeferman, Berger and Lafferty, "Statistical models for text segmentation", 1999) is the share of
places at half a true chapter's distance of which the division says wrongly whether they are in one
chapter: lower is better. It is counted over paragraphs, and over every twentieth word.

The number of chapters is the true one, or the one that the talk's words tell; equal parts have the
same. They are of equally many paragraphs where paragraphs are counted and of equally many words
where words are. The last line is the time that a talk of 42,000 words takes, put together of others.
"""

from __future__ import annotations

import argparse
import re
import statistics
import sys
import time
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from notemill.sources.segmentation import divide, segments

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

LEAST_CHAPTERS: Final = 3
LEAST_PARAGRAPHS: Final = 12
MEAN_PARAGRAPHS: Final = 2.5
STEP_WORDS: Final = 20
LONG_WORDS: Final = 42_000
TRANSLATIONS: Final = re.compile(r"\.[a-z]{2}\.md$")
_HEADING: Final = re.compile(r"#{1,6}\s")


class Talk(NamedTuple):
    """A transcript's paragraphs, and the indices of those at which its chapters begin."""

    paragraphs: list[str]
    chapters: list[int]

    @property
    def words(self) -> list[int]:
        """The number of words of each paragraph."""
        return [len(one.split()) for one in self.paragraphs]


def read_talk(text: str) -> Talk:
    """Read a transcript; a heading with nothing below it begins no chapter of its own."""
    body = text.partition("\n---")[2] if text.startswith("---") else text
    paragraphs: list[str] = []
    chapters = {0}
    for block in re.split(r"\n\s*\n", body):
        lines: list[str] = []
        for line in block.strip().splitlines():
            if not _HEADING.match(line):
                lines.append(line)
                continue
            if lines:
                paragraphs.append(" ".join(lines))
                lines = []
            chapters.add(len(paragraphs))
        if lines:
            paragraphs.append(" ".join(lines))
    return Talk(paragraphs, sorted(one for one in chapters if one < len(paragraphs)))


def read_talks(folder: Path, half: int) -> list[Talk]:
    """Read the transcripts of one half that have chapters to be found."""
    found = []
    for path in sorted(folder.rglob("*.md")):
        name = path.relative_to(folder).as_posix()
        if zlib.crc32(name.encode()) % 2 != half or TRANSLATIONS.search(name):
            continue
        talk = read_talk(path.read_text(encoding="utf-8", errors="replace"))
        least = max(LEAST_PARAGRAPHS, MEAN_PARAGRAPHS * len(talk.chapters))
        if len(talk.chapters) >= LEAST_CHAPTERS and len(talk.paragraphs) >= least:
            found.append(talk)
    return found


def pk(truth: Sequence[int], found: Sequence[int], places: Sequence[int]) -> float:
    """Return Pk over places, each told by its paragraph."""
    apart = max(2, round(len(places) / len(truth) / 2))
    if apart >= len(places):
        return 0.0
    right, said = (np.searchsorted(starts, places, side="right") for starts in (truth, found))
    wrong = (right[:-apart] == right[apart:]) != (said[:-apart] == said[apart:])
    return float(np.mean(wrong))


def by_words(talk: Talk) -> list[int]:
    """Return the paragraph of every twentieth word."""
    ends = np.cumsum(talk.words)
    return [
        int(one) for one in np.searchsorted(ends, np.arange(0, ends[-1], STEP_WORDS), side="right")
    ]


def equal_paragraphs(talk: Talk, count: int) -> list[int]:
    """Divide into parts of equally many paragraphs."""
    return sorted({round(part * len(talk.paragraphs) / count) for part in range(count)})


def equal_words(talk: Talk, count: int) -> list[int]:
    """Divide into parts of equally many words."""
    before = np.cumsum([0, *talk.words])
    return sorted(
        {int(np.argmin(abs(before[:-1] - part * before[-1] / count))) for part in range(count)}
    )


def row(name: str, talks: Sequence[Talk], found: Sequence[Sequence[int]]) -> str:
    """Return a row of the table: of these divisions and of equal parts."""
    counts = [len(one) for one in found]

    def mean(divisions: Iterable[Sequence[int]], places: Callable[[Talk], Sequence[int]]) -> float:
        pairs = zip(talks, divisions, strict=True)
        return statistics.mean(pk(talk.chapters, one, places(talk)) for talk, one in pairs)

    def paragraphs(talk: Talk) -> range:
        return range(len(talk.paragraphs))

    ours = [mean(found, paragraphs), mean(found, by_words)]
    equal = [
        mean(map(equal_paragraphs, talks, counts), paragraphs),
        mean(map(equal_words, talks, counts), by_words),
    ]
    cells = [f"{mine:.3f} | {other:.3f}" for mine, other in zip(ours, equal, strict=True)]
    return f"| {name} | {statistics.mean(counts):.1f} | {' | '.join(cells)} |"


def long_talk(talks: Iterable[Talk]) -> list[str]:
    """Return the paragraphs of several talks, of 42,000 words together."""
    found: list[str] = []
    words = 0
    for talk in talks:
        for paragraph in talk.paragraphs:
            found.append(paragraph)
            words += len(paragraph.split())
            if words >= LONG_WORDS:
                return found
    return found


def main() -> int:
    """Print the table and the time."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tuned", action="store_true", help="the half that was tuned on")
    options = parser.parse_args()
    talks = read_talks(options.folder, 0 if options.tuned else 1)
    if not talks:
        parser.error(f"{options.folder} has no transcripts with three chapters or more")
    print(f"{len(talks)} talks\n")
    print("| number of chapters | mean | paragraphs | equal parts | words | equal parts |")
    print("|---|---|---|---|---|---|")
    known = [divide(talk.paragraphs, len(talk.chapters)) for talk in talks]
    print(row("known", talks, known))
    print(row("told by the words", talks, [segments(talk.paragraphs) or (0,) for talk in talks]))
    paragraphs = long_talk(talks)
    segments(paragraphs[:100])  # what is loaded at the first call is not the talk's
    started = time.process_time()
    chapters = segments(paragraphs)
    took = time.process_time() - started
    print(
        f"\n{LONG_WORDS:,} words, {len(paragraphs):,} paragraphs, {len(chapters)} chapters: {took:.2f} s of CPU"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
