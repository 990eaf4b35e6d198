"""Real transcripts: every word of the files, by a second and plain extraction, is in the draft."""

from __future__ import annotations

import re
from collections import Counter
from itertools import chain
from pathlib import Path

import pytest

from notemill.errors import SourceError
from notemill.sources.captions.files import read
from notemill.sources.captions.paragraphs import paragraphs

FILES = Path(__file__).resolve().parents[4] / ".." / "shared" / "data" / "transcripts"
SHARE = 20
"""Of the many, one in so many is read in every run of the tests, and all in the long one."""

_PROPERTIES = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
_NUMBERED_TIMES = re.compile(r"^\d+\n\d\d:\d\d:\d\d,\d{3} --> .*\n", re.MULTILINE)
_BRACKETED = re.compile(r"\[[^\[\]]*\]|\([^()]*\)|\uff08[^\uff08\uff09]*\uff09")
_STARRED = re.compile(r"\*[^*]*\*")

pytestmark = pytest.mark.skipif(not FILES.is_dir(), reason="the real transcripts are not here")


def letters(text: str) -> str:
    """Return the letters and digits of a text alone."""
    return "".join(letter for letter in text if letter.isalnum())


@pytest.mark.parametrize("path", sorted(FILES.glob("srt/*.srt")), ids=lambda path: path.name)
def test_every_letter_of_real_subtitles_is_in_the_paragraphs_in_order(path: Path) -> None:
    """But for lines with brackets or stars: those may lack what stands within, a sound."""
    raw = _NUMBERED_TIMES.sub("", path.read_text(encoding="utf-8")).removeprefix("\ufeff")
    said = letters(" ".join(one.text for one in paragraphs(read([path]).cues)))
    at = 0
    for line in raw.split("\n"):
        kept = (line, _BRACKETED.sub("", line), _STARRED.sub("", _BRACKETED.sub("", line)))
        found = next((one for one in map(letters, kept) if said.startswith(one, at)), None)
        assert found is not None, line
        at += len(found)
    assert at == len(said) > 0.98 * len(letters(raw))


def _loss(path: Path) -> Counter[str]:
    """Return the words of a written talk that its draft does not have, but for its times."""
    raw = _PROPERTIES.sub("", path.read_text(encoding="utf-8", errors="replace"))
    try:
        draft = read([path])
    except SourceError:
        return Counter(_words(raw))
    if not draft.cues:
        told = "\n".join(one.markdown for one in draft.blocks)
        return Counter() if letters(told) == letters(raw) else Counter(_words(raw))
    told = "\n".join(
        chain(
            (f"{one.speaker}\n{one.text}" for one in paragraphs(draft.cues)),
            (one.title for one in draft.chapters),
        )
    )
    lost = Counter(_words(_BRACKETED.sub(" ", raw))) - Counter(_words(told))
    people = set(_words("\n".join(one.speaker for one in draft.cues)))
    return Counter({one: n for one, n in lost.items() if not one.isdigit() and one not in people})


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", re.sub(r"[`*\\]", "", text.casefold()))


def _talks(*, every: int) -> list[Path]:
    found = sorted(chain(FILES.glob("podcasts/*.md"), FILES.glob("bitcoin/**/*.md")))
    return found[::every]


def test_no_word_of_real_talks_is_lost() -> None:
    """With times and without: in Markdown each letter, as captions each word."""
    lost = {path.name: loss for path in _talks(every=SHARE) if (loss := _loss(path))}
    assert lost == {}


@pytest.mark.long
def test_no_word_of_all_real_talks_is_lost() -> None:
    """All of them: what is lost is nothing."""
    lost = {path.name: loss for path in _talks(every=1) if (loss := _loss(path))}
    assert lost == {}
