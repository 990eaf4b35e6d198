"""Which files are notes, under which keys, and what is said of the rest."""

from __future__ import annotations

import json
import os
import sys
import time
import unicodedata
from typing import TYPE_CHECKING

import pytest

from notemill.errors import (
    EmptyVaultError,
    NotAFolderError,
    NoteNotFoundError,
    OutsideVaultError,
    StoreError,
    UnreadableVaultError,
    VaultNotFoundError,
)
from notemill.vault.note import bytes_hash
from tests.notemill.vault.folders import make_vault, open_vault, reopen, write

if TYPE_CHECKING:
    from pathlib import Path

    from notemill.vault.files import Vault

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="names and links as POSIX has them")


def keys(vault: Vault, only: str | None = None) -> list[str]:
    """Return the keys of a scan."""
    return [note.key for note in vault.scan(only)]


def test_notes_are_found_in_order_of_their_keys(tmp_path: Path) -> None:
    """Markdown files of any case and depth are notes, sorted by key, with size and time."""
    vault = make_vault(tmp_path, {"b.md": b"12", "a/c.MD": b"", "a/d.txt": b"", "Z.markdown": b""})
    assert keys(vault) == ["a/c.MD", "b.md"]
    note = vault.scan()[1]
    assert (note.size, note.path) == (2, "b.md")
    assert note.mtime_ns == (tmp_path / "vault" / "b.md").stat().st_mtime_ns


def test_what_obsidian_leaves_out_is_left_out(tmp_path: Path) -> None:
    """Dot folders, trash, templates, excluded files and conflict copies are no notes."""
    settings = {
        ".obsidian/app.json": {"userIgnoreFilters": ["Archive/", "/draft-\\d+/", ""]},
        ".obsidian/templates.json": {"folder": "Templates/"},
        ".obsidian/plugins/templater-obsidian/data.json": {"templates_folder": "/Meta/T"},
    }
    files = {name: json.dumps(value).encode() for name, value in settings.items()}
    left_out = (
        ".trash/a.md", ".git/a.md", ".hidden.md", ".obsidian/a.md", "Templates/a.md",
        "Templates/deep/a.md", "Meta/T/a.md", "Archive/a.md", "x/draft-12.md",
        "a (Conflicted copy Phone 202611230102).md", "a (jo's conflicted copy 2026-11-23).md",
        "a.sync-conflict-20261123-010203-ABCDEFG.md",
    )  # fmt: skip
    kept = ("Archived.md", "Meta/a.md", "Templates of mine.md", "a (conflict).md", "draft-x.md")
    vault = make_vault(tmp_path, files | dict.fromkeys((*left_out, *kept), b"x"))
    assert keys(vault) == sorted(kept)
    reasons = {one.key: one.reason for one in vault.skipped}
    assert set(reasons) == {
        "Templates", "Meta/T", "Archive", "x/draft-12.md", *left_out[-3:]
    }  # fmt: skip
    assert "templates" in reasons["Templates"]


def test_settings_that_cannot_be_read_leave_nothing_out(tmp_path: Path) -> None:
    """Oddly shaped settings of plugins, and a templates folder of `/`, exclude no note."""
    files = {
        ".obsidian/templates.json": b'{"folder": "/"}',
        ".obsidian/plugins/templater-obsidian/data.json": b"[1]",
        "a.md": b"",
    }
    assert keys(make_vault(tmp_path, files)) == ["a.md"]


