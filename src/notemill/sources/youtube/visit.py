"""One visit to YouTube: its requests with pauses between them, bounded, and ended from outside.

yt-dlp and youtube-transcript-api block, and neither can be told to stop; but each asks here before
every request, and each reads its answers through here.
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import urlsplit

from notemill.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Callable

    Pause = Callable[[float], object]

Result = TypeVar("Result")

REQUEST_PAUSE_S: Final = 0.75
CAPTIONS_PAUSE_S: Final = 5.0
"""Both as yt-dlp's own preset for not being blocked has them (`-t sleep`)."""
TIMEOUT_S: Final = 20.0
"""How long an answer may be silent; yt-dlp has the same."""
MOST_ANSWER_BYTES: Final = 32 << 20
"""A watch page has 2 MB, a player's script 3 MB, the captions of 24 hours 20 MB."""
MOST_REQUESTS: Final = 200
"""A video takes about ten; a page of a playlist, of which there are up to 50, takes one or two."""

_HOSTS: Final = (
    "youtube.com",
    "youtu.be",
    "youtube-nocookie.com",
    "youtubekids.com",
    "googleapis.com",
    "googlevideo.com",
    "google.com",
    "ytimg.com",
)


class StoppedError(Exception):
    """Nobody waits for the answer any more."""


class Visit:
    """What one call asks of YouTube; `pause` waits so many seconds between requests.

    Without one, the pause is cut short when the visit is stopped.
    """

    def __init__(self, pause: Pause | None = None) -> None:
        """Begin a visit; nothing is asked yet."""
        self._stopped = threading.Event()
        self._pause = pause or self._stopped.wait
        self._requests = 0

    def stop(self) -> None:
        """Let the next request fail, and end the pause before it."""
        self._stopped.set()

    def before(self, url: str, *, pause_s: float = REQUEST_PAUSE_S) -> None:
        """Wait before a request, the first one excepted.

        Raises StoppedError if the visit was stopped, SourceError for the address of another host,
        or when more was asked than any page needs.
        """
        if self._requests:
            self._pause(pause_s)
        if self._stopped.is_set():
            raise StoppedError
        self._requests += 1
        if self._requests > MOST_REQUESTS:
            raise SourceError(
                f"YouTube's answers asked for more than {MOST_REQUESTS} requests; try again later."
            )
        _check(url)


def whole(read: Callable[[int | None], bytes]) -> bytes:
    """Return all bytes of an answer, read part by part. Raises SourceError if there are too many."""
    parts: list[bytes] = []
    left = MOST_ANSWER_BYTES + 1
    while left and (part := read(min(left, 1 << 20))):
        parts.append(part)
        left -= len(part)
    if not left:
        raise SourceError(
            f"YouTube's answer is larger than the {MOST_ANSWER_BYTES:,} bytes that are read."
        )
    return b"".join(parts)


async def in_thread(work: Callable[[], Result], *, stop: Callable[[], None]) -> Result:
    """Run what blocks in a thread of its own; a canceled call calls `stop` and waits no longer.

    The thread does not keep the program from ending.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Result] = loop.create_future()

    def settle(result: Result | None, error: BaseException | None) -> None:
        if done.done():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type]  # the two go together

    def run() -> None:
        result, error = None, None
        try:
            result = work()
        except BaseException as caught:  # noqa: BLE001  # raised again where it is awaited
            error = caught
        with suppress(RuntimeError):  # the loop ended meanwhile: nobody waits
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=run, name="youtube", daemon=True).start()
    try:
        return await done
    finally:
        stop()


def _check(url: str) -> None:
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        host = ""
    if not any(host == one or host.endswith(f".{one}") for one in _HOSTS):
        raise SourceError(
            f"YouTube's page leads to another host ({host[:100]}), which is not asked."
        )
    if parts.scheme != "https":
        raise SourceError("YouTube's page leads to an address that is not encrypted.")
