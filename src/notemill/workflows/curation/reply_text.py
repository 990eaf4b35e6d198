"""Clean a model's reply for a note's properties, down to visible plain words; pure.

A note's text can make a reply say anything. Parts of its values are removed that are invisible or
that lead where the note itself does not; the rest is proposed, and each removal reported.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Final

from notemill.markup.invisible import is_visible, visible, without_unknown
from notemill.markup.lines import one_line
from notemill.markup.references import (
    MAX_READ_CHARS,
    NOTHING,
    foreign,
    is_foreign,
    shortened,
    without_foreign,
)
from notemill.markup.tags import clean_tag, is_tidy_tag, is_within, tag_key
from notemill.workflows.curation.topic_names import MAX_TOPIC_CHARS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from notemill.markup.references import Own

MAX_DESCRIPTION_CHARS: Final = 300
MAX_READ_VALUES: Final = 100
"""The most values read from a list in a reply; five are asked for."""

HIDDEN: Final = "invisible characters were removed"
PLAIN: Final = "links, addresses or code that the note does not have were made plain text"
LEADS: Final = "left out: links, addresses or code that the note does not have"
LONG: Final = "left out: too long"
NO_TAG: Final = "left out: not a tag"
MANY: Final = "left out: too many"
SHORTENED: Final = "shortened to {} characters"
PARENT: Final = "left out: a tag below it is there, too"
TURNED_DOWN: Final = "left out: rejected before, or struck out in the vocabulary"


@dataclass(frozen=True, slots=True)
class Loss:
    """What was dropped or changed in a reply: in which field, in how many values, and why."""

    field: str
    reason: str
    count: int

    def as_line(self) -> str:
        """Return this loss in words."""
        return f"{self.field}: {self.reason}" + (f" ({self.count:,})" if self.count > 1 else "")


@dataclass(slots=True)
class ReplyReading:
    """The cleaned values of one reply, and the losses."""

    own: Own = NOTHING
    _lost: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def losses(self) -> tuple[Loss, ...]:
        """The losses, in the order found."""
        return tuple(Loss(name, why, count) for (name, why), count in self._lost.items())

    def description(self, said: str) -> str:
        """Return a description as one line of plain words, '' if none are left."""
        return self.line("description", said, MAX_DESCRIPTION_CHARS)

    def line(self, name: str, said: str, most: int) -> str:
        """Return a value as one line of plain words, `most` characters at most, '' if none are left."""
        text = self._shown(name, said[:MAX_READ_CHARS])
        plain = text
        if is_foreign(text, self.own) or foreign(text, self.own):
            plain = without_foreign(text, self.own)
            says = any(map(str.isalpha, plain))
            self.lose(name, PLAIN if says else LEADS)
            plain = plain if says else ""
        short = shortened(plain, most, self.own)
        if len(short) < len(plain) and len(plain) > most:
            self.lose(name, SHORTENED.format(most))
        return short

    def lose(self, name: str, why: str) -> None:
        """Record that a value of a field was left out or changed."""
        self._lost[name, why] += 1

    def topics(self, said: list[str]) -> Iterator[str]:
        """Yield the valid topics."""
        for value in self._few("topics", said):
            text = self._shown("topics", value[:MAX_READ_CHARS]).lstrip("#").lstrip()
            if len(text) > MAX_TOPIC_CHARS:
                self._lost["topics", LONG] += 1
            elif is_foreign(text, self.own):
                self._lost["topics", LEADS] += 1
            elif text:
                yield text

    def narrowest(self, tags: Sequence[str]) -> list[str]:
        """Return tags without those that are parents of others among them."""
        keys = [tag_key(tag) for tag in tags]
        kept = [
            tag
            for tag, key in zip(tags, keys, strict=True)
            if not any(one != key and is_within(one, key) for one in keys)
        ]
        if len(kept) < len(tags):
            self._lost["tags", PARENT] += len(tags) - len(kept)
        return kept

    def first(self, name: str, values: Sequence[str], most: int) -> tuple[str, ...]:
        """Return the first of some values, as many as are asked for."""
        if len(values) > most:
            self._lost[name, MANY] += len(values) - most
        return tuple(values[:most])

    def tags(self, said: list[str]) -> Iterator[str]:
        """Yield the valid tags, in the form to write."""
        for value in self._few("tags", said):
            tag = clean_tag(self._shown("tags", value[:MAX_READ_CHARS]))
            if is_tidy_tag(tag):
                yield tag
            elif tag:
                self._lost["tags", NO_TAG] += 1

    def _few(self, name: str, values: list[str]) -> Iterable[str]:
        if len(values) > MAX_READ_VALUES:
            self._lost[name, MANY] += len(values) - MAX_READ_VALUES
        return islice(values, MAX_READ_VALUES)

    def _shown(self, name: str, said: str) -> str:
        """Return a value as one line of visible text, in Unicode's composed form (NFC)."""
        text = said
        if not is_visible(said.replace("\n", " ").replace("\t", " ")):
            self._lost[name, HIDDEN] += 1
            text = without_unknown(visible(said))
        return one_line(unicodedata.normalize("NFC", text))


def topic_key(topic: str) -> str:
    """Return the key that topics are compared by: without regard to case and Unicode form."""
    return unicodedata.normalize("NFC", topic).casefold()


def may_be_written(text: str, own: Own) -> bool:
    """Return whether cleaning a reply could have produced this description or topic."""
    return (
        len(text) <= MAX_DESCRIPTION_CHARS
        and is_visible(text)
        and one_line(text) == text
        and not is_foreign(text, own)
    )
