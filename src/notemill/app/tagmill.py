"""The composition root for tags: what can be done with those of one vault, as use cases."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from notemill.app.mill import KIND_TAGS
from notemill.errors import UsageError
from notemill.markup.tags import bare, tag_key
from notemill.stores.proposals import ProposalState
from notemill.tagging.vocabulary import Entry, Vocabulary, with_entries
from notemill.vault.frontmatter import BOM
from notemill.vault.note import bytes_hash
from notemill.workflows.curation.apply import waits_for_person
from notemill.workflows.tags.arrangement import (
    Arrangement,
    adopt,
    keep_arrangement,
    proposed_entries,
    read_arrangement,
    vocabulary_of,
)
from notemill.workflows.tags.arranging import asking_about, reply_tokens, settled
from notemill.workflows.tags.deciding import (
    BY_TAGS,
    kept_in_place,
    new_tags_of,
    rejected_pairs,
    taken_back,
    to_decide,
    turned_down_tag,
)
from notemill.workflows.tags.findings import review_tags
from notemill.workflows.tags.gating import changed_since, gate_of, place_of
from twolane import RunState, content_hash

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from notemill.app.mill import Mill
    from notemill.tagging.changes import Change
    from notemill.tagging.filing import Settled
    from notemill.tagging.gate import Gate
    from notemill.workflows.curation.survey import CurateOptions
    from notemill.workflows.tags.arranging import Asking
    from notemill.workflows.tags.deciding import NewTag, ToDecide
    from notemill.workflows.tags.findings import TagReview
    from twolane import Plan, Request, Run

BY_MODEL = "the model's arrangement"


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a person named: changes of tags, and new tags."""

    changes: tuple[Change, ...]
    new_tags: tuple[NewTag, ...]


