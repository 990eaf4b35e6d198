"""`notemill serve`: the dashboard, on a local page, until Ctrl-C."""

from __future__ import annotations

import contextlib
import signal
from typing import TYPE_CHECKING, Any

from notemill.errors import UsageError
from notemill.web import browser
from notemill.web.serving import DEFAULT_PORT, EXIT_CANCELED, Server, bound, checked_host
from notemill.web.sessions import Sessions, address, link, running
from twolane.front.console import note_console, print_json, result_console, shown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from twolane import Settings


async def serve_vault(
    settings: Settings,
    *,
    given: Mapping[str, Any],
    vault: Path | None,
    port: int | None,
    host: str,
    allow_network: bool,
    no_open: bool,
    as_json: bool,
) -> int:
    """Serve until a signal comes; return the exit code. `vault` None shows the ledger's runs alone.

    `given` are the flags behind the settings: they stand above what the config file says later.

    Raises UsageError, VaultError, LedgerError, ConfigError.
    """
    at = checked_host(host, allow_network=allow_network)
    with contextlib.closing(bound(at, port)) as listening:
        # Slow to import, and a port that is taken is told at once.
        from notemill.app.configuring import Configuring  # noqa: PLC0415
        from notemill.web.desk import Desk  # noqa: PLC0415
        from notemill.web.nights import Nights  # noqa: PLC0415
        from notemill.web.site import create_site  # noqa: PLC0415

        taken = int(listening.getsockname()[1])
        desk = await Desk.open(vault, settings, configuring=Configuring(given))
        try:
            _tell_of_others(settings, vault)
            sessions = Sessions.open(settings.home, vault, taken, host=at)
        except BaseException:
            await desk.aclose()
            raise
        server = Server(create_site(desk), sessions, listening)
        nights = Nights(desk)

        def ready() -> None:
            desk.jobs.take_up()
            nights.begin()
            if port is None and taken != DEFAULT_PORT:
                note_console().print(f"port {DEFAULT_PORT} is in use; this is port {taken}")
            _show_link(link(at, taken, sessions.token()), taken, vault, as_json=as_json)
            if not no_open:
                browser.open_link(link(at, taken, sessions.token()), sessions.folder)

        async def ending() -> None:
            note_console().print(f"stopping {address(at, taken)}")
            await nights.end()
            await desk.end()

        try:
            await server.run(ready, ending, desk.aclose)
        finally:
            browser.forget_link(sessions.folder)
            sessions.close()
    return EXIT_CANCELED if server.signal == signal.SIGINT else 0


async def print_link(
    settings: Settings, *, vault: Path | None, port: int | None, as_json: bool
) -> int:
    """Print a new link to a server that is running; return the exit code.

    Raises UsageError if there is none, or if it cannot be told which one is meant.
    """
    found = [one for one in running(settings.home, vault) if port in (None, one.port)]
    if not found:
        raise UsageError("no such dashboard is running; start it with `notemill serve VAULT`")
    if len(found) > 1:
        ports = ", ".join(str(one.port) for one in found)
        raise UsageError(f"dashboards run at the ports {ports}; name one with --port")
    _show_link(found[0].link(), found[0].port, vault, as_json=as_json)
    return 0


def _tell_of_others(settings: Settings, vault: Path | None) -> None:
    for one in running(settings.home, vault) if vault else ():
        note_console().print(
            f"this vault is served at port {one.port} already; "
            "`notemill serve --url` prints a link to that"
        )


def _show_link(url: str, port: int, vault: Path | None, *, as_json: bool) -> None:
    if as_json:
        print_json({"url": url, "port": port})
        return
    what = "the dashboard" if vault is None else f"the dashboard of {shown(str(vault))}"
    result_console().print_lines(f"{what}:\n{url}")
    note_console().print("the link works once: `notemill serve --url` prints a new one")
