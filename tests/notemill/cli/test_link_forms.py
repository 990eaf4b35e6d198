"""`notemill link`: links as the vault is set to write them, and where each can stand."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from notemill.stores.links import LinkLedger
from notemill.stores.pairs import LinkRun, NewPair, NewSide
from notemill.stores.store import FILE, Store
from notemill.vault.note import parse, source_hash
from notemill.vault.related import Form
from tests.notemill.cli.test_link import MULCH, SOIL, ends, linked, replaced, shell
from tests.notemill.linking.reader import assert_linked_both_ways, related_links
from tests.notemill.workflows.notes import tree

if TYPE_CHECKING:
    from pathlib import Path

    from tests.notemill.cli.test_notemill import Shell

__all__ = ["shell"]
_WIKILINK = re.compile(r"\[\[[^\[\]#^|]+(\|[^\[\]|]+)?\]\]")


def configured(shell: Shell, **settings: object) -> None:
    """Set the vault up as Obsidian keeps it."""
    (shell.vault / ".obsidian").mkdir(exist_ok=True)
    (shell.vault / ".obsidian" / "app.json").write_text(json.dumps(settings), "utf-8")


def related(path: Path) -> tuple[str, ...]:
    """Return the entries of a note's property."""
    return parse(path.read_bytes())[0].list_of("related")


def settled(shell: Shell, *words: object) -> None:
    """See that another run changes nothing."""
    after = tree(shell.vault)
    assert linked(shell, *words)["state"] == "nothing"
    assert tree(shell.vault) == after


@pytest.mark.parametrize(
    ("markdown", "paths"), [(False, "relative"), (True, "absolute"), (True, None), ("yes", 5)]
)
def test_a_property_holds_wikilinks_however_the_vault_is_set(
    shell: Shell, markdown: object, paths: object
) -> None:
    """Obsidian takes a Markdown link in a property for a text: no backlink, nothing in the graph."""
    configured(shell, useMarkdownLinks=markdown, newLinkFormat=paths)
    before = tree(shell.vault)
    (shell.vault / "Sourdough.md").rename(shell.vault / "100% rye: $5 <new>.md")
    before["100% rye: $5 <new>.md"] = before.pop("Sourdough.md")
    report = linked(shell)
    entries = [text for name in before for text in related(shell.vault / name)]
    assert len(entries) == 2 * len(report["linked"]) > 0
    assert all(_WIKILINK.fullmatch(text) for text in entries)
    assert "[[100% rye: $5 <new>]]" in related(shell.vault / "Yeast.md")
    assert report["elsewhere"] == []
    settled(shell)
    assert shell("undo", report["run"], "--yes") == 0
    assert tree(shell.vault) == before


def test_a_list_below_the_text_has_the_links_that_the_vault_is_set_to(shell: Shell) -> None:
    """URL-encoded, as Obsidian writes them itself."""
    configured(shell, useMarkdownLinks=True)
    report = linked(shell, "--section")
    assert b"- [Rye bread](Rye%20bread.md)\n" in (shell.vault / "Sourdough.md").read_bytes()
    assert_linked_both_ways(shell.vault, ends(report["linked"]))
    settled(shell, "--section")


def test_links_name_their_note_from_where_they_stand(shell: Shell) -> None:
    """Set to relative paths, they are; moved to another folder, the note's links are set right."""
    configured(shell, newLinkFormat="relative")
    (shell.vault / "Deep" / "er").mkdir(parents=True)
    (shell.vault / MULCH).rename(shell.vault / "Deep" / "er" / "Mulch.md")
    linked(shell)
    assert "[[../../Garden/Soil|Soil]]" in related(shell.vault / "Deep" / "er" / "Mulch.md")
    assert "[[../Deep/er/Mulch|Mulch]]" in related(shell.vault / SOIL)
    assert "[[Compost]]" in related(shell.vault / SOIL)
    settled(shell)
    (shell.vault / "Deep" / "er" / "Mulch.md").rename(shell.vault / "Mulch.md")
    report = linked(shell)
    assert report["renamed"] == [{"from": "Deep/er/Mulch.md", "to": "Mulch.md"}]
    assert report["rejected"] == []
    assert "[[Garden/Soil|Soil]]" in related(shell.vault / "Mulch.md")
    assert "[[../Mulch|Mulch]]" in related(shell.vault / SOIL)
    settled(shell)


@pytest.mark.parametrize("name", ["C# notes", "soil^2", "[draft] soil", "a|b", "50%% soil"])
def test_a_name_that_no_wikilink_can_hold_is_linked_below_the_text(shell: Shell, name: str) -> None:
    """The other side stands in the property; what stands elsewhere is named, and comes and goes."""
    path = shell.vault / f"{name}.md"
    (shell.vault / SOIL).rename(path)
    before = tree(shell.vault)
    report = linked(shell)
    assert {one["item"] for one in report["elsewhere"]} >= {MULCH}
    assert all(f"{name}.md" in one["message"] for one in report["elsewhere"])
    assert "below the text" in shell.err
    assert b"## Related\n" in (shell.vault / MULCH).read_bytes()
    assert "[[Mulch]]" in related(path)
    assert all(_WIKILINK.fullmatch(text) for file in before for text in related(shell.vault / file))
    settled(shell)
    path.rename(shell.vault / "Earth.md")
    linked(shell)
    assert_linked_both_ways(shell.vault, {(MULCH, "Earth.md")})
    settled(shell)
    (shell.vault / "Earth.md").rename(path)
    linked(shell)
    for run in _runs(shell):
        assert shell("undo", run, "--yes") == 0
    assert tree(shell.vault) == before


