"""Find links for a whole vault: rank the notes, and turn new candidates into pairs to propose."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from notemill.linking.propose import propose
from notemill.markup.elements import property_link
from notemill.stores.pairs import DECIDED, WANTED, NewPair, PairState, SideState
from notemill.vault.globs import folded, matcher
from notemill.vault.left_alone import LeftAlone
from notemill.vault.related import PROPERTY, Form

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from notemill.index import NoteFacts
    from notemill.index.contents import Contents
    from notemill.linking.corpus import Candidate, Document, Lexicon
    from notemill.linking.model import Weights
    from notemill.stores.links import LinkLedger
    from notemill.vault.resolve import Names
    from notemill.workflows.links.scene import Scene


@dataclass(frozen=True, slots=True)
class Cohesion:
    """How connected a vault is: notes without a link, and parts not connected by links."""

    notes: int
    orphans: int
    components: int


@dataclass(frozen=True, slots=True)
class Findings:
    """The result of a search for links.

    `pairs` are new, or wait from an earlier run; `before` is the vault's present cohesion, `after`
    that with all `pairs` linked; `hidden` notes were not read, and are not named. `taught` tells
    whether the vault's own links moved the weights.
    """

    pairs: tuple[NewPair, ...]
    left_out: tuple[LeftAlone, ...]
    orphans: frozenset[str]
    before: Cohesion
    after: Cohesion
    hidden: int
    taught: bool


@dataclass(frozen=True, slots=True)
class LinkSearch:
    """What links to search for.

    A note has at most `top` notemill links in all; pairs have at least the likelihood `min_score`,
    and if the glob `only` is given, one note whose path matches it. Links are written in `form`.
    """

    top: int
    min_score: float
    form: Form = Form.PROPERTY
    only: str | None = None

    def takes(self, key: str) -> bool:
        """Return whether a note is selected."""
        return self.only is None or matcher(self.only)(folded(key))

    def settings(self) -> dict[str, Any]:
        """Return the settings that are kept with a run."""
        return {
            "top": self.top,
            "min_score": self.min_score,
            "form": str(self.form),
            "only": self.only or "",
        }


@dataclass(frozen=True, slots=True)
class Ranking:
    """The notes of a vault, read for ranking; `facts` and `documents` are in the same order."""

    scene: Scene
    facts: tuple[NoteFacts, ...]
    documents: tuple[Document, ...]
    lexicon: Lexicon
    left_out: tuple[LeftAlone, ...]

    @property
    def links(self) -> int:
        """How many links the notes have, also to notes that are not there."""
        return sum(len(one.links) for one in self.documents)


def read_notes(scene: Scene, ledger: LinkLedger, contents: Contents) -> Ranking:
    """Read all notes that may be linked. Raises VaultError.

    Links that notemill wrote before are ignored, so that the same notes get the same pairs again.
    """
    reasons = {one.key: scene.why_not(one) for one in scene.facts.values()}
    hidden = scene.sight.hidden
    left_out = [
        LeftAlone(key, reason) for key, reason in reasons.items() if reason and key not in hidden
    ]
    facts = [one for one in scene.facts.values() if not reasons[one.key]]
    # They stay in the ranking, since their links tell about other notes; no new pair contains them.
    left_out += [LeftAlone(one.key, "without text") for one in facts if not one.words]
    documents, lexicon = contents.documents(scene.vault, facts)
    documents = _owners(documents, ledger)
    found = {one.key for one in documents}
    changed = "it changed while it was read"
    left_out += [LeftAlone(one.key, changed) for one in facts if one.key not in found]
    facts = [one for one in facts if one.key in found]
    return Ranking(scene, tuple(facts), tuple(documents), lexicon, tuple(left_out))


def find_pairs(
    read: Ranking,
    ledger: LinkLedger,
    search: LinkSearch,
    *,
    vectors: NDArray[np.float32] | None = None,
    taught: Weights | None = None,
    among: Collection[str] | None = None,
) -> Findings:
    """Rank the notes and return the pairs to propose; nothing is written or stored.

    A rejected pair keeps its place among the `top` of its notes. `vectors` are the notes'
    embeddings, one row each, in their order; `taught` is what the vault's links teach. With `among`,
    only pairs with one of these notes are candidates, and the others take no place from them.
    """
    scene, documents = read.scene, read.documents
    left_out = list(read.left_out)
    found = {one.key for one in documents}
    sources = {one.key: one.source_hash for one in read.facts}
    ranked = propose(
        documents,
        read.lexicon,
        scene.names,
        top=search.top,
        min_score=search.min_score,
        vectors=vectors,
        taught=taught,
    )
    if among is not None:
        ranked = [one for one in ranked if one.a in among or one.b in among]
    pairs: list[NewPair] = []
    for one in _chosen(ranked, ledger, top=search.top):
        why = _unlinkable(scene, one)
        if why:
            left_out.append(LeftAlone(f"{one.a} and {one.b}", why))
        elif search.takes(one.a) or search.takes(one.b):
            pairs.append(_new_pair(one, sources))
    standing = ((pair.a, pair.b) for pair in ledger.pairs(states=WANTED))
    before = set(_linked(documents, scene.names))
    before |= {pair for pair in standing if found.issuperset(pair)}
    return Findings(
        pairs=tuple(pairs),
        left_out=tuple(left_out),
        orphans=frozenset(found).difference(*before),
        before=cohesion_of(found, before),
        after=cohesion_of(found, before | {(one.a, one.b) for one in pairs}),
        hidden=len(scene.sight.hidden),
        taught=taught is not None,
    )


def written_links(ledger: LinkLedger) -> dict[str, set[tuple[str, str]]]:
    """Return the paths and labels of the links that notemill wrote, by the note they are in."""
    ours: dict[str, set[tuple[str, str]]] = {}
    for side in ledger.sides():
        link = property_link(PROPERTY, side.text)
        if link is not None and side.state is not SideState.RELEASED:
            ours.setdefault(side.note, set()).add((link.path, link.label))
    return ours


def _owners(documents: Sequence[Document], ledger: LinkLedger) -> list[Document]:
    """Return the notes with their owner's links only, without those that notemill wrote."""
    ours = written_links(ledger)
    return [
        replace(one, links=tuple(link for link in one.links if link not in ours[one.key]))
        if one.key in ours
        else one
        for one in documents
    ]


def _chosen(ranked: Sequence[Candidate], ledger: LinkLedger, *, top: int) -> Iterator[Candidate]:
    """Yield the undecided candidates that leave every note with at most `top` links of ours."""
    decided = {frozenset((one.a, one.b)) for one in ledger.pairs(states=DECIDED)}
    answered = (PairState.DECLINED, PairState.UNDECIDED)
    declined = {frozenset((one.a, one.b)): one for one in ledger.pairs(states=answered)}
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
    """Return why one of two notes cannot link to the other, '' if both can."""
    for key, source in ((one.a, one.b), (one.b, one.a)):
        if scene.link_to(key, source=source, form=Form.PROPERTY) is None:
            return f"no link can name {key}; rename it or the note with the same name"
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


def cohesion_of(keys: Iterable[str], pairs: Iterable[tuple[str, str]]) -> Cohesion:
    """Return how connected notes are by links, in either direction."""
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
    return Cohesion(len(root), len(root) - len(linked), components)
