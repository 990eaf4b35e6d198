"""`notemill tags adopt`: whose list of tags counts, and what every command says of all others."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

from notemill.cli.opening import open_mill
from notemill.errors import UsageError
from notemill.tagging.vocabulary import Vocabulary, differences, read_vocabulary
from notemill.vault.frontmatter import BOM
from notemill.workflows.tags.arrangement import adopt, taken_over, vocabulary_of
from notemill.workflows.tags.gating import changed_since, place_of
from twolane.front.consent import confirm
from twolane.front.console import counted, note_console, print_json

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from notemill.app.mill import Mill
    from notemill.privacy import Sight
    from twolane import Settings
    from twolane.front.console import Console

_SHOWN_NOTES: Final = 3
_SHOWN_CHANGES: Final = 20


async def adopt_note(settings: Settings, *, note: str, vault: Path, as_json: bool) -> int:
    """Take a note's list for the vault's vocabulary; return 0. Raises NotemillError."""
    mill = open_mill(vault, settings)
    try:
        with mill.working():
            if all(one.key != note for one in mill.look().facts):
                raise UsageError(f"there is no note {note}; name it by its path in the vault")
            raw = mill.vault.read(note)
            vocabulary = vocabulary_of(raw, note)
            say_news(mill, note, raw)
            take_over(mill, note, raw)
    finally:
        await mill.aclose()
    if as_json:
        tags = [one.tag for one in vocabulary.entries if not one.dropped]
        changes = [{"tag": old, "becomes": new} for old, new in vocabulary.changes.items()]
        print_json({"note": note, "tags": tags, "changes": changes})
    return 0


def say_news(mill: Mill, note: str, raw: bytes) -> None:
    """Show what the list in `note` decides otherwise than it did when it was taken over."""
    known = taken_over(mill.decisions) if mill.decisions.adopted().note == note else None
    _show(differences(known or Vocabulary(()), _list_in(raw)), note_console())


def take_over(mill: Mill, note: str, raw: bytes, *, agreed: bool = True, yes: bool = False) -> None:
    """Remember that a person named `note` as the vocabulary's, and its list as it is.

    Where they have not `agreed` to anything of it yet, another note than before is asked about.
    Raises WaitingError.
    """
    before = mill.decisions.adopted().note
    if before != note and not agreed:
        question = f"take the list in {note} for the vault's vocabulary?"
        confirm(question, note_console(), yes=yes, otherwise="nothing was changed")
    adopt(mill.decisions, note, _list_in(raw))
    if before != note:
        instead = f" instead of {before}" if before else ""
        line = f"{note} holds the vocabulary from here on{instead}"
        note_console().print(line)


def _list_in(raw: bytes) -> Vocabulary:
    return read_vocabulary(raw.removeprefix(BOM).decode("utf-8", "replace"))


def see_vocabulary(mill: Mill, sight: Sight, console: Console) -> None:
    """Name the notes whose list of tags decides nothing, and what changed in the one that does."""
    place = place_of(mill.vault, sight.facts, mill.decisions)
    if place.may_have_moved and sight.shows(place.note):
        line = f"{place.note} held the vocabulary and has no list now; it holds as you took it over"
        console.print(line)
    strays = [one for one in place.strays if sight.shows(one)]
    for one in strays[:_SHOWN_NOTES]:
        line = f"{one} has the marks of a vocabulary and decides nothing; if it is yours: "
        console.print(f"{line}notemill tags adopt {shlex.quote(one)}")
    if len(strays) > _SHOWN_NOTES:
        rest = counted(len(strays) - _SHOWN_NOTES, "more note")
        console.print(f"so do {rest}")
    if sight.shows(place.note) and (said := changed_since(mill.vault, place, mill.decisions)):
        console.print(f"{place.note} is not as you took it over:")
        _show(said, console)
        line = f"take it over as it is: notemill tags adopt {shlex.quote(place.note)}"
        console.print(line)


def _show(lines: Sequence[str], console: Console) -> None:
    for one in lines[:_SHOWN_CHANGES]:
        console.print(f"  {one}")
    if len(lines) > _SHOWN_CHANGES:
        console.print(f"  … and {len(lines) - _SHOWN_CHANGES:,} more")
