"""A service behind the real provider that answers with bytes of the test's making, and bills.

It keeps its own books: what it computed counts as billed, whatever became of the answer.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from tests.doubles import echo_reply
from tests.twolane.worker.scene import Scene
from tests.virtual_time import START
from twolane import Lane, Report, Request
from twolane.bodies import whole
from twolane.errors import TwolaneError
from twolane.providers.anthropic import AnthropicProvider

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Callable, Mapping, Sequence
    from pathlib import Path

    from twolane import Engine

LANES = [Lane.REALTIME, Lane.BATCH]
COST_NANO = {Lane.REALTIME: 10 * 1_000 + 5 * 5_000, Lane.BATCH: (10 * 1_000 + 5 * 5_000) // 2}
"""What an answer of 10 tokens in and 5 out costs with claude-haiku-4-5, in nano-dollars."""


@dataclass
class Wired:
    """An answer as bytes on the wire: to a call, or in place of a batch's result line."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    async def read(self, most_bytes: int) -> bytes:
        """Return the whole body."""
        return await whole(self.chunks(), most_bytes)

    async def chunks(self) -> AsyncIterator[bytes]:
        """Iterate the body in pieces."""
        for at in range(0, len(self.body), 1 << 16):
            yield self.body[at : at + (1 << 16)]


LOST = Wired(504, b"<html><head><title>504 Gateway Time-out</title></head></html>")


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()


def message(text: Any = "fine", **more: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return a message of the API with members of the test's choice."""
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-haiku-4-5",
        "content": [{"type": "text", "text": text}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 10, "output_tokens": 5},
        **more,
    }


class Wire:
    """Answers calls and batches; `spoil` may replace the bytes of an answer, by its question.

    `spoil(question, plain)` gets the bytes of a message and returns what is sent in its place: a
    `Wired` is a whole HTTP answer in real time, bytes are a body, or in a batch the whole line
    with LINE in place of the custom_id; None leaves it.
    """

    def __init__(self, spoil: Callable[[str, bytes], Wired | bytes | None]) -> None:
        """Answer as usual what `spoil` leaves alone."""
        self.spoil = spoil
        self.billed: Counter[str] = Counter()
        self.calls: Counter[str] = Counter()
        self.batches: dict[str, list[dict[str, Any]]] = {}
        self.latency_s = 1.0
        self.lose_creates, self.lost = 0, LOST
        self.batch_s = 0.0
        self.counts_late = False
        self.now: Callable[[], float] = lambda: START
        self.before_results = b""
        self.answer_to: dict[str, Callable[[], Wired]] = {}
        self.odd: Callable[[dict[str, Any]], dict[str, Any]] = lambda _: {}

    @contextlib.asynccontextmanager
    async def request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        body: bytes | AsyncIterable[bytes] | None = None,
        timeout_s: float | None = None,
    ) -> AsyncIterator[Wired]:
        """Answer one exchange; see Transport.request."""
        del headers, timeout_s
        if body is not None and not isinstance(body, bytes):
            body = b"".join([piece async for piece in body])
        name = path.partition("?")[0]
        for part, answer in self.answer_to.items():
            if part in f"{method} {path}":
                yield answer()
                return
        if name == "/v1/messages":
            await asyncio.sleep(self.latency_s)
            yield self._call(orjson.loads(body or b""))
        elif name.endswith("/results"):
            yield Wired(200, self.before_results + self.results(name.split("/")[-2]))
        elif method == "POST":
            batch_id = f"msgbatch_{len(self.batches):04d}"
            self.batches[batch_id] = orjson.loads(body or b"")["requests"]
            self.lose_creates -= 1
            lost = self.lose_creates >= 0
            yield self.lost if lost else Wired(200, orjson.dumps(self.batch(batch_id)))
        elif name.endswith("/batches"):
            data = [self.batch(one) for one in list(self.batches)[::-1]]
            page = {"data": data, "has_more": False, "last_id": None}
            yield Wired(200, orjson.dumps(page))
        else:
            yield Wired(200, orjson.dumps(self.batch(name.split("/")[-1])))

    async def aclose(self) -> None:
        """Hold nothing open."""

    def _answer(self, params: dict[str, Any]) -> tuple[str, bytes]:
        """Return the question, and the bytes of its plain answer."""
        text = str(params["messages"][0]["content"])
        question = text.rpartition("\n")[2]
        self.calls[question] += 1
        return question, orjson.dumps(message(echo_reply(params)))

    def _call(self, params: dict[str, Any]) -> Wired:
        question, plain = self._answer(params)
        spoiled = self.spoil(question, plain)
        if isinstance(spoiled, Wired):
            return spoiled
        self.billed[question] += 1
        return Wired(200, plain if spoiled is None else spoiled)

    def results(self, batch_id: str) -> bytes:
        """Return the results of a batch."""
        lines = []
        for one in self.batches[batch_id]:
            question, plain = self._answer(one["params"])
            spoiled = self.spoil(question, plain)
            self.billed[question] = max(1, self.billed[question])
            line = b'{"custom_id":"LINE","result":{"type":"succeeded","message":%b}}'
            if isinstance(spoiled, bytes):
                line = spoiled if b"LINE" in spoiled or spoiled[:1] == b"!" else line % spoiled
            else:
                line = line % plain
            lines.append(line.removeprefix(b"!").replace(b"LINE", one["custom_id"].encode()))
        return b"\n".join(lines) + b"\n"

    def batch(self, batch_id: str) -> dict[str, Any]:
        """Return a batch, its members as `odd` has them; all end `batch_s` after the test began."""
        size, ended = len(self.batches[batch_id]), self.now() >= START + self.batch_s
        done, open_ = (size, 0) if ended else (0, size)
        usual = {
            "id": batch_id,
            "type": "message_batch",
            "processing_status": "ended" if ended else "in_progress",
            "request_counts": {
                "processing": 0 if self.counts_late else open_,
                "succeeded": done, "errored": 0, "canceled": 0, "expired": 0,
            },
            "created_at": _time(START),
            "expires_at": _time(START + 86_400),
            "ended_at": _time(self.now()) if ended else None,
        }  # fmt: skip
        return {**usual, **self.odd(usual)}


def wired(
    home: Path,
    spoil: Callable[[str, bytes], Wired | bytes | None],
    **settings: Any,  # noqa: ANN401
) -> tuple[Scene, Wire]:
    """Return a scene whose provider is the real one, over a wire that `spoil` spoils."""
    wire = Wire(spoil)
    provider = AnthropicProvider(wire, api_key="sk-one", base_url="https://api.anthropic.com")
    return Scene(home, provider, **settings), wire


def ended(
    scene: Scene,
    requests: Sequence[Request],
    **start: Any,  # noqa: ANN401
) -> tuple[Report, TwolaneError | None]:
    """Drive the scene's run once, and return its report and what stopped it."""

    async def work(engine: Engine) -> tuple[Report, TwolaneError | None]:
        run = await scene.begin(engine, requests, **start)
        stopped = None
        try:
            await run.drive()
        except TwolaneError as error:
            stopped = error
        return await run.report(), stopped

    return scene.run(work)
