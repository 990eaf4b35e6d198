"""A vocabulary without a note follows a change of tags, and goes back when that is undone."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from notemill.markup.tags import tag_key
from notemill.stores.proposals import HERE, ProposalKind, ProposalState, value_key
from notemill.stores.schema import vocabulary_row
from notemill.stores.vocabulary import SPELLINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from notemill.stores.store import Store

_KIND: Final = ProposalKind.VOCABULARY_TAG
_LIVE: Final = (ProposalState.PENDING, ProposalState.ACCEPTED, ProposalState.APPLIED)


@dataclass(frozen=True, slots=True)
class _Row:
    """A tag of the vocabulary: its row, its other spellings, and what it is for."""

    id: int
    tag: str
    aliases: tuple[str, ...]
    why: str
    state: ProposalState

    @property
    def said(self) -> str:
        """What of it a change of tags may change, as JSON."""
        return json.dumps([self.tag, self.aliases, self.why, self.state])

    @classmethod
    def read(cls, number: int, said: str) -> _Row:
        """Return the row that `said` was told of."""
        tag, aliases, why, state = vocabulary_row(said)
        return cls(number, tag, aliases, why, state)


class Renaming:
    """Changes of tags, carried out in the vocabulary of one vault that no note holds."""

    def __init__(self, store: Store) -> None:
        """Change the vocabulary in `store`."""
        self._store = store

    def changing(self, becomes: Callable[[str], str | None]) -> dict[str, str | None]:
        """Return the tags that a change would change, and what they become, None for nothing."""
        found = {one.tag: becomes(one.tag) for one in self._rows()}
        return {tag: new for tag, new in found.items() if new != tag}

    def change(self, run: str, becomes: Mapping[str, str | None], *, now: float) -> None:
        """Rename, merge and reject tags as the notes' own tags change, as part of `run`.

        An old name becomes another spelling of the new one: what was asked by it is filed there.
        """
        with self._store.transaction():
            before = {one.id: one for one in self._rows()}
            for one in _changed(list(before.values()), becomes):
                was = before[one.id]
                if one == was:
                    continue
                self._change(run, was, one, now=now)
                self._known_as(was.tag, one.tag)

    def spell(self, run: str, spellings: Mapping[str, str], *, now: float) -> None:
        """Add other spellings, each to the tag that it stands for, as part of `run`."""
        added: dict[str, list[str]] = {}
        for name, tag in spellings.items():
            added.setdefault(tag_key(tag), []).append(name)
        with self._store.transaction():
            rows = {tag_key(one.tag): one for one in self._rows(ProposalState.APPLIED)}
            for key in added.keys() & rows.keys():
                was, names = rows[key], added[key]
                one = replace(was, aliases=(*was.aliases, *names))
                one = replace(one, aliases=_spellings(one, rows))
                if one != was:
                    self._change(run, was, one, now=now)

    def _change(self, run: str, was: _Row, one: _Row, *, now: float) -> None:
        """Write a row as it is now, and what it was."""
        self._put(one, now=now)
        self._store.db.execute(
            "INSERT INTO vocabulary_changes VALUES (?,?,?,?,0,?)"
            " ON CONFLICT DO UPDATE SET becomes = excluded.becomes",
            (run, one.id, was.said, one.said, now),
        )

    def take_back(self, run: str, *, now: float) -> int:
        """Undo what a run changed, except what was changed again since; return how many tags."""
        count = 0
        with self._store.transaction() as db:
            now_there = {one.id: one for one in self._rows(*ProposalState)}
            changes = self._store.rows(
                "SELECT proposal, was, becomes FROM vocabulary_changes WHERE run = ? AND NOT undone",
                run,
            )
            for number, was, made in changes:
                before, after = _Row.read(number, was), _Row.read(number, made)
                if now_there.get(number) == after:
                    self._put(before, now=now)
                    self._known_as(after.tag, before.tag)
                    count += 1
            db.execute("UPDATE vocabulary_changes SET undone = 1 WHERE run = ?", (run,))
        return count

    def standing(self) -> dict[str, tuple[float, Counter[str]]]:
        """Return the runs that changed it, since when, and how many changes stand or are undone."""
        rows = self._store.rows(
            "SELECT run, undone, count(*), min(at) FROM vocabulary_changes GROUP BY run, undone"
        )
        found: dict[str, tuple[float, Counter[str]]] = {}
        for run, undone, count, at in rows:
            state = ProposalState.UNDONE if undone else ProposalState.APPLIED
            found.setdefault(str(run), (float(at), Counter()))[1][state] += int(count)
        return found

    def forget(self, run: str) -> None:
        """Delete what a run changed, and what was changed of tags that are deleted."""
        with self._store.erasing() as db:
            db.execute(
                "DELETE FROM vocabulary_changes"
                " WHERE run = ? OR proposal NOT IN (SELECT id FROM proposals)",
                (run,),
            )

    def _rows(self, *states: ProposalState) -> Iterator[_Row]:
        rows = self._store.rows(
            "SELECT id, value, replaces, why, state FROM proposals WHERE kind = ?"
            " AND state IN (SELECT value FROM json_each(?)) ORDER BY id",
            _KIND,
            json.dumps(states or _LIVE),
        )
        for number, tag, aliases, why, state in rows:
            spellings = tuple(filter(None, str(aliases).split(SPELLINGS)))
            yield _Row(int(number), str(tag), spellings, str(why), ProposalState(state))

    def _put(self, one: _Row, *, now: float) -> None:
        rejected = one.state is ProposalState.REJECTED
        self._store.db.execute(
            "UPDATE proposals SET value = ?, value_key = ?, replaces = ?, why = ?, state = ?,"
            " scope = ?, decided_at = iif(state = ?5, decided_at, ?) WHERE id = ?",
            (one.tag, value_key(_KIND, one.tag), SPELLINGS.join(one.aliases), one.why, one.state,
             HERE if rejected else "", now, one.id),
        )  # fmt: skip

    def _known_as(self, tag: str, new: str) -> None:
        """Let a renamed tag be known since when it was known: no note is asked about again."""
        self._store.db.execute(
            "INSERT OR IGNORE INTO vocabulary_tags"
            " SELECT ?, since FROM vocabulary_tags WHERE tag_key = ?",
            (tag_key(new), tag_key(tag)),
        )


def _changed(rows: Sequence[_Row], becomes: Mapping[str, str | None]) -> list[_Row]:
    """Return rows as a change of tags makes them: of equal ones, that which had the name stays."""
    found: dict[str, _Row] = {}
    gone: list[_Row] = []
    for one in sorted(rows, key=lambda row: row.tag in becomes):
        new = becomes.get(one.tag, one.tag)
        if new is None:
            gone.append(one)
        elif (there := found.get(tag_key(new))) is not None:
            spellings = (*there.aliases, one.tag, *one.aliases)
            found[tag_key(new)] = replace(there, aliases=spellings, why=there.why or one.why)
            gone.append(one)
        elif new != one.tag:
            found[tag_key(new)] = replace(one, tag=new, aliases=(*one.aliases, one.tag))
        else:
            found[tag_key(new)] = one
    return [
        *(replace(one, aliases=_spellings(one, found)) for one in found.values()),
        *(replace(one, state=ProposalState.REJECTED) for one in gone),
    ]


def _spellings(one: _Row, tags: Collection[str]) -> tuple[str, ...]:
    """Return the spellings of a row that are none of the `tags`, by their keys; each once."""
    named = {key: name for name in one.aliases if (key := tag_key(name)) not in tags}
    return tuple(named.values())
