"""The socket of a page: a snapshot, then what changes, in order and never more than it can take."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from typing import TYPE_CHECKING, Any, cast

import pytest
from starlette.websockets import WebSocketDisconnect
from websockets.sync.client import ClientConnection, connect

from notemill.app.reviewing import Wanted
from notemill.app.work import work_of
from notemill.stores.proposals import Decision, ProposalState
from notemill.web.live import RECENT_RUNS
from tests.notemill.workflows.notes import write_notes
from tests.twolane.ledger.test_ledger_machine import new_items, new_run
from twolane.ledger import LEDGER_FILE, Ledger

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from starlette.websockets import WebSocket

    from tests.notemill.web.conftest import Serve
    from tests.notemill.web.served import Served

pytestmark = pytest.mark.loopback

HEARS_WITHIN_S = 20
EVERY = Wanted(states=None)
NOTES = {f"n{n}.md": f"# Hive {n}\n\nBees of hive {n} collect honey in June.\n" for n in range(30)}


def socket_of(served: Served) -> ClientConnection:
    """Open a page's socket in a session of its own."""
    secret = served.sessions.enter(served.sessions.token())
    return connect(
        f"ws://127.0.0.1:{served.port}/live",
        additional_headers={"Cookie": f"{served.sessions.cookie}={secret}"},
        max_size=None,
    )


def heard_until(
    socket: ClientConnection, enough: Callable[[dict[str, Any]], bool]
) -> list[dict[str, Any]]:
    """Return the messages up to the first that is enough."""
    heard = []
    while True:
        heard.append(json.loads(socket.recv(timeout=HEARS_WITHIN_S)))
        if enough(heard[-1]):
            return heard


def test_a_run_is_followed_item_by_item_to_its_end(serve: Serve, tmp_path: Path) -> None:
    """A page that watches nothing in particular hears of each item of a run, numbered in order."""
    served = serve(write_notes(tmp_path / "vault", NOTES))
    with socket_of(served) as socket:
        options = {"stages": "none", "vocabulary": False}
        served.on_loop(lambda: served.desk.jobs.start("curate", options))
        states: dict[str, str] = {}
        ends: set[tuple[str, str]] = set()

        def is_over(one: dict[str, Any]) -> bool:
            if one["type"] == "item":
                states[one["key"]] = one["state"]
            if one["type"] in ("job", "run"):
                ends.add((one["type"], one.get("job", one)["state"]))
            whole = len(states) == len(NOTES) and set(states.values()) == {"succeeded"}
            return whole and ends >= {("job", "ended"), ("run", "done")}

        heard = heard_until(socket, is_over)

    assert heard[0]["type"] == "snapshot"
    assert [one["seq"] for one in heard] == list(range(1, len(heard) + 1))
    assert set(states) == set(NOTES)


def test_another_fronts_decision_is_told(serve: Serve, tmp_path: Path) -> None:
    """A decision that a terminal makes reaches an open page, with the counts as they are now."""
    served = serve(write_notes(tmp_path / "vault", NOTES))
    mill = served.desk.mill
    assert mill is not None
    job = served.on_loop(
        lambda: served.desk.jobs.start("curate", {"stages": "none", "vocabulary": False})
    )
    with socket_of(served) as socket:
        heard_until(socket, lambda _: job.ended_at_s is not None)
        before = served.wait_for(mill.reviewing.counts(EVERY))
        page = served.wait_for(mill.reviewing.page(EVERY, limit=1))
        (row,) = page.rows
        served.wait_for(mill.reviewing.decide([row.id], Decision.ACCEPT, by="terminal"))
        (*_, told) = heard_until(
            socket, lambda one: one["type"] == "review" and one["counts"].get("accepted", 0) == 1
        )

    assert told["counts"]["pending"] == before[ProposalState.PENDING] - 1


def test_a_page_that_comes_at_the_end_is_sent_away(serve: Serve, tmp_path: Path) -> None:
    """What is being looked up for it while the server ends is the last that is."""
    served = serve(write_notes(tmp_path / "vault", NOTES))
    page = _Arriving()

    async def comes_at_the_end() -> None:
        serving = asyncio.create_task(served.desk.hub.serve(cast("WebSocket", page)))
        await page.accepted.wait()
        await served.desk.hub.aclose()
        await serving

    served.wait_for(comes_at_the_end())
    assert page.closed.is_set()


class _Arriving:
    """The server's end of the connection of a page that says nothing."""

    def __init__(self) -> None:
        """Wait for the server to take it."""
        self.accepted, self.closed = asyncio.Event(), asyncio.Event()

    async def accept(self) -> None:
        """Be taken."""
        self.accepted.set()

    async def receive_text(self) -> str:
        """Say nothing until the end."""
        await self.closed.wait()
        raise WebSocketDisconnect

    async def send_text(self, _: str) -> None:
        """Take a message."""

    async def close(self, _code: int) -> None:
        """Be sent away."""
        self.closed.set()


