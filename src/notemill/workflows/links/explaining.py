"""Why two notes are proposed, in words for a person or a model: read from the notes when shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from notemill.errors import NotemillError
from notemill.linking.content import DEFINITION
from notemill.markup.reading import Reading
from notemill.markup.tags import tag_key
from notemill.offline.sentences import split
from notemill.text.terms import language_of, terms
from notemill.vault.cleaning import owners_words
from notemill.vault.note import parse, property_links
from notemill.vault.region import owners_text
from notemill.vault.resolve import title_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from notemill.privacy import Sight
    from notemill.stores.pairs import NewPair, Pair
    from notemill.vault.files import Vault
    from notemill.vault.note import Note

MAX_SENTENCE_CHARS: Final = 240
LIKELY: Final = 0.8
"""Of the pairs with this score, eight in ten are accepted: those are likely, the others maybe."""
_READ_CHARS: Final = 100_000
_KEPT_NOTES: Final = 64


@dataclass(frozen=True, slots=True)
class Why:
    """Why two notes are proposed.

    `words` have the most weight in both; `mentions` are (note, its sentence that names the other);
    `neighbours` are notes that both are linked with; `tags` are those that both have.
    """

    words: tuple[str, ...]
    mentions: tuple[tuple[str, str], ...]
    neighbours: tuple[str, ...]
    tags: tuple[str, ...]

    def as_line(self) -> str:
        """Return everything except the sentences as one line."""
        parts = [
            f"both say {', '.join(self.words)}" if self.words else "",
            f"both linked with {', '.join(map(title_of, self.neighbours))}"
            if self.neighbours
            else "",
            f"both tagged {' '.join(f'#{tag}' for tag in self.tags)}" if self.tags else "",
        ]
        return " · ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class ExplainedPair:
    """A pair of notes, proposed or found, and why."""

    pair: NewPair | Pair
    why: Why

    @property
    def is_likely(self) -> bool:
        """Whether a person would probably accept the pair, and not just maybe."""
        return self.pair.score >= LIKELY


@dataclass(frozen=True, slots=True)
class PairGroup:
    """Pairs to show under one of their notes; `alone` if that note has no link yet."""

    note: str
    alone: bool
    pairs: tuple[ExplainedPair, ...]


@dataclass(frozen=True, slots=True)
class About:
    """What is read of one note.

    `names` are those that others may use for it, the name of its file first; `headings` and `links`
    (as written, without folders) are in their order in the text, `lines` those between the headings.
    """

    names: tuple[str, ...]
    description: str = ""
    headings: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    sentences: tuple[str, ...] = ()
    language: str = ""


class Explainer:
    """Reads the notes of pairs, and caches the last few."""

    def __init__(self, vault: Vault, sight: Sight) -> None:
        """Read from `vault`; nothing that `sight` hides is named."""
        self._vault = vault
        self._sight = sight
        self._read: dict[str, About] = {}
        self._hidden = frozenset(title_of(key).casefold() for key in sight.hidden)

    def why(self, a: str, b: str, reason: Mapping[str, Any]) -> Why:
        """Return why the notes `a` and `b` belong together, from the reason that ranking kept."""
        mentions = [
            (key, self._sentence(key, b if key == a else a))
            for key in reason.get("mentions", ())
            if key in (a, b)
        ]
        return Why(
            words=tuple(dict.fromkeys(reason.get("words", ()))),
            mentions=tuple((key, text) for key, text in mentions if text),
            neighbours=tuple(filter(self._sight.shows, reason.get("neighbours", ()))),
            tags=tuple(
                tag for tag in reason.get("tags", ()) if tag_key(tag) not in self._sight.hidden_tags
            ),
        )

    def explained(self, pair: NewPair | Pair) -> ExplainedPair:
        """Return a pair with its reason."""
        return ExplainedPair(pair, self.why(pair.a, pair.b, pair.reason))

    def groups(
        self,
        pairs: Sequence[NewPair] | Sequence[Pair],
        orphans: Collection[str],
        *,
        limit: int | None = None,
    ) -> tuple[tuple[PairGroup, ...], int]:
        """Return pairs note by note, as `grouped` does, and the number of groups beyond `limit`."""
        found = grouped(pairs, orphans)
        shown = tuple(
            PairGroup(key, key in orphans, tuple(map(self.explained, group)))
            for key, group in found[:limit]
        )
        return shown, len(found) - len(shown)

    def about(self, key: str) -> About:
        """Return what is read of a note; nothing but its name if it cannot be read."""
        found = self._read.pop(key, None) or self._fresh(key)
        self._read[key] = found
        if len(self._read) > _KEPT_NOTES:
            self._read.pop(next(iter(self._read)))
        return found

    def _fresh(self, key: str) -> About:
        try:
            note, _ = parse(self._vault.read(key))
        except NotemillError:
            return About((title_of(key),))
        reading = Reading(owners_words(note)[:_READ_CHARS])
        headings = dict.fromkeys(Reading(one.text).words.strip() for one in reading.headings)
        text = reading.words
        lines = [line.strip() for line in text.split("\n") if line.strip()]
        names = dict.fromkeys((title_of(key), note.text_of("title"), *note.aliases))
        return About(
            names=tuple(name for name in names if name),
            description=note.text_of("description"),
            headings=tuple(one for one in headings if one),
            links=self._linked(note),
            lines=tuple(
                line for line in lines if line not in headings and not DEFINITION.match(line)
            ),
            sentences=tuple(one for line in lines for one in split(line)),
            language=language_of(text),
        )

    def _linked(self, note: Note) -> tuple[str, ...]:
        """Return the names of the notes that a note links to, except embedded and hidden ones."""
        found: dict[str, None] = {}
        for link in (*Reading(owners_text(note.reading)).links, *property_links(note)):
            name = "" if link.embed else link.path.rpartition("/")[2].strip()
            if name and name.casefold() not in self._hidden and not self._fits(link.path):
                found[name] = None
        return tuple(found)

    def _fits(self, path: str) -> bool:
        return self._sight.fits(path) or self._sight.fits(f"{path}.md")

    def _sentence(self, key: str, other: str) -> str:
        """Return the first sentence of a note that names another, '' if there is none."""
        note = self.about(key)
        names = self.about(other).names
        wanted = [terms(name, note.language) for name in names]
        for sentence in note.sentences:
            said = terms(sentence, note.language)
            if any(_holds(said, name) for name in wanted):
                return _around(sentence, names)
        return ""


def grouped(
    pairs: Sequence[NewPair] | Sequence[Pair], orphans: Collection[str]
) -> list[tuple[str, list[NewPair | Pair]]]:
    """Return pairs note by note, each once: notes without a link first, then the most likely."""
    best: dict[str, float] = {}
    for one in pairs:
        for key in (one.a, one.b):
            best[key] = max(best.get(key, 0.0), one.score)
    order = sorted(best, key=lambda key: (key not in orphans, -best[key], key))
    place = {key: number for number, key in enumerate(order)}
    groups: dict[str, list[NewPair | Pair]] = {}
    for one in pairs:
        groups.setdefault(min(one.a, one.b, key=place.__getitem__), []).append(one)
    return [(key, groups[key]) for key in order if key in groups]


def _holds(said: list[str], name: list[str]) -> bool:
    size = len(name)
    return bool(size) and any(
        said[start : start + size] == name for start in range(len(said) - size + 1)
    )


def _around(sentence: str, names: Iterable[str]) -> str:
    """Return a sentence, or as much of it around one of `names` as there is room for."""
    text = " ".join(sentence.split())
    if len(text) <= MAX_SENTENCE_CHARS:
        return text
    found = [text.casefold().find(name.casefold()) for name in names]
    at = max(0, min((one for one in found if one >= 0), default=0) - MAX_SENTENCE_CHARS // 2)
    cut = text[at : at + MAX_SENTENCE_CHARS - 2 if at else MAX_SENTENCE_CHARS - 1]
    return f"{'…' if at else ''}{cut}{'…' if at + len(cut) < len(text) else ''}"
