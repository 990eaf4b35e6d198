"""The link ledger: every proposed pair of notes, its outcome, and the links written for it.

Kept outside the vault; this is primary data, not a cache. Pairs are of notes, not of paths: a
renamed note keeps its links and its rejections.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from notemill.stores.link_rows import PAIRS, SIDES, pair_of, run_of, side_of
from notemill.stores.pairs import (
    DECIDED,
    KEPT,
    REJECTED_BY_YOU,
    LinkRun,
    Pair,
    PairState,
    Presence,
    Side,
    SideState,
)
from notemill.stores.queue_rows import OF_PAIRS
from notemill.vault.related import Form

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from notemill.stores.pairs import NewPair, NewSide
    from notemill.stores.store import Store


class LinkLedger:
    """All pairs of one vault."""

    def __init__(self, store: Store) -> None:
        """Keep them in `store`."""
        self._store = store

    # -- notes --------------------------------------------------------------------------------

    def notes(self) -> dict[str, str]:
        """Return the source hash under which each note of a pair was last seen."""
        return dict(self._store.rows("SELECT key, source_hash FROM link_notes ORDER BY key"))

    def looked_at(self) -> dict[str, str]:
        """Return the hash of all of each note's bytes when its links were last checked."""
        return dict(self._store.rows("SELECT key, bytes_hash FROM link_notes"))

    def seen(self, hashes: Iterable[tuple[str, str, str]]) -> None:
        """Record the current state of known notes: (key, source hash, hash of all bytes)."""
        with self._store.transaction() as db:
            db.executemany(
                "UPDATE link_notes SET source_hash = ?2, bytes_hash = ?3 WHERE key = ?1"
                " AND (source_hash != ?2 OR bytes_hash != ?3)",
                hashes,
            )

    def lose_sight_of(self, keys: Iterable[str]) -> None:
        """Record that notes could not be read: links missing later do not count as removed."""
        with self._store.transaction() as db:
            db.executemany(
                "UPDATE link_notes SET bytes_hash = '' WHERE key = ? AND bytes_hash != ''",
                [(key,) for key in keys],
            )

    def look(self, keys: Collection[str]) -> Presence:
        """Record which notes exist now; return since which look each exists or has been missing.

        Looks are numbered; a look in which no note came or went shares the number of the next one.
        """
        rows = self._store.rows("SELECT key, since, missing FROM notes_present")
        before = {key: (since, missing) for key, since, missing in rows}
        number = max((max(since, missing or 0) for _, since, missing in rows), default=-1) + 1
        ours = self.notes()
        now: dict[str, tuple[int, int | None]] = {}
        for key in keys:
            since, missing = before.get(key, (number, None))
            now[key] = (since if missing is None else number, None)
        for key in ours.keys() - now.keys():
            since, missing = before.get(key, (0, None))
            now[key] = (since, number if missing is None else missing)
        changed = [(key, *now[key]) for key in now if before.get(key) != now[key]]
        gone = [(key,) for key in before.keys() - now.keys()]
        if changed or gone:
            with self._store.transaction() as db:
                db.executemany("DELETE FROM notes_present WHERE key = ?", gone)
                db.executemany("INSERT OR REPLACE INTO notes_present VALUES (?,?,?)", changed)
        return Presence(
            number,
            {key: since for key, (since, missing) in now.items() if missing is None},
            {key: missing for key, (_, missing) in now.items() if missing is not None},
        )

    def rename(self, new_of: Mapping[str, str]) -> None:
        """Give each note its new key; notes may swap keys."""
        with self._store.transaction() as db:
            ids = {
                old: db.execute("SELECT id FROM link_notes WHERE key = ?", (old,)).fetchone()[0]
                for old in new_of
            }
            # No key begins with a slash, so these cannot collide with one.
            for old, number in ids.items():
                db.execute("UPDATE link_notes SET key = ? WHERE id = ?", (f"/{old}", number))
            for old, new in new_of.items():
                db.execute(
                    "UPDATE link_notes SET key = ? || id WHERE key = ?", (f"/gone/{new}/", new)
                )
                db.execute("UPDATE link_notes SET key = ? WHERE id = ?", (new, ids[old]))

    def _note(self, key: str, source_hash: str) -> int:
        self._store.db.execute(
            "INSERT INTO link_notes (key, source_hash, bytes_hash) VALUES (?,?,'') ON CONFLICT (key)"
            " DO UPDATE SET source_hash = excluded.source_hash",
            (key, source_hash),
        )
        ((number,),) = self._store.rows("SELECT id FROM link_notes WHERE key = ?", key)
        return int(number)

    # -- pairs --------------------------------------------------------------------------------

    def pairs(
        self,
        *,
        run: str | None = None,
        states: Iterable[PairState] | None = None,
        notes: tuple[str, str] | None = None,
    ) -> list[Pair]:
        """Return pairs, most likely first: of a run, in given states, of two notes."""
        wanted = None if states is None else json.dumps(list(states))
        one, two = notes or (None, None)
        rows = self._store.rows(
            f"{PAIRS} WHERE run = coalesce(?1, run)"
            " AND (?2 IS NULL OR state IN (SELECT value FROM json_each(?2)))"
            " AND (?3 IS NULL OR (one.key = ?3 AND two.key = ?4) OR (one.key = ?4 AND two.key = ?3))"
            " ORDER BY score DESC, one.key, two.key",
            run,
            wanted,
            one,
            two,
        )
        return self._store.read_each(rows, pair_of, lambda row: f"proposal {OF_PAIRS}{row[0]}")

    def to_write(self, run: str | None = None) -> list[Pair]:
        """Return a run's proposed and accepted pairs; without a run, all accepted ones."""
        states = [PairState.ACCEPTED] if run is None else [PairState.PROPOSED, PairState.ACCEPTED]
        return self.pairs(run=run, states=states)

    def propose(
        self,
        run: LinkRun,
        pairs: Iterable[NewPair],
        state: PairState = PairState.PROPOSED,
    ) -> list[int]:
        """Store a run and its pairs, and return their numbers; decided pairs stay decided.

        A pair proposed by an earlier run now belongs to this run.
        """
        numbers: list[int] = []
        decided = sorted(DECIDED)
        with self._store.transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO link_runs VALUES (?,?,?)",
                (run.id, run.at_s, json.dumps(dict(run.settings))),
            )
            for one in pairs:
                a, b = self._note(one.a, one.source_a), self._note(one.b, one.source_b)
                flipped = a > b
                ends = (b, a) if flipped else (a, b)
                sources = (one.source_a, one.source_b)
                sources = sources[::-1] if flipped else sources
                db.execute(
                    "INSERT INTO link_pairs (a, b, state, run, score, reason, source_a, source_b,"
                    " because, at_s) VALUES (?,?,?,?,?,?,?,?,'',?) ON CONFLICT (a, b) DO UPDATE"
                    " SET state = excluded.state, run = excluded.run, score = excluded.score,"
                    " reason = excluded.reason, source_a = excluded.source_a,"
                    " source_b = excluded.source_b, because = '', at_s = excluded.at_s"
                    " WHERE state NOT IN (SELECT value FROM json_each(?))",
                    (*ends, state, run.id, one.score, json.dumps(dict(one.reason)), *sources,
                     run.at_s, json.dumps(decided)),
                )  # fmt: skip
                found = db.execute("SELECT id FROM link_pairs WHERE a = ? AND b = ?", ends)
                numbers.append(int(found.fetchone()[0]))
        return numbers

    def adopt(self, run: str, as_run: str) -> None:
        """Change the id of a run and its pairs to the engine's id for it."""
        with self._store.transaction() as db:
            db.execute("UPDATE link_pairs SET run = ? WHERE run = ?", (as_run, run))
            db.execute("UPDATE OR REPLACE link_runs SET id = ? WHERE id = ?", (as_run, run))

    def take_in(
        self, pairs: Iterable[tuple[NewPair, NewSide, NewSide]], *, run: str, now: float
    ) -> None:
        """Store pairs that are already linked in both notes, under the id `run`."""
        state, because = PairState.WRITTEN, "it was in both notes"
        with self._store.transaction() as db:
            for pair, *sides in pairs:
                ids = {key: self._note(key, source) for key, source in pair.sources}
                a, b = sorted(ids, key=ids.__getitem__)
                sources = dict(pair.sources)
                number = db.execute(
                    "INSERT INTO link_pairs (a, b, state, run, score, reason, source_a, source_b,"
                    " because, at_s) VALUES (?,?,?,?,?,?,?,?,?,?)",
                    (ids[a], ids[b], state, run, pair.score, json.dumps(dict(pair.reason)),
                     sources[a], sources[b], because, now),
                ).lastrowid  # fmt: skip
                db.executemany(
                    "INSERT INTO link_sides VALUES (?,?,?,?,'',?,?,?)",
                    [
                        (number, ids[one.note], one.form, one.text, one.had, SideState.WRITTEN, run)
                        for one in sides
                    ],
                )

    def take_over(self, pairs: Iterable[int], run: str) -> None:
        """Move pending pairs to another run than the one that proposed them."""
        with self._store.transaction() as db:
            db.executemany(
                "UPDATE link_pairs SET run = ? WHERE id = ?", [(run, one) for one in pairs]
            )

    def decide(
        self, pairs: Iterable[int], state: PairState, *, because: str, now: float, run: str = ""
    ) -> None:
        """Set the state of pairs, and why; `run` '' leaves them with their run."""
        with self._store.transaction() as db:
            db.executemany(
                "UPDATE link_pairs SET state = ?, because = ?, at_s = ?,"
                " run = coalesce(nullif(?, ''), run) WHERE id = ?",
                [(state, because, now, run, one) for one in pairs],
            )

    def decide_each(self, pairs: Iterable[tuple[int, PairState, str]], *, now: float) -> None:
        """Set the state of each pair, and why."""
        with self._store.transaction():
            self._stand(pairs, now)

    def _stand(self, pairs: Iterable[tuple[int, PairState, str]], now: float) -> None:
        self._store.db.executemany(
            "UPDATE link_pairs SET state = ?, because = ?, at_s = ? WHERE id = ?",
            [(state, because, now, pair) for pair, state, because in pairs],
        )

    def reject(self, one: str, two: str, *, now: float) -> None:
        """Reject a pair for a person, whether it was proposed or not."""
        known = self.notes()
        with self._store.transaction() as db:
            a, b = sorted(self._note(key, known.get(key, "")) for key in (one, two))
            db.execute(
                "INSERT INTO link_pairs (a, b, state, run, score, reason, source_a, source_b, because,"
                " at_s) VALUES (?1,?2,?3,'',0,'{}','','',?4,?5) ON CONFLICT (a, b) DO UPDATE SET"
                " state = ?3, because = ?4, at_s = ?5",
                (a, b, PairState.REJECTED, REJECTED_BY_YOU, now),
            )

    # -- what stands in the notes -------------------------------------------------------------

    def sides(self, *, note: str | None = None) -> list[Side]:
        """Return the links, note by note."""
        rows = self._store.rows(
            f"{SIDES} WHERE note.key = coalesce(?, note.key) ORDER BY note.key, side.pair", note
        )
        return self._store.read_each(rows, side_of, lambda row: f"a link of {OF_PAIRS}{row[0]}")

    def begin(
        self,
        run: str,
        *,
        add: Iterable[NewSide],
        remove: Iterable[Side],
        move: Iterable[tuple[Side, str, Form]],
        now: float,
    ) -> set[int]:
        """Record the links about to be written, before a note is touched.

        Returns the pairs that were rejected since they were read: none of their links are added.
        """
        with self._store.transaction() as db:
            wanted = list(add)
            numbers = json.dumps([one.pair for one in wanted])
            found = self._store.rows(
                "SELECT id FROM link_pairs WHERE state = 'rejected'"
                " AND id IN (SELECT value FROM json_each(?))",
                numbers,
            )
            rejected = {int(row[0]) for row in found}
            added = [one for one in wanted if one.pair not in rejected]
            db.executemany(
                "UPDATE link_pairs SET state = ?, at_s = ?, run = CASE WHEN state = 'written' THEN run"
                " ELSE ? END WHERE id = ?",
                [(PairState.WRITING, now, run, one.pair) for one in added],
            )
            for one in added:
                state = SideState.RELEASED if one.released else SideState.INTENDED
                db.execute(
                    "INSERT OR REPLACE INTO link_sides SELECT ?, id, ?, ?, '', ?, ?, ? FROM link_notes"
                    " WHERE key = ?",
                    (one.pair, one.form, one.text, one.had, state, run, one.note),
                )
            for side in remove:
                self._settled(side, state=SideState.REMOVING, run=run)
            for side, text, form in move:
                moved = replace(side, text=text, form=form, before=side.text)
                self._settled(moved, state=SideState.INTENDED, run=run)
        return rejected

    def _settled(self, side: Side, *, state: SideState, run: str) -> None:
        self._store.db.execute(
            "UPDATE link_sides SET form = ?, text = ?, before = ?, state = ?, run = ? WHERE pair = ? AND"
            " note = (SELECT id FROM link_notes WHERE key = ?)",
            (side.form, side.text, side.before, state, run, side.pair, side.note),
        )

    def undoing(self, notes: Iterable[str]) -> None:
        """Record that the bytes of notes, links included, are about to be restored."""
        with self._store.transaction() as db:
            db.executemany(
                "UPDATE link_sides SET state = ? WHERE state != 'released' AND note ="
                " (SELECT id FROM link_notes WHERE key = ?)",
                [(SideState.UNDOING, key) for key in notes],
            )

    def settle(
        self,
        stand: Iterable[tuple[Side, Side]],
        gone: Iterable[Side],
        pairs: Iterable[tuple[int, PairState, str]],
        *,
        now: float,
    ) -> None:
        """Record the links found in the notes, all in one commit.

        `stand` are existing links, as they were known and as they are; `gone` are links that no
        longer exist; `pairs` are those that changed state, and why.
        """
        with self._store.transaction() as db:
            for known, side in stand:
                kept = side if side.text == known.text else replace(side, before="")
                self._settled(kept, state=side.state, run=side.run)
            for side in gone:
                db.execute(
                    "DELETE FROM link_sides WHERE pair = ? AND note = (SELECT id FROM link_notes WHERE"
                    " key = ?)",
                    (side.pair, side.note),
                )
            self._stand(pairs, now)

    # -- runs ---------------------------------------------------------------------------------

    def runs(self) -> list[LinkRun]:
        """Return the runs, newest first."""
        rows = self._store.rows(
            "SELECT id, at_s, settings FROM link_runs ORDER BY at_s DESC, id DESC"
        )
        return self._store.read_each(rows, run_of, lambda row: f"run {row[0]}")

    def standing(self) -> dict[str, Counter[str]]:
        """Return the number of pairs in each state, by the run that proposed or wrote them last."""
        found: dict[str, Counter[str]] = {}
        for run, state, count in self._store.rows(
            "SELECT run, state, count(*) FROM link_pairs GROUP BY run, state"
        ):
            found.setdefault(str(run), Counter())[str(state)] = int(count)
        return found

    def run(self, run: str) -> LinkRun | None:
        """Return the run with this id, or None."""
        return next((one for one in self.runs() if one.id == run), None)

    def forms(self) -> dict[str, Form]:
        """Return the form requested for each run's links, where one was recorded."""
        return {one.id: Form(one.settings["form"]) for one in self.runs() if "form" in one.settings}

    def forget(self, run: str) -> None:
        """Delete a run's proposals and their reasons, and erase them from the disk.

        Written and rejected pairs stay known, without their reasons.
        """
        kept = json.dumps(sorted(KEPT))
        with self._store.erasing() as db:
            db.execute(
                "DELETE FROM link_pairs WHERE run = ? AND state NOT IN (SELECT value FROM json_each(?))"
                " AND id NOT IN (SELECT pair FROM link_sides)",
                (run, kept),
            )
            db.execute("UPDATE link_pairs SET run = '', reason = '{}' WHERE run = ?", (run,))
            db.execute("UPDATE link_sides SET run = '' WHERE run = ?", (run,))
            db.execute("DELETE FROM link_runs WHERE id = ?", (run,))
            db.execute(
                "DELETE FROM link_notes WHERE id NOT IN (SELECT a FROM link_pairs UNION SELECT b FROM link_pairs)"
            )
