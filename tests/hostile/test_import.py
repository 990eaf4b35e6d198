"""An export that anybody may have made: refused whole where anything in it is wrong."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import struct
import sys
import tracemalloc
import zipfile
import zlib
from typing import TYPE_CHECKING, Any

import pytest

from tests.twolane.ledger.sound import T0, make_sound
from twolane.databases import ARRIVED
from twolane.errors import ConfigError, LedgerError, TwolaneError
from twolane.ledger import LEDGER_FILE, Ledger
from twolane.ledger.transfer import export_state, import_state

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

MANIFEST = "manifest.json"
REVIEW = "vaults/notes-0123456789ab/vault.sqlite3"
SIXTY_MB = bytes(60 << 20)


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of an honest export, by name."""
    folder = tmp_path_factory.mktemp("honest")
    make_sound(folder / "here")
    (folder / "here" / REVIEW).parent.mkdir(parents=True)
    with contextlib.closing(sqlite3.connect(folder / "here" / REVIEW)) as db:
        db.execute("CREATE TABLE proposals (value TEXT)")
    ledger = Ledger(folder / "here" / LEDGER_FILE)
    export_state(ledger, folder / "state", now=T0)
    ledger.close()
    with zipfile.ZipFile(folder / "state") as pack:
        return {name: pack.read(name) for name in pack.namelist()}


