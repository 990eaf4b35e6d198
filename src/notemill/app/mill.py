"""The composition root: a vault, what is kept about it, and the engine, as use cases."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from notemill.config import load_exclusions
from notemill.errors import ExternallyChangedError, UsageError
from notemill.index import Index
from notemill.index.derived import DERIVED_FILE, Watch, unseen
from notemill.offline import respond
from notemill.privacy import Privacy
from notemill.stores.allowed import Allowed
from notemill.stores.decisions import Decisions
from notemill.stores.journal import StoredJournal
from notemill.stores.links import LinkLedger
from notemill.stores.proposals import ProposalState
from notemill.stores.review import Review
from notemill.stores.store import FILE, Store
from notemill.vault.curatelock import curate_lock
from notemill.vault.files import Vault
from notemill.vault.places import claim, remember, state_folder, vault_root
from notemill.workflows.curation.apply import Applied, apply_run, preview, waits_for_person
from notemill.workflows.curation.collecting import collected, losses_of
from notemill.workflows.curation.curate import REPLY_TOKENS, load_template
from notemill.workflows.curation.needs import need_of
from notemill.workflows.curation.requests import NoteRequests
from notemill.workflows.curation.sending import read_to_send
from notemill.workflows.curation.survey import CurateOptions, Curation, Survey
from notemill.workflows.curation.surveying import survey_of
from notemill.workflows.fitting import Room
from notemill.workflows.links.judging import LINK_KIND
from notemill.workflows.links.scene import scene_of
from notemill.workflows.stages import plan_steps
from notemill.workflows.tags import gating
from notemill.workflows.undoing import undo_run
from notemill.workflows.verify import Verdict, verify
from twolane import Engine, ItemState, Plan, Request, Run, RunState, Settings, plain_usd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from notemill.config import Exclusions
    from notemill.index import NoteFacts
    from notemill.privacy import Sight
    from notemill.tagging.gate import Gate
    from notemill.vault.files import NoteUndo
    from notemill.workflows.curation.reply_text import Loss
    from notemill.workflows.links.scene import Scene
    from twolane import Report

OFFLINE = "offline"
HOSTED = "anthropic"
KIND = "curate"
KIND_TAGS = "vocabulary"
KINDS = (KIND, KIND_TAGS, LINK_KIND)
"""The kinds of runs that are notemill's."""


