"""Paths that were written down: none leads out of the vault, or to what is no note of it."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import sys
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notemill.errors import NotemillError, StoreError, VaultError
from notemill.index.derived import Derived
from notemill.stores.store import FILE, Store
from notemill.vault.files import Ending, Vault
from notemill.vault.journal import State
from notemill.vault.note import bytes_hash
from notemill.vault.places import known_vaults
from notemill.vault.stored import beside, is_beside, place_of
from tests.notemill.vault.folders import open_vault
from tests.notemill.workflows.notes import write_notes
from twolane.databases import ARRIVED

if TYPE_CHECKING:
    from pathlib import Path

RUN = "tidy-20260101-abcd2345"
EVIL = b"what a stranger would have written\n"


class Place:
    """A vault whose journal a stranger has written, and a folder beside it that is none of it."""

    def __init__(self, folder: Path) -> None:
        """Make them: both folders have a note `victim.md`."""
        self.outside = write_notes(folder / "outside", {"victim.md": "mine\n"})
        self.root = write_notes(
            folder / "vault",
            {"victim.md": "mine\n", "sub/victim.md": "mine\n", "other.md": "other\n"},
        )
        for name in (".obsidian/hotkeys.json", ".hidden/victim.md", "sub/.victim.md", "code.js"):
            path = self.root / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(b"mine\n")
        self.state = folder / "state"
        self.open().close()
        self.journal = next(self.state.glob("vault.sqlite3"))

    def open(self) -> Vault:
        """Open the vault."""
        return open_vault(self.root, self.state)

    def plant(self, **values: Any) -> None:  # noqa: ANN401
        """Write a row into the journal, a write to `victim.md` that is done but for `values`."""
        row: dict[str, Any] = {
            "run": RUN,
            "key": "victim.md",
            "path": b"victim.md",
            "temporary": b"",
            "before": zlib.compress(EVIL),
            "before_hash": bytes_hash(EVIL),
            "after_hash": bytes_hash(b"mine\n"),
            "state": "done",
            "at_s": 1.0,
            **values,
        }
        with contextlib.closing(sqlite3.connect(self.journal)) as db, db:
            db.execute(
                f"INSERT INTO writes ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})",  # noqa: S608
                list(row.values()),
            )

    def arrived(self) -> None:
        """Mark the journal as one that was imported."""
        with contextlib.closing(sqlite3.connect(self.journal)) as db, db:
            db.execute(f"PRAGMA application_id = {ARRIVED}")

    def files(self) -> dict[str, bytes | str]:
        """Return every file and link of both folders, with its bytes or where it leads."""
        return {
            str(one): str(one.readlink()) if one.is_symlink() else one.read_bytes()
            for folder in (self.root, self.outside)
            for one in sorted(folder.rglob("*"))
            if one.is_symlink() or one.is_file()
        }


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A place of its own, whatever the process's folder is."""
    return Place(tmp_path)


PATHS = (
    "../outside/victim.md", "sub/../../outside/victim.md", "./victim.md", "sub//victim.md",
    "sub/./victim.md", "sub/../victim.md", "", ".", "..", "/", "victim.md/", "/victim.md",
    ".hidden/victim.md", "sub/.victim.md", ".obsidian/hotkeys.json", ".obsidian/x.md", "code.js",
    "victim", "victim.md\0.txt", "\0", "victim.md\n", "sub/\nvictim.md", "other.md", "VICTIM.MD",
    "victim.md.part", ".notemill-0123456789abcdef", "~/victim.md", "sub/victim.md",
)  # fmt: skip


@pytest.mark.parametrize("path", [*PATHS, "{outside}/victim.md", "{root}/victim.md"])
@pytest.mark.parametrize("key", ["victim.md", None], ids=["another's key", "its own key"])
def test_no_path_of_a_journal_leads_elsewhere(place: Place, path: str, key: str | None) -> None:
    """Neither an undo nor the settling of what a crash left writes there, or removes anything."""
    path = path.format(outside=place.outside, root=place.root)
    if key is None and path in ("sub/victim.md", "other.md"):
        pytest.skip("that is a note of the vault")
    place.plant(key=path if key is None else key, path=os.fsencode(path))
    place.plant(run="r2", key="other.md", path=os.fsencode(path), state="undoing")
    before = place.files()
    vault = place.open()
    undone = vault.undo(RUN)
    vault.close()
    assert [one.ending for one in undone] in ([Ending.FAILED], [Ending.MISSING])
    assert place.files() == before


