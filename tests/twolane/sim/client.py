"""A small client of the simulator for these tests: calls the model itself, without a loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from tests.virtual_time import VirtualClock
from twolane.sim import NO_FAULTS, Faults, Pace, Simulator
from twolane.sim.answers import Answer, Call

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION = "2026-10-21"
BATCHES = "/v1/messages/batches"
PACE = Pace(batch_s=(100.0, 100.0), request_s=(2.0, 2.0), control_s=0.0)
SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "note_ref": {"type": "string"},
        "description": {"type": "string"},
        "tags": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["note_ref", "description", "tags"],
}


def params(text: str = "Hello there, how are you?", **more: object) -> dict[str, Any]:
    """Return the parameters of a message."""
    messages = [{"role": "user", "content": text}]
    return {"model": "claude-haiku-4-5", "max_tokens": 64, "messages": messages} | more


def structured(token: str, text: str = "A note on sourdough.") -> dict[str, Any]:
    """Return the parameters of a message whose reply has to echo `token`."""
    wanted = {"format": {"type": "json_schema", "schema": SCHEMA}}
    return params(f"note_ref: {token}\n{text}", output_config=wanted)


def items(count: int, **more: object) -> list[dict[str, Any]]:
    """Return the requests of a batch, each with a body of its own."""
    return [
        {"custom_id": f"file_{index:05d}_note-abcd", "params": params(f"Note {index}", **more)}
        for index in range(count)
    ]


class Client:
    """A simulator on a virtual clock, and calls to it under one key."""

    def __init__(
        self, faults: Faults = NO_FAULTS, *, pace: Pace = PACE, seed: int = 0, key: str = "sk-one"
    ) -> None:
        """Open a simulator of its own."""
        self.clock = VirtualClock()
        self.sim = Simulator(now=self.clock.now, seed=seed, pace=pace, faults=faults)
        self.key = key

    def call(
        self,
        method: str,
        path: str,
        value: object = None,
        *,
        key: str | None = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Make one call."""
        sent = {"x-api-key": self.key if key is None else key, "anthropic-version": VERSION}
        body = value if isinstance(value, bytes) else b"" if value is None else orjson.dumps(value)
        return self.sim.handle(Call(method, path, sent | dict(headers or {}), query or {}, body))

    def get(self, method: str, path: str, value: object = None, **more: Any) -> dict[str, Any]:  # noqa: ANN401  # handed on
        """Make one call that succeeds, and return its JSON object."""
        answer = self.call(method, path, value, **more)
        assert answer.status == 200, body(answer)
        return parsed(answer)

    def create(self, requests: list[dict[str, Any]]) -> str:
        """Create a batch and return its id."""
        return str(self.get("POST", BATCHES, {"requests": requests})["id"])

    def batch(self, batch_id: str) -> dict[str, Any]:
        """Poll a batch."""
        return self.get("GET", f"{BATCHES}/{batch_id}")

    def results(self, batch_id: str) -> bytes:
        """Fetch the results of a batch, as far as they come."""
        return body(self.call("GET", f"{BATCHES}/{batch_id}/results"))

    def lines(self, batch_id: str) -> list[dict[str, Any]]:
        """Fetch the results of a batch, which are complete and well formed."""
        return [orjson.loads(line) for line in self.results(batch_id).splitlines()]

    def types(self, batch_id: str) -> dict[str, str]:
        """Return the type of each item's result."""
        return {one["custom_id"]: one["result"]["type"] for one in self.lines(batch_id)}


def body(answer: Answer) -> bytes:
    """Return the whole body of an answer."""
    return answer.body if isinstance(answer.body, bytes) else b"".join(answer.body)


def parsed(answer: Answer) -> dict[str, Any]:
    """Return the body of an answer as an object."""
    value = orjson.loads(body(answer))
    assert isinstance(value, dict)
    return value


def error(answer: Answer) -> tuple[int, str, str]:
    """Return status, type and message of a refused call."""
    value = parsed(answer)
    assert value["type"] == "error"
    assert value["request_id"] == answer.headers["request-id"]
    return answer.status, value["error"]["type"], value["error"]["message"]
