"""What of a model's reply may come into a note's properties: plain words that show; pure.

A reply can say whatever a note ordered. Of its values those parts go that do not show, and those
that lead where the note itself does not; what is left is proposed, and what went is told.
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
from notemill.markup.tags import clean_tag, is_tidy_tag

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from notemill.markup.references import Own

MAX_DESCRIPTION_CHARS: Final = 300
MAX_TOPIC_CHARS: Final = 100
"""A topic is a short name; what is longer is a sentence."""
MAX_READ_VALUES: Final = 100
"""Of a list in a reply, where five are asked for."""

HIDDEN: Final = "invisible characters were removed"
PLAIN: Final = "links, addresses or code that the note does not have were made plain text"
LEADS: Final = "left out: links, addresses or code that the note does not have"
LONG: Final = "left out: too long"
NO_TAG: Final = "left out: not a tag"
MANY: Final = "left out: too many"


@dataclass(frozen=True, slots=True)
class Loss:
    """What was not taken of a reply as it was: in which field, of how many values, and why."""

    field: str
    reason: str
    count: int

    def as_line(self) -> str:
        """Return that in words."""
        return f"{self.field}: {self.reason}" + (f" ({self.count:,})" if self.count > 1 else "")


@dataclass(slots=True)
class ReplyReading:
    """The values of one reply, each taken as far as it may be, with what was lost of them."""

    own: Own = NOTHING
    _lost: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def losses(self) -> tuple[Loss, ...]:
        """What was lost, in the order in which it was found."""
        return tuple(Loss(name, why, count) for (name, why), count in self._lost.items())

    def description(self, said: str) -> str:
        """Return a description: one line of plain words, '' if none are left."""
        text = self._shown("description", said[:MAX_READ_CHARS])
        plain = text
        if is_foreign(text, self.own) or foreign(text, self.own):
            plain = without_foreign(text, self.own)
            says = any(map(str.isalpha, plain))
            self._lost["description", PLAIN if says else LEADS] += 1
            plain = plain if says else ""
        return shortened(plain, MAX_DESCRIPTION_CHARS, self.own)

    def topics(self, said: list[str]) -> Iterator[str]:
        """Yield the topics that can be some."""
        for value in self._few("topics", said):
            text = self._shown("topics", value[:MAX_READ_CHARS]).lstrip("#").lstrip()
            if len(text) > MAX_TOPIC_CHARS:
                self._lost["topics", LONG] += 1
            elif is_foreign(text, self.own):
                self._lost["topics", LEADS] += 1
            elif text:
                yield text

    def tags(self, said: list[str]) -> Iterator[str]:
        """Yield the tags that can be some, as they may be written."""
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
        """Return a value as one line of what shows, in Unicode's composed form."""
        text = said
        if not is_visible(said.replace("\n", " ").replace("\t", " ")):
            self._lost[name, HIDDEN] += 1
            text = without_unknown(visible(said))
        return one_line(unicodedata.normalize("NFC", text))


def topic_key(topic: str) -> str:
    """Return what a topic is compared by: case and Unicode's form are no difference."""
    return unicodedata.normalize("NFC", topic).casefold()


def may_be_written(text: str, own: Own) -> bool:
    """Return whether a description or topic is such as a reply is read into."""
    return (
        len(text) <= MAX_DESCRIPTION_CHARS
        and is_visible(text)
        and one_line(text) == text
        and not is_foreign(text, own)
    )
