"""Links for a whole vault: the notes are ranked, and what is new becomes pairs to propose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from notemill.errors import MalformedNoteError, NotemillError
from notemill.linking.corpus import Lexicon, content_of, document_of
from notemill.linking.propose import propose
from notemill.links import DECIDED, WANTED, NewPair, PairState, SideState
from notemill.vault.note import parse, source_hash
from notemill.vault.region import owners_text
from notemill.vault.related import Form, LinkChanges, edit_links

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from notemill.linking.corpus import Candidate, Document
    from notemill.links import LinkLedger, Side
    from notemill.vault.note import Note
    from notemill.vault.resolve import Names
    from notemill.workflows.upkeep import Scene


@dataclass(frozen=True, slots=True)
class Ranking:
    """What ranking says of notes: the pairs to propose, and those that a link joins already."""

    candidates: Sequence[Candidate]
    linked: frozenset[tuple[str, str]]


class Rank(Protocol):
    """What finds the pairs to propose."""

    def __call__(
        self, notes: Iterable[tuple[str, Note]], names: Names, *, top: int, min_score: float
    ) -> Ranking:
        """Rank notes, each with its path; no note is in more than `top` pairs."""


def rank_notes(
    notes: Iterable[tuple[str, Note]], names: Names, *, top: int, min_score: float
) -> Ranking:
    """Rank notes by their words, names, links and places."""
    lexicon = Lexicon()
    documents = [
        document_of(key, content_of(note, surfaces=lexicon.surfaces), lexicon)
        for key, note in notes
    ]
    found = propose(documents, lexicon, names, top=top, min_score=min_score)
    return Ranking(found, frozenset(_linked(documents, names)))


@dataclass(frozen=True, slots=True)
class Shape:
    """How a vault hangs together: notes without any link, and parts that no link joins."""

    notes: int
    orphans: int
    components: int


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A note or pair that is left alone, and why."""

    key: str
    reason: str


@dataclass(frozen=True, slots=True)
class Findings:
    """What a look through a vault has found.

    `pairs` are new, or wait from an earlier run; `before` is the vault's shape as it is, `after`
    with all of `pairs` in it.
    """

    pairs: tuple[NewPair, ...]
    left_out: tuple[LeftOut, ...]
    orphans: frozenset[str]
    before: Shape
    after: Shape


def find_links(
    scene: Scene,
    ledger: LinkLedger,
    rank: Rank,
    *,
    top: int,
    min_score: float,
    only: Callable[[str], bool],
) -> Findings:
    """Rank all notes and return the pairs that are to be proposed; nothing is written or kept.

    The links that notemill wrote before are taken away for it, so that the same notes get the
    same pairs again. A note has at most `top` links of notemill's in all; a pair that was turned
    down keeps its place among them. Raises VaultError.
    """
    left_out: list[LeftOut] = []
    sources: dict[str, str] = {}
    notes = _owned_notes(scene, ledger, sources, left_out)
    ranking = rank(notes, scene.names, top=top, min_score=min_score)
    standing = {
        (pair.a, pair.b)
        for pair in ledger.pairs(states=WANTED)
        if pair.a in sources and pair.b in sources
    }
    pairs: list[NewPair] = []
    for one in _chosen(ranking.candidates, ledger, top=top):
        why = _unlinkable(scene, one)
        if why:
            left_out.append(LeftOut(f"{one.a} and {one.b}", why))
        elif only(one.a) or only(one.b):
            pairs.append(_new_pair(one, sources))
    keys = list(sources)
    before = ranking.linked | standing
    return Findings(
        pairs=tuple(pairs),
        left_out=tuple(left_out),
        orphans=frozenset(keys) - {key for pair in before for key in pair},
        before=shape_of(keys, before),
        after=shape_of(keys, before | {(one.a, one.b) for one in pairs}),
    )