class TagMill:
    """The tags of an open vault, with what was decided about them."""

    def __init__(self, mill: Mill, *, note: str | None = None) -> None:
        """Look through the vault. Raises VaultError.

        `note` is the one that a person names as the vocabulary's; None takes the one named before.
        """
        self.mill = mill
        self.sight = mill.look()
        self.facts = self.sight.facts
        self.place = place_of(mill.vault, self.facts, mill.decisions, named=note)
        self.rejected = rejected_pairs(mill.decisions)

    @property
    def gate(self) -> Gate:
        """Which tags may be written, as vocabulary and decisions are now."""
        return gate_of(self.mill.vault, self.place, self.mill.decisions)

    def found(self) -> TagReview:
        """Return what the tags are and what could be better, without what was turned down.

        Pairs that the model judged to mean different things are no synonyms any more.
        """
        arrangement = read_arrangement(self.mill.decisions)
        apart = arrangement.apart if arrangement else ()
        keys = {(tag_key(tag), tag_key(other)) for tag, other in apart}
        return review_tags(self.facts, privacy=self.mill.privacy, rejected=self.rejected | keys)

    def kept_in_place(self, entries: Sequence[Entry], found: TagReview) -> tuple[Entry, ...]:
        """Return a proposed vocabulary without what was turned down."""
        return kept_in_place(entries, self.rejected, found.census.tags.keys())

    def proposed(self, found: TagReview) -> tuple[Entry, ...]:
        """Return the vocabulary that the tags make by themselves, without what was turned down."""
        return self.kept_in_place(proposed_entries(found), found)

    def to_decide(self) -> ToDecide:
        """Return what waits for a decision: the list's changes, or those proposed without one.

        Raises UsageError naming the lines of the list that have to be mended first.
        """
        found = self.found()
        vocabulary, source = self._vocabulary(found)
        gate = self.gate
        pending = self.mill.review.tags(ProposalState.PENDING)
        waits = {
            one.id for one in pending if waits_for_person(one, gate) and self.sight.shows(one.note)
        }
        return to_decide(
            found,
            vocabulary,
            source=source,
            decisions=self.mill.decisions,
            new_tags=new_tags_of(self.mill.review, waits),
        )

    def _vocabulary(self, found: TagReview) -> tuple[Vocabulary, str]:
        vocabulary = self.gate.vocabulary
        if vocabulary is not None:
            note = self.place.note
            place = note if self.sight.shows(note) else "the vocabulary"
            if self.place.listed:
                vocabulary = vocabulary_of(self.mill.vault.read(note), note)
            return vocabulary, f"so it stands in {place}"
        arrangement = read_arrangement(self.mill.decisions)
        if arrangement is not None:
            return Vocabulary(_seen(arrangement.entries, self.sight.hidden_tags)), BY_MODEL
        return Vocabulary(proposed_entries(found)), BY_TAGS

    # -- asking a model -----------------------------------------------------------------------

    def asking(self, found: TagReview, *, chunk: int) -> Asking:
        """Return what a model is to be asked of the tags; of hidden notes nothing is told."""
        hidden = bool(self.place.note) and not self.sight.shows(self.place.note)
        away = self.sight.hidden_tags
        return asking_about(
            found,
            self.gate.vocabulary,
            never=[
                one
                for one in self.mill.decisions.rejections()
                if tag_key(one.tag) not in away and tag_key(one.into) not in away
            ],
            chunk=chunk,
            only=found.census.tags.keys() if hidden else None,
        )

    @property
    def model(self) -> str:
        """The model that is asked."""
        return self.mill.settings.model or self.mill.engine.default_model()

    def plan(self, requests: Sequence[Request], asking: Asking, options: CurateOptions) -> Plan:
        """Say where requests would go and what that would cost. Raises ConfigError."""
        return self.mill.plan(requests, options, reply_tokens=reply_tokens(asking))

    async def begun(
        self, asking: Asking, part: str, options: CurateOptions, *, again: bool
    ) -> Run | None:
        """Return the run of this round that the same command began before, None for none.

        Where that has ended, what failed in it is asked again. Raises ConfigError naming the
        difference where one that has not ended was begun otherwise.
        """
        engine = self.mill.engine
        run = await engine.latest(self._source(part))
        if again or run is None or run.row.state is RunState.CANCELED or run.row.dropped_at:
            return None
        if run.row.state is RunState.DONE:
            same = run.row.input_hash == asking.identity and all(
                run.row.setting(name) == value for name, value in self._same().items()
            )
            if same and (await run.report()).items.failed:
                self._check_seen(run)
                await run.retry_failed(everything=True)
            return run if same else None
        run = await engine.unfinished(
            self._source(part), asking.identity, self._same() | _limits(options)
        )
        if run is not None:
            self._check_seen(run)
        if run is not None and options.cap_nano is not None:
            await run.set_cap(options.cap_nano)
        return run

    async def begin(
        self,
        requests: Sequence[Request],
        asking: Asking,
        part: str,
        options: CurateOptions,
    ) -> Run:
        """Record a run over the requests of a round.

        Raises ConfigError, LedgerError, ExternallyChangedError where a note was hidden meanwhile.
        """
        self.mill.check_still(self.sight)
        plan = self.plan(requests, asking, options)
        return await self.mill.engine.start(
            requests,
            plan=plan,
            kind=KIND_TAGS,
            label=str(self.mill.vault.root),
            source=self._source(part),
            input_hash=asking.identity,
            lane=options.lane,
            cap_nano=options.cap_nano,
            deadline_at=self.mill.deadline_at(options),
            by_strict=options.by_strict,
            settings=self._same() | _limits(options) | {"hidden": self._hidden()},
            cache=True,
        )

    def _hidden(self) -> list[str]:
        """Return which notes are hidden, by marks that name none."""
        return sorted(
            content_hash(key.encode("utf-8", "replace"))[:12] for key in self.sight.hidden
        )

    def _check_seen(self, run: Run) -> None:
        """See that a run's requests, made before, tell of no note that is hidden by now."""
        before = run.row.setting("hidden")
        if not set(self._hidden()) <= set(map(str, before if isinstance(before, list) else ())):
            raise UsageError(
                f"notes were excluded since run {run.id} began, and its requests may name them; "
                "nothing was sent, begin anew with --again"
            )

    def _source(self, part: str) -> str:
        return self.mill.source_of(f"{KIND_TAGS}-{part}")

    def _same(self) -> dict[str, object]:
        return {**self.mill.engine.place, "model_asked": self.model}

    def arranged(
        self, found: TagReview, asking: Asking, levels: Sequence[str], run: Run
    ) -> tuple[tuple[Entry, ...], Settled]:
        """Return the vocabulary that a run's answers make, and keep it as the model's last word.

        Junk, found without a model, is there as well; what was turned down is not.
        """
        said = settled(asking, levels, run.outcomes())
        junk = [Entry(one.tag, dropped=True, reason=one.reason) for one in found.droppable]
        entries = self.kept_in_place((*said.entries, *junk), found)
        before = read_arrangement(self.mill.decisions)
        apart = dict.fromkeys((*said.apart, *(before.apart if before else ())))
        keep_arrangement(self.mill.decisions, Arrangement(run.id, entries, tuple(apart)))
        return entries, said

    # -- decisions ----------------------------------------------------------------------------

    def chosen(self, tags: Sequence[str], *, everything: bool) -> Chosen:
        """Return what is proposed about the named tags, what was turned down before included.

        `everything` takes all that waits instead. Raises UsageError for a tag without a proposal,
        and for a new one where the note that it would be listed in is not there any more.
        """
        waiting = self.to_decide()
        if everything:
            return self._listable(Chosen(waiting.changes, waiting.new_tags))
        changes: list[Change] = []
        news: list[NewTag] = []
        for tag in tags:
            key = tag_key(bare(tag))
            mine = [
                one for one in (*waiting.changes, *waiting.turned_down) if tag_key(one.tag) == key
            ]
            new = [one for one in waiting.new_tags if tag_key(one.tag) == key]
            if not mine and not new:
                raise UsageError(
                    f"nothing is proposed for #{bare(tag)}; `notemill tags review` lists what is"
                )
            changes += mine
            news += new
        return self._listable(Chosen(tuple(changes), tuple(news)))

    def _listable(self, chosen: Chosen) -> Chosen:
        if chosen.new_tags and self.place.may_have_moved:
            note = self.place.note if self.sight.shows(self.place.note) else "the vocabulary's note"
            raise UsageError(
                f"{note} is not there to take a new tag; say where its list is now: "
                "notemill tags adopt NOTE"
            )
        return chosen

    def listed(self, raw: bytes, news: Sequence[NewTag]) -> bytes:
        """Return the vocabulary's note with new tags in it, each below its parent."""
        text = raw.removeprefix(BOM).decode("utf-8")
        entries = [Entry(one.tag) for one in news]
        bom = BOM if raw.startswith(BOM) else b""
        return bom + with_entries(text, entries, frozenset()).encode()

    def accept(self, chosen: Chosen, *, run: str) -> None:
        """Take new tags into the vocabulary, and forget that any of it was turned down.

        Without a vocabulary's note they are remembered as accepted.
        """
        for one in chosen.changes:
            self.mill.decisions.withdraw(one.tag)
        for new in chosen.new_tags:
            self.mill.decisions.withdraw(new.tag)
        if not chosen.new_tags:
            return
        if not (self.place.listed and self.gate.vocabulary):
            for new in chosen.new_tags:
                self.mill.decisions.decide(
                    new.tag, accepted=True, now=time.time(), run=new.proposals[0].run
                )
            return
        note = self.place.note
        as_known = not changed_since(self.mill.vault, self.place, self.mill.decisions)
        with self.mill.vault.lock():
            raw = self.mill.vault.read(note)
            after = self.listed(raw, chosen.new_tags)
            self.mill.vault.write(note, after, expected=bytes_hash(raw), run=run)
        if as_known and (vocabulary := self.gate.vocabulary) is not None:
            adopt(self.mill.decisions, note, vocabulary)

    def reject(self, tags: Sequence[str], *, into: str | None, note: str) -> list[str]:
        """Turn down what is proposed about tags; return what that was, for people.

        `into` names the other side where it is not proposed now, `note` one note that a tag shall
        not be proposed for any more. Raises UsageError where there is nothing to turn down.
        """
        waiting = self.to_decide()
        now = time.time()
        said: list[str] = []
        for tag in map(bare, tags):
            key = tag_key(tag)
            if note:
                ended = turned_down_tag(
                    self.mill.review, self.mill.decisions, tag, note=note, now=now
                )
                said.append(f"#{tag} is not proposed for {note} again ({len(ended)} waited)")
                continue
            changes = [one for one in waiting.changes if tag_key(one.tag) == key]
            pairs = [(one.tag, one.becomes) for one in changes]
            if into is not None:
                pairs = [(tag, bare(into))]
            self.mill.decisions.reject(pairs, now=now)
            said += [
                f"#{tag} stays: it does not become #{new}" if new else f"#{tag} stays"
                for _, new in pairs
            ]
            if not pairs and any(tag_key(one) == key for one in self._used()):
                raise UsageError(
                    f"nothing is proposed for #{tag}; `notemill tags review` lists what is, and "
                    "--into names a tag that it shall never become"
                )
            if not pairs or any(tag_key(one.tag) == key for one in waiting.new_tags):
                ended = turned_down_tag(
                    self.mill.review, self.mill.decisions, tag, note="", now=now
                )
                said.append(f"#{tag} is not proposed again ({len(ended)} notes had it proposed)")
        return said

    def _used(self) -> list[str]:
        return [tag for one in self.facts for tag in one.all_tags]

    def take_back(self, tags: Sequence[str]) -> int:
        """Let tags that were turned down be proposed again; return how many decisions that were."""
        now = time.time()
        return sum(
            taken_back(self.mill.review, self.mill.decisions, bare(tag), now=now) for tag in tags
        )


def _seen(entries: Iterable[Entry], hidden: Collection[str]) -> tuple[Entry, ...]:
    """Return entries without the tags that hidden notes alone have."""
    return tuple(
        replace(one, aliases=tuple(name for name in one.aliases if tag_key(name) not in hidden))
        for one in entries
        if tag_key(one.tag) not in hidden
    )


def _limits(options: CurateOptions) -> dict[str, object]:
    return {
        "lane": options.lane,
        "by": None if options.by_s is None else f"{options.by_s} s",
    }