@POSIX
def test_links_are_never_followed(tmp_path: Path) -> None:
    """Links out of the vault, in circles and to other notes are left out, and named."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.md").write_text("secret")
    vault = make_vault(tmp_path, {"a.md": b"a", "sub/b.md": b"b"})
    root = tmp_path / "vault"
    (root / "out").symlink_to(outside)
    (root / "secret.md").symlink_to(outside / "secret.md")
    (root / "sub" / "loop").symlink_to(root)
    (root / "gone.md").symlink_to(root / "nowhere.md")
    (root / "same.md").symlink_to(root / "a.md")
    assert keys(vault) == ["a.md", "sub/b.md"]
    assert {one.key for one in vault.skipped} == {
        "out", "secret.md", "sub/loop", "gone.md", "same.md"
    }  # fmt: skip
    for key in ("secret.md", "out/secret.md", "same.md"):
        with pytest.raises(NoteNotFoundError):
            vault.read(key)


@POSIX
def test_a_folder_replaced_by_a_link_is_not_followed(tmp_path: Path) -> None:
    """A folder that becomes a link after the scan is neither read nor written through."""
    vault = make_vault(tmp_path, {"sub/b.md": b"b", "a.md": b""})
    vault.scan()
    (tmp_path / "vault" / "sub").rename(tmp_path / "moved")
    (tmp_path / "vault" / "sub").symlink_to(tmp_path / "moved")
    with pytest.raises(OutsideVaultError):
        vault.read("sub/b.md")
    with pytest.raises(OutsideVaultError):
        vault.write("sub/b.md", b"new", expected=bytes_hash(b"b"), run="r")
    assert (tmp_path / "moved" / "b.md").read_bytes() == b"b"


@POSIX
def test_what_is_no_file_is_left_out(tmp_path: Path) -> None:
    """A pipe and a folder named like notes are no notes, and nothing waits for them."""
    vault = make_vault(tmp_path, {"a.md": b"", "folder.md/b.md": b""})
    os.mkfifo(tmp_path / "vault" / "pipe.md")
    assert keys(vault) == ["a.md", "folder.md/b.md"]
    assert [one.key for one in vault.skipped] == ["pipe.md"]


HOSTILE = (
    "🦊 emoji 👩‍👩‍👧.md", "Ü umlaut.md", "日本語/ノート.md", "שלום.md", "a\nb.md", "tab\there.md",
    "-10.md", "~.md", "a*b?.md", "'quote\".md", "$(x).md", "%s %d.md", " lead.md", "x" * 240 + ".md",
    "con.md", "[[link]] #tag ^id.md", "back\\slash.md", "back\\\\slash.md", "a..b.md",
)  # fmt: skip


@POSIX
@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_never_stops_a_write(name: str, tmp_path: Path) -> None:
    """Notes of any name are found, read, written and restored under one stable key."""
    vault = make_vault(tmp_path, {name: b"old"})
    (key,) = keys(vault)
    key.encode()
    write(vault, key, b"new")
    assert (tmp_path / "vault" / name).read_bytes() == b"new"
    assert [one.restored for one in vault.undo("r1", key=key)] == [True]
    assert (tmp_path / "vault" / name).read_bytes() == b"old"


@POSIX
def test_a_name_that_is_no_utf8_has_a_key_that_can_be_stored(tmp_path: Path) -> None:
    """A name of undecodable bytes is written to and restored; its key is plain text."""
    vault = make_vault(tmp_path, {"a.md": b""})
    path = os.fsencode(tmp_path / "vault") + b"/caf\xe9.md"
    with open(path, "wb") as file:  # noqa: PTH123  # a path of bytes
        file.write(b"old")
    assert keys(vault) == ["a.md", "caf\\xe9.md"]
    write(vault, "caf\\xe9.md", b"new")
    assert [one.restored for one in vault.undo("r1")] == [True]
    assert reopen(tmp_path).read("caf\\xe9.md") == b"old"


@POSIX
def test_keys_compare_in_nfc_and_names_keep_their_bytes(tmp_path: Path) -> None:
    """A name in NFD has its key in NFC, is found by either, and stays as it is on the disk."""
    decomposed = unicodedata.normalize("NFD", "Übung.md")
    vault = make_vault(tmp_path, {decomposed: b"old"})
    assert keys(vault) == [unicodedata.normalize("NFC", decomposed)]
    assert vault.read(decomposed) == vault.read("Übung.md") == b"old"
    write(vault, "Übung.md", b"new")
    assert os.listdir(tmp_path / "vault") == [decomposed]  # noqa: PTH208


@pytest.mark.skipif(sys.platform != "linux", reason="names that differ in Unicode form alone")
def test_two_names_that_differ_in_unicode_form_alone_are_never_confused(tmp_path: Path) -> None:
    """One of the two has the key, the other is left alone and named."""
    decomposed = unicodedata.normalize("NFD", "é.md")
    vault = make_vault(tmp_path, {decomposed: b"decomposed", "é.md": b"composed"})
    assert keys(vault) == ["é.md"]
    assert vault.read("é.md") == b"composed"
    assert [one.key for one in vault.skipped] == ["é.md"]


def test_a_note_too_large_for_memory_is_left_out(tmp_path: Path) -> None:
    """A file of more than 64 MiB is no note, and is named."""
    vault = make_vault(tmp_path, {"a.md": b"", "huge.md": b""})
    with (tmp_path / "vault" / "huge.md").open("wb") as file:
        file.truncate(64 * 1024 * 1024 + 1)
    assert keys(vault) == ["a.md"]
    assert [one.key for one in vault.skipped] == ["huge.md"]


@POSIX
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_a_folder_without_rights_is_named_and_the_rest_found(tmp_path: Path) -> None:
    """What cannot be read is skipped with a reason, and is no error."""
    vault = make_vault(tmp_path, {"a.md": b"", "sub/b.md": b""})
    (tmp_path / "vault" / "sub").chmod(0)
    try:
        assert keys(vault) == ["a.md"]
        assert [one.key for one in vault.skipped] == ["sub"]
    finally:
        (tmp_path / "vault" / "sub").chmod(0o700)


@pytest.mark.parametrize(
    ("only", "found"),
    [
        ("*.md", ["a.md", "p/b.md", "p/q/c.md", "x[1].md"]),
        ("p", ["p/b.md", "p/q/c.md"]),
        ("p/", ["p/b.md", "p/q/c.md"]),
        ("p/*.md", ["p/b.md"]),
        ("p/**", ["p/b.md", "p/q/c.md"]),
        ("**/c.md", ["p/q/c.md"]),
        ("q/c.md", []),
        ("q", ["p/q/c.md"]),
        ("./p/b.md", ["p/b.md"]),
        ("?.md", ["a.md", "p/b.md", "p/q/c.md"]),
        ("[ab].md", ["a.md", "p/b.md"]),
        ("[!a].md", ["p/b.md", "p/q/c.md"]),
        ("[z-a].md", []),
        ("x[[]1].md", ["x[1].md"]),
        ("A.md", ["a.md"]),
        (".*", []),
    ],
)
def test_only_names_notes_by_a_pattern(only: str, found: list[str], tmp_path: Path) -> None:
    """`*` stays in a folder, `**` crosses them, a bare name fits anywhere, a folder is all in it."""
    files = dict.fromkeys(("a.md", "p/b.md", "p/q/c.md", "x[1].md"), b"")
    assert keys(make_vault(tmp_path, files), only) == found


@pytest.mark.parametrize(
    "key", ["../a.md", "sub/../../a.md", "/etc/passwd", "a\x00.md", "..\\a.md", ".."]
)
def test_a_key_cannot_lead_out_of_the_vault(key: str, tmp_path: Path) -> None:
    """Keys with `..`, absolute ones and such with NUL are refused."""
    (tmp_path / "a.md").write_bytes(b"outside")
    with pytest.raises(OutsideVaultError):
        make_vault(tmp_path, {"a.md": b"inside"}).read(key)


def test_a_note_that_is_gone_is_not_found(tmp_path: Path) -> None:
    """Reading a note that was deleted after the scan, or never was, says so."""
    vault = make_vault(tmp_path, {"a.md": b"", "b.md": b""})
    vault.scan()
    (tmp_path / "vault" / "b.md").unlink()
    for key in ("b.md", "c.md"):
        with pytest.raises(NoteNotFoundError, match=key):
            vault.read(key)


def test_a_note_made_after_the_scan_is_found(tmp_path: Path) -> None:
    """A key that the last scan did not see is looked for again."""
    vault = make_vault(tmp_path, {"a.md": b""})
    vault.scan()
    (tmp_path / "vault" / "new.md").write_bytes(b"new")
    assert vault.read("new.md") == b"new"


def test_a_folder_that_is_no_vault_says_what_to_do(tmp_path: Path) -> None:
    """No folder, a file, no notes: each has its own error, which names the folder."""
    (tmp_path / "file").write_text("")
    (tmp_path / "empty").mkdir()
    for name, error in (
        ("none", VaultNotFoundError),
        ("file", NotAFolderError),
        ("empty", EmptyVaultError),
        ("a\x00b", UnreadableVaultError),
    ):
        with pytest.raises(error, match=r"name the folder|check its name") as caught:
            open_vault(tmp_path / name, tmp_path / "state")
        assert name[:1] in str(caught.value)
        assert caught.value.exit_code == 7
    assert not (tmp_path / "state").exists()


def test_a_state_folder_that_cannot_be_used_says_so(tmp_path: Path) -> None:
    """Where the journal cannot be kept the vault does not open."""
    (tmp_path / "state").write_text("a file")
    with pytest.raises(StoreError, match="is not a folder"):
        make_vault(tmp_path, {"a.md": b""})


def test_nothing_is_kept_inside_the_vault(tmp_path: Path) -> None:
    """Scanning, writing and undoing leave no file in the vault, and state files are private."""
    vault = make_vault(tmp_path, {"a.md": b"old"})
    write(vault, "a.md", b"new")
    vault.undo("r1")
    vault.close()
    assert os.listdir(tmp_path / "vault") == ["a.md"]  # noqa: PTH208
    if sys.platform != "win32":
        for path in (tmp_path / "state").glob("journal*"):
            assert path.stat().st_mode & 0o077 == 0


def test_ten_thousand_notes_are_listed_in_a_moment(tmp_path: Path) -> None:
    """Listing 10,000 notes takes well under a second of this process's time."""
    for folder in range(100):
        place = tmp_path / "vault" / f"folder {folder}"
        place.mkdir(parents=True)
        for number in range(100):
            (place / f"note {number}.md").touch()
    vault = reopen(tmp_path)
    began = time.process_time()
    assert len(vault.scan()) == 10_000
    assert time.process_time() - began < 1.0
