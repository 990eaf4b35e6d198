"""A visit's bounds: whom it asks, how often, how much it reads, and its end."""

from __future__ import annotations

import asyncio
import threading

import pytest

from notemill.errors import SourceError
from notemill.sources.youtube import visit
from notemill.sources.youtube.visit import StoppedError, Visit, in_thread, whole

WATCH = "https://www.youtube.com/watch?v=x"


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("https://youtube.com.evil.example/", "another host"),
        ("https://127.0.0.1/", "another host"),
        ("https://notyoutube.com/", "another host"),
        ("https://[", "another host"),
        ("file:///etc/passwd", "another host"),
        ("http://www.youtube.com/", "not encrypted"),
    ],
)
def test_only_youtube_is_asked(url: str, says: str) -> None:
    """A page's addresses lead to YouTube's own hosts, or are not followed."""
    with pytest.raises(SourceError, match=says):
        Visit().before(url)
    Visit().before(WATCH)


def test_a_visit_has_an_end() -> None:
    """A page that asks for the next one without end is given up."""
    waited: list[float] = []
    asked = Visit(waited.append)
    for _ in range(visit.MOST_REQUESTS):
        asked.before(WATCH)
    with pytest.raises(SourceError, match="more than 200 requests"):
        asked.before(WATCH)
    assert len(waited) == visit.MOST_REQUESTS


def test_a_stopped_visit_asks_nothing() -> None:
    """After a stop, no request leaves any more."""
    asked = Visit()
    asked.stop()
    with pytest.raises(StoppedError):
        asked.before(WATCH)


def test_an_answer_is_read_to_its_end_or_its_bound() -> None:
    """Parts are put together; an answer without end is refused after a bounded number of them."""
    parts = [b"a", b"bc", b""]
    assert whole(lambda _: parts.pop(0)) == b"abc"
    read = 0

    def endless(amount: int | None) -> bytes:
        nonlocal read
        read += amount or 0
        return b"x" * (amount or 0)

    with pytest.raises(SourceError, match="larger than"):
        whole(endless)
    assert read == visit.MOST_ANSWER_BYTES + 1


async def test_what_a_thread_raises_arrives() -> None:
    """An error in the thread is the caller's, and the visit is over then."""
    stopped = threading.Event()

    def failing() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        await in_thread(failing, stop=stopped.set)
    assert stopped.is_set()


def test_a_thread_that_outlives_its_loop_harms_nobody() -> None:
    """Its answer comes when nobody waits, and is dropped without a word."""
    gate, left = threading.Event(), threading.Event()

    def late() -> None:
        gate.wait(10)
        left.set()

    async def given_up() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(in_thread(late, stop=lambda: None), 0.01)

    asyncio.run(given_up())
    gate.set()
    assert left.wait(10)
