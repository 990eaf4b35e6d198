"""Judge links by a model: one request for each note with its candidates, replies into verdicts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from notemill.markup.invisible import visible
from notemill.markup.lines import one_line
from notemill.markup.references import plain_words
from notemill.prompts.material import (
    BOTH_SAY,
    CANDIDATE,
    NAMED_BY_NOTE,
    NAMES_NOTE,
    NOTE,
    SCORE,
    TEXT_BELOW,
    Block,
    line_of,
    marked,
)
from notemill.stores.pairs import PairState
from notemill.vault.resolve import title_of
from notemill.workflows.curation.curate import as_request
from notemill.workflows.forms import BOOLEAN, TEXT, list_of, object_of, params_of, text_of
from twolane import ItemState, careful_tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from notemill.index import NoteFacts
    from notemill.stores.pairs import Pair
    from notemill.workflows.curation.curate import Template
    from notemill.workflows.fitting import Room
    from notemill.workflows.links.explaining import About, Explainer
    from twolane import ItemOutcome, Request

LINK_KIND: Final = "link"
# An answer is an id, a word and a short reason for every candidate, and a token.
JUDGEMENT_TOKENS: Final = 45
MOST_TOKENS: Final = 4_096
_SPARE_TOKENS: Final = 200
# The first lines and the headings tell what a note is about; ten whole candidates would cost ten
# times as much. In bytes, which say and cost about the same in any script.
_NOTE_BYTES: Final = 2_700
_FIRST_LINES: Final = 40
_ABOUT_BYTES: Final = 440
_DESCRIPTION_BYTES: Final = 220
_HEADING_CHARS: Final = 40
_MOST_HEADINGS: Final = 6
_MOST_NAMES: Final = 4
_MOST_LINKS: Final = 15
MAX_REASON_CHARS: Final = 160
BOTH: Final = 2
"""The number of answers about a pair: one for each of its notes."""
MIN_ALIKE: Final = 3
"""Fewer equal answers mean nothing: they occur for half of all notes."""


def _judgements(reason: Mapping[str, Any], most: int | None = None) -> dict[str, Any]:
    # The reason comes first: a model that has said why judges better than one that explains itself.
    one = object_of(id=TEXT, reason=reason, accept=BOOLEAN)
    return object_of(note_ref=TEXT, links=list_of(one, most))


JUDGEMENT_SCHEMA: Final = _judgements(TEXT)

_FORM: Final = json.dumps(JUDGEMENT_SCHEMA)


@dataclass(frozen=True, slots=True)
class Judgement:
    """A model's answer about a pair, when asked about `note`, one of the two."""

    note: str
    accept: bool
    reason: str