def test_the_number_that_waits_is_counted_for_a_changed_queue_and_a_new_connection(
    serve: Serve, tmp_path: Path
) -> None:
    """Pages do not look at all notes for it; one hidden since is left out once a page connects."""
    served = serve(write_notes(tmp_path / "vault", NOTES))
    job = served.on_loop(
        lambda: served.desk.jobs.start("curate", {"stages": "none", "vocabulary": False})
    )
    with socket_of(served) as socket:
        heard_until(socket, lambda _: job.ended_at_s is not None)
    hub, mill = served.desk.hub, served.desk.mill
    assert mill is not None
    first = served.wait_for(hub.waiting())
    row, *_ = served.wait_for(mill.reviewing.page(EVERY, limit=1)).rows
    served.wait_for(mill.reviewing.decide([row.id], Decision.ACCEPT, by="terminal"))
    assert served.wait_for(hub.waiting()) == first - 1
    (tmp_path / "vault" / "n7.md").write_text("---\nnotemill: ignore\n---\nMine.\n")
    assert served.wait_for(hub.waiting()) == first - 1
    pending, until = first - 1, time.monotonic() + HEARS_WITHIN_S
    while pending == first - 1 and time.monotonic() < until:  # counted at most once a second
        with socket_of(served) as socket:
            (*_, told) = heard_until(socket, lambda one: one["type"] == "snapshot")
            pending = told["review"]["counts"]["pending"]
    assert pending < first - 1
    assert served.wait_for(hub.waiting()) == pending


def test_a_page_that_asks_is_answered(serve: Serve) -> None:
    """So it knows that its connection is one."""
    with socket_of(serve(None)) as socket:
        for _ in range(2):
            socket.send('{"ask":true}')
            assert heard_until(socket, lambda one: one["type"] == "here")


def test_pages_hear_what_is_read_for_a_price(serve: Serve, tmp_path: Path) -> None:
    """Whoever waits for it sees which source is being read."""
    served = serve(write_notes(tmp_path / "vault", {"a.md": "# A\n"}))
    with socket_of(served) as socket:
        heard_until(socket, lambda one: one["type"] == "snapshot")
        address = "https://127.0.0.1/page"  # refused before anything is sent to it
        plan = served.wait_for(served.desk.plan(work_of("ingest", {"sources": [address]})))
        assert [one.became for one in plan.sources] == ["unread"]
        told = heard_until(socket, lambda one: one["type"] == "plan")[-1]
    assert told["words"] == f"reading 1 of 1: {address}"


def test_long_work_on_the_vault_holds_no_page_up(serve: Serve, tmp_path: Path) -> None:
    """The number that waits is not waited for: a page without it comes while the vault is busy."""
    served = serve(write_notes(tmp_path / "vault", {"a.md": "# A\n"}))
    mill = served.desk.mill
    assert mill is not None
    busy, over = threading.Event(), threading.Event()

    def work() -> None:
        busy.set()
        over.wait(HEARS_WITHIN_S)

    working = asyncio.run_coroutine_threadsafe(mill.thread.run(work), served.loop)
    assert busy.wait(HEARS_WITHIN_S)
    assert served.wait_for(served.desk.hub.waiting()) == 0
    assert not working.done()
    over.set()
    working.result(HEARS_WITHIN_S)


def test_a_run_that_a_page_watches_is_told_of_however_old_it_is(serve: Serve) -> None:
    """The newest runs are told to all pages; an older one to the page that shows it."""
    served = serve(None)
    ledger = Ledger(served.settings.home / LEDGER_FILE)
    for n in range(RECENT_RUNS + 5):
        ledger.create_run(new_run(f"r{n}", 2), new_items(2), 1_000.0 + n)
    with socket_of(served) as socket:
        socket.send('{"watch":{"run":"r0"}}')
        heard_until(socket, lambda one: one["type"] == "item" and one["run"] == "r0")
        ledger.cancel_all(ledger.run("r0"), reason="canceled by hand")
        ledger.close()
        (*_, told) = heard_until(
            socket, lambda one: one["type"] == "run" and one["counts"]["canceled"] == 2
        )

    assert told["run"] == "r0"


@pytest.mark.parametrize(
    "frame",
    ["", "[", "3", "[1]", '{"watch":7}', '{"watch":{"run":3}}', '{"quiet":"yes"}', "x" * 9_000],
)
def test_what_makes_no_sense_is_ignored(serve: Serve, tmp_path: Path, frame: str) -> None:
    """A frame that cannot be understood changes nothing: the socket goes on."""
    served = serve(write_notes(tmp_path / "vault", {"a.md": "# A\n"}))
    with socket_of(served) as socket:
        heard_until(socket, lambda one: one["type"] == "snapshot")
        socket.send(frame)
        socket.send('{"watch":null}')
        (*_, last) = heard_until(socket, lambda one: one["type"] == "snapshot")

    assert "runs" in last


def test_bytes_end_the_socket_and_not_the_server(serve: Serve, tmp_path: Path) -> None:
    """A binary frame closes its own connection; the next one is served as before."""
    served = serve(write_notes(tmp_path / "vault", {"a.md": "# A\n"}))
    with socket_of(served) as socket:
        socket.send(b"\x00\xff")
        with pytest.raises(Exception, match="1003"):
            heard_until(socket, lambda _: False)
    with socket_of(served) as socket:
        heard_until(socket, lambda one: one["type"] == "snapshot")
