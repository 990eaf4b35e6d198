"""The requests of a curation, each built from its note at the moment it is iterated."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from notemill.properties import CURATED
from notemill.workflows.curation.candidates import MAX_CANDIDATES, MAX_HINTS
from notemill.workflows.curation.curate import MAX_TOKENS, as_request, request_for
from notemill.workflows.curation.examples import examples_of
from notemill.workflows.curation.shared_part import shared_part
from notemill.workflows.curation.withheld import why_withheld

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from notemill.index import NoteFacts
    from notemill.linking.corpus import Document, Lexicon
    from notemill.properties import Properties
    from notemill.workflows.curation.curate import Template
    from notemill.workflows.curation.examples import TaggedNote
    from notemill.workflows.curation.shared_part import SharedPart
    from notemill.workflows.curation.survey import Survey
    from notemill.workflows.fitting import Room
    from twolane import Request


class NoteRequests:
    """The requests for the notes that need work, read from the vault on every iteration."""

    def __init__(
        self,
        survey: Survey,
        *,
        template: Template,
        model: str,
        read: Callable[[str], tuple[NoteFacts, str]],
        analysed: Callable[[], tuple[list[Document], Lexicon]],
        rejected: Callable[[str], list[str]],
        room: Room,
        new_tags: Sequence[str] = (),
        used: Properties = CURATED,
    ) -> None:
        """Ask about the notes of `survey` with `template`, within the model's `room`.

        `read` returns a note's current facts and text, `analysed` the survey's notes in the form
        that tags are learned from, and `rejected` the tags rejected for a note. `new_tags` are
        those that earlier stages of the run have brought and that stay; `used` are the properties
        that `template` is about.
        """
        self._survey = survey
        self._template = template
        self._model = model
        self._read = read
        self._analysed = analysed
        self._rejected = rejected
        self._new_tags = new_tags
        self._used = used
        self.room = room

    @cached_property
    def examples(self) -> tuple[TaggedNote, ...]:
        """The notes whose titles and tags every request contains."""
        return examples_of(self._survey.taught, self._survey.candidates)

    @cached_property
    def shared(self) -> SharedPart:
        """The part that all requests share."""
        rules, room = self._template.text, self.room
        tokens = room.for_shared(rules, reply_tokens=room.for_reply(MAX_TOKENS))
        return shared_part(rules, self._survey.candidates, self.examples, tokens=tokens)

    @cached_property
    def _near(self) -> list[Mapping[str, Sequence[str]]]:
        """Rankings of the tags near each note: by the vault's own tagging, and by its links."""
        from notemill.workflows.curation.neighbours import linked_tags  # noqa: PLC0415  # as below
        from notemill.workflows.curation.suggesting import suggestions  # noqa: PLC0415  # scipy is heavy

        survey = self._survey
        tags_of = {one.key: survey.candidates.spelled(one.all_tags) for one in survey.taught}
        if not any(tags_of.values()):
            return []
        documents, lexicon = self._analysed()
        wanted = {one.key for one, _ in survey.work}
        return [
            # Where all tags are told, what is unlikely would only mislead.
            suggestions(documents, lexicon, tags_of, wanted, likely=self.shared.whole),
            linked_tags(documents, tags_of, wanted),
        ]

    def __iter__(self) -> Iterator[Request]:
        """Iterate one request per note, in the vault's order. Raises what reading a note raises."""
        for known, need in self._survey.work:
            facts, text = self._read(known.key)
            candidates = self._survey.candidates.of_note(
                facts.title,
                facts.folder,
                text,
                near=[ranked.get(known.key, ()) for ranked in self._near],
                most=MAX_HINTS if self.shared.whole else MAX_CANDIDATES,
            )
            candidates = [tag for tag in candidates if not why_withheld(tag, facts)]
            params = request_for(
                facts,
                text,
                candidates,
                system=self.shared.system,
                model=self._model,
                rejected=self._rejected(known.key),
                new_tags=self._new_tags,
                room=self.room,
                used=self._used,
            )
            yield as_request(facts, params, need=need.rank)