def _runs(shell: Shell) -> list[str]:
    assert shell("runs", "--json") == 0
    return [one["run"] for one in shell.report["runs"]]


def test_a_link_goes_below_the_text_where_its_note_gets_such_a_name(shell: Shell) -> None:
    """It leaves the property, which cannot hold it any more, and returns to nowhere by itself."""
    linked(shell)
    (shell.vault / SOIL).rename(shell.vault / "Soil #1.md")
    report = linked(shell)
    assert {one["mend"] for one in report["repairs"]} == {"retarget"}
    assert "[[Soil]]" not in related(shell.vault / MULCH)
    assert b"- [Soil #1](Soil%20%231.md)\n" in (shell.vault / MULCH).read_bytes()
    assert shell("undo", report["run"], "--yes") == 0
    assert "[[Soil]]" in related(shell.vault / MULCH)
    assert linked(shell)["rejected"] == []
    settled(shell)


def test_a_note_with_no_place_for_such_a_link_is_named(shell: Shell) -> None:
    """Neither note of that pair is written; the other pairs are."""
    (shell.vault / SOIL).rename(shell.vault / "Soil #1.md")
    path = shell.vault / MULCH
    path.write_bytes(path.read_bytes() + b"\n```\nan open block\n")
    report = linked(shell, code=3)
    assert [one["item"] for one in report["problems"]] == [MULCH]
    assert ("Soil #1.md", MULCH) not in {
        (one.note, one.target) for one in related_links(shell.vault)
    }
    assert "[[Compost]]" in related(path)


def test_a_link_that_has_no_place_any_more_holds_up_no_other(shell: Shell) -> None:
    """It stays where it is and its note is named, while the note's other links are mended."""
    path = shell.vault / MULCH
    path.write_bytes(path.read_bytes() + b"\n```\nan open block\n")
    linked(shell)
    (shell.vault / SOIL).rename(shell.vault / "Soil #1.md")
    (shell.vault / "Garden" / "Compost.md").rename(shell.vault / "Garden" / "Heap.md")
    report = linked(shell, code=3)
    assert [one["item"] for one in report["problems"]] == [MULCH]
    assert {"[[Soil]]", "[[Heap]]"} <= set(related(path))
    path.write_bytes(path.read_bytes() + b"```\n")
    linked(shell)
    assert_linked_both_ways(shell.vault, {(MULCH, "Soil #1.md"), ("Garden/Heap.md", MULCH)})
    settled(shell)


def earlier(shell: Shell, pair: NewPair, texts: dict[str, str]) -> None:
    """Leave a pair as a version wrote it that put Markdown links into properties."""
    assert shell("link", shell.vault, "--dry-run") == 0
    (path,) = shell.home.rglob(FILE)
    store = Store(path)
    ledger = LinkLedger(store)
    run = LinkRun("link-earlier", 1.0, {"form": "property"})
    (number,) = ledger.propose(run, [pair])
    sides = [NewSide(number, note, Form.PROPERTY, text, had=False) for note, text in texts.items()]
    ledger.begin(run.id, add=sides, remove=(), move=(), now=1.0)
    store.close()
    for note, text in texts.items():
        raw = (shell.vault / note).read_bytes()
        (shell.vault / note).write_bytes(f'---\nrelated:\n  - "{text}"\n---\n'.encode() + raw)


@pytest.mark.parametrize("markdown", [False, True])
def test_earlier_markdown_links_in_properties_become_wikilinks(
    shell: Shell, *, markdown: bool
) -> None:
    """The next run mends what notemill wrote; what its owner wrote so stays as it is."""
    configured(shell, useMarkdownLinks=markdown)
    sources = [source_hash(parse((shell.vault / name).read_bytes())[0]) for name in (MULCH, SOIL)]
    pair = NewPair(MULCH, SOIL, 0.9, {}, *sources)
    earlier(shell, pair, {MULCH: "[Soil](Garden/Soil.md)", SOIL: "[Mulch](Garden/Mulch.md)"})
    replaced(shell.vault / SOIL, b"---\nGarden", b'  - "[Trains](Trains.md)"\n---\nGarden')
    before = tree(shell.vault)
    report = linked(shell)
    assert {one["text"] for one in report["repairs"]} == {"[[Soil]]", "[[Mulch]]"}
    assert related(shell.vault / MULCH)[0] == "[[Soil]]"
    assert related(shell.vault / SOIL)[:2] == ("[[Mulch]]", "[Trains](Trains.md)")
    settled(shell)
    assert shell("undo", report["run"], "--yes") == 0
    assert tree(shell.vault) == before
    assert linked(shell)["rejected"] == []
    assert related(shell.vault / MULCH)[0] == "[[Soil]]"


@pytest.mark.parametrize(
    "text",
    [
        '"[[Soil]], [[Trains]]"',
        "'[[Garden/Soil|the ground]]; [[Trains#Times]]'",
        "|\n  [[Soil]]\n  [[Trains]]",
    ],
)
def test_a_text_with_several_links_is_read_and_stays(shell: Shell, text: str) -> None:
    """What it names is not proposed again; other links go below the note's text, and that is said."""
    path = shell.vault / MULCH
    head = f"---\nrelated: {text}\n---\n".encode()
    path.write_bytes(head + path.read_bytes())
    before = tree(shell.vault)
    report: dict[str, Any] = linked(shell)
    assert (MULCH, SOIL) not in ends(report["pairs"])
    assert path.read_bytes().startswith(head)
    assert b"## Related\n\n- [[Compost]]\n" in path.read_bytes()
    assert {one["item"] for one in report["elsewhere"]} == {MULCH}
    assert "make it one" in shell.err
    settled(shell)
    assert shell("undo", report["run"], "--yes") == 0
    assert tree(shell.vault) == before
