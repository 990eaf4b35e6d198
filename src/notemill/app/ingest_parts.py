"""Long sources before an ingest: their parts are asked about first, the notes by what these say.

Map and reduce are two runs of the engine: the parts an aside, within the ingest's cap and in its
report, the notes the ingest itself. A run's requests are fixed when it begins, and those about the
notes need the replies about the parts; and items of an ingest are its notes, in every count that a
person sees. An aside is found again by what it asks, so that a kill between any two steps pays for
nothing twice: while parts are asked about, the same command goes on with them; after that, it finds
them answered and begins the ingest.

A part without a usable answer does not cost its source the note: that is made of the others, and
says what is missing. A source of which no part was answered gets none, and is named.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from notemill.app.aside import ASIDES_BEFORE, Aside, ask_before, priced
from notemill.app.ingest_events import LongSourcesToAsk, Unread
from notemill.app.ingest_steps import DraftRequests, asked_of, waiting_draft
from notemill.app.kinds import KIND_PARTS
from notemill.sources.keeping import digest_of
from notemill.workflows.curation.curate import load_template
from notemill.workflows.ingest.answer import read_answer
from notemill.workflows.ingest.asking import reply_tokens, request_for, text_room
from notemill.workflows.ingest.parts import (
    LONG_TOKENS,
    expected_noted,
    missing,
    noted,
    parts_of,
)
from twolane import ItemState, Request

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from notemill.app.opened import OpenVault
    from notemill.app.terms import RunTerms
    from notemill.app.workbench import Workbench
    from notemill.properties import Properties
    from notemill.workflows.fitting import Room
    from notemill.workflows.ingest.answer import Answer
    from notemill.workflows.ingest.parts import Parts
    from twolane import Plan, Report, Run

MISSING: Final = "missing"
"""The setting of an ingest with what the summaries of long sources do not know, by their keys."""
_NOTHING: Final[Properties] = frozenset()
_PROMPT: Final = "ingest_part"
NO_PART: Final = (
    "it is long, and no usable answer came about any part of it; ingest it again with --again"
)


@dataclass(frozen=True, slots=True)
class LongSource:
    """A source that is asked about in parts: its key, and its parts."""

    key: str
    parts: Parts


@dataclass(frozen=True, slots=True)
class PartsPlan:
    """The long sources of an ingest, what is asked about their parts, and what that costs.

    `noted` stands for what will be noted of each, to price the requests about the notes.
    """

    sources: tuple[LongSource, ...]
    aside: Aside
    plan: Plan
    noted: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PartsNoted:
    """What was noted of long sources, by their keys, and what is missing of each.

    `asides` and `spent` are the run that asked, unless another ingest has paid for it. `unread` are
    the sources of which nothing is known.
    """

    noted: Mapping[str, str] = field(default_factory=dict)
    missing: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    asides: tuple[str, ...] = ()
    spent: tuple[Report, ...] = ()
    unread: Mapping[str, Unread] = field(default_factory=dict)

    def settings(self) -> dict[str, object]:
        """Return the settings of the ingest that is begun by it."""
        said = {key: list(words) for key, words in self.missing.items() if words}
        return {
            **({ASIDES_BEFORE: list(self.asides)} if self.asides else {}),
            **({MISSING: said} if said else {}),
        }


async def parts_planned(bench: Workbench, keys: Sequence[str], terms: RunTerms) -> PartsPlan | None:
    """Return what has to be asked before an ingest, None if nothing: offline, all is read at once.

    Raises NotemillError, ConfigError.
    """
    if not bench.sends:
        return None
    sources, requests, expected = await bench.on(_planned_in, bench, keys)
    if not sources:
        return None
    told = "\0".join(f"{one.key}\0{one.content_hash}" for one in requests)
    name = hashlib.blake2b(told.encode("utf-8", "replace"), digest_size=8).hexdigest()
    aside = Aside(KIND_PARTS, name, requests, reply_tokens(_NOTHING))
    plan = await priced(bench, aside, terms)
    return PartsPlan(sources, aside, plan, expected)


def tell_parts(bench: Workbench, planned: PartsPlan) -> None:
    """Report what of a price is for the parts of long sources."""
    parts = sum(len(one.parts.parts) for one in planned.sources)
    bench.front.tell(LongSourcesToAsk(len(planned.sources), parts, planned.plan))


async def ask_parts(bench: Workbench, planned: PartsPlan, terms: RunTerms, *, again: bool) -> Run:
    """Ask about parts, or continue to; return the run: of use if it is DONE. See `ask_before`."""
    settings = {**bench.engine.place, "model_asked": bench.model}
    return await ask_before(bench, planned.aside, terms, settings=settings, again=again)


async def parts_noted(bench: Workbench, planned: PartsPlan, asked: Run) -> PartsNoted:
    """Return what the answers about parts say of their sources."""
    paid = any(
        isinstance(ids := row.setting(ASIDES_BEFORE), list) and asked.id in ids
        for row in await bench.engine.runs()
    )
    asides, spent = ((), ()) if paid else ((asked.id,), (await asked.report(),))
    said = await bench.on(_noted_in, bench, planned.sources, asked)
    return replace(said, asides=asides, spent=spent)


def missing_in(run: Run) -> dict[str, tuple[str, ...]]:
    """Return what the notes of an ingest have to say is missing, by the keys of their sources."""
    kept = run.row.setting(MISSING)
    if not isinstance(kept, dict):
        return {}
    return {
        str(key): tuple(map(str, words)) for key, words in kept.items() if isinstance(words, list)
    }


# -- on the vault's thread ------------------------------------------------------------------------


def _planned_in(
    opened: OpenVault, bench: Workbench, keys: Sequence[str]
) -> tuple[tuple[LongSource, ...], tuple[Request, ...], dict[str, str]]:
    """Return the long sources among drafts, the requests about their parts, and what these replace."""
    whole_room, system, room = _rooms(opened, bench)
    part_room = text_room(system, room, _NOTHING)
    most_whole, most_part = (
        LONG_TOKENS if one is None else min(LONG_TOKENS, one) for one in (whole_room, part_room)
    )
    sources: list[LongSource] = []
    requests: list[Request] = []
    expected: dict[str, str] = {}
    for key in keys:
        asked = asked_of(waiting_draft(opened, key))
        if (parts := parts_of(asked, most_whole, most_part)) is not None:
            sources.append(LongSource(key, parts))
            requests += _requests(key, parts, system=system, model=bench.model, room=room)
            expected[key] = expected_noted(parts, whole_room)
    return tuple(sources), tuple(requests), expected


def _rooms(opened: OpenVault, bench: Workbench) -> tuple[int | None, str, Room]:
    """Return the room for what is noted of a source, and the rules and room for its parts."""
    requests = DraftRequests(opened, bench, ())
    return requests.text_room, load_template(_PROMPT).text, bench.room()


def _requests(key: str, parts: Parts, *, system: str, model: str, room: Room) -> Iterator[Request]:
    digest = digest_of(parts.whole.draft)
    count = len(parts.parts)
    for number, part in enumerate(parts.parts, 1):
        params = request_for(
            part, (), name=key, system=system, model=model, room=room,
            used=_NOTHING, part=f"{number} of {count}",
        )  # fmt: skip
        name = f"{part.draft.title}, part {number} of {count}"
        first, last = part.pieces[0].number, part.pieces[-1].number
        yield Request(
            key=_part_key(key, number), params=params, name=name,
            content_hash=f"{digest} {first}-{last} of {count}", echo=True,
        )  # fmt: skip


def _part_key(key: str, number: int) -> str:
    return f"{key} #{number}"


def _noted_in(
    opened: OpenVault, bench: Workbench, sources: Sequence[LongSource], asked: Run
) -> PartsNoted:
    room, _, _ = _rooms(opened, bench)
    texts = {one.key: one.text for one in asked.outcomes() if one.state is ItemState.SUCCEEDED}
    said: dict[str, str] = {}
    lacks: dict[str, tuple[str, ...]] = {}
    unread: dict[str, Unread] = {}
    for source in sources:
        answers = [*_answers(source, texts)]
        if not any(answers):
            unread[source.key] = Unread(source.parts.whole.draft.source, NO_PART, waits=True)
            continue
        said[source.key] = noted(answers, room)
        lacks[source.key] = missing(source.parts, answers)
    return PartsNoted(said, lacks, unread=unread)


def _answers(source: LongSource, texts: Mapping[str, str]) -> Iterator[Answer | None]:
    """Yield what was answered about each part, None for one without a usable answer."""
    for number, part in enumerate(source.parts.parts, 1):
        text = texts.get(_part_key(source.key, number))
        answer = None if text is None else read_answer(text, part, used=_NOTHING)
        yield answer if answer is not None and (answer.points or answer.quotes) else None
