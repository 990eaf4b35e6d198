"""Curation: a note becomes a request, its reply becomes proposals."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any

from notemill.markup.invisible import visible
from notemill.markup.references import NOTHING
from notemill.markup.tags import paths_of, tag_key
from notemill.prompts.material import NOTE, TEXT_BELOW, Block, line_of, list_of_tags, marked
from notemill.properties import CURATED, Property
from notemill.stores.proposals import NewProposal, ProposalKind
from notemill.tagging.gate import OPEN
from notemill.tagging.known import NONE
from notemill.workflows.curation.asked import MAX_TAGS, MAX_TOPICS, reply_form, rules_for
from notemill.workflows.curation.reply_text import ReplyReading
from notemill.workflows.curation.topic_names import topic_form
from notemill.workflows.curation.withheld import why_withheld
from notemill.workflows.fitting import Room
from notemill.workflows.forms import params_of
from twolane import Request

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from notemill.index import NoteFacts
    from notemill.markup.references import Own
    from notemill.properties import Properties
    from notemill.tagging.gate import Gate
    from notemill.tagging.known import KnownTags
    from notemill.workflows.curation.reply_text import Loss

MAX_TOKENS = 1_024
# Some 6,000 tokens: enough to tell what a note is about, and a book does not cost a fortune.
MAX_NOTE_CHARS = 24_000
# A run that invents more has no vocabulary: a longer list would not give it one.
MAX_NEW_TAGS = 60


@dataclass(frozen=True, slots=True)
class Template:
    """A prompt and its version, which is the hash of its text."""

    text: str
    version: str


@dataclass(frozen=True, slots=True)
class Curated:
    """A parsed reply: what the model says of a note, and what was dropped from it.

    `asked` are the properties that it was asked for and that are used.
    """

    description: str
    tags: tuple[str, ...]
    topics: tuple[str, ...]
    losses: tuple[Loss, ...] = ()
    asked: Properties = CURATED


def load_template(name: str, used: Properties = CURATED) -> Template:
    """Return a prompt from the package, about the properties used."""
    text = resources.files("notemill.prompts").joinpath(f"{name}.md").read_text("utf-8")
    text = rules_for(text, used)
    return Template(text, hashlib.blake2b(text.encode(), digest_size=6).hexdigest())


def request_for(
    facts: NoteFacts,
    text: str,
    candidates: Sequence[str],
    *,
    system: str,
    model: str,
    rejected: Sequence[str] = (),
    new_tags: Sequence[str] = (),
    room: Room | None = None,
    used: Properties = CURATED,
) -> dict[str, Any]:
    """Return the request params for one note; the engine adds its `note_ref` line.

    `system` is what all requests of the run share; `rejected` are tags that a person rejected,
    `new_tags` those that the run has brought so far; `room` is the space left in the model's
    context. Only the properties `used` are asked for. Raises UsageError if there is no room.
    """
    room = room or Room()
    max_tokens = room.for_reply(MAX_TOKENS)
    head = [
        f"title: {line_of(facts.title)}",
        f"folder: {line_of(facts.folder)}",
        f"existing_tags: {list_of_tags(facts.all_tags)}",
        *([f"candidate_tags: {list_of_tags(candidates)}"] if Property.TAGS in used else []),
        *([f"new_tags: {list_of_tags(new_tags[:MAX_NEW_TAGS])}"] if new_tags else []),
        *([f"rejected_tags: {list_of_tags(rejected)}"] if rejected else []),
        TEXT_BELOW,
    ]
    form = reply_form(used, bounded=room.small)
    others = "\n".join((json.dumps(form), *marked([Block(NOTE, "\n".join(head))])))
    shown = visible(text)[:MAX_NOTE_CHARS]
    told = room.fit(facts.key, shown, system, others, reply_tokens=max_tokens)
    lines = marked([Block(NOTE, "\n".join((*head, told)))])
    return params_of(lines, system=system, form=form, model=model, max_tokens=max_tokens)


def as_request(facts: NoteFacts, params: dict[str, Any], *, need: int) -> Request:
    """Return the engine's request for a note: its path as identity, an echo and a source hash."""
    return Request(
        key=facts.key,
        params=params,
        name=facts.title,
        content_hash=facts.source_hash,
        echo=True,
        need=need,
    )


def read_reply(
    text: str, own: Own = NOTHING, known: KnownTags = NONE, *, used: Properties = CURATED
) -> Curated:
    """Read a reply that met its schema into plain words and legal tags, each once.

    `own` are the note's own references: a reply may repeat those. Another spelling of a tag that is
    `known` is that tag; a parent beside its child is left out. Properties that are not `used`, or
    were not when it was asked for, are empty.
    """
    value = {name: said for name, said in json.loads(text).items() if name in used}
    reading = ReplyReading(own)
    description = reading.description(value.get(Property.DESCRIPTION, ""))
    tags = _unique(known.of(tag) for tag in reading.tags(value.get(Property.TAGS, [])))
    topics = _unique(reading.topics(value.get(Property.TOPICS, [])), topic_form)
    return Curated(
        description,
        reading.first("tags", reading.narrowest(tags), MAX_TAGS),
        reading.first("topics", topics, MAX_TOPICS),
        reading.losses,
        frozenset(map(Property, value)),
    )


def proposals_for(
    facts: NoteFacts,
    reply: Curated,
    *,
    ours: frozenset[str],
    gate: Gate = OPEN,
    states: Collection[str] = (),
) -> list[NewProposal]:
    """Return a reply's proposals for a note, without what the note has already.

    `ours` holds descriptions that notemill wrote into this note; a person's description is only
    replaced by a proposal that says so. Tags come in the vocabulary's spelling; a tag that it does
    not have is a proposal of its own kind, and a rejected one is left out, as are `states` and what
    the note itself lists (see `why_withheld`).
    """
    found: list[NewProposal] = []
    if reply.description and reply.description != facts.description:
        by_person = facts.has_description and facts.description not in ours
        found.append(
            NewProposal(
                ProposalKind.DESCRIPTION, reply.description, facts.description if by_person else ""
            )
        )
    may_have = [tag for tag in reply.tags if not why_withheld(tag, facts, states)]
    found += _tag_proposals(facts, may_have, gate)
    known = {topic_form(topic) for topic in facts.topics}
    found += [
        NewProposal(ProposalKind.TOPIC, topic)
        for topic in reply.topics
        if topic_form(topic) not in known
    ]
    return found


def _tag_proposals(facts: NoteFacts, tags: Iterable[str], gate: Gate) -> list[NewProposal]:
    have = {tag_key(tag) for tag in facts.all_tags}
    # The note has a tag already if it has another spelling of it, or one below it.
    have |= {tag_key(one.tag) for tag in facts.all_tags if (one := gate.of(tag, facts.key))}
    have = {path for key in have for path in paths_of(key)}
    found: list[NewProposal] = []
    for tag in tags:
        ruling = gate.of(tag, facts.key)
        if ruling is not None and tag_key(ruling.tag) not in have:
            have.add(tag_key(ruling.tag))
            found.append(
                NewProposal(ProposalKind.NEW_TAG if ruling.is_new else ProposalKind.TAG, ruling.tag)
            )
    return found


def _unique(values: Iterable[str], form: Callable[[str], str] = str.casefold) -> list[str]:
    seen: dict[str, str] = {}
    for value in values:
        seen.setdefault(form(value), value)
    return list(seen.values())
