"""What a model is asked about the tags that a run invents, and what it says of them; pure."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from notemill.errors import UsageError
from notemill.markup.references import plain_words
from notemill.markup.tags import paths_of, tag_key
from notemill.prompts.material import DATA, Block, line_of, marked
from notemill.tagging.variants import words_of
from notemill.workflows.curation.curate import load_template
from notemill.workflows.curation.inventing import NewTag, Said
from notemill.workflows.forms import TEXT, list_of, object_of, params_of, text_of
from twolane import Request

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from notemill.stores.proposals import InventedTag
    from notemill.workflows.curation.candidates import Candidates
    from notemill.workflows.curation.occurrences import Occurrence
    from notemill.workflows.fitting import Room

TEMPLATE: Final = "consolidate"
MAX_ASKED: Final = 150
"""The most new tags in one request: some 10,000 tokens, and a reply of 5,000."""
MAX_REQUESTS: Final = 8
"""The most requests at once: a run with more new tags than they hold needs a vocabulary first."""
MAX_TOLD: Final = 300
"""The most tags of the vault in a request: some 1,500 tokens."""
LEAST_NEW_ROOTS: Final = 2
NOTES_PER_ROOT: Final = 6
MAX_NEW_ROOTS: Final = 12
"""New roots that a run may bring: two, and one more for every six notes: six in a run of 24.

More than a dozen are no longer found by looking at them.
"""
MAX_PAIRS: Final = 100
MAX_NEVER: Final = 40
REPLY_TOKENS_PER_TAG: Final = 32
"""The size of an entry in JSON, for tags of two levels and a short reason."""
NOTES_PER_NEW_TAG: Final = 12
"""Of notes tagged by a vocabulary, as many bring one new tag: at most that in six runs of 24."""
NOTES_PER_NEW_TAG_WITHOUT: Final = 1.5
"""The same without a vocabulary: 53 new tags in four runs of 86 notes together."""
_TOKENS_PER_TAG: Final = 64
_TOKENS_FOR_REST: Final = 512
_MAX_TITLE_CHARS: Final = 60
_MAX_LINE_CHARS: Final = 120
_MAX_REASON_CHARS: Final = 120
_MAX_TAG_CHARS: Final = 100
_SHOWN_BESIDE: Final = 4

_ENTRY: Final = object_of(tag=TEXT, becomes=TEXT, why=TEXT)
SCHEMA: Final = object_of(note_ref=TEXT, tags=list_of(_ENTRY))
# These bounds keep a small model from writing on to its last token.
_BOUNDED_ENTRY: Final = object_of(
    tag=text_of(_MAX_TAG_CHARS), becomes=text_of(_MAX_TAG_CHARS), why=text_of(_MAX_REASON_CHARS)
)


@dataclass(frozen=True, slots=True)
class NoteLine:
    """A note in a request: its title, one line about it, and its tags, proposed ones included."""

    title: str
    line: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """What to ask about the new tags of a run.

    `counts` are the tags there are with their numbers of notes, `same` what a program took for one,
    `never` what the owner turned down, `notes` the notes of new tags, by key. `curated` of the
    run's `asked` notes have been read so far, of `total` that there are; `descriptions` say what
    tags are for, `occur` how often the subjects of new tags occur in the vault, by key. It is asked
    `again` if there was no answer about some of the tags.
    """

    new: Sequence[NewTag]
    counts: Mapping[str, int]
    same: Sequence[InventedTag]
    never: Sequence[str]
    notes: Mapping[str, NoteLine]
    curated: int
    asked: int
    total: int
    descriptions: Mapping[str, str] = field(default_factory=dict)
    occur: Mapping[str, Occurrence] = field(default_factory=dict)
    again: bool = False

    @property
    def asks(self) -> bool:
        """Whether there is anything that a new tag could become."""
        return bool(self.new) and len(self.new) + len(self.counts) > 1

    @property
    def new_roots(self) -> int:
        """The most new tags that should be roots: by the notes of the whole run, not of a stage."""
        return min(MAX_NEW_ROOTS, LEAST_NEW_ROOTS + self.asked // NOTES_PER_ROOT)


@dataclass(frozen=True, slots=True)
class _Detail:
    """How much a request tells: notes of each tag, whether what they are about, tags there are."""

    notes: int
    lines: bool
    told: int


_DETAILS: Final = (_Detail(5, True, MAX_TOLD), _Detail(2, False, 100), _Detail(1, False, 30))  # noqa: FBT003
"""The most that fits a model's context is told."""