def _owned_notes(
    scene: Scene, ledger: LinkLedger, sources: dict[str, str], left_out: list[LeftOut]
) -> Iterator[tuple[str, Note]]:
    """Yield the notes one by one as their owner wrote them; fill in what they were, and the rest."""
    sides = _sides_by_note(ledger)
    for facts in scene.facts.values():
        reason = scene.why_not(facts)
        if not reason:
            try:
                raw = scene.vault.read(facts.key)
            except NotemillError as error:
                reason = str(error)
        if reason:
            left_out.append(LeftOut(facts.key, reason))
            continue
        sources[facts.key] = source_hash(parse(raw)[0])
        yield facts.key, as_owned(raw, sides.get(facts.key, ()))


def _sides_by_note(ledger: LinkLedger) -> dict[str, list[Side]]:
    found: dict[str, list[Side]] = {}
    for side in ledger.sides():
        if side.state is not SideState.RELEASED:
            found.setdefault(side.note, []).append(side)
    return found


def as_owned(raw: bytes, sides: Iterable[Side]) -> Note:
    """Return a note as its owner wrote it: without the links of notemill's."""
    texts = tuple(side.text for side in sides)
    if texts:
        try:
            raw = edit_links(raw, LinkChanges(remove=texts), Form.PROPERTY)
        except MalformedNoteError:
            # It cannot be edited any more; its links are seen as its owner's then.
            return parse(raw)[0]
    note = parse(raw)[0]
    body = owners_text(note.body)
    if body == note.body:
        return note
    return parse(raw[: note.body_start] + body.encode())[0]


def _chosen(ranked: Sequence[Candidate], ledger: LinkLedger, *, top: int) -> Iterator[Candidate]:
    """Yield what is not decided yet and leaves every note with at most `top` links of ours."""
    decided = {frozenset((one.a, one.b)) for one in ledger.pairs(states=DECIDED)}
    declined = {frozenset((one.a, one.b)): one for one in ledger.pairs(states=[PairState.DECLINED])}
    known = ledger.notes()
    taken: dict[str, int] = {}
    for pair in ledger.pairs(states=WANTED):
        for key in (pair.a, pair.b):
            taken[key] = taken.get(key, 0) + 1
    for one in ranked:
        ends = frozenset((one.a, one.b))
        before = declined.get(ends)
        unchanged = before is not None and all(
            known.get(key) == before.source_of(key) for key in ends
        )
        if ends in decided or unchanged:
            continue
        if any(taken.get(key, 0) >= top for key in ends):
            continue
        for key in ends:
            taken[key] = taken.get(key, 0) + 1
        yield one


def _unlinkable(scene: Scene, one: Candidate) -> str:
    """Return why one of two notes cannot be linked from the other, '' where both can."""
    for key, source in ((one.a, one.b), (one.b, one.a)):
        if scene.text_for(key, source=source) is None:
            return f"no link can name {key}; rename it or the note that its name is mistaken for"
    return ""


def _new_pair(one: Candidate, sources: Mapping[str, str]) -> NewPair:
    reason = {
        "words": list(one.reason.words),
        "mentions": list(one.reason.mentions),
        "neighbours": list(one.reason.neighbours),
        "tags": list(one.reason.tags),
    }
    return NewPair(one.a, one.b, one.score, reason, sources[one.a], sources[one.b])


def _linked(documents: Sequence[Document], names: Names) -> Iterator[tuple[str, str]]:
    """Yield the pairs of notes that a link joins."""
    keys = {one.key for one in documents}
    for one in documents:
        for path, label in one.links:
            other = names.meant(path, label, source=one.key)
            if other is not None and other != one.key and other in keys:
                yield min(one.key, other), max(one.key, other)


def shape_of(keys: Iterable[str], pairs: Iterable[tuple[str, str]]) -> Shape:
    """Return how notes hang together by links, either way."""
    root = {key: key for key in keys}
    linked: set[str] = set()

    def top_of(key: str) -> str:
        while root[key] != key:
            root[key] = root[root[key]]
            key = root[key]
        return key

    for one, other in pairs:
        linked |= {one, other}
        root[top_of(one)] = top_of(other)
    components = sum(top == key for key, top in root.items())
    return Shape(len(root), len(root) - len(linked), components)