TEMPORARIES = (
    "victim.md", "other.md", "sub/victim.md", "../outside/victim.md", "{outside}/victim.md",
    ".obsidian/hotkeys.json", "code.js", "sub/.notemill-0123456789abcdef", "",
    "../outside/.notemill-0123456789abcdef", ".notemill-", ".notemill-0123456789ABCDEF",
    ".notemill-0123456789abcdef0", ".notemill-0123456789abcde/x", "./.notemill-0123456789abcdef",
    ".notemill-0123456789abcdef\n", ".notemill-0123456789abcde\0", "linked/.notemill-0123456789abcdef",
)  # fmt: skip


@pytest.mark.parametrize("temporary", TEMPORARIES)
@pytest.mark.parametrize("state", ["intended", "undoing"])
def test_no_file_is_removed_for_being_called_a_temporary(
    place: Place, temporary: str, state: str
) -> None:
    """Only what has the name that notemill gives, right beside its note, is a leftover of ours."""
    for folder in (place.root / "sub", place.outside):
        (folder / ".notemill-0123456789abcdef").write_bytes(b"not beside the note\n")
    (place.root / "linked").symlink_to(place.outside)
    temporary = temporary.format(outside=place.outside)
    place.plant(temporary=os.fsencode(temporary), state=state, after_hash="x", before_hash="y")
    before = place.files()
    vault = place.open()
    with vault.lock():
        assert [one.state for one in vault.recovered] == [State.UNCLEAR]
    vault.close()
    assert place.files() == before


def test_what_a_crash_left_beside_its_note_is_removed(place: Place) -> None:
    """The name is ours, and it lies where we put it."""
    left_over = place.root / "sub" / ".notemill-0123456789abcdef"
    left_over.write_bytes(b"half a note")
    place.plant(
        key="sub/victim.md", path=b"sub/victim.md", state="intended",
        temporary=b"sub/.notemill-0123456789abcdef",
    )  # fmt: skip
    vault = place.open()
    with vault.lock():
        assert not left_over.exists()
    vault.close()


@pytest.mark.skipif(sys.platform == "win32", reason="links take rights there")
@pytest.mark.parametrize("what", ["the note", "its folder", "a folder above"])
def test_a_link_on_the_way_is_not_followed(place: Place, what: str) -> None:
    """What was a note when it was written may lead out of the vault by now."""
    write_notes(place.root, {"a/b/victim.md": "mine\n"})
    write_notes(place.outside, {"b/victim.md": "mine\n"})
    place.plant(
        key="a/b/victim.md", path=b"a/b/victim.md", temporary=b"a/b/.notemill-0123456789abcdef"
    )
    (place.outside / ".notemill-0123456789abcdef").write_bytes(b"x")
    (place.root / "a" / "b" / "victim.md").unlink()
    if what == "the note":
        (place.root / "a" / "b" / "victim.md").symlink_to(place.outside / "victim.md")
    elif what == "its folder":
        (place.root / "a" / "b").rmdir()
        (place.root / "a" / "b").symlink_to(place.outside)
    else:
        (place.root / "a" / "b").rmdir()
        (place.root / "a").rmdir()
        (place.root / "a").symlink_to(place.outside)
    before = place.files()
    vault = place.open()
    assert [one.ending for one in vault.undo(RUN)] == [Ending.FAILED]
    vault.close()
    assert place.files() == before


def test_an_undo_goes_on_with_the_notes_that_are_sound(place: Place) -> None:
    """One row that leads out is named; the others of the run are restored."""
    place.plant(key="../outside/victim.md", path=b"../outside/victim.md")
    place.plant()
    place.plant(key="other.md", path=b"other.md", after_hash=bytes_hash(b"other\n"), before=b"odd")
    vault = place.open()
    endings = {one.key: one.ending for one in vault.undo(RUN)}
    vault.close()
    assert endings == {
        "victim.md": Ending.RESTORED,
        "other.md": Ending.FAILED,
        "../outside/victim.md": Ending.FAILED,
    }
    assert (place.root / "victim.md").read_bytes() == EVIL
    assert (place.root / "other.md").read_bytes() == b"other\n"
    assert (place.outside / "victim.md").read_bytes() == b"mine\n"


