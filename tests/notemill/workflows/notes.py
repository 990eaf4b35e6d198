"""A vault, its state folder and a provider, which outlive the commands that work on them."""

from __future__ import annotations

import io
import json
import re
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

from notemill.app.kinds import KIND_CURATE
from notemill.app.mill import Mill
from notemill.app.terms import RunTerms
from notemill.cli.curate import conclude, curate, rehearse
from notemill.cli.front import TerminalFront
from notemill.config import Exclusions
from notemill.errors import NotemillError
from notemill.tagging.taglist import read_vocabulary
from notemill.workflows.curation.survey import Selection
from notemill.workflows.tags.arrangement import adopt
from notemill.workflows.undoing import undo_run
from tests.doubles import MortalStore, ScriptedProvider
from tests.virtual_time import VirtualClock
from twolane import Engine, Lane, Settings, TwolaneError
from twolane.front.console import Console

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

    from notemill.app.events import Front
    from notemill.app.opened import OpenVault
    from notemill.stores.proposals import Proposal
    from notemill.vault.files import NoteUndo
    from notemill.workflows.curation.apply import Applied
    from twolane import Report

T = TypeVar("T")

_TITLE = re.compile(r"^title: (.*)$", re.MULTILINE)
_TOKEN = re.compile(r"^note_ref: (.*)$", re.MULTILINE)
_TAGS = re.compile(r"^new:\n<data ", re.MULTILINE)


def title_of(params: Mapping[str, Any]) -> str:
    """Return the title of the note that a request asks about."""
    found = _TITLE.search(str(params["messages"][0]["content"]))
    assert found is not None
    return found[1]


def asks_about_tags(params: Mapping[str, Any]) -> bool:
    """Return whether a request asks what becomes of new tags."""
    return _TAGS.search(str(params["messages"][0]["content"])) is not None


def curated(params: Mapping[str, Any], **other: object) -> str:
    """Answer as a model would: about the note's own title, what is asked for, or `other` fields.

    New tags stay as they are.
    """
    content = str(params["messages"][0]["content"])
    token = _TOKEN.search(content)
    if asks_about_tags(params):
        return json.dumps({"note_ref": token[1] if token else "", "tags": []})
    title = title_of(params)
    reply = {
        "note_ref": token[1] if token else "",
        "description": f"All about {title}.",
        "tags": ["area/tested"],
        "topics": [title],
    }
    form = params["output_config"]["format"]["schema"]["properties"]
    return json.dumps({name: said for name, said in reply.items() if name in form} | other)


def many(count: int) -> dict[str, str]:
    """Return `count` notes without any properties."""
    return {f"n{index:03d}.md": f"Note {index} has words {index}.\n" for index in range(count)}


def write_notes(root: Path, notes: Mapping[str, str | bytes]) -> Path:
    """Write notes into a folder."""
    for name, text in notes.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
    return root


def tree(root: Path) -> dict[str, bytes]:
    """Return every file below a folder, hidden ones too, with its bytes."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def undone(
    opened: OpenVault, run: str, *, note: str | None = None, through: bool = False
) -> list[NoteUndo]:
    """Take a run's writing out again."""
    return undo_run(
        opened.vault, opened.review, opened.links, run,
        note=note, through=through, look=opened.scene, now=opened.clock,
    )  # fmt: skip


@dataclass
class Ended:
    """How a command ended: its exit code, what it showed, and the run it worked on."""

    code: int
    shown: str
    run: str


