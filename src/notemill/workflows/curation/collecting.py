"""Turn answers into proposals, each for the note as it was when the model was asked."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from notemill.errors import NotemillError
from notemill.index import facts_of
from notemill.markup.references import NOTHING, Own
from notemill.markup.tags import tag_key
from notemill.properties import CURATED
from notemill.stores.proposals import ProposalKind
from notemill.tagging.gate import OPEN
from notemill.tagging.known import NONE
from notemill.workflows.curation.curate import proposals_for, read_reply
from notemill.workflows.curation.reply_text import TURNED_DOWN, Loss
from notemill.workflows.curation.topic_names import NO_TOPICS
from twolane import ItemState, TwolaneError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from notemill.index import NoteFacts
    from notemill.properties import Properties
    from notemill.stores.proposals import NewProposal, Proposal
    from notemill.stores.review import Review
    from notemill.tagging.gate import Gate
    from notemill.tagging.known import KnownTags
    from notemill.vault.files import Vault
    from notemill.workflows.curation.topic_names import KnownTopics
    from twolane import ItemOutcome

    _Found = tuple[str, str, list[NewProposal]]


def collected(
    run: str,
    outcomes: Iterable[ItemOutcome],
    vault: Vault,
    review: Review,
    *,
    gate: Gate,
    known: KnownTags = NONE,
    states: Collection[str] = (),
    named: KnownTopics = NO_TOPICS,
    used: Properties = CURATED,
    now: float,
) -> list[tuple[int, str]]:
    """Turn a run's answers so far into proposals; return those in conflict, with why.

    A note that has changed since the model was asked is a conflict; the answer for a note that is
    not here now is kept until it is back. Another spelling of a tag that is `known` is that tag,
    another form of a topic that is `named`, or else of one that the run has brought, that topic; no
    note gets one of `states`. Nothing is proposed of properties that are not `used`. May be called
    repeatedly: answers that were collected before are left as they are.
    """
    done = review.stored(run)
    written = review.descriptions_written()
    found: list[_Found] = []
    without: dict[str, Properties] = {}
    conflicts: dict[str, tuple[int, str]] = {}
    for outcome in outcomes:
        if outcome.state is not ItemState.SUCCEEDED or outcome.key in done:
            continue
        facts, own = _read(vault, outcome.key)
        if isinstance(facts, str) or facts.source_hash != outcome.content_hash:
            why = facts if isinstance(facts, str) else "the note was edited since it was read"
            conflicts[outcome.key] = (outcome.index, f"{why}; curate it again")
            continue
        reply = read_reply(outcome.text, own, known, used=used)
        without[outcome.key] = CURATED - reply.asked
        ours = written.get(outcome.key, frozenset())
        new = proposals_for(facts, reply, ours=ours, gate=gate, states=states)
        found.append((outcome.key, facts.source_hash, new))
    away = vault.presence().away(conflicts) if conflicts else {}
    found = _in_one_form(found, named, review.proposals(run) if done else ())
    review.store(run, found, now=now, without=without)
    return [conflict for key, conflict in conflicts.items() if key not in away]


def _in_one_form(
    found: list[_Found], named: KnownTopics, before: Iterable[Proposal]
) -> list[_Found]:
    """Return proposals whose topics are in the form of the run's earlier ones, or the most used."""
    named = named.beside(one.value for one in before if one.kind is ProposalKind.TOPIC)
    named = named.beside(
        one.value for *_, new in found for one in new if one.kind is ProposalKind.TOPIC
    )
    return [
        (
            key,
            source,
            [
                replace(one, value=named.of(one.value)) if one.kind is ProposalKind.TOPIC else one
                for one in new
            ],
        )
        for key, source, new in found
    ]


def losses_of(
    outcomes: Iterable[ItemOutcome],
    vault: Vault,
    *,
    gate: Gate = OPEN,
    known: KnownTags = NONE,
    proposed: Collection[tuple[str, str]] = (),
    withheld: Callable[[str, str], str] = lambda _tag, _note: "",
    used: Properties = CURATED,
) -> Iterator[tuple[str, Loss]]:
    """Yield what was dropped or changed in answers, each with its note.

    Judged by the current notes and `gate`; a note is read only if its answer refers to something.
    `proposed` are the tags, by note and key, that did become proposals; `withheld` says why a note
    must not get a tag, '' if it may. Only the properties `used` count.
    """
    for outcome in outcomes:
        if outcome.state is not ItemState.SUCCEEDED or outcome.body is None:
            continue
        key = outcome.key
        with suppress(TwolaneError):  # a damaged answer, which `twolane check` names
            reply = read_reply(outcome.text, Own(partial(_text, vault, key)), known, used=used)
            yield from ((key, loss) for loss in reply.losses)
            gone = [tag for tag in reply.tags if (key, tag_key(tag)) not in proposed]
            whys = (
                TURNED_DOWN if gate.of(tag, key) is None else withheld(tag, key) for tag in gone
            )
            yield from ((key, Loss("tags", why, n)) for why, n in Counter(whys).items() if why)


def _text(vault: Vault, key: str) -> str:
    try:
        return vault.read(key).decode("utf-8", "replace")
    except NotemillError:
        return ""


def _read(vault: Vault, key: str) -> tuple[NoteFacts | str, Own]:
    """Return a note's current facts, or why it cannot be read, and its references."""
    try:
        raw = vault.read(key)
    except NotemillError as error:
        return str(error), NOTHING
    own = Own(lambda: raw.decode("utf-8", "replace"))
    return facts_of(key, raw, size=len(raw), mtime_ns=0), own