@pytest.mark.parametrize(
    "before",
    [b"", b"odd", zlib.compress(b"another text"), zlib.compress(EVIL)[:-3], b"x\x9c",
     zlib.compress(EVIL) + b"more", zlib.compress(bytes(100 << 20), 9), None, 5, "text"],
    ids=lambda value: repr(value)[:20],
)  # fmt: skip
def test_bytes_that_are_not_those_that_were_kept_restore_nothing(
    place: Place, before: object
) -> None:
    """Damaged, of another text, or without end: the note stays as it is, and the run is told."""
    if before is None:
        pytest.skip("the schema refuses it")
    place.plant(before=before)
    vault = place.open()
    undone = vault.undo(RUN)
    vault.close()
    assert [one.ending for one in undone] == [Ending.FAILED]
    assert (place.root / "victim.md").read_bytes() == b"mine\n"


@pytest.mark.parametrize(
    ("column", "value"),
    [("state", "sleeping"), ("state", 5), ("at_s", "today"), ("at_s", 1e300), ("at_s", -1.0),
     ("path", 5), ("path", "text"), ("temporary", 1.5), ("run", b"x"), ("key", b"x"),
     ("before_hash", b"\0")],
)  # fmt: skip
def test_a_journal_that_arrived_with_odd_values_is_refused(
    place: Place, column: str, value: object
) -> None:
    """It is named, and nothing is written by it."""
    place.plant(**{column: value})
    place.arrived()
    before = place.files()
    with pytest.raises(StoreError, match=f"writes.{column}"):
        place.open()
    assert place.files() == before


@pytest.mark.parametrize("value", ["abc", float("inf"), -1.0, 3.0])
def test_a_confidence_that_is_none_does_not_arrive(place: Place, value: object) -> None:
    """It would order the queue, and stand in what scripts read."""
    columns = {
        "run": RUN, "note": "victim.md", "source_hash": "", "kind": "tag", "value": "a",
        "value_key": "a", "replaces": "", "why": "", "confidence": value, "state": "pending",
        "scope": "", "wrote": "", "made_at": 1.0,
    }  # fmt: skip
    with contextlib.closing(sqlite3.connect(place.journal)) as db, db:
        db.execute(
            f"INSERT INTO proposals ({', '.join(columns)})"  # noqa: S608
            f" VALUES ({', '.join('?' * len(columns))})",
            list(columns.values()),
        )
    place.arrived()
    with pytest.raises(StoreError, match=r"proposals\.confidence"):
        place.open()


@pytest.mark.parametrize("column", ["state", "at_s", "path", "temporary", "key"])
def test_no_odd_value_of_a_journal_is_a_traceback(place: Place, column: str) -> None:
    """A file that was damaged here is told of, too, and no note but its own is touched."""
    place.plant(**{column: b"\xff\0" if column != "path" else "text"})
    own = str(place.root / "victim.md")
    others = {path: data for path, data in place.files().items() if path != own}
    with contextlib.suppress(NotemillError):
        vault = place.open()
        try:
            vault.undo(RUN)
            vault.runs()
        finally:
            vault.close()
    assert others.items() <= place.files().items()


def test_a_sound_journal_that_arrived_is_taken_for_ones_own_once(place: Place) -> None:
    """Its values are looked at when it is first opened."""
    place.plant()
    place.arrived()
    place.open().close()
    with contextlib.closing(sqlite3.connect(place.journal)) as db:
        assert db.execute("PRAGMA application_id").fetchone()[0] == 0


ACTING = (
    "CREATE TRIGGER t AFTER UPDATE ON {table} BEGIN DELETE FROM {table}; END",
    "CREATE VIEW v AS SELECT 1",
    "CREATE TABLE more (x)",
    "ALTER TABLE {table} ADD COLUMN more TEXT",
    "CREATE INDEX more ON {table} (rowid)",
)


