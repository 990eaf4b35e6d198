"""Write pairs and repairs: every note once, both notes of a pair or neither."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from notemill.errors import (
    ExternallyChangedError,
    MalformedNoteError,
    NotemillError,
    NoteNotFoundError,
)
from notemill.markup.elements import property_links
from notemill.stores.pairs import NewSide, PairState, SideState
from notemill.vault.note import bytes_hash, parse, source_hash
from notemill.vault.related import (
    PROPERTY,
    Form,
    LinkChanges,
    closed_forms,
    edit_links,
    link_entries,
)
from notemill.workflows.links.upkeep import Mend, by_note, look_after

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from notemill.privacy import Sight
    from notemill.stores.links import LinkLedger
    from notemill.stores.pairs import Pair
    from notemill.vault.note import Note
    from notemill.workflows.links.scene import Scene
    from notemill.workflows.links.upkeep import Repair


_PLACES: Final = {
    Form.PROPERTY: f"written into the property {PROPERTY}",
    Form.SECTION: "written below the text",
}


@dataclass(frozen=True, slots=True)
class LinksWritten:
    """The outcome of writing links.

    `notes` were written; `pairs` are linked in both their notes now. `problems` are (note, why) of
    changes that were not written and stay pending; `conflicts` are (a, b, why) of pairs whose notes
    have changed since they were read. `halves` are linked in one note only: the next run completes
    them. `elsewhere` are (note, other, why) of links that were written in another place than
    planned. `is_whole` if everything was written, also into notes that are not shown.
    """

    notes: tuple[str, ...]
    pairs: tuple[Pair, ...]
    problems: tuple[tuple[str, str], ...]
    conflicts: tuple[tuple[str, str, str], ...]
    halves: tuple[tuple[str, str], ...]
    elsewhere: tuple[tuple[str, str, str], ...] = ()
    is_whole: bool = True

    def shown(self, sight: Sight) -> LinksWritten:
        """Return this without anything that names a hidden note."""
        shows = sight.shows
        return LinksWritten(
            notes=tuple(filter(shows, self.notes)),
            pairs=tuple(one for one in self.pairs if shows(one.a) and shows(one.b)),
            problems=tuple(one for one in self.problems if shows(one[0])),
            conflicts=tuple(one for one in self.conflicts if shows(one[0]) and shows(one[1])),
            halves=tuple(one for one in self.halves if all(map(shows, one))),
            elsewhere=tuple(one for one in self.elsewhere if shows(one[0]) and shows(one[1])),
            is_whole=self.is_whole,
        )


@dataclass(slots=True)
class NotePlan:
    """The changes to write into one note; `pairs` are the new ones among them."""

    key: str
    pairs: list[Pair] = field(default_factory=list)
    repairs: list[Repair] = field(default_factory=list)
    add: list[NewSide] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left to write."""
        return not (self.add or self.repairs)

    def without(self, pairs: set[int]) -> None:
        """Drop new pairs from the plan."""
        self.pairs = [one for one in self.pairs if one.id not in pairs]
        self.add = [one for one in self.add if one.pair not in pairs]

    def edited(self, raw: bytes) -> bytes:
        """Return the note's bytes with all changes made. Raises MalformedNoteError."""
        mends = [(one, one.side) for one in self.repairs if one.side is not None]
        changes = LinkChanges(
            add=self._texts(Form.PROPERTY),
            remove=tuple(side.text for one, side in mends if not one.keeps_place),
            replace=tuple((side.text, one.text) for one, side in mends if one.keeps_place),
            keep_empty=any(side.had for _, side in mends),
        )
        new = edit_links(raw, changes, Form.PROPERTY)
        return edit_links(new, LinkChanges(add=self._texts(Form.SECTION)), Form.SECTION)

    def _texts(self, form: Form) -> tuple[str, ...]:
        """Return the links to put into a place: new ones, and those moved from the other place."""
        new = [(one.text, one.form) for one in self.add if not one.released]
        new += [
            (one.text, one.form)
            for one in self.repairs
            if one.mend is Mend.RETARGET and not one.keeps_place
        ]
        return tuple(text for text, place in new if place is form)


