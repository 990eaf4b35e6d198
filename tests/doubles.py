"""A scripted provider, and a ledger file under a process that dies: both go wrong where told."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn, cast

import orjson

from twolane.core.identity import make_custom_id
from twolane.core.types import BatchInfo, Limits, Outcome, Reply, RequestCounts, Usage
from twolane.errors import ConnectionFailedError, OverloadedError, RejectedError, TransientError
from twolane.ledger.store import Store
from twolane.providers.anthropic import AnthropicProvider
from twolane.providers.base import BatchPage, ResultLine, Sink, Traits

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable, Mapping, Sequence
    from pathlib import Path


class Crash(BaseException):  # stands for kill -9, which is no error either
    """The process is gone: nothing after this line happens."""


@dataclass
class ScriptedBatch:
    """A batch at the scripted provider."""

    id: str
    requests: list[dict[str, Any]]
    created_at: float
    status: str = "in_progress"
    lines: list[bytes] = field(default_factory=list)


def echo_reply(params: dict[str, Any]) -> str:
    """Answer with the first user message's token, where it has one, and its own text."""
    text = str(params["messages"][0]["content"])
    token, _, rest = text.partition("\n")
    if token.startswith("note_ref: "):
        return orjson.dumps({"note_ref": token.removeprefix("note_ref: "), "text": rest}).decode()
    return text


