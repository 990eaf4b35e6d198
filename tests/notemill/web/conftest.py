"""What the tests of the dashboard share: a server over a vault, and a browser's page on it."""

from __future__ import annotations

import re
import shutil
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.notemill.web.served import Served, sample_vault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Page

    from twolane import Engine, Settings

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-unsafe-swiftshader",
)
REFUSED = re.compile(r"the server responded with a status of (400|409)\b")
WAIT_MS = 20_000
"""How long a browser test waits for what it expects: a busy machine is no failure."""
expect.set_options(timeout=WAIT_MS)


class Serve(Protocol):
    """Starts a server over a vault; see `Served`."""

    def __call__(
        self,
        vault: Path | None,
        *,
        settings: Settings | None = None,
        engine: Callable[[], Engine] | None = None,
    ) -> Served:
        """Return it, running; the test's end stops it."""


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Serve vaults until the test ends."""
    with ExitStack() as stack:

        def start(vault: Path | None, **options: Any) -> Served:  # noqa: ANN401
            return stack.enter_context(Served(vault, tmp_path / "home", **options))

        yield start


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    """A copy of the sample vault."""
    return sample_vault(tmp_path)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium, for one module: its loop would keep asyncio from tests elsewhere."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: install Debian's package chromium")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=list(CHROMIUM_FLAGS))
        yield found
        found.close()


class Visit(Protocol):
    """Opens a page in a session of its own, with errors of its console collected."""

    def __call__(self, served: Served, path: str = "/", **options: Any) -> Page:  # noqa: ANN401
        """Return the page; `options` are those of a browser context."""


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    """Open pages; at the test's end their consoles have to be empty."""
    contexts: list[BrowserContext] = []
    said: list[str] = []

    def open_page(served: Served, path: str = "/", **options: Any) -> Page:  # noqa: ANN401
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        context.set_default_timeout(WAIT_MS)
        contexts.append(context)
        context.add_cookies([served.cookie()])
        page = context.new_page()
        listen(page, said)
        page.goto(served.url + path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert said == []


def listen(page: Page, said: list[str]) -> None:
    """Collect the errors and warnings of a page's console, but for lost connections.

    Left out is also what the browser adds to an answer that refuses what a person asked for, which
    the page itself explains.
    """
    page.on("pageerror", lambda error: said.append(f"error: {error}"))
    page.on(
        "console",
        lambda one: (
            said.append(f"{one.type}: {one.text}")
            if one.type in ("error", "warning")
            and "ERR_CONNECTION" not in one.text
            and REFUSED.search(one.text) is None
            and "WebSocket" not in one.text
            and "GL Driver Message" not in one.text  # of the browser's own drawing in software
            else None
        ),
    )
