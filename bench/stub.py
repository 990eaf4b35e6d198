"""A stub of the API for measuring clients: it answers at once, or after a fixed latency.

It knows the Messages endpoint and the life of a batch (create, list, retrieve, results), and chat
completions for clients that speak only those; it checks nothing and forgets a batch when its
results were fetched. It speaks just enough HTTP/1.1 for that, on a raw asyncio protocol and in a
process of its own, so that what is measured is the client; `/cpu` tells the CPU it has used
itself. `python bench/stub.py` prints its URL and serves until its standard input is closed.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import functools
import re
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HEAD_END = b"\r\n\r\n"
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
CUSTOM_ID = re.compile(rb'"custom_id":"([^"]+)"')
BATCHES = "/v1/messages/batches"
LINES_PER_CHUNK = 500
STARTED = "2026-11-23T00:00:00Z"
EXPIRES = "2026-11-24T00:00:00Z"

# A reply of some 600 bytes: a description and a few tags, as a curated note gets.
TEXT = orjson.dumps(
    {
        "description": "Measures what a client adds to the exchange itself. " * 4,
        "tags": ["measurement", "clients", "loopback"],
    }
).decode()
MESSAGE = orjson.dumps(
    {
        "id": "msg_01StubStubStubStubStubStub",
        "type": "message",
        "role": "assistant",
        "model": "claude-haiku-4-5",
        "content": [{"type": "text", "text": TEXT}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 260, "output_tokens": 70},
    }
)
COMPLETION = orjson.dumps(
    {
        "id": "chatcmpl-stub",
        "object": "chat.completion",
        "created": 1_795_392_000,
        "model": "claude-haiku-4-5",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": TEXT},
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 260, "completion_tokens": 70, "total_tokens": 330},
    }
)


@dataclass(slots=True)
class Batches:
    """The custom_ids of every batch whose results were not fetched, by its id, oldest first."""

    url: str = ""
    waiting: dict[str, list[bytes]] = field(default_factory=dict)
    created: int = 0

    def create(self, body: bytes) -> bytes:
        """Take a batch; its body is searched for ids and not parsed."""
        self.created += 1
        batch_id = f"msgbatch_{self.created:08d}"
        self.waiting[batch_id] = CUSTOM_ID.findall(body)
        return self.shown(batch_id)

    def shown(self, batch_id: str) -> bytes:
        """Return a batch as the API shows it: ended, and all of it succeeded."""
        return orjson.dumps(self._described(batch_id))

    def listed(self, limit: int) -> bytes:
        """Return the first page of the list, newest first."""
        ids = list(reversed(self.waiting))
        page = [self._described(batch_id) for batch_id in ids[:limit]]
        last_id = ids[len(page) - 1] if page else None
        return orjson.dumps({"data": page, "has_more": len(ids) > limit, "last_id": last_id})

    def results(self, batch_id: str) -> Iterator[bytes]:
        """Iterate the results in pieces of some lines, and forget the batch."""
        ids = self.waiting.pop(batch_id)
        for start in range(0, len(ids), LINES_PER_CHUNK):
            yield b"".join(
                b'{"custom_id":"%b","result":{"type":"succeeded","message":%b}}\n' % (one, MESSAGE)
                for one in ids[start : start + LINES_PER_CHUNK]
            )

    def _described(self, batch_id: str) -> dict[str, object]:
        counts = {"processing": 0, "errored": 0, "canceled": 0, "expired": 0}
        return {
            "id": batch_id,
            "type": "message_batch",
            "processing_status": "ended",
            "request_counts": {**counts, "succeeded": len(self.waiting[batch_id])},
            "created_at": STARTED,
            "ended_at": STARTED,
            "expires_at": EXPIRES,
            "archived_at": None,
            "cancel_initiated_at": None,
            "results_url": f"{self.url}{BATCHES}/{batch_id}/results",
        }


def answer(body: bytes) -> bytes:
    """Return a whole response with this JSON body."""
    return (
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nrequest-id: req_stub\r\n"
        b"content-length: %d\r\n\r\n%b" % (len(body), body)
    )


# What answers after the latency, by path.
REPLIES = {"/v1/messages": answer(MESSAGE), "/v1/chat/completions": answer(COMPLETION)}


class Connection(asyncio.Protocol):
    """One connection, one exchange at a time; a pipelined request waits in the buffer."""

    def __init__(self, batches: Batches, latency_s: float) -> None:
        """Answer messages after `latency_s`, everything about batches at once."""
        self._batches = batches
        self._latency_s = latency_s
        self._buffer = bytearray()
        self._missing_bytes = 0
        self._writable = asyncio.Event()
        self._writable.set()
        self._streaming: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  # `create_server` gives one
        self._transport = transport

    def pause_writing(self) -> None:
        """Stop the stream: the client reads slower than it is written."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """Let the stream go on."""
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        """Collect a request; once its body is whole, answer it."""
        self._buffer += data
        # What is known to be missing is counted down, so that a large body is looked at once.
        self._missing_bytes -= len(data)
        if self._missing_bytes > 0:
            return
        end = self._buffer.find(HEAD_END)
        if end < 0:
            return
        found = LENGTH.search(self._buffer, 0, end + 2)
        size = end + len(HEAD_END) + (int(found[1]) if found else 0)
        if len(self._buffer) < size:
            self._missing_bytes = size - len(self._buffer)
            return
        line = bytes(self._buffer[: self._buffer.find(b"\r\n")]).decode()
        body = bytes(self._buffer[end + len(HEAD_END) : size])
        del self._buffer[:size]
        method, target, _ = line.split(" ")
        self._serve(method, target, body)

    def _serve(self, method: str, target: str, body: bytes) -> None:
        path, _, query = target.partition("?")
        reply = REPLIES.get(path)
        if reply is not None:
            asyncio.get_running_loop().call_later(self._latency_s, self._transport.write, reply)
        elif path == "/cpu":
            self._transport.write(answer(orjson.dumps(time.process_time())))
        elif path == BATCHES and method == "POST":
            self._transport.write(answer(self._batches.create(body)))
        elif path == BATCHES:
            limit = int(query.partition("limit=")[2].partition("&")[0] or 20)
            self._transport.write(answer(self._batches.listed(limit)))
        elif path.endswith("/results"):
            stream = self._stream(path.split("/")[-2])
            self._streaming = asyncio.get_running_loop().create_task(stream)
        else:
            self._transport.write(answer(self._batches.shown(path.rpartition("/")[2])))

    async def _stream(self, batch_id: str) -> None:
        self._transport.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/x-jsonl\r\n"
            b"transfer-encoding: chunked\r\n\r\n"
        )
        for piece in self._batches.results(batch_id):
            await self._writable.wait()
            self._transport.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        self._transport.write(b"0\r\n\r\n")


async def serve(latency_s: float, on_ready: Callable[[str], None]) -> None:
    """Serve on a free port of loopback until standard input is closed."""
    loop = asyncio.get_running_loop()
    batches = Batches()
    make = functools.partial(Connection, batches, latency_s)
    server = await loop.create_server(make, "127.0.0.1", 0, backlog=1024)
    async with server:
        batches.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        on_ready(batches.url)
        await loop.run_in_executor(None, sys.stdin.read)


@contextlib.contextmanager
def apart(*, latency_ms: float) -> Iterator[str]:
    """Run a stub in a process of its own for the length of a block; yields its URL."""
    command = [sys.executable, str(Path(__file__).resolve()), "--latency-ms", str(latency_ms)]
    with subprocess.Popen(  # noqa: S603  # this very file
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None  # noqa: S101  # asked for above
        try:
            yield process.stdout.readline().strip()
        finally:
            process.communicate()


def cpu_s(url: str) -> float:
    """Return the CPU that the stub at `url` has used so far, in seconds."""
    with urllib.request.urlopen(f"{url}/cpu") as response:  # noqa: S310  # the stub's own URL
        return float(response.read())


def main() -> None:
    """Serve as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency-ms", type=float, default=0.0)
    arguments = parser.parse_args()
    asyncio.run(serve(arguments.latency_ms / 1000, lambda url: print(url, flush=True)))


if __name__ == "__main__":
    main()