@pytest.mark.parametrize("statement", ACTING)
@pytest.mark.parametrize("table", ["writes", "proposals", "link_pairs", "tag_changes"])
def test_a_store_with_another_schema_is_refused_whenever_it_is_opened(
    tmp_path: Path, table: str, statement: str
) -> None:
    """Exactly our tables: a trigger would act on what a person decides."""
    path = tmp_path / FILE
    Store(path).close()
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.execute(statement.format(table=table).replace("(rowid)", f"({_first(db, table)})"))
    with pytest.raises(VaultError, match="cannot be opened"):
        Store(path)


def _first(db: sqlite3.Connection, table: str) -> str:
    return str(db.execute(f"PRAGMA table_info({table})").fetchall()[1][1])


@settings(max_examples=60)
@given(
    path=st.lists(
        st.sampled_from(["..", ".", "", "a", "b.md", ".git", "c:", "\\", "\0", "/", "\n", "é.md"]),
        max_size=6,
    ).map("/".join)
)
def test_every_place_lies_in_the_vault(tmp_path_factory: pytest.TempPathFactory, path: str) -> None:
    """Whatever is written down: a path below the root without detours, or an error."""
    root = tmp_path_factory.getbasetemp().resolve()
    with contextlib.suppress(VaultError):
        full = place_of(root, path, path)
        assert os.path.relpath(full, root) == path.replace("/", os.sep)
        assert not os.path.relpath(full, root).startswith("..")


@settings(max_examples=30)
@given(st.text(max_size=40))
def test_a_temporary_is_what_was_named_here(text: str) -> None:
    """No text that `beside` has not made is taken for its work, in any folder."""
    for path in ("a.md", "b/a.md"):
        assert is_beside(beside(path), path)
        assert not is_beside(text, path)
        assert not is_beside(beside(path), f"c/{path}")


@pytest.mark.parametrize(
    "key",
    [
        "../outside/victim.md",
        "/etc/passwd",
        "a\0.md",
        ".obsidian/hotkeys.json",
        "code.js",
        "",
        ".",
        "sub/.victim.md",
    ],
)
def test_no_key_of_a_proposal_or_a_link_leads_elsewhere(place: Place, key: str) -> None:
    """A note is known by the scan of the vault alone: what was not found there is not touched."""
    before = place.files()
    vault = place.open()
    for call in (
        lambda: vault.read(key),
        lambda: vault.path_of(key),
        lambda: vault.write(key, EVIL, expected=bytes_hash(b"mine\n"), run=RUN),
    ):
        with pytest.raises(VaultError):
            call()
    assert vault.undo(RUN, key=key) == []
    vault.close()
    assert place.files() == before


def test_an_index_that_arrived_is_made_afresh(tmp_path: Path) -> None:
    """What others have derived of their notes says nothing of these, and may say anything."""
    path = tmp_path / "derived.sqlite3"
    derived = Derived(path)
    with derived.writing() as db:
        db.execute("INSERT INTO notes VALUES ('victim.md', 'not to be excluded')")
        db.execute("CREATE TRIGGER t AFTER INSERT ON notes BEGIN DELETE FROM notes; END")
    derived.close()
    with contextlib.closing(sqlite3.connect(path)) as arrived, arrived:
        arrived.execute(f"PRAGMA application_id = {ARRIVED}")
    derived = Derived(path)
    with derived.writing() as db:
        db.execute("INSERT INTO notes VALUES ('a.md', 'fresh')")
    assert derived.db.execute("SELECT facts FROM notes").fetchall() == [("fresh",)]
    derived.close()


@pytest.mark.parametrize("root", ["relative", "../up", "/a/../b", "/a\0b", "", "x" * 70_000])
def test_a_folder_that_is_no_whole_path_is_no_vault(tmp_path: Path, root: str) -> None:
    """It would be looked for in whatever folder a command is run in."""
    state = tmp_path / "vaults" / "notes-0123456789ab"
    state.mkdir(parents=True)
    (state / "folder").write_text(root)
    assert list(known_vaults(tmp_path)) == []
