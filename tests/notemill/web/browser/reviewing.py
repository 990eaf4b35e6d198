"""What the browser tests of the review share: a served vault with proposals, and what a page shows."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from notemill.stores.deciding import Deciding
from notemill.stores.proposals import Decision, ProposalKind
from tests.notemill.proposing import propose, states, store_of
from tests.notemill.workflows.notes import write_notes

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence
    from pathlib import Path

    from playwright.sync_api import Locator, Page, Route

    from tests.notemill.proposing import Values
    from tests.notemill.web.conftest import Serve
    from tests.notemill.web.served import Served

T = TypeVar("T")
TEXT, TAG, TOPIC = ProposalKind.DESCRIPTION, ProposalKind.TAG, ProposalKind.TOPIC
NAMES = ("a.md", "b.md", "sub/c.md", "sub/d.md")
NOTES = {name: f"# About {name}\n\nSee [[b]].\n> A quoted line.\n" for name in NAMES}
VALUES: tuple[Values, ...] = ((TEXT, "Said in one sentence."), (TAG, "garden/soil"), (TOPIC, "rot"))
"""What is proposed for each note: p1, p2, p3 for the first, p4, p5, p6 for the second, and so on."""


class Desk:
    """A served vault, and the queue as another front sees it."""

    def __init__(self, served: Served, vault: Path) -> None:
        """Look at the vault beside its server."""
        self.served = served
        self.vault = vault

    def states(self) -> dict[str, str]:
        """Return where each proposal stands."""
        return states(self.served.settings.home, self.vault)

    def decided(self) -> dict[str, str]:
        """Return the proposals that are not open."""
        return {one: state for one, state in self.states().items() if state != "pending"}

    def decide(self, decision: Decision, *ids: str, by: str = "terminal") -> None:
        """Decide as another process does."""
        with store_of(self.served.settings.home, self.vault) as store:
            Deciding(store).decide(ids, decision, by=by, now=2.0)

    def on_vault(self, call: Callable[[Any], T]) -> T:
        """Call something with the server's open vault."""
        mill = self.served.desk.mill
        assert mill is not None
        calling: Coroutine[Any, Any, T] = mill.on(call)
        return asyncio.run_coroutine_threadsafe(calling, self.served.loop).result(30)


def desk_with(
    serve: Serve,
    folder: Path,
    notes: Mapping[str, str] = NOTES,
    values: Sequence[Values] = VALUES,
) -> Desk:
    """Serve a vault with the same proposals for each of its notes."""
    vault = write_notes(folder / "vault", notes)
    # In a thread of its own: the browser's driver has a loop in this one.
    with ThreadPoolExecutor(1) as other:
        other.submit(propose, folder / "home", vault, dict.fromkeys(notes, values)).result()
    return Desk(serve(vault), vault)


def current(page: Page) -> Locator:
    """Return the proposal in focus."""
    return page.locator('[aria-current="true"]')


def id_of(page: Page) -> str:
    """Return the id of the proposal in focus."""
    return (current(page).get_attribute("id") or "").removeprefix("row-")


def press(page: Page, *keys: str) -> None:
    """Press keys one after another, without waiting for anything."""
    for key in keys:
        page.keyboard.press(key)


class Held:
    """Answers of the server that are kept back until a test lets them go, in their order."""

    def __init__(self, page: Page, pattern: str) -> None:
        """Keep the answers to requests whose address matches."""
        self.routes: list[Route] = []
        page.route(pattern, lambda route: self.routes.append(route))  # noqa: PLW0108  # it sets attributes on it

    def one(self, page: Page) -> Route:
        """Wait for a request, and return it."""
        page.wait_for_function("() => true")
        while not self.routes:
            page.wait_for_timeout(10)
        return self.routes.pop(0)

    def let_one_go(self, page: Page) -> None:
        """Wait for a request, and let it go on."""
        self.one(page).continue_()
