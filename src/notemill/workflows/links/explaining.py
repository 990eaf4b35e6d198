"""Why two notes are proposed, in words for a person: read from the notes when shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from notemill.errors import NotemillError
from notemill.markup.reading import Reading
from notemill.markup.tags import tag_key
from notemill.offline.sentences import split
from notemill.text.terms import language_of, terms
from notemill.vault.cleaning import owners_words
from notemill.vault.note import parse
from notemill.vault.resolve import title_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from notemill.privacy import Sight
    from notemill.stores.pairs import NewPair, Pair
    from notemill.vault.files import Vault

MAX_SENTENCE_CHARS: Final = 240
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


@dataclass(frozen=True, slots=True)
class PairGroup:
    """Pairs to show under one of their notes; `alone` if that note has no link yet."""

    note: str
    alone: bool
    pairs: tuple[ExplainedPair, ...]


@dataclass(frozen=True, slots=True)
class _Read:
    """What is read of one note."""

    names: tuple[str, ...]
    sentences: tuple[str, ...]
    language: str
    first_lines: tuple[str, ...]
    description: str


class Explainer:
    """Reads the notes of pairs, and caches the last few."""

    def __init__(self, vault: Vault, sight: Sight) -> None:
        """Read from `vault`; nothing that `sight` hides is named."""
        self._vault = vault
        self._sight = sight
        self._read: dict[str, _Read] = {}

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

    def first_lines(self, key: str, count: int) -> tuple[str, ...]:
        """Return the first non-empty lines of a note."""
        return self._note(key).first_lines[:count]

    def description(self, key: str) -> str:
        """Return a note's description, '' if it has none."""
        return self._note(key).description

    def _note(self, key: str) -> _Read:
        found = self._read.pop(key, None) or self._fresh(key)
        self._read[key] = found
        if len(self._read) > _KEPT_NOTES:
            self._read.pop(next(iter(self._read)))
        return found

    def _fresh(self, key: str) -> _Read:
        try:
            note, _ = parse(self._vault.read(key))
        except NotemillError:
            return _Read((title_of(key),), (), "", (), "")
        text = Reading(owners_words(note)[:_READ_CHARS]).words
        names = tuple(dict.fromkeys((title_of(key), note.text_of("title"), *note.aliases)))
        lines = [line.strip() for line in text.split("\n") if line.strip()]
        return _Read(
            names=tuple(name for name in names if name),
            sentences=tuple(one for line in lines for one in split(line)),
            language=language_of(text),
            first_lines=tuple(lines),
            description=note.text_of("description"),
        )

    def _sentence(self, key: str, other: str) -> str:
        """Return the first sentence of a note that names another, '' if there is none."""
        note = self._note(key)
        wanted = [terms(name, note.language) for name in self._note(other).names]
        for sentence in note.sentences:
            said = terms(sentence, note.language)
            if any(_holds(said, name) for name in wanted):
                return _short(sentence)
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


def _short(sentence: str) -> str:
    text = " ".join(sentence.split())
    return text if len(text) <= MAX_SENTENCE_CHARS else text[: MAX_SENTENCE_CHARS - 1] + "…"
