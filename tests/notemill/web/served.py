"""A dashboard served on loopback, in a thread of its own, for tests that act as its page."""

from __future__ import annotations

import asyncio
import shutil
import socket
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from notemill.app.terms import OFFLINE
from notemill.web.desk import Desk
from notemill.web.serving import Server, bound
from notemill.web.sessions import LOOPBACK, Sessions, link
from notemill.web.site import create_site
from twolane import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from types import TracebackType

    from playwright._impl._api_structures import SetCookieParam

    from twolane import Engine

T = TypeVar("T")
SAMPLE = Path(__file__).resolve().parents[3] / "src" / "notemill" / "sample_vault"
STARTS_WITHIN_S = 30.0


class Served:
    """A server over a vault, None for none: started, stopped and started again at one port."""

    def __init__(
        self,
        vault: Path | None,
        home: Path,
        *,
        settings: Settings | None = None,
        engine: Callable[[], Engine] | None = None,
    ) -> None:
        """Serve `vault`, with `settings` in place of the offline ones, once it is entered."""
        self.vault = vault
        self.settings = replace(settings or Settings(home=home, provider=OFFLINE), home=home)
        self._engine = engine
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        """Start it."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it, if it runs."""
        self.stop()

    @property
    def enter(self) -> str:
        """A link that opens a session, once."""
        return link(LOOPBACK, self.port, self.sessions.token())

    def cookie(self) -> SetCookieParam:
        """Return the cookie of a new session, as a browser would have it behind the link."""
        secret = self.sessions.enter(self.sessions.token())
        assert secret is not None
        return {
            "name": self.sessions.cookie,
            "value": secret,
            "url": self.url,
            "httpOnly": True,
            "sameSite": "Strict",
        }

    def start(self) -> None:
        """Start it, and return once it answers."""
        self._up = threading.Event()
        self._failed: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="served", daemon=True)
        self._thread.start()
        assert self._up.wait(STARTS_WITHIN_S), "the server did not start"
        if self._failed is not None:
            raise self._failed

    def stop(self) -> None:
        """Stop it as Ctrl-C does, and wait for its end."""
        if self._thread.is_alive():
            self.loop.call_soon_threadsafe(self.server.stop)
            self._thread.join(STARTS_WITHIN_S)
            assert not self._thread.is_alive(), "the server did not stop"

    def wait_for(self, made: Coroutine[Any, Any, T]) -> T:
        """Await something on the server's loop, and return its result."""
        return asyncio.run_coroutine_threadsafe(made, self.loop).result(STARTS_WITHIN_S)

    def on_loop(self, call: Callable[[], T]) -> T:
        """Call something on the server's loop, and return its result."""

        async def there() -> T:
            return call()

        return self.wait_for(there())

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # noqa: BLE001  # raised by the thread that waits
            self._failed = error
        finally:
            self._up.set()

    async def _serve(self) -> None:
        self.loop = asyncio.get_running_loop()
        home = self.settings.home
        self.desk = await Desk.open(self.vault, self.settings, engine=self._engine)
        self.sessions = Sessions.open(home, self.vault, self.port)
        self.server = Server(create_site(self.desk), self.sessions, bound(LOOPBACK, self.port))
        try:
            await self.server.run(self._begun, self.desk.end, self.desk.aclose)
        finally:
            self.sessions.close()

    def _begun(self) -> None:
        self.desk.jobs.take_up()
        self._up.set()


def sample_vault(folder: Path) -> Path:
    """Copy the sample vault below a folder; return where it is."""
    target = folder / "vault"
    shutil.copytree(SAMPLE, target)
    return target
