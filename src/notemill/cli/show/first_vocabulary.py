"""What a curation shows of the vocabulary that it proposes first, and the question about it."""

from __future__ import annotations

import sys
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from notemill.app import vocabulary_events as events
from notemill.errors import UsageError, WaitingForPersonError
from notemill.markup.tags import tag_key
from twolane import format_usd
from twolane.front.console import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from notemill.app.events import Event
    from notemill.tagging.taglist import Entry
    from twolane.front.console import Console

_INDENT: Final = "  "
_KEYS: Final = "[y] use it  [e] edit it as a list  [n] go without one  [l] decide later: "


def show_tree(
    entries: Iterable[Entry],
    console: Console,
    *,
    counts: Mapping[str, int] = MappingProxyType({}),
) -> None:
    """Show a vocabulary as a tree: how many notes have a tag, and what it is for."""
    known: set[str] = set()
    for one in entries:
        key = tag_key(one.tag)
        parent, _, leaf = one.tag.rpartition("/")
        depth = one.tag.count("/") if tag_key(parent) in known else 0
        known.add(key)
        margin = _INDENT * (depth + 1)
        also = f" ({', '.join(one.aliases)})" if one.aliases else ""
        has = f", {counted(counts[key], 'note')}" if counts.get(key) else ""
        says = f" - {one.description}" if one.description else ""
        console.print(
            f"{margin}{leaf if depth else one.tag}{also}{has}",
            aside=says,
            hang=len(margin) + len(_INDENT),
        )


async def ask_about(question: events.AcceptVocabulary, console: Console) -> bool:
    """Return whether a person at the terminal uses a vocabulary, edited or not.

    Raises WaitingForPersonError if they decide later.
    """
    while True:
        console.print(_KEYS, end="")
        match sys.stdin.readline().strip().lower():
            case "y" | "yes":
                return True
            case "n" | "no":
                return False
            case "e" | "edit" if question.edit is not None:
                if await _edited(question, console):
                    return True
            case "l" | "later" | "q" | "":
                raise WaitingForPersonError(question.later)


async def _edited(question: events.AcceptVocabulary, console: Console) -> bool:
    """Let a person edit the list until it can be used; return whether they saved one."""
    import click  # noqa: PLC0415  # for the editor alone

    text: str | None = question.listed
    while question.edit is not None:
        try:
            text = click.edit(text, extension=".md")
        except click.ClickException as error:
            console.print(f"{error.message}; set EDITOR to an editor of yours")
            return False
        if text is None:
            console.print("left as it is")
            return False
        try:
            count = await question.edit(text)
        except UsageError as error:
            console.print(str(error), style="red")
            console.print("edit it again? [Y/n] ", end="")
            if sys.stdin.readline().strip().lower() in ("n", "no"):
                return False
            continue
        console.print(f"edited: {counted(count, 'tag')}")
        return True
    return False


def _to_ask(event: events.VocabularyToAsk, console: Console) -> None:
    plan = event.plan
    price = "" if plan.quote.realtime_nano == 0 else f", about {format_usd(plan.estimated_nano)}"
    console.print(
        f"this vault has no vocabulary yet: one is proposed first, from the titles, folders and "
        f"first words of {counted(event.notes, 'note')} "
        f"({counted(plan.quote.items, 'request')}{price}, included in the price)"
    )


def _proposed(event: events.VocabularyProposed, console: Console) -> None:
    mine = sum(1 for one in event.entries if event.counts.get(tag_key(one.tag)))
    yours = f", {mine:,} of them in your notes already" if mine else ""
    roots = sum("/" not in one.tag for one in event.entries)
    console.print(
        f"proposed vocabulary: {counted(len(event.entries), 'tag')} under {counted(roots, 'root')}"
        f"{yours}"
    )
    show_tree(event.entries, console, counts=event.counts)


def _in_force(event: events.VocabularyInForce, console: Console) -> None:
    console.print(
        f"vocabulary: {counted(event.tags, 'tag')}; write it into a note of yours with: notemill "
        "tags vocabulary --note NOTE"
    )


def _rejected(_: events.VocabularyRejected, console: Console) -> None:
    console.print("going on without a vocabulary; none is proposed again")


def _taken_back(event: events.VocabularyTakenBack, console: Console) -> None:
    console.print(f"vocabulary of {counted(event.tags, 'tag')} taken back; none is proposed again")


def show_vocabulary(entries: Sequence[Entry], console: Console) -> None:
    """Show the vocabulary that was proposed with a run, if there was one."""
    if entries:
        console.print(f"vocabulary of this run: {counted(len(entries), 'tag')}")
        show_tree(entries, console)


def _unusable(_: events.VocabularyUnusable, console: Console) -> None:
    console.print("no usable vocabulary came out of the answers; going on without one")


RENDERERS: Final[Mapping[type[Event], Callable[[Any, Console], None]]] = {
    events.VocabularyToAsk: _to_ask,
    events.VocabularyProposed: _proposed,
    events.VocabularyInForce: _in_force,
    events.VocabularyRejected: _rejected,
    events.VocabularyTakenBack: _taken_back,
    events.VocabularyUnusable: _unusable,
}
