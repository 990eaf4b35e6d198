"""Compare the links that notemill wrote with the current notes: renames, removals, halves.

A person who removes a link rejects its pair. A link that a crash or an undo left on one side only
is completed or removed. Nothing is written to notes here: changes are returned as repairs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from notemill.errors import NotemillError
from notemill.markup.elements import LinkKind, property_link
from notemill.stores.pairs import WANTED, PairState, SideState
from notemill.vault.note import bytes_hash, links, parse
from notemill.vault.related import PROPERTY, Form, link_entries
from notemill.workflows.links.taking_over import take_over

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from notemill.privacy import Sight
    from notemill.stores.links import LinkLedger
    from notemill.stores.pairs import Pair, Side
    from notemill.vault.related import LinkEntry
    from notemill.workflows.links.scene import Scene


class Mend(StrEnum):
    """What a repair does to a note."""

    ADD = "add"
    REMOVE = "remove"
    RETARGET = "retarget"


@dataclass(frozen=True, slots=True)
class Repair:
    """A change to make in `note`, and why; `side` is the link there, None if it is missing.

    `form` is the place for `text`, which may differ from the link's present place.
    """

    mend: Mend
    note: str
    other: str
    text: str
    why: str
    pair: int
    side: Side | None
    form: Form

    @property
    def keeps_place(self) -> bool:
        """Whether `text` replaces the link in its place."""
        return self.mend is Mend.RETARGET and self.side is not None and self.form is self.side.form

    def moves_to(self, forms: Collection[Form]) -> bool:
        """Return whether the link is to move to one of these places."""
        return self.mend is Mend.RETARGET and not self.keeps_place and self.form in forms


@dataclass(frozen=True, slots=True)
class Upkeep:
    """What was found: renamed notes, pairs that a person removed, and repairs.

    `rejected` are (note, other): the link to `other` was removed from `note`; `away` are notes with
    links that are not here now, and why; `taken_over` counts pairs written by another computer.
    """

    renamed: Mapping[str, str]
    rejected: tuple[tuple[str, str], ...]
    repairs: tuple[Repair, ...]
    away: Mapping[str, str]
    taken_over: int = 0

    def shown(self, sight: Sight) -> Upkeep:
        """Return this without anything that names a hidden note."""
        shows = sight.shows
        return Upkeep(
            {old: new for old, new in self.renamed.items() if shows(old) and shows(new)},
            tuple(one for one in self.rejected if all(map(shows, one))),
            tuple(one for one in self.repairs if shows(one.note) and shows(one.other)),
            {key: why for key, why in self.away.items() if shows(key)},
            self.taken_over,
        )


def look_after(scene: Scene, ledger: LinkLedger, *, now: float) -> Upkeep:
    """Bring the ledger in line with the notes, and return the repairs to write.

    Raises VaultError.
    """
    pairs = _by_id(ledger)
    if taken_over := take_over(scene, ledger, pairs, now=now):
        pairs = _by_id(ledger)
    forms = ledger.forms()
    looked_at = ledger.looked_at()
    unseen = frozenset(key for key, hashed in looked_at.items() if not hashed)
    look = _Look(scene, pairs, forms, unseen)
    for key, sides in by_note(ledger.sides()).items():
        facts = scene.facts.get(key)
        if facts and facts.bytes_hash == looked_at[key] and _are_settled(sides):
            look.leave(sides)
        else:
            look.at(key, sides)
    repairs = look.pairs()
    ledger.settle(look.standing, look.gone, look.decided, now=now)
    # The index may be older than this look: what counts is the bytes the links were searched in.
    ledger.seen(
        (one.key, one.source_hash, look.hashes.get(one.key, one.bytes_hash))
        for one in scene.facts.values()
        if one.source_hash
    )
    ledger.lose_sight_of(key for key, hashed in look.hashes.items() if not hashed)
    return Upkeep(scene.renamed, tuple(look.rejected), tuple(repairs), look.away, taken_over)


def _by_id(ledger: LinkLedger) -> dict[int, Pair]:
    return {pair.id: pair for pair in ledger.pairs()}


def by_note(sides: Iterable[Side]) -> dict[str, list[Side]]:
    """Return links by the note that contains them."""
    found: dict[str, list[Side]] = {}
    for side in sides:
        found.setdefault(side.note, []).append(side)
    return found


def _are_settled(sides: Iterable[Side]) -> bool:
    """Return whether links stay as they were found while their note's bytes are unchanged."""
    return all(side.state in (SideState.WRITTEN, SideState.RELEASED) for side in sides)


