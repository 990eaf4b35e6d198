"""What callers import from `twolane` alone: all names, all errors, and a provider of their own."""

from __future__ import annotations

import ast
import inspect
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import twolane
from twolane import (
    BatchInfo,
    BatchPage,
    Engine,
    Errored,
    ItemState,
    Lane,
    Limits,
    Provider,
    ProviderBase,
    RejectedError,
    Reply,
    Request,
    RequestCounts,
    RunState,
    Settings,
    Sink,
    Succeeded,
    Traits,
    Usage,
    errors,
    result_line,
    text_reply,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Iterator, Sequence

ROOT = Path(__file__).resolve().parents[2]
NOW = 1_800_000_000.0


# -- a provider in forty lines, against the public names alone ------------------------------------


def answer(params: dict[str, Any]) -> Reply:
    """Answer with the question in capitals; refuse to be asked nothing."""
    question = params["messages"][0]["content"]
    if not question:
        raise RejectedError("an empty question", status=400, kind="invalid_request_error")
    return text_reply(question.upper(), model="shout", usage=Usage(len(question), len(question)))


class Shouter(ProviderBase):
    """A service that shouts back what it is told, one by one or many at once."""

    name, base_url = "shouter", "https://shouter.example"
    traits = Traits(free=True)
    limits = Limits(max_items=1_000, max_batch_bytes=1 << 20, max_request_bytes=1 << 16)

    def __init__(self) -> None:
        """Begin without batches."""
        self.batches: dict[str, list[dict[str, Any]]] = {}

    async def send(self, body: bytes, *, most_bytes: int, betas: Sequence[str] = ()) -> Reply:  # noqa: ARG002
        """Answer one request."""
        return answer(json.loads(body))

    async def create_batch(
        self, body: AsyncIterable[bytes], size_bytes: int, *, betas: Sequence[str] = ()
    ) -> BatchInfo:
        """Take a batch: a line of JSON for each request."""
        assert not betas
        raw = b"".join([chunk async for chunk in body])
        assert len(raw) == size_bytes
        batch_id = f"batch-{len(self.batches)}"
        self.batches[batch_id] = [json.loads(line) for line in raw.splitlines()]
        return await self.retrieve_batch(batch_id)

    async def retrieve_batch(self, batch_id: str) -> BatchInfo:
        """Return a batch, which ended at once."""
        count = len(self.batches[batch_id])
        return BatchInfo(batch_id, "ended", RequestCounts(succeeded=count), NOW, NOW + 86_400)

    cancel_batch = retrieve_batch

    async def list_batches(self, *, after_id: str | None, limit: int) -> BatchPage:
        """Return all batches as one page."""
        assert after_id is None
        newest = list(self.batches)[-limit:][::-1]
        found = [await self.retrieve_batch(one) for one in newest]
        return BatchPage(tuple(found), has_more=False, last_id=newest[-1] if newest else None)

    async def fetch_results(self, batch_id: str, out: Sink) -> None:
        """Write a line for each request of a batch."""
        for one in self.batches[batch_id]:
            try:
                outcome: Succeeded | Errored = Succeeded(answer(one["params"]))
            except RejectedError as error:
                outcome = Errored(error.kind, str(error))
            out.write(result_line(one["custom_id"], outcome))


def asked(*questions: str) -> list[Request]:
    """Return a request for each question."""
    return [
        Request(
            key=f"q{n}",
            params={
                "model": "shout",
                "max_tokens": 50,
                "messages": [{"role": "user", "content": one}],
            },
        )
        for n, one in enumerate(questions)
    ]


@pytest.mark.parametrize("lane", list(Lane))
async def test_a_provider_of_ones_own_serves_both_lanes(tmp_path: Path, lane: Lane) -> None:
    """What the public names give is enough; an answer and a refusal end alike in either lane."""
    provider: Provider = Shouter()
    settings = Settings(home=tmp_path, poll_s=0.01)
    async with Engine.open(settings, provider=provider) as engine:
        run = await engine.start(asked("hello", "", "ça va"), lane=lane)
        assert await run.drive() is RunState.DONE
        outcomes = list(run.outcomes())
        report = await run.report()
    assert [one.text for one in outcomes] == ["HELLO", "", "ÇA VA"]
    assert [one.state for one in outcomes] == [
        ItemState.SUCCEEDED,
        ItemState.FAILED,
        ItemState.SUCCEEDED,
    ]
    assert outcomes[1].error_kind == "invalid_request_error"
    assert {one.lane for one in outcomes} == {lane}
    assert report.is_free
    assert report.unpriced == {}
    assert report.lanes[lane].items == 3


async def test_a_run_stays_with_the_provider_that_it_was_started_with(tmp_path: Path) -> None:
    """Another provider over the same ledger does not go on with it."""
    settings = Settings(home=tmp_path, poll_s=0.01)
    async with Engine.open(settings, provider=Shouter()) as engine:
        run = await engine.start(asked("hello"))
    other = Shouter()
    other.name = "other"
    async with Engine.open(settings, provider=other) as engine:
        again = await engine.run(run.id)
        with pytest.raises(errors.ConfigError, match="started with the provider shouter"):
            await again.drive()


# -- names ----------------------------------------------------------------------------------------


def test_every_public_name_is_imported_for_types_as_well() -> None:
    """The names that are imported on first use and those a type checker sees are the same."""
    source = Path(inspect.getfile(twolane)).read_text("utf-8")
    seen = {
        alias.name: node.module
        for block in ast.parse(source).body
        if isinstance(block, ast.If)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert sorted(seen) == sorted(twolane.__all__)
    for name, module in seen.items():
        found = getattr(twolane, name)
        assert found is getattr(__import__(str(module), fromlist=[name]), name)


def hierarchy() -> Iterator[tuple[str, str]]:
    """Yield each error of the module's outline with the one that it stands under."""
    above: list[tuple[int, str]] = [(-1, "Exception")]
    for indent, name in re.findall(r"(?m)^( +)(\w+Error)\b", errors.__doc__ or ""):
        while above[-1][0] >= len(indent):
            above.pop()
        yield name, above[-1][1]
        above.append((len(indent), name))


def test_every_error_is_public_documented_and_in_its_place() -> None:
    """Errors are importable from twolane; outline, reference and classes say the same."""
    classes = {
        name: value
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.TwolaneError)
    }
    assert dict(hierarchy()) == {name: value.__mro__[1].__name__ for name, value in classes.items()}
    reference = (ROOT / "docs" / "reference.md").read_text("utf-8")
    for name, value in classes.items():
        assert getattr(twolane, name) is value
        assert name in twolane.__all__
        message = (value.__doc__ or "").strip()
        row = f"| `twolane.{name}` | {value.exit_code} | {value.http_status} | {message} |"
        assert row in reference
        # A default message is one line that a person can act on.
        assert "\n" not in message
        assert message[-1] == "."
