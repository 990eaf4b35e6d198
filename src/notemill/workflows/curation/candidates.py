"""Which of the vault's tags go into a prompt: those that fit the note, not the whole list."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice, zip_longest
from math import log1p
from operator import add
from typing import TYPE_CHECKING, Final

from notemill.markup.invisible import is_visible
from notemill.markup.tags import MAX_TAG_CHARS, is_legal_tag, paths_of, tag_key
from notemill.text.normal import normal
from notemill.text.terms import language_of, terms

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MAX_HINTS: Final = 8
"""The most tags in a note's own part where the shared part lists all: a pointer into that list."""
MAX_CANDIDATES: Final = 40
"""The most tags in a note's own part where the shared part cannot list all."""
SCANNED_CHARS: Final = 20_000
TITLE: Final = 3.0
FOLDER: Final = 2.0
"""What a tag's words in a note's title or folder are worth; so many in its text are log(1 + n)."""
_WORD = re.compile(r"[^\W_]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True)
class Candidates:
    """The tags for prompts, each in its most used spelling and with its number of notes.

    `descriptions` say what tags are for, where the vocabulary says it; `states` are the keys of tags
    that are left out because they stand for a state of notes.
    """

    counts: Mapping[str, int]
    words: Mapping[str, tuple[str, ...]]
    descriptions: Mapping[str, str] = field(default_factory=dict)
    states: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        tags_of_notes: Iterable[Iterable[str]],
        descriptions: Mapping[str, str] | None = None,
        *,
        listed: Iterable[str] = (),
        states: frozenset[str] = frozenset(),
    ) -> Candidates:
        """Collect the tags of all notes; spellings that differ only in case count as one.

        `listed` are tags that are there even if no note has them; those of `states`, and what is
        below them, are left out.
        """
        spellings: dict[str, Counter[str]] = {}
        for tag in listed:
            spellings.setdefault(tag.casefold(), Counter())[tag] = 0
        for tags in tags_of_notes:
            for tag in tags:
                spellings.setdefault(tag.casefold(), Counter())[tag] += 1
        counts = {
            # Among equally frequent spellings take the first in order, so that runs agree.
            max(sorted(forms), key=forms.__getitem__): sum(forms.values())
            for forms in spellings.values()
        }
        # What Obsidian takes for no tag may be a sentence, and would enter other notes' prompts.
        counts = {
            tag: count
            for tag, count in counts.items()
            if _can_be_told(tag) and states.isdisjoint(paths_of(tag_key(tag)))
        }
        words = {tag: tag_words(tag) for tag in counts}
        return cls(counts, words, descriptions or {}, states)

    def of_note(
        self,
        title: str,
        folder: str,
        text: str,
        *,
        near: Iterable[Sequence[str]] = (),
        most: int = MAX_CANDIDATES,
    ) -> list[str]:
        """Return at most `most` tags for a note, best fit first.

        `near` are rankings by what is near the note, such as the vault's tagging of notes like it.
        They take turns with the ranking by the note's own words. The vault's most frequent tags are
        told in the part that all notes share.
        """
        rankings = [*near, self.fitting(title, folder, text)]
        turns = (tag for turn in zip_longest(*rankings) for tag in turn if tag is not None)
        return list(islice(dict.fromkeys(turns), most))

    def spelled(self, tags: Iterable[str]) -> list[str]:
        """Return the `tags` that are candidates, in the spelling kept here, each once."""
        found = (self._spellings.get(tag.casefold()) for tag in tags)
        return list(dict.fromkeys(tag for tag in found if tag is not None))

    @cached_property
    def _spellings(self) -> dict[str, str]:
        return {tag.casefold(): tag for tag in self.counts}

    def fitting(self, title: str, folder: str, text: str) -> list[str]:
        """Return at most MAX_CANDIDATES tags that fit a note by its own words, best first.

        A tag fits when the stems of all words of its last level occur in the note: more so in its
        title or folder, the more of them there are and the more often they occur in its text; of
        equals the rarer tag says more.
        """
        text = text[:SCANNED_CHARS]
        language = language_of(text or title)
        folded = [_fold(one) for one in (title, folder, text)]
        titled, placed, said = (Counter(terms(one, language)) for one in folded)
        everywhere = said.keys() | titled.keys() | placed.keys()
        by_stem = self._by_stem(language)
        weights: dict[str, float] = {}
        for stem in everywhere & by_stem.keys():
            for tag, stems in by_stem[stem]:
                if everywhere.issuperset(stems):
                    weights[tag] = sum(
                        _weight(one in titled, one in placed, said[one]) for one in stems
                    )
        if self._by_first_pair:
            weights |= self._unspaced(*folded)
        order = sorted(weights, key=lambda tag: (-weights[tag], self.counts[tag], tag))
        return order[:MAX_CANDIDATES]

    def _by_stem(self, language: str) -> dict[str, list[tuple[str, list[str]]]]:
        """Return the tags without CJK by their first stem in a language: few need be checked."""
        if language not in self._stems:
            found: dict[str, list[tuple[str, list[str]]]] = {}
            for tag, words in self.words.items():
                if not any(map(_is_cjk, words)) and (stems := terms(" ".join(words), language)):
                    found.setdefault(stems[0], []).append((tag, stems))
            self._stems[language] = found
        return self._stems[language]

    @cached_property
    def _stems(self) -> dict[str, dict[str, list[tuple[str, list[str]]]]]:
        return {}

    def _unspaced(self, title: str, folder: str, text: str) -> dict[str, float]:
        """Return the weights of fitting tags with CJK words, which stand within longer ones."""
        weights: dict[str, float] = {}
        folded = f"{title} {folder} {text}"
        found = set(_WORD.findall(folded))
        for pair in _pairs(folded) & self._by_first_pair.keys():
            for tag, words in self._by_first_pair[pair]:
                if all(word in found or (cjk and word in folded) for word, cjk in words):
                    weights[tag] = sum(
                        _weight(word in title, word in folder, text.count(word))
                        for word, _ in words
                    )
        return weights

    @cached_property
    def _by_first_pair(self) -> dict[str, list[tuple[str, list[tuple[str, bool]]]]]:
        """The tags with CJK, by the beginning of their first CJK word.

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


def _weight(in_title: bool, in_folder: bool, count: int) -> float:  # noqa: FBT001
    """Return how much a word of a tag speaks for it: by its places, and how often it is said."""
    return TITLE * in_title + FOLDER * in_folder + log1p(count)


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
