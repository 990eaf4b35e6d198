"""Have a model arrange the tags: tags become requests, replies become a vocabulary.

There are two rounds, however many tags there are. The first is one request for the headings, with
the most used tags; the second sends all chunks at once, and so in either lane, each with the same
headings to file into. No request has to hold all tags, as a merging one would, and none waits for
the chunk before it. If all tags fit into one chunk, or the vocabulary already has headings, there
is no first round.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from notemill.markup.tags import tag_key
from notemill.prompts.material import DATA, Block, line_of, marked
from notemill.tagging.arrange import FEW_TAGS
from notemill.tagging.cards import NO_CONTEXT, Card, Context, cards_of, chunked
from notemill.tagging.filing import Arranged, Filed, Filing, levels_from, settle
from notemill.tagging.synonyms import Synonyms
from notemill.tagging.variants import Variation
from notemill.workflows.curation.curate import load_template
from notemill.workflows.forms import BOOLEAN, TEXT, list_of, object_of, params_of
from notemill.workflows.tags.findings import is_of_two_contexts
from twolane import ItemState, Request

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from notemill.stores.decisions import Rejection
    from notemill.tagging.taglist import Vocabulary
    from notemill.workflows.tags.findings import TagReport
    from twolane import ItemOutcome

REPLY_TOKENS_PER_TAG: Final = 24
"""The size of an entry with its parent in JSON, for tags of one or two words."""
_TOKENS_PER_TAG: Final = 64
_TOKENS_FOR_REST: Final = 2_048
_EXPECTED_LEVELS: Final = 40
MAX_PAIRS: Final = 40
MAX_NEVER: Final = 40
MAX_LISTED: Final = 200
KEEP: Final = "structure: keep"
"""The line of a request after which no tag gets a new place."""
LEVELS_SCHEMA: Final = object_of(note_ref=TEXT, levels=list_of(TEXT))
ARRANGE_SCHEMA: Final = object_of(
    note_ref=TEXT,
    entries=list_of(object_of(tag=TEXT, parent=TEXT, aliases=list_of(TEXT))),
    dropped=list_of(object_of(tag=TEXT, reason=TEXT)),
    pairs=list_of(object_of(tag=TEXT, other=TEXT, same=BOOLEAN)),
)


@dataclass(frozen=True, slots=True)
class Asking:
    """What to ask a model: tags in chunks, and what the vocabulary already has.

    `levels` are its headings, to file into; `listed` are its tags, which others may be spellings
    of. Without `structure` tags are merged and dropped, and none gets a new place.
    """

    chunks: tuple[tuple[Card, ...], ...]
    levels: tuple[str, ...]
    listed: tuple[str, ...]
    pairs: tuple[Synonyms, ...]
    never: tuple[Rejection, ...]
    structure: bool = True

    @property
    def cards(self) -> tuple[Card, ...]:
        """The tags of all chunks."""
        return tuple(card for chunk in self.chunks for card in chunk)

    @property
    def asks_levels(self) -> bool:
        """Whether to ask for the headings first."""
        return self.structure and len(self.chunks) > 1 and not self.levels

    @property
    def identity(self) -> str:
        """What makes a repeated command the same: the tags, not what is told about them."""
        keys = "\n".join(sorted(card.key for card in self.cards))
        shape = f"{len(self.chunks)}{'' if self.structure else ' kept'}\n{keys}"
        return hashlib.blake2b(shape.encode(), digest_size=12).hexdigest()


def asking_about(
    found: TagReport,
    vocabulary: Vocabulary | None,
    *,
    never: Sequence[Rejection],
    chunk: int,
    only: Collection[str] | None,
    context: Context = NO_CONTEXT,
) -> Asking:
    """Return what to ask about a vault's tags, except those already in the list.

    Junk is not asked about either, nor what texts only mention. `only` limits which tags of the
    list may be sent: none from an excluded note.
    """
    junk = {tag_key(one.tag) for one in found.droppable}
    listed = vocabulary.known if vocabulary else frozenset()
    merges = [one for one in found.merges if not is_of_two_contexts(one, context.named)]
    left_out = junk | listed | found.mentions.all
    cards = cards_of(found.census, merges, leave_out=left_out, context=context)
    slips = [
        Synonyms(one.tag, one.into, 1.0, one.reason)
        for one in merges
        if one.kind is Variation.SPELLING
    ]
    pairs = (*slips, *found.synonyms)
    names = [one.tag for one in vocabulary.entries if not one.dropped] if vocabulary else []
    told = [name for name in names if only is None or tag_key(name) in only]
    parents = {tag_key(name.rpartition("/")[0]) for name in told}
    levels = levels_from(name for name in told if tag_key(name) in parents)
    chunks = chunked(cards, pairs, most=chunk) if cards else ()
    structure = bool(names) or len(cards) >= FEW_TAGS
    return Asking(chunks, levels, tuple(told[:MAX_LISTED]), pairs, tuple(never), structure)


def levels_request(asking: Asking, *, model: str, chunk: int) -> Request:
    """Return the request for the headings, with the most used tags."""
    top = sorted(asking.cards, key=lambda card: (-card.notes, card.key))[:chunk]
    blocks = [_data("tags", (card.line for card in top))]
    return _request("headings", "levels", LEVELS_SCHEMA, blocks, model=model, max_tokens=2_048)


def chunk_requests(asking: Asking, levels: Sequence[str], *, model: str) -> list[Request]:
    """Return the requests for all chunks, each with the same headings."""
    return [
        _request(
            f"tags {number + 1} of {len(asking.chunks)}",
            "arrange",
            ARRANGE_SCHEMA,
            _blocks(asking, chunk, levels),
            model=model,
            max_tokens=_TOKENS_FOR_REST + _TOKENS_PER_TAG * len(chunk),
        )
        for number, chunk in enumerate(asking.chunks)
    ]


def expected_requests(asking: Asking, *, model: str, chunk: int) -> list[Request]:
    """Return the expected requests, to price the run before the first: the headings are guesses."""
    if not asking.asks_levels:
        return chunk_requests(asking, asking.levels, model=model)
    guessed = [card.name for card in asking.cards[:_EXPECTED_LEVELS]]
    return [
        levels_request(asking, model=model, chunk=chunk),
        *chunk_requests(asking, guessed, model=model),
    ]


def reply_tokens(asking: Asking) -> int:
    """Return the expected tokens of the replies."""
    longest = max((len(chunk) for chunk in asking.chunks), default=0)
    return REPLY_TOKENS_PER_TAG * longest


def _data(heading: str, lines: Iterable[str]) -> Block:
    return Block(DATA, "\n".join(lines), f"{heading}:")


def _blocks(asking: Asking, chunk: Sequence[Card], levels: Sequence[str]) -> list[Block]:
    keys = {card.key for card in chunk}
    blocks = [_data("levels", map(line_of, levels))]
    if not asking.structure:
        blocks.append(Block(DATA, "", KEEP))
    if asking.listed:
        blocks.append(_data("listed", map(line_of, asking.listed)))
    blocks.append(_data("tags", (card.line for card in chunk)))
    pairs = [
        f"{line_of(pair.tag)} = {line_of(pair.other)}"
        for pair in asking.pairs
        if tag_key(pair.tag) in keys and tag_key(pair.other) in keys
    ]
    if pairs:
        blocks.append(_data("pairs", pairs[:MAX_PAIRS]))
    never = [
        line_of(f"{one.tag} into {one.into}" if one.into else f"drop {one.tag}")
        for one in asking.never
        if tag_key(one.tag) in keys
    ]
    if never:
        blocks.append(_data("never", never[:MAX_NEVER]))
    return blocks


def _request(
    key: str,
    template: str,
    form: Mapping[str, Any],
    blocks: Sequence[Block],
    *,
    model: str,
    max_tokens: int,
) -> Request:
    text = "\n".join(marked(blocks))
    system = load_template(template).text
    params = params_of([text], system=system, form=form, model=model, max_tokens=max_tokens)
    digest = hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16).hexdigest()
    return Request(key=key, params=params, name=key, content_hash=digest, echo=True)


# -- replies ----------------------------------------------------------------------------------


def read_levels(outcomes: Iterable[ItemOutcome]) -> tuple[str, ...] | None:
    """Return the headings of a reply, or None if there is no usable reply."""
    for outcome in outcomes:
        if outcome.state is ItemState.SUCCEEDED:
            return levels_from(json.loads(outcome.text)["levels"])
    return None


def settled(asking: Asking, levels: Sequence[str], outcomes: Iterable[ItemOutcome]) -> Arranged:
    """Return the vocabulary that the replies make; a tag without an answer keeps its place."""
    filings = [
        read_filing(outcome.text) for outcome in outcomes if outcome.state is ItemState.SUCCEEDED
    ]
    return settle(filings, asking.cards, levels, structure=asking.structure, standing=asking.levels)


def read_filing(text: str) -> Filing:
    """Read a reply that met its schema."""
    value = json.loads(text)
    return Filing(
        tuple(Filed(one["tag"], one["parent"], tuple(one["aliases"])) for one in value["entries"]),
        tuple((one["tag"], one["reason"]) for one in value["dropped"]),
        tuple((one["tag"], one["other"], one["same"]) for one in value["pairs"]),
    )
