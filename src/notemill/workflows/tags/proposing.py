"""Have a model propose the vocabulary that a vault begins with: material, requests, replies; pure.

One request has the titles, folders and first words of all notes, the tags there are, and the links
between folders. If they do not fit, each of several has a part of the notes below an equal head,
and one more joins what was proposed.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from notemill.markup.lines import one_line
from notemill.markup.reading import Reading
from notemill.prompts.material import DATA, Block, line_of, marked
from notemill.tagging.settling import HELD, settled
from notemill.tagging.taglist import Entry
from notemill.workflows.curation.curate import load_template
from notemill.workflows.curation.reply_text import ReplyReading
from notemill.workflows.forms import TEXT, list_of, object_of, params_of, text_of
from notemill.workflows.stages import spread
from twolane import Request, careful_tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from notemill.tagging.settling import OwnTag
    from notemill.workflows.fitting import Room

FEW_TAGS: Final = 20
"""A vault that uses so many tags, each in three notes, has a vocabulary of its own."""
LEAST_NOTES: Final = 3
"""Fewer notes share nothing that a tag could bring together."""
LEAST_TAGS: Final = 5
"""A reply with fewer usable tags is no vocabulary."""
FEWEST, MOST = 20, 60
"""The tags that are asked for: what a person reads through and keeps in mind."""

PART_TOKENS: Final = 60_000
"""Of notes in one request: some 2,000, which any hosted model's context holds three times."""
MAX_PARTS: Final = 20
"""The most requests for parts; of a larger vault, notes spread evenly over it are told."""
MAX_TOLD_TAGS: Final = 300
MAX_LINKED: Final = 40
FIRST_CHARS: Final = 600
"""The characters of a note in which its first words are looked for."""
SAID_CHARS: Final = 100
TITLE_CHARS: Final = 80
MAX_DESCRIPTION_CHARS: Final = 120
REPLY_TOKENS_PER_TAG: Final = 40
"""A tag of two levels in JSON, with its description."""
MAX_TOKENS: Final = 8_000
_TAG = object_of(tag=TEXT, description=TEXT, aliases=list_of(TEXT))
REPLY_SCHEMA: Final = object_of(note_ref=TEXT, tags=list_of(_TAG))
# These bounds keep a small model from writing on to its last token.
_SHORT = text_of(60)
BOUNDED_SCHEMA: Final = object_of(
    note_ref=TEXT,
    tags=list_of(
        object_of(
            tag=_SHORT, description=text_of(MAX_DESCRIPTION_CHARS), aliases=list_of(_SHORT, 4)
        ),
        MOST,
    ),
)


@dataclass(frozen=True, slots=True)
class NoteLine:
    """What is told of a note: its folder, its title, its first words."""

    folder: str
    title: str
    says: str

    @property
    def line(self) -> str:
        """The note on one line of a prompt, below its folder's."""
        title = line_of(self.title)[:TITLE_CHARS].replace("|", " ")
        return f"{title} | {self.says}" if self.says else title


@dataclass(frozen=True, slots=True)
class Material:
    """What a vocabulary is proposed from, all of it of visible notes.

    `own` are the tags by key; `links` are folders, the folders that their notes link to, and how
    often.
    """

    notes: tuple[NoteLine, ...]
    own: Mapping[str, OwnTag]
    links: tuple[tuple[str, str, int], ...] = ()

    @property
    def aim(self) -> tuple[int, int]:
        """How many tags to choose: fewer in a vault whose notes could not share so many."""
        count = len(self.notes)
        return min(FEWEST, max(LEAST_TAGS, count // 4)), min(MOST, max(FEWEST, count // 2))


def wants_vocabulary(own: Mapping[str, OwnTag], notes: int) -> bool:
    """Return whether a vault has too few tags of its own to curate by."""
    return notes >= LEAST_NOTES and sum(one.notes >= HELD for one in own.values()) < FEW_TAGS


def first_words(text: str, title: str) -> str:
    """Return the first words of a note's text, without a line that only repeats its title."""
    lines = (one_line(line) for line in Reading(text[:FIRST_CHARS]).words.split("\n"))
    same = _letters(title)
    said = (line for line in lines if any(map(str.isalpha, line)) and _letters(line) != same)
    return line_of(" / ".join(said))[:SAID_CHARS].replace("|", " ")


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text)).casefold()


def between_folders(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str, int], ...]:
    """Return the folders most often linked, given the folders of linked notes."""
    counts = Counter(pair for pair in pairs if pair[0] != pair[1])
    most = sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:MAX_LINKED]
    return tuple((source, target, count) for (source, target), count in most)


# -- requests -------------------------------------------------------------------------------------


def part_requests(material: Material, *, model: str, room: Room) -> list[Request]:
    """Return the requests with all notes, one or several. Raises UsageError without room."""
    head = _head(material)
    max_tokens = room.for_reply(MAX_TOKENS)
    others = "\n".join((load_template("vocabulary").text, json.dumps(_form(room)), *marked(head)))
    left = room.beside(others, reply_tokens=max_tokens)
    parts = _parts(material.notes, PART_TOKENS if left is None else min(PART_TOKENS, left))
    return [
        _request(
            material, [*head, _data("notes", part)], f"vocabulary {number + 1} of {len(parts)}",
            model=model, room=room,
        )
        for number, part in enumerate(parts)
    ]  # fmt: skip


