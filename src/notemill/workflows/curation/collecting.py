"""Answers become proposals, each for the note as it was when it was asked about."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from notemill.errors import NotemillError
from notemill.index import facts_of
from notemill.markup.references import NOTHING, Own
from notemill.workflows.curation.curate import proposals_for, read_reply
from twolane import ItemState, TwolaneError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from notemill.index import NoteFacts
    from notemill.stores.proposals import NewProposal
    from notemill.stores.review import Review
    from notemill.tagging.gate import Gate
    from notemill.vault.files import Vault
    from notemill.workflows.curation.reply_text import Loss
    from twolane import ItemOutcome


def collected(
    run: str,
    outcomes: Iterable[ItemOutcome],
    vault: Vault,
    review: Review,
    *,
    gate: Gate,
    now: float,
) -> list[tuple[int, str]]:
    """Turn the answers of a run that are there into proposals; return those in conflict, with why.

    A note that changed since it was asked about is a conflict; the answer for one that is not
    here now is kept for when it is back. May be called at any time and again: what was collected
    before is left as it is.
    """
    done = review.stored(run)
    written = review.descriptions_written()
    found: list[tuple[str, str, list[NewProposal]]] = []
    conflicts: dict[str, tuple[int, str]] = {}
    for outcome in outcomes:
        if outcome.state is not ItemState.SUCCEEDED or outcome.key in done:
            continue
        facts, own = _read(vault, outcome.key)
        if isinstance(facts, str) or facts.source_hash != outcome.content_hash:
            why = facts if isinstance(facts, str) else "the note was edited since it was read"
            conflicts[outcome.key] = (outcome.index, f"{why}; curate it again")
            continue
        reply = read_reply(outcome.text, own)
        ours = written.get(outcome.key, frozenset())
        new = proposals_for(facts, reply, ours=ours, gate=gate)
        found.append((outcome.key, facts.source_hash, new))
    away = vault.presence().away(conflicts) if conflicts else {}
    review.store(run, found, now=now)
    return [conflict for key, conflict in conflicts.items() if key not in away]


def losses_of(outcomes: Iterable[ItemOutcome], vault: Vault) -> Iterator[tuple[str, Loss]]:
    """Yield what was not taken of answers as it was, each with its note.

    Judged by the notes as they are now; one is read only where its answer refers to something.
    """
    for outcome in outcomes:
        if outcome.state is not ItemState.SUCCEEDED or outcome.body is None:
            continue
        with suppress(TwolaneError):  # a damaged answer, which `twolane check` names
            reply = read_reply(outcome.text, Own(partial(_text, vault, outcome.key)))
            yield from ((outcome.key, loss) for loss in reply.losses)


def _text(vault: Vault, key: str) -> str:
    try:
        return vault.read(key).decode("utf-8", "replace")
    except NotemillError:
        return ""


def _read(vault: Vault, key: str) -> tuple[NoteFacts | str, Own]:
    """Return a note's facts as it is now, or why it cannot be read, and what it refers to."""
    try:
        raw = vault.read(key)
    except NotemillError as error:
        return str(error), NOTHING
    own = Own(lambda: raw.decode("utf-8", "replace"))
    return facts_of(key, raw, size=len(raw), mtime_ns=0), own
