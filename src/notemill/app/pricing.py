"""What a curation is expected to cost: its notes, and what is asked before and beside them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from notemill.app.consolidating import TagsToOrder, expected
from notemill.app.curation_steps import requests_in
from notemill.app.vocabulary_events import VocabularyToAsk
from notemill.workflows.curation.asked import reply_tokens
from twolane import format_usd

if TYPE_CHECKING:
    from notemill.app.events import Front
    from notemill.app.first_vocabulary import FirstVocabulary, VocabularyPlan
    from notemill.app.opened import OpenVault
    from notemill.app.terms import RunTerms
    from notemill.app.workbench import Workbench
    from notemill.privacy import Sight
    from notemill.workflows.curation.requests import NoteRequests
    from notemill.workflows.curation.survey import Survey
    from twolane import Offer, Plan


@dataclass(frozen=True, slots=True)
class Priced:
    """A curation's requests, their own `plan`, and the `offer` for all that will be asked.

    `vocabulary` is asked for before them, None if none is. `ordering` is the part of the price for
    putting new tags in order, None if it changes nothing of the price as it is shown.
    """

    requests: NoteRequests
    plan: Plan
    offer: Offer
    vocabulary: VocabularyPlan | None
    ordering: Plan | None

    def tell_parts(self, front: Front) -> None:
        """Report what of the price is not for the notes."""
        if self.vocabulary is not None:
            front.tell(VocabularyToAsk(len(self.vocabulary.material.notes), self.vocabulary.plan))
        if self.ordering is not None:
            front.tell(TagsToOrder(self.ordering))


async def price_of(
    bench: Workbench,
    survey: Survey,
    terms: RunTerms,
    first: FirstVocabulary,
    asked: VocabularyPlan | None = None,
) -> Priced:
    """Return what the notes of `survey` cost, with a vocabulary `asked` for first.

    Raises ConfigError.
    """
    if asked is not None:
        survey = replace(survey, candidates=first.expected(asked))
    requests = await bench.on(requests_in, bench, survey)
    by_vocabulary = asked is not None or await bench.on(has_vocabulary, survey.sight)
    ordering = await expected(bench, survey, terms, vocabulary=by_vocabulary)
    beside = [*([asked.plan] if asked else ()), *([ordering] if ordering else ())]
    plan = await bench.plan(requests, terms, reply_tokens=reply_tokens(bench.used), beside=beside)
    offer = bench.offer(plan, terms, beside=beside)
    whole_nano = offer.plan.estimated_nano
    if ordering is not None:
        without_nano = whole_nano - ordering.estimated_nano
        if format_usd(whole_nano) == format_usd(without_nano):
            ordering = None
    return Priced(requests, plan, offer, asked, ordering)


def has_vocabulary(opened: OpenVault, sight: Sight) -> bool:
    """Return whether a vault has a vocabulary in force."""
    return opened.gate(opened.place(sight)).vocabulary is not None
