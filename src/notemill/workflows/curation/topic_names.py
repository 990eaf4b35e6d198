"""Names of topics: two forms of one name are one topic, in the form that the vault has; pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from notemill.text.words import fold, stem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from notemill.index import NoteFacts

MAX_TOPIC_CHARS: Final = 100
"""A topic is a short name; anything longer is a sentence."""
ARTICLES: Final = frozenset(
    ("the", "a", "an", "der", "die", "das", "le", "la", "les", "el", "los", "las", "il", "lo", "gli",
     "o", "os", "as", "de", "het", "den", "det")
)  # fmt: skip
"""Of Germanic and Romance languages, as names begin with them: `Der Zauberberg`, `Zauberberg`."""


def topic_form(topic: str) -> str:
    """Return what forms of a name share: no case, no accents, no article, no plural of its last word."""
    words = topic.split()
    if len(words) > 1 and fold(words[0]) in ARTICLES:
        words = words[1:]
    return " ".join((*map(fold, words[:-1]), *map(stem, words[-1:])))


class KnownTopics:
    """The names that the vault has for its topics: those in use, and the titles of its notes."""

    def __init__(self, topics: Iterable[str] = (), titles: Iterable[str] = ()) -> None:
        """Take the topics of all notes and their titles; the most used topic counts before a title.

        A title in small letters is a file's name rather than a name; a link is good in its own note.
        """
        self._names: dict[str, str] = {}
        self._take(_most_used(topics))
        self._take(one for one in titles if not one.islower())

    @classmethod
    def of_notes(cls, notes: Iterable[NoteFacts]) -> KnownTopics:
        """Take the topics and titles of notes."""
        seen = list(notes)
        return cls((topic for one in seen for topic in one.topics), (one.title for one in seen))

    def beside(self, topics: Iterable[str]) -> KnownTopics:
        """Return these names, and behind them more topics, the most used first."""
        more = KnownTopics()
        more._names = dict(self._names)
        more._take(_most_used(topics))
        return more

    def _take(self, names: Iterable[str]) -> None:
        for said in names:
            name = " ".join(said.split())
            if len(name) <= MAX_TOPIC_CHARS and any(map(str.isalpha, name)) and "[" not in name:
                self._names.setdefault(topic_form(name), name)

    def of(self, topic: str) -> str:
        """Return the known name that `topic` is another form of, else `topic`."""
        return self._names.get(topic_form(topic), topic)


def _most_used(topics: Iterable[str]) -> list[str]:
    used = Counter(topics)
    return sorted(used, key=lambda one: (-used[one], one))


NO_TOPICS: Final = KnownTopics()
"""Of a vault without notes."""