def packed(files: Iterable[tuple[str | zipfile.ZipInfo, bytes]], target: Path) -> Path:
    """Pack files, some of them twice, as an export is packed."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as pack:
        for name, data in files:
            pack.writestr(name, data)
    return target


def tree(folder: Path) -> dict[str, bytes | None]:
    """Return all that is in a folder, byte for byte."""
    return {
        str(one.relative_to(folder)): one.read_bytes() if one.is_file() else None
        for one in sorted(folder.rglob("*"))
    }


def refused(source: Path, folder: Path, *, match: str | None = None, **more: int) -> TwolaneError:
    """See that an import is refused, and the folder, absent or not, as it was; return why."""
    there = folder / "there"
    with pytest.raises((LedgerError, ConfigError), match=match) as caught:
        import_state(source, there / "deep" / LEDGER_FILE, **more)
    assert not there.exists()
    there.mkdir()
    (there / "vaults").mkdir()
    (there / "vaults" / "mine.sqlite3").write_bytes(b"mine")
    before = tree(there)
    with pytest.raises((LedgerError, ConfigError), match=match):
        import_state(source, there / LEDGER_FILE, **more)
    assert tree(there) == before
    return caught.value


def changed(data: bytes, folder: Path, *statements: str) -> bytes:
    """Return a database as statements leave it, whatever they break."""
    path = folder / "changed.sqlite3"
    path.write_bytes(data)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = DELETE")
        for statement in statements:
            db.execute(statement)
    data = path.read_bytes()
    path.unlink()
    return data


# -- what the pack is -------------------------------------------------------------------------------


def manifest(**values: Any) -> bytes:  # noqa: ANN401
    """Return a manifest with some of its values replaced."""
    kept = {"format": 1, "mark": "m", "made_at": T0, "files": [LEDGER_FILE, REVIEW], **values}
    return json.dumps({name: value for name, value in kept.items() if value != "absent"}).encode()


FORMATS: tuple[object, ...] = (
    -1, 0, 1.5, 1.0, "1", True, None, [1], {}, 10**40, float("nan"), "absent",
)  # fmt: skip
MARKS: tuple[object, ...] = (None, 5, "", ["m"], "m" * 5_000, "absent")
FILES: tuple[object, ...] = (
    None, 5, "x", {}, [], [REVIEW], [REVIEW, LEDGER_FILE], [LEDGER_FILE], [LEDGER_FILE, 5],
    [LEDGER_FILE, None], [LEDGER_FILE, [REVIEW]], "absent", [LEDGER_FILE, LEDGER_FILE, REVIEW],
    [LEDGER_FILE, REVIEW, "more.sqlite3"],
)  # fmt: skip
MANIFESTS: dict[str, bytes] = {
    "empty": b"",
    "no JSON": b"{",
    "no text": b"\xff\xfe\0",
    "null": b"null",
    "a list": b"[]",
    "a text": b'"format"',
    "nested deep": b"[" * 200_000,
    "nested deep in a file's name": b'{"format":1,"mark":"m","files":' + b"[" * 100_000,
    "a number of a million digits": b'{"format":' + b"9" * 1_000_000 + b"}",
    "larger than any": b'{"format":1,"mark":"' + b"x" * (5 << 20) + b'"}',
    **{f"format {value!r}": manifest(format=value) for value in FORMATS},
    **{f"mark {value!r:.20}": manifest(mark=value) for value in MARKS},
    **{f"files {value!r}": manifest(files=value) for value in FILES},
}  # fmt: skip


@pytest.mark.parametrize("case", MANIFESTS)
def test_a_manifest_that_no_export_has_is_refused(
    honest: dict[str, bytes], tmp_path: Path, case: str
) -> None:
    """Whatever it is made of: never a traceback, and nothing is left behind."""
    files = {**honest, MANIFEST: MANIFESTS[case]}
    assert refused(packed(files.items(), tmp_path / "state"), tmp_path).exit_code == 7


NAMES = (
    "../up.sqlite3", "/abs.sqlite3", "a/../../up.sqlite3", "./a.sqlite3", "a//b.sqlite3",
    "a/./b.sqlite3", "..\\up.sqlite3", "C:\\x.sqlite3", "C:x.sqlite3", "a\0b.sqlite3",
    "a\nb.sqlite3", "a\x1b[31m.sqlite3", ".", "..", "/", "vaults/", ".hidden.sqlite3",
    "vaults/.git/x.sqlite3", "locks/x.sqlite3", "spool/x.sqlite3", "LOCKS/x.sqlite3",
    "ledger.sqlite3-wal", "ledger.sqlite3.made", "Ledger.SQLITE3", "LEDGER.sqlite3",
    "servers.json", "vaults/x/folder", "vaults/x/curate.lock", "runs/x", "x" * 300 + ".sqlite3",
    "/".join("abcdefgh") + "/x.sqlite3", "vaults./x.sqlite3", "vaults /x.sqlite3", "a*.sqlite3",
    " a.sqlite3", "ledger.sqlite3/x.sqlite3",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_file_under_a_name_that_no_state_has_is_refused(
    honest: dict[str, bytes], tmp_path: Path, name: str
) -> None:
    """Out of the folder, into what is ours for other things, or the same name in other letters."""
    files = [
        (MANIFEST, manifest(files=[LEDGER_FILE, name])),
        (LEDGER_FILE, honest[LEDGER_FILE]),
        (name, honest[REVIEW]),
    ]
    assert refused(packed(files, tmp_path / "state"), tmp_path).exit_code == 7
    assert sorted(one.name for one in tmp_path.iterdir()) == ["state", "there"]


def _link(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, 0o120777 << 16
    return info


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    "extra",
    [
        [("not-named.sqlite3", b"SQLite format 3\0")],
        [("vaults/", b"")],
        [(REVIEW, b"SQLite format 3\0 twice")],
        [(MANIFEST, b"{}")],
        [(REVIEW.upper(), b"SQLite format 3\0")],
    ],
    ids=lambda extra: str(extra[0][0]),
)
def test_what_the_manifest_does_not_name_once_is_refused(
    honest: dict[str, bytes], tmp_path: Path, extra: list[tuple[str, bytes]]
) -> None:
    """A file more, a folder, or the same file twice: which one would count?"""
    assert refused(packed([*honest.items(), *extra], tmp_path / "state"), tmp_path).exit_code == 7


def test_what_is_packed_as_no_export_packs_it_is_refused(
    honest: dict[str, bytes], tmp_path: Path
) -> None:
    """A link, another method of packing, and what is enciphered."""
    plain = [(name, data) for name, data in honest.items() if name != REVIEW]
    assert (
        refused(
            packed([*plain, (_link(REVIEW), b"/etc/passwd")], tmp_path / "one"), tmp_path
        ).exit_code
        == 7
    )
    for method in (zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2):
        info = zipfile.ZipInfo(REVIEW)
        info.compress_type = method
        source = tmp_path / f"method{method}"
        with zipfile.ZipFile(source, "w") as pack:
            for name, data in plain:
                pack.writestr(name, data)
            pack.writestr(info, honest[REVIEW], compress_type=method)
        with pytest.raises(LedgerError, match="packed as no export packs it"):
            import_state(source, tmp_path / "x" / LEDGER_FILE)
    raw = bytearray((packed(honest.items(), tmp_path / "two")).read_bytes())
    at = raw.rindex(b"PK\x01\x02")
    raw[at + 8] |= 1
    (tmp_path / "two").write_bytes(raw)
    with pytest.raises(LedgerError, match="packed as no export packs it"):
        import_state(tmp_path / "two", tmp_path / "x" / LEDGER_FILE)


def test_sizes_are_what_is_read_not_what_is_said(honest: dict[str, bytes], tmp_path: Path) -> None:
    """A pack that says to be small and is a bomb, or that says to be huge and is small."""
    bomb = {**honest, REVIEW: honest[REVIEW] + SIXTY_MB}
    source = packed(bomb.items(), tmp_path / "bomb")
    assert source.stat().st_size < 1 << 20
    tracemalloc.start()
    try:
        refused(source, tmp_path, match="far more than it is", spare_bytes=1 << 20)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 20 << 20
    raw = bytearray(packed(honest.items(), tmp_path / "lies").read_bytes())
    at = raw.rindex(b"PK\x01\x02")
    for said in (0, 1, 2**32 - 1):
        raw[at + 20 : at + 28] = struct.pack("<II", said, said)
        (tmp_path / "lies").write_bytes(raw)
        with contextlib.suppress(LedgerError):
            import_state(tmp_path / "lies", tmp_path / f"lies{said}" / LEDGER_FILE)
            assert (tmp_path / f"lies{said}" / REVIEW).read_bytes()[:16] == honest[REVIEW][:16]


def test_an_index_of_millions_is_not_read(tmp_path: Path) -> None:
    """A pack with a hundred thousand empty files takes no memory for them."""
    source = tmp_path / "many"
    fields = (20, 0, 20, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0)
    entry = struct.pack("<4s4B4HL2L5H2L", b"PK\x01\x02", *fields) + b"x"
    count = 200_000
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 65_535, 65_535, len(entry) * count, 0, 0)
    source.write_bytes(entry * count + end)
    tracemalloc.start()
    try:
        refused(source, tmp_path, match="index is too large")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8 << 20


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such files")
@pytest.mark.parametrize("kind", ["pipe", "folder", "absent", "/dev/zero", "link", "a\0b", "empty"])
def test_a_source_that_is_no_file_is_refused_at_once(tmp_path: Path, kind: str) -> None:
    """A pipe that nobody writes to is not waited for, a device not read."""
    source = tmp_path / "source"
    if kind == "pipe":
        os.mkfifo(source)
    elif kind == "folder":
        source.mkdir()
    elif kind == "link":
        source.symlink_to(source)
    elif kind == "empty":
        source.touch()
    elif kind != "absent":
        source = tmp_path / kind
    assert refused(source, tmp_path).exit_code in (2, 7)


@pytest.mark.parametrize("cut", [10, 200, 1_000, -1, -10, -30])
def test_a_pack_that_is_cut_off_is_refused(
    honest: dict[str, bytes], tmp_path: Path, cut: int
) -> None:
    """Half a copy is none."""
    source = packed(honest.items(), tmp_path / "state")
    source.write_bytes(source.read_bytes()[:cut])
    assert refused(source, tmp_path).exit_code == 7


# -- what the files are -----------------------------------------------------------------------------

ACTING = {
    "a trigger": "CREATE TRIGGER t AFTER UPDATE ON runs BEGIN DELETE FROM items; END",
    "a view": "CREATE VIEW v AS SELECT * FROM runs",
    "a table more": "CREATE TABLE extra (x)",
    "an index more": "CREATE INDEX extra ON items (name)",
    "an index less": "DROP INDEX items_pending",
    "a table less": "DROP TABLE controls",
    "a column more": "ALTER TABLE runs ADD COLUMN extra TEXT",
    "a computed column": "ALTER TABLE runs ADD COLUMN extra AS (hex(zeroblob(1000)))",
    "a default that computes": "CREATE TABLE runs2 (x DEFAULT (1 + 1))",
    "an index that computes": "CREATE INDEX extra ON items (upper(name))",
    "a table with a check": "CREATE TABLE extra (x CHECK (length(x) < 5))",
    "code of its own": "CREATE VIRTUAL TABLE extra USING fts5(x)",
    "another program's": "PRAGMA application_id = 5",
    "none's": "PRAGMA application_id = 0",
    "a newer version's": "PRAGMA user_version = 99",
    "no version's": "PRAGMA user_version = 0",
    "an older version's in name": "PRAGMA user_version = 1",
    "a negative version's": "PRAGMA user_version = -3",
}


@pytest.mark.parametrize("case", ACTING)
def test_a_ledger_with_another_schema_is_refused(
    honest: dict[str, bytes], tmp_path: Path, case: str
) -> None:
    """Exactly our tables: anything else could act, or hide."""
    data = changed(honest[LEDGER_FILE], tmp_path, ACTING[case])
    source = packed({**honest, LEDGER_FILE: data}.items(), tmp_path / "state")
    assert refused(source, tmp_path).exit_code == 7


PLANTED = {name: ACTING[name].replace("runs", "proposals").replace("items", "proposals")
           for name in ("a trigger", "a view", "a computed column", "a default that computes",
                        "a table with a check", "code of its own")}  # fmt: skip


@pytest.mark.parametrize("case", PLANTED)
def test_no_file_of_another_program_brings_what_acts(
    honest: dict[str, bytes], tmp_path: Path, case: str
) -> None:
    """Their tables are their own, but plain tables they are."""
    data = changed(honest[REVIEW], tmp_path, PLANTED[case])
    assert (
        refused(packed({**honest, REVIEW: data}.items(), tmp_path / "state"), tmp_path).exit_code
        == 7
    )


@pytest.mark.parametrize(
    "data",
    [b"", b"SQLite format 3\0", b"SQLite format 3\0" + bytes(4_080), bytes(8_192), b"text" * 99],
    ids=["nothing", "a header", "a page", "zeros", "text"],
)
@pytest.mark.parametrize("name", [LEDGER_FILE, REVIEW])
def test_an_empty_database_is_none(
    honest: dict[str, bytes], tmp_path: Path, name: str, data: bytes
) -> None:
    """Without tables it says that there was nothing, and that is not known."""
    assert (
        refused(packed({**honest, name: data}.items(), tmp_path / "state"), tmp_path).exit_code == 7
    )


def test_a_damaged_page_is_found(honest: dict[str, bytes], tmp_path: Path) -> None:
    """In any of the files, also where no row is read from it."""
    data = bytearray(honest[LEDGER_FILE])
    at = len(data) // 2
    data[at : at + 400] = b"\xff" * 400
    assert (
        refused(
            packed({**honest, LEDGER_FILE: bytes(data)}.items(), tmp_path / "state"), tmp_path
        ).exit_code
        == 7
    )


def _bomb() -> bytes:
    """Return what unpacks to a gigabyte of zeros: a packed megabyte, over and over."""
    packing = zlib.compressobj(9)
    begun = packing.compress(b'{"a":"') + packing.flush(zlib.Z_FULL_FLUSH)
    return begun + 1_024 * (packing.compress(bytes(1 << 20)) + packing.flush(zlib.Z_FULL_FLUSH))


BOMB = _bomb()
VALUES: dict[str, tuple[str, object]] = {
    "a run's id that leads out": ("UPDATE runs SET id = ? WHERE run_no = 1", "../../../x"),
    "a run's id that is a pattern": ("UPDATE runs SET id = ? WHERE run_no = 1", "*"),
    "a run's id with a NUL": ("UPDATE runs SET id = ? WHERE run_no = 1", "a\0b"),
    "no run's id": ("UPDATE runs SET id = ? WHERE run_no = 1", ""),
    "a run's id that is long": ("UPDATE runs SET id = ? WHERE run_no = 1", "x" * 5_000),
    "a batch's id that leads out": ("UPDATE batches SET provider_id = ? WHERE batch_no = 1",
                                    "../../x"),
    "a batch's id with a question": ("UPDATE batches SET newest_id = ? WHERE batch_no = 1", "x?y"),
    "a nonce that leads out": ("UPDATE batches SET nonce = ? WHERE batch_no = 1", "../x"),
    "a state there is not": ("UPDATE runs SET state = ? WHERE run_no = 1", "sleeping"),
    "a lane there is not": ("UPDATE items SET lane = ? WHERE id = 4294967296", "fast"),
    "an outcome there is not": ("UPDATE attempts SET outcome = ? WHERE attempt_no = 1", "won"),
    "settings that are no JSON": ("UPDATE runs SET settings = ?", "{"),
    "settings that are a list": ("UPDATE runs SET settings = ?", "[]"),
    "settings nested deep": ("UPDATE runs SET settings = ?", '{"a":' * 5_000),
    "a time that is none": ("UPDATE runs SET created_at = ?", float("inf")),
    "a time before all": ("UPDATE runs SET created_at = ?", -1e300),
    "a time in words": ("UPDATE runs SET created_at = ?", "yesterday"),
    "money below nothing": ("UPDATE attempts SET cost_nano = ? WHERE attempt_no = 1", -600),
    "money beyond all": ("UPDATE attempts SET reserve_nano = ?", 2**63 - 1),
    "tokens beyond all": ("UPDATE attempts SET input_tokens = ?", 2**62),
    "a cap in words": ("UPDATE runs SET cap_nano = ?", "none"),
    "a batch of nothing less": ("UPDATE runs SET batch_size = ?", -1),
    "a month that is none": ("INSERT INTO months VALUES (?, 1)", "../.."),
    "a month that has paid back": ("INSERT INTO months VALUES ('2026-01', ?)", -5),
    "a limit in words": ("INSERT INTO limits VALUES ('u', 'k', 'm', ?, 1, 1.0)", "many"),
    "a reply that is no JSON": ("UPDATE replies SET body = ? WHERE attempt_no = 1", b"hello"),
    "a reply that is cut": ("UPDATE replies SET body = ? WHERE attempt_no = 1", b"\x78\x01\x63"),
    "a reply in words": ("UPDATE replies SET body = ? WHERE attempt_no = 1", 5),
    "a reply without end": ("UPDATE replies SET body = ? WHERE attempt_no = 1", BOMB),
    "a request for more than is set aside": (
        "UPDATE requests SET params = ? WHERE item >> 32 = 2", b'{"max_tokens":1000000}'),
    "a request for another model": (
        "UPDATE requests SET params = ? WHERE item >> 32 = 2", b'{"model":"dear"}'),
    "a request that says so twice": (
        "UPDATE requests SET params = ? WHERE item >> 32 = 2",
        b'{"max_tokens":1000000,"max_tokens":1}'),
    "a shared part without end": ("UPDATE runs SET shared = ? WHERE run_no = 1", BOMB),
}  # fmt: skip


@pytest.mark.parametrize("case", VALUES)
def test_a_value_that_no_ledger_holds_is_refused(
    honest: dict[str, bytes], tmp_path: Path, case: str
) -> None:
    """Ids, states, times, numbers, JSON, and what unpacks without end: each is looked at."""
    statement, value = VALUES[case]
    path = tmp_path / "changed.sqlite3"
    path.write_bytes(honest[LEDGER_FILE])
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        assert db.execute(statement, (value,)).rowcount
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode = DELETE")
    data = path.read_bytes()
    path.unlink()
    source = packed({**honest, LEDGER_FILE: data}.items(), tmp_path / "state")
    assert refused(source, tmp_path, match="nothing was imported").exit_code == 7


def test_an_honest_export_is_imported_and_its_runs_and_files_are_marked(
    honest: dict[str, bytes], tmp_path: Path
) -> None:
    """A run knows that it came from elsewhere, and each file does until it is looked at."""
    path = tmp_path / "there" / LEDGER_FILE
    import_state(packed(honest.items(), tmp_path / "state"), path)
    ledger = Ledger(path)
    assert {run.imported for run in ledger.runs()} == {True}
    ledger.close()
    with contextlib.closing(sqlite3.connect(tmp_path / "there" / REVIEW)) as db:
        assert db.execute("PRAGMA application_id").fetchone()[0] == ARRIVED


def test_an_older_ledger_with_what_acts_does_nothing_while_it_is_brought_up(
    honest: dict[str, bytes], tmp_path: Path
) -> None:
    """Steps from older formats change rows: a trigger would run, were it not refused before."""
    with contextlib.closing(sqlite3.connect(tmp_path / "old.sqlite3")) as db:
        with open("tests/twolane/ledger/format_1.sql", encoding="utf-8") as script:  # noqa: PTH123
            db.executescript(script.read())
        db.execute(
            "CREATE TRIGGER t AFTER UPDATE ON runs BEGIN"
            " UPDATE runs SET label = hex(zeroblob(100000000)); END"
        )
        db.commit()
    data = (tmp_path / "old.sqlite3").read_bytes()
    source = packed({**honest, LEDGER_FILE: data}.items(), tmp_path / "state")
    assert refused(source, tmp_path, match="trigger").exit_code == 7


@pytest.mark.parametrize("at", [LEDGER_FILE, REVIEW])
def test_a_move_that_fails_is_taken_back(honest: dict[str, bytes], tmp_path: Path, at: str) -> None:
    """Where the last file finds no place, the first ones are taken out again."""
    there = tmp_path / "there"
    blocked = there / at
    blocked.parent.mkdir(parents=True)
    if at == LEDGER_FILE:
        blocked.mkdir()
    else:
        blocked.parent.rmdir()
        blocked.parent.write_text("a file in the folder's place")
    before = tree(there)
    with pytest.raises((LedgerError, ConfigError)):
        import_state(packed(honest.items(), tmp_path / "state"), there / LEDGER_FILE)
    assert tree(there) == before
