"""Which of the tags that a note is offered it gives evidence for; none is invented."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from notemill.text.stopwords import lists
from notemill.text.words import UNSPACED, WORD, fold, stem

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from collections.abc import Set as AbstractSet

    from notemill.offline.phrases import Phrase
    from notemill.offline.pieces import NotePieces

MAX_TAGS = 3
CACHED_LEVELS = 10_000
MAX_CANDIDATES = 2_000
MAX_GRAM = 4
MAX_BODY_WORDS = 6_000

# What each place of a match is worth; below ENOUGH a tag has no real evidence.
HASHTAG = 6.0
TITLE = 4.0
FOLDER = 2.2
UPPER_FOLDER = 1.2
HEADING = 1.6
LINK = 1.6
PHRASE = 2.4
BODY = 0.9
LONGER = 0.4
FIT = 0.5
FIT_RANKS = 6.0
ENOUGH = 1.9
# What the text alone has to say: a long note mentions much that it is not about.
ENOUGH_IN_TEXT = 3.0
FILLS = 0.6

Key = tuple[str, ...]
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@dataclass(frozen=True, slots=True)
class _Evidence:
    """The note's words as keys, by where they stand."""

    title: frozenset[Key]
    folders: tuple[frozenset[Key], ...]
    headings: frozenset[Key]
    links: frozenset[Key]
    phrases: dict[Key, int]
    hashtags: frozenset[Key]
    body: Counter[Key]
    words: int
    plain: str
    plain_title: str
    plain_folders: Key


def choose(
    page: NotePieces,
    *,
    title: str,
    folder: str,
    ranked: Sequence[Phrase],
    vocabulary: Sequence[str],
    existing: Sequence[str],
    stop: AbstractSet[str],
    common: frozenset[str] = frozenset(),
) -> tuple[str, ...]:
    """Return up to 3 tags of the vocabulary that the note gives evidence for, best first.

    `common` are the stems of words that many notes of the vault have.
    """
    known = [
        tag
        for tag in (raw.strip().lstrip("#").strip("/") for raw in vocabulary[:MAX_CANDIDATES])
        if is_legal(tag)
    ]
    taken = [key_of(tag) for tag in existing if tag.strip()]
    wanted = {level for tag in known for level in key_of(tag)}
    evidence = _evidence(page, title, folder, ranked, wanted)
    scored = []
    for rank, tag in enumerate(known):
        key = key_of(tag)
        if not _is_taken(key, taken):
            value = _support(tag, evidence, stop)
            if value >= ENOUGH and _in_its_sense(key, evidence, common):
                scored.append((value + FIT / (1 + rank / FIT_RANKS), -rank, tag, key))
    scored.sort(reverse=True)
    chosen: list[tuple[str, tuple[Key, ...]]] = []
    for _, _, tag, key in scored:
        if not _is_taken(key, [other for _, other in chosen]):
            chosen = [entry for entry in chosen if key[: len(entry[1])] != entry[1]]
            chosen.append((tag, key))
    return tuple(tag for tag, _ in chosen[:MAX_TAGS])


@lru_cache(maxsize=CACHED_LEVELS)
def is_legal(tag: str) -> bool:
    """Say whether Obsidian accepts `tag`: letters, digits, `_ - /`, at least one not a digit."""
    if not tag or tag.startswith("/") or tag.endswith("/") or "//" in tag:
        return False
    return all(map(_is_legal_char, tag)) and not all(c.isdecimal() or c == "/" for c in tag)


def _is_legal_char(char: str) -> bool:
    return (
        char in "_-/"
        or char.isalpha()
        or char.isdecimal()
        or unicodedata.category(char) in {"Mn", "Mc"}
    )


@lru_cache(maxsize=CACHED_LEVELS)
def level_key(level: str) -> Key:
    """Return the stems of the words in one tag level, however they are joined."""
    spaced = _CAMEL.sub(" ", level.replace("-", " ").replace("_", " "))
    return tuple(stem(match[0]) for match in WORD.finditer(spaced))


def key_of(tag: str) -> tuple[Key, ...]:
    """Return the key that all spellings of a tag share."""
    return tuple(level_key(level) for level in tag.strip().lstrip("#").split("/") if level)


def leaf_of(tag: str) -> Key:
    """Return the key of a tag's last level."""
    return level_key(tag.rpartition("/")[2])


def _is_taken(key: tuple[Key, ...], taken: Iterable[tuple[Key, ...]]) -> bool:
    """Say whether one of `taken` is this tag, a child of it, or the same leaf elsewhere."""
    joined = "".join(key[-1]) if key else ""
    return any(
        other and (other[: len(key)] == key or "".join(other[-1]) == joined) for other in taken
    )


def _grams(text: str, sizes: Iterable[int]) -> frozenset[Key]:
    stems = [
        stem(match[0])
        for match in WORD.finditer(_CAMEL.sub(" ", text.replace("-", " ").replace("_", " ")))
    ]
    return frozenset(
        tuple(stems[start : start + size])
        for size in sizes
        for start in range(len(stems) - size + 1)
    )


