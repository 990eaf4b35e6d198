"""Real vaults: every note parses, and every writable one is edited and restored."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from notemill.vault.note import bytes_hash, links, parse, plain_text, source_hash, spans
from notemill.vault.proposal import set_properties
from tests.notemill.vault.folders import open_vault
from tests.notemill.vault.test_properties import (
    read_by_libyaml,
    read_by_pyyaml,
    read_by_ruamel,
    without_owned,
)

VAULTS = Path(__file__).resolve().parents[3] / ".." / "shared" / "data" / "vaults"
SMALL = ("foam", "kepano")
LARGE = ("dendron", "flancian", "logseq-docs", "oldwinter-zh")
NAMES = (*SMALL, *(pytest.param(name, marks=pytest.mark.long) for name in LARGE))
CHANGES = {
    "tags": ["area/one", "zwei", "三"],
    "description": 'What it is: a "note", 100% #1',
    "topics": ["one topic", "two: topics"],
}
_SLOW_READERS_EVERY = 20

pytestmark = pytest.mark.skipif(not VAULTS.is_dir(), reason="the real vaults are not here")


def raws_of(name: str) -> list[bytes]:
    """Return every Markdown file of a vault."""
    paths = sorted(path for path in (VAULTS / name).rglob("*.md") if path.is_file())
    return [path.read_bytes() for path in paths]


@pytest.mark.parametrize("name", NAMES)
def test_every_note_of_a_real_vault_is_edited_and_read_back(name: str) -> None:
    """No note fails to parse; an edit keeps the owner's bytes and both readers see its values."""
    writable = 0
    for number, raw in enumerate(raws_of(name)):
        note, problems = parse(raw)
        assert b"".join(raw[slice(*span)] for span in spans(note)) == raw
        assert note.writable or problems
        if not note.writable:
            continue
        writable += 1
        new = set_properties(raw, CHANGES)
        assert without_owned(new) == without_owned(raw)
        assert source_hash(parse(new)[0]) == source_hash(note)
        assert set_properties(new, CHANGES) == new
        readers = [read_by_libyaml]
        if number % _SLOW_READERS_EVERY == 0:
            readers += [read_by_pyyaml, read_by_ruamel]
        for read in readers:
            before, after = read(raw), read(new)
            seen = {str(key).casefold(): value for key, value in after.items()}
            key = "tags" if "tags" in seen else "tag"
            assert seen[key] == CHANGES["tags"]
            assert {n: seen[n] for n in ("description", "topics")} == {
                n: CHANGES[n] for n in ("description", "topics")
            }
            owned = {"tags", "tag", "description", "topics"}
            assert {k: v for k, v in after.items() if str(k).casefold() not in owned} == {
                k: v for k, v in before.items() if str(k).casefold() not in owned
            }
    assert writable > 70


@pytest.mark.parametrize("name", NAMES)
def test_the_text_of_a_real_vault_is_read_without_failing(name: str) -> None:
    """Links and plain words of every tenth note are found; no link is left in the plain words."""
    for raw in raws_of(name)[::10]:
        note, _ = parse(raw)
        assert all(link.path or link.subpath for link in links(note))
        assert len(plain_text(note)) <= len(note.text) + 1


@pytest.mark.parametrize("name", NAMES)
def test_a_real_vault_is_written_and_undone_to_the_byte(name: str, tmp_path: Path) -> None:
    """Up to 300 notes of a copy are written and undone, and are again what they were."""
    folder = tmp_path / name
    for path in sorted((VAULTS / name).rglob("*.md"))[:300]:
        if path.is_file():
            copy = folder / path.relative_to(VAULTS / name)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
    vault = open_vault(folder, tmp_path / "state")
    originals = {file.key: vault.read(file.key) for file in vault.scan()}
    written = 0
    with vault.lock():
        for key, raw in originals.items():
            if parse(raw)[0].writable:
                new = set_properties(raw, CHANGES)
                vault.write(key, new, expected=bytes_hash(raw), run="r1")
                written += 1
        assert {key for key, raw in originals.items() if vault.read(key) != raw} == {
            key for key, raw in originals.items() if parse(raw)[0].writable
        }
        undone = vault.undo("r1")
    assert len(undone) == written
    assert all(one.restored for one in undone)
    assert {file.key: vault.read(file.key) for file in vault.scan()} == originals
    vault.close()