class LinkWriting:
    """The writing of pairs and repairs as one run."""

    def __init__(
        self,
        scene: Scene,
        ledger: LinkLedger,
        run: str,
        form: Form,
        *,
        now: Callable[[], float],
    ) -> None:
        """Write into the notes of `scene`, new links in `form`."""
        self._scene = scene
        self._ledger = ledger
        self._run = run
        self._form = form
        self._now = now
        self._plans: dict[str, NotePlan] = {}
        self._pairs: dict[int, Pair] = {}
        self._problems: dict[str, str] = {}
        self._conflicts: dict[int, str] = {}
        self._elsewhere: dict[str, list[tuple[str, str]]] = {}
        self._written: list[str] = []
        self._halves: tuple[tuple[str, str], ...] = ()
        self._sides = by_note(one for one in ledger.sides() if one.state is not SideState.INTENDED)

    def plan(self, pairs: Iterable[Pair], repairs: Iterable[Repair]) -> Sequence[NotePlan]:
        """Plan the changes note by note; leave out and explain those that cannot be written."""
        for repair in repairs:
            self._plan_of(repair.note).repairs.append(repair)
        for pair in pairs:
            self._pairs[pair.id] = pair
            for key in (pair.a, pair.b):
                self._plan_of(key).pairs.append(pair)
        failed: set[int] = set()
        for plan in self._plans.values():
            failed |= self._checked(plan)
        for plan in self._plans.values():
            plan.without(failed)
        return self._not_empty()

    def _not_empty(self) -> list[NotePlan]:
        return [plan for _, plan in sorted(self._plans.items()) if not plan.is_empty]

    def _plan_of(self, key: str) -> NotePlan:
        return self._plans.setdefault(key, NotePlan(key))

    def _checked(self, plan: NotePlan) -> set[int]:
        """Fill in a note's links; return the pairs that this note keeps from being written."""
        try:
            raw = self._scene.vault.read(plan.key)
            note, _ = parse(raw)
            failed = self._changed(plan, note)
            plan.without(failed)
            return failed | self._fitted(plan, note)
        except NoteNotFoundError as error:
            if why := self._scene.away.get(plan.key):
                # Its pairs stay pending.
                self._problems[plan.key] = f"it is missing: {why}"
                plan.repairs, plan.add = [], []
                return {one.id for one in plan.pairs}
            self._conflicts |= {one.id: str(error) for one in plan.pairs}
            return {one.id for one in plan.pairs}
        except NotemillError as error:
            self._problems[plan.key] = str(error)
            plan.repairs, plan.add = [], []
            return {one.id for one in plan.pairs}

    def _fitted(self, plan: NotePlan, note: Note) -> set[int]:
        """Fill in a note's links, each in a possible place; return the pairs without one.

        Raises MalformedNoteError if the note cannot be edited at all.
        """
        closed: dict[Form, str] = {}
        wanted = len(plan.repairs)
        plan.add, nowhere = self._new_sides(plan, note, closed)
        try:
            plan.edited(note.raw)
        except MalformedNoteError:
            closed = closed_forms(note.raw)
            plan.repairs = [one for one in plan.repairs if not one.moves_to(closed)]
            plan.add, nowhere = self._new_sides(plan, note, closed)
            plan.edited(note.raw)
        if nowhere or len(plan.repairs) < wanted:
            self._problems[plan.key] = (
                "; ".join(closed.values()) or "no link can name the other note"
            )
        return nowhere

    def _changed(self, plan: NotePlan, note: Note) -> set[int]:
        """Return the pairs that were found in another version of a note."""
        source = source_hash(note)
        if hidden := self._scene.privacy.why_not_now(plan.key, note.raw):
            why = f"{plan.key} is now left alone: {hidden}"
            failed = {one.id for one in plan.pairs}
            plan.repairs = []
        else:
            why = f"{plan.key} was edited since it was read; run `notemill link` again"
            failed = {one.id for one in plan.pairs if one.source_of(plan.key) != source}
        self._conflicts |= dict.fromkeys(failed, why)
        return failed

    def _new_sides(
        self, plan: NotePlan, note: Note, closed: Mapping[Form, str]
    ) -> tuple[list[NewSide], set[int]]:
        """Return the links to write into a note, and the pairs without a place.

        A link that its owner has written meanwhile is not ours. `closed` are the places that cannot
        take a link, and why.
        """
        standing = self._sides.get(plan.key, [])
        mine = [one for one in standing if one.form is Form.PROPERTY]
        had = mine[0].had if mine else note.entry(PROPERTY) is not None
        owners = self._owners(plan.key, note)
        wanted = [(one.id, one.other(plan.key), self._form) for one in plan.pairs]
        adds = [one for one in plan.repairs if one.mend is Mend.ADD]
        wanted += [(one.pair, one.other, one.form) for one in adds]
        found: list[NewSide] = []
        nowhere: set[int] = set()
        self._elsewhere.pop(plan.key, None)
        # In the order in which the pairs were found.
        for pair, other, form in sorted(wanted):
            if any(side.pair == pair for side in standing):
                continue
            if other in owners:
                found.append(NewSide(pair, plan.key, form, owners[other], had, released=True))
            elif link := self._scene.link_to(other, source=plan.key, form=form, closed=closed):
                text, place = link
                found.append(NewSide(pair, plan.key, place, text, had))
                if place is not form:
                    why = closed.get(form) or f"no link in a property can name {other}"
                    told = self._elsewhere.setdefault(plan.key, [])
                    told.append((other, f"{_PLACES[place]}: {why}"))
            else:
                nowhere.add(pair)
        return found, nowhere

    def _owners(self, key: str, note: Note) -> dict[str | None, str]:
        """Return the notes that the owner's own entries link to, with the entries."""
        resolve = self._scene.names.resolve
        found = [
            (link.path, text)
            for text in note.list_of(PROPERTY)
            for link in property_links(PROPERTY, text)
        ]
        found += [(one.link.path, one.text) for one in link_entries(note)]
        return {resolve(path, source=key): text for path, text in found}

    def write(self) -> Iterator[str]:
        """Write the plan, and yield each note as it is written.

        The changes are durable in the ledger before a note is touched: whatever interrupts this,
        the next look finds the actual state. Once all are yielded, `written` has the full outcome.
        """
        plans = self._not_empty()
        # Held until all is written: otherwise another process's upkeep would take links that are
        # not written yet for the remains of a crash.
        with self._scene.vault.lock():
            self._begin(plans)
            try:
                for plan in plans:
                    if self._write_note(plan):
                        self._written.append(plan.key)
                        yield plan.key
            finally:
                left = look_after(self._scene, self._ledger, now=self._now())
                self._keep_accepted()
                self._halves = tuple((one.note, one.other) for one in left.repairs)
        self._ledger.decide_each(
            [(number, PairState.CONFLICT, why) for number, why in self._conflicts.items()],
            now=self._now(),
        )

    @property
    def written(self) -> LinksWritten:
        """The full outcome."""
        standing = self._ledger.pairs(states=[PairState.WRITTEN])
        return LinksWritten(
            notes=tuple(self._written),
            pairs=tuple(one for one in standing if one.id in self._pairs),
            problems=tuple(self._problems.items()),
            conflicts=tuple(
                (self._pairs[number].a, self._pairs[number].b, why)
                for number, why in self._conflicts.items()
            ),
            halves=self._halves,
            elsewhere=tuple(
                (key, *one) for key in self._written for one in self._elsewhere.get(key, ())
            ),
            is_whole=not (self._problems or self._conflicts),
        )

    def _keep_accepted(self) -> None:
        """Keep pairs accepted if nothing of them could be written: nobody has to decide again."""
        accepted = {one.id for one in self._pairs.values() if one.state is PairState.ACCEPTED}
        if accepted:
            waiting = self._ledger.pairs(states=[PairState.PROPOSED])
            back = [(one.id, PairState.ACCEPTED, "") for one in waiting if one.id in accepted]
            self._ledger.decide_each(back, now=self._now())

    def _begin(self, plans: Sequence[NotePlan]) -> None:
        repairs = [(one, one.side) for plan in plans for one in plan.repairs if one.side]
        rejected = self._ledger.begin(
            self._run,
            add=[side for plan in plans for side in plan.add],
            remove=[side for one, side in repairs if one.mend is Mend.REMOVE],
            move=[(side, one.text, one.form) for one, side in repairs if one.mend is Mend.RETARGET],
            now=self._now(),
        )
        for plan in plans:
            plan.without(rejected)

    def _write_note(self, plan: NotePlan) -> bool:
        """Write a note; return whether it was written, and record the problem if not."""
        try:
            raw = self._scene.vault.read(plan.key)
            note, _ = parse(raw)
            if self._changed(plan, note):
                raise ExternallyChangedError(
                    f"{plan.key} was edited while links were written and was left alone"
                )
            new = plan.edited(raw)
            if new != raw:
                self._scene.vault.write(plan.key, new, expected=bytes_hash(raw), run=self._run)
        except NotemillError as error:
            self._problems[plan.key] = str(error)
            return False
        return new != raw
