"""Which notes are away, and which were deleted."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from notemill.vault.presence import presence, stands_for, why_offline
from tests.notemill.vault.folders import make_vault

if TYPE_CHECKING:
    import os
    from pathlib import Path

KNOWN = ("a.md", "sub/b.md", "sub/c.md", "sub/deep/d.md", "alone/e.md")


def vault_of(tmp_path: Path) -> Path:
    """Return a folder with all the notes that are known, and one that is not."""
    make_vault(tmp_path, dict.fromkeys((*KNOWN, "x.md"), b"text"))
    return tmp_path / "vault"


def test_a_note_whose_file_is_missing_from_its_folder_is_deleted(tmp_path: Path) -> None:
    """Also the only one of a folder that stays behind; where the note is, it is not away."""
    root = vault_of(tmp_path)
    assert presence(root).away(KNOWN) == {}
    for name in ("a.md", "sub/b.md", "alone/e.md"):
        (root / name).unlink()
    here = presence(root)
    assert here.away(KNOWN) == {}
    assert here.notes == {"x.md", "sub/c.md", "sub/deep/d.md"}


def test_notes_are_away_with_their_folder_however_deep(tmp_path: Path) -> None:
    """The outermost folder that is missing is the one that is named."""
    root = vault_of(tmp_path)
    (root / "sub").rename(tmp_path / "drive")
    away = presence(root).away(KNOWN)
    assert set(away) == {"sub/b.md", "sub/c.md", "sub/deep/d.md"}
    assert all("folder sub is missing" in why for why in away.values())
    (root / "sub").mkdir()
    away = presence(root).away(KNOWN)
    assert "folder sub is empty" in away["sub/b.md"]
    assert "folder sub/deep is missing" in away["sub/deep/d.md"]
    (root / "sub" / "left behind.txt").write_bytes(b"")
    assert set(presence(root).away(KNOWN)) == {"sub/deep/d.md"}


@pytest.mark.skipif(sys.platform == "win32", reason="links as POSIX has them")
def test_a_folder_that_became_a_link_holds_no_notes_and_deletes_none(tmp_path: Path) -> None:
    """Its notes are where the link leads, which is not looked into."""
    root = vault_of(tmp_path)
    (root / "sub").rename(tmp_path / "drive")
    (root / "sub").symlink_to(tmp_path / "drive")
    assert set(presence(root).away(KNOWN)) == {"sub/b.md", "sub/c.md", "sub/deep/d.md"}


@pytest.mark.parametrize(
    ("name", "note"),
    [
        (".Über uns.md.icloud", "Über uns.md"),
        (".a.MD.iCloud", "a.MD"),
        ("a.md.cloud", "a.md"),
        ("a.md.nextcloud", "a.md"),
        (".syncthing.a.md.tmp", "a.md"),
        (".a.md.~8c0f2", "a.md"),
        ("a.md.!sync", "a.md"),
        ("a.md", None),
        (".a.md", None),
        ("icloud.md", None),
        (".a.txt.icloud", None),
        ("a.md.icloud", None),
        ("a.md.bak", None),
        (".md.icloud", None),
        ("cloud", None),
    ],
)
def test_a_placeholder_is_known_by_its_name(name: str, note: str | None) -> None:
    """Each service has its own; a note or any other file is none."""
    found = stands_for(name)
    assert (found[0] if found else None) == note


def test_a_note_that_is_there_needs_no_placeholder(tmp_path: Path) -> None:
    """A left-over or a file that is about to replace the note takes nothing away."""
    root = vault_of(tmp_path)
    (root / "sub" / ".b.md.icloud").write_bytes(b"")
    (root / "sub" / ".new.md.icloud").write_bytes(b"")
    here = presence(root)
    assert list(here.elsewhere) == ["sub/new.md"]
    assert here.away(KNOWN) == {}


@pytest.mark.parametrize(
    ("info", "offline"),
    [
        ({"st_flags": 0x4000_0000}, True),
        ({"st_flags": 0x8020}, False),
        ({"st_file_attributes": 0x40_0020}, True),
        ({"st_file_attributes": 0x1000}, True),
        ({"st_file_attributes": 0x420}, False),
        ({}, False),
    ],
)
def test_a_file_that_reading_would_fetch_is_known_by_its_flags(
    info: dict[str, int], *, offline: bool
) -> None:
    """As macOS and Windows mark what a cloud has; a plain file has no such mark."""
    status: os.stat_result = SimpleNamespace(**info)  # type: ignore[assignment]
    assert bool(why_offline(status)) is offline