class Mill:
    """Everything that can be done with one vault."""

    def __init__(
        self,
        folder: Path,
        settings: Settings,
        exclusions: Exclusions | None = None,
        *,
        watch: Watch = unseen,
        rehearsal: bool = False,
        processes: int = 1,
    ) -> None:
        """Open the vault in `folder`; `exclusions` None takes the configured ones.

        `watch` is told how the notes are read, by up to `processes` processes where they are many
        (an importable program may ask for more than one); a `rehearsal` only shows what would be asked of a
        model, and needs no key. Raises VaultError saying what to do.
        """
        self.settings = settings
        self.privacy = Privacy(
            load_exclusions(config=settings.config) if exclusions is None else exclusions
        )
        claim(settings.home)
        self.state = state_folder(settings.home, folder)
        root = vault_root(folder)
        self.store = Store(self.state / FILE)
        self.vault = Vault(root, self.state, StoredJournal(self.store), clock=time.time)
        remember(self.state, self.vault.root)
        self.index = Index(self.state / DERIVED_FILE, watch=watch, processes=processes)
        self.review = Review(self.store)
        self.links = LinkLedger(self.store)
        self.decisions = Decisions(self.store)
        self.allowed = Allowed(self.store)
        self.engine = Engine.open(settings, responder=respond, rehearsal=rehearsal)

    async def aclose(self) -> None:
        """Close everything."""
        await self.engine.aclose()
        self.index.close()
        self.store.close()

    def working(self) -> AbstractContextManager[None]:
        """Be the only process that curates this vault. Raises VaultLockedError naming the other."""
        return curate_lock(self.state, self.vault.root)

    @property
    def sends(self) -> bool:
        """Whether what is asked goes to a model, and not to the extractive provider in here."""
        return self.settings.provider != OFFLINE

    @property
    def source(self) -> str:
        """What the curations of this vault are found by."""
        return self.source_of(KIND)

    def source_of(self, kind: str) -> str:
        """Return what the runs of a kind over this vault are found by."""
        return f"{kind}:{self.vault.root}"

    # -- curate -------------------------------------------------------------------------------

    def look(self, *, with_contents: bool = False) -> Sight:
        """Look through the vault: which notes may be seen, and which are hidden.

        `with_contents` reads the contents of new notes along, where they are asked for next.
        """
        wanted = self.privacy.shows if with_contents else None
        facts = self.index.refresh(self.vault, self.vault.scan(), with_contents=wanted)
        return self.privacy.sort(facts, self.vault.all_keys)

    def survey(self, options: CurateOptions) -> Survey:
        """Look through the vault for notes that need work. Raises VaultError."""
        sight = self.look(with_contents=True)
        place = gating.place_of(self.vault, sight.facts, self.decisions)
        gate = gating.gate_of(self.vault, place, self.decisions)
        # Not even a tag of a hidden note leaves the machine.
        vocabulary = gating.candidates_of(gate, sight.seen, listed=sight.shows(place.note))
        curated = self.review.curated()
        new_in = gating.newcomers(
            self.vault, self.review, self.decisions, gate, vocabulary, now=time.time()
        )
        wanted = {file.key for file in self.vault.scan(options.only)} if options.only else None
        return survey_of(
            sight,
            vocabulary,
            need=lambda one: (
                need_of(one, curated.get(one.key), refresh=options.refresh) or new_in(one)
            ),
            why_not_writable=self.vault.why_not_writable,
            wanted=wanted,
            place=place.note,
            limit=options.limit,
            left_out=self.vault.skipped,
        )

    def check_still(self, sight: Sight) -> None:
        """See that no note was hidden since a look. Raises ExternallyChangedError."""
        if self.look().hidden.keys() - sight.hidden.keys():
            raise ExternallyChangedError(
                "a note was excluded since the vault was looked through; nothing was sent, run the "
                "command again"
            )

    async def report(self, run: Run) -> Report:
        """Return a run's report: what failed of hidden notes counts, and is not named."""
        report = await run.report()
        shows = self.look().shows
        return replace(report, failures=tuple(one for one in report.failures if shows(one.item)))

    def gate(self) -> Gate:
        """Return which tags may be written, as vocabulary and decisions are now."""
        facts = self.index.refresh(self.vault, self.vault.scan())
        place = gating.place_of(self.vault, facts, self.decisions)
        return gating.gate_of(self.vault, place, self.decisions)

    def requests(self, survey: Survey) -> NoteRequests:
        """Return the requests for the notes of `survey` that need work.

        Iterating them raises ExternallyChangedError where a note was deleted, or became one that
        must not leave the machine, since the vault was looked through.
        """
        return NoteRequests(
            survey,
            template=load_template(KIND),
            model=self.settings.model or self.engine.default_model(),
            read=self.to_send,
            analysed=lambda: self.index.contents.documents(self.vault, survey.taught),
            rejected=gating.rejected_tags(
                self.decisions, self.review.tags(ProposalState.REJECTED), survey.sight
            ),
            room=self.room(),
        )

    def room(self) -> Room:
        """Return what the context of the model that is asked leaves for a note."""
        served = self.engine.served
        return Room(served.context_tokens, small=True) if served else Room()

    def to_send(self, key: str) -> tuple[NoteFacts, str]:
        """Return a note's facts and text as they are now, so that one belongs to the other.

        Raises ExternallyChangedError where it is gone or may not leave the machine any more.
        """
        return read_to_send(self.vault, self.index, self.privacy, key)

    def plan(
        self,
        requests: Iterable[Request],
        options: CurateOptions,
        *,
        reply_tokens: int = REPLY_TOKENS,
    ) -> Plan:
        """Say where the requests would go and what that would cost. Raises ConfigError."""
        return self.engine.plan(
            requests,
            lane=options.lane,
            cap_nano=options.cap_nano,
            deadline_at=self.deadline_at(options),
            reply_tokens=reply_tokens,
        )

    def deadline_at(self, options: CurateOptions) -> float | None:
        """Return when all has to be answered, in seconds since the epoch, None for no deadline."""
        return None if options.by_s is None else self.engine.now() + options.by_s

    async def unfinished(self, options: CurateOptions, *, kind: str = KIND) -> Curation | None:
        """Return the vault's run of a kind that waits to go on, if there is one.

        Raises ConfigError naming the difference where it was started with other flags.
        """
        source = self.source_of(kind)
        run = await self.engine.latest(source)
        if run is None or run.row.state in (RunState.DONE, RunState.CANCELED):
            return None
        await self.engine.unfinished(source, "", self._kept(options))
        return self.curation(run, kind=kind)

    async def left_over(self, *, apply: bool) -> Curation | None:
        """Return the vault's newest run where it has ended and is not through all the same.

        A process died before it had read all answers, or, where additions are to be applied,
        before they were written.
        """
        run = await self.engine.latest(self.source)
        if run is None or run.row.state not in (RunState.DONE, RunState.CANCELED):
            return None
        kept = run.row.dropped_at is None
        unread = kept and (await run.report()).items.succeeded > len(self.review.stored(run.id))
        pending = self.review.proposals(run.id, state=ProposalState.PENDING) if apply else []
        gate = self.gate()
        if unread or not all(waits_for_person(one, gate) for one in pending):
            return self.curation(run)
        return None

    async def withdraw(
        self, curation: Curation, *, told: Callable[[Sight], Iterable[str]] = lambda _: ()
    ) -> int:
        """Cancel what has not ended of notes that are hidden by now; return how many there are.

        `told` names further notes whose requests tell of hidden ones.
        """
        sight = self.look()
        if not (sight.hidden or self.privacy.entries):
            return 0
        away = frozenset(told(sight))
        open_states = (ItemState.PENDING, ItemState.RUNNING, ItemState.SUBMITTED)
        keys = [
            outcome.key
            for outcome in curation.run.outcomes()
            if outcome.state in open_states
            and (outcome.key in away or not sight.shows(outcome.key))
        ]
        for key in keys:
            await curation.run.cancel(key)
        return len(keys)

    def curation(self, run: Run, *, kind: str = KIND) -> Curation:
        """Return a run of the ledger as work under way. Raises UsageError where it is no such."""
        stages = run.row.setting("stages")
        if run.row.kind == KIND_TAGS:
            raise UsageError(
                f"run {run.id} arranges tags; `notemill tags vocabulary --ask-model` goes on with it"
            )
        if run.row.kind != kind or not isinstance(stages, list):
            raise UsageError(f"run {run.id} is no {kind}; `notemill runs` lists those there are")
        try:
            return Curation(run, [(str(purpose), int(count)) for purpose, count in stages])
        except (TypeError, ValueError) as error:
            raise UsageError(f"run {run.id} has stages that are none ({error})") from error

    async def start(
        self,
        notes: Sequence[NoteFacts],
        requests: Iterable[Request],
        plan: Plan,
        options: CurateOptions,
        *,
        kind: str = KIND,
        cut: int = 0,
    ) -> Curation:
        """Record a run over notes, one request for each. Raises UsageError, LedgerError.

        `cut` of them are longer than the model's context.
        """
        steps = plan_steps(
            options.stages,
            notes,
            batch_size=plan.batch_size,
            forced=options.lane or self.engine.only_lane,
        )
        stages = [(step.purpose, len(step.stage.items)) for step in steps]
        run = await self.engine.start(
            requests,
            plan=plan,
            kind=kind,
            label=str(self.vault.root),
            source=self.source_of(kind),
            lane=options.lane,
            cap_nano=options.cap_nano,
            deadline_at=self.deadline_at(options),
            by_strict=options.by_strict,
            stages=[step.stage for step in steps],
            settings={
                **self._kept(options),
                "stages": stages,
                "exclude": self.privacy.entries,
                **({"cut": cut} if cut else {}),
            },
            cache=True,
        )
        return Curation(run, stages)

    def _kept(self, options: CurateOptions) -> dict[str, object]:
        """Return what a resume has to find unchanged."""
        return {
            "lane": options.lane,
            "max_cost": None if options.cap_nano is None else plain_usd(options.cap_nano),
            "by": None if options.by_s is None else f"{options.by_s} s",
            "only": options.only,
            "limit": options.limit,
            **self.engine.place,
        }

    # -- links --------------------------------------------------------------------------------

    def scene(self) -> Scene:
        """Look through the vault for links. Raises VaultError."""
        return scene_of(
            self.vault,
            self.look(with_contents=True),
            self.links,
            privacy=self.privacy,
            why_not=self._why_no_link,
        )

    def _why_no_link(self, facts: NoteFacts) -> str:
        if facts.problem or self.privacy.hides(facts):
            return self.privacy.why_not(facts) or facts.problem
        if not self.vault.has_plain_name(facts.key):
            return "its name is not UTF-8, and no link can name it; rename it"
        return self.vault.why_not_writable(facts.key)

    # -- results ------------------------------------------------------------------------------

    async def collect(self, curation: Curation) -> None:
        """Turn the answers that are there into proposals."""
        if curation.run.row.dropped_at is not None:
            return
        conflicts = collected(
            curation.run.id,
            curation.run.outcomes(),
            self.vault,
            self.review,
            gate=self.gate(),
            now=time.time(),
        )
        for index, why in conflicts:
            await curation.run.mark_conflict(index, why)

    def losses(self, run: Run, note: str | None = None) -> list[tuple[str, Loss]]:
        """Return what was not taken of a curation's answers as it was, but of the hidden notes."""
        if run.row.kind != KIND:
            return []
        shows = self.look().shows
        outcomes = (one for one in run.outcomes() if shows(one.key) and note in (None, one.key))
        return list(losses_of(outcomes, self.vault))

    async def check(self, curation: Curation) -> Verdict:
        """Verify what has come back so far."""
        return verify(await curation.run.report(), curation.run.outcomes())

    def before_and_after(self, run: str, key: str) -> tuple[bytes, bytes]:
        """Return a note's bytes as they are, and with its pending additions in it.

        Raises VaultError where the note is gone or cannot be edited any more.
        """
        raw = self.vault.read(key)
        pending = self.review.proposals(run, note=key, state=ProposalState.PENDING)
        ours = self.review.descriptions_written(key).get(key, frozenset())
        return raw, preview(raw, pending, ours=ours, gate=self._gate_shown)

    @cached_property
    def _gate_shown(self) -> Gate:
        """The gate of previews, made once: a run has as many of them as notes."""
        return self.gate()

    def pending_notes(self, run: str) -> list[str]:
        """Return the notes of a run with proposals that wait, but the hidden ones."""
        pending = self.review.proposals(run, state=ProposalState.PENDING)
        shows = self.look().shows
        return [key for key in dict.fromkeys(one.note for one in pending) if shows(key)]

    async def apply(self, run: Run, *, replace: bool, note: str | None = None) -> list[Applied]:
        """Write a run's pending proposals, or those for one note. Raises VaultLockedError."""
        done: list[Applied] = []
        with self.vault.lock():
            for one in apply_run(
                self.vault,
                self.review,
                run.id,
                note=note,
                replacing=replace,
                now=time.time,
                gate=self.gate(),
                privacy=self.privacy,
            ):
                done.append(one)
                if one.conflict:
                    index = await run.index_of(one.note)
                    if index is not None:
                        await run.mark_conflict(index, one.problem)
        return done

    def undo(self, run: str, *, note: str | None, through: bool) -> list[NoteUndo]:
        """Restore the exact bytes that a run's writing replaced. Raises VaultError."""
        return undo_run(
            self.vault,
            self.review,
            self.links,
            run,
            note=note,
            through=through,
            look=self.scene,
            now=time.time,
        )


def offline_unless_keyed(settings: Settings, *, asked: bool) -> Settings:
    """Return the settings with the provider notemill uses: without a key its own, offline.

    `asked` says that the provider was named by hand, and is taken at its word; so is one that
    environment or config file name and that is no service with a key.
    """
    if asked or settings.api_key or settings.auth_token or settings.provider != HOSTED:
        return settings
    return replace(settings, provider=OFFLINE)