@dataclass
class Desk:
    """Runs commands on one vault, each as a process of its own, on a virtual clock."""

    folder: Path
    notes: Mapping[str, str | bytes]
    provider: ScriptedProvider = field(default_factory=lambda: ScriptedProvider(curated))
    exclusions: Exclusions = field(default_factory=Exclusions)
    changes: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Write the vault."""
        self.clock = VirtualClock()
        self.provider.now = self.clock.now
        self.root = write_notes(self.folder / "vault", self.notes)
        self.home = self.folder / "home"

    def path(self, key: str) -> Path:
        """Return where a note lies."""
        return self.root / key

    def text(self, key: str) -> str:
        """Return a note's text."""
        return self.path(key).read_text("utf-8")

    @property
    def asked(self) -> list[str]:
        """The titles of all notes that the provider was asked about, again and again."""
        return sorted(title_of(one) for one in self.requests if not asks_about_tags(one))

    @property
    def requests(self) -> list[dict[str, Any]]:
        """All requests that the provider got, in either lane, again and again."""
        batched = [one["params"] for batch in self.provider.batches for one in batch.requests]
        return [*self.provider.sent, *batched]

    @property
    def everything_sent(self) -> str:
        """All that has left the machine."""
        batches = [batch.requests for batch in self.provider.batches]
        return json.dumps([self.provider.sent, batches], ensure_ascii=False)

    # -- one process --------------------------------------------------------------------------

    async def open(
        self,
        front: Front,
        tamper: Callable[[Mill, OpenVault], None] = lambda *_: None,
        **mortal: Any,  # noqa: ANN401
    ) -> Mill:
        """Open the vault through the door; `tamper` changes something in it before its use."""
        settings = replace(Settings(home=self.home, provider="anthropic"), **self.changes)
        engine = Engine(
            settings, self.provider, executor=None, now=self.clock.now, seed=len(self.requests)
        )
        if mortal:
            engine.ledger.close()
            engine.ledger.store = MortalStore(engine.ledger.path, **mortal)
        mill = await Mill.open(
            self.root, settings, front, exclusions=self.exclusions, clock=self.clock.now,
            engine=engine,
        )  # fmt: skip
        tamper(mill, await mill.on(lambda opened: opened))
        return mill

    def on(self, call: Callable[[OpenVault], T]) -> T:
        """Do something with the stores of the vault, as one process."""
        return self.through_the_door(lambda mill: mill.on(call))

    def through_the_door(
        self,
        job: Callable[[Mill], Awaitable[T]],
        front: Front | None = None,
        tamper: Callable[[Mill, OpenVault], None] = lambda *_: None,
        **mortal: Any,  # noqa: ANN401
    ) -> T:
        """Do something with the vault, as one process."""

        async def process() -> T:
            shown = front or TerminalFront(yes=True, console=Console(io.StringIO()))
            async with await self.open(shown, tamper, **mortal) as mill:
                return await job(mill)

        return self.clock.run(process())

    def curate(
        self,
        *,
        apply: bool = False,
        yes: bool = True,
        as_json: bool = False,
        again: bool = False,
        dry_run: bool = False,
        vocabulary: bool = False,
        tamper: Callable[[Mill, OpenVault], None] = lambda *_: None,
        mortal: Mapping[str, Any] | None = None,
        **options: Any,  # noqa: ANN401
    ) -> Ended:
        """Run `notemill curate`; in batches and in one stage unless told otherwise.

        Without `vocabulary`, none is proposed first.
        """
        asked = {"lane": Lane.BATCH, "stages": "none"} | options
        names = {one.name for one in fields(Selection)}
        selection = Selection(**{name: asked.pop(name) for name in names & asked.keys()})
        front = TerminalFront(yes=yes, console=Console(said := io.StringIO(), width=200))

        async def job(mill: Mill) -> int:
            terms = RunTerms(**asked)
            if dry_run:
                return await rehearse(
                    mill, selection, terms, front.console, vocabulary=vocabulary, as_json=as_json
                )
            return await curate(
                mill, front, selection, terms,
                again=again, apply=apply, vocabulary=vocabulary, as_json=as_json,
            )  # fmt: skip

        return self._ended(
            lambda: self.through_the_door(job, front, tamper, **(mortal or {})), said
        )

    def resume(self, run: str, *, apply: bool = False, yes: bool = True) -> Ended:
        """Go on with a run, as `notemill resume` does."""
        front = TerminalFront(yes=yes, console=Console(said := io.StringIO(), width=200))

        async def job(mill: Mill) -> int:
            ended = await mill.curating.resume(await mill.engine.run(run), apply=apply)
            return conclude(ended, front.console, review=not apply, as_json=False)

        return self._ended(lambda: self.through_the_door(job, front), said)

    def _ended(self, job: Callable[[], int], said: io.StringIO) -> Ended:
        refused = ""
        try:
            code = job()
        except (NotemillError, TwolaneError) as error:
            code, refused = error.exit_code, str(error)
        return Ended(code, said.getvalue() + refused, self.latest())

    def adopt(self, key: str) -> None:
        """Take a note's list for the vault's vocabulary, as `notemill tags adopt` does."""

        def take(opened: OpenVault) -> None:
            text = opened.vault.read(key).decode("utf-8")
            adopt(opened.decisions, key, read_vocabulary(text))

        self.on(take)

    # -- what came of it ----------------------------------------------------------------------

    def latest(self) -> str:
        """Return the newest run's id, '' where there is none."""

        async def job(mill: Mill) -> str:
            run = await mill.engine.latest(mill.source_of(KIND_CURATE))
            return run.id if run else ""

        return self.through_the_door(job)

    def report(self, run: str = "") -> Report:
        """Return the report of a run, the newest unless named."""
        name = run or self.latest()

        async def job(mill: Mill) -> Report:
            return await (await mill.engine.run(name)).report()

        return self.through_the_door(job)

    def proposals(self, run: str = "") -> list[Proposal]:
        """Return the proposals of a run, the newest unless named."""
        name = run or self.latest()

        return self.on(lambda opened: opened.review.proposals(name))

    def apply(self, run: str = "", *, replace: bool = False) -> list[Applied]:
        """Write a run's proposals, as `notemill apply` does."""
        name = run or self.latest()

        async def job(mill: Mill) -> list[Applied]:
            found = await mill.engine.run(name)
            await mill.curating.collect(found)
            return list(await mill.curating.apply(found, replacing=replace))

        return self.through_the_door(job)

    def undo(
        self, run: str = "", *, note: str | None = None, through: bool = False
    ) -> list[NoteUndo]:
        """Take a run's writing out again, as `notemill undo` does."""
        name = run or self.latest()

        return self.on(lambda opened: undone(opened, name, note=note, through=through))

    def needs(self, **options: Any) -> dict[str, str]:  # noqa: ANN401
        """Return which notes need work, and why."""

        async def job(mill: Mill) -> dict[str, str]:
            survey = await mill.curating.survey(Selection(**options))
            return {facts.key: need.reason for facts, need in survey.work}

        return self.through_the_door(job)
