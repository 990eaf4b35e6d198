"""Take over links that are in both notes of a pair but unknown to the ledger.

Notemill wrote them on another computer, whose ledger is not here. A link in only one of the notes
is ignored: otherwise the writer of that note would decide for the other one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from notemill.markup.elements import property_link
from notemill.stores.pairs import TAKEN_OVER, NewPair, NewSide
from notemill.vault.related import PROPERTY, Form, link_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from notemill.index import NoteFacts
    from notemill.stores.links import LinkLedger
    from notemill.stores.pairs import Pair
    from notemill.workflows.links.scene import Scene

Entries = dict[str, tuple[Form, str]]
"""The entry by which a note links to each of its related notes."""


def take_over(scene: Scene, ledger: LinkLedger, pairs: Mapping[int, Pair], *, now: float) -> int:
    """Take over pairs that are linked in both notes and not in `pairs`; return their number.

    The list below a note's text is notemill's. The property may be its owner's: it counts only
    while the ledger has no pairs at all, and if it reads exactly as notemill writes it.
    """
    found = _Standing(scene, with_property=not pairs)
    known = {(one.a, one.b) for one in pairs.values()}
    looked_at = ledger.looked_at()
    taken: list[tuple[NewPair, NewSide, NewSide]] = []
    for one in scene.facts.values():
        if looked_at.get(one.key) == one.bytes_hash:
            continue
        for pair in found.pairs_of(one):
            ends = (pair[0].a, pair[0].b)
            if ends not in known:
                known.add(ends)
                taken.append(pair)
    if taken:
        ledger.take_in(taken, run=TAKEN_OVER, now=now)
    return len(taken)


class _Standing:
    """The links in the notes of a vault."""

    def __init__(self, scene: Scene, *, with_property: bool) -> None:
        self._scene = scene
        self._with_property = with_property
        self._entries: dict[str, Entries] = {}

    def pairs_of(self, one: NoteFacts) -> Iterator[tuple[NewPair, NewSide, NewSide]]:
        """Yield a note's pairs whose other note links back, with both sides."""
        for other in self._entries_of(one):
            back = self._scene.facts.get(other)
            if back is None or one.key not in self._entries_of(back):
                continue
            a, b = sorted((one, back), key=lambda facts: facts.key)
            pair = NewPair(a.key, b.key, 0.0, {}, a.source_hash, b.source_hash)
            yield pair, self._side(a.key, b.key), self._side(b.key, a.key)

    def _side(self, key: str, other: str) -> NewSide:
        form, text = self._entries[key][other]
        return NewSide(0, key, form, text, had=True)

    def _entries_of(self, one: NoteFacts) -> Entries:
        if one.key not in self._entries:
            self._entries[one.key] = self._read(one) if self._may_be_read(one) else {}
        return self._entries[one.key]

    def _may_be_read(self, one: NoteFacts) -> bool:
        wanted = one.listed or (self._with_property and one.related)
        return bool(wanted) and not one.problem and self._scene.sight.shows(one.key)

    def _read(self, one: NoteFacts) -> Entries:
        scene = self._scene
        found: Entries = {}
        for form, texts in ((Form.SECTION, one.listed), (Form.PROPERTY, one.related)):
            if form is Form.PROPERTY and not self._with_property:
                continue
            for text in texts:
                link = property_link(PROPERTY, text)
                if link is None or link.subpath:
                    continue
                other = scene.names.resolve(link.path, source=one.key)
                if other is None or other == one.key or other in found:
                    continue
                ours = form is Form.SECTION or text == link_text(
                    scene.names, other, source=one.key, form=form, style=scene.style
                )
                if ours:
                    found[other] = (form, text)
        return found