def _evidence(
    page: NotePieces, title: str, folder: str, ranked: Sequence[Phrase], wanted: AbstractSet[Key]
) -> _Evidence:
    lengths = sorted({len(leaf) for leaf in wanted if 0 < len(leaf) <= MAX_GRAM}) or [1]
    texts = [piece.text for piece in page.pieces]
    body: Counter[Key] = Counter()
    words = 0
    for text in texts:
        stems = [
            stem(match[0]) for match in WORD.finditer(text.replace("-", " ").replace("_", " "))
        ]
        words += len(stems)
        for size in lengths:
            grams = zip(*(stems[start:] for start in range(size)), strict=False)
            body.update(filter(wanted.__contains__, grams))
        if words > MAX_BODY_WORDS:
            break
    return _Evidence(
        title=_grams(title, lengths),
        folders=tuple(_grams(part, lengths) for part in reversed(folder.split("/")) if part),
        headings=_union(page.headings[:60], lengths),
        links=_union(page.found.links[:200], lengths),
        phrases={
            key: rank
            for rank, phrase in reversed(list(enumerate(ranked[:6])))
            for key in _grams(phrase.text, lengths)
        },
        hashtags=frozenset(leaf_of(tag) for tag in page.found.hashtags[:200]),
        body=body,
        words=words,
        plain=fold("\n".join(texts)),
        plain_title=fold(title),
        plain_folders=tuple(map(fold, folder.split("/"))),
    )


def _union(texts: Iterable[str], sizes: Sequence[int]) -> frozenset[Key]:
    return frozenset().union(*(_grams(text, sizes) for text in texts))


def _support(tag: str, evidence: _Evidence, stop: AbstractSet[str]) -> float:
    """Return how much in the note speaks for a tag's leaf; 0 if nothing does."""
    leaf = leaf_of(tag)
    if not leaf:
        return 0.0
    level = tag.rpartition("/")[2]
    if UNSPACED.search(level):
        return _support_unspaced(fold(level), leaf, evidence)
    value, longer = 0.0, 1 + LONGER * (len(leaf) - 1)
    junk = len(leaf) == 1 and leaf[0] in lists()["junk"]
    value += HASHTAG if leaf in evidence.hashtags and not junk else 0.0
    for depth, grams in enumerate(evidence.folders):
        value += (UPPER_FOLDER if depth else FOLDER) if leaf in grams else 0.0
    if not (len(leaf) == 1 and _is_generic(leaf[0], tag, stop)):
        value += TITLE if leaf in evidence.title else 0.0
        value += HEADING if leaf in evidence.headings else 0.0
        value += LINK if leaf in evidence.links else 0.0
        value += PHRASE / (1 + 0.3 * evidence.phrases[leaf]) if leaf in evidence.phrases else 0.0
        said = _in_body(evidence.body[leaf], evidence.words)
        value += said if value or said * longer >= ENOUGH_IN_TEXT else 0.0
    return value * longer


def _in_its_sense(key: tuple[Key, ...], evidence: _Evidence, common: frozenset[str]) -> bool:
    """Say whether the last level of a nested tag means in a note what it means in the tag.

    Where many notes have its words, `history/water` is not for each that says "water": only for one
    that speaks of history too, or is filed or tagged so.
    """
    *parents, leaf = key
    filed = (evidence.hashtags, *evidence.folders)
    if not parents or not common.issuperset(leaf) or any(leaf in place for place in filed):
        return True
    places = (*filed, evidence.title, evidence.headings, evidence.links, evidence.body)
    return any(parent in place for parent in parents for place in places)


def _is_generic(word: str, tag: str, stop: AbstractSet[str]) -> bool:
    """Say whether a tag's word is too common in any text to be evidence."""
    level = fold(tag.rpartition("/")[2])
    junk = lists()["junk"]
    return len(word) == 1 or any(name in junk or name in stop for name in (word, level))


def _in_body(count: int, words: int) -> float:
    """Return what `count` mentions among `words` are worth: long notes mention much."""
    if not count:
        return 0.0
    return BODY * math.log2(1 + count) / (1 + words / 3000)


def _support_unspaced(level: str, leaf: Key, evidence: _Evidence) -> float:
    """Return the support for a tag in a script without spaces: it is sought as a string."""
    value = HASHTAG if leaf in evidence.hashtags else 0.0
    value += TITLE if level in evidence.plain_title else 0.0
    if any(_fills(level, part) for part in evidence.plain_folders):
        value += FOLDER
    count = evidence.plain.count(level)
    size = 1 + LONGER * max(0, len(level) - 2)
    value += _in_body(count, evidence.words) * size
    if (
        level in lists()["junk"]
        and level not in evidence.plain_title
        and leaf not in evidence.hashtags
    ):
        return 0.0
    return value


def _fills(level: str, part: str) -> bool:
    """Say whether `level` is most of a folder's name, not two letters of a longer word."""
    return level in part and len(level) >= FILLS * len(part)
