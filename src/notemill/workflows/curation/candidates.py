"""Which of the vault's tags go into a prompt: those that fit the note, not the whole list."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from operator import add
from typing import TYPE_CHECKING

from notemill.markup.invisible import is_visible
from notemill.markup.tags import MAX_TAG_CHARS, is_legal_tag
from notemill.text.normal import normal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MAX_CANDIDATES = 40
FREQUENT = 15
MAX_NAMED = 5
SCANNED_CHARS = 20_000
_WORD = re.compile(r"[^\W_]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True)
class Candidates:
    """The tags for prompts, each in its most used spelling and with its number of notes."""

    counts: Mapping[str, int]
    words: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, tags_of_notes: Iterable[Iterable[str]]) -> Candidates:
        """Collect the tags of all notes; spellings that differ only in case count as one."""
        spellings: dict[str, Counter[str]] = {}
        for tags in tags_of_notes:
            for tag in tags:
                spellings.setdefault(tag.casefold(), Counter())[tag] += 1
        counts = {
            # Among equally frequent spellings take the first in order, so that runs agree.
            max(sorted(forms), key=forms.__getitem__): sum(forms.values())
            for forms in spellings.values()
        }
        # What Obsidian takes for no tag may be a sentence, and would enter other notes' prompts.
        counts = {tag: count for tag, count in counts.items() if _can_be_told(tag)}
        return cls(counts, {tag: tag_words(tag) for tag in counts})

    def of_note(
        self, title: str, folder: str, text: str, *, suggested: Sequence[str] = ()
    ) -> list[str]:
        """Return at most MAX_CANDIDATES tags for a note, best fit first.

        If the vault's tagging suggests some, a few tags that the note names follow, so that a tag
        no note has yet can be found. Otherwise the fitting tags come first and the vault's most
        frequent follow: those are the ones a person files by.
        """
        fitting = self.fitting(title, folder, text)
        if suggested:
            named = [tag for tag in fitting if tag not in suggested]
            return [*suggested, *named[:MAX_NAMED]]
        return list(dict.fromkeys([*fitting, *self._frequent]))

    def spelled(self, tags: Iterable[str]) -> list[str]:
        """Return the `tags` that are candidates, in the spelling kept here, each once."""
        found = (self._spellings.get(tag.casefold()) for tag in tags)
        return list(dict.fromkeys(tag for tag in found if tag is not None))

    @cached_property
    def _frequent(self) -> list[str]:
        return sorted(self.counts, key=lambda tag: (-self.counts[tag], tag))[:FREQUENT]

    @cached_property
    def _spellings(self) -> dict[str, str]:
        return {tag.casefold(): tag for tag in self.counts}

    def fitting(self, title: str, folder: str, text: str) -> list[str]:
        """Return the tags that fit a note, best first.

        A tag fits when all words of its last level occur in the note; rarer tags say more.
        """
        folded = _fold(f"{title} {text[:SCANNED_CHARS]}")
        found = {*_WORD.findall(folded), *_WORD.findall(_fold(folder))}
        near = [tag for word in found for tag in self._by_first_word.get(word, ())]
        fitting = [tag for tag in near if found.issuperset(self.words[tag])]
        if self._by_first_pair:
            pairs = _pairs(f"{folded} {_fold(folder)}") & self._by_first_pair.keys()
            fitting += [
                tag
                for pair in pairs
                for tag, words in self._by_first_pair[pair]
                if all(word in found or (cjk and word in folded) for word, cjk in words)
            ]
        fitting.sort(key=lambda tag: (self.counts[tag], -len(tag), tag))
        return fitting[: MAX_CANDIDATES - FREQUENT]

    @cached_property
    def _by_first_word(self) -> dict[str, list[str]]:
        """The tags whose words have no CJK, by their first word: a note needs few checked."""
        found: dict[str, list[str]] = {}
        for tag, words in self.words.items():
            if words and not any(map(_is_cjk, words)):
                found.setdefault(words[0], []).append(tag)
        return found

    @cached_property
    def _by_first_pair(self) -> dict[str, list[tuple[str, list[tuple[str, bool]]]]]:
        """The other tags, by the beginning of their first CJK word.

        Each has its words, and whether a word may be part of a longer one.
        """
        found: dict[str, list[tuple[str, list[tuple[str, bool]]]]] = {}
        for tag, words in self.words.items():
            if first := next(filter(_is_cjk, words), ""):
                told = (tag, [(word, _is_cjk(word)) for word in words])
                found.setdefault(first[:2], []).append(told)
        return found


def tag_words(tag: str) -> tuple[str, ...]:
    """Return the folded words of a tag's last level: `ai/agentFrameworks` → agent, frameworks."""
    leaf = tag.rsplit("/", 1)[-1]
    return tuple(_fold(word) for word in _WORD.findall(_CAMEL.sub(" ", leaf)))


def _can_be_told(tag: str) -> bool:
    return len(tag) <= MAX_TAG_CHARS and is_legal_tag(tag) and is_visible(tag)


def _fold(text: str) -> str:
    if text.isascii():
        return text.lower()
    decomposed = normal("NFKD", text.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def _pairs(text: str) -> set[str]:
    """Return the characters of a text, each alone and with the next one."""
    return {*text, *map(add, text, text[1:])}


def _is_cjk(word: str) -> bool:
    return any("\u2e80" <= char <= "\u9fff" or "\uac00" <= char <= "\ud7af" for char in word)
