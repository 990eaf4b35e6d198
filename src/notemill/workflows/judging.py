"""Links judged by a model: one request for every note with its candidates, replies into verdicts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from notemill.pairs import PairState
from notemill.prompts.material import CANDIDATE, NOTE, TEXT_BELOW, Block, line_of, marked
from notemill.vault.invisible import visible
from notemill.vault.lines import one_line
from notemill.vault.resolve import title_of
from notemill.workflows.curate import as_request
from notemill.workflows.forms import BOOLEAN, TEXT, list_of, object_of, params_of, text_of
from twolane import ItemState, careful_tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from notemill.index import NoteFacts
    from notemill.pairs import Pair
    from notemill.workflows.curate import Template
    from notemill.workflows.explaining import Explainer
    from notemill.workflows.fitting import Room
    from twolane import ItemOutcome, Request

LINK_KIND: Final = "link"
# An answer is an id, a word and a short reason for every candidate, and a token.
JUDGEMENT_TOKENS: Final = 45
MOST_TOKENS: Final = 4_096
_SPARE_TOKENS: Final = 200
# What a note is about stands in its first lines; whole notes of ten candidates cost ten times.
_NOTE_CHARS: Final = 3_000
_ABOUT_CHARS: Final = 400
_FIRST_LINES: Final = 40
MAX_REASON_CHARS: Final = 160


def _judgements(reason: Mapping[str, Any], most: int | None = None) -> dict[str, Any]:
    one = object_of(id=TEXT, accept=BOOLEAN, reason=reason)
    return object_of(note_ref=TEXT, links=list_of(one, most))


JUDGEMENT_SCHEMA: Final = _judgements(TEXT)

_FORM: Final = json.dumps(JUDGEMENT_SCHEMA)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a model says of a pair, asked about one of its notes."""

    accept: bool
    reason: str


class JudgeRequests:
    """A request for every note of some pairs, read from the vault at every iteration."""

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
        """Ask about `pairs`; `to_send` returns a note's facts, or raises where it must not leave.

        Notes and candidates are shortened to the `room` of the model's context.
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
        """The notes in the order they are asked about."""
        return sorted(self._of_note)

    def __iter__(self) -> Iterator[Request]:
        """Iterate the requests, in the order of the notes' paths.

        Raises ExternallyChangedError where a note was deleted, or became one that must not leave
        the machine, since the vault was looked through.
        """
        to_send = cache(self._to_send)  # as it is now, and read once
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
        head = [
            f"title: {line_of(facts.title)}", f"folder: {line_of(facts.folder)}", TEXT_BELOW,
        ]  # fmt: skip
        candidates = self._candidates(facts.key, pairs, head, tokens)
        without = [Block(NOTE, "\n".join(head)), *candidates]
        others = "\n".join((self._template.text, _FORM, *marked(without)))
        told = visible(self._about(facts.key, _NOTE_CHARS))
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
        """Return the candidates, each by itself: with less of each where they fill the context."""
        others = "\n".join((self._template.text, _FORM, *head))
        left = self.room.beside(others, reply_tokens=reply_tokens)
        for about_chars in (_ABOUT_CHARS, _ABOUT_CHARS // 2, _ABOUT_CHARS // 5, 0):
            blocks = [
                Block(
                    CANDIDATE,
                    json.dumps(self._candidate(key, pair, about_chars), ensure_ascii=False),
                )
                for pair in pairs
            ]
            if left is None or careful_tokens("\n".join(marked(blocks))) <= left // 2:
                break
        return blocks

    def _candidate(self, key: str, pair: Pair, about_chars: int) -> dict[str, Any]:
        why = self._explainer.why(pair.a, pair.b, pair.reason)
        other = pair.other(key)
        return {
            "id": id_of(pair),
            "title": line_of(title_of(other)),
            "folder": line_of(other.rpartition("/")[0]),
            "about": one_line(self._about(other, about_chars)),
            "score": round(pair.score, 2),
            "shared_words": [line_of(word) for word in why.words],
            "mentions": [line_of(text) for _, text in why.mentions],
        }

    def _about(self, key: str, most: int) -> str:
        """Return what a note is about: its description, and its first lines."""
        lines = [self._explainer.description(key), *self._explainer.first_lines(key, _FIRST_LINES)]
        return "\n".join(line for line in lines if line)[:most]


def id_of(pair: Pair) -> str:
    """Return what a pair is called in requests and replies."""
    return f"p{pair.id}"


def judgements_of(
    outcomes: Iterable[ItemOutcome], pairs: Iterable[Pair]
) -> dict[int, list[Judgement]]:
    """Return what was answered about each pair, by its number.

    An answer counts only for a pair of the note it was asked about.
    """
    of_note: dict[str, dict[str, int]] = {}
    for pair in pairs:
        for key in (pair.a, pair.b):
            of_note.setdefault(key, {})[id_of(pair)] = pair.id
    found: dict[int, list[Judgement]] = {}
    for outcome in outcomes:
        mine = dict(of_note.get(outcome.key, {}))
        if outcome.state is not ItemState.SUCCEEDED or not mine:
            continue
        for one in json.loads(outcome.text)["links"]:
            number = mine.pop(one["id"], None)
            if number is not None:
                reason = one_line(one["reason"])[:MAX_REASON_CHARS] or "without a word"
                found.setdefault(number, []).append(Judgement(one["accept"], reason))
    return found


def decided(pair: Pair, verdicts: Mapping[int, Sequence[Judgement]]) -> tuple[PairState, str]:
    """Return where a pair stands after its judging, and why.

    It takes one note's yes and no note's no. Each note is asked alone, and sees the other's first
    lines only: one that cannot tell may stay silent (its answer failed, or left the pair out), but
    a no is a person's link that leads nowhere, seen from one of its ends.
    """
    answers = verdicts.get(pair.id, ())
    refused = [one.reason for one in answers if not one.accept]
    if refused:
        return PairState.DECLINED, refused[0]
    if answers:
        return PairState.PROPOSED, answers[0].reason
    return PairState.WITHDRAWN, "the model gave no answer that can be used"
