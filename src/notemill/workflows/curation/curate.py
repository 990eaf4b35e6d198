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
from notemill.stores.proposals import NewProposal, ProposalKind
from notemill.tagging.gate import OPEN
from notemill.tagging.known import NONE
from notemill.workflows.curation.reply_text import MAX_DESCRIPTION_CHARS, ReplyReading
from notemill.workflows.curation.topic_names import topic_form
from notemill.workflows.curation.withheld import why_withheld
from notemill.workflows.fitting import Room
from notemill.workflows.forms import TEXT, list_of, object_of, params_of, text_of
from twolane import Request

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from notemill.index import NoteFacts
    from notemill.markup.references import Own
    from notemill.tagging.gate import Gate
    from notemill.tagging.known import KnownTags
    from notemill.workflows.curation.reply_text import Loss

MAX_TOKENS = 1_024
# A reply is a description, three tags, five topics and a token.
REPLY_TOKENS = 150
# Some 6,000 tokens: enough to tell what a note is about, and a book does not cost a fortune.
MAX_NOTE_CHARS = 24_000
MAX_WORD_CHARS = 40
MAX_TAGS = 3
MAX_TOPICS = 5
# A run that invents more has no vocabulary: a longer list would not give it one.
MAX_NEW_TAGS = 60

REPLY_SCHEMA = object_of(note_ref=TEXT, description=TEXT, tags=list_of(TEXT), topics=list_of(TEXT))
# Above what is asked for: these bounds keep a small model from writing on to its last token;
# Anthropic's structured output takes no such bounds.
_WORDS = list_of(text_of(MAX_WORD_CHARS), MAX_TOPICS + 2)
BOUNDED_SCHEMA = object_of(
    note_ref=TEXT, description=text_of(MAX_DESCRIPTION_CHARS + 100), tags=_WORDS, topics=_WORDS
)
_SAID = {"type": "string", "pattern": r"\S"}
USABLE = {
    "description": "it is empty: it has no description, no tags and no topics",
    "anyOf": [
        {"properties": {"description": _SAID}},
        {"properties": {"tags": {"contains": _SAID}}},
        {"properties": {"topics": {"contains": _SAID}}},
    ],
}
"""What a usable reply meets besides its form: it says something."""


@dataclass(frozen=True, slots=True)
class Template:
    """A prompt and its version, which is the hash of its text."""

    text: str
    version: str


@dataclass(frozen=True, slots=True)
class Curated:
    """A parsed reply: what the model says of a note, and what was dropped from it."""

    description: str
    tags: tuple[str, ...]
    topics: tuple[str, ...]
    losses: tuple[Loss, ...] = ()


def load_template(name: str) -> Template:
    """Return a prompt from the package."""
    text = resources.files("notemill.prompts").joinpath(f"{name}.md").read_text("utf-8")
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
) -> dict[str, Any]:
    """Return the request params for one note; the engine adds its `note_ref` line.

    `system` is what all requests of the run share; `rejected` are tags that a person rejected,
    `new_tags` those that the run has brought so far; `room` is the space left in the model's
    context. Raises UsageError if there is none.
    """
    room = room or Room()
    max_tokens = room.for_reply(MAX_TOKENS)
    head = [
        f"title: {line_of(facts.title)}",
        f"folder: {line_of(facts.folder)}",
        f"existing_tags: {list_of_tags(facts.all_tags)}",
        f"candidate_tags: {list_of_tags(candidates)}",
        *([f"new_tags: {list_of_tags(new_tags[:MAX_NEW_TAGS])}"] if new_tags else []),
        *([f"rejected_tags: {list_of_tags(rejected)}"] if rejected else []),
        TEXT_BELOW,
    ]
    form = BOUNDED_SCHEMA if room.small else REPLY_SCHEMA
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


def read_reply(text: str, own: Own = NOTHING, known: KnownTags = NONE) -> Curated:
    """Read a reply that met its schema into plain words and legal tags, each once.

    `own` are the note's own references: a reply may repeat those. Another spelling of a tag that is
    `known` is that tag; a parent beside its child is left out.
    """
    value = json.loads(text)
    reading = ReplyReading(own)
    description = reading.description(value["description"])
    tags = _unique(known.of(tag) for tag in reading.tags(value["tags"]))
    topics = _unique(reading.topics(value["topics"]), topic_form)
    return Curated(
        description,
        reading.first("tags", reading.narrowest(tags), MAX_TAGS),
        reading.first("topics", topics, MAX_TOPICS),
        reading.losses,
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