class ScriptedProvider:
    """Implements twolane's Provider protocol.

    `create_script` holds, for the next creates, "ok", "drop_before" (nothing arrives),
    "drop_after" (accepted, the answer is lost), "crash_after" (accepted, this process dies),
    "error_after" (accepted, answered 500) or an exception. `send_script` holds the same for
    real-time calls. `poll_script`, `list_script` hold None or an exception for the next polls
    and lists; `fetch_script` a change of the lines, or an exception raised behind half of them.
    `refuse` gives the error type and message of requests that are answered with an error, in
    either lane. Real-time calls take `latency_s`. Batches end at the first poll unless `hold` is set; `lag` hides the newest
    batches from as many lists, `hidden` those with these ids from every one. `billed` counts answers by the question asked.
    """

    name = "anthropic"
    base_url = "scripted"
    limits = Limits(max_items=100_000, max_batch_bytes=1 << 28, max_request_bytes=1 << 25)
    traits = Traits()

    def __init__(self, reply: Callable[[dict[str, Any]], str] = echo_reply) -> None:
        """Answer with `reply`."""
        self.reply = reply
        self.key_fingerprint = hashlib.blake2b(b"scripted", digest_size=8).hexdigest()
        self.ephemeral = False
        self.batches: list[ScriptedBatch] = []
        self.billed: Counter[str] = Counter()
        self.sent: list[dict[str, Any]] = []
        self.betas: list[tuple[str, ...]] = []
        self.create_script: deque[str | Exception] = deque()
        self.send_script: deque[str | Exception] = deque()
        self.fetch_script: deque[Callable[[list[bytes]], list[bytes]] | Exception] = deque()
        self.poll_script: deque[Exception | None] = deque()
        self.list_script: deque[Exception | None] = deque()
        self.refuse: Callable[[dict[str, Any]], tuple[str, str] | None] = lambda _: None
        self.hold = False
        self.latency_s = 0.0
        self.lag = 0
        self.hidden: set[str] = set()
        self.creates = 0
        self.posted = asyncio.Event()
        self.fetches = 0
        self.now: Callable[[], float] = lambda: 1_800_000_000.0
        self._reader = AnthropicProvider(_no_transport(), api_key="scripted", base_url="scripted")

    async def connect(self, model: str | None = None, base_url: str = "") -> None:
        """Be known beforehand."""

    def check(self, params: Mapping[str, Any]) -> None:
        """Take everything."""

    async def send(self, body: bytes, *, most_bytes: int, betas: Sequence[str] = ()) -> Reply:
        """Answer one request in real time, or do what the script says."""
        del most_bytes
        self.betas.append(tuple(betas))
        step = self.send_script.popleft() if self.send_script else "ok"
        if isinstance(step, Exception):
            raise step
        if step == "drop_before":
            raise ConnectionFailedError("scripted", sent=False)
        params = orjson.loads(body)
        self.sent.append(params)
        await asyncio.sleep(self.latency_s)
        if (refusal := self.refuse(params)) is not None:
            kind, text = refusal
            if kind == "overloaded_error":
                raise OverloadedError(text, status=529, kind=kind)
            raise RejectedError(text, status=400, kind=kind)
        message = self._message(params)
        if step == "crash_after":
            raise Crash
        if step == "drop_after":
            raise ConnectionFailedError("scripted", sent=True)
        raw = orjson.dumps(message)
        usage = Usage(message["usage"]["input_tokens"], message["usage"]["output_tokens"])
        return Reply(raw, message["content"][0]["text"], usage, "end_turn", "scripted")

    async def count_tokens(self, body: bytes) -> int:
        """Count a token per four bytes."""
        return len(body) // 4

    async def create_batch(
        self, body: AsyncIterable[bytes], size_bytes: int, *, betas: Sequence[str] = ()
    ) -> BatchInfo:
        """Take a batch, or do what the script says."""
        self.betas.append(tuple(betas))
        step = self.create_script.popleft() if self.create_script else "ok"
        if isinstance(step, Exception):
            raise step
        if step == "drop_before":
            raise ConnectionFailedError("scripted", sent=True)
        raw = b"".join([chunk async for chunk in body])
        self.creates += 1
        assert len(raw) == size_bytes
        batch = ScriptedBatch(
            f"msgbatch_{self.creates:04d}", orjson.loads(raw)["requests"], self.now()
        )
        self.batches.append(batch)
        self.posted.set()
        if step == "crash_after":
            raise Crash
        if step == "drop_after":
            raise ConnectionFailedError("scripted", sent=True)
        if step == "error_after":
            raise TransientError("scripted", status=500, kind="api_error")
        return self._info(batch)

    async def retrieve_batch(self, batch_id: str) -> BatchInfo:
        """Return how a batch stands; it ends now unless it is held."""
        if self.poll_script and (fault := self.poll_script.popleft()) is not None:
            raise fault
        batch = self.find(batch_id)
        if not self.hold:
            self.end(batch)
        return self._info(batch)

    async def list_batches(self, *, after_id: str | None, limit: int) -> BatchPage:
        """Return a page, newest first."""
        if self.list_script and (fault := self.list_script.popleft()) is not None:
            raise fault
        newest_first = [one for one in self.batches[::-1] if one.id not in self.hidden]
        if self.lag:
            self.lag -= 1
            newest_first = newest_first[1:]
        start = 0
        if after_id is not None:
            start = 1 + [batch.id for batch in newest_first].index(after_id)
        page = newest_first[start : start + limit]
        if not self.hold:
            for batch in page:
                self.end(batch)
        return BatchPage(
            tuple(self._info(batch) for batch in page),
            has_more=start + limit < len(newest_first),
            last_id=page[-1].id if page else None,
        )

    async def cancel_batch(self, batch_id: str) -> BatchInfo:
        """Cancel a batch: what has not been answered never will be."""
        batch = self.find(batch_id)
        if batch.status == "ended":
            return self._info(batch)
        batch.status = "ended"
        batch.lines = [
            orjson.dumps({"custom_id": one["custom_id"], "result": {"type": "canceled"}})
            for one in batch.requests
        ]
        return self._info(batch)

    async def fetch_results(self, batch_id: str, out: Sink) -> None:
        """Write the results, in reverse order, as the script changes them."""
        self.fetches += 1
        lines = self.find(batch_id).lines[::-1]
        step = self.fetch_script.popleft() if self.fetch_script else None
        if isinstance(step, Exception):
            out.write(b"\n".join(lines[: len(lines) // 2]))
            raise step
        for line in step(lines) if step else lines:
            out.write(line + b"\n")

    def batch_frame(self) -> tuple[bytes, bytes, bytes]:
        """Frame creates as Anthropic does."""
        return self._reader.batch_frame()

    def batch_line(self, custom_id: str, body: bytes) -> bytes:
        """Write requests as Anthropic does."""
        return self._reader.batch_line(custom_id, body)

    def read_line(self, line: bytes) -> ResultLine:
        """Read results as Anthropic does."""
        return self._reader.read_line(line)

    def result_text(self, body: bytes) -> str:
        """Read kept results as Anthropic does."""
        return self._reader.result_text(body)

    def result_body(self, outcome: Outcome) -> bytes:
        """Write results as Anthropic does."""
        return self._reader.result_body(outcome)

    async def aclose(self) -> None:
        """Hold nothing open."""

    def find(self, batch_id: str) -> ScriptedBatch:
        """Return a batch. Raises RejectedError with 404 where there is none."""
        for batch in self.batches:
            if batch.id == batch_id:
                return batch
        raise RejectedError("no such batch", status=404, kind="not_found_error")

    def end(self, batch: ScriptedBatch) -> None:
        """Answer everything in a batch, once."""
        if batch.status == "ended":
            return
        batch.status = "ended"
        batch.lines = [
            orjson.dumps({"custom_id": one["custom_id"], "result": self._result(one["params"])})
            for one in batch.requests
        ]

    def let_go(self) -> None:
        """Let batches end from now on."""
        self.hold = False

    def add_foreign(self, size: int) -> ScriptedBatch:
        """Let somebody else post a batch of `size` requests."""
        params = {"model": "m", "max_tokens": 9, "messages": [{"content": "somebody else's"}]}
        requests = [
            # From another ledger of this engine: only the nonce tells them apart.
            {"custom_id": make_custom_id(n, "theirs", "zzzz"), "params": params}
            for n in range(size)
        ]
        batch = ScriptedBatch(f"msgbatch_foreign_{len(self.batches)}", requests, self.now())
        self.batches.append(batch)
        return batch

    def _result(self, params: dict[str, Any]) -> dict[str, Any]:
        if (refusal := self.refuse(params)) is None:
            return {"type": "succeeded", "message": self._message(params)}
        error = {"type": "error", "error": {"type": refusal[0], "message": refusal[1]}}
        return {"type": "errored", "error": error}

    def _message(self, params: dict[str, Any]) -> dict[str, Any]:
        question = str(params["messages"][0]["content"])
        self.billed[question.split("\n", 1)[-1]] += 1
        text = self.reply(params)
        return {
            "id": "msg_scripted",
            "type": "message",
            "role": "assistant",
            "model": params["model"],
            "content": [{"type": "text", "text": text}],
            "stop_reason": "end_turn",
            "stop_sequence": None,
            "usage": {
                "input_tokens": len(question),
                "output_tokens": min(len(text), params["max_tokens"]),
            },
        }

    def _info(self, batch: ScriptedBatch) -> BatchInfo:
        count = len(batch.requests)
        ended = batch.status == "ended"
        counts = RequestCounts(succeeded=count) if ended else RequestCounts(processing=count)
        return BatchInfo(
            batch.id, batch.status, counts, batch.created_at, batch.created_at + 86_400
        )


class MortalStore(Store):
    """A ledger file under a process that dies at a commit, or whose disk is full there.

    It ends at commit number `ends_at` (from 1, after the file was opened): with `fault`, every
    commit from there on raises it; without, the process dies, `after` the commit or before it,
    and nothing it still tries reaches the file.
    """

    def __init__(
        self,
        path: Path,
        *,
        ends_at: int | None = None,
        after: bool = False,
        fault: Exception | None = None,
    ) -> None:
        """Open the ledger at `path`, without waiting for a disk: only the process may fail."""
        self.commits = 0
        self._ends_at: int | None = None
        super().__init__(path)
        self.db.execute("PRAGMA synchronous = OFF")
        self.commits = 0
        self._ends_at, self._after, self._fault = ends_at, after, fault

    def commit(self) -> None:
        """Commit, or end as told."""
        self.commits += 1
        if self._ends_at is None or self.commits < self._ends_at:
            super().commit()
            return
        if self._fault is not None:
            raise self._fault
        if self._after:
            super().commit()
        self.db.close()
        self.db = cast("Any", _Gone())
        raise Crash


class _Gone:
    """What a dead process still reaches of its database: nothing."""

    in_transaction = False

    def execute(self, *_: object) -> NoReturn:
        """Reach nothing."""
        raise Crash

    executemany = execute

    def close(self) -> None:
        """Be closed already."""


def _no_transport() -> Any:  # noqa: ANN401
    """Return what stands in for a transport that is never used."""
    return None
