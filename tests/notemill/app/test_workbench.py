"""Work on a vault: one of a kind here, and one process that curates, however it ends."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from notemill.app.mill import Mill
from notemill.config import Exclusions
from notemill.errors import VaultLockedError
from tests.notemill.fronts import KeepingFront
from tests.notemill.workflows.notes import write_notes
from twolane import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from notemill.app.opened import OpenVault


@pytest.fixture
async def open_mill(tmp_path: Path) -> AsyncIterator[Callable[[], Awaitable[Mill]]]:
    """What opens the same vault, as any number of processes would."""
    vault = write_notes(tmp_path / "vault", {"a.md": "Text.\n"})
    opened: list[Mill] = []

    async def open_one() -> Mill:
        settings = Settings(home=tmp_path / "home", provider="offline")
        mill = await Mill.open(vault, settings, KeepingFront(), exclusions=Exclusions())
        opened.append(mill)
        return mill

    yield open_one
    for one in opened:
        await one.aclose()


async def at_work(mill: Mill, what: str) -> tuple[asyncio.Task[None], asyncio.Event]:
    """Begin work of a kind in a task; return it, and what lets it end."""
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        async with mill.working(what):
            begun.set()
            await may_end.wait()

    task = asyncio.create_task(work())
    waiting = asyncio.create_task(begun.wait())
    await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    return task, may_end


async def test_the_same_work_is_done_once_at_a_time(
    open_mill: Callable[[], Awaitable[Mill]],
) -> None:
    """A second task of a kind is refused and told why; when the first has ended it may begin."""
    mill = await open_mill()
    task, may_end = await at_work(mill, "curate")
    with pytest.raises(VaultLockedError, match="curate is already working"):
        async with mill.working("curate"):
            pass
    may_end.set()
    await task
    async with mill.working("curate"):
        pass


async def test_another_process_is_refused_until_the_last_work_has_ended(
    open_mill: Callable[[], Awaitable[Mill]],
) -> None:
    """Two kinds of work share the vault's lock, whichever of them ends first."""
    mill, other = await open_mill(), await open_mill()
    first, first_may_end = await at_work(mill, "curate")
    second, second_may_end = await at_work(mill, "link")
    first_may_end.set()
    await first
    with pytest.raises(VaultLockedError, match="is under way"):
        async with other.working("curate"):
            pass
    second_may_end.set()
    await second
    async with other.working("curate"):
        with pytest.raises(VaultLockedError):
            async with mill.working("link"):
                pass


async def test_work_that_is_canceled_while_it_begins_holds_nothing(
    open_mill: Callable[[], Awaitable[Mill]],
) -> None:
    """A task that is canceled before its work has begun leaves the vault free."""
    mill, other = await open_mill(), await open_mill()

    async def work() -> None:
        async with mill.working("curate"):
            pytest.fail("it was canceled before")

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with mill.working("curate"):
        pass
    async with other.working("curate"):
        pass


async def test_work_that_was_refused_ends_nothing_of_who_is_at_it(
    open_mill: Callable[[], Awaitable[Mill]],
) -> None:
    """The lock stays with the task that has it after another was turned away."""
    mill, other = await open_mill(), await open_mill()
    task, may_end = await at_work(mill, "curate")
    for _ in range(2):
        with pytest.raises(VaultLockedError):
            async with mill.working("curate"):
                pass
    with pytest.raises(VaultLockedError):
        async with other.working("link"):
            pass
    may_end.set()
    await task


async def test_a_vault_that_cannot_be_opened_leaves_no_thread(tmp_path: Path) -> None:
    """An error of opening reaches the caller, and everything is closed again."""
    settings = Settings(home=tmp_path / "home", provider="offline")
    with pytest.raises(Exception, match="nowhere"):
        await Mill.open(tmp_path / "nowhere", settings, KeepingFront(), exclusions=Exclusions())
    write_notes(tmp_path / "nowhere", {"a.md": "Text.\n"})
    mill = await Mill.open(tmp_path / "nowhere", settings, KeepingFront(), exclusions=Exclusions())
    await mill.aclose()


async def test_one_task_does_not_wait_for_the_whole_of_another(
    open_mill: Callable[[], Awaitable[Mill]],
) -> None:
    """While a long piece of work goes step by step, a look at the vault is had in between."""
    mill = await open_mill()
    order: list[str] = []

    def steps(opened: OpenVault) -> list[int]:
        order.append(opened.root.name)
        return [1, 2, 3]

    async def look() -> None:
        order.append(f"{len((await mill.on(lambda opened: opened.look())).facts)} note")

    looking: asyncio.Task[None] | None = None
    async for one in mill.each(steps):
        if looking is None:
            looking = asyncio.create_task(look())
            await asyncio.sleep(0)
        order.append(str(one))
    assert looking is not None
    await looking
    assert order.index("1 note") < order.index("3")