class _Look:
    """One look at all written links."""

    def __init__(
        self,
        scene: Scene,
        pairs: Mapping[int, Pair],
        forms: Mapping[str, Form],
        unseen: Collection[str],
    ) -> None:
        """Take the forms of the runs; `unseen` are the notes that could not be read last time."""
        self._scene = scene
        self._pairs = pairs
        self._forms = forms
        self._unseen = unseen
        self._sides: dict[int, list[Side]] = {}
        self.standing: list[tuple[Side, Side]] = []
        self.gone: list[Side] = []
        self.decided: list[tuple[int, PairState, str]] = []
        self.rejected: list[tuple[str, str]] = []
        self.away: dict[str, str] = {}
        self.hashes: dict[str, str] = {}
        """Hashes of all bytes of the notes whose links were checked, '' if they could not be."""
        self._states = {number: pair.state for number, pair in pairs.items()}
        self._because: dict[int, str] = {}

    def at(self, key: str, sides: list[Side]) -> None:
        """Check one note's links."""
        facts = self._scene.facts.get(key)
        if facts is None and self._scene.is_gone(key):
            # They are nowhere now, but are recognised if the note comes back.
            return
        found = None if facts is None or facts.problem else self._found(key)
        if facts is not None and facts.size == 0 and _are_settled(sides):
            self.away[key] = "its file is empty; it may be synchronising"
            found = None
        if found is None:
            # An unreadable note tells nothing: its links stay as known, to be checked again.
            self.hashes[key] = ""
            self.leave(sides)
            return
        entries, linked = found
        for side in sides:
            self._settle(side, self._standing(side, entries), linked)

    def leave(self, sides: Iterable[Side]) -> None:
        """Leave links in their known state."""
        for side in sides:
            self._sides.setdefault(side.pair, []).append(side)

    def _found(self, key: str) -> tuple[list[tuple[LinkEntry, str | None]], set[str]] | None:
        """Return a note's entries with their targets, and the notes that it links to elsewhere."""
        try:
            raw = self._scene.vault.read(key)
        except NotemillError:
            return None
        self.hashes[key] = bytes_hash(raw)
        note, _ = parse(raw)
        resolve = self._scene.names.resolve
        standing = link_entries(note)
        entries = [(one, resolve(one.link.path, source=key)) for one in standing]
        texts = [one.link.path for one in standing]
        linked: set[str] = set()
        for link in links(note):
            if link.path in texts:
                texts.remove(link.path)
            elif (other := resolve(link.path, source=key)) is not None:
                linked.add(other)
        return entries, linked

    def _standing(
        self, side: Side, entries: list[tuple[LinkEntry, str | None]]
    ) -> LinkEntry | None:
        """Return the entry that is a side's link, or None; each entry counts once."""
        for wanted in (side.text, side.before):
            for entry in entries:
                if wanted and entry[0].text == wanted:
                    entries.remove(entry)
                    return entry[0]
        for entry in entries:
            # An editor that renames notes retargets the links to them.
            if entry[1] == side.other:
                entries.remove(entry)
                return entry[0]
        return None

    def _settle(self, side: Side, entry: LinkEntry | None, linked: set[str]) -> None:
        pair = self._pairs[side.pair]
        if entry is not None:
            released = side.state is SideState.RELEASED
            state = SideState.RELEASED if released else SideState.WRITTEN
            self._stands(replace(side, state=state, text=entry.text, form=entry.form), side)
        elif side.other in linked and side.state in (SideState.WRITTEN, SideState.RELEASED):
            self._stands(replace(side, state=SideState.RELEASED), side)
        else:
            self.gone.append(side)
            if pair.state not in WANTED:
                return
            if side.state is SideState.UNDOING:
                self._decide(side.pair, PairState.UNDONE, "it was undone")
            elif (
                side.state in (SideState.WRITTEN, SideState.RELEASED)
                and not self._scene.is_gone(side.other)
                # A note that came back may be older than the link: nobody has removed it.
                and side.note not in self._unseen
            ):
                self._decide(side.pair, PairState.REJECTED, f"you removed it from {side.note}")
                self.rejected.append((side.note, side.other))

    def _stands(self, now: Side, before: Side) -> None:
        self._sides.setdefault(now.pair, []).append(now)
        if now != before:
            self.standing.append((before, now))

    def _decide(self, pair: int, state: PairState, because: str) -> None:
        self._states[pair] = state
        self._because[pair] = because
        self.decided.append((pair, state, because))

    # -- pairs --------------------------------------------------------------------------------

    def pairs(self) -> list[Repair]:
        """Return the repairs after which every pair is linked in both notes, or in none."""
        found: list[Repair] = []
        for number, pair in self._pairs.items():
            sides = self._sides.get(number, [])
            state = self._states[number]
            gone = [key for key in (pair.a, pair.b) if self._scene.is_gone(key)]
            if state is PairState.GONE and sides and not gone:
                state = PairState.WRITTEN
                self._decide(number, state, "")
            if gone and state in WANTED:
                self._decide(number, PairState.GONE, f"{gone[0]} is gone")
                found += self._removals(sides, f"{gone[0]} is gone")
            elif state in WANTED and not all(map(self._scene.sight.shows, (pair.a, pair.b))):
                # Written links stay; a hidden note's name is not written anywhere new.
                continue
            elif state in WANTED:
                found += self._kept(pair, sides, state)
                away = self._scene.away
                self.away |= {key: away[key] for key in (pair.a, pair.b) if key in away}
            elif state not in (PairState.PROPOSED, PairState.ACCEPTED, PairState.ASKED):
                why = self._because.get(number) or pair.because or "its run was undone"
                found += self._removals(sides, why)
        return found

    def _removals(self, sides: Iterable[Side], why: str) -> Iterator[Repair]:
        for side in sides:
            if side.may_go and self._may_write(side.note):
                yield Repair(
                    Mend.REMOVE, side.note, side.other, side.text, why, side.pair, side,
                    side.form,
                )  # fmt: skip

    def _kept(self, pair: Pair, sides: list[Side], state: PairState) -> Iterator[Repair]:
        lacking = {pair.a, pair.b} - {side.note for side in sides}
        if not sides:
            back = PairState.PROPOSED if state is PairState.WRITING else PairState.UNDONE
            self._decide(pair.id, back, "nothing of it was written")
            return
        if not lacking and state is PairState.WRITING:
            self._decide(pair.id, PairState.WRITTEN, "")
        for key in sorted(lacking):
            wanted = self._forms.get(sides[0].run, sides[0].form)
            link = self._scene.link_to(pair.other(key), source=key, form=wanted)
            if link is not None and self._may_write(key):
                why = "only the other side was written"
                yield Repair(Mend.ADD, key, pair.other(key), link[0], why, pair.id, None, wanted)
        for side in sides:
            yield from self._retargeted(side)

    def _retargeted(self, side: Side) -> Iterator[Repair]:
        """Yield the repair that points a link to its note's new path."""
        if side.state is SideState.RELEASED or not self._may_write(side.note):
            return
        link = property_link(PROPERTY, side.text)
        meant = None if link is None else self._scene.names.resolve(link.path, source=side.note)
        text_alone = (
            side.form is Form.PROPERTY and link is not None and link.kind is LinkKind.MARKDOWN
        )
        if meant == side.other and not text_alone:
            return
        new = self._scene.link_to(side.other, source=side.note, form=side.form)
        if new is not None and new[0] != side.text:
            why = f"it now leads to {meant}" if meant else f"the note is now {side.other}"
            if meant == side.other:
                why = "Obsidian does not recognise a Markdown link in a property"
            yield Repair(Mend.RETARGET, side.note, side.other, new[0], why, side.pair, side, new[1])

    def _may_write(self, key: str) -> bool:
        facts = self._scene.facts.get(key)
        return facts is not None and key not in self.away and not self._scene.why_not(facts)
