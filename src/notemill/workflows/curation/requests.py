"""The requests of a curation, each built from its note at the moment it is iterated."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from notemill.workflows.curation.curate import as_request, request_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from notemill.index import NoteFacts
    from notemill.linking.corpus import Document, Lexicon
    from notemill.workflows.curation.curate import Template
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
    ) -> None:
        """Ask about the notes of `survey` with `template`, within the model's `room`.

        `read` returns a note's current facts and text, `analysed` the survey's notes in the form
        that tags are learned from, and `rejected` the tags rejected for a note.
        """
        self._survey = survey
        self._template = template
        self._model = model
        self._read = read
        self._analysed = analysed
        self._rejected = rejected
        self.room = room

    @cached_property
    def _suggested(self) -> dict[str, list[str]]:
        """The tags that fit the notes, as learned from the vault's own tagging."""
        from notemill.workflows.curation.suggesting import suggestions  # noqa: PLC0415  # scipy is heavy

        survey = self._survey
        tags_of = {one.key: survey.candidates.spelled(one.all_tags) for one in survey.taught}
        if not any(tags_of.values()):
            return {}
        documents, lexicon = self._analysed()
        return suggestions(documents, lexicon, tags_of, {one.key for one, _ in survey.work})

    def __iter__(self) -> Iterator[Request]:
        """Iterate one request per note, in the vault's order. Raises what reading a note raises."""
        for known, need in self._survey.work:
            facts, text = self._read(known.key)
            candidates = self._survey.candidates.of_note(
                facts.title, facts.folder, text, suggested=self._suggested.get(known.key, ())
            )
            params = request_for(
                facts,
                text,
                candidates,
                template=self._template,
                model=self._model,
                rejected=self._rejected(known.key),
                room=self.room,
            )
            yield as_request(facts, params, need=need.rank)