def joining_request(
    material: Material, proposed: Iterable[str], *, model: str, room: Room
) -> Request:
    """Return the request that joins what was proposed for parts, given the replies' texts."""
    lines = [
        line_of(f"{entry.tag} | {entry.description}")
        for text in proposed
        for entry in read_entries(text)
    ]
    blocks = [*_head(material), _data("proposed", dict.fromkeys(lines))]
    return _request(material, blocks, "vocabulary", model=model, room=room)


def reply_tokens(material: Material) -> int:
    """Return the expected tokens of a reply."""
    return REPLY_TOKENS_PER_TAG * sum(material.aim) // 2


def expected_requests(material: Material, *, model: str, room: Room) -> list[Request]:
    """Return the expected requests, to price them: of the one that joins, the length is a guess."""
    parts = part_requests(material, model=model, room=room)
    if len(parts) == 1:
        return parts
    guess = {"tags": [_guessed(number) for number in range(MOST * len(parts))]}
    return [*parts, joining_request(material, [json.dumps(guess)], model=model, room=room)]


def expected_entries(material: Material) -> tuple[Entry, ...]:
    """Return a made-up vocabulary of the expected size, to price the requests that carry it."""
    guesses = (_guessed(number) for number in range(sum(material.aim) // 2))
    return tuple(Entry(one["tag"], description=one["description"]) for one in guesses)


def _guessed(number: int) -> dict[str, Any]:
    tag = f"subject-{number // 5}/part-of-it-{number}"
    return {"tag": tag, "description": "what belongs here, in a few words", "aliases": []}


def _head(material: Material) -> list[Block]:
    used = sorted(material.own.values(), key=lambda one: (-one.notes, one.name))
    tags = [f"{line_of(one.name)} | {one.notes}" for one in used if one.notes]
    links = [f"{_folder(a)} > {_folder(b)} | {count}" for a, b, count in material.links]
    found = (("tags", tags[:MAX_TOLD_TAGS]), ("links", links))
    return [_data(name, lines) for name, lines in found if lines]


def _parts(notes: Sequence[NoteLine], tokens: int) -> list[list[str]]:
    """Return the notes' lines in parts of about so many tokens, folder by folder."""
    ordered = sorted(notes, key=lambda one: (one.folder, one.title))
    sizes = [careful_tokens(one.line) + 1 for one in ordered]
    whole = sum(sizes)
    if whole > tokens * MAX_PARTS:
        ordered = spread(ordered, len(ordered) * tokens * MAX_PARTS // whole)
    parts: list[list[str]] = [[]]
    left = tokens
    for folder, group in groupby(ordered, key=lambda one: one.folder):
        heading = f"# {_folder(folder)}"
        parts[-1].append(heading)
        for one in group:
            size = careful_tokens(one.line) + 1
            if size > left and len(parts[-1]) > 1 and len(parts) < MAX_PARTS:
                parts.append([heading])
                left = tokens
            left -= size
            parts[-1].append(one.line)
    return parts


def _folder(folder: str) -> str:
    return line_of(folder) or "(no folder)"


def _data(heading: str, lines: Iterable[str]) -> Block:
    return Block(DATA, "\n".join(lines), f"{heading}:")


def _form(room: Room) -> Mapping[str, Any]:
    return BOUNDED_SCHEMA if room.small else REPLY_SCHEMA


def _request(
    material: Material, blocks: Sequence[Block], key: str, *, model: str, room: Room
) -> Request:
    low, high = material.aim
    max_tokens = room.for_reply(MAX_TOKENS)
    high = min(high, max(low, max_tokens // REPLY_TOKENS_PER_TAG))
    text = "\n".join(
        (f"aim: {low} to {high} tags for {len(material.notes):,} notes", *marked(blocks))
    )
    params = params_of(
        [text], system=load_template("vocabulary").text, form=_form(room), model=model,
        max_tokens=max_tokens,
    )  # fmt: skip
    digest = hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16).hexdigest()
    return Request(key=key, params=params, name=key, content_hash=digest, echo=True)


# -- replies --------------------------------------------------------------------------------------


def read_entries(text: str) -> list[Entry]:
    """Read a reply that met its schema: what it says of tags, in plain words."""
    reading = ReplyReading()
    return [
        Entry(
            one["tag"],
            tuple(one["aliases"]),
            description=_short(reading.description(one["description"])),
        )
        for one in json.loads(text)["tags"]
    ]


def _short(text: str) -> str:
    if len(text) <= MAX_DESCRIPTION_CHARS:
        return text
    return text[: MAX_DESCRIPTION_CHARS + 1].rpartition(" ")[0].rstrip(" ,;:")


def proposed_by(text: str, material: Material) -> tuple[Entry, ...]:
    """Return the vocabulary of a reply, settled by program; empty if it is of no use."""
    said = read_entries(text)
    return settled(said, material.own) if len(settled(said, {})) >= LEAST_TAGS else ()