class JudgeRequests:
    """One request for each note of some pairs, read from the vault on every iteration."""

    def __init__(
        self,
        pairs: Sequence[Pair],
        *,
        to_send: Callable[[str], NoteFacts],
        explainer: Explainer,
        template: Template,
        model: str,
        room: Room,
    ) -> None:
        """Ask about `pairs`; `to_send` returns a note's facts, or raises if it must not be sent.

        Notes and candidates are cut to the `room` of the model's context.
        """
        self._of_note: dict[str, list[Pair]] = {}
        for pair in pairs:
            for key in (pair.a, pair.b):
                self._of_note.setdefault(key, []).append(pair)
        self._to_send = to_send
        self._explainer = explainer
        self._template = template
        self._model = model
        self.room = room
        self._form = JUDGEMENT_SCHEMA
        if room.small:
            most = max((len(mine) for mine in self._of_note.values()), default=1)
            self._form = _judgements(text_of(2 * MAX_REASON_CHARS), most)

    def __len__(self) -> int:
        """Return how many notes are asked about."""
        return len(self._of_note)

    @property
    def notes(self) -> list[str]:
        """The notes, in the order of the requests."""
        return sorted(self._of_note)

    def __iter__(self) -> Iterator[Request]:
        """Iterate the requests, in the order of the notes' paths.

        Raises ExternallyChangedError if a note was deleted, or became one that must not leave the
        machine, since the vault was scanned.
        """
        to_send = cache(self._to_send)  # current, and read once
        for key in self.notes:
            facts = to_send(key)
            pairs = self._of_note[key]
            for pair in pairs:
                to_send(pair.other(key))
            need = round(100 * max(pair.score for pair in pairs))
            yield as_request(facts, self._params(facts, pairs), need=need)

    def _params(self, facts: NoteFacts, pairs: Iterable[Pair]) -> dict[str, Any]:
        """Return the params that ask about one note; the engine adds its `note_ref` line."""
        pairs = list(pairs)
        wanted = min(MOST_TOKENS, _SPARE_TOKENS + 2 * JUDGEMENT_TOKENS * len(pairs))
        tokens = self.room.for_reply(wanted)
        about = self._explainer.about(facts.key)
        head = _head(facts, about)
        candidates = self._candidates(facts.key, pairs, head, tokens)
        without = [Block(NOTE, "\n".join(head)), *candidates]
        others = "\n".join((self._template.text, _FORM, *marked(without)))
        told = visible(_cut("\n".join(about.lines[:_FIRST_LINES]), _NOTE_BYTES))
        text = self.room.fit(facts.key, told, others, reply_tokens=tokens)
        return params_of(
            marked([Block(NOTE, "\n".join((*head, text))), *candidates]),
            system=self._template.text,
            form=self._form,
            model=self._model,
            max_tokens=tokens,
        )

    def _candidates(
        self, key: str, pairs: Sequence[Pair], head: Sequence[str], reply_tokens: int
    ) -> list[Block]:
        """Return the candidates, one block each; all are cut alike if they fill the context."""
        others = "\n".join((self._template.text, _FORM, *head))
        left = self.room.beside(others, reply_tokens=reply_tokens)
        for about_bytes in (_ABOUT_BYTES, _ABOUT_BYTES // 2, _ABOUT_BYTES // 5, 0):
            blocks = [
                Block(
                    CANDIDATE,
                    json.dumps(self._candidate(key, pair, about_bytes), ensure_ascii=False),
                )
                for pair in pairs
            ]
            if left is None or careful_tokens("\n".join(marked(blocks))) <= left // 2:
                break
        return blocks

    def _candidate(self, key: str, pair: Pair, about_bytes: int) -> dict[str, Any]:
        """Return what is told of a candidate; what there is nothing to say about is left out."""
        why = self._explainer.why(pair.a, pair.b, pair.reason)
        other = pair.other(key)
        about = self._explainer.about(other)
        said = dict(why.mentions)
        told = {
            "folder": line_of(other.rpartition("/")[0]),
            "aliases": _listed(about.names[1:], _MOST_NAMES),
            **_in_short(about, about_bytes),
            NAMED_BY_NOTE: one_line(said.get(key, "")),
            NAMES_NOTE: one_line(said.get(other, "")),
            BOTH_SAY: _listed(why.words),
            "both_tagged": _listed(why.tags),
            "both_linked_with": _listed(map(title_of, why.neighbours)),
        }
        return {
            "id": id_of(pair),
            "title": line_of(title_of(other)),
            **{name: value for name, value in told.items() if value},
            SCORE: round(pair.score, 1),
        }


def _head(facts: NoteFacts, about: About) -> list[str]:
    """Return the lines above a note's text."""
    lists = {
        "aliases": _listed(about.names[1:], _MOST_NAMES),
        "links": _listed(about.links, _MOST_LINKS),
        "headings": _headings(about),
    }
    return [
        f"title: {line_of(facts.title)}",
        f"folder: {line_of(facts.folder)}",
        *(f"{name}: {' | '.join(values)}" for name, values in lists.items() if values),
        *([f"description: {line_of(about.description)}"] if about.description else ()),
        TEXT_BELOW,
    ]


def _in_short(about: About, most: int) -> dict[str, Any]:
    """Return a note's description, headings and first lines, in about `most` bytes."""
    description = _cut(one_line(about.description), min(most, _DESCRIPTION_BYTES))
    headings = _headings(about) if most else []
    left = most - len("".join((description, *headings)).encode())
    begins = one_line(_cut("\n".join(about.lines[:_FIRST_LINES]), max(0, left)))
    return {"description": description, "headings": headings, "begins": begins}


def _headings(about: About) -> list[str]:
    """Return the first headings of a note that say more than its names."""
    names = {name.casefold() for name in about.names}
    more = (one for one in about.headings if one.casefold() not in names)
    return _listed((one[:_HEADING_CHARS] for one in more), _MOST_HEADINGS)


def _cut(text: str, most_bytes: int) -> str:
    """Return the beginning of a text, at most so many bytes in UTF-8."""
    raw = text[:most_bytes].encode("utf-8", "surrogatepass")
    return raw[:most_bytes].decode("utf-8", "ignore")


def _listed(texts: Iterable[str], most: int | None = None) -> list[str]:
    return [line_of(text) for text in islice(texts, most)]


def id_of(pair: Pair) -> str:
    """Return a pair's id in requests and replies."""
    return f"p{pair.id}"


def judgements_of(
    outcomes: Iterable[ItemOutcome], pairs: Iterable[Pair]
) -> dict[int, list[Judgement]]:
    """Return the answers about each pair, by its number: at most one for each of its notes.

    An answer counts only for pairs of the note it is about; one that says both yes and no about a
    pair is ignored.
    """
    of_note: dict[str, dict[str, int]] = {}
    for pair in pairs:
        for key in (pair.a, pair.b):
            of_note.setdefault(key, {})[id_of(pair)] = pair.id
    found: dict[int, list[Judgement]] = {}
    for outcome in outcomes:
        mine = of_note.get(outcome.key)
        if outcome.state is not ItemState.SUCCEEDED or not mine:
            continue
        said: dict[int, Judgement | None] = {}
        for one in json.loads(outcome.text)["links"]:
            number = mine.get(one["id"])
            if number is None:
                continue
            now = Judgement(outcome.key, one["accept"], reason_of(one["reason"]))
            before = said.setdefault(number, now)
            if before is not None and before.accept is not now.accept:
                said[number] = None
        for number, judgement in said.items():
            if judgement is not None:
                found.setdefault(number, []).append(judgement)
    return found


def reason_of(text: str) -> str:
    """Return a model's reason as one line to show: plain words, without links or addresses."""
    return plain_words(text, MAX_REASON_CHARS) or "without a word"


def decided(pair: Pair, verdicts: Mapping[int, Sequence[Judgement]]) -> tuple[PairState, str]:
    """Return a pair's state after judging, and why.

    Both notes' answers have to agree. Each note has its own request, which holds its candidates'
    words beside its own: the text of one note must not decide what others are linked with. If the
    two disagree, or one has no usable answer, a person decides.
    """
    answers = {one.note: one for one in verdicts.get(pair.id, ())}
    if not answers:
        return PairState.WITHDRAWN, "the model gave no usable answer"
    accepts = {one.accept for one in answers.values()}
    if len(answers) == BOTH and len(accepts) == 1:
        state = PairState.PROPOSED if accepts == {True} else PairState.DECLINED
        return state, "; ".join(dict.fromkeys(answers[key].reason for key in (pair.a, pair.b)))
    views = (_view(key, answers.get(key)) for key in (pair.a, pair.b))
    return PairState.UNDECIDED, "; ".join(views)


def _view(key: str, said: Judgement | None) -> str:
    name = line_of(title_of(key))
    if said is None:
        return f"{name} gave no answer"
    return f"{name} says {'yes' if said.accept else 'no'}: {said.reason}"


@dataclass(frozen=True, slots=True)
class Uniform:
    """A note about which all answers are the same; text in it may have caused that.

    `own` counts the pairs with that answer in the note's own reply, `others` those in the replies
    of notes it is a candidate for; 0 if the answers differ or are too few.
    """

    note: str
    accept: bool
    own: int
    others: int

    def as_line(self) -> str:
        """Return this in words."""
        takes, take = ("accepts", "accept") if self.accept else ("refuses", "refuse")
        parts = []
        if self.own:
            parts.append(f"its own reply {takes} all {self.own} of its pairs")
        if self.others:
            parts.append(f"the answers of all {self.others} other notes {take} it")
        return " and ".join(parts)


def uniform_of(pairs: Iterable[Pair], verdicts: Mapping[int, Sequence[Judgement]]) -> list[Uniform]:
    """Return the notes whose pairs were all accepted or all refused, if chance does not explain it.

    By the run's overall rate of acceptance fewer than one row of equal answers as long as theirs is
    to be expected among all rows; the least likely come first.
    """
    own: dict[str, list[bool]] = {}
    others: dict[str, list[bool]] = {}
    for pair in pairs:
        for one in verdicts.get(pair.id, ()):
            own.setdefault(one.note, []).append(one.accept)
            others.setdefault(pair.other(one.note), []).append(one.accept)
    answers = [accept for said in own.values() for accept in said]
    rate = (sum(answers) + 1) / (len(answers) + 2)
    rows = sum(len(row) >= MIN_ALIKE for said in (own, others) for row in said.values())
    found: list[Uniform] = []
    for note in own.keys() | others.keys():
        for accept in (True, False):
            counts = [_alike(said.get(note, []), accept=accept) for said in (own, others)]
            chance = rate if accept else 1 - rate
            # Both sides of a pair mostly agree: they are one row, not two.
            if any(counts) and rows * chance ** max(counts) < 1:
                found.append(Uniform(note, accept, *counts))

    def likelihood(one: Uniform) -> float:
        return (rate if one.accept else 1 - rate) ** (one.own + one.others)

    return sorted(found, key=lambda one: (likelihood(one), one.note, one.accept))


def _alike(said: Sequence[bool], *, accept: bool) -> int:
    """Return the number of answers if they are enough and all the same, else 0."""
    return len(said) if len(said) >= MIN_ALIKE and said.count(accept) == len(said) else 0


@dataclass(frozen=True, slots=True)
class Answers:
    """A run's answers: about each pair by its number, and the uniform notes."""

    verdicts: Mapping[int, Sequence[Judgement]]
    uniform: Sequence[Uniform]


NO_ANSWERS: Final = Answers({}, ())