def requests_about(question: Question, *, model: str, room: Room) -> list[Request]:
    """Return the requests about new tags: one, or several if there are too many for one.

    Raises UsageError if the model's context is too small.
    """
    most = _most(room)
    # Tags of one root stand together, so that they are judged together.
    asked = sorted(question.new[: most * MAX_REQUESTS], key=lambda one: one.key)
    count = -(-len(asked) // most)
    chunks = [asked[at * most : (at + 1) * most] for at in range(count)]
    return [
        _request(
            question, chunk, f"new tags {at} of {count}" if count > 1 else "new tags", model, room
        )
        for at, chunk in enumerate(chunks, 1)
    ]


def expected_question(notes: int, candidates: Candidates, *, vocabulary: bool) -> Question:
    """Return the expected question about the new tags of a run over so many notes, to price it.

    The notes are tagged by a `vocabulary` or without one; `candidates` are the tags there are.
    """
    each = NOTES_PER_NEW_TAG if vocabulary else NOTES_PER_NEW_TAG_WITHOUT
    new = [
        NewTag(f"subject-{at // 5}/part-of-it-{at}", (str(at),)) for at in range(int(notes / each))
    ]
    line = NoteLine("A title of a few words", "What the note says. " * 5, ("subject/part-of-it",))
    return Question(
        new, candidates.counts, (), (), {one.notes[0]: line for one in new},
        curated=notes, asked=notes, total=notes, descriptions=candidates.descriptions,
    )  # fmt: skip


def left_over(question: Question, room: Room) -> int:
    """Return how many new tags are not asked about, because there are too many: the rarest."""
    return max(0, len(question.new) - MAX_REQUESTS * _most(room))


def _most(room: Room) -> int:
    """Return the most new tags in one request."""
    if room.context_tokens is None:
        return MAX_ASKED
    return min(MAX_ASKED, max(1, room.for_reply(_tokens(MAX_ASKED)) // _TOKENS_PER_TAG))


def _tokens(tags: int) -> int:
    return _TOKENS_FOR_REST + _TOKENS_PER_TAG * tags


def _request(
    question: Question, chunk: Sequence[NewTag], key: str, model: str, room: Room
) -> Request:
    system = load_template(TEMPLATE).text
    form = _form(len(chunk), room)
    max_tokens = room.for_reply(_tokens(len(chunk)))
    text = _fitting(question, chunk, f"{system}\n{json.dumps(form)}", max_tokens, room)
    params = params_of([text], system=system, form=form, model=model, max_tokens=max_tokens)
    digest = hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16).hexdigest()
    return Request(key=key, params=params, name=key, content_hash=digest, echo=True)


def _form(tags: int, room: Room) -> dict[str, Any]:
    if not room.small:
        return SCHEMA
    return object_of(note_ref=TEXT, tags=list_of(_BOUNDED_ENTRY, tags + MAX_PAIRS))


def _fitting(
    question: Question, chunk: Sequence[NewTag], others: str, reply_tokens: int, room: Room
) -> str:
    """Return the blocks of a request in as much detail as fits the model's context."""
    for detail in _DETAILS:
        text = "\n".join(marked(_blocks(question, chunk, detail)))
        try:
            room.beside(f"{others}\n{text}", reply_tokens=reply_tokens)
        except UsageError:
            continue
        return text
    raise UsageError(
        f"the model's context of {room.context_tokens or 0:,} tokens is too small to put new tags "
        "in order; start its server with a larger one (see docs/local-models.md)"
    )


def _blocks(question: Question, chunk: Sequence[NewTag], detail: _Detail) -> list[Block]:
    told = [_known_line(tag, question, detail) for tag in _told(question, chunk, detail.told)]
    keys = {one.key for one in chunk}
    others = [one.tag for one in question.new if one.key not in keys]
    same = [f"{_bare(one.tag)} = {_bare(one.becomes)}" for one in question.same[:MAX_PAIRS]]
    so_far = (
        f"{question.curated:,} of the {question.asked:,} notes of this run read; "
        f"{question.total:,} notes in all; new roots: {question.new_roots:,} at most"
    )
    sections = (
        ("so far", [so_far]),
        ("vocabulary", told),
        ("others", map(_bare, others[: detail.told])),
        ("same", same),
        ("never", map(_bare, question.never[:MAX_NEVER])),
        ("new", (_line(one, question, detail) for one in chunk)),
    )
    blocks = (Block(DATA, "\n".join(lines), f"{heading}:") for heading, lines in sections)
    return [one for one in blocks if one.text]


def _known_line(tag: str, question: Question, detail: _Detail) -> str:
    line = f"{_bare(tag)} | {question.counts[tag]}"
    said = _bare(question.descriptions.get(tag, ""))[:_MAX_LINE_CHARS] if detail.lines else ""
    return f"{line} | {said}" if said else line


def _told(question: Question, chunk: Sequence[NewTag], most: int) -> list[str]:
    """Return the tags there are; if those are too many, roots first, then what is like new ones."""
    counts = question.counts
    if len(counts) <= most:
        return sorted(counts, key=tag_key)
    words = {word for one in chunk for word in _words(one.tag)}

    def place(tag: str) -> tuple[bool, bool, int, str]:
        return ("/" in tag, words.isdisjoint(_words(tag)), -counts[tag], tag)

    return sorted(sorted(counts, key=place)[:most], key=tag_key)


def _words(tag: str) -> set[str]:
    return {word for level in tag.split("/") for word in words_of(level)}


def _beside(new: NewTag, notes: Mapping[str, NoteLine]) -> list[str]:
    """Return the tags that occur most with a new one."""
    named = (tag for key in new.notes if key in notes for tag in notes[key].tags)
    counts = Counter(tag for tag in named if tag_key(tag) != new.key)
    return sorted(counts, key=lambda tag: (-counts[tag], tag))[:_SHOWN_BESIDE]


def _line(new: NewTag, question: Question, detail: _Detail) -> str:
    parts = [_bare(new.tag), str(len(new.notes))]
    if occurs := question.occur.get(new.key):
        parts.append(f"in all: {_in_all(occurs)}")
    if others := _beside(new, question.notes):
        parts.append(f"with: {', '.join(map(_bare, others))}")
    named = [question.notes[key] for key in new.notes if key in question.notes][: detail.notes]
    if told := [_about(one, lines=detail.lines) for one in named]:
        parts.append(f"in: {' / '.join(told)}")
    return " | ".join(parts)


def _in_all(occurs: Occurrence) -> str:
    """Return how often a subject occurs, for the line of its tag."""
    told = {
        "titles": occurs.named,
        "texts": occurs.said,
        "folders": occurs.placed,
        "links": occurs.linked,
    }
    return ", ".join(f"{what} {count:,}" for what, count in told.items() if count) or "none"


def _about(note: NoteLine, *, lines: bool) -> str:
    title, line = _bare(note.title)[:_MAX_TITLE_CHARS], _bare(note.line)[:_MAX_LINE_CHARS]
    return f"{title}: {line}" if lines and line else title


def _bare(text: str) -> str:
    """Return a tag, title or line without the lines' own punctuation."""
    return line_of(text.replace("|", " ").replace(" / ", " "))


def said_in(replies: Sequence[str]) -> tuple[Said, ...] | None:
    """Return what usable replies say, None if there is none."""
    return tuple(said for text in replies for said in read_said(text)) if replies else None


def read_said(text: str) -> tuple[Said, ...]:
    """Read a reply that met its schema."""
    entries = json.loads(text)["tags"][: MAX_ASKED + MAX_PAIRS]
    return tuple(
        Said(one["tag"], one["becomes"], plain_words(one["why"], _MAX_REASON_CHARS))
        for one in entries
    )


def known_of(counts: Mapping[str, int]) -> dict[str, str]:
    """Return the tags there are, and their parents, by key in their own spelling."""
    known: dict[str, str] = {}
    for tag in counts:
        for path in paths_of(tag)[:-1]:
            known.setdefault(tag_key(path), path)
    return known | {tag_key(tag): tag for tag in counts}
