"""One server: its socket, its start, and its end within seconds of Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import ipaddress
import logging
import os
import signal
import socket
import sys
import threading
from typing import TYPE_CHECKING, Final

import uvicorn

from notemill.errors import UsageError
from notemill.web.guard import Guard
from notemill.web.sessions import LOOPBACK
from twolane.front.signals import handled

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from types import FrameType

    from starlette.types import ASGIApp

    from notemill.web.sessions import Sessions

DEFAULT_PORT: Final = 8765
PORTS_TRIED: Final = 20
"""How many ports are tried from the default one on, where none was named."""
ANSWERS_S: Final = 2
"""Seconds that answers under way have after Ctrl-C."""
ENDING_S: Final = 6.0
"""Seconds that work has to stop in after Ctrl-C; the ledger goes on from whatever it has reached."""
END_S: Final = 9.0
"""Seconds after which the process ends in any case."""
MAX_FRAME_BYTES: Final = 65_536
PING_S: Final = 30.0
EXIT_CANCELED: Final = 4

_BACKLOG: Final = 128
_TAKEN: Final = frozenset({errno.EADDRINUSE, getattr(errno, "WSAEADDRINUSE", errno.EADDRINUSE)})


def checked_host(host: str, *, allow_network: bool) -> str:
    """Return the address to listen at. Raises UsageError for one that others could reach.

    `allow_network` allows an address of this machine in a network, never all of them at once: the
    server has to know by which name it may be asked.
    """
    if host.lower() == "localhost":
        return LOOPBACK
    try:
        at = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        raise UsageError(
            f"--host {host}: give an IP address of this machine, such as {LOOPBACK}"
        ) from None
    if at.is_unspecified:
        raise UsageError(f"--host {host} means every network: give the one address to serve at")
    if not at.is_loopback and not allow_network:
        raise UsageError(
            f"--host {host} lets other machines reach the dashboard, and what it shows of your "
            "notes travels unencrypted; add --allow-network if you want that"
        )
    return str(at)


def bound(host: str, port: int | None, *, first: int = DEFAULT_PORT) -> socket.socket:
    """Return a socket that listens at a port; None takes the first free one from `first` on.

    It listens from now on, so that a link to it can lead nowhere else. Raises UsageError naming the
    port and what to do.
    """
    for one in range(first, first + PORTS_TRIED) if port is None else (port,):
        try:
            return _listening(host, one)
        except OSError as error:
            if error.errno in _TAKEN and port is None:
                continue
            raise UsageError(_unusable(host, one, error)) from error
    raise UsageError(
        f"ports {first} to {first + PORTS_TRIED - 1} are all in use; name another one with --port"
    )


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The loop sends at once, without waiting for more, only where a socket names its protocol.
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if sys.platform == "win32":  # there SO_REUSEADDR lets two programs have one port
            made.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:  # the port of a server that has ended is free at once
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
        made.listen(_BACKLOG)
    except BaseException:
        made.close()
        raise
    return made


def _unusable(host: str, port: int, error: OSError) -> str:
    if error.errno in _TAKEN:
        return (
            f"port {port} is in use by another program; name another one with --port, or leave "
            "--port out to take a free one"
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return f"--host {host} is not an address of this machine"
    reason = error.strerror or str(error)
    return f"port {port} cannot be used: {reason}; name another one with --port"


class Server:
    """Serves one site behind its guard, until `stop` or Ctrl-C."""

    def __init__(self, site: ASGIApp, sessions: Sessions, listening: socket.socket) -> None:
        """Take the site, whose guard knows `sessions`, and the socket, which is closed at the end."""
        self._serving = _Uvicorn(
            uvicorn.Config(
                Guard(site, sessions),
                http="h11",
                ws="websockets-sansio",
                ws_max_size=MAX_FRAME_BYTES,
                ws_ping_interval=PING_S,
                ws_per_message_deflate=False,
                lifespan="off",
                access_log=False,
                log_config=None,
                log_level=logging.ERROR,
                proxy_headers=False,
                server_header=False,
                timeout_graceful_shutdown=ANSWERS_S,
            )
        )
        self._listening = listening
        self._stopping = asyncio.Event()
        self.signal: int | None = None
        """The signal that ended it, None if `stop` did."""

    async def run(
        self,
        ready: Callable[[], None],
        ending: Callable[[], Awaitable[None]],
        closing: Callable[[], Awaitable[None]],
    ) -> None:
        """Serve until the end; `ready` is called once connections are taken.

        `ending` stops what the site does, its sockets and its work. `closing` closes its files, once
        the answers under way are given that need them. Both are called once, whatever happens.
        Ctrl-C again ends the process at once: the ledger goes on from its rows.
        """
        loop = asyncio.get_running_loop()

        def on_signal(number: int, _frame: FrameType | None) -> None:
            if self.signal is not None:
                os._exit(EXIT_CANCELED)
            self.signal = number
            # A thread that does not end could hold the process up.
            end = threading.Timer(END_S, os._exit, (EXIT_CANCELED,))
            end.daemon = True
            end.start()
            loop.call_soon_threadsafe(self.stop)

        # A page that leaves in the middle of an answer is no news.
        logging.getLogger("asyncio").setLevel(logging.ERROR)
        self._serving.ready = ready
        with handled(on_signal, signal.SIGINT, signal.SIGTERM):
            serving = asyncio.create_task(self._serving.serve(sockets=[self._listening]))
            stopping = asyncio.create_task(self._stopping.wait())
            try:
                await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
            finally:
                self._serving.should_exit = True
                stopping.cancel()
                # What is cut short now is no news.
                logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(ending(), ENDING_S)
                try:
                    await serving
                finally:
                    await closing()

    def stop(self) -> None:
        """End `run`, in order. Called on the loop that runs it."""
        self._stopping.set()


class _Uvicorn(uvicorn.Server):
    """Uvicorn, told apart from the process that it runs in."""

    ready: Callable[[], None]

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to `Server`, which ends more than connections."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to take connections, and say so."""
        await super().startup(sockets)
        self.ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close every connection, those too whose page did not take its answer in time."""
        await super().shutdown(sockets)
        for one in self.server_state.connections.copy():
            one.transport.abort()
        await asyncio.sleep(0)  # they are closed in the loop's next round
